package models

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/export"
	"portico/app/fault"
	"portico/app/tenant"
)

// mostExports is how many continuous exports a tenant has.
const mostExports = 20

// Export is a continuous export: what an admin described, and how it goes.
type Export struct {
	export.Target
	ID         string
	Enabled    bool
	SecretHint string // how the secret begins; "" = it has none
	Cursors    map[export.Kind]export.Cursor
	Sent       int64
	SentAt     time.Time
	Failures   int64 // in a row
	LastError  string
	FailedAt   time.Time
	DueAt      time.Time
	CreatedAt  time.Time
	ModifiedAt time.Time
}

func exportSeal(id string) string { return "export " + id }

func (r ExportRow) value() (Export, error) {
	e := Export{ID: r.ID, Enabled: r.Enabled, SecretHint: r.SecretHint, Sent: r.Sent, SentAt: timeOf(r.SentAt), Failures: r.Failures, LastError: r.LastError,
		FailedAt: timeOf(r.FailedAt), DueAt: r.DueAt.UTC(), CreatedAt: r.CreatedAt.UTC(), ModifiedAt: timeOf(r.ModifiedAt)}
	if err := json.Unmarshal([]byte(r.Settings), &e.Target); err != nil {
		return e, badJSON("export", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Cursors), &e.Cursors); err != nil {
		return e, badJSON("cursors of export", r.ID, err)
	}
	return e, nil
}

// exportChanges are what the audit log says of a change. A URL may hold a token of the receiver, so that only its
// place is told.
func exportChanges(before, after export.Target) []audit.Change {
	var d differences
	d.note("place", "", before.Place(), after.Place(), audit.Public)
	if before.URL != after.URL {
		d.note("url", "", before.URL, after.URL, audit.Secret)
	}
	before.URL, after.URL, before.Address, after.Address = "", "", "", ""
	d.fields("", before, after)
	return d.changes
}

func exportEvent(e Export, activity, operation string, changes ...audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "IdentityProtection", Operation: operation, Target: audit.Target{Kind: "export", ID: e.ID, Name: e.Name}, Changes: changes}
}

// Exports lists the continuous exports by name.
func (t *Tenant) Exports(ctx context.Context) ([]Export, error) {
	var rows []ExportRow
	if err := t.q(ctx).Order("name, id").Limit(mostExports).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]Export, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.value(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Export reads one.
func (t *Tenant) Export(ctx context.Context, id string) (Export, error) {
	var r ExportRow
	if err := t.q(ctx).Where("id = ?", strings.ToLower(id)).Take(&r).Error; err != nil {
		return Export{}, found(err)
	}
	return r.value()
}

// ExportParcel is what a delivery for an export needs besides its records.
func (t *Tenant) ExportParcel(ctx context.Context, id string) (export.Parcel, error) {
	var r ExportRow
	if err := t.q(ctx).Where("id = ?", strings.ToLower(id)).Take(&r).Error; err != nil {
		return export.Parcel{}, found(err)
	}
	e, err := r.value()
	if err != nil {
		return export.Parcel{}, err
	}
	self, err := t.Get(ctx)
	if err != nil {
		return export.Parcel{}, err
	}
	secret, err := t.openExport(r)
	return export.Parcel{ExportID: r.ID, TenantID: t.ID, TenantSlug: self.Slug, Target: e.Target, Secret: secret}, err
}

func (s *Store) openExport(r ExportRow) ([]byte, error) {
	if len(r.Secret) == 0 {
		return nil, nil
	}
	return s.seal.Open(r.Secret, exportSeal(r.ID))
}

// newExportSecret is 32 random bytes as text, and that text sealed: receivers compute with the text.
func (t *Tenant) newExportSecret(id string) (secret string, sealed []byte, err error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", nil, err
	}
	secret = base64.RawURLEncoding.EncodeToString(raw)
	sealed, err = t.seal.Seal([]byte(secret), exportSeal(id))
	return secret, sealed, err
}

