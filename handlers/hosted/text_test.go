package hosted_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/factor"
	"portico/app/message"
	"portico/app/outbox"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

const phone = "+4915112345678"

// texts gives the codes that were sent to a phone, oldest first.
func (s *site) texts(to string) []string {
	var out []string
	for _, n := range s.notes() {
		if n.To == to && n.Channel == "sms" && n.Kind == message.Code {
			out = append(out, n.Code)
		}
	}
	return out
}

func (s *site) lastText(to string) string {
	s.t.Helper()
	c := s.texts(to)
	if len(c) == 0 {
		s.t.Fatalf("no code was sent to %s", to)
	}
	return c[len(c)-1]
}

func TestTextMessageAsSecondFactor(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAAlways, "sms"))
		s.settings(neverStay)
		u := s.user(anna)
		// The only method needs no choice: the page asks for the number at once.
		b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol).says("Set up codes by text message")
		b.fill("phone", "").at(signin.Enrol).says("Enter your phone number")
		b.fill("phone", "0151 1234").at(signin.Enrol).says("with its country code")
		b.fill("phone", "0151 12345678", "region", "DE").at(signin.Enrol).says("Check your phone").says(phone)
		first := s.lastText(phone)
		if len(first) != factor.CodeDigits {
			t.Errorf("code %q", first)
		}
		// Another number ends the code that went to the one before, and has to wait its turn.
		b.fill("method", factor.SMSCode).at(signin.Enrol).says("Set up codes by text message")
		b.fill("phone", "+351 912 345 678").at(signin.Enrol).says("Please wait").says("912 345 678")
		s.clock.Advance(31 * time.Second)
		b.fill("phone", "+351 912 345 678").at(signin.Enrol).says("+351912345678")
		b.fill("code", first).at(signin.Enrol).says("not the right code")
		s.clock.Advance(61 * time.Second)
		b.fill("method", factor.SMSCode).fill("phone", phone).at(signin.Enrol)
		b.fill("code", "12 34").says("8 digits")
		if g := b.fill("code", s.lastText(phone)).signedIn(); !slices.Contains(g.AMR, "sms") || !slices.Contains(g.AMR, "mfa") || g.ACR != signin.ACRMulti {
			t.Errorf("%+v", g)
		}
		now := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t)
		if now.MobilePhone != phone || len(now.Methods) != 1 || now.Methods[0].Kind != models.KindSMS || now.Methods[0].Name != phone {
			t.Fatalf("registered: %q %+v", now.MobilePhone, now.Methods)
		}
		if !slices.ContainsFunc(s.notes(), func(n message.Note) bool { return n.Kind == message.MethodAdded && n.Method == "sms" && n.To == anna }) {
			t.Error("whose account it is does not hear of the number")
		}

		// Later: nothing is sent unasked, and the number is shown to nobody who does not know it.
		sent := len(s.texts(phone))
		b = s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge).says("+49 ***** 78")
		if len(s.texts(phone)) != sent {
			t.Error("a text was sent unasked")
		}
		if strings.Contains(b.page.body, phone) {
			t.Error("the whole number is shown")
		}
		b.fill("method", factor.SMSCode).at(signin.Challenge).says("+49 ***** 78")
		old := s.lastText(phone)
		b.fill("action", "resend").at(signin.Challenge).says("Please wait")
		s.clock.Advance(31 * time.Second)
		b.fill("action", "resend").at(signin.Challenge).says("sent a new code")
		b.fill("code", old).says("not the right code")
		b.fill("code", s.lastText(phone)).signedIn()
		if m := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t).Methods[0]; m.LastUsedAt.IsZero() {
			t.Error("its use is not noted")
		}
		// A code lasts ten minutes and five tries.
		b = s.browser().start(request{}).fill("email", anna, "password", goodPassword).fill("method", factor.SMSCode)
		late := s.lastText(phone)
		s.clock.Advance(10*time.Minute + time.Second)
		b.fill("code", late).at(signin.Challenge).says("has expired or was used")
	})
}

