package hosted

import (
	"context"
	"io"
	"strings"
	"time"

	"github.com/a-h/templ"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/app/userflow"
	"portico/views/ui"
)

// Fixture is one page in one state, by name.
type Fixture struct {
	Name string
	Page templ.Component
}

// SampleBrand is the tenant of the fixtures.
func SampleBrand() *ui.Brand {
	b := ui.NewBrand("Fernhill Group", branding.Theme{Color: "#0b6e4f"})
	b.Support.URL, b.Privacy.URL, b.Terms.URL = "/help", "/privacy", "/terms"
	return b
}

// Fixtures is every page in every state worth looking at: one list for the tests, the gallery and the
// screenshots. Languages are the chooser. What is the catalogue's to say, each says in the language that it is drawn in.
func Fixtures(b *ui.Brand, languages []Language) []Fixture {
	return Drawn(func(l SampleWords) []Fixture { return fixtures(l, b, languages) })
}

// Drawn is a list of fixtures, each of which is made anew in the words of whom it is drawn for.
func Drawn(made func(SampleWords) []Fixture) []Fixture {
	list := made(SampleWords{})
	for i := range list {
		list[i].Page = templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
			return made(SampleWords{i18n.From(ctx)})[i].Page.Render(ctx, w)
		})
	}
	return list
}

// SampleWords are the reader's; nobody's while only names are asked for.
type SampleWords struct{ reader *i18n.Localizer }

// T is a text of the catalogue.
func (l SampleWords) T(key string, args ...any) string {
	if l.reader == nil {
		return key
	}
	return l.reader.T(key, args...)
}

// Country is the name of a country.
func (l SampleWords) Country(code string) string {
	if l.reader == nil {
		return code
	}
	return l.reader.Country(code)
}

// Date is an evening of the year of the samples.
func (l SampleWords) Date(month, day int) string {
	if l.reader == nil {
		return ""
	}
	return l.reader.Date(time.Date(2026, time.Month(month), day, 20, 41, 0, 0, time.UTC))
}

