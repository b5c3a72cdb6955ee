package account_test

import (
	"encoding/base32"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/factor"
	"portico/app/federation"
	"portico/app/record"
	"portico/app/session"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func TestMethodsListsWhatIsThereAndNothingSecret(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	if _, err := h.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Name: "My <phone>", Secret: []byte("very secret")}); err != nil {
		t.Fatal(err)
	}
	a := must(t, h.own(u.ID).get("/methods"), 200, "Password", "ann@example.com", "My <phone>", "Add a phone number", "Create a passkey", "No codes left")
	if strings.Contains(a.body, "secret") || strings.Contains(a.body, "<phone>") {
		t.Error("a secret, or a name that is no text")
	}
}

// A linked account is shown by its provider's name, and goes only when another way in is left.
func TestLinkedAccountsAreListedAndUnlinked(t *testing.T) {
	h := newHouse(t)
	ctx, actor := t.Context(), modelstest.Actor()
	p := modelstest.Must(h.tenant.CreateProvider(ctx, actor, federation.Provider{Kind: federation.OpenID, Name: "Harbour", Enabled: true, ClientID: "us", Issuer: "https://harbour.example"},
		models.ProviderSecret{Client: "a secret of 1234"}, func(federation.Provider, bool, bool) error { return nil }))(t)
	flow := modelstest.Must(h.tenant.Flows(ctx))(t)[0]
	modelstest.Must(h.tenant.PublishFlow(ctx, actor, flow.ID, func(f *userflow.Flow) error {
		f.Providers, f.SignInMethods, f.SignUpMethod = []string{p.ID}, []userflow.Method{userflow.EmailPassword}, userflow.EmailPassword
		return nil
	}))(t)
	made := models.User{Account: account.Account{DisplayName: "Mira", Enabled: true, Mail: "mira@harbour.example", Identities: []account.Identity{
		{SignInType: account.SignInEmail, Value: "mira@harbour.example"}, {SignInType: account.SignInFederated, Issuer: "https://harbour.example", Value: "1"}}}}
	u := modelstest.Must(h.tenant.CreateUser(ctx, actor, made, ""))(t)
	v := h.own(u.ID)
	must(t, v.get("/methods"), 200, "Connected accounts", "Harbour", "Disconnect")
	linked := func() string {
		for _, i := range modelstest.Must(h.tenant.WaysOf(ctx, u.ID))(t).Identities {
			if i.Kind == account.SignInFederated {
				return i.ID
			}
		}
		return ""
	}
	at := "/methods/identities/" + linked() + "/remove"
	must(t, v.get(at), 200, "You can no longer sign in here with Harbour.")
	must(t, v.post(at), 422, "Add a password first")
	if linked() == "" {
		t.Fatal("the only way in is gone")
	}
	hash := modelstest.Must(h.hasher.Hash(ctx, goodPassword))(t)
	if err := h.tenant.SetPassword(ctx, actor, u.ID, models.PasswordChange{Hash: hash}); err != nil {
		t.Fatal(err)
	}
	v = h.own(u.ID)
	must(t, v.post("/methods/password/remove"), 303) // Harbour is a way in
	must(t, v.post(at), 422)
	if err := h.tenant.SetPassword(ctx, actor, u.ID, models.PasswordChange{Hash: hash}); err != nil {
		t.Fatal(err)
	}
	must(t, h.own(u.ID).post(at), 303)
	if linked() != "" {
		t.Error("it is still linked")
	}
	if told := h.told(); !slices.Contains(told, "method_removed.federated mail mira@harbour.example") {
		t.Error(told)
	}
}

func TestEveryChangeWantsAFreshProofAndAToken(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	v := h.own(u.ID)
	token := v.token()
	for _, path := range []string{"/methods/password", "/methods/totp", "/methods/passkey", "/methods/recovery", "/methods/email", "/methods/phone", "/methods/password/remove", "/devices/others"} {
		if a := v.do(http.MethodPost, path, url.Values{"newPassword": {"another good one 1"}}); a.status != http.StatusForbidden {
			t.Errorf("%s without its token: %d", path, a.status)
		}
	}
	h.clock.Advance(5 * time.Minute)
	for _, path := range []string{"/methods/password", "/methods/password/remove", "/methods/totp", "/methods/passkey", "/methods/recovery", "/methods/recovery.txt", "/methods/email", "/methods/phone", "/methods/second/x", "/activity/x/report", "/apps/x/remove"} {
		if a := v.get(path); !asked(a) {
			t.Errorf("GET %s: %d %s", path, a.status, a.to)
		}
	}
	for _, path := range []string{"/methods/password", "/methods/totp", "/methods/email", "/methods/email/code", "/methods/phone/remove", "/devices/others", "/devices/x/end", "/activity/x/report", "/apps/x/remove", "/methods/second/x/remove", "/methods/identities/x/remove"} {
		if a := v.do(http.MethodPost, path, url.Values{"_csrf": {token}}); !asked(a) {
			t.Errorf("POST %s: %d %s", path, a.status, a.to)
		}
	}
}

