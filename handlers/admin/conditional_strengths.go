package admin

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/policy"
	"portico/handlers"
	views "portico/views/admin"
)

// strengthRoutes are the authentication strengths and contexts.
func (p *Portal) strengthRoutes(conditional string) []handlers.Route {
	at, contexts := conditional+"/strengths", conditional+"/contexts"
	const read, write = access.ConditionalRead, access.ConditionalWrite
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.strengthList, Permission: read},
		{Method: get, Path: at + "/new", Handler: p.governed(p.strengthNew), Permission: write},
		{Method: post, Path: at, Handler: p.strengthCreate, Permission: write},
		{Method: get, Path: at + "/:id", Handler: p.strengthDetail, Permission: read},
		{Method: get, Path: at + "/:id/edit", Handler: p.governed(p.strengthEdit), Permission: write},
		{Method: post, Path: at + "/:id/edit", Handler: p.strengthSave, Permission: write},
		{Method: get, Path: at + "/:id/delete", Handler: p.governed(p.strengthDeleteForm), Permission: write},
		{Method: post, Path: at + "/:id/delete", Handler: p.strengthDelete, Permission: write},
		{Method: get, Path: contexts, Handler: p.contextList, Permission: read},
		{Method: get, Path: contexts + "/new", Handler: p.governed(p.contextNew), Permission: write},
		{Method: post, Path: contexts, Handler: p.contextCreate, Permission: write},
		{Method: get, Path: contexts + "/:id", Handler: p.contextDetail, Permission: read},
		{Method: get, Path: contexts + "/:id/edit", Handler: p.governed(p.contextEdit), Permission: write},
		{Method: post, Path: contexts + "/:id/edit", Handler: p.contextSave, Permission: write},
		{Method: get, Path: contexts + "/:id/delete", Handler: p.governed(p.contextDeleteForm), Permission: write},
		{Method: post, Path: contexts + "/:id/delete", Handler: p.contextDelete, Permission: write},
	}
}

func strengthHelp() views.Help {
	return views.Help{What: "An authentication strength is a list of combinations of proofs, of which one must be shown. A policy that requires it is stricter than one that requires any second factor. Three are built in.",
		Do: "Make your own where the three do not fit: tick the combinations that count. Whoever has none of them is asked to set one up, if the user flow offers it."}
}

func (v *visit) strengthsBase() string { return v.policiesBase() + "/strengths" }

func (v *visit) strengthCrumbs(more ...views.Link) []views.Link {
	return v.policyCrumbs(append([]views.Link{{Label: tabStrengths, Href: v.strengthsBase()}}, more...)...)
}

// combinationWords is a combination of proofs in words.
func combinationWords(combination string) string {
	words := map[string]string{"password": "password", "email": "code by email", "sms": "code by text message", "softwareOath": "authenticator app", "fido2": "passkey", "temporaryAccessPassOneTime": "recovery code"}
	var out []string
	for mode := range strings.SplitSeq(combination, ",") {
		if w, ok := words[mode]; ok {
			mode = w
		}
		out = append(out, mode)
	}
	return upperFirst(strings.Join(out, " and "))
}

func combinationLines(list []string) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = combinationWords(x)
	}
	return out
}

func (p *Portal) strengthList(c *fiber.Ctx) error {
	v := visitOf(c)
	list, err := v.tenant.Strengths(c.UserContext())
	if err != nil {
		return err
	}
	policies, err := v.tenant.Policies(c.UserContext())
	if err != nil {
		return err
	}
	s, err := p.shell(c, tabStrengths, "Which combinations of proofs are strong enough.", strengthHelp(), v.policyCrumbs()...)
	if err != nil {
		return err
	}
	if v.writesPolicies() {
		s.Primary = &views.Link{Label: "New strength", Href: v.strengthsBase() + "/new"}
	}
	t := &views.Table{Caption: tabStrengths, Columns: []views.Column{{Label: "Name"}, {Label: "One of"}, {Label: "Used by"}}}
	for _, x := range list {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: x.Name, Sub: choose(x.BuiltIn, "Built in", x.Description), Href: v.strengthsBase() + "/" + x.ID},
			{Kind: views.Lines, List: combinationLines(x.Combinations)}, usesCell(usedBy(policies, policy.ThingStrength, x.ID))}})
	}
	return p.tabList(c, s, tabStrengths, views.Section{ID: "strengths", Title: numberWords(len(list), "strengths"), Table: t})
}

