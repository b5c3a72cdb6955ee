package models

import (
	"context"
	"maps"
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
)

// group_rules.go: groups whose members a rule finds. A change of a person is followed in its own
// transaction; a change of a rule by a job that walks through everybody, page by page.

// ruleAgain is when the members of a rule are worked out anew although nothing is known to have changed.
const ruleAgain = 24 * time.Hour

// rulePage is how many people one transaction of the job looks at.
const rulePage = 500

// ruleAttributes are the attributes of a person that a rule may name, besides custom ones.
func ruleAttributes() []string {
	return []string{"displayName", "givenName", "surname", "mail", "jobTitle", "streetAddress", "city", "state", "postalCode", "country",
		"mobilePhone", "preferredLanguage", "accountEnabled", "creationType"}
}

// ruleValue gives an attribute of a person as a rule sees it.
func ruleValue(u User) func(string) any {
	return func(id string) any {
		text := ""
		switch id {
		case "accountEnabled":
			return u.Enabled
		case "displayName":
			text = u.DisplayName
		case "mail":
			text = u.Mail
		case "mobilePhone":
			text = u.MobilePhone
		case "preferredLanguage":
			text = u.PreferredLanguage
		case "creationType":
			text = u.CreationType
		default:
			if at := builtin(&u, id); at != nil {
				text = *at
			} else if v, ok := u.Attributes[id]; ok && v != "" {
				return v
			}
		}
		if text == "" {
			return nil
		}
		return text
	}
}

// parseRule reads a rule for which every attribute that there is, and no other, is known.
func (t *Tenant) parseRule(ctx context.Context, rule string) (account.Rule, error) {
	definitions, err := t.definitions(ctx)
	if err != nil {
		return account.Rule{}, err
	}
	r, bad := account.ParseRule(rule, func(id string) bool {
		_, custom := definitions[id]
		return custom || slices.Contains(ruleAttributes(), id)
	})
	if bad != nil {
		return r, fault.BadField("membershipRule", bad.Key, map[string]any{"column": bad.Column, "word": bad.Word})
	}
	return r, nil
}

// RuleReads lists the attributes that a rule reads, each once, in its order; none for one that cannot be read.
func (t *Tenant) RuleReads(ctx context.Context, rule string) ([]string, error) {
	definitions, err := t.definitions(ctx)
	if err != nil || rule == "" {
		return nil, err
	}
	var out []string
	_, bad := account.ParseRule(rule, func(id string) bool {
		_, custom := definitions[id]
		if known := custom || slices.Contains(ruleAttributes(), id); !known {
			return false
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
		return true
	})
	if bad != nil {
		return nil, nil
	}
	return out, nil
}

func (t *Tenant) checkRule(ctx context.Context, g account.Group) error {
	if g.Rule == "" {
		return nil
	}
	_, err := t.parseRule(ctx, g.Rule)
	return err
}

// changeRule prepares the members of a group for another rule: with one, only people can be in it; without
// one, those who are in it stay and are listed from then on.
func (t *Tenant) changeRule(ctx context.Context, g account.Group) error {
	if g.Rule != "" {
		return t.u(ctx).Where("group_id = ? AND kind <> ?", g.ID, account.MemberUser).Delete(&GroupMemberRow{}).Error
	}
	return t.u(ctx).Model(&GroupMemberRow{}).Where("group_id = ?", g.ID).Update("by_rule", false).Error
}

// RulesDue has every rule's members worked out anew: many people have changed at once.
func (t *Tenant) RulesDue(ctx context.Context) error {
	return t.u(ctx).Model(&GroupRow{}).Where("rule <> ''").Updates(map[string]any{"rule_due": true, "rule_cursor": ""}).Error
}

// ruled is a stored rule, which was checked when it was saved. An attribute that was removed since has no value.
func ruled(rule string) (account.Rule, bool) {
	r, bad := account.ParseRule(rule, func(string) bool { return true })
	return r, bad == nil
}

// followRules puts a person into the groups whose rules find them, and takes them out of the others.
func (t *Tenant) followRules(ctx context.Context, u User) error {
	var groups []GroupRow
	err := t.u(ctx).Select("id", "name", "rule").Where("rule <> '' AND NOT rule_paused").Order("id").Find(&groups).Error
	if err != nil || len(groups) == 0 || !u.DeletedAt.IsZero() {
		return err
	}
	for _, g := range groups {
		r, ok := ruled(g.Rule)
		if !ok {
			continue
		}
		changed, err := t.setByRule(ctx, g.ID, u.ID, r.Match(ruleValue(u)))
		if err != nil {
			return err
		}
		if changed == "" {
			continue
		}
		p := principal{u.ID, account.MemberUser, userTarget(u).Name, u.Mail}
		activity, operation := "Add member to group", "Add"
		if changed == "out" {
			activity, operation = "Remove member from group", "Delete"
		}
		if err := t.writeAudit(ctx, audit.System("membership rule"), memberEvent(account.Group{ID: g.ID, Name: g.Name}, p, activity, operation)); err != nil {
			return err
		}
	}
	return nil
}

// setByRule says "in" or "out" when it changed something.
func (t *Tenant) setByRule(ctx context.Context, groupID, userID string, in bool) (string, error) {
	if in {
		r := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&GroupMemberRow{TenantID: t.ID, GroupID: groupID, MemberID: userID,
			Kind: account.MemberUser, ByRule: true, CreatedAt: t.Now()})
		if r.Error != nil || r.RowsAffected == 0 {
			return "", r.Error
		}
		return "in", nil
	}
	r := t.u(ctx).Where("group_id = ? AND member_id = ?", groupID, userID).Delete(&GroupMemberRow{})
	if r.Error != nil || r.RowsAffected == 0 {
		return "", r.Error
	}
	return "out", nil
}

