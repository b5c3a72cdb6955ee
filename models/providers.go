package models

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/tenant"
	"portico/app/userflow"
)

// mostProviders is how many identity providers a tenant has.
const mostProviders = 100

// IdentityProvider is an upstream identity provider as admins see it: without its secrets.
type IdentityProvider struct {
	federation.Provider
	HasSecret       bool
	SecretHint      string // last four characters
	SecretExpiresAt time.Time
	HasKey          bool
	CreatedAt       time.Time
	ModifiedAt      time.Time
}

// ProviderCheck refuses what cannot be saved: federation.Provider.Check under this installation's rules.
type ProviderCheck func(p federation.Provider, hasSecret, hasKey bool) error

func (r ProviderRow) provider() (federation.Provider, error) {
	var p federation.Provider
	if err := json.Unmarshal([]byte(r.Document), &p); err != nil {
		return p, badJSON("identity provider", r.ID, err)
	}
	p.ID, p.Kind, p.Enabled = r.ID, federation.Kind(r.Kind), r.Enabled
	return p, nil
}

func (r ProviderRow) value() (IdentityProvider, error) {
	p, err := r.provider()
	return IdentityProvider{Provider: p, HasSecret: r.SecretHint != "", SecretHint: r.SecretHint, SecretExpiresAt: timeOf(r.SecretExpiresAt), HasKey: len(r.Key) > 0,
		CreatedAt: r.CreatedAt.UTC(), ModifiedAt: r.ModifiedAt.UTC()}, err
}

func (r *ProviderRow) write(p federation.Provider) error {
	p.Authoritative = nil // follows from the proven domains
	doc, err := json.Marshal(p)
	r.Document, r.Kind, r.NameNorm, r.Enabled = string(doc), string(p.Kind), fold(p.Name), p.Enabled
	return err
}

func providerEvent(p federation.Provider, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "Policy", Operation: operation, Target: audit.Target{Kind: "identityProvider", ID: p.ID, Name: p.Name}, Changes: changes}
}

// IdentityProviders lists them by name.
func (t *Tenant) IdentityProviders(ctx context.Context) ([]IdentityProvider, error) {
	var rows []ProviderRow
	if err := t.q(ctx).Order("name_norm, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]IdentityProvider, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = r.value(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// IdentityProvider reads one.
func (t *Tenant) IdentityProvider(ctx context.Context, id string) (IdentityProvider, error) {
	var r ProviderRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return IdentityProvider{}, found(err)
	}
	return r.value()
}

// CreateProvider sets one up.
func (t *Tenant) CreateProvider(ctx context.Context, actor audit.Actor, p federation.Provider, s ProviderSecret, check ProviderCheck) (IdentityProvider, error) {
	p = p.Filled()
	if p.ID == "" {
		p.ID = NewID()
	}
	var made IdentityProvider
	s, err := ownKey(p, s)
	if err != nil {
		return made, err
	}
	err = t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if err := t.providerFits(ctx, p); err != nil {
			return audit.Event{}, err
		}
		if err := reserved(p); err != nil {
			return audit.Event{}, err
		}
		now := t.Now()
		row := ProviderRow{ID: p.ID, TenantID: t.ID, CreatedAt: now, ModifiedAt: now}
		var d differences
		d.fields("", federation.Provider{}, p)
		err := t.fillProvider(&row, p, s, check, &d)
		if err != nil {
			return audit.Event{}, err
		}
		if made, err = row.value(); err != nil {
			return audit.Event{}, err
		}
		return providerEvent(p, "Create identity provider", "Add", d.changes), taken(t.w(ctx).Create(&row).Error, "displayName", "provider.name.taken", map[string]any{"name": p.Name})
	})
	return made, err
}

// fillProvider checks a provider with its secrets and writes both into the row. All complaints come at once.
func (t *Tenant) fillProvider(row *ProviderRow, p federation.Provider, s ProviderSecret, check ProviderCheck, d *differences) error {
	secrets := t.keepSecrets(row, p, s, d)
	if secrets != nil && !fault.Is(secrets, fault.Invalid) {
		return secrets
	}
	hasKey := len(row.Key) > 0 || strings.TrimSpace(s.Key) != ""
	var bad fault.Fields
	for _, err := range []error{check(p, len(row.Secret) > 0 || strings.TrimSpace(s.Client) != "", hasKey), secrets} {
		if err != nil && !fault.Is(err, fault.Invalid) {
			return err
		}
		if err != nil {
			bad = append(bad, fault.Of(err).Fields...)
		}
	}
	if err := bad.Err(); err != nil {
		return err
	}
	return row.write(p)
}

