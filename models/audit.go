package models

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"portico/app/audit"
)

// AuditRow is one entry of the audit log (Graph directoryAudit). Changes is []audit.Change as JSON.
type AuditRow struct {
	ID            string    `gorm:"primaryKey;size:36"`
	TenantID      string    `gorm:"size:36;index:audits_time,priority:1;index:audits_target,priority:1;index:audits_actor,priority:1;index:audits_category,priority:1;index:audits_correlation,priority:1;index:audits_block,priority:1"`
	CreatedAt     time.Time `gorm:"index:audits_time,priority:2;index:audits_target,priority:3;index:audits_actor,priority:3;index:audits_category,priority:3;index:audits_block,priority:3"`
	Activity      string
	Category      string `gorm:"index:audits_category,priority:2"`
	Operation     string
	Result        string
	ActorKind     string
	ActorID       string `gorm:"index:audits_actor,priority:2"`
	ActorName     string
	ActorIP       string
	TargetKind    string
	TargetID      string `gorm:"index:audits_target,priority:2"`
	TargetName    string
	Changes       string `gorm:"type:text"`
	CorrelationID string `gorm:"index:audits_correlation,priority:2"`
	Block         string `gorm:"size:36;index:audits_block,priority:2"` // the sealed block it is part of; "" until it is sealed
}

func (AuditRow) TableName() string { return "audits" }

// AuditEntry is one entry of the audit log.
type AuditEntry struct {
	ID        string
	At        time.Time
	Activity  string
	Category  string
	Operation string
	Result    string
	Actor     audit.Actor
	Target    audit.Target
	Changes   []audit.Change
}

func (t *Tenant) writeAudit(ctx context.Context, a audit.Actor, e audit.Event) error {
	changes := make([]audit.Change, 0, len(e.Changes))
	for _, c := range e.Changes {
		if c.Class == audit.Secret {
			c.Old, c.New = nil, nil
		}
		changes = append(changes, c)
	}
	body, err := json.Marshal(changes)
	if err != nil {
		return err
	}
	result := "success"
	if e.Failed {
		result = "failure"
	}
	if err := t.publishAudit(ctx, a, e); err != nil {
		return err
	}
	return t.w(ctx).Create(&AuditRow{ID: NewID(), TenantID: t.ID, CreatedAt: t.Store.Now(), Activity: e.Activity,
		Category: e.Category, Operation: e.Operation, Result: result, ActorKind: string(a.Kind), ActorID: a.ID,
		ActorName: a.Name, ActorIP: a.IP, TargetKind: e.Target.Kind, TargetID: e.Target.ID, TargetName: e.Target.Name,
		Changes: string(body), CorrelationID: a.CorrelationID}).Error
}

// refusedEvery folds what somebody tries again and again: one entry for each of their ways in that time.
const refusedEvery = time.Hour

// RecordRefusal writes down that somebody who is known tried what they may not. what names the way (a route, not
// an address), so that nobody can fill the log.
func (t *Tenant) RecordRefusal(ctx context.Context, actor audit.Actor, what audit.Target, changes ...audit.Change) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var again []string
		err := t.q(ctx).Model(&AuditRow{}).Where("actor_id = ? AND created_at > ? AND target_kind = ? AND target_id = ? AND result = ?",
			actor.ID, t.Now().Add(-refusedEvery), what.Kind, what.ID, "failure").Limit(1).Pluck("id", &again).Error
		if err != nil || len(again) > 0 {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Try what is not allowed", Category: "Authorization", Operation: "Deny", Target: what, Changes: changes, Failed: true}, nil
	})
}

// WriteAudit writes an entry about something that is no row of ours, such as an export or a download.
func (t *Tenant) WriteAudit(ctx context.Context, actor audit.Actor, e audit.Event) error {
	return t.audited(ctx, actor, func(*Tenant) (audit.Event, error) { return e, nil })
}

func (t *Tenant) bumpVersion(ctx context.Context) error {
	return t.w(ctx).Model(&TenantRow{}).Where("id = ?", t.ID).Update("version", gorm.Expr("version + 1")).Error
}

