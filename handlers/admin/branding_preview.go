package admin

import (
	"bytes"
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"portico/app/branding"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	account "portico/views/account"
	views "portico/views/admin"
	"portico/views/email"
	"portico/views/hosted"
	"portico/views/ui"
)

// pseudoLanguage is English with every word forty per cent longer: what fits then fits in any language.
const pseudoLanguage = "pseudo"

// shownPage is which page of customers is drawn, in which language and on which ground.
type shownPage struct {
	page, lang, scheme string
}

func askedPage(c *fiber.Ctx) shownPage {
	return shownPage{page: c.Query("page"), lang: c.Query("in"), scheme: c.Query("scheme")}
}

func (s shownPage) query() string {
	return url.Values{"page": {s.page}, "in": {s.lang}, "scheme": {s.scheme}}.Encode()
}

// settled fills what was not asked for.
func (s shownPage) settled(p *Portal, v *visit, lang string) shownPage {
	if !slices.ContainsFunc(lookPages(), func(o views.Option) bool { return o.Value == s.page }) {
		s.page = lookPages()[0].Value
	}
	if s.lang == "" {
		s.lang = lang
	}
	if s.lang != pseudoLanguage {
		s.lang = p.spoken(s.lang, v.dir.Tenant.DefaultLocale)
	}
	if s.scheme != "dark" {
		s.scheme = "light"
	}
	return s
}

// spoken is the language of the catalogue that fits a wish; a language that there is no catalogue of stays, because a
// look may have words of its own in it.
func (p *Portal) spoken(wish, otherwise string) string {
	have := p.Bundle.Match(wish, otherwise).Lang()
	base := func(tag string) string { b, _, _ := strings.Cut(tag, "-"); return b }
	if base(have) != base(wish) && slices.ContainsFunc(branding.Languages(), func(l branding.Language) bool { return l.Tag == wish }) {
		return wish
	}
	return have
}

func (s shownPage) localizer(p *Portal) *i18n.Localizer {
	if s.lang == pseudoLanguage {
		return p.Bundle.Pseudo()
	}
	return p.Bundle.Match(s.lang)
}

// lookPages are the pages, steps and letters that a look is seen on: those that are met most stand first.
func lookPages() []views.Option {
	first := [][2]string{{"sign-in", "Sign in"}, {"identify", "Sign in: address"}, {"password", "Sign in: password"}, {"code-sign-in", "Sign in: code"}, {"sign-in-error", "Sign in with a mistake"},
		{"identify-sign-up", "Sign up: address"}, {"code-sign-up", "Sign up: code"}, {"new-password", "Sign up: password"}, {"attributes", "Sign up: details"}, {"attributes-error", "Sign up: details with mistakes"}, {"terms", "Terms of use"},
		{"identify-forgot", "Forgotten password"}, {"new-password-reset", "New password"}, {"reset-done", "Password changed"},
		{"enrol-choose", "Choose a second factor"}, {"enrol-totp", "Set up an authenticator app"}, {"challenge-totp", "Confirm with an app"}, {"code-confirm-sms", "Confirm by text message"}, {"recovery-codes", "Recovery codes"},
		{"consent", "Consent"}, {"select-account", "Choose an account"}, {"stay", "Stay signed in?"}, {"invitation", "Invitation"},
		{"blocked", "Blocked"}, {"no-account", "No such account"}, {"error", "Error"}, {"expired", "Expired"}, {"signed-out", "Signed out"}, {"confirm-sign-out", "Sign out?"}}
	var out []views.Option
	known := map[string]bool{"form-post": true}
	for _, f := range first {
		known[f[0]] = true
		out = append(out, views.Option{Value: f[0], Label: f[1]})
	}
	for _, f := range hosted.Fixtures(hosted.SampleBrand(), nil) {
		if !known[f.Name] {
			out = append(out, views.Option{Value: f.Name, Label: "Also: " + humane(strings.ReplaceAll(f.Name, "-", " "))})
		}
	}
	out = append(out, views.Option{Value: "account:question", Label: "Account: a question"}, views.Option{Value: "account:signed-out", Label: "Account: signed out"})
	for _, k := range mailKinds() {
		out = append(out, views.Option{Value: "mail:" + k.Value, Label: "Mail: " + k.Label})
	}
	return out
}

func mailKinds() []views.Option {
	var out []views.Option
	for _, k := range email.Kinds() {
		out = append(out, views.Option{Value: string(k), Label: strings.ToLower(strings.ReplaceAll(string(k), "_", " "))})
	}
	return out
}

