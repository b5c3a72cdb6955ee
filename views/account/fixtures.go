package account

import (
	"slices"
	"strings"

	"portico/views/hosted"
	"portico/views/ui"
)

// Fixtures is every page in every state worth looking at, as hosted.Fixtures is.
func Fixtures(b *ui.Brand, languages []hosted.Language) []hosted.Fixture {
	return hosted.Drawn(func(l hosted.SampleWords) []hosted.Fixture { return fixtures(l, b, languages) })
}

func fixtures(l hosted.SampleWords, b *ui.Brand, languages []hosted.Language) []hosted.Fixture {
	const base, mail, host = "/fernhill/account", "mira.okafor@example.com", "login.fernhill.example"
	at := func(path string) Page {
		return Page{Brand: b, Base: base, Path: base + path, Person: "Mira Okafor", CSRF: "dG9rZW4", Languages: languages, Values: map[string]string{},
			App: Link{Text: l.T("account.back_to_app", "app", "Fernhill Market"), Href: "/demo/market"}}
	}
	nobody := func(path string) Page { p := at(path); p.Person, p.App = "", Link{}; return p }
	typed := func(p Page, values ...string) Page {
		for i := 0; i+1 < len(values); i += 2 {
			p.Values[values[i]] = values[i+1]
		}
		return p
	}
	wrong := func(p Page, name, text string) Page {
		p.Errors = append(p.Errors, ui.FieldError{Name: name, Text: text})
		return p
	}
	done := func(p Page, key string, args ...any) Page {
		p.Notice = &ui.Flash{Tone: ui.OK, Text: l.T(key, args...)}
		return p
	}
	change := func(path, about string) Link {
		return Link{Text: l.T("account.change"), Href: base + path, About: about}
	}
	end := func(text, path, about string) *Button {
		return &Button{Text: text, Action: base + path, About: about, Danger: true}
	}
	added := l.T("account.added", "date", l.Date(3, 4))
	device := l.T("account.device.both", "browser", "Firefox", "os", "Android")
	where := "Groningen, " + l.Country("NL")
	password := Line{Icon: "lock", Label: l.T("method.password.text"), Value: l.T("account.password.since", "date", l.Date(3, 4)), Change: change("/methods/password", "")}
	address := Line{Icon: "mail", Label: l.T("method.email.text"), Value: mail, Note: added, Change: change("/methods/email?of=1", mail)}
	passkey := Line{Icon: "passkey", Label: l.T("method.passkey.text"), Value: "هاتفي", Note: added + " · " + l.T("account.passkey.synced"), Change: change("/methods/second/1", "هاتفي"),
		Badges: []Badge{{Text: l.T("account.passkey.elsewhere", "host", host), Tone: ui.Info}}}
	gone := Line{Icon: "passkey", Label: l.T("method.passkey.text"), Value: strings.Repeat("old-laptop-", 8), Note: added + " · " + l.T("account.passkey.bound"), Change: change("/methods/second/2", "old laptop"),
		Badges: []Badge{{Text: l.T("account.passkey.gone", "host", host), Tone: ui.Warn}}}
	add := []Go{{Icon: "passkey", Title: l.T("account.add.passkey"), Note: l.T("account.add.passkey_note"), Href: base + "/methods/passkey"},
		{Icon: "shield", Title: l.T("account.add.totp"), Note: l.T("account.add.totp_note"), Href: base + "/methods/totp"}}
	many := MethodsView{Password: []Line{password}, Linked: []Line{{Icon: "globe", Label: "Google", Value: mail, Note: l.T("account.connect.since", "date", l.Date(3, 4)),
		Change: Link{Text: l.T("account.connect.remove"), Href: base + "/methods/connect/1/remove", About: "Google"}, Badges: []Badge{{Text: l.T("account.connect.off"), Tone: ui.Neutral}}}},
		Connect: []Go{{Icon: "globe", Title: l.T("account.connect.go", "provider", "Contoso"), Href: base + "/methods/connect/2"}},
		Phone:   []Line{{Icon: "phone", Value: "+31 6 12345678", Change: change("/methods/phone", ""), Badges: []Badge{{Text: l.T("account.email.unproven"), Tone: ui.Warn}}}},
		Second:  []Line{passkey, gone}, Add: add, AddEmail: Link{Text: l.T("account.email.add"), Href: base + "/methods/email"},
		Recovery: []Line{{Icon: "key", Value: l.T("account.recovery.left", "count", 2), Note: added, Change: Link{Text: l.T("account.recovery.make"), Href: base + "/methods/recovery"}}}}
	many.Addresses = []Line{address, {Icon: "user", Label: l.T("method.userName.text"), Value: "mira", Note: added}}
	many.Addresses[0].Badges = []Badge{{Text: l.T("account.email.main"), Tone: ui.Info}, {Text: l.T("account.email.unproven"), Tone: ui.Warn}}
	few := MethodsView{Password: []Line{{Icon: "lock", Label: l.T("method.password.text"), None: l.T("account.password.none"), Change: Link{Text: l.T("account.add"), Href: base + "/methods/password"}}},
		Addresses: []Line{address}, AddEmail: many.AddEmail, AddPhone: Link{Text: l.T("account.phone.add"), Href: base + "/methods/phone"}, Add: add}
	attributes := []hosted.Attribute{{ID: "givenName", Required: true, Value: "Mira"}, {ID: "surname", Required: true, Value: "Okafor"}, {ID: "city", Value: strings.Repeat("Llanfair", 9)},
		{ID: "country", Kind: "select", Value: "NL"}, {ID: "extension_x_dateOfBirth", Label: "Date of birth", Kind: "date", Value: "1990-03-03"},
		{ID: "extension_x_customer", Label: "Customer number", Value: "C-1024", ReadOnly: true},
		{ID: "extension_x_channel", Label: "How may we reach you?", Kind: "radio", Options: []ui.Option{{Value: "mail", Text: "By email"}, {Value: "phone", Text: "By phone"}}},
		{ID: "extension_x_news", Label: "أرسلوا لي *الأخبار*", Kind: "boolean", Value: "true"}}
	profile := ProfileView{Attributes: attributes, Seen: "1", Address: mail, Languages: []ui.Option{{Value: "en", Text: "English", Selected: true}, {Value: "ar", Text: "العربية"}}}
	states := map[string]string{"/profile": "Mira Okafor", "/methods": l.T("method.password.text"), "/devices": l.T("account.state.devices", "count", 2),
		"/activity": l.T("account.state.activity", "date", l.Date(11, 21)), "/apps": l.T("account.state.apps", "count", 1), "/data": l.T("account.state.data")}
	tips := []Go{{Icon: "shield", Title: l.T("account.tip.second"), Note: l.T("account.tip.second_note"), Href: base + "/methods"},
		{Icon: "user", Title: l.T("account.tip.profile"), Note: l.T("account.tip.profile_note"), Href: base + "/profile"}}
	here := Line{Icon: "monitor", Value: device, Badges: []Badge{{Text: l.T("account.devices.current"), Tone: ui.OK}}, Note: where + " · " + l.T("account.devices.signed_in", "date", l.Date(11, 20))}
	there := Line{Icon: "phone", Value: l.T("account.device.unknown"), Note: l.T("account.devices.seen", "date", l.Date(11, 2)) + " · " + l.T("account.devices.apps", "apps", "Fernhill Market"), Do: end(l.T("account.devices.end"), "/devices/1/end", "")}
	remembered := Line{Icon: "shield", Value: device, Note: l.T("account.remembered.until", "date", l.Date(12, 4)), Do: &Button{Text: l.T("account.remembered.forget"), Action: base + "/devices/remembered/1"}}
	sign := func(tone ui.Tone, key, icon string) Line {
		return Line{Icon: icon, Label: l.Date(11, 20), Value: "Fernhill Market", Note: device + " · " + where, Badges: []Badge{{Text: l.T("account.activity." + key), Tone: tone}},
			Change: Link{Text: l.T("account.activity.not_me"), Href: base + "/activity/1/not-me", About: l.Date(11, 20)}}
	}
	signs := []Line{sign(ui.OK, "success", "check-circle"), sign(ui.Danger, "failure", "check-circle"), sign(ui.Neutral, "unfinished", "history")}
	question := QuestionView{Token: "cXVlc3Rpb24", Unusual: true, App: "Fernhill Market", When: l.Date(11, 20), Where: where, Device: device, Action: base + "/question"}
	deletion := Confirm{Title: l.T("account.delete.title"), Lead: l.T("account.delete.lead"), Points: []string{l.T("account.delete.signed_out"), l.T("account.delete.until", "on", l.Date(12, 20)), l.T("account.delete.gone")},
		Kept: l.T("account.delete.kept_whole", "count", 30), Tick: l.T("account.delete.tick"), Action: base + "/data/delete", Submit: l.T("account.delete.submit"), Danger: true, Cancel: base + "/data"}
	removal := Confirm{Title: l.T("account.method.remove_title", "method", "هاتفي"), Lead: l.T("account.method.last"), Action: base + "/methods/second/1/remove", Submit: l.T("account.method.remove"), Danger: true, Cancel: base + "/methods"}
	connect := Confirm{Title: l.T("account.connect.ask", "provider", "Contoso"), Lead: l.T("account.connect.lead", "provider", "Contoso"), Action: base + "/methods/connect/2", Submit: l.T("account.connect.on", "provider", "Contoso"), Cancel: base + "/methods"}
	totp := TOTPView{URI: "otpauth://totp/Fernhill%20Group:mira?secret=JBSWY3DPEHPK3PXP&issuer=Fernhill%20Group", Secret: "JBSW Y3DP EHPK 3PXP"}
	number := ContactView{Phone: true, Title: l.T("account.phone.change"), Lead: l.T("account.phone.lead"), Old: "+31 6 12345678", Remove: Link{Text: l.T("account.phone.remove"), Href: base + "/methods/phone/remove"}}
	mailbox := ContactView{Title: l.T("account.email.change"), Lead: l.T("account.email.lead"), Old: mail, Of: "1"}
	terms := TermsTextView{Title: "Terms of use", Lang: "en", Said: l.Date(3, 4), Body: "# Who we are\n\nFernhill Group\n\n- Buy *things*\n- Return them\n\nWrite to [us](mailto:legal@example.com).", URL: "https://example.com/terms"}
	file := Personal{Tenant: "Fernhill Group", Name: "Mira Okafor", Made: l.Date(11, 22), Broken: func() bool { return true }, Sheets: []Sheet{
		{Title: l.T("account.file.profile"), Rows: slices.Values([][]string{{l.T("account.file.id"), strings.Repeat("0192f7c8-", 4)}, {l.T("attribute.city"), "أوترخت"}})},
		{Title: l.T("account.file.sign_ins"), Head: []string{l.T("account.file.column.when"), l.T("account.file.column.app"), l.T("account.file.column.ip")},
			Rows: slices.Values([][]string{{l.Date(11, 20), "Fernhill Market", "2001:db8:85a3:8d3:1319:8a2e:370:7348"}})},
		{Title: l.T("account.file.groups"), Head: []string{l.T("account.file.column.name")}, Rows: slices.Values([][]string{})}}}
	return []hosted.Fixture{
		{Name: "account-overview", Page: Overview(at(""), OverviewView{Name: "Mira Okafor", Address: mail, Tips: tips, States: states})},
		{Name: "account-overview-nameless", Page: Overview(func() Page { p := at(""); p.Person = strings.Repeat("abcdefghij", 6) + "@example.com"; return p }(), OverviewView{Address: mail, States: states})},
		{Name: "account-profile", Page: ProfilePage(done(at("/profile"), "account.profile.saved"), profile)},
		{Name: "account-profile-error", Page: ProfilePage(wrong(typed(at("/profile"), "givenName", "", "preferredLanguage", "ar"), "givenName", l.T("field.attribute.required", "label", l.T("attribute.givenName"))), profile)},
		{Name: "account-methods", Page: Methods(done(at("/methods"), "account.method.added"), many)},
		{Name: "account-methods-few", Page: Methods(at("/methods"), few)},
		{Name: "account-password", Page: Password(at("/methods/password"), PasswordView{Has: true, User: mail, MinLength: 8, Remove: base + "/methods/password/remove"})},
		{Name: "account-password-void", Page: Password(at("/methods/password"), PasswordView{Has: true, Void: true, User: mail, MinLength: 8})},
		{Name: "account-password-first-error", Page: Password(wrong(at("/methods/password"), "newPassword", l.T("field.new_password.short", "count", 8)), PasswordView{User: mail, MinLength: 8, ThreeOfFour: true})},
		{Name: "account-totp", Page: SetUpTOTP(wrong(typed(at("/methods/totp"), "name", "هاتفي"), "code", l.T("factor.code.wrong")), totp)},
		{Name: "account-passkey", Page: CreatePasskey(at("/methods/passkey"), PasskeyView{Options: `{"challenge":"AAAA","rp":{"id":"localhost"}}`})},
		{Name: "account-recovery", Page: RecoverySet(at("/methods/recovery"), []string{"7KQ2-M9XA", "P4TD-3HWE", "ZB6N-8YRC", "L2VF-5GJU"}, true)},
		{Name: "account-method", Page: Method(wrong(at("/methods/second/1"), "name", l.T("account.method.name_required")), MethodView{Title: l.T("method.passkey.text"), Lines: []Line{{Icon: "passkey", Value: "هاتفي", Note: passkey.Note}}, Action: base + "/methods/second/1", Remove: base + "/methods/second/1/remove"})},
		{Name: "account-email", Page: NewContact(wrong(typed(at("/methods/email"), "email", "mira@"), "email", l.T("field.email.invalid")), mailbox)},
		{Name: "account-phone", Page: NewContact(at("/methods/phone"), number)},
		{Name: "account-email-code", Page: ContactCode(at("/methods/email/1"), ContactCodeView{To: mail, Minutes: 10})},
		{Name: "account-phone-code-error", Page: ContactCode(wrong(done(at("/methods/phone/1"), "code.sent_again"), "code", l.T("factor.code.wrong")), ContactCodeView{Phone: true, To: "+31 6 12345678", Minutes: 5})},
		{Name: "account-devices", Page: Devices(at("/devices"), DevicesView{This: []Line{here}, Others: []Line{there}, Remembered: []Line{remembered}, EndAll: end(l.T("account.devices.end_all"), "/devices/others", "")})},
		{Name: "account-devices-one", Page: Devices(at("/devices"), DevicesView{This: []Line{here}})},
		{Name: "account-activity", Page: Activity(at("/activity"), ActivityView{Lines: signs, Older: base + "/activity?before=1", First: base + "/activity", Helped: []Line{{Icon: "user", Label: l.Date(11, 2), Value: l.T("account.helped.unlocked")}}})},
		{Name: "account-activity-none", Page: Activity(at("/activity"), ActivityView{})},
		{Name: "account-apps", Page: Apps(at("/apps"), AppsView{Apps: []Line{{Icon: "app", Value: "Fernhill Market", Note: l.T("account.apps.since", "date", l.Date(3, 4)), Change: Link{Text: l.T("account.apps.remove"), Href: base + "/apps/1/remove"}}},
			Terms: []Line{{Icon: "document", Value: "Terms of use", Note: terms.Said, Change: Link{Text: l.T("terms.open"), Href: base + "/apps/terms/1"}}, {Icon: "document", None: l.T("account.terms.gone"), Note: terms.Said}}})},
		{Name: "account-apps-none", Page: Apps(at("/apps"), AppsView{})},
		{Name: "account-terms", Page: TermsText(at("/apps/terms/1"), terms)},
		{Name: "account-data", Page: DataPage(at("/data"))},
		{Name: "account-download", Page: DownloadPage(at("/data/download"))},
		{Name: "account-file", Page: PersonalFile(file)},
		{Name: "account-delete", Page: ConfirmPage(at("/data/delete"), deletion)},
		{Name: "account-delete-error", Page: ConfirmPage(wrong(at("/data/delete"), "sure", l.T("account.delete.tick_first")), deletion)},
		{Name: "account-remove-refused", Page: ConfirmPage(wrong(at("/methods/second/1/remove"), "", l.T("account.last_way.passkey")), removal)},
		{Name: "account-connect", Page: ConfirmPage(at("/methods/connect/2"), connect)},
		{Name: "account-refused", Page: Refused(at("/methods/password"), base)},
		{Name: "account-elsewhere", Page: Elsewhere(at("/methods/password"), ElsewhereView{Host: host, There: "https://" + host + "/account", Back: base})},
		{Name: "account-left", Page: Left(nobody("/left"), l.Date(12, 20))},
		{Name: "account-signed-out", Page: SignedOut(nobody("/signed-out"))},
		{Name: "account-question", Page: Question(nobody("/question"), question)},
		{Name: "account-question-signed-in", Page: Question(at("/question"), question)},
		{Name: "account-disowned-recover", Page: Disowned(nobody("/question"), DisownedView{Token: "dA", Recover: base + "/recover"})},
		{Name: "account-disowned-stuck", Page: Disowned(nobody("/question"), DisownedView{Stuck: true})},
		{Name: "account-disowned-again", Page: Disowned(nobody("/question"), DisownedView{})},
		{Name: "account-disowned-over", Page: Disowned(at("/question"), DisownedView{Over: l.Date(11, 2)})},
		{Name: "account-thanked", Page: Thanked(nobody("/question"))},
		{Name: "account-question-over", Page: QuestionOver(nobody("/question"))},
	}
}