func (p *Portal) strengthDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.Strength(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	policies, err := v.tenant.Policies(c.UserContext())
	if err != nil {
		return err
	}
	at := v.strengthsBase() + "/" + x.ID
	s, err := p.shell(c, x.Name, x.Description, strengthHelp(), v.strengthCrumbs()...)
	if err != nil {
		return err
	}
	models := views.Cell{Text: "Any passkey", Tone: "soft"}
	if len(x.AAGUIDs) > 0 {
		models = views.Cell{Kind: views.Lines, List: x.AAGUIDs}
	}
	sections := []views.Section{{ID: "overview", Title: "What it takes", Summary: []views.Fact{fact("One of", views.Cell{Kind: views.Lines, List: combinationLines(x.Combinations)}), fact("Passkey models (AAGUID)", models), fact("Strength ID", code(x.ID)),
		fact("Kind", plain(choose(x.BuiltIn, "Built in: it cannot be changed", "Made here")))}}, v.namingSection(usedBy(policies, policy.ThingStrength, x.ID))}
	if v.writesPolicies() && !x.BuiltIn {
		s.Primary = &views.Link{Label: "Edit strength", Href: at + "/edit"}
		sections = append(sections, views.Section{ID: "danger", Title: "Delete", Danger: true, Lead: "This cannot be undone.", Buttons: []views.Action{{Label: "Delete strength", Href: at + "/delete", Danger: true, About: x.Name}}})
	}
	return p.detail(c, s, views.Detail{Sections: sections})
}

func strengthForm(action, cancel string, x policy.Strength) views.Form {
	var options []views.Option
	for _, one := range policy.Combinations() {
		options = append(options, views.Option{Value: one, Label: combinationWords(one)})
	}
	return views.Form{Action: action, Cancel: cancel, Submit: "Save strength", Fields: []views.Field{
		{Name: "displayName", Label: "Name", Hint: "For example “Passkey or authenticator app”.", Value: x.Name},
		{Name: "description", Label: "Description", Value: x.Description, Optional: true},
		{Kind: views.Checks, Name: "allowedCombinations", Label: "One of these is enough", Values: x.Combinations, Options: options},
		{Kind: views.TextArea, Name: "allowedAAGUIDs", Label: "Only these passkey models", Hint: "Their AAGUIDs, one in each line. Leave it empty to take any passkey.", Value: lines(x.AAGUIDs), Rows: 3, Code: true, Optional: true}}}
}

