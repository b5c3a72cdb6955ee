package models

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/openid"
)

// Kinds of application: the platform it was registered as.
const (
	WebApp    = "web"
	SPAApp    = "spa"
	NativeApp = "native"
	DaemonApp = "daemon"
)

// ApplicationSpec is what an admin edits and no query filters by. Zero values mean the default.
type ApplicationSpec struct {
	RedirectURIs           []openid.RedirectURI  `json:"redirectUris,omitempty"`
	PostLogoutRedirectURIs []string              `json:"postLogoutRedirectUris,omitempty"`
	BackChannelLogoutURI   string                `json:"backChannelLogoutUri,omitempty"`
	SigningAlg             string                `json:"signingAlg,omitempty"`          // ES256
	AccessTokenMinutes     int                   `json:"accessTokenMinutes,omitempty"`  // 60
	IDTokenMinutes         int                   `json:"idTokenMinutes,omitempty"`      // 60
	RefreshIdleMinutes     int                   `json:"refreshIdleMinutes,omitempty"`  // 90 days; spa: 24 h
	IdentifierURIs         []string              `json:"identifierUris,omitempty"`      // api://<client id>
	Scopes                 []openid.Scope        `json:"scopes,omitempty"`              // delegated permissions that its API exposes
	AppRoles               []AppRole             `json:"appRoles,omitempty"`            // roles that it defines
	Permissions            []string              `json:"permissions,omitempty"`         // application permissions granted to it
	AskConsent             bool                  `json:"askConsent,omitempty"`          // people see the consent page
	PKCEOptional           bool                  `json:"pkceOptional,omitempty"`        // for confidential clients only
	AllowPublic            bool                  `json:"allowPublicClient,omitempty"`   // "allow public client flows"
	HomepageURL            string                `json:"homepageUrl,omitempty"`         // where "back to the app" leads
	LogoURL                string                `json:"logoUrl,omitempty"`             // shown on the consent page
	TermsURL               string                `json:"termsOfServiceUrl,omitempty"`   // shown on the consent page
	PrivacyURL             string                `json:"privacyStatementUrl,omitempty"` // shown on the consent page
	Tags                   []string              `json:"tags,omitempty"`                // for the admin's own order
	Notes                  string                `json:"notes,omitempty"`               // for the admin's own memory
	AppRoleRequired        bool                  `json:"appRoleAssignmentRequired,omitempty"`
	GroupClaims            openid.GroupClaims    `json:"groupMembershipClaims,omitempty"` // None
	GroupNames             bool                  `json:"groupNames,omitempty"`            // names instead of ids in the claim "groups"
	Claims                 []openid.ClaimMapping `json:"claims,omitempty"`                // what its tokens say besides
	AcceptMappedClaims     bool                  `json:"acceptMappedClaims,omitempty"`    // kept for the vendor's tools; claims need no opt-in here
	ClaimsPolicyID         string                `json:"claimsPolicyId,omitempty"`        // the claims mapping policy that Claims come from
	TokenEncryptionKeyID   string                `json:"tokenEncryptionKeyId,omitempty"`  // which of EncryptionKeys is used; "" = the first that is valid
}

// AppRole is a role that an application defines for its users or for other applications.
type AppRole struct {
	ID          string   `json:"id"`
	Value       string   `json:"value"`
	Name        string   `json:"displayName"`
	Description string   `json:"description,omitempty"`
	MemberTypes []string `json:"allowedMemberTypes"` // User, Application
	Enabled     bool     `json:"isEnabled"`
}

// Application is an app registration and its service principal in one.
type Application struct {
	ID                 string // object id
	TenantID           string
	ClientID           string // appId
	ServicePrincipalID string
	Name               string
	Kind               string
	Enabled            bool
	Spec               ApplicationSpec
	Secrets            []ApplicationSecret
	Certificates       []ApplicationCertificate
	EncryptionKeys     []ApplicationCertificate // for its API: they prove nothing about who calls
	FirstRequestAt     time.Time                // zero = it never called
	CreatedAt          time.Time
	UpdatedAt          time.Time
	DeletedAt          time.Time // zero = not deleted

	claimsByPolicy bool // an edit that a claims mapping policy makes
}

