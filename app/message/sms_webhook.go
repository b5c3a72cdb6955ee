package message

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
)

// webhook is the plain gateway: POST {to, text, from} as JSON, with the user information of its URL as basic
// authentication. Gateways differ in their own words; a few lines in front of one make it speak these.
type webhook struct {
	to             string
	user, password string
	from           string
}

func newWebhook(u *url.URL, from string) webhook {
	g := webhook{from: from}
	if u.User != nil {
		g.user = u.User.Username()
		g.password, _ = u.User.Password()
		u.User = nil
	}
	g.to = u.String()
	return g
}

func (g webhook) request(ctx context.Context, l Letter) (*http.Request, error) {
	body, err := json.Marshal(struct {
		To   string `json:"to"`
		Text string `json:"text"`
		From string `json:"from,omitempty"`
	}{l.To, l.Text, cmp.Or(l.TextSender, g.from)})
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.to, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	if l.ID != "" { // the same for every try, so that a gateway which knows it sends one text
		r.Header.Set("Idempotency-Key", l.ID)
	}
	if g.user != "" {
		r.SetBasicAuth(g.user, g.password)
	}
	return r, nil
}

func (g webhook) refusal(status int, _ []byte) (string, bool) { return "", passing(status) }
