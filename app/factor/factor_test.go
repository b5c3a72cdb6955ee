package factor

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"golang.org/x/crypto/bcrypt"

	"portico/app/fault"
)

func cheap() *Hasher { return NewHasher(Argon{MemoryKiB: 64, Time: 1, Threads: 1}, 2, 2) }

func TestPasswordsAreHashedAndVerified(t *testing.T) {
	h, ctx := cheap(), context.Background()
	hash, err := h.Hash(ctx, "correct horse")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=64,t=1,p=1$") {
		t.Fatal(hash, err)
	}
	again, _ := h.Hash(ctx, "correct horse")
	if hash == again {
		t.Error("two hashes of one password are alike")
	}
	for password, want := range map[string]bool{"correct horse": true, "correct horsf": false, "": false} {
		if ok, stale, err := h.Verify(ctx, hash, password); ok != want || stale || err != nil {
			t.Errorf("%q: %v %v %v", password, ok, stale, err)
		}
	}
	composed, _ := h.Hash(ctx, "\u00fcber geheim")
	if ok, _, _ := h.Verify(ctx, composed, "u\u0308ber geheim"); !ok {
		t.Error("the same letters written another way are the same password")
	}
}

func TestOldHashesAreStale(t *testing.T) {
	ctx := context.Background()
	old, _ := cheap().Hash(ctx, "secret words")
	b, _ := bcrypt.GenerateFromPassword([]byte("secret words"), 4)
	h := NewHasher(Argon{MemoryKiB: 128, Time: 1, Threads: 1}, 1, 1)
	for _, hash := range []string{old, string(b)} {
		if ok, stale, err := h.Verify(ctx, hash, "secret words"); !ok || !stale || err != nil {
			t.Errorf("%s: %v %v %v", hash[:10], ok, stale, err)
		}
		if ok, stale, _ := h.Verify(ctx, hash, "other words"); ok || stale {
			t.Errorf("%s: a wrong password passed", hash[:10])
		}
	}
	if ok, _, err := h.Verify(ctx, "", "anything"); ok || err != nil {
		t.Error("nobody has this password", err)
	}
	for _, broken := range []string{"plain", "$argon2id$v=19$m=1,t=1,p=1$YQ$YQ", "$argon2id$v=19$m=99999999,t=1,p=1$YWFhYWFhYWE$YWFhYWFhYWFhYWFhYWFhYWFhYWE"} {
		if ok, _, err := h.Verify(ctx, broken, "x"); ok || err == nil {
			t.Errorf("%q was accepted", broken)
		}
	}
}

func TestAFullQueueSaysComeBack(t *testing.T) {
	h := NewHasher(Argon{MemoryKiB: 64, Time: 1, Threads: 1}, 1, 1)
	h.queue <- struct{}{}
	h.queue <- struct{}{}
	if _, err := h.Hash(context.Background(), "x"); !fault.Is(err, fault.Unavailable) || fault.Of(err).RetryAfter == 0 {
		t.Error(err)
	}
	if err := h.Room(); !fault.Is(err, fault.Unavailable) {
		t.Error(err)
	}
	<-h.queue
	if err := h.Room(); err != nil {
		t.Error(err)
	}
	h.slots <- struct{}{}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := h.Hash(ctx, "x"); !fault.Is(err, fault.Unavailable) {
		t.Error("whoever left does not wait:", err)
	}
	<-h.slots
	if _, err := h.Hash(context.Background(), "x"); err != nil {
		t.Error("a place is free again:", err)
	}
}