func TestChangePassword(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	here, there := h.own(u.ID), h.own(u.ID)
	mine, theirs := h.grant(u.ID, here.sid), h.grant(u.ID, there.sid)
	stolen := here.cookie[h.slug+"-session"]

	must(t, here.post("/methods/password", "password", "", "newPassword", ""), 422, "Enter your password", "Enter a new password")
	must(t, here.post("/methods/password", "password", "wrong", "newPassword", "another good one 1"), 422, "not your present password")
	must(t, here.post("/methods/password", "password", goodPassword, "newPassword", "12345678"), 422, "easy to guess")
	must(t, here.post("/methods/password", "password", goodPassword, "newPassword", goodPassword), 422, "not used before")
	a := must(t, here.post("/methods/password", "password", goodPassword, "newPassword", " another good one 1 ", "elsewhere", "yes"), 303)
	if a.cookie == "" || a.cookie == stolen {
		t.Error("the session has its old secret")
	}
	must(t, here.get("/methods"), 200, "Your password is changed")
	if !asked(there.get("/methods")) {
		t.Error("another device is still signed in")
	}
	thief := &visitor{h: h, slug: h.slug, cookie: map[string]string{h.slug + "-session": stolen}}
	if !asked(thief.get("/methods")) {
		t.Error("a copied cookie still works")
	}
	if h.works(theirs) || !h.works(mine) {
		t.Errorf("refresh tokens: elsewhere %v, here %v", h.works(theirs), h.works(mine))
	}
	if told := h.told(); !slices.Contains(told, "password_changed mail ann@example.com") {
		t.Error(told)
	}
	hash := modelstest.Must(h.tenant.Password(t.Context(), u.ID))(t)
	if ok, _, err := h.hasher.Verify(t.Context(), hash, " another good one 1 "); !ok || err != nil {
		t.Error("blanks at the ends are part of a password")
	}
}

func TestWrongOldPasswordsLockTheFormAndNotTheSignIn(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	v := h.own(u.ID)
	for i := range 10 {
		must(t, v.post("/methods/password", "password", "guess number "+string(rune('a'+i)), "newPassword", "another good one 1"), 422)
	}
	must(t, v.post("/methods/password", "password", goodPassword, "newPassword", "another good one 1"), 429, "minute")
	h.clock.Advance(61 * time.Second)
	must(t, v.post("/methods/password", "password", goodPassword, "newPassword", "another good one 1"), 303)
}

func TestThePasswordGoesOnlyWhenAnotherWayIsLeft(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	v := h.own(u.ID)
	must(t, v.post("/methods/password/remove"), 422, "Some apps here take a password only")
	if !h.reload(u.ID).HasPassword {
		t.Fatal("it is gone")
	}
	h = newHouse(t, bothWays)
	u = h.person("ann@example.com")
	v = h.own(u.ID)
	must(t, v.post("/methods/password/remove"), 303)
	if h.reload(u.ID).HasPassword {
		t.Error("it is still there")
	}
	if told := h.told(); !slices.Contains(told, "method_removed.password mail ann@example.com") {
		t.Error(told)
	}
	must(t, v.post("/methods/password", "newPassword", "another good one 1"), 303)
	if told := h.told(); !h.reload(u.ID).HasPassword || !slices.Contains(told, "method_added.password mail ann@example.com") {
		t.Error(told)
	}
}