// R 16.1: text messages are the second factor after a code by mail, and never both by one channel.
func TestTextAfterMailedCode(t *testing.T) {
	s := newSite(t, byCode, mfa(userflow.MFAAlways, "email", "sms"))
	s.settings(neverStay)
	b := s.browser().start(request{Prompt: []string{"create"}}).fill("email", anna).at(signin.Code)
	b.fill("code", s.lastCode(anna)).at(signin.Enrol).says("Set up codes by text message")
	b.fill("phone", phone).at(signin.Enrol)
	g := b.fill("code", s.lastText(phone)).signedIn()
	if want := []string{"mfa", "otp", "sms"}; !slices.Equal(g.AMR, want) {
		t.Errorf("amr %v", g.AMR)
	}
	if u := modelstest.Must(s.tenant.User(t.Context(), g.UserID))(t); u.MobilePhone != phone || len(u.Methods) != 1 {
		t.Errorf("%q %+v", u.MobilePhone, u.Methods)
	}
}

// Codes of one channel never work in place of the other's, and neither does a first factor's.
func TestCodesOfOneChannelStayThere(t *testing.T) {
	s := newSite(t, mfa(userflow.MFAAlways, "email", "sms"))
	s.settings(neverStay)
	u := s.user(anna)
	for kind, name := range map[string]string{models.KindEmail: anna, models.KindSMS: phone} {
		modelstest.Must(s.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: kind, Name: name}))(t)
	}
	b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
	b.fill("method", factor.EmailCode)
	mailed := s.lastCode(anna)
	b.fill("method", factor.SMSCode).at(signin.Challenge)
	b.fill("code", mailed).at(signin.Challenge).says("not the right code")
	b.fill("code", s.lastText(phone)).signedIn()
	// The one used last comes first; the other is one press away.
	b = s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
	if text, mail := strings.Index(b.page.body, `value="sms"`), strings.Index(b.page.body, `value="email"`); text < 0 || mail < text {
		t.Errorf("text at %d, mail at %d", text, mail)
	}
}

func TestTextsToBarredCountries(t *testing.T) {
	s := newSite(t, mfa(userflow.MFAAlways, "sms", "softwareOath"))
	s.settings(neverStay)
	u := s.user(anna)
	const barred = "+93701234567"
	b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol).fill("method", factor.SMSCode)
	b.fill("phone", barred).at(signin.Enrol).says("cannot send text messages to this country").says("+93701234567").says("Confirm another way")
	if n := len(s.texts(barred)); n != 0 {
		t.Errorf("%d texts", n)
	}
	if strings.Contains(b.page.body, ">Afghanistan") {
		t.Error("a country that nothing is sent to is offered")
	}
	if all, by, err := s.tenant.Texts(t.Context(), 1); err != nil || all.Sent != 0 || all.Refused != 1 || len(by) != 1 || by[0].Code != "93" {
		t.Errorf("%+v %+v %v", all, by, err)
	}
	// An admin switches it on, and off again: who has such a number chooses another way.
	s.settings(func(n *tenant.Settings) { n.Methods.SMS.Regions = []string{"93"} })
	b.fill("phone", barred).at(signin.Enrol).fill("code", s.lastText(barred)).signedIn()
	modelstest.Must(s.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Secret: []byte("12345678901234567890")}))(t)
	s.settings(func(n *tenant.Settings) { n.Methods.SMS.Regions = nil })
	b = s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
	b.fill("method", factor.SMSCode).at(signin.Challenge).says("cannot send text messages to this country")
	b.fill("method", factor.TOTP).fill("code", codeAt([]byte("12345678901234567890"), s.clock.Now())).signedIn()
	var seen bool
	for _, r := range s.records() {
		seen = seen || r.Outcome.Key == "text.country" && r.User.ID == u.ID
	}
	if !seen {
		t.Error("the sign-in log does not say that a text was refused")
	}
}