func (p *Portal) strengthPage(c *fiber.Ctx, title string, f views.Form, problem error, crumbs ...views.Link) error {
	if problem != nil {
		keepTyped(c, &f)
		if !complain(handlers.InfoOf(c).Locale, &f, problem) {
			return problem
		}
	}
	s, err := p.shell(c, title, "", strengthHelp(), visitOf(c).strengthCrumbs(crumbs...)...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func sentStrength(c *fiber.Ctx, x *policy.Strength) {
	x.Name, x.Description, x.Combinations, x.AAGUIDs = typed(c, "displayName"), typed(c, "description"), all(c, "allowedCombinations"), splitLines(typed(c, "allowedAAGUIDs"))
}

func (p *Portal) strengthNew(c *fiber.Ctx) error {
	v := visitOf(c)
	return p.strengthPage(c, "New strength", strengthForm(v.strengthsBase(), v.strengthsBase(), policy.Strength{}), nil)
}

func (p *Portal) strengthCreate(c *fiber.Ctx) error {
	v, x := visitOf(c), policy.Strength{}
	sentStrength(c, &x)
	made, err := v.tenant.CreateStrength(c.UserContext(), v.actor(c), x)
	if err != nil {
		return p.strengthPage(c, "New strength", strengthForm(v.strengthsBase(), v.strengthsBase(), x), err)
	}
	return p.done(c, v.strengthsBase()+"/"+made.ID, "Strength “"+made.Name+"” created. Policies can require it now.")
}

func (p *Portal) strengthEdit(c *fiber.Ctx) error { return p.strengthEditPage(c, nil) }

func (p *Portal) strengthEditPage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	x, err := v.tenant.Strength(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	if x.BuiltIn {
		return fault.New(fault.NotFound, "error.not_found")
	}
	at := v.strengthsBase() + "/" + x.ID
	return p.strengthPage(c, "Edit strength", strengthForm(at+"/edit", at, x), problem, views.Link{Label: x.Name, Href: at})
}

func (p *Portal) strengthSave(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.UpdateStrength(c.UserContext(), v.actor(c), c.Params("id"), func(x *policy.Strength) error { sentStrength(c, x); return nil })
	if err != nil {
		return p.strengthEditPage(c, err)
	}
	return p.done(c, v.strengthsBase()+"/"+x.ID, "Strength “"+x.Name+"” saved. Every policy that requires it follows.")
}

func (p *Portal) strengthDeleteForm(c *fiber.Ctx) error { return p.strengthDeletePage(c, nil) }

func (p *Portal) strengthDeletePage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	x, err := v.tenant.Strength(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	at := v.strengthsBase() + "/" + x.ID
	m := views.Confirm{Consequences: []string{"No policy can require it any more. This cannot be undone."}, Form: views.Form{Action: at + "/delete", Submit: "Delete strength", Danger: true, Cancel: at}}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &m.Form, problem) {
		return problem
	}
	s, err := p.shell(c, "Delete “"+x.Name+"”?", "", views.Help{}, v.strengthCrumbs(views.Link{Label: x.Name, Href: at})...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

func (p *Portal) strengthDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.Strength(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	if err := v.tenant.DeleteStrength(c.UserContext(), v.actor(c), x.ID); err != nil {
		return p.strengthDeletePage(c, err)
	}
	return p.done(c, v.strengthsBase(), "Strength “"+x.Name+"” deleted.")
}

func contextHelp() views.Help {
	return views.Help{What: "An authentication context is a class, c1 to c99, that an application asks for when somebody is about to do something that matters. Policies aim at it: the person signs in as usual, and is asked for more only then.",
		Do: "Make a class, aim a policy at it, and give your developers the example on its page. The token that comes back carries the class in its claim “acrs”; the application must look at it."}
}

func (v *visit) contextsBase() string { return v.policiesBase() + "/contexts" }

func (v *visit) contextCrumbs(more ...views.Link) []views.Link {
	return v.policyCrumbs(append([]views.Link{{Label: tabContexts, Href: v.contextsBase()}}, more...)...)
}

func (p *Portal) contextList(c *fiber.Ctx) error {
	v := visitOf(c)
	list, err := v.tenant.Contexts(c.UserContext())
	if err != nil {
		return err
	}
	policies, err := v.tenant.Policies(c.UserContext())
	if err != nil {
		return err
	}
	s, err := p.shell(c, tabContexts, "Classes that applications ask for when somebody is about to do something that matters.", contextHelp(), v.policyCrumbs()...)
	if err != nil {
		return err
	}
	if v.writesPolicies() {
		s.Primary = &views.Link{Label: "New context", Href: v.contextsBase() + "/new"}
	}
	t := &views.Table{Caption: tabContexts, Columns: []views.Column{{Label: "Name"}, {Label: "Class"}, {Label: "Available"}, {Label: "Used by"}}}
	for _, x := range list {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: x.Name, Sub: x.Description, Href: v.contextsBase() + "/" + x.ID}, code(x.ID), availableBadge(x), usesCell(usedBy(policies, policy.ThingContext, x.ID))}})
	}
	return p.tabList(c, s, tabContexts, views.Section{ID: "contexts", Title: numberWords(len(list), "contexts"), Table: t, Empty: "None yet. An application that knows no classes needs none."})
}

