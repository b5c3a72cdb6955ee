package models

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/openid"
)

// ClaimsPolicyRow is a claims mapping policy as the vendor's tools know it: a named list of mapped claims
// that can be assigned to applications (R 1.4.3). Document is ClaimsPolicy as JSON.
type ClaimsPolicyRow struct {
	TenantID  string `gorm:"primaryKey;size:36"`
	ID        string `gorm:"primaryKey;size:36"`
	Document  string `gorm:"type:text"`
	CreatedAt time.Time
	UpdatedAt time.Time
}

func (ClaimsPolicyRow) TableName() string { return "claims_policies" }

// ClaimsPolicy is such a policy. An application that has one shows its claims as its own; whoever edits
// them there takes the application out of the policy.
type ClaimsPolicy struct {
	ID          string                `json:"-"`
	Name        string                `json:"displayName"`
	Description string                `json:"description,omitempty"`
	Definition  string                `json:"definition"` // in the vendor's language, as it was sent
	Claims      []openid.ClaimMapping `json:"claims"`     // what it means
}

const maxClaimsPolicies = 200

func (r ClaimsPolicyRow) value() (ClaimsPolicy, error) {
	p := ClaimsPolicy{ID: r.ID}
	if err := json.Unmarshal([]byte(r.Document), &p); err != nil {
		return p, badJSON("claims policy", r.ID, err)
	}
	return p, nil
}

func claimsPolicyEvent(p ClaimsPolicy, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "Policy", Operation: operation,
		Target: audit.Target{Kind: "policy", ID: p.ID, Name: p.Name}, Changes: changes}
}

// ClaimsPolicies lists them by age; there are a few.
func (t *Tenant) ClaimsPolicies(ctx context.Context) ([]ClaimsPolicy, error) {
	var rows []ClaimsPolicyRow
	if err := t.q(ctx).Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]ClaimsPolicy, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.value(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// ClaimsPolicy reads one.
func (t *Tenant) ClaimsPolicy(ctx context.Context, id string) (ClaimsPolicy, error) {
	var r ClaimsPolicyRow
	if err := t.q(ctx).Where("id = ?", strings.ToLower(id)).Take(&r).Error; err != nil {
		return ClaimsPolicy{}, found(err)
	}
	return r.value()
}

func (t *Tenant) checkClaimsPolicy(ctx context.Context, p ClaimsPolicy) (string, error) {
	var bad fault.Fields
	if n := len([]rune(strings.TrimSpace(p.Name))); n == 0 || n > 256 {
		bad.Add("displayName", "claim.policy.name", nil)
	}
	definitions, err := t.definitions(ctx)
	if err != nil {
		return "", err
	}
	bad = append(bad, openid.CheckClaims(p.Claims, definitions)...)
	if err := bad.Err(); err != nil {
		return "", err
	}
	b, err := json.Marshal(p)
	return string(b), err
}

// CreateClaimsPolicy makes a policy that no application has yet.
func (t *Tenant) CreateClaimsPolicy(ctx context.Context, actor audit.Actor, p ClaimsPolicy) (ClaimsPolicy, error) {
	p.ID = uuid.NewString()
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		have, err := t.ClaimsPolicies(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		if len(have) >= maxClaimsPolicies {
			return audit.Event{}, fault.BadField("displayName", "claim.policy.many", map[string]any{"count": maxClaimsPolicies})
		}
		doc, err := t.checkClaimsPolicy(ctx, p)
		if err != nil {
			return audit.Event{}, err
		}
		var d differences
		d.fields("", ClaimsPolicy{}, p)
		return claimsPolicyEvent(p, "Add claims mapping policy", "Add", d.changes),
			t.w(ctx).Create(&ClaimsPolicyRow{TenantID: t.ID, ID: p.ID, Document: doc, CreatedAt: t.Now(), UpdatedAt: t.Now()}).Error
	})
	return p, err
}