// StepGroupRules goes on with one group whose members have to be worked out, for one page of people. It
// says how many it looked at, 0 when nothing is due. Whoever dies in the middle leaves the place to go on.
func (t *Tenant) StepGroupRules(ctx context.Context, actor audit.Actor) (int, error) {
	var due GroupRow
	err := t.q(ctx).Where("rule <> '' AND NOT rule_paused AND (rule_due OR rule_at IS NULL OR rule_at < ?)", t.Now().Add(-ruleAgain)).Order("id").Limit(1).Find(&due).Error
	if err != nil || due.ID == "" {
		return 0, err
	}
	n := 0
	err = t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var g GroupRow
		if err := t.lock(ctx).Where("id = ?", due.ID).Take(&g).Error; err != nil {
			return audit.Event{}, found(err)
		}
		if g.Rule != due.Rule || g.RuleCursor != due.RuleCursor || g.RulePaused { // somebody was faster
			n = 1
			return audit.Event{}, nil
		}
		r, ok := ruled(g.Rule)
		var rows []UserRow
		if ok {
			if err := t.lock(ctx).Where("deleted_at IS NULL AND id > ?", g.RuleCursor).Order("id").Limit(rulePage).Find(&rows).Error; err != nil {
				return audit.Event{}, err
			}
		}
		if err := t.applyRule(ctx, g.ID, r, rows); err != nil {
			return audit.Event{}, err
		}
		n = max(len(rows), 1)
		if len(rows) == rulePage {
			return audit.Event{}, t.u(ctx).Model(&GroupRow{}).Where("id = ?", g.ID).
				UpdateColumns(map[string]any{"rule_due": true, "rule_cursor": rows[len(rows)-1].ID}).Error
		}
		done := map[string]any{"rule_due": false, "rule_cursor": "", "rule_at": t.Now()}
		if err := t.u(ctx).Model(&GroupRow{}).Where("id = ?", g.ID).UpdateColumns(done).Error; err != nil || !g.RuleDue {
			return audit.Event{}, err
		}
		return groupEvent(g.value(), "Work out members by rule", "Update", []audit.Change{{Property: "membershipRule", New: g.Rule}}), nil
	})
	if fault.Is(err, fault.NotFound) { // deleted meanwhile
		return 1, nil
	}
	return n, err
}

