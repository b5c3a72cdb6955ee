package hosted_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/factor"
	"portico/app/record"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// plain takes out of a page what differs between any two attempts: ids, verifiers, and the address.
func plain(p page, email string) string {
	s := regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`).ReplaceAllString(p.body, "ID")
	s = regexp.MustCompile(`name="proof" value="[^"]*"`).ReplaceAllString(s, `name="proof"`)
	return fmt.Sprint(p.status, " ", p.header.Get("Retry-After"), "\n", strings.ReplaceAll(s, email, "ADDRESS"))
}

// Everything that somebody without the mailbox can do shows the same bytes and the same status for an
// address that has an account and for one that has none.
func TestNobodyLearnsWhoHasAnAccount(t *testing.T) {
	const stranger = "nora@example.com" // as long as anna's
	for name, c := range map[string]struct {
		flow  []func(*userflow.Flow)
		steps [][]string // the forms, EMAIL standing for the address
	}{
		"one form, wrong password": {nil, [][]string{{"email", "EMAIL", "password", "wrong one"}, {"email", "EMAIL", "password", "wrong two"}}},
		"one form, sign-up off":    {[]func(*userflow.Flow){closed}, [][]string{{"email", "EMAIL", "password", "wrong one"}}},
		"two pages":                {[]func(*userflow.Flow){bothWays}, [][]string{{"email", "EMAIL"}, {"password", "wrong"}, {"action", "code"}, {"code", "00000000"}, {"action", "resend"}}},
		"two pages, sign-up off":   {[]func(*userflow.Flow){bothWays, closed}, [][]string{{"email", "EMAIL"}, {"action", "code"}, {"code", "00000000"}}},
		"code":                     {[]func(*userflow.Flow){byCode}, [][]string{{"email", "EMAIL"}, {"code", "00000000"}, {"code", "12"}, {"code", ""}, {"action", "resend"}}},
		"code, sign-up off":        {[]func(*userflow.Flow){byCode, closed}, [][]string{{"email", "EMAIL"}, {"code", "00000000"}, {"action", "resend"}}},
		"five wrong codes":         {[]func(*userflow.Flow){byCode, closed}, [][]string{{"email", "EMAIL"}, {"code", "00000000"}, {"code", "00000001"}, {"code", "00000002"}, {"code", "00000003"}, {"code", "00000004"}, {"code", "00000005"}}},
		"sign-up":                  {nil, [][]string{{"action", "signUp"}, {"email", "EMAIL"}, {"code", "00000000"}, {"action", "resend"}}},
		"ten wrong passwords":      {nil, tenTimes()},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, c.flow...)
			s.user(anna)
			known, unknown := s.browser().start(request{}), s.browser().start(request{})
			for i, form := range c.steps {
				with := func(email string) []string {
					out := make([]string, len(form))
					for i, v := range form {
						out[i] = strings.ReplaceAll(v, "EMAIL", email)
					}
					return out
				}
				known.fill(with(anna)...)
				unknown.fill(with(stranger)...)
				if a, b := plain(known.page, anna), plain(unknown.page, stranger); a != b {
					t.Fatalf("form %d tells them apart:\n%s", i+1, firstDifference(a, b))
				}
			}
			// The same is written for both, so that time tells nothing either; only the real one is delivered.
			to := map[string]int{}
			for _, n := range s.notes() {
				to[n.To]++
			}
			if to[anna] != to[stranger] {
				t.Errorf("queued mail differs: %v", to)
			}
			rec := map[string]int{}
			for _, r := range s.records() {
				rec[r.Identifier]++
			}
			if rec[anna] != rec[stranger] {
				t.Errorf("records differ: %v", rec)
			}
		})
	}
}

func tenTimes() (out [][]string) {
	for i := range 12 {
		out = append(out, []string{"email", "EMAIL", "password", fmt.Sprint("wrong ", i)})
	}
	return out
}

func firstDifference(a, b string) string {
	i := 0
	for i < len(a) && i < len(b) && a[i] == b[i] {
		i++
	}
	cut := func(s string) string { return s[max(0, i-100):min(len(s), i+200)] }
	return cut(a) + "\n———\n" + cut(b)
}

func TestAnUnknownAddressGetsNoMailWhenSignUpIsOff(t *testing.T) {
	s := newSite(t, byCode, closed)
	s.browser().start(request{}).fill("email", "nora@example.com").at(signin.Code)
	if n := s.notes(); len(n) != 1 || !n[0].Decoy {
		t.Errorf("%+v", n)
	}
}