// UpdateClaimsPolicy changes a policy and with it, at once, every application that has it.
func (t *Tenant) UpdateClaimsPolicy(ctx context.Context, actor audit.Actor, id string, edit func(*ClaimsPolicy) error) (ClaimsPolicy, error) {
	var after ClaimsPolicy
	err := t.InTx(ctx, func(t *Tenant) error {
		err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
			var row ClaimsPolicyRow
			if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
				return audit.Event{}, found(err)
			}
			before, err := row.value()
			if err != nil {
				return audit.Event{}, err
			}
			after = before
			after.Claims = slices.Clone(before.Claims) // edit may change it in place
			if err := edit(&after); err != nil {
				return audit.Event{}, err
			}
			after.ID = id
			doc, err := t.checkClaimsPolicy(ctx, after)
			if err != nil {
				return audit.Event{}, err
			}
			var d differences
			d.fields("", before, after)
			if len(d.changes) == 0 {
				return audit.Event{}, nil
			}
			return claimsPolicyEvent(after, "Update claims mapping policy", "Update", d.changes),
				oneRow(t.u(ctx).Model(&ClaimsPolicyRow{}).Where("id = ?", id).Updates(map[string]any{"document": doc, "updated_at": t.Now()}))
		})
		if err != nil {
			return err
		}
		return t.eachWithClaimsPolicy(ctx, actor, id, func(a *Application) { a.Spec.Claims = after.Claims })
	})
	return after, err
}

// DeleteClaimsPolicy takes its claims out of every application that has it.
func (t *Tenant) DeleteClaimsPolicy(ctx context.Context, actor audit.Actor, id string) error {
	return t.InTx(ctx, func(t *Tenant) error {
		err := t.eachWithClaimsPolicy(ctx, actor, id, func(a *Application) { a.Spec.Claims, a.Spec.ClaimsPolicyID = nil, "" })
		if err != nil {
			return err
		}
		return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
			p, err := t.ClaimsPolicy(ctx, id)
			if err != nil {
				return audit.Event{}, err
			}
			return claimsPolicyEvent(p, "Delete claims mapping policy", "Delete", nil), oneRow(t.u(ctx).Where("id = ?", id).Delete(&ClaimsPolicyRow{}))
		})
	})
}

// WithClaimsPolicy lists the applications that have a policy.
func (t *Tenant) WithClaimsPolicy(ctx context.Context, id string) ([]Application, error) {
	apps, err := t.allApplications(ctx)
	if err != nil {
		return nil, err
	}
	var out []Application
	for _, a := range apps {
		if a.Spec.ClaimsPolicyID == id {
			out = append(out, a)
		}
	}
	return out, nil
}

func (t *Tenant) eachWithClaimsPolicy(ctx context.Context, actor audit.Actor, id string, edit func(*Application)) error {
	apps, err := t.WithClaimsPolicy(ctx, id)
	if err != nil {
		return err
	}
	for _, a := range apps {
		_, err := t.editApplication(ctx, actor, a.ID, "Update application", func(a *Application) error {
			edit(a)
			a.claimsByPolicy = true
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// AssignClaimsPolicy gives an application a policy's claims. An application has one policy at most, and
// claims that it has of its own are not overwritten.
func (t *Tenant) AssignClaimsPolicy(ctx context.Context, actor audit.Actor, applicationID, id string) error {
	return t.InTx(ctx, func(t *Tenant) error {
		p, err := t.ClaimsPolicy(ctx, id)
		if err != nil {
			return err
		}
		_, err = t.editApplication(ctx, actor, applicationID, "Assign claims mapping policy", func(a *Application) error {
			switch {
			case a.Spec.ClaimsPolicyID == p.ID:
				return nil
			case a.Spec.ClaimsPolicyID != "":
				return fault.New(fault.Conflict, "claim.policy.another")
			case len(a.Spec.Claims) > 0:
				return fault.New(fault.Conflict, "claim.policy.own")
			}
			a.Spec.Claims, a.Spec.ClaimsPolicyID, a.claimsByPolicy = p.Claims, p.ID, true
			return nil
		})
		return err
	})
}

// UnassignClaimsPolicy takes a policy and its claims away from an application.
func (t *Tenant) UnassignClaimsPolicy(ctx context.Context, actor audit.Actor, applicationID, id string) error {
	_, err := t.editApplication(ctx, actor, applicationID, "Remove claims mapping policy", func(a *Application) error {
		if a.Spec.ClaimsPolicyID == "" || a.Spec.ClaimsPolicyID != id {
			return fault.New(fault.NotFound, "error.not_found")
		}
		a.Spec.Claims, a.Spec.ClaimsPolicyID, a.claimsByPolicy = nil, "", true
		return nil
	})
	return err
}

// keepPolicy takes an application out of its policy when somebody edits its claims by themselves.
func (a *Application) keepPolicy(before Application, byPolicy bool) {
	if !byPolicy && !slices.Equal(before.Spec.Claims, a.Spec.Claims) {
		a.Spec.ClaimsPolicyID = ""
	}
}