func TestPasswordRules(t *testing.T) {
	own := []string{"contoso", "blank"}
	for _, c := range []struct {
		name, password string
		rules          Rules
		names          []string
		want           string
	}{
		{"the vendor's example, refused (R 14.3.3)", "C0ntos0Blank12", Rules{Banned: own}, nil, "field.new_password.common"},
		{"the vendor's example, accepted (R 14.3.3)", "ContoS0Bl@nkf9!", Rules{Banned: own}, nil, ""},
		{"long words", "correct horse battery", Rules{}, nil, ""},
		{"eight characters", "kx7#vq2m", Rules{}, nil, ""},
		{"seven characters", "kx7#vq2", Rules{}, nil, "field.new_password.short"},
		{"a longer minimum", "kx7#vq2m", Rules{Min: 12}, nil, "field.new_password.short"},
		{"nothing", "", Rules{}, nil, "field.new_password.required"},
		{"256 characters", strings.Repeat("aé", 128), Rules{}, nil, ""},
		{"257 characters", strings.Repeat("a", 257), Rules{}, nil, "field.new_password.long"},
		{"the most common", "password", Rules{}, nil, "field.new_password.common"},
		{"in disguise", "P@ssw0rd1", Rules{}, nil, "field.new_password.common"},
		{"one edit away", "passwort1", Rules{}, nil, "field.new_password.common"},
		{"keyboard row and digits", "Qwerty123", Rules{}, nil, "field.new_password.common"},
		{"own name", "xx-Jonathan-77", Rules{}, []string{"Jonathan", "Miller"}, "field.new_password.name"},
		{"own name in disguise (R 16.6.5)", "xxJ0nathanqq", Rules{}, []string{"Jonathan"}, "field.new_password.name"},
		{"names of three letters do not count", "Bobkxvqz7m", Rules{}, []string{"Bob"}, ""},
		{"two classes where three are asked", "kxvqzmwp77", Rules{ThreeOfFour: true}, nil, "field.new_password.classes"},
		{"three classes", "Kxvqzmwp77", Rules{ThreeOfFour: true}, nil, ""},
		{"known from a breach", "known from a breach", Rules{Breached: list{"known from a breach"}}, nil, "field.new_password.breached"},
		{"any script", "пароль из слов", Rules{}, nil, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := c.rules.Check(c.password, c.names...)
			if got := key(err); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func key(err error) string {
	if err == nil {
		return ""
	}
	return fault.Of(err).Key
}

type list []string

func (l list) Contains(p string) (bool, error) {
	for _, x := range l {
		if x == p {
			return true, nil
		}
	}
	return false, nil
}

func TestBreachedFile(t *testing.T) {
	var lines []string
	for i := range 500 {
		lines = append(lines, fmt.Sprintf("%X:%d", sha1.Sum([]byte(fmt.Sprint("known", i))), i*7))
	}
	sort.Strings(lines)
	for _, end := range []string{"\n", "\r\n"} {
		path := filepath.Join(t.TempDir(), "list")
		if err := os.WriteFile(path, []byte(strings.Join(lines, end)+end), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := OpenBreached(path)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 500 {
			if ok, err := b.Contains(fmt.Sprint("known", i)); !ok || err != nil {
				t.Fatalf("known%d: %v %v", i, ok, err)
			}
			if ok, _ := b.Contains(fmt.Sprint("unknown", i)); ok {
				t.Fatalf("unknown%d was found", i)
			}
		}
	}
}

func TestCodes(t *testing.T) {
	seen := map[string]bool{}
	for range 200 {
		c, err := NewCode(rand.Reader)
		if err != nil || len(c) != CodeDigits || CleanCode(c) != c {
			t.Fatal(c, err)
		}
		seen[c] = true
	}
	if len(seen) < 199 {
		t.Error("codes repeat")
	}
	for typed, want := range map[string]string{"1234 5678": "12345678", " 12-34-56-78 ": "12345678", "٠١٢٣٤٥٦٧": "01234567",
		"1234567a": "", "0000 0001": "00000001", strings.Repeat("1", 40): "", "": "", "１２３４５６７８": "12345678"} {
		if got := CleanCode(typed); got != want {
			t.Errorf("%q → %q, want %q", typed, got, want)
		}
	}
	for sent, want := range map[int]time.Duration{1: 30 * time.Second, 2: time.Minute, 3: 2 * time.Minute, 5: 5 * time.Minute, 50: 5 * time.Minute} {
		if got := Cooldown(sent); got != want {
			t.Errorf("after %d codes: %s, want %s", sent, got, want)
		}
	}
	codes, err := RecoveryCodes(rand.Reader)
	if err != nil || len(codes) != 10 {
		t.Fatal(err)
	}
	if CleanRecovery(" "+strings.ToUpper(codes[0])+" ") != CleanRecovery(codes[0]) || len(CleanRecovery(codes[0])) != 10 {
		t.Error(codes[0])
	}
	kept, err := RecoveryVerifier(rand.Reader, "ann", codes[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		verifier   []byte
		user, code string
		want       bool
	}{
		{kept, "ann", codes[0], true}, {kept, "ann", strings.ToUpper(codes[0]), true}, {kept, "bob", codes[0], false},
		{kept, "ann", codes[1], false}, {kept, "ann", "", false}, {nil, "ann", codes[0], false}, {kept[:40], "ann", codes[0], false},
	} {
		if VerifyRecovery(c.verifier, c.user, c.code) != c.want {
			t.Errorf("%s's %q: want %v", c.user, c.code, c.want)
		}
	}
	if again, _ := RecoveryVerifier(rand.Reader, "ann", codes[0]); string(again) == string(kept) {
		t.Error("the same code gives the same verifier")
	}
}

// codeAt is what an authenticator app shows at a time.
func codeAt(secret []byte, at time.Time) string {
	code, err := totp.GenerateCode(TOTPText(secret), at)
	if err != nil {
		return err.Error()
	}
	return code
}

func TestTOTP(t *testing.T) {
	secret := []byte("12345678901234567890") // RFC 6238 appendix B
	at := time.Unix(59, 0)
	if _, ok := VerifyTOTP(secret, "287082", 0, at); !ok {
		t.Fatal("RFC 6238 appendix B")
	}
	now := time.Unix(1_800_000_000, 0)
	code := codeAt(secret, now)
	step, ok := VerifyTOTP(secret, " "+code[:3]+" "+code[3:], 0, now)
	if !ok || step != now.Unix()/30 {
		t.Fatal(step, ok)
	}
	for name, c := range map[string]struct {
		code string
		last int64
		want bool
	}{
		"a step late":        {codeAt(secret, now.Add(-30*time.Second)), 0, true},
		"a step early":       {codeAt(secret, now.Add(30*time.Second)), 0, true},
		"two steps late":     {codeAt(secret, now.Add(-60*time.Second)), 0, false},
		"used before":        {code, step, false},
		"older than used":    {codeAt(secret, now.Add(-30*time.Second)), step, false},
		"newer than used":    {codeAt(secret, now.Add(30*time.Second)), step, true},
		"wrong":              {"000000", 0, false},
		"nothing":            {"", 0, false},
		"too long by digits": {code + "0", 0, false},
	} {
		if _, ok := VerifyTOTP(secret, c.code, c.last, now); ok != c.want {
			t.Errorf("%s: %v", name, ok)
		}
	}
	if u := TOTPURI(secret, "Fern & Hill", "a@example.com"); !strings.HasPrefix(u, "otpauth://totp/Fern%20&%20Hill:a@example.com?") || strings.Contains(u, "+") {
		t.Error(u)
	}
	if b, err := NewTOTP(rand.Reader); err != nil || len(b) != 20 || bytes.Equal(b, make([]byte, 20)) {
		t.Error(b, err)
	}
}