func TestAuthenticatorApp(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	v := h.own(u.ID)
	a := must(t, v.get("/methods/totp"), 200, "Scan the picture")
	key := regexp.MustCompile(`<code dir="ltr">([A-Z2-7 ]+)</code>`).FindStringSubmatch(a.body)
	if key == nil {
		t.Fatal("no key")
	}
	if b := v.get("/methods/totp"); !strings.Contains(b.body, key[1]) {
		t.Error("looking twice makes another key")
	}
	secret := modelstest.Must(base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(key[1], " ", "")))(t)
	must(t, v.post("/methods/totp", "code", "000000", "name", "My phone"), 422, "not the right code")
	if !strings.Contains(v.post("/methods/totp", "code", "000000", "name", "My phone").body, `value="My phone"`) {
		t.Error("the name is lost")
	}
	code := factor.TOTPCode(secret, h.clock.Now())
	done := must(t, v.post("/methods/totp", "code", code, "name", "My phone"), 303)
	if !strings.HasSuffix(done.to, "/methods/recovery") || done.cookie == "" {
		t.Errorf("%+v", done)
	}
	must(t, v.post("/methods/totp", "code", code), 410) // nothing is pending any more
	creds := modelstest.Must(h.tenant.Credentials(t.Context(), u.ID, models.KindTOTP))(t)
	if len(creds) != 1 || creds[0].Name != "My phone" || creds[0].Counter == 0 {
		t.Fatalf("%+v", creds)
	}
	if used, _ := h.tenant.UseStep(t.Context(), creds[0].ID, creds[0].Counter); used {
		t.Error("the code that set it up can be shown again")
	}
	if told := h.told(); !slices.Contains(told, "method_added.totp mail ann@example.com") {
		t.Error(told)
	}
	must(t, v.post("/methods/second/"+creds[0].ID, "name", "  Work phone "), 303)
	must(t, v.get("/methods"), 200, "Work phone")
	must(t, v.post("/methods/second/"+creds[0].ID, "name", ""), 422, "Enter a name")
	must(t, v.post("/methods/second/"+creds[0].ID+"/remove"), 303)
	if told := h.told(); !slices.Contains(told, "method_removed.totp mail ann@example.com") || len(h.reload(u.ID).Methods) != 0 {
		t.Error(told)
	}
	must(t, v.post("/methods/second/"+creds[0].ID+"/remove"), 404)
}

func TestRemovingWhatAnAppAlwaysAsksForSaysSo(t *testing.T) {
	h := newHouse(t, func(f *userflow.Flow) {
		f.MFA = userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"softwareOath"}}
	})
	u := h.person("ann@example.com")
	id := modelstest.Must(h.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Secret: []byte("x")}))(t)
	must(t, h.own(u.ID).get("/methods/second/"+id+"/remove"), 200, "you set one up again")
	other := modelstest.Must(h.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Secret: []byte("y")}))(t)
	if a := h.own(u.ID).get("/methods/second/" + other + "/remove"); strings.Contains(a.text(), "set one up again") {
		t.Error("another one is left")
	}
}

func TestRecoveryCodesReplaceTheFormerSet(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	v := h.own(u.ID)
	must(t, v.get("/methods/recovery"), 404) // nothing that they stand in for
	modelstest.Must(h.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Secret: []byte("x")}))(t)
	modelstest.Must(h.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindRecovery, Secret: []byte("old")}))(t)
	codes := regexp.MustCompile(`<li>([a-z2-7]{5}-[a-z2-7]{5})</li>`).FindAllStringSubmatch(v.get("/methods/recovery").body, -1)
	if len(codes) != 10 || !strings.Contains(v.get("/methods/recovery.txt").body, codes[3][1]) {
		t.Fatal(codes)
	}
	left := modelstest.Must(h.tenant.Credentials(t.Context(), u.ID, models.KindRecovery))(t)
	if len(left) != 1 {
		t.Error("a page that was only looked at has replaced the codes")
	}
	must(t, v.post("/methods/recovery"), 303)
	left = modelstest.Must(h.tenant.Credentials(t.Context(), u.ID, models.KindRecovery))(t)
	if len(left) != 10 || !factor.VerifyRecovery(left[0].Secret, u.ID, codes[0][1]) {
		t.Errorf("%d codes", len(left))
	}
	must(t, v.post("/methods/recovery"), 303) // pressed twice
	if b := v.get("/methods/recovery.txt"); strings.Contains(b.body, codes[3][1]) {
		t.Error("the codes are shown again")
	}
}

