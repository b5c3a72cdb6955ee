package e2e

import (
	"strings"
	"testing"
)

// TestSamplePagesAreAccessible looks at what exists before anybody signs in.
func TestSamplePagesAreAccessible(t *testing.T) {
	s := boot(t)
	b := openBrowser(t, s, "sample")
	for _, p := range []string{"/demo", "/demo/market", "/demo/auto", "/demo/home", "/dev/mailbox"} {
		b.goTo(s.base + p)
		b.accessible(strings.ReplaceAll(strings.Trim(p, "/"), "/", "-"))
	}
}
