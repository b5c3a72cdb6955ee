package models

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/risk"
)

// leaked.go: lists of addresses whose accounts were leaked elsewhere. Only keyed hashes are kept, and for whom of the
// tenant's own people they are. A list is counted before anything comes of it.

// LeakedImportRow is one list.
type LeakedImportRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36;index:leaked_imports_tenant,priority:1"`
	Source    string `gorm:"size:100"` // what the admin calls it
	State     string `gorm:"size:16"`  // reading, ready, applying, done
	LeakedAt  time.Time
	CreatedAt time.Time `gorm:"index:leaked_imports_tenant,priority:2"`
	ActorID   string    `gorm:"size:36"`
	ActorName string
	Rows      int64  // lines with something in them
	Bad       int64  // lines that are no address
	Added     int64  // addresses that were on no list
	People    int64  // of the tenant, with a password as old
	Found     int64  // of whom a detection was made
	Problems  string `gorm:"type:text"` // JSON: the first lines that are none
}

func (LeakedImportRow) TableName() string { return "leaked_imports" }

// States of a list.
const (
	LeakReading  = "reading"
	LeakReady    = "ready" // counted: somebody must confirm it
	LeakApplying = "applying"
	LeakDone     = "done"
)

const (
	// MaxLeaked is how many lines a list may have.
	MaxLeaked      = 1_000_000
	leakedStep     = 250 // addresses that one transaction takes
	leakedApply    = 50  // people that one transaction finds
	leakedReported = 100 // lines of the report
	leakedName     = 100
	leakedWaits    = 24 * time.Hour // for its confirmation
)

// LeakedLine is a line that is no address. What it says is not kept: it may be a password.
type LeakedLine struct {
	Line int64 `json:"line"`
}

// LeakedImport is one list as it is shown.
type LeakedImport struct {
	LeakedImportRow
	Lines []LeakedLine
}

func (r LeakedImportRow) value() (LeakedImport, error) {
	out := LeakedImport{LeakedImportRow: r}
	out.LeakedAt, out.CreatedAt = r.LeakedAt.UTC(), r.CreatedAt.UTC()
	if r.Problems == "" {
		return out, nil
	}
	if err := json.Unmarshal([]byte(r.Problems), &out.Lines); err != nil {
		return out, badJSON("list of leaked addresses", r.ID, err)
	}
	return out, nil
}

func (t *Tenant) leakedHash(canonical string) []byte {
	return t.seal.MAC("leaked address", []byte(t.ID+"\x00"+canonical))
}

// addressIn finds the address in a line: the whole of it, or the first column of a file.
func addressIn(line string) (canonical string, ok, empty bool) {
	line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
	if line == "" || strings.HasPrefix(line, "#") {
		return "", false, true
	}
	if !utf8.ValidString(line) {
		return "", false, false
	}
	if i := strings.IndexAny(line, ",;\t:"); i >= 0 { // address:password is how such lists come; the rest is not looked at
		line = line[:i]
	}
	canonical, err := account.CanonicalEmail(strings.Trim(line, `"' `))
	return canonical, err == nil && strings.Contains(canonical, "@"), false
}

// ImportLeaked reads a list and counts whom it concerns; nothing comes of it before ApplyLeaked. leakedAt is when the
// accounts were leaked: people with a password younger than that are not concerned. An error of the sequence ends the
// reading, and nothing of the list is kept.
func (t *Tenant) ImportLeaked(ctx context.Context, actor audit.Actor, source string, leakedAt time.Time, lines iter.Seq2[string, error]) (LeakedImport, error) {
	source = strings.TrimSpace(source)
	var bad fault.Fields
	if source == "" || utf8.RuneCountInString(source) > leakedName {
		bad.Add("source", "risk.leaked.source", map[string]any{"max": leakedName})
	}
	if leakedAt.IsZero() || leakedAt.After(t.Now()) {
		bad.Add("leakedAt", "risk.leaked.date", nil)
	}
	if err := bad.Err(); err != nil {
		return LeakedImport{}, err
	}
	r := LeakedImportRow{ID: NewID(), TenantID: t.ID, Source: source, State: LeakReading, LeakedAt: micro(leakedAt), CreatedAt: t.Now(), ActorID: actor.ID, ActorName: actor.Name}
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		return audit.Event{Activity: "Read leaked addresses", Category: "IdentityProtection", Operation: "Add", Target: leakedTarget(r),
			Changes: []audit.Change{{Property: "leakedDateTime", New: r.LeakedAt}}}, t.w(ctx).Create(&r).Error
	})
	if err != nil {
		return LeakedImport{}, err
	}
	out, err := t.readLeaked(ctx, r, lines)
	if err != nil {
		_ = t.dropLeaked(context.WithoutCancel(ctx), r.ID)
	}
	return out, err
}

