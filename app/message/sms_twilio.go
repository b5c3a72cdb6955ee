package message

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// twilio speaks the message resource of Twilio's API (2010-04-01), which other gateways offer as well: a form with
// To, From and Body, and basic authentication with the account's SID and its token.
type twilio struct {
	to         string
	sid, token string
	from       string
}

// newTwilio reads twilio://AccountSID:AuthToken@api.twilio.com/?from=%2B15005550006. A sender that begins with MG
// is a messaging service, which picks its number itself.
func newTwilio(u *url.URL, from string) (twilio, error) {
	g := twilio{}
	if u.User != nil {
		g.sid = u.User.Username()
		g.token, _ = u.User.Password()
	}
	// An unescaped plus sign stands for a blank in a query; no number begins with one.
	g.from = cmp.Or(strings.Replace(u.Query().Get("from"), " ", "+", 1), from)
	if g.sid == "" || g.token == "" || u.Hostname() == "" || g.from == "" {
		return g, errors.New("SMS_URL must look like twilio://AccountSID:AuthToken@api.twilio.com/?from=%2B15005550006")
	}
	at := url.URL{Scheme: "https", Host: u.Host, Path: "/2010-04-01/Accounts/" + url.PathEscape(g.sid) + "/Messages.json"}
	g.to = at.String()
	return g, nil
}

func (g twilio) request(ctx context.Context, l Letter) (*http.Request, error) {
	form := url.Values{"To": {l.To}, "Body": {l.Text}}
	if strings.HasPrefix(g.from, "MG") {
		form.Set("MessagingServiceSid", g.from)
	} else {
		form.Set("From", cmp.Or(l.TextSender, g.from))
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, g.to, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(g.sid, g.token)
	return r, nil
}

// refusal reads the error that stands in the body. Its number is enough: the words may hold the telephone number.
func (g twilio) refusal(status int, body []byte) (string, bool) {
	var e struct {
		Code int `json:"code"`
	}
	if json.Unmarshal(body, &e) != nil || e.Code == 0 {
		return "", passing(status)
	}
	// Too many requests, and a queue that is full: the next minutes may do. Anything else that it says with a 4xx
	// (no such number, not a mobile one, stopped by its owner, a country that is switched off there, a wrong token)
	// stays so.
	later := []int{20429, 14107, 30001, 30022, 63018}
	return fmt.Sprintf(", error %d", e.Code), passing(status) || slices.Contains(later, e.Code)
}