func TestChangeEmail(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	modelstest.Must(h.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindEmail, Name: "ann@example.com"}))(t)
	here, there := h.own(u.ID), h.own(u.ID)
	of := modelstest.Must(h.tenant.WaysOf(t.Context(), u.ID))(t).Identities[0].ID

	must(t, here.post("/methods/email", "of", of, "email", "not an address"), 422, "email address")
	must(t, here.post("/methods/email", "of", of, "email", "ANN@example.com"), 422, "your address already")
	must(t, here.post("/methods/email", "of", of, "email", "Ann.New@Example.org"), 303)
	must(t, here.get("/methods/email/code"), 200, "Ann.New@Example.org")
	code := h.code("Ann.New@Example.org")
	wrong := "1" + code[1:]
	if wrong == code {
		wrong = "2" + code[1:]
	}
	must(t, here.post("/methods/email/code", "code", wrong), 422, "not the right code")
	// Somebody else's browser cannot finish it, nor can the code of another person.
	other := h.person("eve@example.com")
	must(t, h.own(other.ID).post("/methods/email/code", "code", code), 410)
	must(t, here.post("/methods/email/code", "code", code[:4]+" "+code[4:], "elsewhere", "yes"), 303)

	now := h.reload(u.ID)
	if now.Mail != "Ann.New@Example.org" || !now.MailVerified || len(now.Identities) != 1 || now.Identities[0].Canonical != "ann.new@example.org" {
		t.Errorf("%+v", now.Account)
	}
	if m := modelstest.Must(h.tenant.Credentials(t.Context(), u.ID, models.KindEmail))(t); len(m) != 1 || m[0].Name != "Ann.New@Example.org" {
		t.Errorf("the second factor by mail stays behind: %+v", m)
	}
	told := h.told()
	for _, want := range []string{"contact_changed.email mail ann@example.com", "contact_confirmed.email mail Ann.New@Example.org"} {
		if !slices.Contains(told, want) {
			t.Errorf("%s is not among %q", want, told)
		}
	}
	if !asked(there.get("/methods")) {
		t.Error("another device is still signed in")
	}
	must(t, here.post("/methods/email/code", "code", code), 410) // replay
}

// TestATakenAddressLooksLikeAFreeOne until its code is proven.
func TestATakenAddressLooksLikeAFreeOne(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	owner := h.person("taken@example.com")
	modelstest.Must(h.tenant.UpdateUser(t.Context(), modelstest.Actor(), owner.ID, func(u *models.User) error { u.PreferredLanguage = "ar"; return nil }))(t)
	shape := func(to string) (answer, answer) {
		v := h.own(u.ID)
		a := v.post("/methods/email", "email", to)
		b := v.get("/methods/email/code")
		b.body = strings.ReplaceAll(regexp.MustCompile(`value="[^"]*"|nonce="[^"]*"`).ReplaceAllString(b.body, ""), to, "TO")
		return a, b
	}
	a1, p1 := shape("freeone@example.com")
	h.clock.Advance(time.Minute)
	a2, p2 := shape("taken@example.com")
	if a1.status != a2.status || a1.to != a2.to || p1.status != p2.status || p1.body != p2.body {
		t.Errorf("they differ: %d %s %d, %d %s %d", a1.status, a1.to, p1.status, a2.status, a2.to, p2.status)
	}
	purposes, locales := map[string]string{}, map[string]string{}
	for _, n := range h.notes() {
		purposes[n.To], locales[n.To] = n.Purpose, n.Locale
	}
	if locales["freeone@example.com"] == "ar" || locales["taken@example.com"] != "ar" { // whose mailbox it is reads it
		t.Error(locales)
	}
	if purposes["freeone@example.com"] != "change" || purposes["taken@example.com"] != "change_taken" {
		t.Error(purposes)
	}
	v := h.own(u.ID)
	must(t, v.post("/methods/email/code", "code", h.code("taken@example.com")), 409, "belongs to another account")
	if got := h.reload(u.ID); len(got.Identities) != 1 || got.Mail != "ann@example.com" {
		t.Errorf("%+v", got.Account)
	}
}

func TestCodesOfAChangeAreLimited(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	v := h.own(u.ID)
	must(t, v.post("/methods/email", "email", "new@example.com"), 303)
	must(t, v.post("/methods/email/code/again"), 429, "Please wait")
	first := h.code("new@example.com")
	h.clock.Advance(31 * time.Second)
	must(t, v.post("/methods/email/code/again"), 303)
	if second := h.code("new@example.com"); second != first {
		must(t, v.post("/methods/email/code", "code", first), 422) // only the newest works
	}
	for range 4 {
		must(t, v.post("/methods/email/code", "code", "00000000"), 422)
	}
	must(t, v.post("/methods/email/code", "code", h.code("new@example.com")), 422, "expired or was used")
	// An account cannot spread its codes over ever new mailboxes.
	last := 0
	for i := range 15 {
		last = v.post("/methods/email", "email", "n"+string(rune('a'+i))+"@example.com").status
	}
	if last != 429 {
		t.Errorf("the sixteenth code: %d", last)
	}
}