func leakedTarget(r LeakedImportRow) audit.Target {
	return audit.Target{Kind: "leakedAddresses", ID: r.ID, Name: r.Source}
}

func (t *Tenant) readLeaked(ctx context.Context, r LeakedImportRow, lines iter.Seq2[string, error]) (LeakedImport, error) {
	var report []LeakedLine
	step, number := make([]string, 0, leakedStep), int64(0)
	flush := func() error {
		if len(step) == 0 {
			return nil
		}
		added, people, err := t.keepLeaked(ctx, r, step)
		r.Added, r.People, step = r.Added+added, r.People+people, step[:0]
		return err
	}
	for line, err := range lines {
		if number++; err != nil {
			return LeakedImport{}, err
		}
		canonical, ok, empty := addressIn(line)
		if empty || number == 1 && !ok { // a heading
			continue
		}
		if r.Rows++; r.Rows > MaxLeaked {
			return LeakedImport{}, fault.BadField("file", "risk.leaked.many", map[string]any{"max": MaxLeaked})
		}
		if !ok {
			if r.Bad++; len(report) < leakedReported {
				report = append(report, LeakedLine{Line: number})
			}
			continue
		}
		if step = append(step, canonical); len(step) == leakedStep {
			if err := flush(); err != nil {
				return LeakedImport{}, err
			}
		}
	}
	if err := flush(); err != nil {
		return LeakedImport{}, err
	}
	if r.Rows == r.Bad {
		return LeakedImport{}, fault.BadField("file", "risk.leaked.empty", nil)
	}
	body, err := json.Marshal(report)
	if err != nil {
		return LeakedImport{}, err
	}
	if r.State = LeakReady; len(report) > 0 {
		r.Problems = string(body)
	}
	err = oneRow(t.u(ctx).Model(&LeakedImportRow{}).Where("id = ?", r.ID).Select("state", "rows", "bad", "added", "people", "problems").Updates(&r))
	return LeakedImport{LeakedImportRow: r, Lines: report}, err
}

// keepLeaked writes the hashes of some addresses, and says how many were new and how many people they concern.
func (t *Tenant) keepLeaked(ctx context.Context, r LeakedImportRow, addresses []string) (added, people int64, err error) {
	addresses = distinct(addresses)
	var owners []struct{ Canonical, UserID string }
	err = t.r(ctx).Table("identities AS i").Select("i.canonical, i.user_id").
		Joins("JOIN credentials AS c ON c.tenant_id = i.tenant_id AND c.user_id = i.user_id AND c.kind = ?", KindPassword).
		Joins("JOIN users AS u ON u.id = i.user_id AND u.tenant_id = i.tenant_id AND u.deleted_at IS NULL").
		Where("i.tenant_id = ? AND i.sign_in_type = ? AND i.canonical IN ? AND c.created_at <= ?", t.ID, account.SignInEmail, addresses, r.LeakedAt).Scan(&owners).Error
	if err != nil {
		return 0, 0, err
	}
	of := map[string]string{}
	for _, o := range owners {
		of[o.Canonical] = o.UserID
	}
	rows := make([]LeakedAddressRow, len(addresses))
	for n, a := range addresses {
		rows[n] = LeakedAddressRow{TenantID: t.ID, Hash: t.leakedHash(a), LeakedAt: r.LeakedAt, Source: r.Source, ImportID: r.ID, UserID: of[a], Pending: true}
	}
	err = t.InTx(ctx, func(t *Tenant) error {
		added, people = 0, 0
		hashes := make([][]byte, len(rows))
		for n := range rows {
			hashes[n] = rows[n].Hash
		}
		var there []LeakedAddressRow
		if err := t.q(ctx).Where("hash IN ?", hashes).Find(&there).Error; err != nil {
			return err
		}
		known := map[string]LeakedAddressRow{}
		for _, x := range there {
			known[string(x.Hash)] = x
		}
		write := make([]LeakedAddressRow, 0, len(rows))
		for _, row := range rows {
			old, again := known[string(row.Hash)]
			if again && (old.ImportID == r.ID || !old.LeakedAt.Before(row.LeakedAt)) {
				continue // on this list twice, or leaked later already
			}
			if !again {
				added++
			}
			if row.UserID != "" {
				people++
			}
			if !again || row.UserID != "" {
				write = append(write, row)
			}
		}
		if len(write) == 0 {
			return nil
		}
		return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "tenant_id"}, {Name: "hash"}, {Name: "import_id"}}, DoNothing: true}).CreateInBatches(write, bulkRows).Error
	})
	return added, people, err
}