// mail is the kind of letter that is shown, else the code.
func (s shownPage) mail() string {
	if kind, ok := strings.CutPrefix(s.page, "mail:"); ok {
		return kind
	}
	return string(email.Code)
}

// lookLetter shows a letter with the draft as plain text, or sends it to whoever asks.
func (p *Portal) lookLetter(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	shown := shownPage{page: "mail:" + typed(c, "mail"), lang: typed(c, "in")}.settled(p, x.v, "")
	kind, ok := strings.CutPrefix(shown.page, "mail:")
	if !ok {
		return fault.New(fault.NotFound, "error.not_found")
	}
	l := shown.localizer(p)
	m, err := p.sampleLetter(c.UserContext(), x, x.Draft, l, email.Kind(kind), x.v.dir.Tenant.Home().Base(p.BaseURL))
	if err != nil {
		return err
	}
	if typed(c, "do") == "text" {
		words, err := email.Render(l, m)
		if err != nil {
			return err
		}
		c.Set(fiber.HeaderContentSecurityPolicy, "sandbox; default-src 'none'; frame-ancestors 'self'")
		c.Set(fiber.HeaderXFrameOptions, "SAMEORIGIN")
		c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
		c.Set(fiber.HeaderCacheControl, "no-store")
		return c.SendString(words.Subject + "\n\n" + words.Text)
	}
	return p.sendToMe(c, x.base()+"/edit?"+shown.query(), l, m)
}

// lookLanguages are the languages to look at a page in: those of the catalogues, and those of the look besides.
func (p *Portal) lookLanguages(d branding.Document) []views.Option {
	var out []views.Option
	for _, tag := range p.Bundle.Tags() {
		out = append(out, views.Option{Value: tag.String(), Label: p.Bundle.Name(tag)})
	}
	for _, tag := range tags(d) {
		if p.spoken(tag, "en") == tag && !slices.ContainsFunc(out, func(o views.Option) bool { return o.Value == tag }) {
			out = append(out, views.Option{Value: tag, Label: branding.LanguageOf(tag).Own})
		}
	}
	return append(out, views.Option{Value: pseudoLanguage, Label: "Longer English (stress)"})
}

// studioPreview is the frame beside the studio.
func (p *Portal) studioPreview(c *fiber.Ctx, s studio) (*views.StudioPreview, error) {
	shown := askedPage(c).settled(p, s.v, s.lang)
	q := "?" + shown.query()
	return &views.StudioPreview{Src: s.base() + "/preview" + q, Action: s.base() + "/preview" + q + "&tab=" + s.tab, All: s.base() + "/compare?in=" + shown.lang,
		Page: shown.page, Pages: lookPages(), Language: shown.lang, Languages: p.lookLanguages(s.Draft), Scheme: shown.scheme,
		Note: "With invented people. Nothing can be pressed in it.", Keep: [][2]string{{"tab", s.tab}, {"language", s.lang}}, Letters: s.base() + "/letter", Mails: mailKinds(), Mail: shown.mail()}, nil
}

// lookPreview draws a page with the draft as it is saved, or an earlier version.
func (p *Portal) lookPreview(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	d := x.Draft
	if n := c.QueryInt("version"); n > 0 {
		versions, err := x.v.tenant.BrandingVersions(c.UserContext(), x.ID)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(versions, func(v models.BrandingVersion) bool { return v.Version == n })
		if i < 0 {
			return fault.New(fault.NotFound, "error.not_found")
		}
		d = versions[i].Document
	}
	return p.sendLook(c, x, d, askedPage(c).settled(p, x.v, ""))
}

// lookTyped draws a page with what is typed at the moment over the draft. Nothing is saved, and pictures are those of
// the draft.
func (p *Portal) lookTyped(c *fiber.Ctx) error {
	s, err := p.studying(c, typed(c, "language"))
	if err != nil {
		return err
	}
	e := readElements(c, s.tab, s.own())
	return p.sendLook(c, s.look, with(s.Draft, s.lang, drawable(e)), askedPage(c).settled(p, s.v, s.lang))
}

// drawable leaves out what cannot be drawn, such as half a colour.
func drawable(e branding.Elements) branding.Elements {
	bad := fault.Of(e.Validate())
	if bad == nil {
		return e
	}
	for _, f := range bad.Fields {
		for _, x := range elements() {
			if x.id == f.Name {
				x.set(&e, "")
			}
		}
	}
	return e
}