// CreateExport makes an export that sends what changes from a time on; the zero time means all that is kept. A
// webhook's secret is given this once. check refuses what cannot be reached.
func (t *Tenant) CreateExport(ctx context.Context, actor audit.Actor, target export.Target, enabled bool, from time.Time, check func(export.Target) error) (e Export, secret string, err error) {
	e = Export{Target: target.Filled(), ID: NewID(), Enabled: enabled, Cursors: map[export.Kind]export.Cursor{}}
	if err := check(e.Target); err != nil {
		return e, "", err
	}
	err = t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var n int64
		if err := t.q(ctx).Model(&ExportRow{}).Count(&n).Error; err != nil {
			return audit.Event{}, err
		}
		if n >= mostExports {
			return audit.Event{}, fault.BadField("displayName", "export.many", map[string]any{"max": mostExports})
		}
		now := t.Now()
		row := ExportRow{ID: e.ID, TenantID: t.ID, DueAt: now, Until: now, CreatedAt: now, Enabled: enabled}
		if e.Kind == export.Webhook {
			var err error
			if secret, row.Secret, err = t.newExportSecret(e.ID); err != nil {
				return audit.Event{}, err
			}
			row.SecretHint = secret[:3]
		}
		e.SecretHint, e.CreatedAt, e.DueAt = row.SecretHint, now, now
		for _, k := range e.Records {
			e.Cursors[k] = export.Cursor{At: micro(from)}
		}
		if err := row.write(e); err != nil {
			return audit.Event{}, err
		}
		return exportEvent(e, "Add export", "Add", append(exportChanges(export.Target{}, e.Target), audit.Change{Property: "enabled", New: enabled})...), t.w(ctx).Create(&row).Error
	})
	if err != nil {
		secret = ""
	}
	return e, secret, err
}

func (r *ExportRow) write(e Export) error {
	settings, err := json.Marshal(e.Target)
	if err != nil {
		return err
	}
	cursors, err := json.Marshal(e.Cursors)
	r.Name, r.Kind, r.Settings, r.Cursors = e.Name, string(e.Kind), string(settings), string(cursors)
	return err
}

// changeExport edits one under its lock. Whoever sends for it at that moment loses the lease, so that nothing goes to
// the former place after an admin has named another.
func (t *Tenant) changeExport(ctx context.Context, actor audit.Actor, id string, f func(t *Tenant, r *ExportRow, e *Export) (audit.Event, error)) (Export, error) {
	var after Export
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var r ExportRow
		if err := t.lock(ctx).Where("id = ?", strings.ToLower(id)).Take(&r).Error; err != nil {
			return audit.Event{}, found(err)
		}
		e, err := r.value()
		if err != nil {
			return audit.Event{}, err
		}
		event, err := f(t, &r, &e)
		after = e
		if err != nil || event.Activity == "" {
			return event, err
		}
		now := t.Now()
		r.ModifiedAt, r.Owner, r.DueAt, r.Enabled = &now, "", now, e.Enabled
		if err := r.write(e); err != nil {
			return event, err
		}
		after.ModifiedAt, after.DueAt = now, now
		return event, t.w(ctx).Save(&r).Error
	})
	return after, err
}

// UpdateExport changes where and what. Records of a kind that was not exported before go out from now on. A webhook
// that was none before gets a secret, given this once.
func (t *Tenant) UpdateExport(ctx context.Context, actor audit.Actor, id string, edit func(*export.Target) error, check func(before, after export.Target) error) (e Export, secret string, err error) {
	e, err = t.changeExport(ctx, actor, id, func(t *Tenant, r *ExportRow, e *Export) (audit.Event, error) {
		before := e.Target
		after, err := cloneJSON(e.Target)
		if err != nil {
			return audit.Event{}, err
		}
		if err := edit(&after); err != nil {
			return audit.Event{}, err
		}
		after = after.Filled()
		if err := check(before, after); err != nil {
			return audit.Event{}, err
		}
		changes := exportChanges(before, after)
		if len(changes) == 0 {
			return audit.Event{}, nil
		}
		if after.Kind == export.Webhook && len(r.Secret) == 0 {
			if secret, r.Secret, err = t.newExportSecret(r.ID); err != nil {
				return audit.Event{}, err
			}
			r.SecretHint = secret[:3]
		} else if after.Kind != export.Webhook {
			r.Secret, r.SecretHint = nil, ""
		}
		cursors := map[export.Kind]export.Cursor{}
		for _, k := range after.Records {
			c, known := e.Cursors[k]
			if !known {
				c = export.Cursor{At: t.Now()}
			}
			cursors[k] = c
		}
		r.Failures, r.LastError, r.FailedAt = 0, "", nil
		e.Target, e.Cursors, e.SecretHint, e.Failures, e.LastError, e.FailedAt = after, cursors, r.SecretHint, 0, "", time.Time{}
		return exportEvent(*e, "Update export", "Update", changes...), nil
	})
	if err != nil {
		secret = ""
	}
	return e, secret, err
}

