package message

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
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
			s, err := NewSMS("https://user:secret@sms.example.com/messages?region=eu", "Portico", func(_ context.Context, r *http.Request) (int, []byte, error) {
				user, password, _ := r.BasicAuth()
				body, _ := io.ReadAll(r.Body)
				var m map[string]string
				if err := json.Unmarshal(body, &m); err != nil || m["to"] != "+49301234567" || m["text"] != "Hi" || m["from"] != "Portico" {
					t.Errorf("body %s", body)
				}
				if user != "user" || password != "secret" || r.URL.User != nil || r.URL.String() != "https://sms.example.com/messages?region=eu" || r.Header.Get("Idempotency-Key") != "item" {
					t.Errorf("%s %s %v", user, r.URL, r.Header)
				}
				return c.status, nil, c.err
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

// TestTwilio sends through a server that answers as Twilio does.
func TestTwilio(t *testing.T) {
	for _, c := range []struct {
		name, from, status, body string
		ok, again                bool
	}{
		{"taken", "?from=+15005550006", "201", `{"sid":"SM1","status":"queued"}`, true, false},
		{"escaped, with the plus sign", "?from=%2B15005550006", "201", `{}`, true, false},
		{"a messaging service", "?from=MG0123", "201", `{}`, true, false},
		{"no such number", "?from=+15005550006", "400", `{"code":21211,"message":"The 'To' number +4912 is not a valid phone number.","status":400}`, false, false},
		{"stopped by its owner", "?from=+15005550006", "400", `{"code":21610,"message":"Attempt to send to unsubscribed recipient","status":400}`, false, false},
		{"a country that is off there", "?from=+15005550006", "403", `{"code":21408}`, false, false},
		{"a wrong token", "?from=+15005550006", "401", `{"code":20003}`, false, false},
		{"too many", "?from=+15005550006", "429", `{"code":20429}`, false, true},
		{"the queue is full", "?from=+15005550006", "400", `{"code":30001}`, false, true},
		{"broken", "?from=+15005550006", "503", `<html>`, false, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				user, password, _ := r.BasicAuth()
				if r.Method != http.MethodPost || r.URL.Path != "/2010-04-01/Accounts/AC42/Messages.json" || user != "AC42" || password != "to/ken" {
					t.Errorf("%s %s %s", r.Method, r.URL, user)
				}
				sender := r.PostFormValue("From")
				if strings.Contains(c.from, "MG") {
					sender = r.PostFormValue("MessagingServiceSid")
				}
				if sender != "+15005550006" && sender != "MG0123" || r.PostFormValue("To") != "+4915112345678" || r.PostFormValue("Body") != "Grüße, @host #1" {
					t.Errorf("%v", r.PostForm)
				}
				var status int
				fmt.Sscan(c.status, &status)
				w.WriteHeader(status)
				io.WriteString(w, c.body)
			}))
			defer server.Close()
			address := "twilio://AC42:to%2Fken@" + strings.TrimPrefix(server.URL, "https://") + "/" + c.from
			s, err := NewSMS(address, "", func(ctx context.Context, r *http.Request) (int, []byte, error) {
				resp, err := server.Client().Do(r)
				if err != nil {
					return 0, nil, err
				}
				defer resp.Body.Close()
				body, err := io.ReadAll(resp.Body)
				return resp.StatusCode, body, err
			})
			if err != nil {
				t.Fatal(err)
			}
			err = s.Send(t.Context(), Letter{To: "+4915112345678", Text: "Grüße, @host #1"})
			if (err == nil) != c.ok {
				t.Fatal(err)
			}
			if err == nil {
				return
			}
			if permanent(err) == c.again {
				t.Errorf("%v: tried again is %v", err, !c.again)
			}
			if strings.Contains(err.Error(), "+49") || strings.Contains(err.Error(), "ken") {
				t.Errorf("%v tells too much", err)
			}
		})
	}
}

func TestTwilioURL(t *testing.T) {
	for address, good := range map[string]bool{
		"twilio://AC:t@api.twilio.com/?from=%2B1": true, "twilio://api.twilio.com/?from=1": false, "twilio://AC@api.twilio.com/?from=1": false,
		"twilio://AC:t@api.twilio.com": false, "https://%zz": false,
	} {
		if _, err := NewSMS(address, "", nil); (err == nil) != good {
			t.Errorf("%q: %v", address, err)
		}
	}
	if _, err := NewSMS("twilio://AC:t@api.twilio.com", "Portico", nil); err != nil { // PORTICO_SMS_FROM
		t.Error(err)
	}
}