// ApplyLeaked lets a counted list count: from now on its people are at high risk until they choose another password.
// Their detections are made in the background.
func (t *Tenant) ApplyLeaked(ctx context.Context, actor audit.Actor, id string, people int64) (LeakedImport, error) {
	var out LeakedImport
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		r, err := t.lockLeaked(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		if out, err = r.value(); err != nil {
			return audit.Event{}, err
		}
		switch {
		case r.State == LeakApplying || r.State == LeakDone: // pressed twice, or somebody else was faster
			return audit.Event{}, nil
		case r.State != LeakReady:
			return audit.Event{}, fault.New(fault.Conflict, "risk.leaked.reading")
		case r.People != people:
			return audit.Event{}, fault.BadField("count", "admin.bulk.count", map[string]any{"count": r.People})
		}
		out.State = LeakApplying
		return audit.Event{Activity: "Apply leaked addresses", Category: "IdentityProtection", Operation: "Update", Target: leakedTarget(r),
				Changes: []audit.Change{{Property: "addresses", New: r.Rows - r.Bad}, {Property: "people", New: r.People}}},
			oneRow(t.u(ctx).Model(&LeakedImportRow{}).Where("id = ?", id).Update("state", LeakApplying))
	})
	return out, err
}

func (t *Tenant) lockLeaked(ctx context.Context, id string) (LeakedImportRow, error) {
	var r LeakedImportRow
	err := t.lock(ctx).Where("id = ?", id).Take(&r).Error
	return r, found(err)
}

// StepLeaked makes the detections of the next people of a list that is being applied, and says how many it looked at.
func (t *Tenant) StepLeaked(ctx context.Context, by audit.Actor) (int, error) {
	var lists []LeakedImportRow
	if err := t.q(ctx).Where("state = ?", LeakApplying).Order("created_at, id").Limit(1).Find(&lists).Error; err != nil || len(lists) == 0 {
		return 0, err
	}
	n := 0
	err := t.InTx(ctx, func(t *Tenant) error {
		r, err := t.lockLeaked(ctx, lists[0].ID)
		if err != nil || r.State != LeakApplying {
			return err
		}
		var rows []LeakedAddressRow
		if err := t.q(ctx).Where("import_id = ? AND pending AND user_id <> ''", r.ID).Order("hash").Limit(leakedApply).Find(&rows).Error; err != nil {
			return err
		}
		if n = len(rows); n == 0 {
			if err := t.u(ctx).Model(&LeakedAddressRow{}).Where("import_id = ? AND pending", r.ID).UpdateColumn("pending", false).Error; err != nil {
				return err
			}
			return oneRow(t.u(ctx).Model(&LeakedImportRow{}).Where("id = ?", r.ID).Update("state", LeakDone))
		}
		made := 0
		for _, row := range rows {
			at, err := t.passwordSince(ctx, row.UserID)
			if err != nil {
				return err
			}
			if !at.IsZero() && !at.After(row.LeakedAt) {
				if err := t.leakedDetection(ctx, by, r, row.UserID); err != nil {
					return err
				}
				made++
			}
			if err := t.u(ctx).Model(&LeakedAddressRow{}).Where("hash = ? AND import_id = ?", row.Hash, r.ID).UpdateColumn("pending", false).Error; err != nil {
				return err
			}
		}
		return oneRow(t.u(ctx).Model(&LeakedImportRow{}).Where("id = ?", r.ID).UpdateColumn("found", gorm.Expr("found + ?", made)))
	})
	return n, err
}

