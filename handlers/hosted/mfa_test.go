package hosted_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"html"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"
	"github.com/pquerna/otp/totp"

	"portico/app/factor"
	"portico/app/message"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

var (
	secretText = regexp.MustCompile(`<code dir="ltr">([A-Z2-7 ]{32,48})</code>`)
	codeItem   = regexp.MustCompile(`<li>([a-z2-7]{5}-[a-z2-7]{5})</li>`)
	options    = regexp.MustCompile(`data-[a-z-]*="(\{[^"]*challenge[^"]*\})"`)
)

func totpSecret(t testing.TB, p page) []byte {
	t.Helper()
	m := secretText.FindStringSubmatch(p.body)
	if m == nil {
		t.Fatal("the page shows no key")
	}
	b, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(m[1], " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// codeAt is what an authenticator app shows at a time.
func codeAt(secret []byte, at time.Time) string {
	code, err := totp.GenerateCode(factor.TOTPText(secret), at)
	if err != nil {
		return err.Error()
	}
	return code
}

// TestRecoveryCodesOutliveARotation: what people wrote down works under the next secret too, with the
// former one at hand and, once everything is sealed anew, without.
func TestRecoveryCodesOutliveARotation(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAAlways, "softwareOath"))
		s.settings(neverStay)
		s.user(anna)
		b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol)
		b.fill("code", codeAt(totpSecret(t, b.page), s.clock.Now())).at(signin.Recover)
		codes := codeItem.FindAllStringSubmatch(b.page.body, -1)
		b.fill().signedIn()

		first, next := bytes.Repeat([]byte{7}, 32), bytes.Repeat([]byte{8}, 32) // modelstest seals with the first
		under := func(secret, previous []byte) *models.Store {
			sealer := modelstest.Must(models.NewSealer(secret, previous))(t)
			store := modelstest.Must(models.Open(scratch.DSN, sealer, s.clock.Now))(t)
			t.Cleanup(func() { _ = store.Close() })
			s.base = s.serve(store)
			return store
		}
		use := func(code string) *browser {
			return s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge).
				fill("method", factor.Recovery).at(signin.Challenge).fill("code", code)
		}
		use(codes[0][1]).signedIn()
		rotated := under(next, first)
		use(codes[1][1]).signedIn()
		use(codes[1][1]).says("not the right code")
		if _, err := rotated.Reseal(t.Context()); err != nil {
			t.Fatal(err)
		}
		under(next, nil)
		use(codes[2][1]).signedIn()
		use(codes[0][1]).says("not the right code")
	})
}

// TestHelpDeskCode: a recovery code that the help desk handed out stands in for the second factor in one sign-in,
// and in none after its hour. The person's own codes go on.
func TestHelpDeskCode(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAAlways, "softwareOath"))
		s.settings(neverStay)
		u := s.user(anna)
		b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol)
		b.fill("code", codeAt(totpSecret(t, b.page), s.clock.Now())).at(signin.Recover)
		own := codeItem.FindStringSubmatch(b.page.body)[1]
		b.fill().signedIn()

		handOut := func() string {
			code := modelstest.Must(factor.RecoveryCodes(rand.Reader))(t)[0]
			verifier := modelstest.Must(factor.RecoveryVerifier(rand.Reader, u.ID, code))(t)
			if err := s.tenant.HandOutRecovery(t.Context(), modelstest.Actor(), u, verifier); err != nil {
				t.Fatal(err)
			}
			return code
		}
		use := func(code string) *browser {
			return s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge).
				fill("method", factor.Recovery).at(signin.Challenge).fill("code", code)
		}
		first := handOut()
		if g := use(first).signedIn(); !slices.Contains(g.AMR, "mfa") || g.ACR != signin.ACRMulti {
			t.Errorf("%+v", g)
		}
		use(first).at(signin.Challenge).says("not the right code")
		replaced := handOut()
		second := handOut()
		use(replaced).at(signin.Challenge).says("not the right code")
		s.clock.Advance(models.HandedOut - time.Minute)
		use(second).signedIn()
		third := handOut()
		s.clock.Advance(models.HandedOut)
		use(third).at(signin.Challenge).says("not the right code")
		use(own).signedIn()
	})
}

