package hosted

import (
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	pages "portico/views/hosted"
	"portico/views/ui"
)

// drawing is what a page is made from.
type drawing struct {
	page pages.Page
	res  signin.Result
	info *handlers.Info
	home string // the installation's address; "" where somebody only looks at the page

	passkey   *pages.Passkey // one may be shown in place of what the page asks for
	noCookies bool
	status    int // 0 = what the step usually has
	refresh   int // seconds after which the page comes back by itself; 0 = it stays
}

// table is the only place that knows which page belongs to which step.
func table() map[signin.Name]func(*drawing) templ.Component {
	return map[signin.Name]func(*drawing) templ.Component{
		signin.Identify: identify, signin.SignIn: signIn, signin.SignUp: signUp, signin.Select: selectAccount,
		signin.Password: password, signin.Code: code, signin.ChoosePassword: choosePassword, signin.ChangePassword: changePassword,
		signin.Enrol: enrol, signin.Challenge: challenge, signin.Recover: recovery, signin.AskAttributes: attributes,
		signin.AskTerms:   terms,
		signin.AskRestore: restore,
		signin.AskConsent: consent, signin.AskStay: stay, signin.Blocked: blocked, signin.NoAccount: noAccount,
		signin.Forgot: forgot, signin.ResetPassword: resetPassword, signin.ResetDone: resetDone, signin.InvitationOver: invitationOver,
		signin.Waiting: waiting, signin.Address: addressPage, signin.ProviderOver: providerOver,
		signin.Calling: calling, signin.Stopped: stopped,
		signin.Expired: expired, signin.Elsewhere: elsewhere, signin.Finished: finished,
	}
}

// draw renders the page of a step, with what was typed and what was wrong.
func (h *Hosted) draw(c *fiber.Ctx, dir *models.Directory, res signin.Result, form *signin.Form) error {
	info := handlers.InfoOf(c)
	app := appOf(dir, res.Attempt.Request.ClientID)
	brand := h.brands.Wear(c, dir, app)
	flow := res.World.Flow
	handlers.WithLocale(c, h.brands.InWordsOf(info.Locale, flow))
	if o := res.Attempt.Request.RedirectOrigin; o != "" {
		// Browsers hold form-action against every redirect that follows a form, and many apps send people on
		// from their callback to a host of their own: the origin alone would strand them there.
		info.FormActions = append(info.FormActions, o, "https:")
	}
	a, name := res.Attempt, res.Step.Name
	if info.Correlation = a.Request.CorrelationID; info.Correlation == "" {
		info.Correlation = a.ID
	}
	d := &drawing{res: res, info: info, home: h.machine.BaseURL, noCookies: len(c.Request().Header.Peek(fiber.HeaderCookie)) == 0, page: pages.Page{Brand: brand, App: a.Request.ClientName, Action: address(dir.Tenant, a.ID), Test: a.Request.Test,
		Step: string(name), Values: map[string]string{}, Languages: pages.Chooser(handlers.Languages(h.bundle, dir, app, &flow), info.Locale, nil)}}
	if a.Request.Protocol == signin.Account { // the tenant's own pages: there is no app to go on to
		d.page.App = ""
		d.page.Again = signin.SteppingUp(a, res.World)
	}
	if a.ID != "" {
		d.page.Proof = h.machine.Proof(a, name)
	}
	if signin.PasskeyFirst(a, res.World, name) {
		options, err := h.machine.PasskeyRequest(a, res.World, name)
		if err != nil {
			return err
		}
		d.passkey = &pages.Passkey{Options: string(options), Event: pages.UsePasskey}
	}
	if name == signin.Challenge {
		d.page.Remember = signin.RememberDays(a, res.World, res.Step.Verdict.Decision)
	}
	d.values(form)
	d.offers(h.lastProvider(c, dir))
	d.turned()
	status := fiber.StatusOK
	if res.Problem != nil {
		d.problem(res.Problem)
		status = handlers.Status(res.Problem.Code)
		if res.Problem.RetryAfter > 0 {
			c.Set(fiber.HeaderRetryAfter, itoa(int(res.Problem.RetryAfter.Seconds())+1))
		}
	}
	pageOf, ok := table()[name]
	if !ok {
		pageOf = finished
	}
	if res.Problem == nil && form == nil {
		d.sentBack()
	}
	page := pageOf(d)
	if d.status != 0 {
		status = d.status
	}
	if d.refresh > 0 {
		c.Set("Refresh", itoa(d.refresh))
	}
	switch name {
	case signin.Blocked:
		status = fiber.StatusForbidden
	case signin.Expired, signin.Finished, signin.Elsewhere, signin.InvitationOver:
		status = fiber.StatusGone
	}
	return handlers.Render(c, status, page)
}

