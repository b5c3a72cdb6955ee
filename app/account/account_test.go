package account

import (
	"testing"
	"time"

	"portico/app/fault"
)

func TestCanonicalEmail(t *testing.T) {
	for in, want := range map[string]string{
		"anna@example.com":           "anna@example.com",
		"  Anna@Example.COM ":        "anna@example.com",
		"anna.b+shop@example.com":    "anna.b+shop@example.com", // dots and tags are other mailboxes
		"anna@bücher.example":        "anna@xn--bcher-kva.example",
		"ａｎｎａ@example.com":           "anna@example.com", // full-width letters (NFKC)
		"anna@localhost":             "anna@localhost",
		"o'brien@example.com":        "o'brien@example.com",
		"":                           "",
		"anna":                       "",
		"@example.com":               "",
		"anna@":                      "",
		"anna@example":               "",
		"anna@@example.com":          "",
		"anna b@example.com":         "",
		"anna@example.com\r\nBcc: x": "",
		"<anna@example.com>":         "",
		"anna@exa mple.com":          "",
		"anna@\ufffd.com":            "",
	} {
		got, err := CanonicalEmail(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", in, got, err, want)
		}
		if err != nil && fault.Of(err).Fields[0].Name != "email" {
			t.Errorf("%q: the complaint names no field", in)
		}
	}
}

func FuzzCanonicalEmail(f *testing.F) {
	f.Add("Anna@Example.com")
	f.Fuzz(func(t *testing.T, in string) {
		once, err := CanonicalEmail(in)
		if err != nil {
			return
		}
		if twice, err := CanonicalEmail(once); err != nil || twice != once {
			t.Errorf("%q becomes %q becomes %q, %v", in, once, twice, err)
		}
	})
}

func TestMaskEmail(t *testing.T) {
	for in, want := range map[string]string{"anna@example.com": "a*****@example.com", "x@y.z": "x*****@y.z", "nonsense": "***", "": "***"} {
		if got := MaskEmail(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestUsable(t *testing.T) {
	for name, c := range map[string]struct {
		a    Account
		want bool
	}{
		"nobody":   {Account{Enabled: true}, false},
		"enabled":  {Account{ID: "a", Enabled: true}, true},
		"disabled": {Account{ID: "a"}, false},
		"deleted":  {Account{ID: "a", Enabled: true, DeletedAt: time.Unix(1, 0)}, false},
	} {
		if c.a.Usable() != c.want {
			t.Error(name)
		}
	}
}
