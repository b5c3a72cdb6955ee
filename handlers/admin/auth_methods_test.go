package admin

import (
	"slices"
	"strings"
	"testing"

	"portico/app/account"
	"portico/app/message"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func (b *bench) methods() tenant.MethodsPolicy {
	b.Helper()
	t, err := b.shop.Get(b.Context())
	b.must(err)
	return t.Settings.Methods
}

// flow publishes a flow of the shop with these second factors.
func (b *bench) flow(name string, e userflow.Enforcement, methods ...string) models.UserFlow {
	b.Helper()
	f, err := b.shop.CreateFlow(b.Context(), modelstest.Actor(), userflow.Flow{Name: name, SignUpMethod: userflow.EmailPassword, SignUpAllowed: true,
		MFA: userflow.MFA{Enforcement: e, Methods: methods}})
	b.must(err)
	return f
}

func TestTheMethodsPolicyIsSetMethodByMethod(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const at = "/admin/t/shop/authentication-methods"
	w.get(at).wants(t, 200, "Passkey", "Everybody.", "Code by text message", "no gateway for text messages", "0 of 5,000 sent", "Countries")
	g, err := b.shop.CreateGroup(t.Context(), modelstest.Actor(), account.Group{Name: "Sales"})
	b.must(err)
	other, err := b.shop.CreateGroup(t.Context(), modelstest.Actor(), account.Group{Name: "Contractors"})
	b.must(err)
	w.get(at+"/softwareOath").wants(t, 200, "Only for these groups")
	if a := w.post(at+"/softwareOath", "methods", "on", "softwareOath.groups", "sales\n"+g.ID, "softwareOath.except", "Contractors"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	if x := b.methods().TOTP; !slices.Equal(x.Include, []string{g.ID}) || !slices.Equal(x.Exclude, []string{other.ID}) {
		t.Errorf("%+v", x)
	}
	w.get(at).wants(t, 200, "Only the people in “Sales”, except those in “Contractors”.")
	w.get(at+"/softwareOath").wants(t, 200, "Sales", "Contractors")
	// What is wrong is said beside its box, and nothing typed is lost.
	w.post(at+"/softwareOath", "methods", "on", "softwareOath.groups", "Sales\nNobody").wants(t, 422, "There is no group “Nobody”", "Sales Nobody")
	w.post(at+"/softwareOath", "methods", "on", "softwareOath.groups", "Sales", "softwareOath.except", "Sales").wants(t, 422, "let in and kept out at once")
	w.post(at+"/sms", "methods", "on", "sms.dailyLimit", "many").wants(t, 422, "Enter a whole number")
	w.post(at+"/sms", "methods", "on", "sms.dailyLimit", "2000000").wants(t, 422, "1000000")
	w.post(at+"/fido2", "methods", "on", "fido2.blocked", "yubikey").wants(t, 422, "“yubikey” is no model of a passkey")
	if a := w.post(at+"/fido2", "methods", "on", "fido2.attested", "yes", "fido2.allowed", "2FC0579F-8113-47EA-B116-BB5A8DB9202A"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	if x := b.methods().Passkey; !x.Attested || !x.SelfServiceOff || !slices.Equal(x.Allowed, []string{"2fc0579f-8113-47ea-b116-bb5a8db9202a"}) {
		t.Errorf("%+v", x)
	}
	if a := w.post(at+"/sms", "methods", "off", "sms.dailyLimit", "200"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	if x := b.methods(); !x.SMS.Off || x.SMS.DailyLimit != 200 || !x.Passkey.Attested {
		t.Errorf("%+v", x)
	}
	w.get(at+"/carrierPigeon").wants(t, 404)
	// The device days.
	w.post(at+"/remember", "rememberDays", "400").wants(t, 422, "365")
	if a := w.post(at+"/remember", "rememberDays", "30"); a.status != 303 {
		t.Fatalf("%d", a.status)
	}
	if x, _ := b.shop.Get(t.Context()); x.Settings.RememberDays != 30 {
		t.Errorf("%d days", x.Settings.RememberDays)
	}
	if !slices.ContainsFunc(b.shopAudits(), func(a models.AuditEntry) bool {
		return a.Activity == "Update tenant" && strings.Contains(text(w.get("/admin/t/shop/audits/"+a.ID).body), "authentication methods: software oath: include groups")
	}) {
		t.Error("the log does not name what changed")
	}
}

// No save on either screen leaves a flow without a second factor that everybody can use.
func TestNoFlowIsLeftWithoutASecondFactor(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const at = "/admin/t/shop/authentication-methods"
	b.flow("Home", userflow.MFAAlways, "softwareOath")
	b.flow("Open", userflow.MFAOff, "sms")
	w.post(at+"/softwareOath", "methods", "off").wants(t, 422, "The user flow “Home” would be left without a second factor")
	g, err := b.shop.CreateGroup(t.Context(), modelstest.Actor(), account.Group{Name: "Sales"})
	b.must(err)
	w.post(at+"/softwareOath", "methods", "on", "softwareOath.groups", g.ID).wants(t, 422, "“Home” would be left without")
	if a := w.post(at+"/sms", "methods", "off"); a.status != 303 { // no flow that asks needs it
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	for _, f := range []userflow.MFA{{Enforcement: userflow.MFAAlways, Methods: []string{"sms"}}, {Enforcement: userflow.MFAConditional, Methods: []string{"sms"}}} {
		_, err := b.shop.CreateFlow(t.Context(), modelstest.Actor(), userflow.Flow{Name: "Text only", SignUpMethod: userflow.EmailPassword, MFA: f})
		if err == nil {
			t.Errorf("%s by a method that is off is taken", f.Enforcement)
		}
	}
	// The mailbox after a code by email, with the rest switched off.
	both := b.flow("By code", userflow.MFAAlways, "email", "fido2")
	_, err = b.shop.PublishFlow(t.Context(), modelstest.Actor(), both.ID, func(f *userflow.Flow) error {
		f.SignUpMethod, f.SignInMethods = userflow.EmailCode, []userflow.Method{userflow.EmailCode}
		return nil
	})
	b.must(err)
	w.post(at+"/fido2", "methods", "off", "fido2.selfService", "yes").wants(t, 422, "“By code” would be left without")
	// Administrators need more than a mailbox.
	staff := "/admin/t/workforce/authentication-methods"
	_, err = b.workforce.CreateFlow(t.Context(), modelstest.Actor(), userflow.Flow{Name: "Staff", SignUpMethod: userflow.EmailPassword,
		MFA: userflow.MFA{Enforcement: userflow.MFAAlways, Methods: []string{"email", "softwareOath"}}})
	b.must(err)
	w.post(staff+"/softwareOath", "methods", "off").wants(t, 422, "“Staff” would be left without")
}

func TestATrialHasNoMethodsToSet(t *testing.T) {
	b := newBench(t)
	_, err := b.shop.Update(t.Context(), modelstest.Actor(), func(x *tenant.Tenant) error { x.Plan = tenant.Trial; return nil })
	b.must(err)
	w := b.global()
	w.get("/admin/t/shop/authentication-methods").wants(t, 200, "A trial has no second factors")
	if a := w.post("/admin/t/shop/authentication-methods/sms", "methods", "off"); a.status == 303 || b.methods().SMS.Off {
		t.Errorf("%d", a.status)
	}
}

func TestCountriesForTextMessages(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const at = "/admin/t/shop/authentication-methods/sms/countries"
	w.get(at).wants(t, 200, "Germany", "+49", "Jamaica", "+1876", "Costly: off by default")
	a := w.get(at + "?search=afg")
	a.wants(t, 200, "Afghanistan", "Switch on")
	if strings.Contains(a.body, "Germany") {
		t.Error("the search finds too much")
	}
	if a := w.get(at + "?search=%2B49"); !strings.Contains(a.body, "Germany") || strings.Contains(a.body, "Austria") {
		t.Error("a calling code is not found")
	}
	step := func(code, state string, regions, barred []string) {
		t.Helper()
		if a := w.post(at, "code", code, "state", state); a.status != 303 {
			t.Fatalf("%d %s", a.status, text(a.body))
		}
		if x := b.methods().SMS; !slices.Equal(x.Regions, regions) || !slices.Equal(x.Barred, barred) {
			t.Errorf("%s %s: on %v, off %v", code, state, x.Regions, x.Barred)
		}
	}
	step("93", "on", []string{"93"}, nil)
	step("49", "off", []string{"93"}, []string{"49"})
	w.get(at+"?texts=off").wants(t, 200, "You switched it off")
	step("93", "off", nil, []string{"49"})
	step("49", "on", nil, nil)
	step("1876", "on", []string{"1876"}, nil)
	if a := w.post(at, "code", "99999", "state", "on"); a.status != 303 || len(b.methods().SMS.Regions) != 1 {
		t.Errorf("%d %v", a.status, b.methods().SMS.Regions)
	}
}

// An admin adds an address or number, the person hears of it, and it is a second factor.
func TestAnAdminAddsAMethod(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	at := "/admin/t/shop/users/" + th.user.ID + "/methods"
	w.get(at).wants(t, 200, "Add a second factor")
	w.post(at+"/add", "methodKind", models.KindSMS, "methodValue", "0151 234").wants(t, 422, "with its country code")
	w.post(at+"/add", "methodKind", models.KindEmail, "methodValue", "nobody").wants(t, 422, "name@example.com")
	w.post(at+"/add", "methodKind", "passkey", "methodValue", "x").wants(t, 422, "Choose")
	for kind, value := range map[string]string{models.KindSMS: "+49 151 12345678", models.KindEmail: "second@example.com"} {
		if a := w.post(at+"/add", "methodKind", kind, "methodValue", value); a.status != 303 {
			t.Fatalf("%d %s", a.status, text(a.body))
		}
		w.post(at+"/add", "methodKind", kind, "methodValue", value).wants(t, 422, "remove it first")
	}
	u := b.person(th.user.ID)
	has := func(kind, name string) bool {
		return slices.ContainsFunc(u.Methods, func(m account.Method) bool { return m.Kind == kind && m.Name == name })
	}
	if !has(models.KindSMS, "+4915112345678") || !has(models.KindEmail, "second@example.com") || u.MobilePhone != "+4915112345678" {
		t.Errorf("%+v %q", u.Methods, u.MobilePhone)
	}
	w.get(at).wants(t, 200, "Code by text message", "second@example.com", "Require re-registration")
	told := 0
	for _, it := range modelstest.Must(b.store.ClaimOutbox(t.Context(), "test", b.clock.Now(), 1000, 100))(t) {
		if strings.Contains(string(it.Payload), string(message.MethodAdded)) && strings.Contains(string(it.Payload), th.user.Mail) {
			told++
		}
	}
	if told != 2 {
		t.Errorf("told %d times", told)
	}
	// Who only reads may not.
	reader := b.admin("reader@portico.example", b.roleID("Global Reader"))
	if a := reader.post(at+"/add", "methodKind", models.KindEmail, "methodValue", "x@example.com"); a.status != 403 {
		t.Errorf("%d", a.status)
	}
}

// The start page says that the day's messages are used up.
func TestUsedUpTextsAreSaid(t *testing.T) {
	b := newBench(t)
	w := b.global()
	_, err := b.shop.Update(t.Context(), modelstest.Actor(), func(x *tenant.Tenant) error { x.Settings.Methods.SMS.DailyLimit = 5; return nil })
	b.must(err)
	store := models.SignInStores{Store: b.store}.SignIns(b.shop.ID)
	for i, words := range []string{"", "", "", "Most of today’s text messages are used up (4 of 5)", "Today’s text messages are used up (5 of 5)", "Today’s text messages are used up (5 of 5)"} {
		if sent, err := store.TakeText(t.Context(), "49", false, 5, b.clock.Now()); err != nil || sent != (i < 5) {
			t.Fatalf("%d: %v %v", i, sent, err)
		}
		page := text(w.get("/admin/t/shop").body)
		if words != "" && !strings.Contains(page, words) || words == "" && strings.Contains(page, "text messages are used up") {
			t.Errorf("after %d: not %q", i+1, words)
		}
	}
	w.get("/admin/t/shop/authentication-methods").wants(t, 200, "5 of 5 sent, 1 refused", "Germany")
}
