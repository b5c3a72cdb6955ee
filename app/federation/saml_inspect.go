package federation

import (
	"context"
	"fmt"
	"time"
)

// certificateSoon is when the end of a certificate is worth a word.
const certificateSoon = 30 * 24 * time.Hour

var _ Inspector = samlConnector{}

// Inspect reads the metadata anew and looks at the certificates. Whether the company knows us, only a test shows: SAML has
// no back channel to ask by.
func (x samlConnector) Inspect(ctx context.Context, n Net, p Provider, s Secrets, _ string) Inspection {
	n.Cache = &Cache{}
	t := &trip{n: n, p: p, s: s}
	m, refusal := t.samlPlace(ctx, false)
	out := Inspection{Hops: t.hops, Refusal: refusal}
	if refusal != nil {
		return out
	}
	now := n.Now()
	note := func(tone, text string, args ...any) {
		out.Notes = append(out.Notes, Note{Tone: tone, Text: fmt.Sprintf(text, args...)})
	}
	if p.MetadataURL != "" {
		note("ok", "The metadata at %s are those of the expected company.", hostOf(p.MetadataURL))
	}
	if m.Redirect == "" && m.Post == "" {
		note("danger", "It says of no address where people sign in.")
	}
	good := 0
	for _, c := range m.Certificates {
		end := c.NotAfter.UTC().Format("2 January 2006")
		switch {
		case !now.Before(c.NotAfter):
			note("warn", "A certificate ended on %s; nothing that it signs is taken.", end)
		case now.Before(c.NotBefore):
			note("warn", "A certificate holds from %s only.", c.NotBefore.UTC().Format("2 January 2006"))
		case c.NotAfter.Sub(now) < certificateSoon:
			good++
			note("warn", "A certificate ends on %s. Ask the company for the next one.", end)
		default:
			good++
			note("ok", "A certificate signs until %s.", end)
		}
	}
	if good == 0 {
		note("danger", "No certificate is in force: no answer can be checked.")
	}
	if t.dated && (t.ahead > skew || t.ahead < -skew) {
		note("warn", "Its clock and ours are %s apart; three minutes are allowed.", t.ahead.Abs().Round(time.Second))
	}
	return out
}