// ApplicationSecret is a client secret as it can be shown: not the secret.
type ApplicationSecret struct {
	ID        string
	Name      string
	Hint      string // its first three characters
	Hash      []byte // SHA-256 of the secret's text
	ExpiresAt time.Time
	CreatedAt time.Time
}

// Kinds of application credential.
const (
	secretCredential      = "secret"
	certificateCredential = "certificate"
	encryptionCredential  = "encryption"
)

// ApplicationCertificate is a registered public key.
type ApplicationCertificate struct {
	ID             string
	Name           string
	PEM            string
	ThumbprintS256 string // base64url, as x5t#S256
	ThumbprintS1   string // base64url, as x5t
	ExpiresAt      time.Time
	CreatedAt      time.Time
}

func minutes(n int, unset time.Duration) time.Duration {
	if n == 0 {
		return unset
	}
	return time.Duration(n) * time.Minute
}

// Client is what the protocol may know of the app.
func (a Application) Client() (*openid.Client, error) {
	refresh := 90 * 24 * time.Hour
	if a.Kind == SPAApp {
		refresh = 24 * time.Hour
	}
	alg := a.Spec.SigningAlg
	if alg == "" {
		alg = "ES256"
	}
	c := &openid.Client{ID: a.ClientID, ObjectID: a.ID, TenantID: a.TenantID, Name: a.Name, Kind: a.Kind, Enabled: a.Enabled,
		AllowPublic: a.Spec.AllowPublic, RedirectURIs: a.Spec.RedirectURIs, PostLogoutRedirectURIs: a.Spec.PostLogoutRedirectURIs,
		BackChannelLogoutURI: a.Spec.BackChannelLogoutURI, SigningAlg: alg,
		AccessTokenLifetime: minutes(a.Spec.AccessTokenMinutes, time.Hour), IDTokenLifetime: minutes(a.Spec.IDTokenMinutes, time.Hour),
		RefreshIdle: minutes(a.Spec.RefreshIdleMinutes, refresh), ResourceURIs: a.Spec.IdentifierURIs, Scopes: a.Spec.Scopes,
		Permissions: a.Spec.Permissions, AskConsent: a.Spec.AskConsent, PKCEOptional: a.Spec.PKCEOptional, Claims: a.Spec.Claims,
		PrincipalID: a.ServicePrincipalID, AssignmentRequired: a.Spec.AppRoleRequired, Groups: a.Spec.GroupClaims, GroupNames: a.Spec.GroupNames}
	for _, r := range a.Spec.AppRoles {
		if r.Enabled {
			c.AppRoles = append(c.AppRoles, openid.AppRole{ID: r.ID, Value: r.Value,
				ForUsers: slices.Contains(r.MemberTypes, RoleForUsers), ForApps: slices.Contains(r.MemberTypes, RoleForApps)})
		}
	}
	for _, s := range a.Secrets {
		secret := openid.Secret{ID: s.ID, ExpiresAt: s.ExpiresAt}
		copy(secret.Hash[:], s.Hash)
		c.Secrets = append(c.Secrets, secret)
	}
	for _, k := range a.Certificates {
		cert, err := parseCertificate(k.PEM)
		if err != nil {
			return nil, err
		}
		c.Certificates = append(c.Certificates, openid.Certificate{ID: k.ID, Key: cert.PublicKey, ThumbprintS256: k.ThumbprintS256,
			ThumbprintS1: k.ThumbprintS1, ExpiresAt: k.ExpiresAt})
	}
	return c, nil
}

