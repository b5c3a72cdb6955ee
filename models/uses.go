package models

import (
	"context"
	"slices"
	"strings"

	"portico/app/openid"
	"portico/app/userflow"
)

// Uses is what a custom attribute or terms are used by, so that an admin sees it before deleting.
type Uses struct {
	Flows  []FlowUse
	Apps   []Application // whose tokens carry the attribute
	People int           // who have an answer, or who agreed to some version
}

// FlowUse is a flow that uses something: as customers meet it now, in its draft, or both.
type FlowUse struct {
	ID, Name         string
	Published, Draft bool
}

// AttributeUses finds what uses a custom attribute. Counting the people walks through the directory, up to a
// bound.
func (t *Tenant) AttributeUses(ctx context.Context, id string, bound int) (Uses, error) {
	var out Uses
	var err error
	if out.Flows, err = t.flowUses(ctx, func(f userflow.Flow) bool { return f.Asks(id) }); err != nil {
		return out, err
	}
	if out.Apps, err = t.allApplications(ctx); err != nil {
		return out, err
	}
	out.Apps = slices.DeleteFunc(out.Apps, func(a Application) bool {
		return !slices.ContainsFunc(a.Spec.Claims, func(m openid.ClaimMapping) bool { return m.Uses(id) })
	})
	// A quotation mark inside a value is written with a backslash before it, so this is a key and nothing else.
	key := `%"` + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(id) + `":%`
	some := t.q(ctx).Model(&UserRow{}).Select("id").Where(`attributes LIKE ? ESCAPE '\'`, key).Limit(bound)
	var n int64
	err = t.r(ctx).Table("(?) AS bounded", some).Count(&n).Error
	out.People = int(n)
	return out, err
}

// TermsUses finds the flows that ask for terms and counts the people who agreed to any version of them.
func (t *Tenant) TermsUses(ctx context.Context, id string) (Uses, error) {
	flows, err := t.flowUses(ctx, func(f userflow.Flow) bool { return slices.Contains(f.Terms, id) })
	if err != nil {
		return Uses{}, err
	}
	var n int64
	err = t.q(ctx).Model(&AcceptanceRow{}).Where("terms_id = ?", id).Distinct("user_id").Count(&n).Error
	return Uses{Flows: flows, People: int(n)}, err
}

func (t *Tenant) flowUses(ctx context.Context, uses func(userflow.Flow) bool) ([]FlowUse, error) {
	published, err := t.Flows(ctx)
	if err != nil {
		return nil, err
	}
	var rows []UserFlowRow
	if err := t.q(ctx).Where("draft <> ''").Find(&rows).Error; err != nil {
		return nil, err
	}
	drafts := map[string]bool{}
	for _, r := range rows {
		d, has, err := t.draftOf(ctx, r)
		if err != nil {
			return nil, err
		}
		drafts[r.ID] = has && uses(d.Flow)
	}
	var out []FlowUse
	for _, f := range published {
		if now := uses(f.Flow); now || drafts[f.ID] {
			out = append(out, FlowUse{ID: f.ID, Name: f.Name, Published: now, Draft: drafts[f.ID]})
		}
	}
	return out, nil
}