func TestTextsOfADay(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAAlways, "sms"))
		s.settings(neverStay)
		s.settings(func(n *tenant.Settings) { n.Methods.SMS.DailyLimit = 5 })
		var tabs []*browser
		for i := range 12 { // twelve people, five texts
			email := fmt.Sprintf("p%d@example.com", i)
			s.user(email)
			tabs = append(tabs, s.browser().start(request{}).fill("email", email, "password", goodPassword).at(signin.Enrol))
		}
		var wg sync.WaitGroup
		for i, b := range tabs {
			wg.Go(func() { b.fill("phone", fmt.Sprintf("+4915112345%03d", i)) })
		}
		wg.Wait()
		sent := 0
		for _, n := range s.notes() {
			if n.Channel == "sms" {
				sent++
			}
		}
		all, by, err := s.tenant.Texts(t.Context(), 1)
		if err != nil || sent != 5 || all.Sent != 5 || all.Refused != 7 || len(by) != 1 || by[0].Sent != 5 || by[0].Refused != 7 {
			t.Errorf("%d sent; %+v %+v %v", sent, all, by, err)
		}
		refused := slices.IndexFunc(tabs, func(b *browser) bool { return strings.Contains(b.page.body, "cannot send text messages at the moment") })
		if refused < 0 {
			t.Fatal("nobody was told")
		}
		var told []int
		tell := func(_ *models.Tenant, sent int64, share int) error { told = append(told, share); return nil }
		for range 2 {
			if err := s.tenant.TellTexts(t.Context(), 5, tell); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(told, []int{100}) {
			t.Errorf("told %v", told)
		}
		s.clock.Advance(24 * time.Hour) // another day, but another attempt too
		b := s.browser().start(request{}).fill("email", fmt.Sprintf("p%d@example.com", refused), "password", goodPassword).at(signin.Enrol)
		b.fill("phone", fmt.Sprintf("+4915112345%03d", refused)).at(signin.Enrol).says("Check your phone")
	})
}

// A number gets so many texts, whoever asks and whatever the tenant (R 4.4.3).
func TestTextsToOneNumber(t *testing.T) {
	s := newSite(t, mfa(userflow.MFAAlways, "sms"))
	s.settings(neverStay)
	for i := range 16 {
		email := fmt.Sprintf("q%d@example.com", i)
		s.user(email)
		b := s.browser().start(request{}).fill("email", email, "password", goodPassword).at(signin.Enrol).fill("phone", phone).at(signin.Enrol)
		if i < 15 {
			b.says("Check your phone")
		} else {
			b.says("Too many codes were asked for")
		}
	}
}

// TestGuessesInParallel: of 200 guesses at once, no more are compared than a code has tries.
func TestGuessesInParallel(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAAlways, "sms"))
		s.settings(neverStay)
		u := s.user(anna)
		modelstest.Must(s.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindSMS, Name: phone}))(t)
		b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge).fill("method", factor.SMSCode).at(signin.Challenge)
		right := s.lastText(phone)
		var guesses []string
		for i := range 200 {
			if g := fmt.Sprintf("%08d", i); g != right {
				guesses = append(guesses, g)
			}
		}
		var mu sync.Mutex
		wrong, dead := 0, 0
		var wg sync.WaitGroup
		for _, g := range guesses {
			wg.Go(func() {
				p := b.do(b.form(b.page, "code", g))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case strings.Contains(p.body, "not the right code"):
					wrong++
				case strings.Contains(p.body, "has expired or was used"), p.status == 429:
					dead++
				case p.status >= 500:
					t.Errorf("%d", p.status)
				}
			})
		}
		wg.Wait()
		if wrong > factor.CodeTries || wrong+dead < len(guesses) {
			t.Errorf("%d compared, %d refused unseen, of %d", wrong, dead, len(guesses))
		}
		b.fill("code", right).at(signin.Challenge)
	})
}

