package admin

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/openid"
	"portico/app/userflow"
	"portico/models"
	views "portico/views/admin"
)

func flowsHelp() views.Help {
	return views.Help{What: "A user flow is the set of pages by which people sign up and sign in: with what they prove themselves, and what they tell about themselves when signing up.",
		Do: "Make one and add applications to it. An application is in one flow at most; a flow serves many applications. What you change is a draft until you publish it as a new version; whoever is signing in at that moment finishes with the version they started with."}
}

// sortedFlows are the tenant's flows by name.
func sortedFlows(d *models.Directory) []*userflow.Flow {
	out := make([]*userflow.Flow, 0, len(d.Flows))
	for _, f := range d.Flows {
		out = append(out, f)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// sortedClients are the tenant's applications by name.
func sortedClients(d *models.Directory) []*openid.Client {
	out := make([]*openid.Client, 0, len(d.Clients))
	for _, c := range d.Clients {
		out = append(out, c)
	}
	sort.Slice(out, func(i, j int) bool {
		return out[i].Name < out[j].Name || out[i].Name == out[j].Name && out[i].ID < out[j].ID
	})
	return out
}

func (p *Portal) flowList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "method")
	flows, err := p.flowsFor(c.UserContext(), v, w)
	if err != nil {
		return err
	}
	if f := c.Query("format"); f == "csv" || f == "json" {
		return download(c, f, "user-flows-"+v.dir.Tenant.Slug, flowColumns(), func(f models.UserFlow) any { return f.Flow },
			func(context.Context, string) ([]models.UserFlow, string, error) { return flows, "", nil })
	}
	s, err := p.shell(c, "User flows", "The pages by which people sign up and sign in.", flowsHelp())
	if err != nil {
		return err
	}
	create := &views.Link{Label: "New user flow", Href: v.base() + "/user-flows/new"}
	if v.may(access.FlowWrite) {
		s.Primary = create
	} else {
		create = nil
	}
	t := views.Table{Caption: "User flows", Columns: []views.Column{{Label: "Name"}, {Label: "New people get"}, {Label: "Sign-up"}, {Label: "Second factor"}, {Label: "Applications", Num: true}, {Label: "Version", Num: true}, {Label: "Changed"}}}
	for _, f := range flows {
		version := views.Cell{Kind: views.Num, Text: strconv.Itoa(f.Version)}
		draft, has, err := v.tenant.Draft(c.UserContext(), f.ID)
		if err != nil {
			return err
		}
		if has {
			version.Sub = "Draft by " + draft.ActorName
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: f.Name, Href: v.base() + "/user-flows/" + f.ID}, plain(factorLabel(f.SignUpMethod)),
			badge(choose(f.SignUpAllowed, "ok", "neutral"), choose(f.SignUpAllowed, "Open", "Closed")), plain(enforcementLabel(f.MFA.Enforcement)),
			{Kind: views.Num, Text: strconv.Itoa(len(f.ApplicationIDs))}, version, when(f.UpdatedAt)}})
	}
	l := views.List{Filter: w.filter(3, views.Field{Name: "search", Label: "Name", Type: "search"},
		views.Field{Kind: views.Select, Name: "method", Label: "New people get", Options: []views.Option{{Label: "Any method"}, {Value: "emailPassword", Label: factorLabel(userflow.EmailPassword)}, {Value: "emailCode", Label: factorLabel(userflow.EmailCode)}}}),
		Table: t, Shown: shown(len(flows), "user flow", "by name"),
		Empty: emptyOf(w, "No user flows yet", "Make the first one, so that your applications have sign-up and sign-in pages.", create)}
	w.finish(&l, "")
	return p.list(c, s, l)
}

// flowsFor reads the flows that fit a view. A tenant has few, so they come at once.
func (p *Portal) flowsFor(ctx context.Context, v *visit, w view) ([]models.UserFlow, error) {
	all, err := v.tenant.Flows(ctx)
	return slices.DeleteFunc(all, func(f models.UserFlow) bool {
		return !strings.Contains(strings.ToLower(f.Name), strings.ToLower(w.get("search"))) || w.has("method") && string(f.SignUpMethod) != w.get("method")
	}), err
}

func flowColumns() []column[models.UserFlow] {
	return []column[models.UserFlow]{
		{"id", func(f models.UserFlow) string { return f.ID }}, {"displayName", func(f models.UserFlow) string { return f.Name }},
		{"version", func(f models.UserFlow) string { return strconv.Itoa(f.Version) }}, {"signUpMethod", func(f models.UserFlow) string { return string(f.SignUpMethod) }},
		{"signUpAllowed", func(f models.UserFlow) string { return fmt.Sprint(f.SignUpAllowed) }}, {"mfa", func(f models.UserFlow) string { return string(f.MFA.Enforcement) }},
		{"applications", func(f models.UserFlow) string { return strings.Join(f.ApplicationIDs, " ") }}, {"modifiedDateTime", func(f models.UserFlow) string { return stamp(f.UpdatedAt) }},
	}
}