// EnableExport pauses an export or lets it go on where it was.
func (t *Tenant) EnableExport(ctx context.Context, actor audit.Actor, id string, enabled bool) (Export, error) {
	return t.changeExport(ctx, actor, id, func(_ *Tenant, r *ExportRow, e *Export) (audit.Event, error) {
		if e.Enabled == enabled {
			return audit.Event{}, nil
		}
		was := e.Enabled
		e.Enabled = enabled
		activity := "Pause export"
		if enabled {
			activity, r.Failures, e.Failures = "Resume export", 0, 0
		}
		return exportEvent(*e, activity, "Update", audit.Change{Property: "enabled", Old: was, New: enabled}), nil
	})
}

// RenewExportSecret gives a webhook another secret, this once; the former one counts no more.
func (t *Tenant) RenewExportSecret(ctx context.Context, actor audit.Actor, id string) (e Export, secret string, err error) {
	e, err = t.changeExport(ctx, actor, id, func(t *Tenant, r *ExportRow, e *Export) (audit.Event, error) {
		if e.Kind != export.Webhook {
			return audit.Event{}, fault.New(fault.Conflict, "export.no_secret")
		}
		var err error
		if secret, r.Secret, err = t.newExportSecret(r.ID); err != nil {
			return audit.Event{}, err
		}
		r.SecretHint = secret[:3]
		e.SecretHint = r.SecretHint
		return exportEvent(*e, "Renew secret of export", "Update", audit.Change{Property: "secret", Old: "changed", New: "changed", Class: audit.Secret}), nil
	})
	if err != nil {
		secret = ""
	}
	return e, secret, err
}

// RewindExport sends again what changed from a time on; the zero time means all that is kept.
func (t *Tenant) RewindExport(ctx context.Context, actor audit.Actor, id string, from time.Time) (Export, error) {
	return t.changeExport(ctx, actor, id, func(t *Tenant, r *ExportRow, e *Export) (audit.Event, error) {
		if from.After(t.Now()) {
			return audit.Event{}, fault.BadField("from", "export.from", nil)
		}
		old := map[export.Kind]export.Cursor{}
		for _, k := range e.Records {
			old[k], e.Cursors[k] = e.Cursors[k], export.Cursor{At: micro(from)}
		}
		return exportEvent(*e, "Send again from", "Update", audit.Change{Property: "cursors", Old: old, New: e.Cursors}), nil
	})
}

// DeleteExport ends one. Files that it wrote stay.
func (t *Tenant) DeleteExport(ctx context.Context, actor audit.Actor, id string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		e, err := t.Export(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		return exportEvent(e, "Delete export", "Delete", exportChanges(e.Target, export.Target{})...), oneRow(t.u(ctx).Where("id = ?", e.ID).Delete(&ExportRow{}))
	})
}

// NoteExportTest writes down that somebody sent the sample.
func (t *Tenant) NoteExportTest(ctx context.Context, actor audit.Actor, e Export, problem error) error {
	event := exportEvent(e, "Test export", "Update")
	if problem != nil {
		event.Failed, event.Changes = true, []audit.Change{{Property: "problem", New: problem.Error()}}
	}
	return t.WriteAudit(ctx, actor, event)
}

// ExportStore is what an export.Worker works with: exports of all tenants, and records in the words of say.
type ExportStore struct {
	*Store
	Say func(key string, args map[string]any) string // the words of a message key; nil = none
}

func (s ExportStore) say(key string, args map[string]any) string {
	if s.Say == nil || key == "" {
		return ""
	}
	return s.Say(key, args)
}

