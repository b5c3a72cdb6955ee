package admin

import (
	"cmp"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// user_merge.go: making one account of two. First the other one is chosen, then a page says in sentences what will
// happen and asks which values win; what was read there is what happens, or nothing.

// mergeRoutes stand beside the pages of one person, who is the account that stays.
func (p *Portal) mergeRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/users/:id/merge"
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.userMergeChoose, Permission: access.UserWrite},
		{Method: get, Path: at + "/:key", Handler: p.userMergeForm, Permission: access.UserWrite},
		{Method: post, Path: at + "/:key", Handler: p.userMerge, Permission: access.UserWrite},
	}
}

// mergeChoices is how many accounts one search offers.
const mergeChoices = 20

func (p *Portal) userMergeChoose(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	q := strings.TrimSpace(c.Query("q"))
	search := cmp.Or(q, u.DisplayName, u.Mail)
	found := models.Page[models.User]{}
	if search != "" {
		if found, err = v.tenant.Users(c.UserContext(), models.UserQuery{Search: search, Limit: mergeChoices + 1}); err != nil {
			return err
		}
	}
	t := &views.Table{Caption: "Accounts found", Columns: []views.Column{{Label: "Person"}, {Label: "Signs in as"}, {Label: "Made"}}, Actions: true}
	for _, other := range found.Items {
		if other.ID == u.ID {
			continue
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: userName(other), Href: v.userBase(other)}, {Kind: views.Name, Text: signInName(other)},
			{Text: other.CreatedAt.UTC().Format("2 January 2006")}}, Actions: []views.Action{{Label: "See what would happen", About: userName(other), Href: v.userBase(u) + "/merge/" + other.ID}}})
	}
	lead := "Names, addresses or an object id. “" + userName(u) + "” stays; the other account vanishes in it."
	if q == "" && search != "" {
		lead += " Shown are accounts with a similar name."
	}
	s, err := p.shell(c, "Merge with another account", userName(u), views.Help{What: "Two accounts of the same person become one. You see everything that will happen before anything does.",
		Do: "Make sure that both belong to the same person: whoever signs in to one gets all of the other."}, views.Link{Label: "Users", Href: v.base() + "/users"}, views.Link{Label: userName(u), Href: v.userBase(u)})
	if err != nil {
		return err
	}
	return p.detail(c, s, views.Detail{Sections: []views.Section{{ID: "choose", Title: "Which account", Lead: lead, Table: t, Empty: "No other account was found. Search by another name or address.",
		Form: &views.Form{Action: v.userBase(u) + "/merge", Get: true, Submit: "Search", Quiet: true, Fields: []views.Field{{Name: "q", Label: "Search people", Value: q, AutoComplete: "off"}}}}}})
}

// mergeRights are what the admin may do besides changing people.
func (v *visit) mergeRights() models.MergeRights {
	return models.MergeRights{Methods: v.may(access.MethodWrite), Groups: v.may(access.MemberWrite), Roles: v.may(access.AssignmentWrite)}
}

func (p *Portal) userMergeForm(c *fiber.Ctx) error { return p.userMergePage(c, nil) }

