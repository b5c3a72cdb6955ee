package admin

import (
	"fmt"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

func memberKind(kind string) string {
	switch kind {
	case account.MemberGroup:
		return "Group"
	case account.MemberApp:
		return "Application"
	}
	return "Person"
}

// memberHref is where a member can be seen.
func (v *visit) memberHref(kind, id string) string {
	switch kind {
	case account.MemberGroup:
		return v.groupBase(id)
	case account.MemberApp:
		for _, cl := range v.dir.Clients {
			if cl.PrincipalID == id {
				return v.base() + "/applications/" + cl.ObjectID
			}
		}
		return ""
	}
	return v.base() + "/users/" + id
}

// memberCell is a member's name, leading to it.
func (v *visit) memberCell(kind, id, name, sub string) views.Cell {
	if name == "" {
		name = id
	}
	if sub == name {
		sub = ""
	}
	return views.Cell{Kind: views.Name, Text: name, Sub: sub, Href: v.memberHref(kind, id)}
}

func (v *visit) memberTable(g account.Group, members []account.Member) *views.Table {
	t := &views.Table{Caption: "Members of " + g.Name, Columns: []views.Column{{Label: "Name"}, {Label: "Kind"}, {Label: "Added"}}, Actions: g.Rule == "" && v.may(access.GroupWrite)}
	for _, m := range members {
		row := views.Row{Cells: []views.Cell{v.memberCell(m.Kind, m.ID, m.Name, m.Mail), plain(memberKind(m.Kind)), day(m.AddedAt)}}
		if t.Actions {
			row.Actions = []views.Action{{Label: "Remove", About: m.Name, Post: v.groupBase(g.ID) + "/members/remove", Fields: map[string]string{"member": m.ID}}}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func memberFields() []views.Field {
	return []views.Field{{Name: "search", Label: "Name, address or ID", Type: "search"},
		{Kind: views.Select, Name: "inside", Label: "Whose members", Options: []views.Option{{Label: "Of this group itself"}, {Value: "all", Label: "Of groups inside it too"}}},
		{Kind: views.Select, Name: "kind", Label: "Kind", Options: []views.Option{{Label: "Any"}, {Value: account.MemberUser, Label: "People"}, {Value: account.MemberGroup, Label: "Groups"}, {Value: account.MemberApp, Label: "Applications"}}}}
}

// memberList is all members, page by page, with those of the groups inside on demand.
func (p *Portal) memberList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "inside", "kind")
	g, err := v.tenant.Group(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	deep := w.get("inside") == "all"
	page, err := v.tenant.FindMembers(c.UserContext(), g.ID, models.MemberQuery{Search: w.get("search"), Kind: w.get("kind"), Transitive: deep, After: w.get("after")})
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Members of “"+g.Name+"”", "", groupsHelp(), v.groupCrumbs(views.Link{Label: g.Name, Href: v.groupBase(g.ID)})...)
	if err != nil {
		return err
	}
	add := &views.Link{Label: "Add members", Href: v.groupBase(g.ID) + "/members/add"}
	if g.Rule == "" && v.may(access.GroupWrite) {
		s.Primary = add
	} else {
		add = nil
	}
	t := v.memberTable(g, page.Items)
	order := "newest first"
	if deep { // somebody may be in it through a group only: they are removed there
		order, t.Actions = "with those of groups inside", false
		for i := range t.Rows {
			t.Rows[i].Actions = nil
		}
	}
	l := views.List{Filter: w.filter(3, memberFields()...), Table: *t, Shown: shown(len(page.Items), "member", order), Empty: emptyOf(w, "Nobody yet", "Add people, groups or applications.", add)}
	w.finish(&l, page.Next)
	l.CSV, l.JSON = "", ""
	return p.list(c, s, l)
}

func (p *Portal) memberAddForm(c *fiber.Ctx) error { return p.memberAddPage(c, "", 0, nil) }

// memberAddPage offers a search, and a box for many at once. box is what was typed there and could not be
// added; added says how many of the rest were.
func (p *Portal) memberAddPage(c *fiber.Ctx, box string, added int, problem error) error {
	v := visitOf(c)
	g, err := v.tenant.Group(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	base := v.groupBase(g.ID)
	s, err := p.shell(c, "Add members to “"+g.Name+"”", "", groupsHelp(), v.groupCrumbs(views.Link{Label: g.Name, Href: base})...)
	if err != nil {
		return err
	}
	find, err := p.principalSearch(c, v, base+"/members/add", nil, func(x found) views.Action {
		return views.Action{Label: "Add", About: x.name, Post: base + "/members/add", Fields: map[string]string{"member": x.id}}
	})
	if err != nil {
		return err
	}
	f := views.Form{Action: base + "/members/add", Submit: "Add members", Cancel: base, Fields: []views.Field{principalBox(box)}}
	if added > 0 {
		f.Note = fmt.Sprintf("%s added. What is left in the box was not.", numberWords(added, "members"))
	}
	status := fiber.StatusOK
	if problem != nil {
		if !complain(handlers.InfoOf(c).Locale, &f, problem) {
			return problem
		}
		status, s.Problems = fiber.StatusUnprocessableEntity, f.Problems
	}
	sections := append(find, views.Section{ID: "many", Title: "Many at once", Form: &f})
	return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: sections}))
}

// memberAdd puts in one that was found by the search, or everything that stands in the box.
func (p *Portal) memberAdd(c *fiber.Ctx) error {
	v, id := visitOf(c), c.Params("id")
	if one := typed(c, "member"); one != "" {
		if err := v.tenant.AddMember(c.UserContext(), v.actor(c), id, one); err != nil {
			return p.memberAddPage(c, "", 0, err)
		}
		return p.done(c, v.groupBase(id), "Member added.")
	}
	who, left, problem, err := v.principals(c.UserContext(), typed(c, "principals"))
	if err != nil {
		return err
	}
	added, _, unknown, err := v.tenant.AddMembers(c.UserContext(), v.actor(c), id, idsOf(who))
	if err != nil {
		return p.memberAddPage(c, typed(c, "principals"), 0, err)
	}
	for _, x := range who {
		for _, u := range unknown {
			if x.id == u {
				left, problem = append(left, x.name), notFoundIn(append(left, x.name))
			}
		}
	}
	if problem != nil {
		return p.memberAddPage(c, lines(left), added, problem)
	}
	notice := numberWords(added, "members") + " added."
	if there := len(who) - added; there > 0 {
		notice += fmt.Sprintf(" %d had been in the group before.", there)
	}
	return p.done(c, v.groupBase(id), notice)
}

func (p *Portal) memberRemove(c *fiber.Ctx) error {
	v, id := visitOf(c), c.Params("id")
	if err := v.tenant.RemoveMember(c.UserContext(), v.actor(c), id, typed(c, "member")); err != nil && !fault.Is(err, fault.NotFound) {
		if fault.Is(err, fault.Invalid) { // the lock-out guard
			return p.saidConflict(c, v.groupBase(id), err)
		}
		return err
	}
	return p.done(c, v.groupBase(id), "Member removed.")
}