// values keeps what was typed, except passwords and codes.
func (d *drawing) values(form *signin.Form) {
	a := d.res.Attempt
	if hint, err := account.CanonicalEmail(a.Request.LoginHint); err == nil {
		if d.page.Values["email"] = hint; d.invited() && a.Facts.Email == nil {
			d.page.Values["email"] = account.MaskEmail(hint)
		}
	} else if typed := a.Request.LoginHint; typed != "" && (d.res.Step.Name == signin.Forgot || d.flow().UserNames && isName(typed)) {
		d.page.Values["email"] = strings.ToValidUTF8(typed, "")
	} else if d.res.Step.Name == signin.SignIn || d.res.Step.Name == signin.Identify {
		if a.Facts.Other == nil && (a.Request.Asks("login") || d.res.Step.Person.Resumed || d.res.World.Session != nil) {
			d.page.Values["email"] = d.res.World.Holder.Mail
		}
	}
	if form == nil {
		d.page.Values["everywhere"] = "1" // ticked until somebody says otherwise
		return
	}
	keep := func(name string) { d.page.Values[name] = strings.ToValidUTF8(strings.Join(form.Values(name), ","), "") }
	for _, name := range []string{"email", "stay", "everywhere", "remember"} {
		if len(form.Values(name)) > 0 {
			keep(name)
		}
	}
	if form.Step != d.res.Step.Name {
		return
	}
	if form.Step == signin.Enrol {
		keep("phone")
		keep("region")
	}
	for _, f := range d.res.Step.Fields { // those that were left empty stay empty, whatever they were filled with
		name := userflow.FieldName(f.ID)
		keep(name)
		if f.Input() == userflow.DateBoxes {
			keep(name + ".day")
			keep(name + ".month")
			keep(name + ".year")
		}
	}
	for _, t := range d.res.Step.Terms {
		keep(signin.TermsField(t.ID))
	}
}

func (d *drawing) problem(e *fault.Error) {
	for _, f := range e.Fields {
		if f.Key == "signin.wrong" && d.flow().UserNames {
			f.Key = "signin.wrong_name"
		}
		for _, a := range d.res.Step.Fields {
			if f.Args != nil && f.Args["id"] == a.ID {
				f.Args["label"] = pages.PlainLabel(d.info.Locale, a)
			}
		}
		d.page.Errors = append(d.page.Errors, ui.FieldError{Name: f.Name, Text: d.info.Locale.T(f.Key, f.Args)})
	}
	if len(e.Fields) == 0 {
		d.page.Errors = append(d.page.Errors, ui.FieldError{Text: d.info.Locale.T(e.Key, e.Args)})
	}
}

func (d *drawing) ways(w ...pages.Way) { d.page.Ways = append(d.page.Ways, w...) }
func (d *drawing) flow() userflow.Flow { return d.res.World.Flow }
func (d *drawing) facts() signin.Facts { return d.res.Attempt.Facts }
func (d *drawing) offersStay() bool {
	return !d.res.World.Tenant.Settings.StayedSignedInOff && d.res.Attempt.Request.Protocol != signin.Portal && d.res.Attempt.Request.Protocol != signin.Account
}
func event(e pages.Event) pages.Way            { return pages.Way{Event: e} }
func (d *drawing) cancel()                     { d.ways(event(pages.Cancel)) }
func (d *drawing) T(k string, a ...any) string { return d.info.Locale.T(k, a...) }

// typed is who says to be here, in their own spelling.
func (d *drawing) typed() string {
	if id := d.facts().Identified; id != nil {
		return id.Typed
	}
	return d.res.Step.Person.Email
}

