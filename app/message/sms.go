package message

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"portico/app/outbox"
)

// SMS hands texts to a gateway: POST {to, text, from} as JSON, with the user information of its URL as basic
// authentication. Gateways differ in their own words; a few lines in front of one make it speak these.
type SMS struct {
	to             string
	user, password string
	from           string
	post           func(context.Context, *http.Request) (status int, err error)
}

// NewSMS reads the gateway's URL. post is the hardened client: what it cannot reach, no text can.
func NewSMS(gateway, from string, post func(context.Context, *http.Request) (int, error)) (*SMS, error) {
	u, err := url.Parse(gateway)
	if err != nil {
		return nil, errors.New("SMS_URL cannot be read") // the error would hold the password
	}
	s := &SMS{from: from, post: post}
	if u.User != nil {
		s.user = u.User.Username()
		s.password, _ = u.User.Password()
		u.User = nil
	}
	s.to = u.String()
	return s, nil
}

// Send implements Sender. A gateway that refuses the message is not asked again; one that is down, busy or
// asks to wait is.
func (s *SMS) Send(ctx context.Context, l Letter) error {
	body, err := json.Marshal(struct {
		To   string `json:"to"`
		Text string `json:"text"`
		From string `json:"from,omitempty"`
	}{l.To, l.Text, s.from})
	if err != nil {
		return outbox.Permanent(err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.to, bytes.NewReader(body))
	if err != nil {
		return outbox.Permanent(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if l.ID != "" { // the same for every try, so that a gateway which knows it sends one text
		r.Header.Set("Idempotency-Key", l.ID)
	}
	if s.user != "" {
		r.SetBasicAuth(s.user, s.password)
	}
	status, err := s.post(ctx, r)
	switch {
	case err != nil:
		return fmt.Errorf("sms gateway: %w", err)
	case status >= 200 && status < 300:
		return nil
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status == http.StatusTooManyRequests, status >= 500:
		return fmt.Errorf("sms gateway: status %d", status)
	}
	return outbox.Permanent(fmt.Errorf("sms gateway: status %d", status))
}