// 200 parallel consumers of one code over two instances: one success, on both engines.
func TestOneCodeManyHands(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, byCode)
		s.settings(neverStay)
		second := s.serve(scratch.Again(t))
		b := s.browser().start(request{}).fill("email", anna).at(signin.Code)
		code := s.lastCode(anna)
		var wg sync.WaitGroup
		var mu sync.Mutex
		won := 0
		for i := range 200 {
			wg.Go(func() {
				one := *b
				p := b.page
				if i%2 == 1 {
					p.at = strings.Replace(p.at, b.base, second, 1)
				}
				r := one.form(p, "code", code)
				if i%2 == 1 { // the same browser, as a proxy would send it
					r.Header.Set("Origin", second)
				}
				for _, c := range b.client.Jar.Cookies(mustURL(b.base)) {
					r.AddCookie(c)
				}
				got := one.do(r)
				mu.Lock()
				defer mu.Unlock()
				if got.left != nil && got.left.Query().Get("code") != "" {
					won++
				}
				if got.status >= 500 {
					t.Errorf("%d", got.status)
				}
			})
		}
		wg.Wait()
		if won != 1 || s.issuer.count() < 1 {
			t.Errorf("%d successes", won)
		}
		if n := modelstest.Must(s.tenant.CountUsers(t.Context()))(t); n != 1 {
			t.Errorf("%d accounts", n)
		}
		success := 0
		for _, r := range s.records() {
			if r.Outcome.Result == record.Success {
				success++
			}
		}
		if success != 1 {
			t.Errorf("%d records of success", success)
		}
	})
}

func mustURL(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil {
		panic(err)
	}
	return u
}

// Two people (or one in two tabs) sign up with one address: one account, and the other is told.
func TestOneAddressTwoSignUps(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		var tabs []*browser
		for range 2 {
			b := s.browser().start(request{Prompt: []string{"create"}}).fill("email", anna).at(signin.Code)
			tabs = append(tabs, b.fill("code", s.lastCode(anna)).at(signin.ChoosePassword).fill("newPassword", goodPassword).at(signin.AskStay))
		}
		var wg sync.WaitGroup
		for _, b := range tabs {
			wg.Go(func() { b.fill("action", "no") })
		}
		wg.Wait()
		if n := modelstest.Must(s.tenant.CountUsers(t.Context()))(t); n != 1 {
			t.Fatalf("%d accounts", n)
		}
		signedIn := 0
		for _, b := range tabs {
			if b.page.left != nil {
				signedIn++
			} else if b.at(signin.Password); b.page.status != 200 {
				t.Errorf("%d", b.page.status)
			}
		}
		if signedIn != 1 {
			t.Errorf("%d of two signed up", signedIn)
		}
	})
}

func TestWrongPasswordsLock(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		s.settings(neverStay)
		s.user(anna)
		home := s.browser()
		home.start(request{}).fill("email", anna, "password", goodPassword).signedIn() // the owner's browser

		b := s.browser().start(request{})
		for range 15 { // the same wrong password is no attack
			b.fill("email", anna, "password", "my old password").at(signin.SignIn).says("Check your email address and password")
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		said := map[string]int{}
		for i := range 200 { // an attack from another place, all at once
			wg.Go(func() {
				one := *b
				p := one.do(one.form(b.page, "email", anna, "password", fmt.Sprint("guess ", i)))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case strings.Contains(p.body, "Too many wrong tries"):
					said["locked"]++
				case strings.Contains(p.body, "Check your email address and password"):
					said["wrong"]++
				default:
					said[fmt.Sprint(p.status, p.title())]++
				}
			})
		}
		wg.Wait()
		if said["wrong"] > 10 || said["wrong"]+said["locked"] != 200 {
			t.Errorf("%v: more guesses than ten were verified", said)
		}
		b.fill("email", anna, "password", goodPassword).at(signin.SignIn).says("Too many wrong tries. Please wait 1 minute and try again")
		if b.page.status != 429 || b.page.header.Get("Retry-After") == "" {
			t.Errorf("%d", b.page.status)
		}
		// The owner is not locked out at home (R 14.1.3).
		home.start(request{Prompt: []string{"login"}}).fill("email", anna, "password", goodPassword).signedIn()
		s.clock.Advance(61 * time.Second)
		b.fill("email", anna, "password", goodPassword).signedIn()

		folded := 0
		for _, r := range s.records() {
			if r.Outcome.Result == record.Failure {
				folded += r.Count
			}
		}
		if folded != 200+15+1 {
			t.Errorf("%d failures are in the log", folded)
		}
	})
}

func TestANewPasswordUnlocks(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	u := s.user(anna)
	b := s.browser().start(request{})
	for i := range 11 {
		b.fill("email", anna, "password", fmt.Sprint("guess ", i))
	}
	b.at(signin.SignIn).says("Too many wrong tries")
	hash := modelstest.Must(s.hasher.Hash(t.Context(), "given by an admin"))(t)
	if err := s.tenant.SetPassword(t.Context(), modelstest.Actor(), u.ID, models.PasswordChange{Hash: hash}); err != nil {
		t.Fatal(err)
	}
	b.fill("email", anna, "password", "given by an admin").signedIn()
}