func fixtures(l SampleWords, b *ui.Brand, languages []Language) []Fixture {
	page := func(ways ...Event) Page {
		p := Page{Brand: b, App: "Fernhill Market", Action: "/fernhill/signin/0192", Step: "step", Proof: "cHJvb2Y", Values: map[string]string{}, Languages: languages}
		for _, w := range ways {
			p.Ways = append(p.Ways, Way{Event: w})
		}
		return p
	}
	with := func(p Page, change func(*Page)) Page { change(&p); return p }
	known := func(p *Page) { p.Account = "mira.okafor@example.com" }
	typed := func(name, value string) func(*Page) {
		return func(p *Page) { p.Values = map[string]string{name: value} }
	}
	wrong := func(name, text string) func(*Page) {
		return func(p *Page) { p.Errors = append(p.Errors, ui.FieldError{Name: name, Text: text}) }
	}
	passkey := &Passkey{Options: `{"challenge":"AAAA","rpId":"localhost","userVerification":"preferred"}`, Event: UsePasskey}
	attributes := []Attribute{
		{ID: "givenName", Required: true}, {ID: "surname", Required: true}, {ID: "displayName"}, {ID: "jobTitle"}, {ID: userflow.UserName, Required: true, Hint: "Letters, digits and hyphens"},
		{ID: "streetAddress"}, {ID: "postalCode"}, {ID: "city"}, {ID: "state"}, {ID: "country", Required: true, Kind: "select"},
		{ID: "extension_x_dateOfBirth", Label: "Date of birth", Kind: "date"}, {ID: "extension_x_phone", Label: "Mobile phone number", Kind: "phone"},
		{ID: "extension_x_customer", Label: "Customer number", Value: "C-1024", ReadOnly: true}, {ID: "extension_x_moved", Label: "Moved in", Kind: "date", Value: "2024-03-03", Required: true},
		{ID: "extension_x_loyaltyNumber", Label: "Loyalty number", Kind: "number"},
		{ID: "extension_x_channel", Label: "How may we reach you?", Kind: "radio", Required: true, Options: []ui.Option{{Value: "mail", Text: "By email"}, {Value: "phone", Text: "By phone"}}},
		{ID: "extension_x_topics", Label: "Your interests", Kind: "checkboxes", Options: []ui.Option{{Value: "garden", Text: "Garden"}, {Value: "kitchen", Text: "With [recipes](https://example.com/recipes)"}}},
		{ID: "extension_x_store", Label: "Your store", Kind: "select", Options: []ui.Option{{Value: "1", Text: "Harbour"}, {Value: "2", Text: "Old Town"}}},
		{ID: "extension_x_terms", Label: "I agree to the [terms of use](https://example.com/terms) and the [privacy policy](https://example.com/privacy)", Kind: "boolean", Required: true},
		{ID: "extension_x_news", Label: "أرسلوا لي *الأخبار* 👋", Kind: "boolean", Value: "true"},
	}
	body := "# Who we are\n\nFernhill Group\n12 Harbour Street\n\n## What you may do\n\n- Buy things\n- *Return* things within **30 days**\n\nWrite to [us](mailto:legal@example.com) or read [more](https://example.com/legal)."
	texts := []Terms{{Name: "terms[1]", Value: "3 en", Title: "Terms of use", Body: body, Lang: "en", Since: "4 March 2025"},
		{Name: "terms[2]", Value: "1 ar", Title: "سياسة الخصوصية", Body: "نحن نحمي بياناتك.\n\n- الاسم\n- العنوان", URL: "https://example.com/privacy", Lang: "ar"}}
	long := with(page(SignUp, Forgot, UseCode, Cancel), func(p *Page) {
		p.App = strings.Repeat("A very long name of an app ", 4)
		p.Values = map[string]string{"email": strings.Repeat("abcdefghij", 12) + "@example.com"}
	})
	none := with(page(SignUp), func(p *Page) { p.App, p.Brand = "", ui.NewBrand("Contoso", branding.Theme{}) })
	nowhere := with(page(), func(p *Page) { p.App = "" })
	return []Fixture{
		{"identify", Identify(page(SignUp, Cancel), IdentifyView{})},
		{"identify-error", Identify(with(with(page(SignUp), typed("email", "mira@")), wrong("email", l.T("field.email.invalid"))), IdentifyView{})},
		{"identify-sign-up", Identify(page(SignIn, Cancel), IdentifyView{Create: true})},
		{"identify-passkey", Identify(page(SignUp), IdentifyView{Passkey: passkey})},
		{"identify-forgot", Identify(with(page(SignIn, Cancel), typed("email", "mira.okafor@example.com")), IdentifyView{Forgot: true, UserNames: true})},
		{"sign-in-user-names", SignInPage(page(Forgot, SignUp, Cancel), SignInView{Stay: true, UserNames: true})},
		{"code-reset-name", Code(page(Resend, Change), CodeView{Minutes: 10, Why: ToReset})},
		{"new-password-reset", NewPassword(with(with(page(Cancel), known), func(p *Page) { p.Values["everywhere"] = "1" }), NewPasswordView{Why: ForgotPassword, MinLength: 8, Others: true})},
		{"reset-done", ResetDone(with(page(Cancel), known))},
		{"invitation", Invitation(page(), InvitationView{To: "m*****@example.com", Until: l.Date(11, 28)})},
		{"invitation-over", End(page(), DeadEndView{Kind: InvitationExpired})},
		{"sign-in", SignInPage(page(Forgot, SignUp, Cancel), SignInView{Stay: true})},
		{"providers", Identify(with(page(SignUp), func(p *Page) {
			p.Providers = []Provider{{ID: "1", Name: "Google", Kind: "google", Last: true}, {ID: "2", Name: "Contoso", Kind: "oidc"}}
		}), IdentifyView{})},
		{"sign-in-neutral", SignInPage(none, SignInView{Stay: true})},
		{"sign-in-error", SignInPage(with(with(page(Forgot, SignUp), typed("email", "mira.okafor@example.com")), wrong("password", l.T("signin.wrong"))), SignInView{Stay: true, Passkey: passkey})},
		{"sign-in-long", SignInPage(long, SignInView{Stay: true})},
		{"password", Password(with(page(Forgot, UseCode, Cancel), known), PasswordView{Stay: true})},
		{"password-existing", Password(with(page(Forgot, Cancel), known), PasswordView{Existing: true})},
		{"code-sign-in", Code(page(Resend, Change, Cancel), CodeView{To: "m*****@example.com", Minutes: 10, Why: ToSignIn})},
		{"code-sign-up", Code(page(Resend, Change), CodeView{To: "mira.okafor@example.com", Minutes: 10, Why: ToSignUp})},
		{"code-error", Code(with(with(page(Resend, Change), wrong("code", l.T("factor.code.wrong"))), func(p *Page) { p.Notice = l.T("code.sent_again") }), CodeView{To: "m*****@example.com", Minutes: 10, Why: ToReset})},
		{"code-confirm-sms", Code(page(Resend, OtherWay), CodeView{Channel: "sms", To: "+44 ••• ••34", Minutes: 5, Why: ToConfirm})},
		{"new-password", NewPassword(with(page(Cancel), known), NewPasswordView{Why: FirstPassword, MinLength: 8})},
		{"new-password-error", NewPassword(with(with(page(), known), wrong("newPassword", l.T("field.new_password.short", "count", 8))), NewPasswordView{Why: ForgotPassword, MinLength: 8, ThreeOfFour: true})},
		{"attributes", Attributes(page(Cancel), AttributesView{Attributes: attributes})},
		{"attributes-error", Attributes(with(with(with(page(), typed("country", "DE")), wrong("givenName", l.T("field.attribute.required", "label", l.T("attribute.givenName")))), wrong("attributes[extension_x_channel]", l.T("field.attribute.required", "label", "How may we reach you?"))), AttributesView{Attributes: attributes})},
		{"attributes-missing", Attributes(page(Cancel), AttributesView{Attributes: attributes[len(attributes)-5 : len(attributes)-3], Missing: true})},
		{"terms", TermsPage(page(Cancel), TermsView{Texts: texts})},
		{"terms-error", TermsPage(with(with(page(Cancel), typed("terms[2]", "1 ar")), wrong("terms[1]", l.T("field.attribute.tick", "label", l.T("terms.agree", "title", "Terms of use")))), TermsView{Texts: texts})},
		{"trial", Trial(with(page(), func(p *Page) { p.Test = true }), TrialView{Name: "Mira Okafor", SignUp: true, Claims: "{\n  \"aud\": \"28096be5-10ed-4b97-ba07-642076a8d696\",\n  \"given_name\": \"Mira\"\n}"})},
		{"trial-refused", Trial(with(page(), func(p *Page) { p.Test = true }), TrialView{Refused: "access_denied"})},
		{"test", SignInPage(with(page(SignUp, Cancel), func(p *Page) { p.Test = true }), SignInView{Stay: true})},
		{"select-account", SelectAccount(page(Cancel), SelectAccountView{Accounts: []Account{{ID: "1", Name: "Mira Okafor", Email: "mira.okafor@example.com", State: l.T("select.signed_in")}, {ID: "2", Name: "ليلى حداد", Email: "layla@example.com"}}})},
		{"consent", Consent(with(page(), known), ConsentView{Scopes: []Scope{{Name: "openid"}, {Name: "profile"}, {Name: "email"}, {Name: "offline_access"}, {Name: "orders.read", Description: "See your orders"}}})},
		{"restore", Restore(with(page(), known), RestoreView{On: l.Date(12, 20)})},
		{"stay", Stay(page(), StayView{})},
		{"blocked", Blocked(page(Cancel), BlockedView{Reason: "policy", Reference: "K7Q-4MX"})},
		{"blocked-risk", Blocked(page(Cancel), BlockedView{Reason: "risk", Reference: "K7Q-4MX"})},
		{"blocked-account-risk", Blocked(page(Cancel), BlockedView{Reason: "account_risk", Reference: "K7Q-4MX"})},
		{"blocked-passkey-elsewhere", Blocked(page(Change, Cancel), BlockedView{Reason: "passkey_elsewhere", Host: "login.fernhill.example", Reference: "K7Q-4MX"})},
		{"no-account", Blocked(page(Change, Cancel), BlockedView{Reason: "no_account"})},
		{"calling", Calling(page(Cancel))},
		{"stopped", Stopped(page(Change, Cancel), StoppedView{Refused: true, Title: "We only serve Portugal", Text: "Your address is outside of the places that we deliver to.", Reference: "K7Q-4MX"})},
		{"stopped-failure", Stopped(page(Change, Cancel), StoppedView{Reference: "K7Q-4MX", Again: true})},
		{"enrol-choose", ChooseMethod(page(Postpone, Cancel), ChooseMethodView{Enrol: true, Methods: []Method{{Kind: "passkey"}, {Kind: "totp"}, {Kind: "email", Note: "m*****@example.com"}}})},
		{"enrol-totp", EnrolTOTP(page(OtherWay), EnrolTOTPView{URI: "otpauth://totp/Fernhill%20Group:mira.okafor@example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Fernhill%20Group", Secret: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"})},
		{"enrol-sms", Number(with(page(OtherWay, Cancel), typed("phone", "0151 23")), NumberView{Countries: []ui.Option{{Value: "AT", Text: l.Country("AT") + " \u2066+43\u2069"}, {Value: "DE", Text: l.Country("DE") + " \u2066+49\u2069"}}, Country: "DE"})},
		{"enrol-sms-error", Number(with(with(page(OtherWay), typed("phone", "12")), wrong("phone", l.T("field.phone.invalid"))), NumberView{})},
		{"enrol-sms-code", Code(with(page(Resend), func(p *Page) { p.Ways = append(p.Ways, Way{Method: "sms", Text: "Use another number"}) }), CodeView{Channel: "sms", To: "+49 151 23456789", Minutes: 10, Why: ToConfirm})},
		{"enrol-passkey", EnrolPasskey(page(OtherWay), EnrolPasskeyView{Passkey: Passkey{Options: passkey.Options}})},
		{"recovery-codes", RecoveryCodes(page(), RecoveryCodesView{Codes: []string{"7KQ2-M9XA", "P4TD-3HWE", "ZB6N-8YRC", "L2VF-5GJU", "X9CM-4TQK", "H3WA-7NPD", "R8YE-2BZL", "J5UG-6VFM"}})},
		{"mfa-choose-unusual", ChooseMethod(with(page(Cancel), func(p *Page) {
			p.Because = l.T("because.unusual")
		}), ChooseMethodView{Methods: []Method{{Kind: "passkey"}, {Kind: "totp"}}})},
		{"password-protect", NewPassword(page(Cancel), NewPasswordView{Why: ToProtect, MinLength: 8})},
		{"mfa-choose", ChooseMethod(page(Cancel), ChooseMethodView{Methods: []Method{{Kind: "passkey"}, {Kind: "totp"}, {Kind: "email", Note: "m*****@example.com"}, {Kind: "recovery"}}})},
		{"challenge-totp", Challenge(with(page(OtherWay, Cancel), func(p *Page) { p.Ways = append([]Way{{Method: "recovery"}}, p.Ways...) }), ChallengeView{Kind: "totp"})},
		{"challenge-passkey", Challenge(page(OtherWay, Cancel), ChallengeView{Kind: "passkey", Passkey: &Passkey{Options: passkey.Options}})},
		{"challenge-recovery", Challenge(with(page(OtherWay), wrong("code", l.T("field.code.wrong"))), ChallengeView{Kind: "recovery"})},
		{"signed-out", SignedOut(page(), SignedOutView{Return: ui.Link{Text: "Fernhill Market", Href: "/demo/market"}})},
		{"confirm-sign-out", ConfirmSignOut(with(page(), known), ConfirmSignOutView{Everywhere: true})},
		{"expired", End(page(), DeadEndView{Kind: ExpiredPage, Go: ui.Link{Href: "/demo/market"}})},
		{"elsewhere", End(page(), DeadEndView{Kind: ElsewherePage, Go: ui.Link{Href: "/demo/market"}})},
		{"not-found", End(nowhere, DeadEndView{Kind: NotFoundPage})},
		{"error", End(page(), DeadEndView{Kind: ErrorPage, Reference: "K7Q-4MX", Go: ui.Link{Href: "/demo/market"}})},
		{"failure", Failure(nowhere, FailureView{Title: l.T("error.title.503"), Text: l.T("error.unavailable"), Reference: "7f3a-91c2", When: l.Date(11, 21), Again: "/x", Fields: [][2]string{{"email", "mira@example.com"}}})},
		{"form-post", FormPost(page(), FormPostView{Action: "https://app.example/callback", Fields: [][2]string{{"code", "abc"}, {"state", "xyz"}}})},
	}
}
