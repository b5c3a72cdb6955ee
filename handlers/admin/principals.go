package admin

import (
	"context"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/models"
	views "portico/views/admin"
)

// principals.go finds people, groups and applications by what an admin types: one by one in a search, or
// many in a box.

// found is one of them.
type found struct {
	id, kind, name, sub string
}

func idsOf(list []found) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = x.id
	}
	return out
}

// maxPrincipals is how many a box takes at once.
const maxPrincipals = 1000

func principalBox(value string) views.Field {
	return views.Field{Kind: views.TextArea, Name: "principals", Label: "People, groups and applications", Rows: 5, Value: value,
		Hint: "One in each line: an email address, a user name, an object ID, or the exact name of a group or application. Addresses can be pasted as a mail program copies them."}
}

func foundPerson(u models.User) found {
	return found{u.ID, account.MemberUser, userName(u), signInName(u)}
}

// apps are the tenant's applications whose name or id contains the text, by name; exact wants the whole.
func (v *visit) apps(text string, exact bool) []found {
	var out []found
	text = strings.ToLower(text)
	for _, cl := range sortedClients(v.dir) {
		name := strings.ToLower(cl.Name)
		if name == text || cl.ID == text || cl.ObjectID == text || cl.PrincipalID == text || !exact && strings.Contains(name, text) {
			out = append(out, found{cl.PrincipalID, account.MemberApp, cl.Name, cl.ID})
		}
	}
	return out
}

// search finds a few of each kind.
func (v *visit) search(ctx context.Context, text string, kinds []string) ([]found, error) {
	var out []found
	wants := func(kind string) bool { return len(kinds) == 0 || slices.Contains(kinds, kind) }
	if wants(account.MemberUser) && v.may(access.UserRead) {
		people, err := v.tenant.Users(ctx, models.UserQuery{Search: text, Limit: 10})
		if err != nil {
			return nil, err
		}
		for _, u := range people.Items {
			out = append(out, foundPerson(u))
		}
	}
	if wants(account.MemberGroup) {
		groups, err := v.tenant.Groups(ctx, models.GroupQuery{Search: text, Limit: 10})
		if err != nil {
			return nil, err
		}
		for _, g := range groups.Items {
			out = append(out, found{g.ID, account.MemberGroup, g.Name, g.Description})
		}
	}
	if wants(account.MemberApp) && v.may(access.AppRead) {
		apps := v.apps(text, false)
		out = append(out, apps[:min(len(apps), 10)]...)
	}
	return out, nil
}

// principalSearch are the sections with the search and with what it found, each with a button.
func (p *Portal) principalSearch(c *fiber.Ctx, v *visit, at string, hidden []views.Field, act func(found) views.Action) ([]views.Section, error) {
	text := strings.TrimSpace(strings.ToValidUTF8(c.Query("find"), ""))
	s := views.Section{ID: "find", Title: "Find", Form: &views.Form{Get: true, Action: at, Submit: "Search", Quiet: true,
		Fields: append([]views.Field{{Name: "find", Label: "Name, address or ID", Type: "search", Value: text, Optional: true}}, hidden...)}}
	if text == "" {
		return []views.Section{s}, nil
	}
	list, err := v.search(c.UserContext(), text, nil)
	if err != nil {
		return nil, err
	}
	hits := views.Section{ID: "found", Title: "Found", Empty: "Nothing was found. Try another part of the name or address."}
	hits.Table = &views.Table{Caption: "Found", Columns: []views.Column{{Label: "Name"}, {Label: "Kind"}}, Actions: true}
	for _, x := range list {
		hits.Table.Rows = append(hits.Table.Rows, views.Row{Cells: []views.Cell{v.memberCell(x.kind, x.id, x.name, x.sub), plain(memberKind(x.kind))}, Actions: []views.Action{act(x)}})
	}
	return []views.Section{s, hits}, nil
}

// principals reads the box. left are the lines that name nobody, or more than one; problem says so.
func (v *visit) principals(ctx context.Context, box string) (who []found, left []string, problem, err error) {
	parts := splitAddresses(box)
	switch {
	case len(parts) == 0:
		return nil, nil, fault.BadField("principals", "admin.principals.required", nil), nil
	case len(parts) > maxPrincipals:
		return nil, splitLines(box), fault.BadField("principals", "admin.principals.many", map[string]any{"max": maxPrincipals}), nil
	}
	for _, part := range parts {
		one, ok, err := v.principal(ctx, part)
		if err != nil {
			return nil, nil, nil, err
		}
		if !ok {
			left = append(left, part)
		} else if !slices.ContainsFunc(who, func(x found) bool { return x.id == one.id }) {
			who = append(who, one)
		}
	}
	if len(left) > 0 {
		problem = notFoundIn(left)
	}
	return who, left, problem, nil
}

func notFoundIn(left []string) error {
	some := strings.Join(left[:min(len(left), 5)], ", ")
	if len(left) > 5 {
		some += ", …"
	}
	return fault.BadField("principals", "admin.principals.unknown", map[string]any{"names": some})
}

// principal finds the one that a line names.
func (v *visit) principal(ctx context.Context, line string) (found, bool, error) {
	if i := strings.LastIndexByte(line, '<'); i >= 0 && strings.HasSuffix(line, ">") {
		line = line[i+1 : len(line)-1]
	}
	line = strings.TrimSpace(line)
	only := func(list []found) (found, bool, error) {
		if len(list) != 1 {
			return found{}, false, nil
		}
		return list[0], true, nil
	}
	if v.may(access.UserRead) {
		for _, q := range []models.UserQuery{{Identity: line, Limit: 2}, {Search: line, Limit: 2}} {
			if q.Search != "" && !isGUID(line) {
				continue
			}
			people, err := v.tenant.Users(ctx, q)
			if err != nil {
				return found{}, false, err
			}
			if len(people.Items) == 1 {
				return foundPerson(people.Items[0]), true, nil
			}
		}
	}
	groups, err := v.tenant.Groups(ctx, models.GroupQuery{Search: line, Limit: 50})
	if err != nil {
		return found{}, false, err
	}
	for _, g := range groups.Items {
		if strings.EqualFold(g.Name, line) || g.ID == strings.ToLower(line) {
			return found{g.ID, account.MemberGroup, g.Name, g.Description}, true, nil
		}
	}
	if v.may(access.AppRead) {
		return only(v.apps(line, true))
	}
	return found{}, false, nil
}

func isGUID(s string) bool { return len(s) == 36 && strings.Count(s, "-") == 4 }
