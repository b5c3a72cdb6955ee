package factor

import (
	"bytes"
	"crypto/rand"
	"regexp"
	"testing"
)

func TestTemporaryPassword(t *testing.T) {
	shape := regexp.MustCompile(`^[A-Z2-9][a-z2-9]{3}(-[a-z2-9]{4}){3}7$`)
	seen := map[string]bool{}
	for range 200 {
		p, err := TemporaryPassword(rand.Reader)
		if err != nil || !shape.MatchString(p) || seen[p] {
			t.Fatalf("%q %v", p, err)
		}
		if err := (Rules{Min: 8, ThreeOfFour: true}).Check(p); err != nil {
			t.Errorf("%q is refused: %v", p, err)
		}
		seen[p] = true
	}
	if _, err := TemporaryPassword(bytes.NewReader([]byte{1, 2})); err == nil {
		t.Error("made without randomness")
	}
}
