package admin

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/handlers"
	"portico/handlers/hosted"
	views "portico/views/admin"
)

const (
	savedPicture = "A picture of the saved draft. Nothing can be pressed in it."
	typedPicture = "A picture of what you are typing; it is not saved yet. Nothing can be pressed in it."
)

// preview is the picture beside a tab, of the draft as it is saved.
func (p *Portal) preview(c *fiber.Ctx, d *design, name string) (*views.Preview, error) {
	at := d.base() + "/" + name
	switch {
	case name == "properties":
		at = d.base()
	case name == "layout":
		at = d.base() + "/attributes"
	case strings.HasPrefix(name, "attributes/"):
		at = d.base() + "/attributes/edit/" + strings.TrimPrefix(name, "attributes/")
	}
	return p.previewOf(c, d.v, d.flow, at, name)
}

// previewOf makes the picture of a flow with its choosers. The tenant's style is in the frame only; the page
// allows it by its hash, because a frame of this kind lives under its page's policy.
func (p *Portal) previewOf(c *fiber.Ctx, v *visit, f userflow.Flow, action, name string) (*views.Preview, error) {
	language, steps := c.Query("language"), previewSteps(f, name)
	step := stepOf(c.Query("step"), name, steps)
	html, err := p.picture(c, v, shownField(f, name, step), step, language)
	if err != nil {
		return nil, err
	}
	info := handlers.InfoOf(c)
	info.StyleHashes = append(info.StyleHashes, p.brand(v).StyleHash())
	x := &views.Preview{HTML: html, Refresh: v.base() + "/user-flows/preview", Part: name, Action: action, Step: string(step), Steps: steps, Language: handlers.Languages(p.Bundle, v.dir, "", &f).Match(language, v.dir.Tenant.DefaultLocale).Lang(), CSRF: p.CSRF.Token(v.session.ID), Note: savedPicture}
	if f.ID == "" {
		x.Note = "A picture of the flow that you are making. Nothing can be pressed in it."
	} else {
		x.Refresh = v.flowBase(f.ID) + "/preview"
	}
	for _, tag := range handlers.Languages(p.Bundle, v.dir, "", &f).Tags() {
		x.Languages = append(x.Languages, views.Option{Value: tag.String(), Label: p.Bundle.Name(tag)})
	}
	return x, nil
}

// stepOf is the page to draw: the chosen one, else the one that the tab is about.
func stepOf(chosen, tab string, steps []views.Option) signin.Name {
	about := string(signin.AskAttributes)
	switch {
	case tab == "properties", tab == "methods", steps[0].Value == string(oneField):
		about = steps[0].Value
	case tab == "domains":
		about = string(signin.SignUp)
	case tab == "terms":
		about = string(signin.AskTerms)
	}
	for _, want := range []string{chosen, about} {
		if slices.ContainsFunc(steps, func(o views.Option) bool { return o.Value == want }) {
			return signin.Name(want)
		}
	}
	return signin.Name(steps[0].Value)
}

// oneField is the page of attributes with nothing but the field that is being edited.
const oneField = signin.Name("field")

// previewSteps are the pages that people of a flow meet.
func previewSteps(f userflow.Flow, tab string) []views.Option {
	first := signin.Identify
	if f.PasswordOnly() {
		first = signin.SignIn
	}
	steps := []views.Option{{Value: string(first), Label: "Sign in"}, {Value: string(signin.SignUp), Label: "Sign up: address"}, {Value: string(signin.Code), Label: "Sign up: code"}}
	if f.SignUpMethod == userflow.EmailPassword {
		steps = append(steps, views.Option{Value: string(signin.ChoosePassword), Label: "Sign up: password"})
	}
	if len(signin.Fields(f)) > 0 {
		steps = append(steps, views.Option{Value: string(signin.AskAttributes), Label: "Sign up: attributes"})
	}
	if len(f.Terms) > 0 {
		steps = append(steps, views.Option{Value: string(signin.AskTerms), Label: "Terms"})
	}
	if at := place(f, strings.TrimPrefix(tab, "attributes/")); at >= 0 && !f.Attributes[at].Hidden {
		steps = append([]views.Option{{Value: string(oneField), Label: "This field"}}, steps...)
	}
	return steps
}

