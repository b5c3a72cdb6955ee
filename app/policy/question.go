package policy

import (
	"net/netip"
	"slices"
	"strings"
)

// Names of inputs that may have failed to load (record.Inputs.Unknown). Conditions about them could not tell.
const (
	InputGroups     = "groups"
	InputRoles      = "roles"
	InputGuest      = "guest"
	InputContexts   = "contexts"
	InputPlatform   = "platform"
	InputLocation   = "location"
	InputClientApp  = "clientApp"
	InputSignInRisk = "signInRisk"
	InputUserRisk   = "userRisk"
	InputTransfer   = "transfer"
)

// gap is one input that failed to load.
type gap uint16

const (
	noGroups gap = 1 << iota
	noRoles
	noGuest
	noContexts
	noPlatform
	noLocation
	noClientApp
	noSignInRisk
	noUserRisk
	noTransfer
)

func gapOf(input string) gap {
	switch input {
	case InputGroups:
		return noGroups
	case InputRoles:
		return noRoles
	case InputGuest:
		return noGuest
	case InputContexts:
		return noContexts
	case InputPlatform:
		return noPlatform
	case InputLocation:
		return noLocation
	case InputClientApp:
		return noClientApp
	case InputSignInRisk:
		return noSignInRisk
	case InputUserRisk:
		return noUserRisk
	case InputTransfer:
		return noTransfer
	}
	return 0
}

// question is one request made ready: its names resolved to the numbers of the set, once for all policies.
type question struct {
	r        *Request
	set      *Set
	gaps     gap
	user     int // -1: no policy names this person
	app      int
	groups   bits
	roles    bits
	contexts bits
	client   string
	ip       netip.Addr

	// Membership in locations, worked out when first asked.
	asked, inside bits
	trusted       answer
	trustedKnown  bool
	place         string // in words, made for the trace
}

func (s *Set) question(r *Request) *question {
	q := &question{r: r, set: s, user: s.users.number(r.UserID), app: s.apps.number(r.ClientID), client: r.ClientApp, ip: r.Signals.IP.Unmap()}
	if q.client == "" {
		q.client = Browser
	}
	for _, u := range r.Unknown {
		q.gaps |= gapOf(u)
	}
	if len(s.groups) > 0 {
		q.groups = s.groups.bits(r.Groups)
	}
	if len(s.roles) > 0 {
		q.roles = s.roles.bits(r.Roles)
	}
	if len(s.contexts) > 0 {
		q.contexts = s.contexts.bits(r.Contexts)
	}
	if n := (len(s.areas) + 63) / 64; n > 0 {
		both := make(bits, 2*n)
		q.asked, q.inside = both[:n], both[n:]
	}
	return q
}

func (q *question) lacks(g gap) bool { return q.gaps&g != 0 }

// names gives each name that a set's policies use a number, so that asking compares numbers.
type names map[string]int

// add numbers a name. Ids are compared without regard to case, as Graph does.
func (n names) add(id string) int {
	id = strings.ToLower(id)
	i, ok := n[id]
	if !ok {
		i = len(n)
		n[id] = i
	}
	return i
}

// number is -1 for a name that no policy uses.
func (n names) number(id string) int {
	if id == "" || len(n) == 0 {
		return -1
	}
	if i, ok := n[id]; ok {
		return i
	}
	if i, ok := n[strings.ToLower(id)]; ok {
		return i
	}
	return -1
}

func (n names) bits(ids []string) bits {
	var b bits
	for _, id := range ids {
		if i := n.number(id); i >= 0 {
			if b == nil {
				b = make(bits, (len(n)+63)/64)
			}
			b.set(i)
		}
	}
	return b
}

// bits is a set of small numbers; nil is the empty one.
type bits []uint64

func (b bits) set(i int) { b[i>>6] |= 1 << (i & 63) }
func (b bits) has(i int) bool {
	return i>>6 < len(b) && b[i>>6]&(1<<(i&63)) != 0
}

// list is a list of numbers of one policy.
type list []int

func (l list) has(i int) bool {
	if i < 0 || len(l) == 0 {
		return false
	}
	if len(l) <= 8 {
		return slices.Contains(l, i)
	}
	_, found := slices.BinarySearch(l, i)
	return found
}

// any reports whether one of the list is in the set.
func (l list) any(b bits) bool {
	if b == nil {
		return false
	}
	for _, i := range l {
		if b.has(i) {
			return true
		}
	}
	return false
}