// A method that the tenant switches off is neither asked for nor offered, and codes are kept out of the outbox of a
// house without a gateway.
func TestMethodsPolicyOnThePages(t *testing.T) {
	s := newSite(t, mfa(userflow.MFAAlways, "sms", "softwareOath", "email"))
	s.settings(neverStay)
	u := s.user(anna)
	modelstest.Must(s.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindSMS, Name: phone}))(t)
	in := func() *browser {
		return s.browser().start(request{}).fill("email", anna, "password", goodPassword)
	}
	in().at(signin.Challenge).says("+49 ***** 78")
	s.settings(func(n *tenant.Settings) { n.Methods.SMS.Off = true })
	b := in().at(signin.Enrol)
	if strings.Contains(b.page.body, `value="sms"`) {
		t.Error("a method that is off is offered")
	}
	b.fill("method", factor.SMSCode).at(signin.Enrol).says("Choose")
	for _, it := range modelstest.Must(s.store.ClaimOutbox(t.Context(), "test", s.clock.Now(), time.Microsecond, 100))(t) {
		if it.Kind == outbox.SMS {
			t.Error("a text is on its way")
		}
	}
}

// One key in two apps is one counter: a code that was used with one of them is used with the other too, whatever the
// browser, and both at once let one in.
func TestACodeOfTwoAppsWithOneKey(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAAlways, "softwareOath"))
		s.settings(neverStay)
		u := s.user(anna)
		secret := []byte("12345678901234567890")
		for _, name := range []string{"Phone", "Tablet"} {
			modelstest.Must(s.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Name: name, Secret: secret}))(t)
		}
		in := func() *browser {
			return s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
		}
		code := codeAt(secret, s.clock.Now())
		in().fill("code", code).signedIn()
		in().fill("code", code).at(signin.Challenge).says("not the right code")
		s.clock.Advance(31 * time.Second)
		code = codeAt(secret, s.clock.Now())
		tabs := []*browser{in(), in(), in(), in(), in(), in()}
		var wg sync.WaitGroup
		for _, b := range tabs {
			wg.Go(func() { b.fill("code", code) })
		}
		wg.Wait()
		won := 0
		for _, b := range tabs {
			if b.page.left != nil {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d got in with one code", won)
		}
		// A clock that is half a minute off will do, one that is two minutes off will not.
		s.clock.Advance(5 * time.Minute)
		in().fill("code", codeAt(secret, s.clock.Now().Add(2*time.Minute))).at(signin.Challenge)
		in().fill("code", codeAt(secret, s.clock.Now().Add(-30*time.Second))).signedIn()
	})
}

// The table of R 4.4.3 counts a number across tenants.
func TestTextsToOneNumberAcrossTenants(t *testing.T) {
	s := newSite(t, mfa(userflow.MFAAlways, "sms"))
	other := modelstest.MustTenant(t, s.store, "")
	stores := models.SignInStores{Store: s.store}
	from := func(tenantID string, i int) error {
		return signin.Sending{Channel: signin.SMS, TenantID: tenantID, Account: fmt.Sprint(i), Destination: phone}.
			Take(t.Context(), stores.SignIns(tenantID), s.store.Sealer().MAC, s.clock.Now())
	}
	for i := range 15 {
		id := s.tenant.ID
		if i%2 == 1 {
			id = other.ID
		}
		if err := from(id, i); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
	}
	if from(s.tenant.ID, 15) == nil || from(other.ID, 16) == nil {
		t.Error("a number gets more than 15 in a quarter of an hour")
	}
	all, _, err := other.Texts(t.Context(), 1)
	if err != nil || all.Sent != 7 || all.Refused != 1 {
		t.Errorf("%+v %v", all, err)
	}
}
