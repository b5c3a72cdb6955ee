package openid

import (
	"strings"
	"testing"
)

// Only what is a GUID is kept of a client's request id: APIs that are asked read it as one.
func TestCorrelation(t *testing.T) {
	for said, want := range map[string]string{"": "", "df1n-50b4-ff1h": "", strings.Repeat("a", 64): "",
		"0B7C6A5E-3F7C-4A9E-8D0A-6F3D0E9F5A11": "0b7c6a5e-3f7c-4a9e-8d0a-6f3d0e9f5a11"} {
		if got := correlation(said); got != want {
			t.Errorf("%q gives %q, want %q", said, got, want)
		}
	}
}