func applicationOf(r ApplicationRow, credentials []ApplicationCredentialRow) (Application, error) {
	a := Application{ID: r.ID, TenantID: r.TenantID, ClientID: r.ClientID, ServicePrincipalID: r.ServicePrincipalID, Name: r.Name,
		Kind: r.Kind, Enabled: r.Enabled, FirstRequestAt: timeOf(r.FirstRequestAt), CreatedAt: r.CreatedAt.UTC(),
		UpdatedAt: r.UpdatedAt.UTC(), DeletedAt: timeOf(r.DeletedAt)}
	if err := json.Unmarshal([]byte(r.Spec), &a.Spec); err != nil {
		return a, badJSON("application", r.ID, err)
	}
	for _, c := range credentials {
		if c.Kind == secretCredential {
			a.Secrets = append(a.Secrets, ApplicationSecret{ID: c.ID, Name: c.Name, Hint: c.Hint, Hash: c.Hash,
				ExpiresAt: timeOf(c.ExpiresAt), CreatedAt: c.CreatedAt.UTC()})
			continue
		}
		k := ApplicationCertificate{ID: c.ID, Name: c.Name, PEM: c.Certificate,
			ThumbprintS256: c.ThumbprintS256, ThumbprintS1: c.ThumbprintS1, ExpiresAt: timeOf(c.ExpiresAt), CreatedAt: c.CreatedAt.UTC()}
		switch c.Kind {
		case certificateCredential:
			a.Certificates = append(a.Certificates, k)
		case encryptionCredential:
			a.EncryptionKeys = append(a.EncryptionKeys, k)
		}
	}
	return a, nil
}

func (t *Tenant) applicationsOf(ctx context.Context, rows []ApplicationRow) ([]Application, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	ids := make([]string, len(rows))
	for i, r := range rows {
		ids[i] = r.ID
	}
	q := t.q(ctx)
	if len(ids) <= maxLimit { // more than a page is the snapshot, which wants them all
		q = q.Where("application_id IN ?", ids)
	}
	var credentials []ApplicationCredentialRow
	if err := q.Order("created_at, id").Find(&credentials).Error; err != nil {
		return nil, err
	}
	byApp := map[string][]ApplicationCredentialRow{}
	for _, c := range credentials {
		byApp[c.ApplicationID] = append(byApp[c.ApplicationID], c)
	}
	out := make([]Application, len(rows))
	for i, r := range rows {
		a, err := applicationOf(r, byApp[r.ID])
		if err != nil {
			return nil, err
		}
		out[i] = a
	}
	return out, nil
}

// allApplications reads every application that is not deleted, for the snapshot.
func (t *Tenant) allApplications(ctx context.Context) ([]Application, error) {
	var rows []ApplicationRow
	if err := t.q(ctx).Where("deleted_at IS NULL").Order("name_norm, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	return t.applicationsOf(ctx, rows)
}

// ApplicationQuery narrows a list of applications. They are sorted by name.
type ApplicationQuery struct {
	Search  string // part of the name, or a whole client or object id
	Kind    string
	Enabled *bool
	Deleted bool // the deleted ones instead
	Desc    bool
	After   string
	Limit   int
}

// Applications lists one page of applications.
func (t *Tenant) Applications(ctx context.Context, f ApplicationQuery) (Page[Application], error) {
	q := t.q(ctx)
	if f.Deleted {
		q = q.Where("deleted_at IS NOT NULL")
	} else {
		q = q.Where("deleted_at IS NULL")
	}
	if f.Kind != "" {
		q = q.Where("kind = ?", f.Kind)
	}
	if f.Enabled != nil {
		q = q.Where("enabled = ?", *f.Enabled)
	}
	if s := fold(f.Search); s != "" {
		q = q.Where("(name_norm LIKE ? ESCAPE '\\' OR client_id = ? OR id = ? OR service_principal_id = ?)", "%"+likeEscape(s)+"%", s, s, s)
	}
	q, err := keyset(q, "name_norm", f.After, f.Desc, false)
	if err != nil {
		return Page[Application]{}, err
	}
	limit := clampLimit(f.Limit)
	var rows []ApplicationRow
	if err := q.Limit(limit + 1).Find(&rows).Error; err != nil {
		return Page[Application]{}, err
	}
	p := page(rows, limit, func(r ApplicationRow) cursor { return cursor{Text: r.NameNorm, ID: r.ID} })
	apps, err := t.applicationsOf(ctx, p.Items)
	return Page[Application]{Items: apps, Next: p.Next}, err
}

func likeEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(s)
}

