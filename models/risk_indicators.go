package models

import (
	"context"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/risk"
)

// risk_indicators.go: what an admin knows to be bad. All of a tenant's indicators are in its snapshot, compiled, so
// that a sign-in asks no table.

func (r RiskIndicatorRow) indicator() risk.Indicator {
	return risk.Indicator{ID: r.ID, Kind: r.Kind, Value: r.Value, Level: r.Level, Note: r.Note, ExpiresAt: timeOf(r.ExpiresAt), CreatedAt: r.CreatedAt.UTC(), By: r.ActorName}
}

// indicatorID is the same for the same thing, so that two admins who enter it at once enter one.
func (t *Tenant) indicatorID(i risk.Indicator) string {
	return detectionID("indicator", t.ID, i.Kind, strings.ToLower(i.Value))
}

// riskIndicators are the threat indicators that these signals match: those of the snapshot that this instance has, of
// whatever age within its second; it is read through only where there is none.
func (t *Tenant) riskIndicators(ctx context.Context, s record.Signals, now time.Time) ([]risk.Indicator, error) {
	if e, ok := t.directories.segments.Load(strings.ToLower(t.ID)); ok {
		if d := e.(*cachedDirectory).current.Load(); d != nil {
			return d.Indicators.Match(s, now), nil
		}
	}
	x, err := t.indicatorSet(ctx)
	return x.Match(s, now), err
}

// indicatorSet compiles a tenant's indicators.
func (t *Tenant) indicatorSet(ctx context.Context) (*risk.Indicators, error) {
	var rows []RiskIndicatorRow
	if err := t.q(ctx).Find(&rows).Error; err != nil {
		return nil, err
	}
	list := make([]risk.Indicator, len(rows))
	for n, r := range rows {
		list[n] = r.indicator()
	}
	return risk.CompileIndicators(list), nil
}

// IndicatorQuery narrows the list of indicators, the newest first.
type IndicatorQuery struct {
	Kind   string
	Search string // part of the value or the note
	After  string
	Limit  int
}

// Indicators lists one page of the threat indicators.
func (t *Tenant) Indicators(ctx context.Context, f IndicatorQuery) (Page[risk.Indicator], error) {
	q := equals(t.q(ctx), [][2]string{{"kind", f.Kind}})
	if s := strings.ToLower(strings.TrimSpace(f.Search)); s != "" {
		like := "%" + likeEscape(s) + "%"
		q = q.Where("(lower(value) LIKE ? ESCAPE '\\' OR lower(note) LIKE ? ESCAPE '\\')", like, like)
	}
	q, err := keyset(q, "created_at", f.After, true, true)
	if err != nil {
		return Page[risk.Indicator]{}, err
	}
	limit := clampLimit(f.Limit)
	var rows []RiskIndicatorRow
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[risk.Indicator]{}, err
	}
	p := page(rows, limit, func(r RiskIndicatorRow) cursor { return cursor{Time: r.CreatedAt, ID: r.ID} })
	out := Page[risk.Indicator]{Items: make([]risk.Indicator, len(p.Items)), Next: p.Next}
	for n, r := range p.Items {
		out.Items[n] = r.indicator()
	}
	return out, nil
}

// CountIndicators is how many a tenant has.
func (t *Tenant) CountIndicators(ctx context.Context) (int, error) {
	var n int64
	err := t.q(ctx).Model(&RiskIndicatorRow{}).Count(&n).Error
	return int(n), err
}

// Indicator reads one.
func (t *Tenant) Indicator(ctx context.Context, id string) (risk.Indicator, error) {
	var r RiskIndicatorRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return risk.Indicator{}, found(err)
	}
	return r.indicator(), nil
}

func indicatorTarget(i risk.Indicator) audit.Target {
	return audit.Target{Kind: "threatIndicator", ID: i.ID, Name: i.Value}
}

func indicatorChanges(before, after risk.Indicator) []audit.Change {
	var d differences
	d.note("kind", "", before.Kind, after.Kind, audit.Public)
	d.note("value", "", before.Value, after.Value, audit.Public)
	d.note("level", "", before.Level, after.Level, audit.Public)
	d.note("note", "", before.Note, after.Note, audit.Public)
	d.note("expirationDateTime", "", before.ExpiresAt, after.ExpiresAt, audit.Public)
	return d.changes
}

// PutIndicator enters an indicator or, when its ID is that of one, changes its level, note and end: what it is about
// stays. Entering what is there already changes that one.
func (t *Tenant) PutIndicator(ctx context.Context, actor audit.Actor, i risk.Indicator) (risk.Indicator, error) {
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		was := risk.Indicator{}
		if i.ID != "" {
			var err error
			if was, err = t.Indicator(ctx, i.ID); err != nil {
				return audit.Event{}, err
			}
			i.Kind, i.Value = was.Kind, was.Value
		}
		i = i.Normal()
		if err := i.Validate(t.Now()); err != nil {
			return audit.Event{}, err
		}
		if was.ID == "" {
			i.ID = t.indicatorID(i)
			found, err := t.Indicator(ctx, i.ID)
			if err != nil && !fault.Is(err, fault.NotFound) {
				return audit.Event{}, err
			}
			if was = found; was.ID == "" {
				if err := t.indicatorRoom(ctx, i.Kind, 1); err != nil {
					return audit.Event{}, err
				}
			}
		}
		changes := indicatorChanges(was, i)
		if len(changes) == 0 {
			i = was
			return audit.Event{}, nil
		}
		e := audit.Event{Activity: "Update threat indicator", Category: "IdentityProtection", Operation: "Update", Target: indicatorTarget(i), Changes: changes}
		if i.CreatedAt, i.By = was.CreatedAt, was.By; was.ID == "" {
			e.Activity, e.Operation = "Add threat indicator", "Add"
			i.CreatedAt, i.By = t.Now(), actor.Name
		}
		return e, t.writeIndicators(ctx, []risk.Indicator{i})
	})
	return i, err
}

