package message

import (
	"context"
	"encoding/json"

	"portico/app/outbox"
)

// Relay hands a one-time code to the tenant's own provider (OtpSend, R 8.7). taken = the note was that provider's to
// bring, and nobody else sends it, whatever err says. The item tells that a note is tried again, and until when it matters.
type Relay func(ctx context.Context, it outbox.Item, n Note) (taken bool, err error)

// Relayed is a channel whose codes go to the tenant's own provider where there is one. That happens here, after the commit
// and out of everybody's sight, and not while the page waits: a decoy costs the page as much as a code, so time tells
// nobody who has an account, a provider that hangs holds no sign-in up, and the page says the same in every case.
func Relayed(relay Relay, deliver outbox.Deliver) outbox.Deliver {
	return func(ctx context.Context, it outbox.Item) error {
		var n Note
		if json.Unmarshal(it.Payload, &n) == nil && n.Kind == Code && !n.Decoy && n.Origin.Request != "" {
			if taken, err := relay(ctx, it, n); taken || err != nil {
				return err
			}
		}
		return deliver(ctx, it)
	}
}
