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

const password = "correct horse battery staple"

// TestFormFiller walks sign-up and sign-in by autocomplete tokens alone.
func TestFormFiller(t *testing.T) {
	s := boot(t)
	f := newFiller(t, s, "robin@example.com", password)
	left := f.walk(s.base+"/demo/market/signin?prompt=create", s.base+"/demo/market/callback")
	t.Log(left, f.Titles)
	p, err := f.Open(left)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(p.Words(), "Hello, Robin") {
		t.Fatal(p.Title, p.Words())
	}
}
