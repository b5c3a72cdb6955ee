package models

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"portico/app/audit"
	"portico/app/extension"
	"portico/app/fault"
)

// AuthExtension is a custom authentication extension as admins see it: without its secret.
type AuthExtension struct {
	extension.Extension
	NewSecret  string // the signing secret, in the answer of what made it only
	CreatedAt  time.Time
	ModifiedAt time.Time
}

// ExtensionCheck refuses what cannot be saved: extension.Extension.Check under this installation's rules.
type ExtensionCheck func(e *extension.Extension) fault.Fields

func extensionSeal(id string) string { return "custom authentication extension " + id }

func (r ExtensionRow) value() (AuthExtension, error) {
	e := AuthExtension{CreatedAt: r.CreatedAt.UTC(), ModifiedAt: r.ModifiedAt.UTC()}
	if err := json.Unmarshal([]byte(r.Document), &e.Extension); err != nil {
		return e, badJSON("custom authentication extension", r.ID, err)
	}
	e.ID, e.Sealed = r.ID, r.Secret
	return e, nil
}

func (r *ExtensionRow) write(e extension.Extension) error {
	doc, err := json.Marshal(e)
	r.Document, r.Event = string(doc), string(e.Event)
	return err
}

func extensionEvent(e extension.Extension, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "Policy", Operation: operation,
		Target: audit.Target{Kind: "customAuthenticationExtension", ID: e.ID, Name: e.Name}, Changes: changes}
}

// Extensions lists them by age; there are a hundred at most.
func (t *Tenant) Extensions(ctx context.Context) ([]AuthExtension, error) {
	var rows []ExtensionRow
	if err := t.q(ctx).Order("created_at, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return valuesOf(rows)
}

// Extension reads one.
func (t *Tenant) Extension(ctx context.Context, id string) (AuthExtension, error) {
	var r ExtensionRow
	if err := t.q(ctx).Where("id = ?", strings.ToLower(id)).Take(&r).Error; err != nil {
		return AuthExtension{}, found(err)
	}
	return r.value()
}

// OpenExtensionSecret unseals an extension's signing secret. It asks no database.
func (s *Store) OpenExtensionSecret(id string, sealed []byte) ([]byte, error) {
	return s.seal.Open(sealed, extensionSeal(id))
}

// signing makes an extension's secret where it signs and has none, or a new one is wanted, and takes away that of one
// which does not sign any more.
func (t *Tenant) signing(r *ExtensionRow, e *AuthExtension, renew bool, d *differences) error {
	switch {
	case !e.Signed:
		r.Secret = nil
		return nil
	case len(r.Secret) > 0 && !renew:
		return nil
	}
	b := make([]byte, 32)
	if _, err := rand.Read(b); err != nil {
		return err
	}
	e.NewSecret = base64.RawURLEncoding.EncodeToString(b)
	var err error
	r.Secret, err = t.seal.Seal([]byte(e.NewSecret), extensionSeal(r.ID))
	d.note("signingSecret", "", "changed", "was changed", audit.Secret)
	return err
}

// nameFree refuses a name that another extension of the tenant has: listeners and files name them by it.
func (t *Tenant) nameFree(ctx context.Context, e extension.Extension) error {
	all, err := t.Extensions(ctx)
	if err != nil {
		return err
	}
	name := strings.TrimSpace(e.Name)
	if !slices.ContainsFunc(all, func(o AuthExtension) bool { return o.ID != e.ID && strings.EqualFold(strings.TrimSpace(o.Name), name) }) {
		return nil
	}
	args := map[string]any{"name": name}
	return &fault.Error{Code: fault.Conflict, Key: "extension.name.taken", Args: args, Fields: []fault.Field{{Name: "displayName", Key: "extension.name.taken", Args: args}}}
}

// CreateExtension sets one up. One that signs gets a secret, which the answer alone says.
func (t *Tenant) CreateExtension(ctx context.Context, actor audit.Actor, e extension.Extension, check ExtensionCheck) (AuthExtension, error) {
	if e.ID == "" {
		e.ID = NewID()
	}
	var made AuthExtension
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var n int64
		if err := t.q(ctx).Model(&ExtensionRow{}).Count(&n).Error; err != nil {
			return audit.Event{}, err
		}
		if n >= extension.MaxExtensions {
			return audit.Event{}, fault.BadField("displayName", "extension.many", map[string]any{"max": extension.MaxExtensions})
		}
		if err := check(&e).Err(); err != nil {
			return audit.Event{}, err
		}
		if err := t.nameFree(ctx, e); err != nil {
			return audit.Event{}, err
		}
		now := t.Now()
		row := ExtensionRow{ID: e.ID, TenantID: t.ID, CreatedAt: now, ModifiedAt: now}
		made = AuthExtension{Extension: e, CreatedAt: now, ModifiedAt: now}
		var d differences
		d.fields("", extension.Extension{}, e.Masked())
		if err := t.signing(&row, &made, false, &d); err != nil {
			return audit.Event{}, err
		}
		if err := row.write(e); err != nil {
			return audit.Event{}, err
		}
		return extensionEvent(e, "Add custom authentication extension", "Add", d.changes), t.w(ctx).Create(&row).Error
	})
	return made, err
}