// providerFits compares with the others: the number, the name, and that nobody is taken for somebody else's customer.
func (t *Tenant) providerFits(ctx context.Context, p federation.Provider) error {
	self, err := t.Get(ctx)
	if err != nil {
		return err
	}
	if self.Kind == tenant.Workforce {
		return fault.BadField("kind", "provider.staff", nil)
	}
	all, err := t.IdentityProviders(ctx)
	if err != nil {
		return err
	}
	if len(all) >= mostProviders && !slices.ContainsFunc(all, func(o IdentityProvider) bool { return o.ID == p.ID }) {
		return fault.BadField("displayName", "provider.many", map[string]any{"max": mostProviders})
	}
	for _, o := range all {
		if o.ID == p.ID {
			continue
		}
		if fold(o.Name) == fold(p.Name) {
			key, args := "provider.name.taken", map[string]any{"name": p.Name}
			return &fault.Error{Code: fault.Conflict, Key: key, Args: args, Fields: []fault.Field{{Name: "displayName", Key: key, Args: args}}}
		}
		if federation.Overlap(o.Provider, p) {
			return fault.BadField(issuerField(p.Kind), "provider.issuer.taken", map[string]any{"name": o.Name})
		}
	}
	return nil
}

// issuerField is where an admin says under which issuer a provider's identities are kept.
func issuerField(kind federation.Kind) string {
	switch kind {
	case federation.OpenID:
		return "issuer"
	case federation.Microsoft:
		return "directory"
	case federation.SAML:
		return "entityId"
	}
	return "displayName"
}

// reserved refuses a provider that would keep its identities under the name of a well-known one: whoever sets that one
// up later would take its people for somebody else's.
func reserved(p federation.Provider) error {
	if whose := federation.Reserved(p); whose != "" {
		return fault.BadField(issuerField(p.Kind), "provider.issuer.reserved", map[string]any{"name": whose})
	}
	return nil
}

// UpdateProvider changes one. Its kind stays. A secret is never sent to a place that its giver did not mean: whoever
// changes where the provider is sends the secret again.
func (t *Tenant) UpdateProvider(ctx context.Context, actor audit.Actor, id string, edit func(*federation.Provider, *ProviderSecret) error, check ProviderCheck) (IdentityProvider, error) {
	return t.changeProvider(ctx, actor, id, "Update identity provider", edit, check)
}

func (t *Tenant) changeProvider(ctx context.Context, actor audit.Actor, id, activity string, edit func(*federation.Provider, *ProviderSecret) error, check ProviderCheck) (IdentityProvider, error) {
	var after IdentityProvider
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row ProviderRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		before, err := row.provider()
		if err != nil {
			return audit.Event{}, err
		}
		p, err := cloneJSON(before)
		if err != nil {
			return audit.Event{}, err
		}
		var s ProviderSecret
		if err := edit(&p, &s); err != nil {
			return audit.Event{}, err
		}
		p.ID, p.Kind = before.ID, before.Kind
		p = p.Filled()
		var d differences
		d.fields("", before, p)
		if err := t.providerFits(ctx, p); err != nil {
			return audit.Event{}, err
		}
		if federation.StoredIssuers(before) != federation.StoredIssuers(p) {
			if err := reserved(p); err != nil {
				return audit.Event{}, err
			}
			if err := t.comesBackWithout(ctx, before, &p); err != nil {
				return audit.Event{}, err
			}
		}
		if len(row.Secret) > 0 && strings.TrimSpace(s.Client) == "" && ProviderMoved(before, p) {
			if !s.GiveUp {
				return audit.Event{}, fault.BadField("clientSecret", "provider.secret.again", nil)
			}
			row.Secret, row.SecretHint, row.SecretExpiresAt = nil, "", nil
			d.note("clientSecret", "", "removed", "was removed", audit.Secret)
			if p.Enabled { // it could not be used
				d.note("enabled", "", before.Enabled, false, audit.Public)
				p.Enabled = false
			}
		}
		if err := t.fillProvider(&row, p, s, check, &d); err != nil {
			return audit.Event{}, err
		}
		if len(d.changes) > 0 {
			row.ModifiedAt = t.Now()
		}
		if after, err = row.value(); err != nil || len(d.changes) == 0 {
			return audit.Event{}, err
		}
		err = t.u(ctx).Model(&ProviderRow{}).Where("id = ?", row.ID).Select("document", "kind", "name_norm", "enabled", "secret", "secret_hint", "secret_expires_at", "key", "modified_at").Updates(&row).Error
		return providerEvent(p, activity, "Update", d.changes), taken(err, "displayName", "provider.name.taken", map[string]any{"name": p.Name})
	})
	return after, err
}

// ProviderMoved reports whether a client secret would go elsewhere than before.
func ProviderMoved(a, b federation.Provider) bool {
	return a.TokenURL != b.TokenURL || a.Discovery != b.Discovery || a.Issuer != b.Issuer || a.UserInfoURL != b.UserInfoURL || a.Kind == federation.Microsoft && a.Directory != b.Directory
}

// EnableProvider opens or closes every door of a provider: buttons, hints, answers and identities.
func (t *Tenant) EnableProvider(ctx context.Context, actor audit.Actor, id string, enabled bool) (IdentityProvider, error) {
	activity := "Disable identity provider"
	if enabled {
		activity = "Enable identity provider"
	}
	return t.changeProvider(ctx, actor, id, activity, func(p *federation.Provider, _ *ProviderSecret) error {
		p.Enabled = enabled
		return nil
	}, func(federation.Provider, bool, bool) error { return nil })
}