func (t *Tenant) applicationWhere(ctx context.Context, q *gorm.DB) (Application, error) {
	var r ApplicationRow
	if err := q.Take(&r).Error; err != nil {
		return Application{}, found(err)
	}
	apps, err := t.applicationsOf(ctx, []ApplicationRow{r})
	if err != nil {
		return Application{}, err
	}
	return apps[0], nil
}

// Application reads one application by object id, deleted ones included.
func (t *Tenant) Application(ctx context.Context, id string) (Application, error) {
	return t.applicationWhere(ctx, t.q(ctx).Where("id = ?", id))
}

// ApplicationByClient reads one application by client id, past the snapshot.
func (t *Tenant) ApplicationByClient(ctx context.Context, clientID string) (Application, error) {
	return t.applicationWhere(ctx, t.q(ctx).Where("client_id = ?", clientID))
}

// ApplicationByServicePrincipal reads one application by the id of its service principal.
func (t *Tenant) ApplicationByServicePrincipal(ctx context.Context, id string) (Application, error) {
	return t.applicationWhere(ctx, t.q(ctx).Where("service_principal_id = ?", id))
}

func applicationEvent(a Application, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "ApplicationManagement", Operation: operation,
		Target: audit.Target{Kind: "application", ID: a.ID, Name: a.Name}, Changes: changes}
}

// CreateApplication registers an application. Ids are made when they are empty; the client id is random.
func (t *Tenant) CreateApplication(ctx context.Context, actor audit.Actor, a Application) (Application, error) {
	for _, id := range []*string{&a.ID, &a.ClientID, &a.ServicePrincipalID} {
		if *id == "" {
			*id = uuid.NewString()
		}
	}
	a.Name = strings.TrimSpace(a.Name)
	a.TenantID, a.Secrets, a.Certificates, a.EncryptionKeys, a.DeletedAt, a.FirstRequestAt = t.ID, nil, nil, nil, time.Time{}, time.Time{}
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		if err := t.checkApplication(ctx, a); err != nil {
			return audit.Event{}, err
		}
		if err := t.roomFor(ctx, 1); err != nil {
			return audit.Event{}, err
		}
		a.CreatedAt, a.UpdatedAt = t.Now(), t.Now()
		spec, err := json.Marshal(a.Spec)
		if err != nil {
			return audit.Event{}, err
		}
		if err := t.identifiersFree(ctx, a); err != nil {
			return audit.Event{}, err
		}
		row := ApplicationRow{ID: a.ID, TenantID: t.ID, ClientID: a.ClientID, ServicePrincipalID: a.ServicePrincipalID, Name: a.Name,
			NameNorm: fold(a.Name), Kind: a.Kind, Enabled: a.Enabled, Spec: string(spec), CreatedAt: a.CreatedAt, UpdatedAt: a.UpdatedAt}
		if err := t.w(ctx).Create(&row).Error; err != nil {
			return audit.Event{}, taken(err, "appId", "application.id.taken", nil)
		}
		d := applicationDifferences(Application{}, a)
		return applicationEvent(a, "Add application", "Add", d.changes), nil
	})
	return a, err
}

func applicationDifferences(a, b Application) differences {
	var d differences
	d.note("displayName", "name", a.Name, b.Name, audit.Public)
	d.note("kind", "kind", a.Kind, b.Kind, audit.Public)
	d.note("accountEnabled", "enabled", a.Enabled, b.Enabled, audit.Public)
	d.fields("", a.Spec, b.Spec)
	return d
}

// identifiersFree refuses an identifier URI that another application of the tenant has: a resource
// must name one API.
func (t *Tenant) identifiersFree(ctx context.Context, a Application) error {
	if len(a.Spec.IdentifierURIs) == 0 {
		return nil
	}
	others, err := t.allApplications(ctx)
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.ID == a.ID {
			continue
		}
		for _, theirs := range o.Spec.IdentifierURIs {
			for _, ours := range a.Spec.IdentifierURIs {
				if theirs == ours {
					key, args := "application.identifier.taken", map[string]any{"uri": ours, "name": o.Name}
					return &fault.Error{Code: fault.Conflict, Key: key, Args: args, Fields: []fault.Field{{Name: "identifierUris", Key: key, Args: args}}}
				}
			}
		}
	}
	return nil
}

