package hosted_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"portico/app/federation"
	"portico/handlers/hosted"
)

// TestTheFormHoldsTheLargestAnswer: an answer that is small enough to be read must not be refused for its form, and one of
// twice that size is refused where people are told.
func TestTheFormHoldsTheLargestAnswer(t *testing.T) {
	noise := make([]byte, federation.SAMLLongest)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	longest := 0
	for _, raw := range [][]byte{noise, bytes.Repeat([]byte("<a>é</a>"), federation.SAMLLongest/9), bytes.Repeat([]byte("\xfb"), federation.SAMLLongest/2)} {
		form := url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString(raw)}, "RelayState": {strings.Repeat("r", 200)}}
		longest = max(longest, len(form.Encode()))
	}
	for _, r := range (&hosted.Hosted{}).Routes() {
		if strings.HasSuffix(r.Path, "/callback") && r.BodyLimit < 2*longest {
			t.Errorf("a form of %d bytes is taken, and the largest answer has %d", r.BodyLimit, longest)
		}
	}
}
