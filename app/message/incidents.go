package message

import (
	"context"
	"time"
)

// Whom a wave met, as the letter says it.
const (
	WaveEntered = "entered" // the right password was used
	WaveTried   = "tried"   // somebody tried to get in
)

// PostIncident queues "an attack is under way" to an administrator: kind is that of the wave, lines say what is known,
// link leads to its page.
func PostIncident(ctx context.Context, q Queue, to Change, kind, lines, link string, now time.Time) error {
	return Post(ctx, q, Note{Kind: IncidentOpened, Channel: "mail", TenantID: to.TenantID, To: to.To, Locale: to.Locale, Purpose: kind, Message: lines, URL: link, At: to.At}, now)
}

// PostWave tells somebody that an attack met their account, and where to look after it. Nothing that the attacker typed
// is in it, and nothing about where they were: that is for the sign-in history. A simulated attack says so.
func PostWave(ctx context.Context, q Queue, to Change, who, link string, simulated bool, now time.Time) error {
	if to.To == "" {
		return nil
	}
	return Post(ctx, q, Note{Kind: WaveMet, Channel: "mail", TenantID: to.TenantID, To: to.To, Locale: to.Locale, Purpose: who, URL: link, At: to.At, Simulated: simulated}, now)
}