// applyRule makes the membership of some people what the rule says.
func (t *Tenant) applyRule(ctx context.Context, groupID string, r account.Rule, rows []UserRow) error {
	if len(rows) == 0 {
		return nil
	}
	ids := make([]string, len(rows))
	for i, row := range rows {
		ids[i] = row.ID
	}
	var have []string
	if err := t.u(ctx).Model(&GroupMemberRow{}).Where("group_id = ? AND member_id IN ?", groupID, ids).Pluck("member_id", &have).Error; err != nil {
		return err
	}
	in := make(map[string]bool, len(have))
	for _, id := range have {
		in[id] = true
	}
	var add []GroupMemberRow
	var out []string
	for _, row := range rows {
		u, err := userOf(row, nil, nil)
		if err != nil {
			return err
		}
		switch match := r.Match(ruleValue(u)); {
		case match && !in[u.ID]:
			add = append(add, GroupMemberRow{TenantID: t.ID, GroupID: groupID, MemberID: u.ID, Kind: account.MemberUser, ByRule: true, CreatedAt: t.Now()})
		case !match && in[u.ID]:
			out = append(out, u.ID)
		}
	}
	if len(add) > 0 {
		if err := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).CreateInBatches(add, bulkRows).Error; err != nil {
			return err
		}
	}
	if len(out) > 0 {
		if err := t.u(ctx).Where("group_id = ? AND member_id IN ?", groupID, out).Delete(&GroupMemberRow{}).Error; err != nil {
			return err
		}
	}
	return t.u(ctx).Model(&GroupMemberRow{}).Where("group_id = ? AND member_id IN ? AND NOT by_rule", groupID, ids).Update("by_rule", true).Error
}

// RuleTrial is what a rule would say: about one person, and how many of the people looked at it finds.
type RuleTrial struct {
	Asked    bool // a person was named
	In       bool
	Found    int
	LookedAt int
	All      bool // these were all people there are
}

// trialMost is how many people a trial looks at.
const trialMost = 5000

// TryRule tries a rule out; nothing is stored. userID may be "".
func (t *Tenant) TryRule(ctx context.Context, rule, userID string) (RuleTrial, error) {
	var out RuleTrial
	r, err := t.parseRule(ctx, rule)
	if err != nil {
		return out, err
	}
	if userID != "" {
		u, err := t.User(ctx, userID)
		if err != nil {
			return out, err
		}
		out.Asked, out.In = true, r.Match(ruleValue(u))
	}
	for after := ""; out.LookedAt < trialMost; {
		var rows []UserRow
		if err := t.q(ctx).Where("deleted_at IS NULL AND id > ?", after).Order("id").Limit(rulePage).Find(&rows).Error; err != nil {
			return out, err
		}
		for _, row := range rows {
			u, err := userOf(row, nil, nil)
			if err != nil {
				return out, err
			}
			if r.Match(ruleValue(u)) {
				out.Found++
			}
			after = u.ID
		}
		if out.LookedAt += len(rows); len(rows) < rulePage {
			out.All = true
			break
		}
	}
	return out, nil
}

// groupsToBe are the groups that somebody is in, however far up, once every rule that is not paused has been worked
// out. The job may be behind; the lock-out guard looks ahead.
func (t *Tenant) groupsToBe(ctx context.Context, u User) ([]string, error) {
	var ruledGroups []GroupRow
	if err := t.q(ctx).Select("id", "rule").Where("rule <> '' AND NOT rule_paused").Find(&ruledGroups).Error; err != nil {
		return nil, err
	}
	if len(ruledGroups) == 0 {
		return t.GroupIDsOf(ctx, u.ID)
	}
	in := map[string]bool{}
	var direct []string
	if err := t.q(ctx).Model(&GroupMemberRow{}).Where("member_id = ?", u.ID).Pluck("group_id", &direct).Error; err != nil {
		return nil, err
	}
	for _, id := range direct {
		in[id] = true
	}
	for _, g := range ruledGroups {
		if r, ok := ruled(g.Rule); ok {
			in[g.ID] = r.Match(ruleValue(u))
		}
	}
	out := map[string]bool{}
	for id := range in {
		if !in[id] {
			continue
		}
		out[id] = true
		above, err := t.GroupIDsOf(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, a := range above {
			out[a] = true
		}
	}
	return slices.Sorted(maps.Keys(out)), nil
}