// Entry is the decoded entry of a row.
func (r AuditRow) Entry() (AuditEntry, error) {
	e := AuditEntry{ID: r.ID, At: r.CreatedAt.UTC(), Activity: r.Activity, Category: r.Category, Operation: r.Operation, Result: r.Result,
		Actor:  audit.Actor{Kind: audit.ActorKind(r.ActorKind), ID: r.ActorID, Name: r.ActorName, IP: r.ActorIP, CorrelationID: r.CorrelationID},
		Target: audit.Target{Kind: r.TargetKind, ID: r.TargetID, Name: r.TargetName}}
	if err := json.Unmarshal([]byte(r.Changes), &e.Changes); err != nil {
		return e, badJSON("audit entry", r.ID, err)
	}
	return e, nil
}

// AuditQuery narrows the audit log. It is sorted by time, newest first.
type AuditQuery struct {
	Search        string    // part of the name of who or what; a whole id finds its entries
	From          time.Time // included
	To            time.Time // excluded
	ActorID       string
	ActorKind     string
	TargetKind    string
	TargetID      string
	Category      string
	Operation     string
	Activity      string
	CorrelationID string
	Result        string // success or failure
	OldestFirst   bool
	After         string
	Limit         int
}

func (t *Tenant) auditFilter(ctx context.Context, f AuditQuery) *gorm.DB {
	by := way{}
	for _, c := range []struct{ value, index string }{{f.CorrelationID, "audits_correlation"}, {f.TargetID, "audits_target"},
		{f.ActorID, "audits_actor"}, {f.Category, "audits_category"}} {
		if c.value != "" {
			by.index = c.index
			break
		}
	}
	q := t.via(ctx, "audits", by)
	q = equals(q, [][2]string{{"actor_id", f.ActorID}, {"actor_kind", f.ActorKind}, {"target_kind", f.TargetKind}, {"target_id", f.TargetID},
		{"category", f.Category}, {"operation", f.Operation}, {"activity", f.Activity}, {"correlation_id", f.CorrelationID}, {"result", f.Result}})
	if !f.From.IsZero() {
		q = q.Where("created_at >= ?", f.From.UTC())
	}
	if !f.To.IsZero() {
		q = q.Where("created_at < ?", f.To.UTC())
	}
	s := strings.ToLower(strings.TrimSpace(f.Search))
	if s == "" {
		return q
	}
	if _, err := uuid.Parse(s); err == nil {
		return q.Where("(id = ? OR target_id = ? OR actor_id = ? OR correlation_id = ?)", s, s, s, s)
	}
	like := "%" + likeEscape(s) + "%"
	return q.Where("(lower(actor_name) LIKE ? ESCAPE '\\' OR lower(target_name) LIKE ? ESCAPE '\\' OR lower(activity) LIKE ? ESCAPE '\\')", like, like, like)
}

// Audits lists one page of the audit log.
func (t *Tenant) Audits(ctx context.Context, f AuditQuery) (Page[AuditEntry], error) {
	q, err := keyset(t.auditFilter(ctx, f), "created_at", f.After, !f.OldestFirst, true)
	if err != nil {
		return Page[AuditEntry]{}, err
	}
	limit := clampLimit(f.Limit)
	var rows []AuditRow
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[AuditEntry]{}, err
	}
	p := page(rows, limit, func(r AuditRow) cursor { return cursor{Time: r.CreatedAt, ID: r.ID} })
	out := Page[AuditEntry]{Items: make([]AuditEntry, len(p.Items)), Next: p.Next}
	for i, r := range p.Items {
		if out.Items[i], err = r.Entry(); err != nil {
			return out, err
		}
	}
	return out, nil
}

// Audit reads one entry of the audit log.
func (t *Tenant) Audit(ctx context.Context, id string) (AuditEntry, error) {
	var r AuditRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return AuditEntry{}, found(err)
	}
	return r.Entry()
}

// EachAudit visits every entry that the query finds, page by page.
func (t *Tenant) EachAudit(ctx context.Context, f AuditQuery, visit func(AuditEntry) error) error {
	f.Limit = 500
	return eachPage(ctx, f.After, func(after string) (Page[AuditEntry], error) {
		f.After = after
		return t.Audits(ctx, f)
	}, visit)
}
