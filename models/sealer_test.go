package models_test

import (
	"bytes"
	"testing"

	"portico/models"
)

func sealer(t *testing.T, secret, previous string) models.Sealer {
	t.Helper()
	fill := func(s string) []byte {
		if s == "" {
			return nil
		}
		return bytes.Repeat([]byte(s), 32)
	}
	s, err := models.NewSealer(fill(secret), fill(previous))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSealedValueOpensOnlyWhereItBelongs(t *testing.T) {
	old, rotated, other := sealer(t, "a", ""), sealer(t, "b", "a"), sealer(t, "c", "")
	sealed, err := old.Seal([]byte("totp secret"), "credential:1")
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(sealed)
	flipped[len(flipped)-1] ^= 1
	for _, c := range []struct {
		name    string
		with    models.Sealer
		sealed  []byte
		context string
		opens   bool
	}{
		{"same secret and row", old, sealed, "credential:1", true},
		{"previous secret after a rotation", rotated, sealed, "credential:1", true},
		{"moved to another row", old, sealed, "credential:2", false},
		{"another secret", other, sealed, "credential:1", false},
		{"one bit changed", old, flipped, "credential:1", false},
		{"cut short", old, sealed[:10], "credential:1", false},
		{"empty", old, nil, "credential:1", false},
	} {
		got, err := c.with.Open(c.sealed, c.context)
		if (err == nil) != c.opens || c.opens && string(got) != "totp secret" {
			t.Errorf("%s: got %q, %v", c.name, got, err)
		}
	}
	if bytes.Contains(sealed, []byte("totp")) {
		t.Error("the sealed value shows its content")
	}
	if again, _ := old.Seal([]byte("totp secret"), "credential:1"); bytes.Equal(again, sealed) {
		t.Error("sealing twice gives the same bytes")
	}
}

func TestMACDependsOnPurposeSecretAndData(t *testing.T) {
	s := sealer(t, "a", "")
	base := s.MAC("lockout", []byte("x"))
	if !bytes.Equal(base, s.MAC("lockout", []byte("x"))) {
		t.Error("MAC is not stable")
	}
	for name, other := range map[string][]byte{
		"purpose": s.MAC("destination", []byte("x")),
		"data":    s.MAC("lockout", []byte("y")),
		"secret":  sealer(t, "b", "").MAC("lockout", []byte("x")),
	} {
		if bytes.Equal(base, other) {
			t.Errorf("MAC does not depend on the %s", name)
		}
	}
}

func TestShortSecretIsRefused(t *testing.T) {
	if _, err := models.NewSealer([]byte("short"), nil); err == nil {
		t.Error("a short secret was accepted")
	}
}