func TestAuthenticatorApp(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAAlways, "softwareOath"))
		s.settings(neverStay)
		u := s.user(anna)
		b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol)
		secret := totpSecret(t, b.page)
		b.fill("code", "000000").at(signin.Enrol).says("not the right code")
		if string(totpSecret(t, b.page)) != string(secret) {
			t.Fatal("a wrong code changes the key")
		}
		first := codeAt(secret, s.clock.Now())
		b.fill("code", first).at(signin.Recover)
		var codes []string
		for _, m := range codeItem.FindAllStringSubmatch(b.page.body, -1) {
			codes = append(codes, m[1])
		}
		if len(codes) != 10 {
			t.Fatalf("%d recovery codes", len(codes))
		}
		if a := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t); len(a.Methods) != 0 {
			t.Error("something is registered before the end")
		}
		g := b.fill().signedIn()
		if !slices.Contains(g.AMR, "mfa") || g.ACR != signin.ACRMulti {
			t.Errorf("%+v", g)
		}
		if !slices.ContainsFunc(s.notes(), func(n message.Note) bool { return n.Kind == message.MethodAdded && n.Method == "totp" && n.To == anna }) {
			t.Error("whose account it is does not hear of the second factor")
		}
		b.start(request{}).signedIn() // the session has it

		in := func() *browser {
			return s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
		}
		in().fill("code", first).at(signin.Challenge).says("not the right code") // that step is used
		s.clock.Advance(31 * time.Second)
		second := codeAt(secret, s.clock.Now())
		in().fill("code", second).signedIn()
		in().fill("code", second).at(signin.Challenge)

		// Recovery: each code once, in any case and spacing.
		c := in()
		c.fill("method", factor.Recovery).at(signin.Challenge).fill("code", strings.ToUpper(strings.ReplaceAll(codes[3], "-", " ")))
		if g := c.signedIn(); !slices.Contains(g.AMR, "mfa") {
			t.Errorf("%+v", g)
		}
		in().fill("method", factor.Recovery).fill("code", codes[3]).at(signin.Challenge).says("not the right code")

		// One code in many hands.
		s.clock.Advance(31 * time.Second)
		code := codeAt(secret, s.clock.Now())
		var tabs []*browser
		for range 20 {
			tabs = append(tabs, in())
		}
		before := s.issuer.count()
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
			if b.page.status >= 500 {
				t.Errorf("%d", b.page.status)
			}
		}
		if won != 1 {
			t.Errorf("%d of 20 got in with one code; %d grants", won, s.issuer.count()-before)
		}
	})
}

func TestSecondFactorGuessesAreCounted(t *testing.T) {
	s := newSite(t, mfa(userflow.MFAAlways, "softwareOath"))
	s.settings(neverStay)
	s.user(anna)
	b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol)
	secret := totpSecret(t, b.page)
	b.fill("code", codeAt(secret, s.clock.Now())).at(signin.Recover).fill().signedIn()
	s.clock.Advance(31 * time.Second)
	for i := range 10 { // over several attempts and browsers
		c := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
		c.fill("code", "00000"+string(rune('0'+i))).at(signin.Challenge)
	}
	c := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
	c.fill("code", codeAt(secret, s.clock.Now())).at(signin.Challenge).says("Too many wrong tries")
}

