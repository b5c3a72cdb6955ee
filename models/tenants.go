package models

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/text/language"
	"gorm.io/gorm"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
)

func tenantOf(r TenantRow) (tenant.Tenant, error) {
	t := tenant.Tenant{ID: r.ID, Slug: r.Slug, Name: r.Name, Kind: tenant.Kind(r.Kind), Plan: tenant.Plan(r.Plan),
		Disabled: r.Disabled, DefaultLocale: r.DefaultLocale, Version: r.Version, TrialEndsAt: timeOf(r.TrialEndsAt),
		DeletedAt: timeOf(r.DeletedAt), CreatedAt: r.CreatedAt.UTC(), PrimaryHost: r.PrimaryHost, OwnHostsOnly: r.OwnHostsOnly, Host: r.PrimaryHost}
	if r.Settings != "" {
		if err := json.Unmarshal([]byte(r.Settings), &t.Settings); err != nil {
			return t, badJSON("tenant", r.ID, err)
		}
	}
	return t, nil
}

func validateTenant(t tenant.Tenant) error {
	var bad fault.Fields
	if n := strings.TrimSpace(t.Name); n == "" || len(n) > 256 {
		bad.Add("name", "tenant.name.required", nil)
	}
	if t.Slug != tenant.WorkforceSlug || t.Kind != tenant.Workforce {
		if t.Slug == tenant.WorkforceSlug {
			bad.Add("slug", "tenant.slug.reserved", map[string]any{"slug": t.Slug})
		} else if err := tenant.ValidateSlug(t.Slug); err != nil {
			bad = append(bad, fault.Of(err).Fields...)
		}
	}
	if t.Kind != tenant.Customer && t.Kind != tenant.Workforce {
		bad.Add("kind", "tenant.kind", nil)
	}
	if t.Plan != tenant.Standard && t.Plan != tenant.Trial {
		bad.Add("plan", "tenant.plan", nil)
	}
	if t.Kind == tenant.Workforce && t.Plan == tenant.Trial { // a trial has no second factor, and admins always show one
		bad.Add("plan", "tenant.plan.workforce", nil)
	}
	if t.Kind == tenant.Workforce && t.Disabled {
		bad.Add("disabled", "tenant.workforce.stays", nil)
	}
	if _, err := language.Parse(t.DefaultLocale); err != nil {
		bad.Add("defaultLocale", "tenant.locale", nil)
	}
	if err := t.Settings.Validate(); err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	return bad.Err()
}

// CreateTenant makes a directory. The id is a random UUID unless one is given; kind and plan default
// to a standard customer tenant. What its settings leave open comes from the installation's defaults. Only
// the one workforce tenant may have the slug "workforce".
func (s *Store) CreateTenant(ctx context.Context, actor audit.Actor, n tenant.Tenant) (tenant.Tenant, error) {
	n.Name = strings.TrimSpace(n.Name)
	if n.ID == "" {
		n.ID = uuid.NewString()
	}
	if n.Kind == "" {
		n.Kind = tenant.Customer
	}
	if n.Plan == "" {
		n.Plan = tenant.Standard
	}
	if n.Kind == tenant.Customer {
		defaults, err := s.TenantDefaults(ctx)
		if err != nil {
			return tenant.Tenant{}, err
		}
		n = n.Or(defaults)
	}
	if n.DefaultLocale == "" {
		n.DefaultLocale = "en"
	}
	if err := validateTenant(n); err != nil {
		return tenant.Tenant{}, err
	}
	settings, err := json.Marshal(n.Settings)
	if err != nil {
		return tenant.Tenant{}, err
	}
	n.CreatedAt, n.Version, n.DeletedAt = s.Now(), 1, time.Time{}
	n.TrialEndsAt = trialEnd(n, s.Now())
	err = s.Tenant(n.ID).audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		err := t.w(ctx).Create(&TenantRow{ID: n.ID, Slug: n.Slug, Name: n.Name, Kind: string(n.Kind), Plan: string(n.Plan),
			Disabled: n.Disabled, DefaultLocale: n.DefaultLocale, Settings: string(settings), Version: 1, TrialEndsAt: timePtr(n.TrialEndsAt),
			CreatedAt: n.CreatedAt}).Error
		return audit.Event{Activity: "Create tenant", Category: "DirectoryManagement", Operation: "Add",
			Target: audit.Target{Kind: "tenant", ID: n.ID, Name: n.Name}, Changes: []audit.Change{
				{Property: "slug", New: n.Slug}, {Property: "name", New: n.Name}, {Property: "plan", New: n.Plan},
			}}, taken(err, "slug", "tenant.slug.taken", map[string]any{"slug": n.Slug})
	})
	if err != nil {
		return tenant.Tenant{}, err
	}
	return n, nil
}