func TestCodeRules(t *testing.T) {
	s := newSite(t, byCode)
	s.settings(neverStay)
	b := s.browser().start(request{}).fill("email", anna).at(signin.Code)
	first := s.lastCode(anna)
	b.fill("action", "resend").at(signin.Code).says("Please wait 3")
	s.clock.Advance(31 * time.Second)
	b.fill("action", "resend").at(signin.Code).says("We have sent a new code")
	b.fill("code", first).at(signin.Code).says("not the right code") // the newer one replaced it
	s.clock.Advance(10 * time.Minute)
	b.fill("code", s.lastCode(anna)).at(signin.Code).says("expired")
	b.fill("action", "resend").at(signin.Code)
	for i := range 5 {
		b.fill("code", fmt.Sprintf("%08d", i)).at(signin.Code)
	}
	b.fill("code", s.lastCode(anna)).at(signin.Code).says("expired") // burnt by five tries
	s.clock.Advance(5 * time.Minute)
	b.fill("action", "resend").at(signin.Code).fill("code", s.lastCode(anna)).signedIn()

	// A code of one attempt is none of another.
	s.clock.Advance(time.Minute)
	one := s.browser().start(request{}).fill("email", anna).at(signin.Code)
	code := s.lastCode(anna)
	two := s.browser().start(request{}).fill("email", anna).at(signin.Code)
	two.fill("code", code).at(signin.Code).says("not the right code")
	one.fill("code", code).signedIn()
}

func TestMailToOneAddressIsLimitedAcrossTenants(t *testing.T) {
	s := newSite(t, byCode)
	other := newSiteOn(t, s.scratch, byCode)
	sent := 0
	for i := range 20 {
		at := []*site{s, other}[i%2]
		b := at.browser().start(request{}).fill("email", "victim@example.com")
		if b.page.step() == string(signin.Code) {
			sent++
		} else {
			b.at(signin.Identify).says("Too many codes were asked for").says(`value="victim@example.com"`)
		}
	}
	if sent != 15 {
		t.Errorf("%d codes in a quarter of an hour", sent)
	}
}

func TestStrangersCannotGrowTheLockTable(t *testing.T) {
	s := newSite(t)
	b := s.browser().start(request{})
	for i := range 30 {
		b.fill("email", fmt.Sprintf("nobody%d@example.com", i), "password", "x")
	}
	s.clock.Advance(72 * time.Hour)
	if err := s.store.PurgeAttempts(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestBadInput(t *testing.T) {
	s := newSite(t)
	b := s.browser().start(request{})
	for email, words := range map[string]string{"": "Enter your email address", "no address": "like name@example.com", "a@b": "like name@example.com",
		"a\xff@example.com": "like name@example.com", strings.Repeat("a", 300) + "@example.com": "like name@example.com", "<script>@example.com": "like name@example.com"} {
		b.fill("email", email, "password", "x").at(signin.SignIn).says(words)
		if b.page.status != 422 {
			t.Errorf("%q: %d", email, b.page.status)
		}
		if strings.Contains(b.page.body, "<script>@") {
			t.Error("typed text is not escaped")
		}
	}
	b.fill("email", anna, "password", "").at(signin.SignIn).says("Enter your password")
	b.fill("email", anna, "password", strings.Repeat("x", 5000)).at(signin.SignIn)
	if p := b.do(b.form(b.page, "email", anna, "password", strings.Repeat("x", 5_000_000))); p.status != 413 {
		t.Errorf("oversize: %d", p.status)
	}
	if p := s.browser().get(s.base + "/nowhere/signin/x").page; p.status != 404 {
		t.Errorf("unknown tenant: %d", p.status)
	}
}

// When every core hashes and the waiting room is full, the rest is told to come back; nothing is lost.
func TestOverload(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.hasher = factor.NewHasher(factor.Argon{MemoryKiB: 8 << 10, Time: 3, Threads: 1}, 1, 2)
	s.user(anna)
	base := s.serve(s.store)
	var tabs []*browser
	for i := range 24 {
		s.user(fmt.Sprintf("person%d@example.com", i))
		b := s.browser()
		b.base = base
		tabs = append(tabs, b.start(request{}).at(signin.SignIn))
	}
	var wg sync.WaitGroup
	for i, b := range tabs {
		wg.Go(func() { b.fill("email", fmt.Sprintf("person%d@example.com", i), "password", goodPassword) })
	}
	wg.Wait()
	in, busy := 0, 0
	for _, b := range tabs {
		switch {
		case b.page.left != nil:
			in++
		case b.page.status == 503 && b.page.header.Get("Retry-After") != "":
			busy++
		}
	}
	if in == 0 || in+busy != len(tabs) {
		t.Errorf("%d in, %d told to come back, of %d", in, busy, len(tabs))
	}
	b := s.browser()
	b.base = base
	b.start(request{}).fill("email", anna, "password", goodPassword).signedIn() // nobody was locked out by it
}

// A lock says how long it still lasts, the same for an address that nobody has.
func TestALockSaysHowLong(t *testing.T) {
	s := newSite(t)
	s.settings(func(n *tenant.Settings) { n.LockoutThreshold, n.LockoutSeconds = 3, 300 })
	s.user(anna)
	for _, email := range []string{anna, "nobody@example.com"} {
		b := s.browser().start(request{})
		for i := range 3 {
			b.fill("email", email, "password", fmt.Sprint("guess ", i)).at(signin.SignIn)
		}
		b.fill("email", email, "password", "guess 4").says("Please wait 5 minutes and try again")
		s.clock.Advance(150 * time.Second)
		b.fill("email", email, "password", "guess 5").says("Please wait 3 minutes and try again")
	}
}