// language is the one to draw a picture in: the tenant's own unless another was chosen.
func (p *Portal) language(v *visit, chosen string) *i18n.Localizer {
	return p.Bundle.Match(chosen, v.dir.Tenant.DefaultLocale)
}

// shownField leaves the edited field alone on its page where that is what was chosen.
func shownField(f userflow.Flow, tab string, step signin.Name) userflow.Flow {
	if at := place(f, strings.TrimPrefix(tab, "attributes/")); step == oneField && at >= 0 {
		f.Attributes = f.Attributes[at : at+1]
	}
	return f
}

// picture draws one page of a flow as its customers would see it. Nothing in it works: it has no address to
// send anything to, no script, and cannot be pressed.
func (p *Portal) picture(c *fiber.Ctx, v *visit, f userflow.Flow, step signin.Name, language string) (string, error) {
	l := handlers.InWordsOf(p.brand(v).Speak(handlers.Languages(p.Bundle, v.dir, "", &f).Match(language, v.dir.Tenant.DefaultLocale)), f)
	if step == oneField {
		step = signin.AskAttributes
	}
	attempt := signin.Attempt{} // of a flow without an application the page names none
	for _, cl := range sortedClients(v.dir) {
		if v.dir.FlowOf[cl.ID] == f.ID && f.ID != "" {
			attempt.Request.ClientName = cl.Name
			break
		}
	}
	world := signin.World{Now: p.Now(), Tenant: v.dir.Tenant, Flow: f}
	for _, id := range f.Terms {
		if t, ok := v.dir.Terms[id]; ok {
			world.Terms = append(world.Terms, t)
		}
	}
	if step == signin.Code || step == signin.SignUp {
		attempt.Facts.SignUp = &signin.Mark{At: p.Now()}
	}
	person := signin.Person{Email: "alex@example.com", Newcomer: true, Proven: true}
	page := hosted.Page(p.brand(v), l, signin.Result{Attempt: attempt, World: world, Step: signin.Step{Name: step, Person: person, Fields: signin.Fields(f), Terms: world.Terms}}, nil)
	var b bytes.Buffer
	err := page.Render(i18n.With(c.UserContext(), l), &b)
	return b.String(), err
}

// flowPreview answers with the picture for what is typed at the moment. It reads only. The answer is text,
// not a page: put into a frame it is a tenant's page, and at this address it must never be one.
func (p *Portal) flowPreview(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	f := d.flow
	if n, err := strconv.Atoi(c.Query("version")); err == nil {
		if f, err = d.v.tenant.FlowVersion(c.UserContext(), d.now.ID, n); err != nil {
			return err
		}
	}
	switch name := typed(c, "preview.part"); name {
	case "properties":
		propertiesPart().read(c, &f)
	case "methods":
		methodsPart().read(c, &f)
		f.SignInMethods = slices.Compact(slices.Sorted(slices.Values(append([]userflow.Method{f.SignUpMethod}, d.now.SignInMethods...))))
	case "", "layout", "domains", "terms":
	default:
		id, ok := strings.CutPrefix(name, "attributes/")
		if !ok {
			return fault.New(fault.NotFound, "error.not_found")
		}
		readField(c, &f, id)
	}
	return p.sendPicture(c, d.v, f)
}

func (p *Portal) sendPicture(c *fiber.Ctx, v *visit, f userflow.Flow) error {
	tab := typed(c, "preview.part")
	step := stepOf(typed(c, "preview.step"), tab, previewSteps(f, tab))
	html, err := p.picture(c, v, shownField(f, tab, step), step, typed(c, "preview.language"))
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, fiber.MIMETextPlainCharsetUTF8)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.SendString(html)
}