// TenantBy finds a tenant by slug or id in any letter case, disabled ones included, deleted ones not.
func (s *Store) TenantBy(ctx context.Context, segment string) (tenant.Tenant, error) {
	segment = strings.ToLower(segment)
	var r TenantRow
	if err := s.read.WithContext(ctx).Where("(slug = ? OR id = ?) AND deleted_at IS NULL", segment, segment).Take(&r).Error; err != nil {
		return tenant.Tenant{}, found(err)
	}
	return tenantOf(r)
}

// Tenants lists every directory by name; deleted ones are DeletedTenants.
func (s *Store) Tenants(ctx context.Context) ([]tenant.Tenant, error) {
	return tenantsOf(s.read.WithContext(ctx).Where("deleted_at IS NULL").Order("name, id"))
}

func tenantsOf(q *gorm.DB) ([]tenant.Tenant, error) {
	var rows []TenantRow
	if err := q.Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]tenant.Tenant, len(rows))
	for i, r := range rows {
		t, err := tenantOf(r)
		if err != nil {
			return nil, err
		}
		out[i] = t
	}
	return out, nil
}

// Get reads the tenant itself, past every cache.
func (t *Tenant) Get(ctx context.Context) (tenant.Tenant, error) {
	var r TenantRow
	if err := t.r(ctx).Where("id = ?", t.ID).Take(&r).Error; err != nil {
		return tenant.Tenant{}, found(err)
	}
	return tenantOf(r)
}

// Update changes the tenant's name, plan, locale, settings or whether it is disabled. Slug, id and kind
// stay: issuers and links carry them. A plan that becomes a trial lasts 30 days from now.
func (t *Tenant) Update(ctx context.Context, actor audit.Actor, edit func(*tenant.Tenant) error) (tenant.Tenant, error) {
	var after tenant.Tenant
	err := t.configureWatch(ctx, actor, func(t *Tenant) (audit.Event, error) {
		before, err := t.Get(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		after = before
		if err := edit(&after); err != nil {
			return audit.Event{}, err
		}
		if !before.DeletedAt.IsZero() {
			return audit.Event{}, fault.New(fault.NotFound, "error.not_found")
		}
		after.ID, after.Slug, after.Kind, after.Version, after.CreatedAt = before.ID, before.Slug, before.Kind, before.Version, before.CreatedAt
		after.DeletedAt, after.TrialEndsAt = before.DeletedAt, before.TrialEndsAt
		if after.Plan != before.Plan {
			after.TrialEndsAt = trialEnd(after, t.Now())
		}
		after.Name, after.Settings = strings.TrimSpace(after.Name), after.Settings.Tidied()
		if err := validateTenant(after); err != nil {
			return audit.Event{}, err
		}
		if err := t.methodsSuit(ctx, before, after); err != nil {
			return audit.Event{}, err
		}
		var d differences
		d.note("name", "name", before.Name, after.Name, audit.Public)
		d.note("plan", "plan", string(before.Plan), string(after.Plan), audit.Public)
		d.note("trialEndsAt", "trial_ends_at", timePtr(before.TrialEndsAt), timePtr(after.TrialEndsAt), audit.Public)
		d.note("disabled", "disabled", before.Disabled, after.Disabled, audit.Public)
		d.note("defaultLocale", "default_locale", before.DefaultLocale, after.DefaultLocale, audit.Public)
		d.fields("settings.", before.Settings, after.Settings)
		if len(d.changes) == 0 {
			return audit.Event{}, nil
		}
		settings, err := json.Marshal(after.Settings)
		if err != nil {
			return audit.Event{}, err
		}
		if d.columns == nil {
			d.columns = map[string]any{}
		}
		d.columns["settings"] = string(settings)
		after.Version++
		return audit.Event{Activity: "Update tenant", Category: "DirectoryManagement", Operation: "Update",
				Target: audit.Target{Kind: "tenant", ID: after.ID, Name: after.Name}, Changes: d.changes},
			oneRow(t.w(ctx).Model(&TenantRow{}).Where("id = ?", t.ID).Updates(d.columns))
	})
	return after, err
}

// snapshotAge is how long a snapshot is trusted before its version is looked at again: half of the second
// that a change may take to reach every instance (DESIGN §5.13).
const snapshotAge = 500 * time.Millisecond