// UpdateApplication changes what edit changes: name, kind, enabled and spec. Secrets and certificates
// have methods of their own.
func (t *Tenant) UpdateApplication(ctx context.Context, actor audit.Actor, id string, edit func(*Application) error) (Application, error) {
	return t.editApplication(ctx, actor, id, "Update application", edit)
}

// SetApplicationEnabled disables or enables an application at every door.
func (t *Tenant) SetApplicationEnabled(ctx context.Context, actor audit.Actor, id string, enabled bool) (Application, error) {
	activity := "Disable application"
	if enabled {
		activity = "Enable application"
	}
	return t.editApplication(ctx, actor, id, activity, func(a *Application) error { a.Enabled = enabled; return nil })
}

func (t *Tenant) editApplication(ctx context.Context, actor audit.Actor, id, activity string, edit func(*Application) error) (Application, error) {
	var after Application
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		before, err := t.applicationWhere(ctx, t.lock(ctx).Where("id = ? AND deleted_at IS NULL", id))
		if err != nil {
			return audit.Event{}, err
		}
		after = before
		if after.Spec, err = cloneJSON(before.Spec); err != nil { // edit may change slices in place
			return audit.Event{}, err
		}
		if err := edit(&after); err != nil {
			return audit.Event{}, err
		}
		next := before
		next.Name, next.Kind, next.Enabled, next.Spec = strings.TrimSpace(after.Name), after.Kind, after.Enabled, after.Spec
		next.keepPolicy(before, after.claimsByPolicy)
		after = next
		if err := t.checkApplication(ctx, after); err != nil {
			return audit.Event{}, err
		}
		if err := t.identifiersFree(ctx, after); err != nil {
			return audit.Event{}, err
		}
		d := applicationDifferences(before, after)
		if len(d.changes) == 0 {
			return audit.Event{}, nil
		}
		if err := t.dropRoles(ctx, before, after); err != nil {
			return audit.Event{}, err
		}
		spec, err := json.Marshal(after.Spec)
		if err != nil {
			return audit.Event{}, err
		}
		after.UpdatedAt = t.Now()
		return applicationEvent(after, activity, "Update", d.changes),
			oneRow(t.u(ctx).Model(&ApplicationRow{}).Where("id = ?", id).Updates(map[string]any{"name": after.Name, "name_norm": fold(after.Name),
				"kind": after.Kind, "enabled": after.Enabled, "spec": string(spec), "updated_at": after.UpdatedAt}))
	})
	return after, err
}

func cloneJSON[T any](v T) (T, error) {
	var out T
	b, err := json.Marshal(v)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	return out, err
}

// DeleteApplication puts an application away for 30 days; it stops working at once.
func (t *Tenant) DeleteApplication(ctx context.Context, actor audit.Actor, id string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		a, err := t.applicationWhere(ctx, t.lock(ctx).Where("id = ? AND deleted_at IS NULL", id))
		if err != nil {
			return audit.Event{}, err
		}
		return applicationEvent(a, "Delete application", "Delete", nil),
			oneRow(t.u(ctx).Model(&ApplicationRow{}).Where("id = ?", id).Updates(map[string]any{"deleted_at": t.Now(), "updated_at": t.Now()}))
	})
}

// RestoreApplication brings a deleted application back as it was.
func (t *Tenant) RestoreApplication(ctx context.Context, actor audit.Actor, id string) (Application, error) {
	var a Application
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var err error
		if a, err = t.applicationWhere(ctx, t.lock(ctx).Where("id = ? AND deleted_at IS NOT NULL", id)); err != nil {
			return audit.Event{}, err
		}
		if err := t.identifiersFree(ctx, a); err != nil {
			return audit.Event{}, err
		}
		before := a
		if err := t.reviveClaims(ctx, &a); err != nil {
			return audit.Event{}, err
		}
		spec, err := json.Marshal(a.Spec)
		if err != nil {
			return audit.Event{}, err
		}
		a.DeletedAt, a.UpdatedAt = time.Time{}, t.Now()
		return applicationEvent(a, "Restore application", "Update", applicationDifferences(before, a).changes),
			oneRow(t.u(ctx).Model(&ApplicationRow{}).Where("id = ?", id).Updates(map[string]any{"deleted_at": nil, "spec": string(spec), "updated_at": t.Now()}))
	})
	return a, err
}