// ClaimExports implements export.Store. Exports of trials, of disabled and of deleted tenants rest.
func (s ExportStore) ClaimExports(ctx context.Context, owner string, now time.Time, lease time.Duration, n int) ([]export.Job, error) {
	now = micro(now)
	due := func(db *gorm.DB) *gorm.DB {
		return db.WithContext(ctx).Model(&ExportRow{}).Where("enabled AND due_at <= ? AND (owner = '' OR until <= ?)", now, now).
			Where("tenant_id IN (SELECT id FROM tenants WHERE plan <> ? AND NOT disabled AND deleted_at IS NULL)", string(tenant.Trial))
	}
	var waiting []string
	if err := due(s.read).Limit(1).Pluck("id", &waiting).Error; err != nil || len(waiting) == 0 {
		return nil, err
	}
	var rows []ExportRow
	err := s.transactions.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := due(tx).Clauses(clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}).Order("due_at").Limit(n).Find(&rows).Error; err != nil || len(rows) == 0 {
			return err
		}
		ids := make([]string, len(rows))
		for i, r := range rows {
			ids[i] = r.ID
		}
		return tx.Model(&ExportRow{}).Where("id IN ?", ids).UpdateColumns(map[string]any{"owner": owner, "until": now.Add(lease)}).Error
	})
	if err != nil {
		return nil, err
	}
	slugs := map[string]string{}
	out := make([]export.Job, 0, len(rows))
	for _, r := range rows {
		e, err := r.value()
		var secret []byte
		if err == nil {
			secret, err = s.openExport(r)
		}
		if err == nil && slugs[r.TenantID] == "" {
			var self tenant.Tenant
			self, err = s.Tenant(r.TenantID).Get(ctx)
			slugs[r.TenantID] = self.Slug
		}
		if err != nil { // it cannot be sent for, and must not keep the others from being
			if err := s.FailExport(ctx, r.ID, owner, now.Add(time.Hour), err.Error()); err != nil {
				return nil, err
			}
			continue
		}
		out = append(out, export.Job{ID: r.ID, TenantID: r.TenantID, TenantSlug: slugs[r.TenantID], Target: e.Target, Secret: secret, Cursors: e.Cursors, Failures: int(r.Failures)})
	}
	return out, nil
}

// held changes an export while owner holds it.
func (s ExportStore) held(ctx context.Context, id, owner string, to map[string]any) error {
	r := s.write.WithContext(ctx).Model(&ExportRow{}).Where("id = ? AND owner = ? AND enabled", id, owner).UpdateColumns(to)
	if r.Error == nil && r.RowsAffected == 0 {
		return export.ErrLost
	}
	return r.Error
}

// AdvanceExport implements export.Store. The holder alone writes the cursors, and it has read them under its lease.
func (s ExportStore) AdvanceExport(ctx context.Context, id, owner string, kind export.Kind, to export.Cursor, sent int, now time.Time, lease time.Duration) error {
	now = micro(now)
	return s.transactions.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var rows []ExportRow
		if err := tx.Clauses(forUpdate()).Where("id = ? AND owner = ? AND enabled", id, owner).Limit(1).Find(&rows).Error; err != nil {
			return err
		}
		if len(rows) == 0 {
			return export.ErrLost
		}
		cursors := map[export.Kind]export.Cursor{}
		if err := json.Unmarshal([]byte(rows[0].Cursors), &cursors); err != nil {
			return badJSON("cursors of export", id, err)
		}
		cursors[kind] = to
		body, err := json.Marshal(cursors)
		if err != nil {
			return err
		}
		change := map[string]any{"cursors": string(body), "until": now.Add(lease)}
		if sent > 0 {
			change["sent"], change["sent_at"] = gorm.Expr("sent + ?", sent), now
			change["failures"], change["last_error"], change["failed_at"] = 0, "", nil
		}
		return tx.Model(&ExportRow{}).Where("id = ?", id).UpdateColumns(change).Error
	})
}

// FailExport implements export.Store.
func (s ExportStore) FailExport(ctx context.Context, id, owner string, again time.Time, reason string) error {
	return s.held(ctx, id, owner, map[string]any{"owner": "", "due_at": micro(again), "failures": gorm.Expr("failures + 1"), "last_error": strings.ToValidUTF8(reason, ""), "failed_at": s.Now()})
}