// indicatorRoom refuses more indicators than a sign-in can be compared with.
func (t *Tenant) indicatorRoom(ctx context.Context, kind string, more int) error {
	for _, bound := range []struct {
		kind string
		most int
	}{{"", risk.MaxIndicators}, {risk.IndicatorAgent, risk.MaxAgentIndicators}} {
		if bound.kind != "" && bound.kind != kind {
			continue
		}
		var n int64
		if err := equals(t.q(ctx).Model(&RiskIndicatorRow{}), [][2]string{{"kind", bound.kind}}).Count(&n).Error; err != nil {
			return err
		}
		if int(n)+more > bound.most {
			return fault.BadField("value", "risk.indicator.many", map[string]any{"max": bound.most})
		}
	}
	return nil
}

func (t *Tenant) writeIndicators(ctx context.Context, list []risk.Indicator) error {
	rows := make([]RiskIndicatorRow, len(list))
	for n, i := range list {
		rows[n] = RiskIndicatorRow{ID: i.ID, TenantID: t.ID, Kind: i.Kind, Value: i.Value, Level: i.Level, Note: i.Note, CreatedAt: micro(i.CreatedAt), ActorName: i.By}
		if !i.ExpiresAt.IsZero() {
			rows[n].ExpiresAt = timePtr(micro(i.ExpiresAt))
		}
	}
	return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "id"}}, DoUpdates: clause.AssignmentColumns([]string{"level", "note", "expires_at"})}).
		CreateInBatches(rows, bulkRows).Error
}

// ImportIndicators enters many at once; with replace, nothing else is left. It says how many were new and how many
// are gone.
func (t *Tenant) ImportIndicators(ctx context.Context, actor audit.Actor, list []risk.Indicator, replace bool) (added, removed int, err error) {
	err = t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var rows []RiskIndicatorRow
		if err := t.lock(ctx).Find(&rows).Error; err != nil {
			return audit.Event{}, err
		}
		was := map[string]risk.Indicator{}
		for _, r := range rows {
			was[r.ID] = r.indicator()
		}
		keep, agents := map[string]bool{}, 0
		now := t.Now()
		all := make([]risk.Indicator, 0, len(list))
		added, removed = 0, 0
		for _, i := range list {
			i = i.Normal()
			if err := i.Validate(now); err != nil {
				return audit.Event{}, err
			}
			i.ID = t.indicatorID(i)
			if keep[i.ID] {
				continue
			}
			keep[i.ID] = true
			if old, there := was[i.ID]; there {
				i.CreatedAt, i.By = old.CreatedAt, old.By
			} else {
				i.CreatedAt, i.By = now, actor.Name
				added++
			}
			if i.Kind == risk.IndicatorAgent {
				agents++
			}
			all = append(all, i)
		}
		total := len(all)
		var gone []string
		for id, old := range was {
			switch {
			case keep[id]:
			case replace:
				gone = append(gone, id)
			default:
				if total++; old.Kind == risk.IndicatorAgent {
					agents++
				}
			}
		}
		if removed = len(gone); total > risk.MaxIndicators {
			return audit.Event{}, fault.BadField("file", "risk.indicator.many", map[string]any{"max": risk.MaxIndicators})
		}
		if agents > risk.MaxAgentIndicators {
			return audit.Event{}, fault.BadField("file", "risk.indicator.agents", map[string]any{"max": risk.MaxAgentIndicators})
		}
		if len(all)+removed == 0 {
			return audit.Event{}, nil
		}
		for start := 0; start < removed; start += bulkCountStep {
			if err := t.u(ctx).Where("id IN ?", gone[start:min(start+bulkCountStep, removed)]).Delete(&RiskIndicatorRow{}).Error; err != nil {
				return audit.Event{}, err
			}
		}
		if len(all) > 0 {
			if err := t.writeIndicators(ctx, all); err != nil {
				return audit.Event{}, err
			}
		}
		return audit.Event{Activity: "Import threat indicators", Category: "IdentityProtection", Operation: "Update", Target: audit.Target{Kind: "tenant", ID: t.ID},
			Changes: []audit.Change{{Property: "read", New: len(all)}, {Property: "added", New: added}, {Property: "removed", New: removed}}}, nil
	})
	return added, removed, err
}

// DeleteIndicator takes one away. What is gone already is gone.
func (t *Tenant) DeleteIndicator(ctx context.Context, actor audit.Actor, id string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		i, err := t.Indicator(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Delete threat indicator", Category: "IdentityProtection", Operation: "Delete", Target: indicatorTarget(i), Changes: indicatorChanges(i, risk.Indicator{})},
			oneRow(t.u(ctx).Where("id = ?", id).Delete(&RiskIndicatorRow{}))
	})
}

// PurgeIndicators forgets those that ended more than a month ago.
func (t *Tenant) PurgeIndicators(ctx context.Context, now time.Time) error {
	return t.u(ctx).Where("expires_at < ?", now.AddDate(0, -1, 0).UTC()).Delete(&RiskIndicatorRow{}).Error
}