// lookContrast measures what is typed. The answer is a piece of the page.
func (p *Portal) lookContrast(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	s := studio{look: x, lang: typed(c, "language")}
	e := s.own()
	for _, el := range elements() {
		if el.kind == colorElement && c.Request().PostArgs().Has(el.id) {
			el.set(&e, colorText(typed(c, el.id)))
		}
	}
	var b bytes.Buffer
	if err := views.StudioContrast(s.contrast(e)).Render(c.UserContext(), &b); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8) // put into the page by its script; here it is text
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Send(b.Bytes())
}

// brandOf makes the look of pages out of a document that nobody has published.
func (p *Portal) brandOf(ctx context.Context, x look, d branding.Document, lang string) (*ui.Brand, error) {
	drawn, err := p.draftLook(ctx, x, d, lang)
	if err != nil {
		return nil, err
	}
	return handlers.NewBrand(x.v.dir.Tenant, drawn), nil
}

// draftLook resolves a document that nobody has published.
func (p *Portal) draftLook(ctx context.Context, x look, d branding.Document, lang string) (branding.Look, error) {
	set := x.v.dir.Branding
	const app = "preview"
	set.OfApp, set.Pictures = map[string]string{}, map[string]branding.Picture{}
	if x.theme() {
		set.Themes, set.OfApp[app] = map[string]branding.Document{x.ID: d}, x.ID
	} else {
		set.Company = d
	}
	hashes := append(d.Pictures(), set.Company.Pictures()...)
	if len(hashes) > 0 {
		var err error
		if set.Pictures, err = x.v.tenant.PictureFacts(ctx, hashes); err != nil {
			return branding.Look{}, err
		}
	}
	return set.For(app, lang), nil
}

func (p *Portal) sendLook(c *fiber.Ctx, x look, d branding.Document, shown shownPage) error {
	html, err := p.drawLook(c.UserContext(), x, d, shown)
	if err != nil {
		return err
	}
	return sendFrame(c, html)
}

// drawLook draws one page of customers with their own components and invented people.
func (p *Portal) drawLook(ctx context.Context, x look, d branding.Document, shown shownPage) (string, error) {
	l, lang := shown.localizer(p), shown.lang
	if lang == pseudoLanguage {
		lang = "en"
	}
	brand, err := p.brandOf(ctx, x, d, lang)
	if err != nil {
		return "", err
	}
	if kind, ok := strings.CutPrefix(shown.page, "mail:"); ok {
		m, err := p.sampleLetter(ctx, x, d, l, email.Kind(kind), "")
		if err != nil {
			return "", err
		}
		words, err := email.Render(l, m)
		return inScheme(words.HTML, shown.scheme), err
	}
	l = brand.Speak(l)
	page, err := p.samplePage(brand, l, x.v.dir.Tenant, shown.page)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	if err := page.Render(i18n.With(ctx, l), &b); err != nil {
		return "", err
	}
	return inScheme(b.String(), shown.scheme), nil
}

// sampleLetter is a letter in a look that nobody has published; base stands before the paths of its pictures.
func (p *Portal) sampleLetter(ctx context.Context, x look, d branding.Document, l *i18n.Localizer, kind email.Kind, base string) (email.Letter, error) {
	m := email.Sample(kind, x.v.dir.Tenant.Name, p.Now())
	drawn, err := p.draftLook(ctx, x, d, l.Lang())
	if err != nil {
		return m, err
	}
	wear(&m, l, x.v.dir.Tenant, drawn, base)
	return m, nil
}

func (p *Portal) samplePage(brand *ui.Brand, l *i18n.Localizer, t tenant.Tenant, name string) (templ.Component, error) {
	switch name {
	case "account:question":
		return account.ConfirmPage(account.Page{Brand: brand, Base: "/" + t.Slug + "/account", Path: "/" + t.Slug + "/account/x", Person: "Mira Okafor", Languages: hosted.Chooser(p.Bundle, l, nil)},
			account.Confirm{Title: l.T("account.nav.profile"), Lead: l.T("account.signed_out.lead"), Submit: l.T("account.sign_out"), Cancel: "#"}), nil
	case "account:signed-out":
		return account.SignedOut(account.Page{Brand: brand, Base: "/" + t.Slug + "/account", Languages: hosted.Chooser(p.Bundle, l, nil)}), nil
	}
	for _, f := range hosted.Fixtures(brand, hosted.Chooser(p.Bundle, l, nil)) {
		if f.Name == name {
			return f.Page, nil
		}
	}
	return nil, fault.New(fault.NotFound, "error.not_found")
}

