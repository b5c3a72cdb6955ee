package hosted

import "portico/app/signin"

// Blind replaces what the machine reads from: a test's way to make parts fail.
func (h *Hosted) Blind(wrap func(signin.Stores) signin.Stores) {
	h.machine.Stores = wrap(h.machine.Stores)
}