func (t *Tenant) leakedDetection(ctx context.Context, by audit.Actor, r LeakedImportRow, userID string) error {
	u, err := t.User(ctx, userID)
	if fault.Is(err, fault.NotFound) || err == nil && !u.DeletedAt.IsZero() {
		return nil
	}
	if err != nil {
		return err
	}
	now := t.Now()
	_, err = t.AddDetection(ctx, by, Detection{ID: detectionID(userID, Leaked, r.ID), DetectedAt: now, ActivityAt: r.LeakedAt.UTC(), UpdatedAt: now, UserID: u.ID, UserName: u.DisplayName,
		Address: u.Address(), Type: Leaked, Level: risk.High, State: RiskAtRisk, Detail: RiskNone, Timing: risk.Offline, Activity: ActivityUser, Key: "risk.found.leaked_address",
		Evidence: map[string]any{"source": r.Source, "leaked": r.LeakedAt.UTC().Format(time.DateOnly)}, Count: 1})
	return err
}

// passwordSince is since when somebody has their password; zero when they have none.
func (t *Tenant) passwordSince(ctx context.Context, userID string) (time.Time, error) {
	var rows []CredentialRow
	err := t.q(ctx).Select("created_at").Where("user_id = ? AND kind = ?", userID, KindPassword).Order("created_at DESC").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return time.Time{}, err
	}
	return rows[0].CreatedAt.UTC(), nil
}

// LeakedImports lists the lists, the newest first.
func (t *Tenant) LeakedImports(ctx context.Context, after string, limit int) (Page[LeakedImport], error) {
	q, err := keyset(t.q(ctx), "created_at", after, true, true)
	if err != nil {
		return Page[LeakedImport]{}, err
	}
	limit = clampLimit(limit)
	var rows []LeakedImportRow
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[LeakedImport]{}, err
	}
	p := page(rows, limit, func(r LeakedImportRow) cursor { return cursor{Time: r.CreatedAt, ID: r.ID} })
	out := Page[LeakedImport]{Items: make([]LeakedImport, len(p.Items)), Next: p.Next}
	for n, r := range p.Items {
		if out.Items[n], err = r.value(); err != nil {
			return out, err
		}
	}
	return out, nil
}

// LeakedImport reads one list.
func (t *Tenant) LeakedImport(ctx context.Context, id string) (LeakedImport, error) {
	var r LeakedImportRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return LeakedImport{}, found(err)
	}
	return r.value()
}

// DeleteLeaked forgets a list. Detections that were made of it stay: dismiss them where the list was wrong.
func (t *Tenant) DeleteLeaked(ctx context.Context, actor audit.Actor, id string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		r, err := t.lockLeaked(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		return audit.Event{Activity: "Delete leaked addresses", Category: "IdentityProtection", Operation: "Delete", Target: leakedTarget(r),
			Changes: []audit.Change{{Property: "addresses", Old: r.Rows - r.Bad}}}, t.dropLeaked(ctx, id)
	})
}

func (t *Tenant) dropLeaked(ctx context.Context, id string) error {
	return t.InTx(ctx, func(t *Tenant) error {
		if err := t.u(ctx).Where("import_id = ?", id).Delete(&LeakedAddressRow{}).Error; err != nil {
			return fmt.Errorf("leaked addresses: %w", err)
		}
		return t.u(ctx).Where("id = ?", id).Delete(&LeakedImportRow{}).Error
	})
}

// PurgeLeaked forgets lists that nobody confirmed, and those whose reading broke off.
func (t *Tenant) PurgeLeaked(ctx context.Context) error {
	var ids []string
	err := t.q(ctx).Model(&LeakedImportRow{}).Where("state IN ? AND created_at < ?", []string{LeakReading, LeakReady}, t.Now().Add(-leakedWaits)).Limit(5).Pluck("id", &ids).Error
	for _, id := range ids {
		if err == nil {
			err = t.dropLeaked(ctx, id)
		}
	}
	return err
}
