package message

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"portico/app/outbox"
)

// sms.go: text messages go out through a gateway, over HTTP. Which one, and how it wants to be spoken to, says the
// scheme of SMS_URL.

// PostHTTP is the hardened client: what it cannot reach, no text can.
type PostHTTP func(context.Context, *http.Request) (status int, body []byte, err error)

// SMS hands texts to a gateway.
type SMS struct {
	gateway gateway
	post    PostHTTP
}

// gateway knows one way to speak: how a text is asked for, and what an answer other than 2xx says.
type gateway interface {
	request(ctx context.Context, l Letter) (*http.Request, error)
	refusal(status int, body []byte) (why string, again bool)
}

// NewSMS reads the gateway's URL: http or https for the plain one (SMS_URL, webhook.go), twilio for Twilio and those
// who speak like it.
func NewSMS(address, from string, post PostHTTP) (*SMS, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, errors.New("SMS_URL cannot be read") // the error would hold the password
	}
	if u.Scheme == "twilio" {
		g, err := newTwilio(u, from)
		if err != nil {
			return nil, err
		}
		return &SMS{gateway: g, post: post}, nil
	}
	return &SMS{gateway: newWebhook(u, from), post: post}, nil
}

// Send implements Sender. A gateway that refuses the message is not asked again; one that is down, busy or
// asks to wait is.
func (s *SMS) Send(ctx context.Context, l Letter) error {
	r, err := s.gateway.request(ctx, l)
	if err != nil {
		return outbox.Permanent(err)
	}
	status, body, err := s.post(ctx, r)
	switch {
	case err != nil:
		return fmt.Errorf("sms gateway: %w", err)
	case status >= 200 && status < 300:
		return nil
	}
	why, again := s.gateway.refusal(status, body)
	err = fmt.Errorf("sms gateway: status %d%s", status, why)
	if again {
		return err
	}
	return outbox.Permanent(err)
}

// passing reports whether a status says that the same request may work later.
func passing(status int) bool {
	return status == http.StatusRequestTimeout || status == http.StatusTooEarly || status == http.StatusTooManyRequests || status >= 500
}
