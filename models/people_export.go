package models

import (
	"context"
	"slices"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/transfer"
	"portico/app/userflow"
)

// exportPage is how many people are in memory at a time.
const exportPage = 500

// ExportEvent is what the audit log says about an export of everybody.
func ExportEvent(format string, people int64) audit.Event {
	return audit.Event{Activity: "Export users", Category: "UserManagement", Operation: "Download", Target: audit.Target{Kind: "list", ID: "users", Name: "users"},
		Changes: []audit.Change{{Property: "format", New: format}, {Property: "users", New: people}}}
}

// EachPerson visits everybody who is not deleted, oldest first, as an import would bring them back: with
// groups, agreements and whether the address is a second factor; without anything secret.
func (t *Tenant) EachPerson(ctx context.Context, visit func(transfer.Person) error) error {
	for after := ""; ; {
		people, next, err := t.PersonPage(ctx, after)
		if err != nil {
			return err
		}
		for _, p := range people {
			if err := visit(p); err != nil {
				return err
			}
		}
		if after = next; after == "" {
			return nil
		}
	}
}

// PersonPage is one step of EachPerson. It walks along an index, so that a step costs the same wherever it is.
func (t *Tenant) PersonPage(ctx context.Context, after string) ([]transfer.Person, string, error) {
	if err := ctx.Err(); err != nil {
		return nil, "", err
	}
	q, err := keyset(t.q(ctx).Where("deleted_at IS NULL"), "created_at", after, false, true)
	if err != nil {
		return nil, "", err
	}
	var rows []UserRow
	if err := q.Limit(exportPage + 1).Find(&rows).Error; err != nil {
		return nil, "", err
	}
	p := page(rows, exportPage, func(r UserRow) cursor { return cursor{Time: r.CreatedAt, ID: r.ID} })
	if len(p.Items) == 0 {
		return nil, "", nil
	}
	users, err := t.usersOf(ctx, p.Items)
	if err != nil {
		return nil, "", err
	}
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	groups, err := t.groupNamesOf(ctx, ids)
	if err != nil {
		return nil, "", err
	}
	var agreed []AcceptanceRow
	if err := t.q(ctx).Where("user_id IN ?", ids).Order("accepted_at").Find(&agreed).Error; err != nil {
		return nil, "", err
	}
	terms := map[string][]transfer.Agreement{}
	for _, a := range agreed {
		terms[a.UserID] = append(terms[a.UserID], transfer.Agreement{Terms: a.TermsID, Version: a.Version, At: a.AcceptedAt.UTC(), Locale: a.Locale})
	}
	out := make([]transfer.Person, len(users))
	for i, u := range users {
		out[i] = personOf(u)
		out[i].Groups, out[i].Terms = groups[u.ID], terms[u.ID]
	}
	return out, p.Next, nil
}

// groupNamesOf are the groups that people were put into by hand; a rule finds its own again.
func (t *Tenant) groupNamesOf(ctx context.Context, ids []string) (map[string][]string, error) {
	var rows []struct{ MemberID, Name string }
	err := t.r(ctx).Table("group_members AS m").Select("m.member_id, g.name").Joins("JOIN groups AS g ON g.id = m.group_id AND g.tenant_id = m.tenant_id").
		Where("m.tenant_id = ? AND m.member_id IN ? AND NOT m.by_rule", t.ID, ids).Order("g.name_norm").Scan(&rows).Error
	out := map[string][]string{}
	for _, r := range rows {
		out[r.MemberID] = append(out[r.MemberID], r.Name)
	}
	return out, err
}

// personOf is a person as a file has them.
func personOf(u User) transfer.Person {
	p := transfer.Person{ID: u.ID, Text: map[string]string{}, Mail: u.Mail, Enabled: &u.Enabled, CreatedAt: u.CreatedAt, FirstFactor: u.FirstFactor, CreationType: u.CreationType}
	if u.Mail != "" {
		p.MailVerified = &u.MailVerified
	}
	if u.MustChangePassword {
		p.MustChange = &u.MustChangePassword
	}
	for _, i := range u.Identities {
		i.Canonical = ""
		p.Identities = append(p.Identities, i)
	}
	for _, name := range transfer.Texts() {
		if at := profileField(&u, name); at != nil && *at != "" {
			p.Text[name] = *at
		}
	}
	for id, v := range u.Attributes {
		switch v := v.(type) {
		case string:
			if slices.Contains(transfer.Extras(), id) {
				p.Text[id] = v
				continue
			}
		case []any:
			for _, x := range v {
				if s, ok := x.(string); ok && !custom(id) {
					if p.Lists == nil {
						p.Lists = map[string][]string{}
					}
					p.Lists[id] = append(p.Lists[id], s)
				}
			}
			continue
		}
		if strings.HasPrefix(id, "extension_") {
			if p.Attributes == nil {
				p.Attributes = map[string]any{}
			}
			p.Attributes[id] = v
		}
	}
	for _, m := range u.Methods {
		if m.Kind == KindEmail && strings.EqualFold(m.Name, u.Mail) && u.MailVerified {
			yes := true
			p.EmailMethod = &yes
		}
	}
	if p.FirstFactor != string(userflow.EmailPassword) && p.FirstFactor != string(userflow.EmailCode) {
		p.FirstFactor = ""
	}
	p.CreatedAt = p.CreatedAt.UTC().Truncate(time.Microsecond)
	return p
}