func TestEmailAsSecondFactor(t *testing.T) {
	s := newSite(t, mfa(userflow.MFAAlways, "email"))
	s.settings(neverStay)
	// At sign-up the address that was proven is the method, and proving it was showing it.
	b := s.browser().start(request{Prompt: []string{"create"}}).fill("email", anna).at(signin.Code)
	b.fill("code", s.lastCode(anna)).at(signin.ChoosePassword)
	g := b.fill("newPassword", goodPassword).signedIn()
	if !slices.Contains(g.AMR, "mfa") {
		t.Errorf("%+v", g)
	}
	// Later it is asked for, and nothing is sent unasked.
	sent := len(s.codes(anna))
	b = s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
	if len(s.codes(anna)) != sent {
		t.Error("a code was sent unasked")
	}
	b.fill("method", factor.EmailCode).at(signin.Challenge).says("a*****@example.com")
	if strings.Contains(b.page.body, "anna@example.com to") {
		t.Error("the address is shown in full")
	}
	b.fill("code", "00000000").at(signin.Challenge).says("not the right code")
	b.fill("code", s.lastCode(anna)).signedIn()

	// Somebody an admin made has proven no address: they register it first.
	s.user("carl@example.com")
	b = s.browser().start(request{}).fill("email", "carl@example.com", "password", goodPassword).at(signin.Enrol)
	b.fill("method", factor.EmailCode).at(signin.Enrol).fill("code", s.lastCode("carl@example.com")).signedIn()
	s.browser().start(request{}).fill("email", "carl@example.com", "password", goodPassword).at(signin.Challenge)
}

func TestEnrolmentMayBePostponedWhereTheFlowSaysSo(t *testing.T) {
	s := newSite(t, mfa(userflow.MFAConditional, "softwareOath", "fido2"))
	s.settings(neverStay)
	s.user(anna)
	b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol)
	b.fill("action", "skip").at(signin.Enrol) // not offered, so it changes nothing
	b.fill("method", "nonsense").at(signin.Enrol)
	b.fill("method", factor.TOTP).at(signin.Enrol)
	totpSecret(t, b.page)
	b.fill("action", "back").at(signin.Enrol)
	if secretText.MatchString(b.page.body) {
		t.Error("back leads to the choice")
	}
	s.publish(func(f *userflow.Flow) { f.MFA.MayPostpone = true })
	b.get(b.page.at).at(signin.Enrol)
	b.fill("action", "skip").at(signin.Enrol) // the attempt goes on with the flow it began with
	b = s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol).says("Not now")
	b.fill("action", "skip").signedIn()
}

func TestPortalSignIn(t *testing.T) {
	s := newSite(t, mfa(userflow.MFAAlways, "softwareOath", "fido2"), closed, func(f *userflow.Flow) { f.ID = userflow.Administrators })
	// Another flow, whatever its id, is never the portal's.
	for _, id := range []string{"00000000-0000-4000-8000-000000000000", "ffffffff-ffff-4fff-bfff-ffffffffffff"} {
		modelstest.Must(s.tenant.CreateFlow(t.Context(), modelstest.Actor(), userflow.Flow{ID: id, Name: id, SignUpMethod: userflow.EmailCode, SignUpAllowed: true,
			MFA: userflow.MFA{Enforcement: userflow.MFAOff}}))(t)
	}
	s.user(anna)
	b := s.browser().start(request{Protocol: signin.Portal}).at(signin.SignIn)
	if strings.Contains(b.page.body, `name="stay"`) {
		t.Error("the portal never offers to stay signed in")
	}
	b.fill("email", anna, "password", goodPassword).at(signin.Enrol).fill("method", factor.TOTP)
	b.fill("code", codeAt(totpSecret(t, b.page), s.clock.Now())).at(signin.Recover).fill().signedIn()
}