// userMergePage is the preview, with what was chosen before when problem says what was wrong with it.
func (p *Portal) userMergePage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	req := models.MergeRequest{Into: u.ID, From: c.Params("key"), Rights: v.mergeRights()}
	plan, err := v.tenant.PlanMerge(c.UserContext(), req)
	if err != nil {
		if to, e := v.tenant.MergedInto(c.UserContext(), req.From); e == nil && to == u.ID {
			return p.doneWith(c, v.userBase(u), models.PortalFlash{Kind: "info", Text: "That account went into “" + userName(u) + "” already."})
		}
		if !fault.Is(err, fault.Invalid) {
			return err
		}
		plan = account.Merge{From: account.MergeSide{Name: userName(u)}, Into: account.MergeSide{Name: userName(u)}, Obstacles: []account.MergeObstacle{{Key: "user.merge.self"}}}
	}
	s, err := p.shell(c, "Merge “"+plan.From.Name+"” into “"+plan.Into.Name+"”?", "", views.Help{}, views.Link{Label: "Users", Href: v.base() + "/users"}, views.Link{Label: userName(u), Href: v.userBase(u)})
	if err != nil {
		return err
	}
	other := views.Link{Label: "Keep “" + plan.From.Name + "” instead", Href: v.base() + "/users/" + plan.From.ID + "/merge/" + u.ID}
	if len(plan.Obstacles) > 0 {
		var why []string
		for _, o := range plan.Obstacles {
			why = append(why, handlers.InfoOf(c).Locale.T(o.Key, o.Args))
		}
		sections := []views.Section{{ID: "obstacles", Title: "These accounts cannot be merged now", Says: why, Action: &views.Link{Label: "Choose another account", Href: v.userBase(u) + "/merge"}}}
		if plan.Revision != "" {
			sections = append(sections, views.Section{ID: "preview", Title: "What would happen", Says: plan.Sentences()})
		}
		return p.detail(c, s, views.Detail{Sections: sections})
	}
	f := views.Form{Action: v.userBase(u) + "/merge/" + plan.From.ID, Submit: "Merge accounts", Danger: true, Cancel: v.userBase(u), Fields: v.mergeFields(c, plan)}
	f.Fields = append(f.Fields, views.Field{Kind: views.Hidden, Name: "revision", Value: plan.Revision},
		views.Field{Name: "name", Label: "Type the name of the account that vanishes: " + plan.From.Name, Value: typed(c, "name"), AutoComplete: "off"})
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	return p.confirm(c, s, views.Confirm{Consequences: plan.Sentences(), See: &other, Form: f})
}

// mergeFields asks for each property in which the accounts differ whose value wins.
func (v *visit) mergeFields(c *fiber.Ctx, plan account.Merge) []views.Field {
	var out []views.Field
	for _, f := range plan.Fields {
		shown := func(s string) string { return choose(s == "", "(empty)", s) }
		name, value := mergeField(f.ID), choose(f.TakeFrom, "from", "into")
		if was := typed(c, name); c.Method() == post && (was == "from" || was == "into") {
			value = was
		}
		label := humane(f.ID)
		if d, ok := v.dir.Definitions[f.ID]; ok {
			label = d.Name
		}
		out = append(out, views.Field{Kind: views.Radios, Name: name, Label: label, Value: value, Options: []views.Option{
			{Value: "into", Label: shown(f.Into), Hint: "of the account that stays"}, {Value: "from", Label: shown(f.From), Hint: "of the account that vanishes"}}})
	}
	return out
}

func mergeField(id string) string { return "take-" + id }

func (p *Portal) userMerge(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := v.user(c)
	if err != nil {
		return err
	}
	req := models.MergeRequest{Into: u.ID, From: c.Params("key"), Rights: v.mergeRights()}
	if now, err := v.tenant.MergedInto(c.UserContext(), req.From); err != nil || now == u.ID { // sent twice
		if err != nil {
			return err
		}
		return p.doneWith(c, v.userBase(u), models.PortalFlash{Kind: "info", Text: "That account went into “" + userName(u) + "” already."})
	}
	plan, err := v.tenant.PlanMerge(c.UserContext(), req)
	if err != nil {
		return err
	}
	if !strings.EqualFold(typed(c, "name"), strings.Join(strings.Fields(plan.From.Name), " ")) {
		return p.userMergePage(c, fault.BadField("name", "user.merge.name", nil))
	}
	req.Revision, req.Take = cmp.Or(typed(c, "revision"), "none"), map[string]bool{}
	for _, f := range plan.Fields {
		if chosen := typed(c, mergeField(f.ID)); slices.Contains([]string{"from", "into"}, chosen) {
			req.Take[f.ID] = chosen == "from"
		}
	}
	if _, err := v.tenant.MergeUsers(c.UserContext(), v.actor(c), req); err != nil {
		return p.userMergePage(c, err)
	}
	return p.done(c, v.userBase(u), "“"+plan.From.Name+"” is merged into “"+userName(u)+"”. Both addresses are told by mail.")
}