// PurgeApplication erases a deleted application with every row that belongs to it: credentials, grants,
// its place in a user flow.
func (t *Tenant) PurgeApplication(ctx context.Context, actor audit.Actor, id string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		a, err := t.applicationWhere(ctx, t.lock(ctx).Where("id = ? AND deleted_at IS NOT NULL", id))
		if err != nil {
			return audit.Event{}, err
		}
		for _, row := range tablesWith("TenantID", "ApplicationID") {
			if err := t.u(ctx).Where("application_id = ?", id).Delete(row).Error; err != nil {
				return audit.Event{}, err
			}
		}
		if err := t.u(ctx).Where("app_id = ?", id).Delete(&BrandingAppRow{}).Error; err != nil {
			return audit.Event{}, err
		}
		for _, row := range tablesWith("TenantID", "ClientID") {
			switch row.(type) {
			case *SignInRow, *ApplicationRow:
				continue
			}
			if err := t.u(ctx).Where("client_id = ?", a.ClientID).Delete(row).Error; err != nil {
				return audit.Event{}, err
			}
		}
		if err := t.forgetPrincipal(ctx, a.ServicePrincipalID); err != nil {
			return audit.Event{}, err
		}
		return applicationEvent(a, "Hard delete application", "Delete", nil), oneRow(t.u(ctx).Where("id = ?", id).Delete(&ApplicationRow{}))
	})
}

// PurgeDeletedApplications erases up to limit applications whose 30 days are over.
func (t *Tenant) PurgeDeletedApplications(ctx context.Context, actor audit.Actor, limit int) (int, error) {
	var ids []string
	err := t.q(ctx).Model(&ApplicationRow{}).Where("deleted_at < ?", t.Now().Add(-purgeAfter)).Limit(limit).Pluck("id", &ids).Error
	if err != nil {
		return 0, err
	}
	for i, id := range ids {
		if err := t.PurgeApplication(ctx, actor, id); err != nil && !fault.Is(err, fault.NotFound) {
			return i, err
		}
	}
	return len(ids), nil
}

// AddSecret makes a client secret: 32 random bytes, returned this once; only the SHA-256 of its text is
// kept. Several may be valid at a time, so that a change needs no pause.
func (t *Tenant) AddSecret(ctx context.Context, actor audit.Actor, applicationID, name string, expiresAt time.Time) (secret string, made ApplicationSecret, err error) {
	raw := make([]byte, 32)
	if _, err := rand.Read(raw); err != nil {
		return "", made, err
	}
	secret = base64.RawURLEncoding.EncodeToString(raw)
	made, err = t.PutSecret(ctx, actor, applicationID, name, secret, expiresAt)
	return secret, made, err
}

// PutSecret registers a secret whose text exists already: a migrated client's, or the sample apps'.
// Text with less than 128 bits of randomness is the caller's mistake, since one fast hash is all it gets.
func (t *Tenant) PutSecret(ctx context.Context, actor audit.Actor, applicationID, name, secret string, expiresAt time.Time) (ApplicationSecret, error) {
	var made ApplicationSecret
	if len(secret) < 22 {
		return made, fault.BadField("secret", "application.secret.short", nil)
	}
	if len(name) > 120 {
		return made, fault.BadField("name", "field.too_long", map[string]any{"max": 120})
	}
	if !expiresAt.IsZero() && !expiresAt.After(t.Now()) {
		return made, fault.BadField("expiresAt", "application.secret.expired", nil)
	}
	hash := sha256.Sum256([]byte(secret))
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		a, err := t.applicationWhere(ctx, t.lock(ctx).Where("id = ? AND deleted_at IS NULL", applicationID))
		if err != nil {
			return audit.Event{}, err
		}
		if len(a.Secrets) >= 20 {
			return audit.Event{}, fault.New(fault.Conflict, "application.secret.many")
		}
		made = ApplicationSecret{ID: uuid.NewString(), Name: name, Hint: secret[:3], Hash: hash[:], ExpiresAt: timeOf(timePtr(expiresAt)), CreatedAt: t.Now()}
		return applicationEvent(a, "Add application secret", "Update", []audit.Change{{Property: "passwordCredentials", New: credentialWords(made.ID, name)}}),
			t.w(ctx).Create(&ApplicationCredentialRow{ID: made.ID, TenantID: t.ID, ApplicationID: a.ID, Kind: secretCredential, Name: name,
				Hash: hash[:], Hint: made.Hint, ExpiresAt: timePtr(expiresAt), CreatedAt: made.CreatedAt}).Error
	})
	return made, err
}

