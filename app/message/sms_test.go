package message

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"portico/app/outbox"
)

func TestSMSGateway(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		err    error
		ok     bool
		again  bool
	}{
		{"taken", 202, nil, true, false},
		{"refused: no such number", 400, nil, false, false},
		{"wrong password", 401, nil, false, false},
		{"too many", 429, nil, false, true},
		{"broken", 503, nil, false, true},
		{"a redirect is not followed", 302, nil, false, false},
		{"nobody there", 0, errors.New("dial"), false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := NewSMS("https://user:secret@sms.example.com/messages?region=eu", "Portico", func(_ context.Context, r *http.Request) (int, error) {
				user, password, _ := r.BasicAuth()
				body, _ := io.ReadAll(r.Body)
				var m map[string]string
				if err := json.Unmarshal(body, &m); err != nil || m["to"] != "+49301234567" || m["text"] != "Hi" || m["from"] != "Portico" {
					t.Errorf("body %s", body)
				}
				if user != "user" || password != "secret" || r.URL.User != nil || r.URL.String() != "https://sms.example.com/messages?region=eu" || r.Header.Get("Idempotency-Key") != "item" {
					t.Errorf("%s %s %v", user, r.URL, r.Header)
				}
				return c.status, c.err
			})
			if err != nil {
				t.Fatal(err)
			}
			err = s.Send(t.Context(), Letter{ID: "item", To: "+49301234567", Text: "Hi"})
			if (err == nil) != c.ok {
				t.Fatal(err)
			}
			if err != nil && permanent(err) == c.again {
				t.Errorf("%v: tried again is %v", err, !c.again)
			}
		})
	}
}

// permanent reports whether the outbox would give up on an error.
func permanent(err error) bool {
	return fmt.Sprintf("%T", err) == fmt.Sprintf("%T", outbox.Permanent(err))
}
