package signin

import (
	"crypto/subtle"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// TrialLifetime is how long an admin's link to try a user flow marks a sign-in as a test.
const TrialLifetime = time.Hour

// TrialMark marks a request as an admin's test: its end and a keyed hash over it, the tenant, the app and
// where the answer goes. Only the server can make one, so nobody else can take a sign-in out of the reports.
func (m MAC) TrialMark(tenantID, clientID, redirect string, now time.Time) string {
	end := strconv.FormatInt(now.Add(TrialLifetime).Unix(), 10)
	return end + "." + base64.RawURLEncoding.EncodeToString(m("signin.trial", labels(tenantID, clientID, redirect, end)))
}

// Trial reports whether a mark is one that still counts. Any other is no mark at all.
func (m MAC) Trial(mark, tenantID, clientID, redirect string, now time.Time) bool {
	end, sum, ok := strings.Cut(mark, ".")
	until, err := strconv.ParseInt(end, 10, 64)
	given, err2 := base64.RawURLEncoding.DecodeString(sum)
	return ok && err == nil && err2 == nil && now.Unix() < until &&
		subtle.ConstantTimeCompare(given, m("signin.trial", labels(tenantID, clientID, redirect, end))) == 1
}
