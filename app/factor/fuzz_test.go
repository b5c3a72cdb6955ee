package factor

import (
	"strings"
	"testing"
)

func FuzzCleanCode(f *testing.F) {
	for _, s := range []string{"1234 5678", "٠١٢٣٤٥٦٧", "12\x00", "１２３", "𝟎𝟏𝟐", "-----"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if got := CleanCode(s); len(got) > 12 || strings.Trim(got, "0123456789") != "" {
			t.Errorf("%q → %q", s, got)
		}
	})
}

func FuzzParsePHC(f *testing.F) {
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$aGFzaGhhc2hoYXNoaGFzaA")
	f.Add("$argon2id$v=19$m=4294967295,t=4294967295,p=255$$")
	f.Fuzz(func(t *testing.T, s string) {
		c, salt, key, err := parsePHC(s)
		if err == nil && (c.MemoryKiB > 1<<20 || c.Time > 64 || len(salt) < 8 || len(key) < 16) {
			t.Errorf("%q costs too much or protects too little", s)
		}
	})
}

func FuzzScore(f *testing.F) {
	f.Add("C0ntos0Blank12", "contoso")
	f.Fuzz(func(t *testing.T, password, word string) {
		n := Score(password, []string{word})
		if n < 0 || n > len([]rune(Normalise(password))) && n > 1 {
			t.Errorf("%q scores %d", password, n)
		}
	})
}