// RestExport implements export.Store.
func (s ExportStore) RestExport(ctx context.Context, id, owner string, again time.Time) error {
	return s.held(ctx, id, owner, map[string]any{"owner": "", "due_at": micro(again)})
}

// ReadExport implements export.Store.
func (s ExportStore) ReadExport(ctx context.Context, tenantID string, kind export.Kind, f export.Filter, after export.Cursor, until time.Time, limit int) ([]export.Record, export.Cursor, error) {
	t := s.Tenant(tenantID)
	switch kind {
	case export.RiskDetection:
		return behind(ctx, t, "risk_detections", "risk_detections_updated", "updated_at", after, until, limit, func(r RiskDetectionRow) export.Cursor { return export.Cursor{At: r.UpdatedAt.UTC(), ID: r.ID} },
			func(rows []RiskDetectionRow) ([]export.Record, error) {
				rows = slices.DeleteFunc(rows, func(r RiskDetectionRow) bool { return !f.Takes(r.Level, r.Type) })
				return each(rows, s.detection)
			})
	case export.RiskyUser:
		return behind(ctx, t, "risk_events", "risk_events_time", "at", after, until, limit, func(r RiskEventRow) export.Cursor { return export.Cursor{At: r.At.UTC(), ID: r.ID} },
			func(rows []RiskEventRow) ([]export.Record, error) { return s.risks(ctx, t, rows) })
	case export.SignIn:
		return behind(ctx, t, "sign_ins", "signins_time", "created_at", after, until, limit, func(r SignInRow) export.Cursor { return export.Cursor{At: r.CreatedAt.UTC(), ID: r.ID} },
			func(rows []SignInRow) ([]export.Record, error) { return each(rows, s.signIn) })
	case export.DirectoryAudit:
		return behind(ctx, t, "audits", "audits_time", "created_at", after, until, limit, func(r AuditRow) export.Cursor { return export.Cursor{At: r.CreatedAt.UTC(), ID: r.ID} },
			func(rows []AuditRow) ([]export.Record, error) { return each(rows, auditRecord) })
	}
	return nil, after, errors.New("models: there are no records of the kind " + string(kind))
}

// behind reads what follows a cursor. What a filter leaves out is read too, so that the cursor moves past it and an
// export of rare things never walks through the same common ones twice.
func behind[R any](ctx context.Context, t *Tenant, table, index, column string, after export.Cursor, until time.Time, limit int,
	at func(R) export.Cursor, records func([]R) ([]export.Record, error)) ([]export.Record, export.Cursor, error) {
	q := t.via(ctx, table, way{index: index}).Where(column+" < ?", until.UTC())
	if after.ID != "" {
		q = q.Where("("+column+", id) > (?, ?)", after.At.UTC(), after.ID)
	} else if !after.At.IsZero() {
		q = q.Where(column+" >= ?", after.At.UTC())
	}
	rows, err := scanned[R](q.Order(column + ", id").Limit(limit))
	if err != nil || len(rows) == 0 {
		return nil, after, err
	}
	next := at(rows[len(rows)-1])
	out, err := records(rows)
	return out, next, err
}

func each[R any](rows []R, f func(R) (export.Record, error)) ([]export.Record, error) {
	out := make([]export.Record, 0, len(rows))
	for _, r := range rows {
		record, err := f(r)
		if err != nil {
			return nil, err
		}
		out = append(out, record)
	}
	return out, nil
}

