package admin

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/userflow"
	"portico/models"
	views "portico/views/admin"
)

// agreedSection lists the terms that the person agreed to.
func (p *Portal) agreedSection(c *fiber.Ctx, u models.User) (views.Section, error) {
	v := visitOf(c)
	list, err := v.tenant.Acceptances(c.UserContext(), u.ID)
	t := &views.Table{Caption: "Terms", Columns: []views.Column{{Label: "Terms"}, {Label: "Version", Num: true}, {Label: "When"}, {Label: "Read in"}, {Label: "Still counts"}}}
	for _, a := range list {
		name := views.Cell{Kind: views.Name, Text: a.TermsID}
		counts := badge("neutral", "No")
		if x, ok := v.dir.Terms[a.TermsID]; ok {
			if name.Text = x.Name; v.may(access.FlowRead) {
				name.Href = v.termsBase(x.ID)
			}
			if x.Accepted([]userflow.Acceptance{a}) {
				counts = badge("ok", "Yes")
			} else {
				counts = badge("warn", "No, must agree again")
			}
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{name, {Kind: views.Num, Text: fmt.Sprint(a.Version)}, when(a.At), plain(p.languageName(a.Locale)), counts}})
	}
	return views.Section{ID: "terms", Title: "Terms agreed to", Table: t, Empty: "None."}, err
}

// withInvitation adds the invitation that the person came by.
func (p *Portal) withInvitation(c *fiber.Ctx, u models.User, summary []views.Fact) ([]views.Fact, error) {
	v := visitOf(c)
	i, err := v.tenant.InvitationOf(c.UserContext(), u.ID)
	if fault.Is(err, fault.NotFound) {
		return summary, nil
	}
	return append(summary, fact("Came by", views.Cell{Kind: views.Name, Text: "Invitation by " + i.ActorName, Sub: "To " + i.Email, Href: v.invitationBase(i.ID)})), err
}

func profileSection(l *i18n.Localizer, u models.User, base string, dir *models.Directory) views.Section {
	edit := base + "/edit"
	text := func(label, s string) views.Fact {
		if s == "" {
			return views.Fact{Label: label, Value: views.Cell{Text: "Not set", Tone: "soft"}, Change: edit}
		}
		return views.Fact{Label: label, Value: views.Cell{Kind: views.Name, Text: s}, Change: edit}
	}
	last := when(u.LastSignInAt)
	if u.LastSignInAt.IsZero() {
		last = plain("Never")
	}
	address := strings.Join(nonEmpty(u.StreetAddress, strings.TrimSpace(u.PostalCode+" "+u.City), u.State, valueWords(l, userflow.Attribute{ID: "country"}, u.Country)), ", ")
	made := map[string]string{"SelfServiceSignUp": "Signed up by themselves", "LocalAccount": "Created by a program or import", "Admin": "Created by an admin"}[u.CreationType]
	mail := views.Cell{Kind: views.Code, Text: u.Mail}
	if u.Mail != "" {
		mail.Sub = choose(u.MailVerified, "Proven", "Not proven")
	}
	out := views.Section{ID: "profile", Title: "Profile", Summary: []views.Fact{text("Display name", u.DisplayName), text("First name", u.GivenName), text("Last name", u.Surname), text("Address", address), text("Phone", u.MobilePhone), text("Job title", u.JobTitle)}}
	for _, a := range shownAttributes(dir) {
		out.Summary = append(out.Summary, text(attributeName(a), valueWords(l, a, u.Attributes[a.ID])))
	}
	for _, k := range slices.Sorted(maps.Keys(u.Attributes)) {
		if _, defined := dir.Definitions[k]; !defined && !strings.HasPrefix(k, "extension_") { // answers to a deleted attribute are kept unseen
			out.Summary = append(out.Summary, fact(humane(k), views.Cell{Kind: views.Name, Text: textOf(u.Attributes[k])}))
		}
	}
	out.Summary = append(out.Summary, facts(fact("Email", mail), fact("Language", code(u.PreferredLanguage)), fact("State", stateBadge(u.Enabled)), fact("Last sign-in", last), fact("Created", when(u.CreatedAt)), fact("How", plain(made)), fact("User ID", code(u.ID)))...)
	return out
}

// shownAttributes are the tenant's custom attributes; a text that some flow shows as a choice has that flow's
// options, so that a person's page says what the person read.
func shownAttributes(dir *models.Directory) []userflow.Attribute {
	out := definedAttributes(dir.Definitions)
	for i, a := range out {
		for _, f := range dir.Flows {
			for _, asked := range f.Attributes {
				if asked.ID == a.ID && a.Type() == userflow.String && len(asked.Options) > 0 {
					out[i].InputType, out[i].Options = asked.InputType, asked.Options
				}
			}
		}
	}
	return out
}