func identify(d *drawing) templ.Component {
	if d.page.Brand.Reset.AccountText != "" && !d.invited() { // the company offers it here already (R 3.2.16)
		d.forgot()
	}
	if d.flow().SignUpAllowed && !d.invited() {
		d.ways(event(pages.SignUp))
	}
	d.cancel()
	return pages.Identify(d.page, pages.IdentifyView{UserNames: d.flow().UserNames, Fixed: d.invited(), Passkey: d.passkey})
}

func signIn(d *drawing) templ.Component {
	d.forgot()
	if d.flow().SignUpAllowed && !d.invited() {
		d.ways(event(pages.SignUp))
	}
	d.cancel()
	return pages.SignInPage(d.page, pages.SignInView{Stay: d.offersStay(), UserNames: d.flow().UserNames, Fixed: d.invited(), Passkey: d.passkey})
}

func signUp(d *drawing) templ.Component {
	d.ways(event(pages.SignIn))
	d.cancel()
	return pages.Identify(d.page, pages.IdentifyView{Create: true})
}

func selectAccount(d *drawing) templ.Component {
	var list []pages.Account
	if s := d.res.World.Session; s != nil {
		h := d.res.World.Holder
		list = append(list, pages.Account{ID: s.SID, Name: h.DisplayName, Email: h.Mail, State: d.T("select.signed_in")})
	}
	d.cancel()
	return pages.SelectAccount(d.page, pages.SelectAccountView{Accounts: list})
}

func password(d *drawing) templ.Component {
	d.page.Account = d.typed()
	d.connects()
	d.forgot()
	if d.flow().Accepts(userflow.EmailCode) && d.facts().Email == nil && !d.byName() {
		d.ways(event(pages.UseCode))
	}
	d.cancel()
	return pages.Password(d.page, pages.PasswordView{Existing: d.res.Step.Existing, Confirmed: d.facts().Email != nil, Passkey: d.passkey})
}

func code(d *drawing) templ.Component {
	why, purpose, to := pages.ToSignIn, signin.PurposeProve, d.typed()
	switch {
	case signin.Resetting(d.res.Attempt, d.res.World):
		why, purpose = pages.ToReset, signin.PurposeReset
		switch { // whose address that is, is not for everybody to know
		case d.byName():
			to = ""
		case d.invited():
			to = account.MaskEmail(to)
		}
	case d.invited(): // whose address it is, is not for whoever was forwarded the link
		why, to = pages.ToSignUp, account.MaskEmail(to)
	case d.facts().SignUp != nil, d.res.Attempt.Request.Asks("create"):
		why = pages.ToSignUp
	}
	sent := 0
	for _, m := range d.facts().Codes {
		if m.Purpose == purpose {
			sent++
		}
	}
	if sent > 1 && len(d.page.Errors) == 0 {
		d.page.Notice = d.T("code.sent_again")
	}
	d.connects()
	d.ways(event(pages.Resend))
	if !d.invited() {
		d.ways(event(pages.Change))
	}
	return pages.Code(d.page, pages.CodeView{Channel: "email", To: to, Minutes: int(factor.CodeLifetime.Minutes()), Why: why, Passkey: d.passkey})
}

func newPassword(d *drawing, why pages.PasswordReason) templ.Component {
	set := d.res.World.Tenant.Settings
	d.page.Account = d.typed()
	d.cancel()
	return pages.NewPassword(d.page, pages.NewPasswordView{Why: why, MinLength: max(set.PasswordMinLength, 8), ThreeOfFour: set.PasswordThreeOfFour, Others: why == pages.ForgotPassword})
}

func choosePassword(d *drawing) templ.Component { return newPassword(d, pages.FirstPassword) }
func changePassword(d *drawing) templ.Component {
	if d.res.Step.Protects() != "" {
		return newPassword(d, pages.ToProtect)
	}
	return newPassword(d, pages.MustChange)
}

// because says kindly why more is asked for, where that is because of risk: no score, no rule.
func (d *drawing) because() {
	if why := d.res.Step.Protects(); why != "" && d.res.Step.Name == signin.Challenge {
		d.page.Because = d.T("because." + string(why))
	}
}