// Document is the detection as the API and exports show it. say gives the words of its reason.
func (r RiskDetectionRow) Document(say func(key string, args map[string]any) string) (export.DetectionDocument, error) {
	var evidence map[string]any
	if r.Evidence != "" {
		if err := json.Unmarshal([]byte(r.Evidence), &evidence); err != nil {
			return export.DetectionDocument{}, badJSON("evidence of detection", r.ID, err)
		}
	}
	reason := ""
	if say != nil && r.Key != "" {
		reason = say(r.Key, evidence)
	}
	d := export.DetectionDocument{ODataType: "#microsoft.graph.riskDetection", ID: r.ID, RequestID: export.Text(r.SignInID), CorrelationID: export.Text(r.CorrelationID), RiskEventType: r.Type,
		RiskLevel: export.RiskLevel(r.Level), RiskState: export.RiskState(r.State), RiskDetail: export.RiskDetail(r.Detail, true), Source: export.Source,
		DetectionTimingType: export.Timing(r.Timing), Activity: export.Activity(r.Activity), TokenIssuerType: "AzureAD", IPAddress: export.Text(r.IP),
		ActivityDateTime: export.Stamp(r.ActivityAt), DetectedDateTime: export.Stamp(r.DetectedAt), LastUpdatedDateTime: export.Stamp(r.UpdatedAt),
		UserID: export.Text(r.UserID), UserDisplayName: export.Text(r.UserName), UserPrincipalName: export.Text(r.Address),
		AdditionalInfo: export.AdditionalInfo(r.UserAgent, evidence),
		Location:       export.Location{City: r.City, State: r.Region, CountryOrRegion: r.Country, GeoCoordinates: export.Coordinates(r.Latitude, r.Longitude)},
		Portico: export.DetectionPortico{TenantID: r.TenantID, Reason: reason, Key: r.Key, Evidence: json.RawMessage(r.Evidence), IncidentID: r.IncidentID, AppID: r.ClientID,
			AppDisplayName: r.ClientName, Network: r.Network, Browser: r.Browser, OS: r.OS, UserAgent: r.UserAgent, Count: max(r.Count, 1), Simulated: r.Simulated}}
	if r.Evidence == "" {
		d.Portico.Evidence = nil
	}
	return d, nil
}

func (s ExportStore) detection(r RiskDetectionRow) (export.Record, error) {
	d, err := r.Document(s.Say)
	if err != nil {
		return export.Record{}, err
	}
	return export.Detection(d, r.UpdatedAt.UTC(), r.ActivityAt.UTC())
}

// Document is the entry as the API and exports show it; u is the person, the zero value when they are gone.
func (r RiskEventRow) Document(u User) export.RiskDocument {
	d := export.RiskDocument{ODataType: "#microsoft.graph.riskyUserHistoryItem", ID: r.ID, UserID: r.UserID, IsDeleted: u.ID == "" || !u.DeletedAt.IsZero(), RiskLastUpdatedDateTime: export.Stamp(r.At),
		RiskLevel: export.RiskLevel(r.Level), RiskState: export.RiskState(r.State), RiskDetail: export.RiskDetail(r.Detail, true), UserDisplayName: export.Text(u.DisplayName),
		UserPrincipalName: export.Text(u.Mail), InitiatedBy: export.Text(r.ActorID), Portico: export.RiskOrigin{Origin: export.Origin{TenantID: r.TenantID, ActorID: r.ActorID}, Simulated: r.Simulated}}
	d.Activity = export.RiskActivity{Detail: d.RiskDetail, RiskEventTypes: export.Types(r.Types)}
	return d
}

func (s ExportStore) risks(ctx context.Context, t *Tenant, rows []RiskEventRow) ([]export.Record, error) {
	people, err := t.peopleOf(ctx, rows)
	if err != nil {
		return nil, err
	}
	return each(rows, func(r RiskEventRow) (export.Record, error) {
		return export.Risk(r.Document(people[r.UserID]), r.At.UTC())
	})
}

// peopleOf finds who entries are about; deleted people are among them.
func (t *Tenant) peopleOf(ctx context.Context, rows []RiskEventRow) (map[string]User, error) {
	ids := make([]string, 0, len(rows))
	for _, r := range rows {
		ids = append(ids, r.UserID)
	}
	slices.Sort(ids)
	out := map[string]User{}
	for part := range slices.Chunk(slices.Compact(ids), 500) {
		users, err := scanned[UserRow](t.byID(ctx, part).Select("id", "display_name", "mail", "deleted_at"))
		if err != nil {
			return nil, err
		}
		for _, u := range users {
			var one User
			one.ID, one.DisplayName, one.Mail, one.DeletedAt = u.ID, u.DisplayName, u.Mail, timeOf(u.DeletedAt)
			out[u.ID] = one
		}
	}
	return out, nil
}