func TestPhone(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	v := h.own(u.ID)
	must(t, v.post("/methods/phone", "phone", "030 123"), 422, "country code")
	must(t, v.post("/methods/phone", "phone", "+49 (0)30 1234567"), 303)
	must(t, v.post("/methods/phone/code", "code", h.code("+49301234567")), 303)
	if got := h.reload(u.ID); got.MobilePhone != "+49301234567" || len(got.Methods) != 1 || got.Methods[0].Kind != models.KindSMS {
		t.Errorf("%+v", got)
	}
	if told := h.told(); !slices.Contains(told, "contact_changed.phone_added mail ann@example.com") || slices.Contains(told, "contact_changed.phone mail ann@example.com") {
		t.Error(told)
	}
	h.clock.Advance(time.Minute)
	v = h.own(u.ID)
	must(t, v.post("/methods/phone", "phone", "+44 20 7946 0958"), 303)
	must(t, v.post("/methods/phone/code", "code", h.code("+442079460958")), 303)
	told := h.told()
	for _, want := range []string{"contact_changed.phone sms +49301234567", "contact_confirmed.phone sms +442079460958", "contact_changed.phone mail ann@example.com"} {
		if !slices.Contains(told, want) {
			t.Errorf("%s is not among %q", want, told)
		}
	}
	must(t, v.post("/methods/phone/remove"), 303)
	if got := h.reload(u.ID); got.MobilePhone != "" || len(got.Methods) != 0 {
		t.Errorf("%+v", got)
	}
	h.desk.Texts = false
	must(t, v.get("/methods/phone"), 404)
	if strings.Contains(v.get("/methods").text(), "Add a phone number") {
		t.Error("a number is offered that nothing can prove")
	}
}

func TestAddressesThatAreThereBesides(t *testing.T) {
	h := newHouse(t, bothWays)
	u := h.person("ann@example.com")
	v := h.own(u.ID)
	must(t, v.post("/methods/email", "email", "second@example.com"), 303)
	must(t, v.post("/methods/email/code", "code", h.code("second@example.com")), 303)
	got := h.reload(u.ID)
	if len(got.Identities) != 2 || got.Mail != "ann@example.com" {
		t.Fatalf("%+v", got.Account)
	}
	if told := h.told(); !slices.Contains(told, "contact_changed.email_added mail ann@example.com") {
		t.Error(told)
	}
	all := modelstest.Must(h.tenant.WaysOf(t.Context(), u.ID))(t)
	must(t, v.post("/methods/identities/"+all.Identities[0].ID+"/remove"), 422, "Change it instead")
	must(t, v.post("/methods/identities/"+all.Identities[1].ID+"/remove"), 303)
	if told := h.told(); !slices.Contains(told, "contact_changed.removed mail second@example.com") || len(h.reload(u.ID).Identities) != 1 {
		t.Error(told)
	}
}

// TestOtherPeoplesThings are not found, whoever's id stands in the address; nor does a session of one tenant
// open another's pages.
func TestOtherPeoplesThings(t *testing.T) {
	h := newHouse(t)
	ann, eve := h.person("ann@example.com"), h.person("eve@example.com")
	anns := h.own(ann.ID)
	totp := modelstest.Must(h.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: ann.ID, Kind: models.KindTOTP, Secret: []byte("x")}))(t)
	identity := modelstest.Must(h.tenant.WaysOf(t.Context(), ann.ID))(t).Identities[0].ID
	grant := h.grant(ann.ID, anns.sid)
	signIn := h.signIn(ann.ID, "")
	e := h.own(eve.ID)
	for _, path := range []string{"/methods/second/" + totp, "/methods/second/" + totp + "/remove", "/methods/identities/" + identity + "/remove", "/activity/" + signIn + "/report", "/apps/" + h.app.ClientID + "/remove"} {
		must(t, e.get(path), 404)
		must(t, e.post(path, "name", "mine"), 404)
	}
	must(t, e.get("/methods/email?of="+identity), 404)
	must(t, e.post("/methods/email", "of", identity, "email", "x@example.com"), 404)
	must(t, e.post("/devices/"+anns.sid+"/end"), 404)
	if a := e.get("/activity"); strings.Contains(a.body, signIn) {
		t.Error("somebody else's sign-in is listed")
	}
	if !h.works(grant) {
		t.Error("somebody else's token is dead")
	}
	_, slug, _ := h.directory("other")
	stray := &visitor{h: h, slug: slug, cookie: map[string]string{slug + "-session": h.own(ann.ID).cookie[h.slug+"-session"]}}
	if !asked(stray.get("/methods")) {
		t.Error("a session of another tenant was let in")
	}
}