// underWay is the second factor that was begun for this step, if any.
func (d *drawing) underWay() signin.Ceremony {
	return signin.UnderWay(d.facts(), d.res.Step)
}

func enrol(d *drawing) templ.Component {
	s, c := d.res.Step, d.underWay()
	d.page.Account = d.typed()
	if c.Kind != "" && len(s.Kinds) > 1 {
		d.ways(event(pages.OtherWay))
	}
	if s.Optional {
		d.ways(event(pages.Postpone))
	}
	switch c.Kind {
	case factor.TOTP:
		d.cancel()
		return pages.EnrolTOTP(d.page, pages.EnrolTOTPView{URI: factor.TOTPURI(c.Secret, d.res.World.Tenant.Name, d.typed()), Secret: grouped(factor.TOTPText(c.Secret))})
	case factor.Passkey:
		d.cancel()
		return pages.EnrolPasskey(d.page, pages.EnrolPasskeyView{Passkey: pages.Passkey{Options: string(c.Client)}})
	case factor.EmailCode:
		d.resend(signin.PurposeEnrol)
		return pages.Code(d.page, pages.CodeView{Channel: "email", To: s.Person.Email, Minutes: int(factor.CodeLifetime.Minutes()), Why: pages.ToConfirm})
	case factor.SMSCode:
		if c.To == "" {
			d.cancel()
			return pages.Number(d.page, d.number())
		}
		d.resend(signin.PurposeTextEnrol)
		d.ways(pages.Way{Method: factor.SMSCode, Text: d.T("way.other_number")})
		return pages.Code(d.page, pages.CodeView{Channel: "sms", To: c.To, Minutes: int(factor.CodeLifetime.Minutes()), Why: pages.ToConfirm})
	}
	v := pages.ChooseMethodView{Enrol: true}
	for _, k := range s.Kinds {
		m := pages.Method{Kind: k}
		if k == factor.EmailCode {
			m.Note = account.MaskEmail(s.Person.Email)
		}
		v.Methods = append(v.Methods, m)
	}
	d.cancel()
	return pages.ChooseMethod(d.page, v)
}

func challenge(d *drawing) templ.Component {
	s, c := d.res.Step, d.underWay()
	d.page.Account = d.typed()
	d.because()
	var v pages.ChooseMethodView
	seen := map[string]bool{}
	add := func(m account.Method) {
		if seen[m.Kind] {
			return
		}
		seen[m.Kind] = true
		note := ""
		switch m.Kind {
		case factor.EmailCode:
			note = account.MaskEmail(m.Name)
		case factor.SMSCode:
			note = account.MaskPhone(m.Name)
		}
		v.Methods = append(v.Methods, pages.Method{Kind: m.Kind, Note: note})
		if c.Kind != "" && c.Kind != m.Kind {
			d.ways(pages.Way{Method: m.Kind})
		}
	}
	for _, m := range signin.LastUsedFirst(s.Methods) {
		add(m)
	}
	for _, m := range s.Person.Account.Methods {
		if m.Kind == factor.Recovery && s.Recovery {
			add(m)
		}
	}
	switch c.Kind {
	case factor.TOTP, factor.Recovery:
		d.cancel()
		return pages.Challenge(d.page, pages.ChallengeView{Kind: c.Kind})
	case factor.Passkey:
		d.cancel()
		return pages.Challenge(d.page, pages.ChallengeView{Kind: c.Kind, Passkey: &pages.Passkey{Options: string(c.Client)}})
	case factor.EmailCode:
		to := account.MaskEmail(d.resend(signin.PurposeSecond))
		return pages.Code(d.page, pages.CodeView{Channel: "email", To: to, Minutes: int(factor.CodeLifetime.Minutes()), Why: pages.ToConfirm})
	case factor.SMSCode:
		to := account.MaskPhone(d.resend(signin.PurposeText))
		return pages.Code(d.page, pages.CodeView{Channel: "sms", To: to, Minutes: int(factor.CodeLifetime.Minutes()), Why: pages.ToConfirm})
	}
	d.cancel()
	return pages.ChooseMethod(d.page, v)
}

