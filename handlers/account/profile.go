package account

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"golang.org/x/text/language"

	"portico/app/fault"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/account"
	"portico/views/hosted"
	"portico/views/ui"
)

// profile.go: what somebody says about themselves (F271), with the controls, the rules and the words of the
// sign-up page.

// asked are the attributes of the person's profile: those of the flows of the apps that they use, or of all
// flows while nothing is known of their apps: those are offered then, and none of them has to be filled in.
func (p *Pages) asked(c *fiber.Ctx) ([]userflow.Attribute, error) {
	v := visitOf(c)
	clients, err := v.t.ClientsOf(c.UserContext(), v.person.ID)
	if err != nil {
		return nil, err
	}
	flows, known := v.dir.FlowsFor(clients)
	list := userflow.Profile(flows)
	for i, a := range list {
		list[i].Required = a.Required && (known || a.ID == "displayName" && v.person.DisplayName != "")
	}
	return list, nil
}

// lenient is what a form is held against: what was empty may stay empty. Whoever has to know it asks for it, at
// the sign-in; it is no reason not to save the rest.
func lenient(asked []userflow.Attribute, u models.User) []userflow.Attribute {
	list := slices.Clone(asked)
	for i, a := range list {
		has := u.Value(a.ID)
		list[i].Required = a.Required && has != nil && has != false
	}
	return list
}

// drawn stands for what a page showed: it comes back with the form and tells whether anything has changed since.
func drawn(u models.User, asked []userflow.Attribute) string {
	shown := []any{u.PreferredLanguage}
	for _, a := range asked {
		shown = append(shown, u.Value(a.ID))
	}
	b, _ := json.Marshal(shown) // texts, numbers and truth values always are JSON
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:12])
}

func (p *Pages) profile(c *fiber.Ctx) error {
	asked, err := p.asked(c)
	if err != nil {
		return err
	}
	return p.render(c, fiber.StatusOK, views.ProfilePage(p.page(c), p.profileView(c, visitOf(c).person, asked)))
}

func (p *Pages) profileView(c *fiber.Ctx, u models.User, asked []userflow.Attribute) views.ProfileView {
	v := views.ProfileView{Attributes: hosted.Layout(asked).Attributes, Seen: drawn(u, asked), Address: u.Address()}
	for i, a := range asked {
		v.Attributes[i] = v.Attributes[i].Filled(a.Typed(u.Value(a.ID)))
	}
	offer := handlers.Languages(p.Bundle, handlers.DirectoryOf(c), "", nil)
	for _, tag := range offer.Tags() {
		v.Languages = append(v.Languages, ui.Option{Value: tag.String(), Text: p.Bundle.Name(tag), Selected: u.PreferredLanguage != "" && offer.Match(u.PreferredLanguage).Lang() == tag.String()})
	}
	return v
}

func (p *Pages) saveProfile(c *fiber.Ctx) error {
	v := visitOf(c)
	asked, err := p.asked(c)
	if err != nil {
		return err
	}
	form := func(name string) []string { return typedAll(c, name) }
	values, wrong := userflow.Answers(lenient(asked, v.person), form)
	for _, a := range asked {
		if values[a.ID] == false && v.person.Value(a.ID) == nil { // left alone: no answer, so that an app still asks
			delete(values, a.ID)
			continue
		}
		if _, given := values[a.ID]; !given && !a.ReadOnly {
			values[a.ID] = ""
		}
	}
	chosen := typed(c, "preferredLanguage")
	known := slices.ContainsFunc(handlers.Languages(p.Bundle, handlers.DirectoryOf(c), "", nil).Tags(), func(t language.Tag) bool { return t.String() == chosen })
	if chosen != "" && !known {
		chosen = v.person.PreferredLanguage
	}
	var changed bool
	if wrong == nil {
		_, wrong = v.t.EditProfile(c.UserContext(), v.actor(c), v.person.ID, values, chosen, func(now models.User) error {
			if changed = drawn(now, asked) != typed(c, "seen"); changed {
				v.person = now
				return fault.New(fault.Conflict, "account.profile.meanwhile")
			}
			return nil
		})
	}
	if wrong == nil {
		if chosen != "" {
			p.setLanguage(c, chosen)
		}
		return p.done(c, v.base()+"/profile", "account.profile.saved")
	}
	page := p.page(c)
	if !complain(c, &page, p.labelled(c, asked, wrong)) {
		return wrong
	}
	page.Values = map[string]string{"preferredLanguage": chosen}
	for _, a := range asked {
		name := userflow.FieldName(a.ID)
		for _, part := range []string{"", ".day", ".month", ".year"} {
			if part == "" || a.Input() == userflow.DateBoxes {
				page.Values[name+part] = strings.Join(typedAll(c, name+part), ",")
			}
		}
	}
	return p.render(c, handlers.Status(fault.Of(wrong).Code), views.ProfilePage(page, p.profileView(c, v.person, asked)))
}

// labelled puts into complaints what the page calls their fields.
func (p *Pages) labelled(c *fiber.Ctx, asked []userflow.Attribute, err error) error {
	e := *fault.Of(err)
	e.Fields = slices.Clone(e.Fields)
	for i, f := range e.Fields {
		for _, a := range asked {
			if f.Args != nil && f.Args["id"] == a.ID {
				f.Args["label"] = hosted.PlainLabel(handlers.InfoOf(c).Locale, a)
			}
		}
		e.Fields[i] = f
	}
	return &e
}

// setLanguage makes the pages speak what was chosen.
func (p *Pages) setLanguage(c *fiber.Ctx, chosen string) {
	c.Cookie(&fiber.Cookie{Name: handlers.CookieName(c, handlers.DirectoryOf(c).Tenant.Slug, "language"), Value: chosen + ".", Path: "/", HTTPOnly: true,
		Secure: handlers.SecureCookies(c), SameSite: fiber.CookieSameSiteLaxMode, MaxAge: int((365 * 24 * time.Hour).Seconds())})
}

// typedAll reads all values of a posted field, as typed does.
func typedAll(c *fiber.Ctx, name string) []string {
	var out []string
	for _, b := range c.Request().PostArgs().PeekMulti(name) {
		out = append(out, strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(string(b), ""), "\x00", "")))
	}
	return out
}