// signIn records one of somebody's sign-ins.
func (h *house) signIn(userID, sid string) string {
	h.t.Helper()
	id := models.NewID()
	r := record.SignIn{ID: id, Kind: record.Interactive, Protocol: "openid", StartedAt: h.clock.Now(), EndedAt: h.clock.Now(), App: record.Party{ID: h.app.ClientID, Name: "Shop"},
		User: record.Party{ID: userID, Name: "Ann"}, Session: record.Session{SID: sid}, Outcome: record.Outcome{Result: record.Success},
		Signals: record.Signals{Browser: "Chrome 150", OS: "Android 16", City: "Oslo", Country: "NO"}, Risk: []record.Finding{{Type: "unfamiliarFeatures", Level: "high"}}, RiskLevel: "high"}
	if err := h.tenant.RecordSignIn(h.t.Context(), r); err != nil {
		h.t.Fatal(err)
	}
	return id
}

func TestDevices(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	here, there, third := h.own(u.ID), h.own(u.ID), h.own(u.ID)
	mine, theirs, more := h.grant(u.ID, here.sid), h.grant(u.ID, there.sid), h.grant(u.ID, third.sid)
	must(t, here.get("/devices"), 200, "This device", "Firefox 140 on Windows 11", "Lisbon, Portugal", "Shop")
	must(t, here.post("/devices/"+there.sid+"/end"), 303)
	if !asked(there.get("/methods")) || h.works(theirs) || !h.works(mine) || !h.works(more) {
		t.Error("one device: the wrong ones ended")
	}
	must(t, here.post("/devices/"+here.sid+"/end"), 404)
	must(t, here.post("/devices/others"), 303)
	if !asked(third.get("/methods")) || h.works(more) || !h.works(mine) {
		t.Error("all others: the wrong ones ended")
	}
	must(t, here.get("/devices"), 200, "signed in nowhere else")
	// Ending sessions proves nothing: the proof does not become younger by it.
	h.clock.Advance(5 * time.Minute)
	if !asked(here.get("/methods/password")) {
		t.Error("an old proof became a new one")
	}
}

func TestThisWasNotMe(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	here, thief := h.own(u.ID), h.own(u.ID)
	mine, theirs := h.grant(u.ID, here.sid), h.grant(u.ID, thief.sid)
	stranger, own := h.signIn(u.ID, thief.sid), h.signIn(u.ID, here.sid)
	a := must(t, here.get("/activity"), 200, "Oslo, Norway", "Chrome 150 on Android 16", "Signed in", "This wasn’t me")
	for _, hidden := range []string{"unfamiliar", "high", "risk"} {
		if strings.Contains(strings.ToLower(a.text()), hidden) {
			t.Errorf("the page says %q", hidden)
		}
	}
	must(t, here.post("/activity/"+own+"/report"), 404) // this very session
	must(t, here.get("/activity/"+stranger+"/report"), 200, "Your present password stops working")
	done := must(t, here.post("/activity/"+stranger+"/report"), 303)
	if !strings.HasSuffix(done.to, "/methods/password") {
		t.Error(done.to)
	}
	if !asked(thief.get("/methods")) || h.works(theirs) || h.works(mine) {
		t.Error("something of the account still works elsewhere")
	}
	if !h.reload(u.ID).MustChangePassword {
		t.Error("the password may stay")
	}
	reports := modelstest.Must(h.tenant.SignInReports(t.Context(), []string{stranger, own}))(t)
	if len(reports) != 1 || reports[stranger].IsZero() {
		t.Error(reports)
	}
	if told := h.told(); !slices.Contains(told, "sign_in_reported mail ann@example.com") {
		t.Error(told)
	}
	must(t, here.get("/activity"), 200, "Reported on")
	must(t, here.get("/methods/password"), 200, "no longer works, because you reported")
	must(t, here.post("/methods/password", "newPassword", "another good one 1"), 422, "Enter your password") // a session is not enough
	must(t, here.post("/methods/password", "password", goodPassword, "newPassword", goodPassword), 422, "not used before")
	must(t, here.post("/methods/password", "password", goodPassword, "newPassword", "another good one 1"), 303)
	must(t, here.post("/methods/password", "newPassword", "another good one 2"), 422, "Enter your password") // once
	if u := h.reload(u.ID); u.MustChangePassword || u.PasswordVoid {
		t.Error("asked for another one after it was changed")
	}
	h.clock.Advance(4 * time.Minute) // the same sign-in once more makes no proof young again
	must(t, here.post("/activity/"+stranger+"/report"), 303)
	h.clock.Advance(2 * time.Minute)
	if !asked(here.get("/methods/password")) {
		t.Error("reporting again was taken for a proof")
	}
	audits := modelstest.Must(h.tenant.Audits(t.Context(), models.AuditQuery{TargetID: u.ID, Activity: "Report suspicious sign-in"}))(t)
	if len(audits.Items) != 1 || audits.Items[0].Actor.ID != u.ID {
		t.Errorf("%+v", audits.Items)
	}
}