// credentialWords is how the audit log calls a secret or certificate; a name is optional.
func credentialWords(id, name string) string { return strings.TrimSpace(id + " " + name) }

func parseCertificate(text string) (*x509.Certificate, error) {
	bad := fault.BadField("certificate", "application.certificate.invalid", nil)
	der := []byte(nil)
	if block, _ := pem.Decode([]byte(text)); block != nil {
		if block.Type != "CERTIFICATE" { // a private key must never be kept
			return nil, bad
		}
		der = block.Bytes
	} else if b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), "")); err == nil {
		der = b
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		bad.Cause = err
		return nil, bad
	}
	return cert, nil
}

// weakKey says in short what is wrong with a certificate's key, or "": an RSA key below 2048 bits (RFC
// 7518 §3.3), or a key that none of the accepted algorithms uses (ES256 means P-256, §3.4; EdDSA Ed25519).
func weakKey(key any) string {
	switch k := key.(type) {
	case *rsa.PublicKey:
		if n := k.N.BitLen(); n < 2048 {
			return fmt.Sprintf("RSA, %d bits", n)
		}
	case *ecdsa.PublicKey:
		if k.Curve != elliptic.P256() {
			return "EC, curve " + k.Curve.Params().Name
		}
	case ed25519.PublicKey:
	default:
		return "neither RSA nor EC nor Ed25519"
	}
	return ""
}

// StartsAt is when the certificate itself begins to be valid.
func (c ApplicationCertificate) StartsAt() time.Time {
	cert, err := parseCertificate(c.PEM)
	if err != nil {
		return time.Time{}
	}
	return cert.NotBefore.UTC()
}

// NewCertificate is a certificate as it is registered.
type NewCertificate struct {
	ID      string // a UUID; "" = a new one
	Name    string // "" = its own
	Text    string // PEM, or base64 of DER
	Encrypt bool   // what is for the app's API is encrypted with it; it proves nothing about who calls
}

// AddCertificate registers a certificate that the app proves itself with.
func (t *Tenant) AddCertificate(ctx context.Context, actor audit.Actor, applicationID, name, text string) (ApplicationCertificate, error) {
	return t.RegisterCertificate(ctx, actor, applicationID, NewCertificate{Name: name, Text: text})
}