var (
	schemeQuery     = regexp.MustCompile(`\(\s*prefers-color-scheme:\s*(dark|light)\s*\)`)
	inlineAttribute = regexp.MustCompile(` style="([^"&]*)"`)
	inlineStyle     = regexp.MustCompile(`(?s)<style>(.*?)</style>`)
)

// inScheme draws a page on a light or a dark ground whatever the admin's own screen is: by the attribute that our
// style sheets read, and by answering the question that pictures and company style sheets ask.
func inScheme(html, scheme string) string {
	html = strings.Replace(html, "<html ", `<html data-scheme="`+scheme+`" `, 1)
	html = strings.Replace(html, "<body ", "<body inert ", 1)
	html = strings.Replace(html, "<body>", "<body inert>", 1)
	return schemeQuery.ReplaceAllStringFunc(html, func(q string) string {
		return choose(strings.Contains(q, scheme), "(min-width:0)", "(max-width:0)")
	})
}

// sendFrame sends a page for a frame of the portal: it has an origin of its own, which is nobody's, and can run
// nothing, send nothing, and fetch nothing but pictures and styles from here.
func sendFrame(c *fiber.Ctx, html string) error {
	styles := ""
	for _, m := range inlineStyle.FindAllStringSubmatch(html, -1) {
		styles += " " + handlers.StyleHash(m[1])
	}
	if attributes := inlineAttribute.FindAllStringSubmatch(html, -1); len(attributes) > 0 { // letters have them
		styles += " 'unsafe-hashes'"
		known := map[string]bool{}
		for _, m := range attributes {
			if !known[m[1]] {
				known[m[1]], styles = true, styles+" "+handlers.StyleHash(m[1])
			}
		}
	}
	c.Set(fiber.HeaderContentSecurityPolicy, "sandbox; default-src 'none'; style-src 'self'"+styles+"; img-src 'self' data:; frame-ancestors 'self'; form-action 'none'; base-uri 'none'")
	c.Set(fiber.HeaderXFrameOptions, "SAMEORIGIN")
	c.Set(fiber.HeaderContentType, fiber.MIMETextHTMLCharsetUTF8)
	c.Set(fiber.HeaderContentDisposition, "inline")
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.SendString(html)
}

// lookCompare shows one page in many ways: widths, grounds and languages.
func (p *Portal) lookCompare(c *fiber.Ctx) error {
	x, err := p.looking(c)
	if err != nil {
		return err
	}
	shown := askedPage(c).settled(p, x.v, "")
	s, err := p.shell(c, "Compare", "The draft of "+x.quoted()+" on one page of customers, in every way it is met.", brandingHelp(), p.brandingCrumbs(x, views.Link{Label: x.title(), Href: x.base()})...)
	if err != nil {
		return err
	}
	kind := c.Query("by")
	if kind != "pages" {
		kind = "languages"
	}
	g := views.LookGallery{Form: views.Form{Get: true, Action: x.base() + "/compare", Submit: "Show", Fields: []views.Field{
		{Kind: views.Grid, Label: "What to compare", Fields: []views.Field{
			{Kind: views.Select, Name: "by", Label: "Beside each other", Value: kind, Options: []views.Option{{Value: "languages", Label: "One page in all languages"}, {Value: "pages", Label: "The usual pages"}}},
			{Kind: views.Select, Name: "page", Label: "Page", Value: shown.page, Options: lookPages()},
			{Kind: views.Select, Name: "in", Label: "Language", Value: shown.lang, Options: p.lookLanguages(x.Draft)},
			{Kind: views.Select, Name: "scheme", Label: "Colours", Value: shown.scheme, Options: []views.Option{{Value: "light", Label: "Light"}, {Value: "dark", Label: "Dark"}}}}}}}}
	add := func(title string, f shownPage, phone bool) {
		g.Frames = append(g.Frames, views.LookFrame{Title: title, Src: x.base() + "/preview?" + f.query(), Phone: phone})
	}
	if kind == "pages" {
		for _, o := range lookPages()[:29] {
			f := shown
			f.page = o.Value
			add(o.Label, f, true)
		}
	} else {
		for _, o := range p.lookLanguages(x.Draft) {
			f := shown
			f.lang = o.Value
			add(o.Label, f, true)
		}
		for _, scheme := range []string{"light", "dark"} {
			f := shown
			f.scheme = scheme
			add("Desktop, "+scheme, f, false)
		}
	}
	return handlers.Render(c, fiber.StatusOK, views.LookGalleryPage(s, g))
}