func TestActivityIsPaged(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	for range 45 {
		h.clock.Advance(time.Second)
		h.signIn(u.ID, "")
	}
	v, seen, at := h.own(u.ID), 0, "/activity"
	for range 5 {
		a := must(t, v.get(at), 200)
		seen += strings.Count(a.body, "/report\"")
		next := regexp.MustCompile(`rel="next" href="[^"]*account(/activity\?after=[^"]+)"`).FindStringSubmatch(a.body)
		if next == nil {
			break
		}
		at = strings.ReplaceAll(next[1], "&amp;", "&")
	}
	if seen != 45 {
		t.Errorf("%d of 45 sign-ins", seen)
	}
	if a := must(t, v.get("/activity?after=nonsense"), 303); !strings.HasSuffix(a.to, "/account/activity") {
		t.Error(a.to)
	}
}

func TestApps(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	v := h.own(u.ID)
	grant := h.grant(u.ID, v.sid)
	if err := h.tenant.SaveConsent(t.Context(), u.ID, h.app.ClientID, []string{"openid", "email"}, h.clock.Now()); err != nil {
		t.Fatal(err)
	}
	must(t, v.get("/apps"), 200, "Shop", "See your email address", "Keep this access when you are not using the app", "You have not been asked to agree")
	must(t, v.get("/apps/"+h.app.ClientID+"/remove"), 200, "Remove the access of Shop?")
	must(t, v.post("/apps/"+h.app.ClientID+"/remove"), 303)
	if h.works(grant) {
		t.Error("its refresh token still works")
	}
	must(t, v.get("/apps"), 200, "Shop no longer has access", "No app has access")
	must(t, v.post("/apps/"+h.app.ClientID+"/remove"), 404)
}

func TestTermsAsTheyWereAgreedTo(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	terms := modelstest.Must(h.tenant.CreateTerms(t.Context(), modelstest.Actor(), userflow.Terms{Name: "Privacy", Language: "en",
		Texts: map[string]userflow.TermsText{"en": {Title: "Privacy", Body: "We keep *little*."}, "de": {Title: "Datenschutz", Body: "Wir behalten wenig."}}}))(t)
	actor := modelstest.Actor()
	if err := h.tenant.Accept(t.Context(), actor, u.ID, []userflow.Acceptance{{TermsID: terms.ID, Version: 1, Locale: "de", At: h.clock.Now()}}); err != nil {
		t.Fatal(err)
	}
	modelstest.Must(h.tenant.PublishTerms(t.Context(), actor, terms.ID, false, func(x *userflow.Terms) error {
		x.Texts = map[string]userflow.TermsText{"en": {Title: "Privacy", Body: "We keep all."}}
		return nil
	}))(t)
	v := h.own(u.ID)
	must(t, v.get("/apps"), 200, "Datenschutz", "version 1")
	must(t, v.get("/apps/terms/"+terms.ID+"/1"), 200, "Wir behalten wenig")
	must(t, v.get("/apps/terms/"+terms.ID+"/2"), 404)
	must(t, h.own(h.person("eve@example.com").ID).get("/apps/terms/"+terms.ID+"/1"), 404)
}

// TestATrialHasNoSecondFactor: none is offered, and one that is left from before does not stand in the way of a
// fresh proof that can never show it.
func TestATrialHasNoSecondFactor(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	modelstest.Must(h.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Secret: []byte("x")}))(t)
	modelstest.Must(h.tenant.Update(t.Context(), modelstest.Actor(), func(n *tenant.Tenant) error { n.Plan = tenant.Trial; return nil }))(t)
	now := h.clock.Now()
	s := session.Session{SID: "plain", TenantID: h.tenant.ID, UserID: u.ID, AuthTime: now, AMR: []string{"pwd"}, CreatedAt: now, LastSeenAt: now}
	if err := h.tenant.PutSession(t.Context(), s, "plain secret", "", signin.SessionInfo{ExpiresAt: now.Add(time.Hour)}); err != nil {
		t.Fatal(err)
	}
	v := &visitor{h: h, slug: h.slug, sid: "plain", cookie: map[string]string{h.slug + "-session": "plain secret"}}
	must(t, v.get("/methods/password"), 200, "Change your password")
	must(t, v.get("/methods/totp"), 404)
	if a := v.get("/methods"); strings.Contains(a.text(), "Create a passkey") {
		t.Error("a passkey is offered")
	}
}

