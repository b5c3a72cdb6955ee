package factor

import (
	"errors"
	"math/rand/v2"
	"testing"

	"portico/app/fault"
)

// R 14.3.2: one point for each banned word, one for each other character, over the split that scores least.
func TestScoreIsTheVendors(t *testing.T) {
	own := []string{"contoso", "blank"}
	for _, c := range []struct {
		password string
		banned   []string
		want     int
	}{
		{"C0ntos0Blank12", own, 4},  // [contoso] [blank] 1 2
		{"ContoS0Bl@nkf9!", own, 5}, // [contoso] [blank] f 9 !
		{"ContosoBlank", own, 2},
		{"contoso", own, 1},
		{"c0nt0s0", own, 1},
		{"contosa", own, 1},  // one replaced
		{"contosoo", own, 1}, // one more
		{"contso", own, 1},   // one less
		{"contosaa", own, 8}, // two edits are too many
		{"xcontosax", own, 9},
		{"bl@nkbl@nkbl@nk", own, 3},
		{"abcdabcdabcd", []string{"abcd", "dabc"}, 3},
		{"abcxyz", []string{"abc"}, 6}, // too short to be looked for
		{"fernhill group 1", []string{"Fernhill Group"}, 3},
		{"FERNHI11", []string{"fernhill"}, 1},
		{"ＣＯＮＴＯＳＯ", own, 7}, // Check folds widths before it asks
		{"", own, 0},
		{"anything", []string{"", "  "}, 8},
	} {
		if got := Score(c.password, c.banned); got != c.want {
			t.Errorf("%q against %v: %d, want %d", c.password, c.banned, got, c.want)
		}
	}
}

// A word more on the list never lets a password pass that was refused.
func TestMoreBannedWordsNeverHelp(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	word := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abc0"[r.IntN(4)]
		}
		return string(b)
	}
	for range 2000 {
		p, list := word(4+r.IntN(10)), []string{word(4), word(5)}
		if before, after := Score(p, list), Score(p, append(list, word(4+r.IntN(3)))); after > before {
			t.Fatalf("%q: %d, then %d", p, before, after)
		}
	}
}

func TestNamesInPasswords(t *testing.T) {
	for _, c := range []struct {
		password string
		names    []string
		bad      bool
	}{
		{"qq-Jonathan-77", []string{"Jonathan"}, true},
		{"qqJ0n@th@n77", []string{"Jonathan"}, true},
		{"xxANNAxx77kq", []string{"Anna"}, true},
		{"xxAnnxx77kqz", []string{"Ann"}, false}, // three letters are in too many words
		{"xdijkx-77qzv", []string{"van Dijk"}, true},
		{"xx-fernhill-77q", []string{"", "", "Fernhill Group"}, true}, // the tenant's name
		{"jürgenxx77kq", []string{"Jürgen"}, true},
		{"quite another one", []string{"Jonathan", "Fernhill Group"}, false},
		{"anna.b-77qzvk", []string{"anna.b"}, true}, // of the address
		{"qzvkqzvk-77-", []string{"@#!$"}, false},
	} {
		if err := (Rules{}).Check(c.password, c.names...); (err != nil) != c.bad {
			t.Errorf("%q with %v: %v", c.password, c.names, err)
		}
	}
}

func TestThreeOfFourClasses(t *testing.T) {
	for password, ok := range map[string]bool{"kxvqzmwp": false, "Kxvqzmwp": false, "kxvqzm77": false, "Kxvqzm77": true, "kxvqz-77": true, "Kxvqz-mw": true,
		"Kxvq-z77": true, "12345-67": false, "ÄÖÜäöü77": true, "пароль-1": true, "kxvq zmwp": false, "Kxvq zmwp": true} {
		err := Rules{ThreeOfFour: true}.Check(password)
		if got := err == nil || fault.Of(err).Key != "field.new_password.classes"; got != ok {
			t.Errorf("%q: %v", password, err)
		}
	}
}

type brokenList struct{}

func (brokenList) Contains(string) (bool, error) { return false, errors.New("the disk is gone") }

func TestAListThatCannotBeReadLetsNothingPass(t *testing.T) {
	err := Rules{Breached: brokenList{}}.Check("quite another one")
	if !fault.Is(err, fault.Unavailable) || fault.Of(err).Cause == nil {
		t.Error(err)
	}
}

func TestOneEdit(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{{"abcd", "abcd", true}, {"abcd", "abce", true}, {"abcd", "abcde", true}, {"abcd", "xabcd", true}, {"abcd", "abxcd", true}, {"abcd", "bcd", true},
		{"abcd", "abdc", false}, {"abcd", "abcdef", false}, {"abcd", "ab", false}, {"", "a", true}, {"", "", true}, {"äbcd", "abcd", true}} {
		if got := oneEdit([]rune(c.a), []rune(c.b)); got != c.want {
			t.Errorf("%q %q: %v", c.a, c.b, got)
		}
		if got := oneEdit([]rune(c.b), []rune(c.a)); got != c.want {
			t.Errorf("%q %q: %v", c.b, c.a, got)
		}
	}
}