// resend offers another code of a purpose, says when one has been sent again, and gives where the last one went.
func (d *drawing) resend(purpose string) (to string) {
	sent := 0
	for _, m := range d.facts().Codes {
		if m.Purpose == purpose {
			to, sent = m.To, sent+1
		}
	}
	if sent > 1 && len(d.page.Errors) == 0 {
		d.page.Notice = d.T("code.sent_again")
	}
	d.ways(event(pages.Resend))
	return to
}

// number offers the countries that texts go to; the one that the visitor seems to be in comes filled in.
func (d *drawing) number() pages.NumberView {
	v := pages.NumberView{Country: d.page.Values["region"]}
	names, rule := d.info.Locale.Countries(), d.res.World.Tenant.Settings.Methods.SMS
	for _, c := range account.Callings() {
		if _, yes := rule.Reaches(c.Code + "0000000"); !yes {
			continue
		}
		for _, country := range c.Countries {
			if names[country] == "" {
				continue
			}
			v.Countries = append(v.Countries, ui.Option{Value: country, Text: names[country] + " \u2066+" + c.Code + "\u2069"})
			if country == d.res.Attempt.Signals.Country && v.Country == "" && len(d.page.Errors) == 0 {
				v.Country = country
			}
		}
	}
	compare := d.info.Locale.Compare()
	slices.SortFunc(v.Countries, func(a, b ui.Option) int { return compare(a.Text, b.Text) })
	return v
}

func recovery(d *drawing) templ.Component {
	return pages.RecoveryCodes(d.page, pages.RecoveryCodesView{Codes: d.facts().Recovery.Codes})
}

// attributes asks a newcomer for everything on the page, somebody else for what their account lacks. A
// field is filled with what was answered before (a user name was taken meanwhile), with what the
// invitation or the account knows, else with its default.
func attributes(d *drawing) templ.Component {
	v := pages.Layout(d.res.Step.Fields)
	v.Missing = !d.res.Step.Person.Newcomer
	inv := d.res.Attempt.Request.Invitation
	for i, a := range d.res.Step.Fields {
		if known := d.res.Step.Person.Account.Value(a.ID); known != nil {
			v.Attributes[i] = v.Attributes[i].Filled(a.Typed(known))
		}
		if a.ID == userflow.UserName && a.Hint == "" {
			v.Attributes[i].Hint = d.res.World.Tenant.Settings.UserNames.Message
		}
		if inv != nil && inv.Values[a.ID] != nil && !a.MustTick() {
			v.Attributes[i] = v.Attributes[i].Filled(a.Typed(inv.Values[a.ID]))
		}
		if before := d.facts().Attributes; before != nil && !a.ReadOnly {
			v.Attributes[i] = v.Attributes[i].Filled(a.Typed(before.Values[a.ID]))
		}
	}
	if d.facts().Attributes == nil {
		d.filled(v)
		d.advised(v)
	}
	d.cancel()
	return pages.Attributes(d.page, v)
}

// terms shows each text that is due in the reader's language, or else in its own.
func terms(d *drawing) templ.Component {
	var v pages.TermsView
	for _, t := range d.res.Step.Terms {
		text, tag := t.Text(d.info.Locale.Lang())
		shown := pages.Terms{Name: signin.TermsField(t.ID), Value: signin.TermsMark(t.Version, tag), Title: text.Title, Body: text.Body, URL: text.URL, Lang: tag}
		for _, a := range d.res.World.Accepted { // newest first
			if a.TermsID == t.ID {
				shown.Since = d.info.Locale.Date(a.At)
				break
			}
		}
		v.Texts = append(v.Texts, shown)
	}
	d.cancel()
	return pages.TermsPage(d.page, v)
}

func consent(d *drawing) templ.Component {
	d.page.Account = d.typed()
	var v pages.ConsentView
	for _, s := range d.res.Step.Scopes {
		v.Scopes = append(v.Scopes, pages.Scope{Name: s})
	}
	return pages.Consent(d.page, v)
}

func restore(d *drawing) templ.Component {
	d.page.Account = d.typed()
	return pages.Restore(d.page, pages.RestoreView{On: d.info.Locale.Date(d.res.Step.Person.Account.DeletedAt.Add(account.Grace))})
}

