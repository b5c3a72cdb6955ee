package account

import (
	"cmp"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/factor"
	"portico/app/session"
	"portico/app/signin"
	"portico/app/ways"
	"portico/handlers"
	views "portico/views/account"
)

// wayRoutes are the pages about how somebody gets in, and who else may act for them.
func (p *Pages) wayRoutes() []row {
	get := func(path string, h fiber.Handler) row {
		return row{Method: fiber.MethodGet, Path: "/:tenant/account" + path, Handler: h}
	}
	fresh := func(method, path string, h fiber.Handler) row {
		return row{Method: method, Path: "/:tenant/account" + path, Handler: h, Fresh: true}
	}
	both := func(path string, show, take fiber.Handler) []row {
		return []row{fresh(fiber.MethodGet, path, show), fresh(fiber.MethodPost, path, take)}
	}
	rows := []row{
		get("/methods", p.methods),
		fresh(fiber.MethodGet, "/methods/recovery.txt", p.recoveryFile),
		fresh(fiber.MethodPost, "/methods/email/code/again", p.resend(ways.Email)),
		fresh(fiber.MethodPost, "/methods/phone/code/again", p.resend(ways.Phone)),
		get("/devices", p.devices),
		fresh(fiber.MethodPost, "/devices/others", p.endOthers),
		fresh(fiber.MethodPost, "/devices/:sid/end", p.endSession),
		{Method: fiber.MethodPost, Path: "/:tenant/account/devices/remembered/:id/forget", Handler: p.forgetDevice},
		get("/activity", p.activity),
		{Method: fiber.MethodGet, Path: "/:tenant/account/was-this-you", Handler: p.question, Public: true},
		{Method: fiber.MethodHead, Path: "/:tenant/account/was-this-you", Handler: p.question, Public: true}, // what looks at links before people do
		{Method: fiber.MethodPost, Path: "/:tenant/account/was-this-you", Handler: p.answer, Public: true},
		{Method: fiber.MethodPost, Path: "/:tenant/account/was-this-you/recover", Handler: p.recover, Public: true},
		get("/apps", p.apps),
		get("/apps/terms/:terms/:version", p.termsText),
	}
	for _, more := range [][]row{
		both("/methods/password", p.passwordPage, p.changePassword),
		both("/methods/password/remove", p.removePasswordPage, p.removePassword),
		both("/methods/totp", p.totpPage, p.addTOTP),
		both("/methods/passkey", p.passkeyPage, p.addPasskey),
		both("/methods/mail", p.mailPage, p.addMail),
		both("/methods/recovery", p.recoveryPage, p.keepRecovery),
		both("/methods/second/:id", p.methodPage, p.renameMethod),
		both("/methods/second/:id/remove", p.removeMethodPage, p.removeMethod),
		both("/methods/identities/:id/remove", p.removeIdentityPage, p.removeIdentity),
		both("/methods/connect/:provider", p.connectPage, p.connect),
		both("/methods/email", p.emailPage, p.askEmail),
		both("/methods/email/code", p.codePage(ways.Email), p.confirm(ways.Email)),
		both("/methods/phone", p.phonePage, p.askPhone),
		both("/methods/phone/code", p.codePage(ways.Phone), p.confirm(ways.Phone)),
		both("/methods/phone/remove", p.removePhonePage, p.removePhone),
		both("/activity/:id/report", p.reportPage, p.report),
		both("/apps/:client/remove", p.disconnectPage, p.disconnect),
	} {
		rows = append(rows, more...)
	}
	return rows
}

// ownVisit is the request as the desk takes it.
func (p *Pages) ownVisit(c *fiber.Ctx) ways.Visit {
	v := visitOf(c)
	return ways.Visit{Tenant: v.dir.Tenant, Flows: v.dir.FlowsInUse(), Providers: v.dir.Providers, Person: v.person.Account, Phone: v.person.MobilePhone, Groups: v.groups, Session: v.session,
		Actor: v.actor(c), Signals: handlers.SignalsOf(c), Locale: handlers.InfoOf(c).Locale.Wish()}
}

// renew gives the browser the new secret of its session.
func (p *Pages) renew(c *fiber.Ctx, secret string) {
	v := visitOf(c)
	p.Sessions.Set(c, v.dir.Tenant.Slug, signin.SessionCookie{Secret: secret, Persistent: v.session.Persistent,
		ExpiresAt: session.ExpiresAt(v.session, signin.Lifetimes(v.dir.Tenant))})
}

// words speaks the reader's language.
func words(c *fiber.Ctx, key string, args ...any) string {
	return handlers.InfoOf(c).Locale.T(key, args...)
}

func when(c *fiber.Ctx, at time.Time) string { return handlers.InfoOf(c).Locale.Time(at) }

func day(c *fiber.Ctx, at time.Time) string { return handlers.InfoOf(c).Locale.Date(at) }

// flows of second factors have their words and drawings under these names.
func methodIcon(kind string) string {
	switch kind {
	case factor.TOTP, "sms":
		return "phone"
	case factor.Passkey:
		return "passkey"
	case factor.EmailCode:
		return "mail"
	}
	return "key"
}

// typedValues are what the page shows again after a refusal.
func typedValues(c *fiber.Ctx, page *views.Page, names ...string) {
	page.Values = map[string]string{}
	for _, n := range names {
		page.Values[n] = typed(c, n)
	}
}

// ticked is a page that ends other sessions unless somebody says otherwise.
func ticked(page views.Page) views.Page {
	page.Values = map[string]string{"elsewhere": "yes"}
	return page
}

// device puts browser and system into one line.
func device(c *fiber.Ctx, browser, os string) string {
	switch {
	case browser != "" && os != "":
		return words(c, "account.device.both", "browser", browser, "os", os)
	case browser+os == "":
		return words(c, "account.device.unknown")
	}
	return cmp.Or(browser, os)
}

// place puts city and country into the reader's words, "" when neither is known.
func place(c *fiber.Ctx, city, country string) string {
	if name := handlers.InfoOf(c).Locale.Countries()[country]; name != "" {
		country = name
	}
	if city != "" && country != "" {
		return city + ", " + country
	}
	return cmp.Or(city, country)
}