func availableBadge(x policy.Context) views.Cell {
	if x.Available {
		return badge("ok", "Available")
	}
	return badge("neutral", "Not available")
}

func (p *Portal) contextOf(c *fiber.Ctx) (policy.Context, error) {
	list, err := visitOf(c).tenant.Contexts(c.UserContext())
	if err != nil {
		return policy.Context{}, err
	}
	for _, x := range list {
		if x.ID == strings.ToLower(c.Params("id")) {
			return x, nil
		}
	}
	return policy.Context{}, fault.New(fault.NotFound, "error.not_found")
}

func (p *Portal) contextDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := p.contextOf(c)
	if err != nil {
		return err
	}
	policies, err := v.tenant.Policies(c.UserContext())
	if err != nil {
		return err
	}
	at := v.contextsBase() + "/" + x.ID
	s, err := p.shell(c, x.Name, x.Description, contextHelp(), v.contextCrumbs()...)
	if err != nil {
		return err
	}
	claims := fmt.Sprintf(`{"id_token":{"acrs":{"essential":true,"value":%q}}}`, x.ID)
	uses := usedBy(policies, policy.ThingContext, x.ID)
	sections := []views.DesignPart{{Section: &views.Section{ID: "overview", Title: "Class", Summary: []views.Fact{fact("Class", code(x.ID)), fact("Available", availableBadge(x))}}},
		{ID: "ask", Title: "For developers", Lead: "Add this to the authorization request. The application then finds “" + x.ID + "” in the claim acrs of the token, or the person was refused.",
			Copy: &views.Copied{ID: "claims", Label: "Parameter “claims”", Note: "Its value, before it is encoded for the address.", Value: claims}},
		{ID: "ask-acr", Title: "Or in short", Copy: &views.Copied{ID: "acr", Label: "Parameter “acr_values”", Note: "For libraries that do not know the parameter claims.", Value: x.ID}}}
	list := v.namingSection(uses)
	list.Empty = "No policy is about it: whoever asks for it gets it without more."
	if v.writesPolicies() {
		s.Primary = &views.Link{Label: "Edit context", Href: at + "/edit"}
		list.Action = &views.Link{Label: "New policy", Href: v.policiesBase() + "/new?context=" + x.ID}
	}
	sections = append(sections, views.DesignPart{Section: &list})
	if v.writesPolicies() {
		sections = append(sections, views.DesignPart{Section: &views.Section{ID: "danger", Title: "Delete", Danger: true, Lead: "An application that asks for it gets it no more.", Buttons: []views.Action{{Label: "Delete context", Href: at + "/delete", Danger: true, About: x.Name}}}})
	}
	return handlers.Render(c, fiber.StatusOK, views.DesignerPage(s, views.Designer{Parts: sections}))
}

// contextForm is the form of a class; taken are those that there are.
func contextForm(action, cancel string, x policy.Context, taken []policy.Context) views.Form {
	f := views.Form{Action: action, Cancel: cancel, Submit: "Save context"}
	if x.ID == "" || taken != nil {
		var free []views.Option
		for i := 1; i <= 99; i++ {
			id := fmt.Sprintf("c%d", i)
			if !slices.ContainsFunc(taken, func(t policy.Context) bool { return t.ID == id }) {
				free = append(free, views.Option{Value: id, Label: id})
			}
		}
		f.Fields = append(f.Fields, views.Field{Kind: views.Select, Name: "id", Label: "Class", Hint: "Applications ask for it by this. It never changes.", Value: x.ID, Options: free})
	}
	f.Fields = append(f.Fields, views.Field{Name: "displayName", Label: "Name", Hint: "What people are about to do, for example “Change the bank account”.", Value: x.Name},
		views.Field{Name: "description", Label: "Description", Value: x.Description, Optional: true},
		views.Field{Kind: views.Check, Name: "isAvailable", Label: "Applications may ask for it", Value: tick(x.Available)})
	return f
}