// FlowsOf lists the user flows, and drafts of them, that show a provider, by name.
func (t *Tenant) FlowsOf(ctx context.Context, providerID string) ([]userflow.Flow, error) {
	all, err := t.flowsAndDrafts(ctx)
	if err != nil {
		return nil, err
	}
	var out []userflow.Flow
	for _, f := range all {
		if slices.Contains(f.Providers, providerID) && !slices.ContainsFunc(out, func(o userflow.Flow) bool { return o.ID == f.ID }) {
			out = append(out, f)
		}
	}
	return out, nil
}

// DeleteProvider removes one with its secrets and domains. Flows that show it are in the way unless takeOut takes it out
// of them, drafts included, and so is anybody who has no other way in while it is on. Who came by it keeps the account; the
// identity opens nothing any more, and the sessions that stand on it end: afterwards nobody could name them.
func (t *Tenant) DeleteProvider(ctx context.Context, actor audit.Actor, id string, takeOut bool) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		p, err := t.IdentityProvider(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		flows, err := t.FlowsOf(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		if len(flows) > 0 && !takeOut {
			return audit.Event{}, &fault.Error{Code: fault.Conflict, Key: "provider.in_use", Args: map[string]any{"name": p.Name, "flow": flows[0].Name}}
		}
		if err := t.comesBackWithout(ctx, p.Provider, nil); err != nil {
			return audit.Event{}, err
		}
		if _, err := t.endSessionsBy(ctx, "Identity provider was deleted", "provider = ?", id); err != nil {
			return audit.Event{}, err
		}
		for _, f := range flows {
			if err := t.dropFromFlow(ctx, actor, f.ID, id); err != nil {
				return audit.Event{}, err
			}
		}
		if err := t.u(ctx).Where("provider_id = ?", id).Delete(&ProviderDomainRow{}).Error; err != nil {
			return audit.Event{}, err
		}
		for _, left := range []any{&ParkedAnswerRow{}, &ProviderTrialRow{}, &ProviderStateRow{}} {
			if err := t.u(ctx).Where("provider_id = ?", id).Delete(left).Error; err != nil {
				return audit.Event{}, err
			}
		}
		var d differences
		d.fields("", p.Provider, federation.Provider{})
		return providerEvent(p.Provider, "Delete identity provider", "Delete", d.changes), oneRow(t.u(ctx).Where("id = ?", id).Delete(&ProviderRow{}))
	})
}

// dropFromFlow takes a provider out of a flow: out of its draft as it is, and out of the published version by a new one.
func (t *Tenant) dropFromFlow(ctx context.Context, actor audit.Actor, flowID, providerID string) error {
	without := func(f *userflow.Flow) error {
		f.Providers = slices.DeleteFunc(slices.Clone(f.Providers), func(p string) bool { return p == providerID })
		return nil
	}
	d, has, err := t.Draft(ctx, flowID)
	if err != nil {
		return err
	}
	if has && slices.Contains(d.Providers, providerID) {
		if _, err := t.SaveDraft(ctx, actor, flowID, d.Revision, without); err != nil {
			return err
		}
	}
	published, err := t.Flow(ctx, flowID)
	if err != nil || !slices.Contains(published.Providers, providerID) {
		return err
	}
	_, err = t.PublishFlow(ctx, actor, flowID, without)
	return err
}

// flowProviders refuses a flow that shows a provider which is not there, or one twice.
func (t *Tenant) flowProviders(ctx context.Context, f userflow.Flow) error {
	if len(f.Providers) == 0 {
		return nil
	}
	var have []string
	if err := t.q(ctx).Model(&ProviderRow{}).Where("id IN ?", f.Providers).Pluck("id", &have).Error; err != nil {
		return err
	}
	for i, id := range f.Providers {
		switch {
		case !slices.Contains(have, id):
			return fault.BadField("providers", "flow.providers.unknown", map[string]any{"id": id})
		case slices.Contains(f.Providers[:i], id):
			return fault.BadField("providers", "flow.providers.twice", nil)
		}
	}
	return nil
}

// providerSet reads what a directory's snapshot holds of providers. An enterprise's proven domains make it
// authoritative for their addresses.
func (t *Tenant) providerSet(ctx context.Context) (map[string]*federation.Provider, map[string]string, error) {
	var rows []ProviderRow
	if err := t.q(ctx).Omit("secret", "key").Find(&rows).Error; err != nil {
		return nil, nil, err
	}
	providers := make(map[string]*federation.Provider, len(rows))
	for _, r := range rows {
		p, err := r.provider()
		if err != nil {
			return nil, nil, err
		}
		providers[p.ID] = &p
	}
	var domains []ProviderDomainRow
	if err := t.q(ctx).Where("proven_at IS NOT NULL").Order("domain").Find(&domains).Error; err != nil {
		return nil, nil, err
	}
	routed := make(map[string]string, len(domains))
	for _, d := range domains {
		if p := providers[d.ProviderID]; p != nil {
			routed[d.Domain] = d.ProviderID
			p.Authoritative = append(p.Authoritative, d.Domain)
		}
	}
	return providers, routed, nil
}