// RegisterCertificate registers a certificate's public key. Its own end is when it stops working.
func (t *Tenant) RegisterCertificate(ctx context.Context, actor audit.Actor, applicationID string, in NewCertificate) (ApplicationCertificate, error) {
	var made ApplicationCertificate
	name, text := in.Name, in.Text
	if len(text) > 16<<10 {
		return made, fault.BadField("certificate", "application.certificate.invalid", nil)
	}
	cert, err := parseCertificate(text)
	if err != nil {
		return made, err
	}
	if weak := weakKey(cert.PublicKey); weak != "" {
		return made, fault.BadField("certificate", "application.certificate.weak", map[string]any{"key": weak})
	}
	if _, ok := cert.PublicKey.(*rsa.PublicKey); in.Encrypt && !ok {
		return made, fault.BadField("certificate", "application.certificate.rsa", nil)
	}
	if !cert.NotAfter.After(t.Now()) {
		return made, fault.BadField("certificate", "application.certificate.expired", nil)
	}
	if name == "" {
		name = cert.Subject.CommonName
	}
	s256, s1 := sha256.Sum256(cert.Raw), sha1.Sum(cert.Raw) // SHA-1 only names the key (RFC 7515 §4.1.7)
	err = t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		a, err := t.applicationWhere(ctx, t.lock(ctx).Where("id = ? AND deleted_at IS NULL", applicationID))
		if err != nil {
			return audit.Event{}, err
		}
		made = ApplicationCertificate{ID: cmp.Or(strings.ToLower(in.ID), uuid.NewString()), Name: name,
			PEM:            string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw})),
			ThumbprintS256: base64.RawURLEncoding.EncodeToString(s256[:]), ThumbprintS1: base64.RawURLEncoding.EncodeToString(s1[:]),
			ExpiresAt: cert.NotAfter.UTC(), CreatedAt: t.Now()}
		kind, beside := certificateCredential, a.Certificates
		if in.Encrypt {
			kind, beside = encryptionCredential, a.EncryptionKeys
		}
		for _, c := range beside {
			if c.ThumbprintS256 == made.ThumbprintS256 {
				return audit.Event{}, fault.New(fault.Conflict, "application.certificate.twice")
			}
		}
		if len(beside) >= 20 {
			return audit.Event{}, fault.New(fault.Conflict, "application.secret.many")
		}
		return applicationEvent(a, "Add application certificate", "Update", []audit.Change{{Property: "keyCredentials", New: made.ThumbprintS256}}),
			t.w(ctx).Create(&ApplicationCredentialRow{ID: made.ID, TenantID: t.ID, ApplicationID: a.ID, Kind: kind, Name: name,
				Certificate: made.PEM, ThumbprintS256: made.ThumbprintS256, ThumbprintS1: made.ThumbprintS1, ExpiresAt: timePtr(made.ExpiresAt),
				CreatedAt: made.CreatedAt}).Error
	})
	return made, err
}

// RemoveApplicationCredential takes a secret or certificate away; it stops working at once. A key that was chosen to encrypt
// with is chosen no longer.
func (t *Tenant) RemoveApplicationCredential(ctx context.Context, actor audit.Actor, applicationID, keyID string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		a, err := t.applicationWhere(ctx, t.lock(ctx).Where("id = ? AND deleted_at IS NULL", applicationID))
		if err != nil {
			return audit.Event{}, err
		}
		var r ApplicationCredentialRow
		if err := t.u(ctx).Where("id = ? AND application_id = ?", keyID, applicationID).Take(&r).Error; err != nil {
			return audit.Event{}, found(err)
		}
		property, activity := "passwordCredentials", "Remove application secret"
		if r.Kind != secretCredential {
			property, activity = "keyCredentials", "Remove application certificate"
		}
		changes := []audit.Change{{Property: property, Old: credentialWords(r.ID, r.Name)}}
		if a.Spec.TokenEncryptionKeyID == r.ID {
			a.Spec.TokenEncryptionKeyID = ""
			spec, err := json.Marshal(a.Spec)
			if err != nil {
				return audit.Event{}, err
			}
			if err := oneRow(t.u(ctx).Model(&ApplicationRow{}).Where("id = ?", a.ID).Update("spec", string(spec))); err != nil {
				return audit.Event{}, err
			}
			changes = append(changes, audit.Change{Property: "tokenEncryptionKeyId", Old: r.ID})
		}
		return applicationEvent(a, activity, "Update", changes),
			oneRow(t.u(ctx).Where("id = ?", r.ID).Delete(&ApplicationCredentialRow{}))
	})
}

// MarkFirstRequest notes that an app has called for the first time. It costs nothing from the second
// call on.
func (t *Tenant) MarkFirstRequest(ctx context.Context, clientID string) error {
	key := t.ID + " " + clientID // two tenants of one installation may have the same app
	if _, seen := t.seen.Load(key); seen {
		return nil
	}
	err := t.u(ctx).Model(&ApplicationRow{}).Where("client_id = ? AND first_request_at IS NULL", clientID).
		UpdateColumn("first_request_at", t.Now()).Error
	if err == nil {
		t.afterCommit(func() { t.seen.Store(key, true) })
	}
	return err
}