func (s ExportStore) signIn(r SignInRow) (export.Record, error) {
	in, err := r.SignIn()
	if err != nil {
		return export.Record{}, err
	}
	reason := ""
	if in.Outcome.Code != 0 {
		reason = s.say(in.Outcome.Key, nil)
	}
	return export.SignInOf(r.ID, r.CreatedAt.UTC(), in, export.SignInRisk{Aggregate: r.RiskAggregate, State: r.RiskState, Detail: r.RiskDetail, Types: export.Types(r.RiskTypes)}, r.IP, reason)
}

func auditRecord(r AuditRow) (export.Record, error) {
	e, err := r.Entry()
	if err != nil {
		return export.Record{}, err
	}
	return export.AuditOf(r.TenantID, r.ID, e.At, e.Actor, e.Target, export.AuditEntry{Activity: e.Activity, Category: e.Category, Operation: e.Operation, Result: e.Result, Changes: e.Changes})
}

// ExportLag is how far an export is behind: the age of the oldest record that it has not sent, and about how many
// there are (at most bound of each kind).
type ExportLag struct {
	Behind  time.Duration // 0 = nothing waits
	Waiting int
	More    bool // there are more than Waiting
}

// Lag says how far an export is behind.
func (s ExportStore) Lag(ctx context.Context, tenantID string, e Export, bound int) (ExportLag, error) {
	var out ExportLag
	t, now := s.Tenant(tenantID), s.Now()
	for _, k := range e.Records {
		table, column, index := exportTable(k)
		if table == "" {
			continue
		}
		after := e.Cursors[k]
		q := t.logOf(ctx, table, index).Where(column+" < ?", now.Add(-k.Settle()))
		if after.ID != "" {
			q = q.Where("("+column+", id) > (?, ?)", after.At.UTC(), after.ID)
		} else if !after.At.IsZero() {
			q = q.Where(column+" >= ?", after.At.UTC())
		}
		var times []time.Time
		if err := q.Order(column+", id").Limit(bound+1).Pluck(column, &times).Error; err != nil {
			return out, err
		}
		if len(times) == 0 {
			continue
		}
		out.Behind = max(out.Behind, now.Sub(times[0].UTC()))
		out.Waiting += min(len(times), bound)
		out.More = out.More || len(times) > bound
	}
	return out, nil
}

// logOf is a query of a log by name, along one of its indexes.
func (t *Tenant) logOf(ctx context.Context, table, index string) *gorm.DB {
	if t.dialect == "sqlite" {
		return t.via(ctx, table, way{index: index})
	}
	return t.q(ctx).Table(table)
}

func exportTable(k export.Kind) (table, column, index string) {
	switch k {
	case export.RiskDetection:
		return "risk_detections", "updated_at", "risk_detections_updated"
	case export.RiskyUser:
		return "risk_events", "at", "risk_events_time"
	case export.SignIn:
		return "sign_ins", "created_at", "signins_time"
	case export.DirectoryAudit:
		return "audits", "created_at", "audits_time"
	}
	return "", "", ""
}

// Latest gives the newest record that an export would send, for its preview; false when there is none.
func (s ExportStore) Latest(ctx context.Context, tenantID string, target export.Target) (export.Record, bool, error) {
	t := s.Tenant(tenantID)
	for _, k := range target.Records {
		table, column, index := exportTable(k)
		if table == "" {
			continue
		}
		q := t.logOf(ctx, table, index)
		var at []struct {
			ID string
			At time.Time
		}
		if k == export.RiskDetection && len(target.Filter.Levels) > 0 {
			q = q.Where("level IN ?", target.Filter.Levels)
		}
		if k == export.RiskDetection && len(target.Filter.Types) > 0 {
			q = q.Where("type IN ?", target.Filter.Types)
		}
		if err := q.Select("id, " + column + " AS at").Order(column + " DESC, id DESC").Limit(1).Find(&at).Error; err != nil {
			return export.Record{}, false, err
		}
		if len(at) == 0 {
			continue
		}
		// The cursor stands just before it: everything of its moment and, of that, the one.
		records, _, err := s.ReadExport(ctx, tenantID, k, target.Filter, export.Cursor{At: at[0].At.UTC()}, at[0].At.Add(time.Microsecond), 1000)
		if err != nil {
			return export.Record{}, false, err
		}
		for _, r := range slices.Backward(records) {
			return r, true, nil
		}
	}
	return export.Record{}, false, nil
}