// authenticator is a passkey provider in software: ES256, no attestation, user verified.
type authenticator struct {
	key     *ecdsa.PrivateKey
	id      []byte
	user    []byte
	origin  string
	counter uint32
	flags   byte
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (a *authenticator) data(rp string, attested []byte) []byte {
	hash := sha256.Sum256([]byte(rp))
	a.counter++
	out := append(hash[:], a.flags|map[bool]byte{true: 0x40}[attested != nil])
	out = binary.BigEndian.AppendUint32(out, a.counter)
	return append(out, attested...)
}

func (a *authenticator) client(kind, challenge string) []byte {
	b, _ := json.Marshal(map[string]any{"type": kind, "challenge": challenge, "origin": a.origin, "crossOrigin": false})
	return b
}

type ceremony struct {
	Challenge string `json:"challenge"`
	RPID      string `json:"rpId"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
	PublicKey              *ceremony `json:"publicKey"`
	UserVerification       string    `json:"userVerification"`
	AuthenticatorSelection struct {
		UserVerification string `json:"userVerification"`
	} `json:"authenticatorSelection"`
}

func asked(t testing.TB, p page) ceremony {
	t.Helper()
	m := options.FindStringSubmatch(p.body)
	if m == nil {
		t.Fatal("the page asks for no passkey")
	}
	var c ceremony
	if err := json.Unmarshal([]byte(html.UnescapeString(m[1])), &c); err != nil {
		t.Fatal(err)
	}
	if c.PublicKey != nil {
		return *c.PublicKey
	}
	return c
}

func (a *authenticator) create(t testing.TB, c ceremony) string {
	t.Helper()
	var err error
	if a.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
		t.Fatal(err)
	}
	a.id = make([]byte, 32)
	rand.Read(a.id)
	if a.user, err = base64.RawURLEncoding.DecodeString(c.User.ID); err != nil {
		t.Fatal(err)
	}
	point, err := a.key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	cose, err := webauthncbor.Marshal(map[int]any{1: 2, 3: -7, -1: 1, -2: point[1:33], -3: point[33:]})
	if err != nil {
		t.Fatal(err)
	}
	attested := make([]byte, 16)
	attested = binary.BigEndian.AppendUint16(attested, uint16(len(a.id)))
	attested = append(append(attested, a.id...), cose...)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": a.data(c.RP.ID, attested)})
	if err != nil {
		t.Fatal(err)
	}
	return a.answer(map[string]any{"clientDataJSON": b64(a.client("webauthn.create", c.Challenge)), "attestationObject": b64(object), "transports": []string{"internal"}})
}

func (a *authenticator) get(t testing.TB, c ceremony) string {
	t.Helper()
	data, client := a.data(c.RPID, nil), a.client("webauthn.get", c.Challenge)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(slices.Clone(data), hash[:]...))
	sig, err := ecdsa.SignASN1(rand.Reader, a.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	return a.answer(map[string]any{"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(sig), "userHandle": b64(a.user)})
}

func (a *authenticator) answer(response map[string]any) string {
	b, _ := json.Marshal(map[string]any{"id": b64(a.id), "rawId": b64(a.id), "type": "public-key", "response": response,
		"clientExtensionResults": map[string]any{}, "authenticatorAttachment": "platform"})
	return string(b)
}

func TestPasskey(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, mfa(userflow.MFAAlways, "fido2"))
		s.settings(neverStay)
		s.user(anna)
		a := &authenticator{origin: s.base, flags: 0x05}
		b := s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Enrol)
		c := asked(t, b.page)
		if c.RP.ID != "localhost" || c.AuthenticatorSelection.UserVerification != "required" {
			t.Errorf("%+v", c)
		}
		b.fill("credential", "{}").at(signin.Enrol).says("could not be checked")
		weak := &authenticator{origin: s.base, flags: 0x01} // present, but not verified
		b.fill("credential", weak.create(t, c)).at(signin.Enrol)
		far := &authenticator{origin: "https://evil.example", flags: 0x05}
		b.fill("credential", far.create(t, c)).at(signin.Enrol)
		g := b.fill("credential", a.create(t, c)).at(signin.Recover).fill().signedIn()
		if !slices.Equal(g.AMR, []string{"fido", "mfa", "pwd"}) {
			t.Errorf("%v", g.AMR)
		}

		in := func() *browser {
			return s.browser().start(request{}).fill("email", anna, "password", goodPassword).at(signin.Challenge)
		}
		one := in()
		c = asked(t, one.page)
		if c.UserVerification != "required" {
			t.Errorf("%+v", c)
		}
		answer := a.get(t, c)
		two := in()
		two.fill("credential", answer).at(signin.Challenge).says("could not be checked") // another attempt's challenge
		one.fill("credential", answer).signedIn()
		a.counter = 0 // a copy that lags behind
		three := in()
		three.fill("credential", a.get(t, asked(t, three.page))).at(signin.Challenge)
		a.counter = 50
		three.fill("credential", a.get(t, asked(t, three.page))).signedIn()
	})
}
