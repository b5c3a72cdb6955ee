package extension

import (
	"encoding/json"
	"net/url"
	"strings"
)

// mask stands where a secret was.
const mask = "•••"

// masked takes out of a text what must not be kept, though the API sent it back: as it is, and as JSON writes it. A
// secret too short to be looked for takes the whole text with it where it occurs.
func (q *question) masked(s string) string {
	for _, secret := range q.secrets {
		if secret == "" {
			continue
		}
		if len(secret) < 4 {
			if strings.Contains(s, secret) {
				return mask
			}
			continue
		}
		s = strings.ReplaceAll(s, secret, mask)
		if b, err := json.Marshal(secret); err == nil {
			s = strings.ReplaceAll(s, string(b[1:len(b)-1]), mask)
		}
	}
	return s
}

// maskedURL keeps a URL's place and the names in its query.
func maskedURL(u *url.URL) string {
	out := *u
	out.User, out.Fragment = nil, ""
	if out.RawQuery != "" {
		var names []string
		for _, pair := range strings.Split(out.RawQuery, "&") {
			name, _, _ := strings.Cut(pair, "=")
			names = append(names, name+"="+mask)
		}
		out.RawQuery = strings.Join(names, "&")
	}
	return out.String()
}

// Masked is the extension for logs: some APIs have their key in the query of their URL.
func (e *Extension) Masked() Extension {
	out := *e
	if u, err := url.Parse(e.URL); err == nil {
		out.URL = maskedURL(u)
	}
	return out
}
