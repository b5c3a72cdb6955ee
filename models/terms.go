package models

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/policy"
	"portico/app/userflow"
)

// TermsRow is a text that people agree to; Published is its current version.
type TermsRow struct {
	ID        string `gorm:"primaryKey;size:36"`
	TenantID  string `gorm:"size:36;index:terms_tenant"`
	Name      string
	Published int
	CreatedAt time.Time
	UpdatedAt time.Time
}

func (TermsRow) TableName() string { return "terms" }

// TermsVersionRow keeps every version: what somebody agreed to can always be read again.
type TermsVersionRow struct {
	TermsID   string `gorm:"primaryKey;size:36"`
	Version   int    `gorm:"primaryKey;autoIncrement:false"`
	TenantID  string `gorm:"size:36;index:terms_versions_tenant"`
	Document  string `gorm:"type:text"` // userflow.Terms as JSON
	CreatedAt time.Time
	ActorName string
}

func (TermsVersionRow) TableName() string { return "terms_versions" }

// AcceptanceRow says that a person agreed to a version.
type AcceptanceRow struct {
	TenantID   string    `gorm:"primaryKey;size:36;index:acceptances_terms,priority:1"`
	UserID     string    `gorm:"primaryKey;size:36"`
	TermsID    string    `gorm:"primaryKey;size:36;index:acceptances_terms,priority:2"`
	Version    int       `gorm:"primaryKey;autoIncrement:false"`
	Locale     string    `gorm:"size:35"`
	AcceptedAt time.Time `gorm:"index:acceptances_terms,priority:3"`
}

func (AcceptanceRow) TableName() string { return "terms_acceptances" }

// TermsVersion is one version in the history of terms.
type TermsVersion struct {
	userflow.Terms
	CreatedAt time.Time
	ActorName string
}

func termsEvent(x userflow.Terms, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "UserFlow", Operation: operation,
		Target: audit.Target{Kind: "terms", ID: x.ID, Name: x.Name}, Changes: changes}
}

func (r TermsVersionRow) value() (userflow.Terms, error) {
	var x userflow.Terms
	if err := json.Unmarshal([]byte(r.Document), &x); err != nil {
		return x, badJSON("terms", r.TermsID, err)
	}
	return x, nil
}

// AllTerms lists the tenant's terms as they are published, by name.
func (t *Tenant) AllTerms(ctx context.Context) ([]userflow.Terms, error) {
	var rows []TermsVersionRow
	err := t.r(ctx).Table("terms_versions AS v").Select("v.*").Joins("JOIN terms AS x ON x.id = v.terms_id AND x.published = v.version").
		Where("x.tenant_id = ?", t.ID).Order("x.name, x.id").Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	out := make([]userflow.Terms, len(rows))
	for i, r := range rows {
		if out[i], err = r.value(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// TermsVersions lists the history of terms, newest first; fault.NotFound when there are none of that id.
func (t *Tenant) TermsVersions(ctx context.Context, id string) ([]TermsVersion, error) {
	var rows []TermsVersionRow
	if err := t.q(ctx).Where("terms_id = ?", id).Order("version DESC").Find(&rows).Error; err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	out := make([]TermsVersion, len(rows))
	for i, r := range rows {
		x, err := r.value()
		if err != nil {
			return nil, err
		}
		out[i] = TermsVersion{Terms: x, CreatedAt: r.CreatedAt.UTC(), ActorName: r.ActorName}
	}
	return out, nil
}

// CreateTerms publishes version 1 of new terms.
func (t *Tenant) CreateTerms(ctx context.Context, actor audit.Actor, x userflow.Terms) (userflow.Terms, error) {
	if x.ID == "" {
		x.ID = uuid.NewString()
	}
	x.Name, x.Version, x.Since = strings.TrimSpace(x.Name), 1, 1
	if err := x.Validate(); err != nil {
		return x, err
	}
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if err := t.termsNameFree(ctx, x); err != nil {
			return audit.Event{}, err
		}
		err := t.w(ctx).Create(&TermsRow{ID: x.ID, TenantID: t.ID, Name: x.Name, Published: 1, CreatedAt: t.Now(), UpdatedAt: t.Now()}).Error
		if err != nil {
			return audit.Event{}, taken(err, "id", "terms.id.taken", nil)
		}
		var d differences
		d.fields("", userflow.Terms{}, x)
		return termsEvent(x, "Create terms of use", "Add", d.changes), t.addTermsVersion(ctx, actor, x)
	})
	return x, err
}

func (t *Tenant) termsNameFree(ctx context.Context, x userflow.Terms) error {
	var names []string
	if err := t.q(ctx).Model(&TermsRow{}).Where("id <> ?", x.ID).Pluck("name", &names).Error; err != nil {
		return err
	}
	if slices.ContainsFunc(names, func(n string) bool { return fold(n) == fold(x.Name) }) {
		return nameTaken("terms.name.taken", x.Name)
	}
	return nil
}

func (t *Tenant) addTermsVersion(ctx context.Context, actor audit.Actor, x userflow.Terms) error {
	doc, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return t.w(ctx).Create(&TermsVersionRow{TermsID: x.ID, Version: x.Version, TenantID: t.ID, Document: string(doc),
		CreatedAt: t.Now(), ActorName: actor.Name}).Error
}

// PublishTerms makes what edit leaves behind the next version. again asks everybody to agree to it, also
// those who agreed to an earlier one.
func (t *Tenant) PublishTerms(ctx context.Context, actor audit.Actor, id string, again bool, edit func(*userflow.Terms) error) (userflow.Terms, error) {
	var after userflow.Terms
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row TermsRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		versions, err := t.TermsVersions(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		before := versions[0].Terms
		if after, err = cloneJSON(before); err != nil {
			return audit.Event{}, err
		}
		if err := edit(&after); err != nil {
			return audit.Event{}, err
		}
		after.ID, after.Version, after.Since, after.Name = id, before.Version, before.Since, strings.TrimSpace(after.Name)
		if err := after.Validate(); err != nil {
			return audit.Event{}, err
		}
		if err := t.termsNameFree(ctx, after); err != nil {
			return audit.Event{}, err
		}
		var d differences
		d.fields("", before, after)
		if len(d.changes) == 0 && !again {
			return audit.Event{}, nil
		}
		after.Version++
		if again {
			after.Since = after.Version
			d.changes = append(d.changes, audit.Change{Property: "since", Old: before.Since, New: after.Since})
		}
		if err := t.addTermsVersion(ctx, actor, after); err != nil {
			return audit.Event{}, err
		}
		return termsEvent(after, "Publish terms of use", "Update", d.changes),
			oneRow(t.u(ctx).Model(&TermsRow{}).Where("id = ?", id).Updates(map[string]any{"name": after.Name, "published": after.Version, "updated_at": t.Now()}))
	})
	return after, err
}