func stay(d *drawing) templ.Component { return pages.Stay(d.page, pages.StayView{}) }

func blocked(d *drawing) templ.Component {
	reason := "policy"
	switch d.res.Step.Reason {
	case "signin.blocked.account":
		reason = "disabled"
	case "signin.blocked.mfa":
		reason = "mfa_missing"
	case "signin.blocked.unenrolled":
		reason = "unenrolled"
	case "signin.blocked.password":
		reason = "no_password"
		if d.res.Step.Person.Account.HasPassword {
			reason = "password"
		}
		if signin.ResetHelps(d.res.Step, d.res.Attempt, d.res.World) {
			reason = "password_reset"
		}
	case "signin.blocked.registration":
		reason = "registration"
	case "signin.blocked.passkey_elsewhere":
		if host := d.passkeyHost(); host != "" {
			d.ways(event(pages.Change))
			d.cancel()
			return pages.Blocked(d.page, pages.BlockedView{Reason: "passkey_elsewhere", Host: host, Reference: d.info.RequestID})
		}
		reason = "registration"
	case "signin.blocked.connected":
		reason = "connected"
	case "signin.blocked.unassigned":
		reason = "unassigned"
	default:
		switch d.res.Step.Protects() {
		case signin.ProtectSignIn:
			reason = "risk"
		case signin.ProtectAccount, signin.ProtectPassword:
			reason = "account_risk"
		}
	}
	return d.blocked(reason)
}

func noAccount(d *drawing) templ.Component {
	switch d.res.Step.Reason {
	case "signup.domain.refused":
		return d.blocked("domain_refused")
	case "signup.domain.disposable":
		return d.blocked("domain_disposable")
	}
	return d.blocked("no_account")
}

func (d *drawing) blocked(reason string) templ.Component {
	if signin.ResetHelps(d.res.Step, d.res.Attempt, d.res.World) {
		d.forgot()
	}
	d.ways(event(pages.Change))
	d.cancel()
	return pages.Blocked(d.page, pages.BlockedView{Reason: reason, Reference: d.info.RequestID})
}

// passkeyHost is the name of the place where the passkey works that cannot be shown here; "" = it is not known.
func (d *drawing) passkeyHost() string {
	w := d.res.World
	who := w.Account
	if d.res.Step.Person.Resumed {
		who = w.Holder
	}
	if there := signin.PasskeysElsewhere(who, w.Tenant); len(there) > 0 {
		return tenant.HostAt(d.home, there[0])
	}
	return ""
}

// expired offers to begin again with the same request, or to go back to the app.
func expired(d *drawing) templ.Component {
	d.ways(pages.Way{Event: pages.Change, Text: d.T("end.start_again")})
	d.cancel()
	return pages.End(d.page, pages.DeadEndView{Kind: pages.ExpiredPage, Reference: d.info.RequestID})
}

// elsewhere offers to begin here. A browser that brought no cookie at all keeps none: that has to be said,
// or it would come back to this page for ever.
func elsewhere(d *drawing) templ.Component {
	d.ways(pages.Way{Event: pages.Change, Text: d.T("end.start_again")})
	v := pages.DeadEndView{Kind: pages.ElsewherePage, Reference: d.info.RequestID}
	if d.noCookies {
		v.Detail = d.T("end.elsewhere.no_cookies")
	}
	return pages.End(d.page, v)
}

// finished is what Back finds after signing in, and where old links lead. Without an attempt there is
// nothing to go on with but the app itself.
func finished(d *drawing) templ.Component {
	if d.res.Attempt.ID == "" {
		return pages.End(d.page, pages.DeadEndView{Kind: pages.ExpiredPage, Reference: d.info.RequestID})
	}
	d.ways(pages.Way{Event: pages.Change, Text: d.T("end.go_on", "app", d.page.App)})
	return pages.End(d.page, pages.DeadEndView{Kind: pages.FinishedPage, Reference: d.info.RequestID})
}

func grouped(s string) string {
	var b strings.Builder
	for i, c := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

func itoa(n int) string { return strconv.Itoa(n) }