func (p *Portal) contextPage(c *fiber.Ctx, title string, f views.Form, problem error, crumbs ...views.Link) error {
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, title, "", contextHelp(), visitOf(c).contextCrumbs(crumbs...)...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func sentContext(c *fiber.Ctx, id string) policy.Context {
	return policy.Context{ID: id, Name: typed(c, "displayName"), Description: typed(c, "description"), Available: ticked(c, "isAvailable")}
}

func (p *Portal) contextNew(c *fiber.Ctx) error {
	return p.contextNewPage(c, policy.Context{Available: true}, nil)
}

func (p *Portal) contextNewPage(c *fiber.Ctx, x policy.Context, problem error) error {
	v := visitOf(c)
	taken, err := v.tenant.Contexts(c.UserContext())
	if err != nil {
		return err
	}
	return p.contextPage(c, "New context", contextForm(v.contextsBase(), v.contextsBase(), x, append([]policy.Context{}, taken...)), problem)
}

func (p *Portal) contextCreate(c *fiber.Ctx) error {
	v, x := visitOf(c), sentContext(c, typed(c, "id"))
	taken, err := v.tenant.Contexts(c.UserContext())
	if err != nil {
		return err
	}
	if slices.ContainsFunc(taken, func(t policy.Context) bool { return t.ID == x.ID }) {
		return p.contextNewPage(c, x, fault.BadField("id", "admin.policy.context.taken", map[string]any{"id": x.ID}))
	}
	if x.Name == "" {
		return p.contextNewPage(c, x, fault.BadField("displayName", "admin.policy.context.name", nil))
	}
	if err := v.tenant.PutContext(c.UserContext(), v.actor(c), x); err != nil {
		return p.contextNewPage(c, x, err)
	}
	return p.done(c, v.contextsBase()+"/"+x.ID, "Context “"+x.Name+"” created. Now aim a policy at it.")
}

func (p *Portal) contextEdit(c *fiber.Ctx) error {
	x, err := p.contextOf(c)
	if err != nil {
		return err
	}
	return p.contextEditPage(c, x, nil)
}

func (p *Portal) contextEditPage(c *fiber.Ctx, x policy.Context, problem error) error {
	v := visitOf(c)
	at := v.contextsBase() + "/" + x.ID
	return p.contextPage(c, "Edit context "+x.ID, contextForm(at+"/edit", at, x, nil), problem, views.Link{Label: x.ID, Href: at})
}

func (p *Portal) contextSave(c *fiber.Ctx) error {
	v := visitOf(c)
	was, err := p.contextOf(c)
	if err != nil {
		return err
	}
	x := sentContext(c, was.ID)
	if x.Name == "" {
		return p.contextEditPage(c, x, fault.BadField("displayName", "admin.policy.context.name", nil))
	}
	if err := v.tenant.PutContext(c.UserContext(), v.actor(c), x); err != nil {
		return p.contextEditPage(c, x, err)
	}
	return p.done(c, v.contextsBase()+"/"+x.ID, "Context “"+x.Name+"” saved.")
}

func (p *Portal) contextDeleteForm(c *fiber.Ctx) error { return p.contextDeletePage(c, nil) }

func (p *Portal) contextDeletePage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	x, err := p.contextOf(c)
	if err != nil {
		return err
	}
	at := v.contextsBase() + "/" + x.ID
	m := views.Confirm{Consequences: []string{"An application that asks for " + x.ID + " gets it no more.", "This cannot be undone."}, Form: views.Form{Action: at + "/delete", Submit: "Delete context", Danger: true, Cancel: at}}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &m.Form, problem) {
		return problem
	}
	s, err := p.shell(c, "Delete “"+x.Name+"”?", "", views.Help{}, v.contextCrumbs(views.Link{Label: x.Name, Href: at})...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

func (p *Portal) contextDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := p.contextOf(c)
	if err != nil {
		return err
	}
	if err := v.tenant.DeleteContext(c.UserContext(), v.actor(c), x.ID); err != nil {
		return p.contextDeletePage(c, err)
	}
	return p.done(c, v.contextsBase(), "Context “"+x.Name+"” deleted.")
}