// DeleteTerms removes terms that no flow and no policy asks for, and nobody has agreed to: what somebody agreed to is
// kept, and a policy that asks for terms which are gone would let nobody in.
func (t *Tenant) DeleteTerms(ctx context.Context, actor audit.Actor, id string) error {
	return t.inOrder(ctx, actor, func(t *Tenant) (audit.Event, error) {
		versions, err := t.TermsVersions(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		x := versions[0].Terms
		flows, err := t.flowsAndDrafts(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		for _, f := range flows {
			if slices.Contains(f.Terms, id) {
				return audit.Event{}, &fault.Error{Code: fault.Conflict, Key: "terms.in_use", Args: map[string]any{"name": x.Name, "flow": f.Name}}
			}
		}
		if err := t.unnamed(ctx, policy.ThingTerms, x.ID, "policy.terms.in_use", x.Name); err != nil {
			return audit.Event{}, err
		}
		var accepted []AcceptanceRow
		if err := t.q(ctx).Where("terms_id = ?", id).Limit(1).Find(&accepted).Error; err != nil {
			return audit.Event{}, err
		}
		if len(accepted) > 0 {
			return audit.Event{}, &fault.Error{Code: fault.Conflict, Key: "terms.accepted", Args: map[string]any{"name": x.Name}}
		}
		if err := t.u(ctx).Where("terms_id = ?", id).Delete(&TermsVersionRow{}).Error; err != nil {
			return audit.Event{}, err
		}
		return termsEvent(x, "Delete terms of use", "Delete", nil), oneRow(t.u(ctx).Where("id = ?", id).Delete(&TermsRow{}))
	})
}

// Acceptances lists what a person agreed to, newest first.
func (t *Tenant) Acceptances(ctx context.Context, userID string) ([]userflow.Acceptance, error) {
	var rows []AcceptanceRow
	if err := t.q(ctx).Where("user_id = ?", userID).Order("accepted_at DESC, version DESC").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]userflow.Acceptance, len(rows))
	for i, r := range rows {
		out[i] = userflow.Acceptance{TermsID: r.TermsID, Version: r.Version, Locale: r.Locale, At: r.AcceptedAt.UTC()}
	}
	return out, nil
}

// Accept remembers that a person agreed, and says so in the audit log.
func (t *Tenant) Accept(ctx context.Context, actor audit.Actor, userID string, accepted []userflow.Acceptance) error {
	for _, a := range accepted {
		err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
			row := AcceptanceRow{TenantID: t.ID, UserID: userID, TermsID: a.TermsID, Version: a.Version, Locale: a.Locale, AcceptedAt: micro(a.At)}
			r := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
			if r.Error != nil || r.RowsAffected == 0 {
				return audit.Event{}, r.Error
			}
			return audit.Event{Activity: "Accept terms of use", Category: "UserFlow", Operation: "Add",
				Target:  audit.Target{Kind: "user", ID: userID, Name: actor.Name},
				Changes: []audit.Change{{Property: "terms", New: a.TermsID}, {Property: "version", New: a.Version}, {Property: "language", New: a.Locale}}}, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