// UpdateExtension changes one; its event stays. renew makes a new signing secret, which the answer alone says: the former
// one signs nothing any more.
func (t *Tenant) UpdateExtension(ctx context.Context, actor audit.Actor, id string, renew bool, edit func(*extension.Extension) error, check ExtensionCheck) (AuthExtension, error) {
	var after AuthExtension
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row ExtensionRow
		if err := t.lock(ctx).Where("id = ?", strings.ToLower(id)).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		before, err := row.value()
		if err != nil {
			return audit.Event{}, err
		}
		after = before
		after.Claims = slices.Clone(before.Claims)
		if err := edit(&after.Extension); err != nil {
			return audit.Event{}, err
		}
		after.ID, after.Event = before.ID, before.Event
		if err := check(&after.Extension).Err(); err != nil {
			return audit.Event{}, err
		}
		if !strings.EqualFold(before.Name, after.Name) {
			if err := t.nameFree(ctx, after.Extension); err != nil {
				return audit.Event{}, err
			}
		}
		var d differences
		a, b := before.Masked(), after.Masked()
		d.fields("", a, b)
		if before.URL != after.URL && a.URL == b.URL { // a key in its query
			d.note("targetUrl", "", "changed", "was changed", audit.Secret)
		}
		if err := t.signing(&row, &after, renew, &d); err != nil || len(d.changes) == 0 {
			return audit.Event{}, err
		}
		if err := row.write(after.Extension); err != nil {
			return audit.Event{}, err
		}
		row.ModifiedAt, after.ModifiedAt = t.Now(), t.Now()
		return extensionEvent(after.Extension, "Update custom authentication extension", "Update", d.changes),
			t.u(ctx).Model(&ExtensionRow{}).Where("id = ?", row.ID).Select("document", "secret", "modified_at").Updates(&row).Error
	})
	return after, err
}

// DeleteExtension removes one that no listener names; recorded calls stay for their time.
func (t *Tenant) DeleteExtension(ctx context.Context, actor audit.Actor, id string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		e, err := t.Extension(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		var n int64
		if err := t.q(ctx).Model(&ListenerRow{}).Where("extension_id = ?", e.ID).Count(&n).Error; err != nil {
			return audit.Event{}, err
		}
		if n > 0 {
			return audit.Event{}, &fault.Error{Code: fault.Conflict, Key: "extension.in_use", Args: map[string]any{"name": e.Name, "count": n}}
		}
		var d differences
		d.fields("", e.Masked(), extension.Extension{})
		return extensionEvent(e.Extension, "Delete custom authentication extension", "Delete", d.changes), oneRow(t.u(ctx).Where("id = ?", e.ID).Delete(&ExtensionRow{}))
	})
}

// extensionSet reads what a directory's snapshot holds of extensions. apps are those of the directory.
func (t *Tenant) extensionSet(ctx context.Context, apps []Application) (*extension.Configuration, error) {
	out := &extension.Configuration{Extensions: map[string]*extension.Extension{}}
	extensions, err := t.Extensions(ctx)
	if err != nil {
		return nil, err
	}
	if len(extensions) == 0 {
		return out, nil
	}
	for _, e := range extensions {
		out.Extensions[e.ID] = &e.Extension
	}
	listeners, err := t.Listeners(ctx)
	if err != nil {
		return nil, err
	}
	for _, l := range listeners {
		out.Listeners = append(out.Listeners, l.Listener)
	}
	out.APIs, err = extensionAPIs(apps)
	return out, err
}

// extensionAPIs are the app registrations that can stand for a receiving API, by identifier URI.
func extensionAPIs(apps []Application) (map[string]extension.API, error) {
	out := map[string]extension.API{}
	for _, a := range apps {
		if len(a.Spec.IdentifierURIs) == 0 {
			continue
		}
		api := extension.API{ClientID: a.ClientID, ObjectID: a.ServicePrincipalID, Name: a.Name, Enabled: a.Enabled,
			Granted: slices.Contains(a.Spec.Permissions, extension.ReceivePermission), Chosen: a.Spec.TokenEncryptionKeyID}
		for _, k := range a.EncryptionKeys {
			cert, err := parseCertificate(k.PEM)
			if err != nil {
				return nil, err
			}
			api.Keys = append(api.Keys, extension.EncryptionKey{ID: k.ID, Public: cert.PublicKey, NotBefore: cert.NotBefore, NotAfter: cert.NotAfter})
		}
		for _, uri := range a.Spec.IdentifierURIs {
			out[strings.ToLower(uri)] = api
		}
	}
	return out, nil
}