func TestSignedInByUserNameAlone(t *testing.T) {
	h := newHouse(t, func(f *userflow.Flow) { f.UserNames = true })
	hash := modelstest.Must(h.hasher.Hash(t.Context(), goodPassword))(t)
	u := modelstest.Must(h.tenant.CreateUser(t.Context(), modelstest.Actor(), models.User{Account: account.Account{DisplayName: "Ann", Enabled: true, FirstFactor: "emailPassword",
		Identities: []account.Identity{{SignInType: account.SignInUserName, Value: "ann"}}}}, hash))(t)
	v := h.own(u.ID)
	must(t, v.get("/methods"), 200, "User name", "Add an email address")
	must(t, v.post("/methods/password/remove"), 422, "Add an email address first")
	must(t, v.post("/methods/email", "email", "ann@example.com"), 303)
	must(t, v.post("/methods/email/code", "code", h.code("ann@example.com")), 303)
	if got := h.reload(u.ID); got.Mail != "ann@example.com" || !got.MailVerified || len(got.Identities) != 2 {
		t.Errorf("%+v", got.Account)
	}
}

// What the help desk did is on the person's own page, without who did it.
func TestTheHelpDeskIsSeen(t *testing.T) {
	h := newHouse(t)
	u, other := h.person("ann@example.com"), h.person("eve@example.com")
	v := h.own(u.ID)
	if a := must(t, v.get("/activity"), 200); strings.Contains(a.text(), "Help desk") {
		t.Error("nothing was done yet")
	}
	by := modelstest.Actor()
	by.Kind, by.ID, by.Name, by.IP = "user", models.NewID(), "Grace the Agent", "203.0.113.7"
	for id, did := range map[string][]string{u.ID: {"Viewed by help desk", "Hand out recovery code"}, other.ID: {"Caller checked"}} {
		for _, activity := range did {
			if err := h.tenant.WriteAudit(t.Context(), by, audit.Event{Activity: activity, Category: "HelpDesk", Operation: "Read", Target: audit.Target{Kind: "user", ID: id}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := h.tenant.SetPassword(t.Context(), by, u.ID, models.PasswordChange{Hash: "hash:x"}); err != nil {
		t.Fatal(err)
	}
	a := must(t, v.get("/activity"), 200, "Help desk", "Your account was looked at", "A recovery code was handed out", "temporary password")
	for _, hidden := range []string{"Grace", "203.0.113.7", "A caller knew"} {
		if strings.Contains(a.body, hidden) {
			t.Errorf("the page says %q", hidden)
		}
	}
}

// A page of something that is not on offer is not there.
func TestMailIsNoSecondFactorWhereItIsNotOnOffer(t *testing.T) {
	h := newHouse(t, func(f *userflow.Flow) { f.MFA.Methods = []string{"softwareOath"} })
	must(t, h.own(h.person("ann@example.com").ID).get("/methods/mail"), 404)
	h = newHouse(t)
	must(t, h.own(h.person("ann@example.com").ID).get("/methods/mail"), 200)
}

// A form that is pressed twice comes the second time with the cookie that the first has replaced.
func TestAFormPressedTwice(t *testing.T) {
	h := newHouse(t)
	u := h.person("ann@example.com")
	here, there := h.own(u.ID), h.own(u.ID)
	for _, c := range []struct {
		path, to string
		form     []string
	}{
		{"/methods/password", "/account/methods", []string{"password", goodPassword, "newPassword", "another good one 1"}},
		{"/devices/others", "/account/devices", nil},
		{"/activity/" + h.signIn(u.ID, there.sid) + "/report", "/account/activity", nil},
	} {
		twice := &visitor{h: h, slug: h.slug, cookie: map[string]string{h.slug + "-session": here.cookie[h.slug+"-session"]}}
		form := url.Values{"_csrf": {here.token()}}
		for i := 0; i+1 < len(c.form); i += 2 {
			form.Set(c.form[i], c.form[i+1])
		}
		if a := must(t, here.do(http.MethodPost, c.path, form), 303); a.cookie == "" {
			t.Fatalf("%s renews no session", c.path)
		}
		before := h.reload(u.ID)
		if a := must(t, twice.do(http.MethodPost, c.path, form), 303); !strings.HasSuffix(a.to, c.to) || a.cookie != "" || a.text() != "" {
			t.Errorf("%s once more: %+v", c.path, a)
		}
		if after := h.reload(u.ID); !after.UpdatedAt.Equal(before.UpdatedAt) {
			t.Errorf("%s was done twice", c.path)
		}
		if a := twice.get("/methods"); !asked(a) {
			t.Errorf("the former secret opens a page: %d %s", a.status, a.to)
		}
		h.clock.Advance(10 * time.Second)
		if a := twice.do(http.MethodPost, c.path, form); !asked(a) {
			t.Errorf("%s later: %d %s", c.path, a.status, a.to)
		}
	}
}
