package graph

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/tenant"
	"portico/handlers/graph/odata"
	"portico/models"
)

// The types of identity providers (graph.md §6.3).
const (
	builtInProvider = "builtInIdentityProvider"
	socialProvider  = "socialIdentityProvider"
	appleProvider   = "appleManagedIdentityProvider"
	oidcProvider    = "oidcIdentityProvider"
)

// hiddenSecret is how Graph shows that there is a secret.
const hiddenSecret = "******"

// upstream is one of /identity/identityProviders: a built-in way to sign up, which cannot be changed, or another company.
type upstream struct {
	models.IdentityProvider
	secret  models.ProviderSecret
	builtIn string   // EmailPassword or EmailOTP; "" = another company
	said    string   // the type that the request claims
	domains []string // of an enterprise's addresses, proven or not
	// inFile: it is read from, or shown in, a file, which holds no secret; they are set by hand.
	inFile bool
}

func (u *upstream) typ() string {
	switch {
	case u.builtIn != "":
		return builtInProvider
	case u.Kind == federation.Apple:
		return appleProvider
	case u.Kind == federation.OpenID:
		return oidcProvider
	case u.Kind == federation.SAML:
		return samlProvider
	case u.Kind == "" && u.said != "":
		return u.said
	}
	return socialProvider
}

// socialTypes are Graph's names of the kinds that it calls social.
func socialTypes() map[federation.Kind]string {
	return map[federation.Kind]string{federation.Google: "Google", federation.Facebook: "Facebook", federation.Microsoft: "Microsoft", federation.GitHub: "GitHub", federation.LinkedIn: "LinkedIn"}
}

type (
	clientAuthentication struct {
		Type   *string `json:"@odata.type,omitempty"`
		Secret *string `json:"clientSecret,omitempty"`
	}
	upstreamExtra struct {
		Enabled       *bool                         `json:"isEnabled"` // not said: a new one is on
		Directory     string                        `json:"directory"`
		ClientAuth    federation.ClientAuth         `json:"clientAuthentication"`
		Scopes        []string                      `json:"scopes"`
		ResponseMode  string                        `json:"responseMode"`
		TrustEmail    bool                          `json:"trustEmail"`
		TrustMFA      bool                          `json:"trustMultifactorAuthentication"`
		MFAValues     []string                      `json:"multifactorAuthenticationValues"`
		Claims        map[string]string             `json:"claims"`
		Refresh       map[string]federation.Refresh `json:"attributeRefresh"`
		UpstreamLeave bool                          `json:"signOutUpstream"`
		Authorization string                        `json:"authorizationUrl"`
		Token         string                        `json:"tokenUrl"`
		Keys          string                        `json:"keysUrl"`
		UserInfo      string                        `json:"userInfoUrl"`
		EndSession    string                        `json:"endSessionUrl"`
		SecretEnds    *string                       `json:"clientSecretEndDateTime"`
		Domains       []string                      `json:"domains"`
		SAML          *samlExtra                    `json:"saml,omitempty"`
	}
)

func (a *API) identityProviders() *collection[upstream] {
	r := &collection[upstream]{
		path: []string{"identity", "identityProviders"}, name: "identity/identityProviders", typ: "identityProviderBase", typed: true, plural: "identity-providers",
		subtypes: []string{builtInProvider, socialProvider, appleProvider, oidcProvider, samlProvider},
		read:     []access.Permission{access.ProviderRead}, write: []access.Permission{access.ProviderWrite}, normalPage: 100, largestPage: 100, order: odata.Order{Path: "displayName"}, counts: true,
		id: func(u *upstream) string { return u.ID }, kindOf: (*upstream).typ,
	}
	r.claimed = func(u *upstream, typ string) {
		for _, known := range r.subtypes {
			if strings.EqualFold(typ, known) {
				u.said = known
			}
		}
	}
	of := func(typ string, get func(*upstream) any) func(*upstream) any {
		return func(u *upstream) any {
			if u.typ() != typ {
				return nil
			}
			return get(u)
		}
	}
	hidden := func(has func(*upstream) bool) func(*upstream) any {
		return func(u *upstream) any {
			if has(u) {
				return hiddenSecret
			}
			return nil
		}
	}
	r.fields = []field[upstream]{
		readOnly("id", func(u *upstream) any { return u.ID }).sortable(func(u *upstream) any { return u.ID }),
		str("displayName", 64, func(u *upstream) *string { return &u.Name }).sortable(func(u *upstream) any { return folded(u.Name) }),
		{name: "identityProviderType", get: func(u *upstream) any {
			if u.builtIn != "" {
				return u.builtIn
			}
			return text(socialTypes()[u.Kind])
		}, set: setProviderType, createOnly: true},
		{name: "clientId", get: func(u *upstream) any {
			if u.typ() == appleProvider || u.typ() == samlProvider {
				return nil
			}
			return text(u.ClientID)
		}, set: setString("clientId", 255, func(u *upstream) *string { return &u.ClientID })},
		{name: "clientSecret", get: of(socialProvider, hidden(func(u *upstream) bool { return u.HasSecret })), set: setSecret("clientSecret", func(u *upstream) *string { return &u.secret.Client }), unmanaged: true},
		{name: "developerId", get: of(appleProvider, func(u *upstream) any { return text(u.TeamID) }), set: setString("developerId", 10, func(u *upstream) *string { return &u.TeamID })},
		{name: "serviceId", get: of(appleProvider, func(u *upstream) any { return text(u.ClientID) }), set: setString("serviceId", 255, func(u *upstream) *string { return &u.ClientID })},
		{name: "keyId", get: of(appleProvider, func(u *upstream) any { return text(u.KeyID) }), set: setString("keyId", 10, func(u *upstream) *string { return &u.KeyID })},
		{name: "certificateData", get: of(appleProvider, hidden(func(u *upstream) bool { return u.HasKey })), set: setSecret("certificateData", func(u *upstream) *string { return &u.secret.Key }), unmanaged: true},
		{name: "issuer", get: of(oidcProvider, func(u *upstream) any { return text(u.Issuer) }), set: setString("issuer", 500, func(u *upstream) *string { return &u.Issuer })},
		{name: "wellKnownEndpoint", get: of(oidcProvider, func(u *upstream) any { return text(u.Discovery) }), set: setString("wellKnownEndpoint", 1000, func(u *upstream) *string { return &u.Discovery })},
		{name: "scope", get: of(oidcProvider, func(u *upstream) any { return text(strings.Join(u.Scopes, " ")) }), set: func(u *upstream, raw json.RawMessage) error {
			var s string
			err := setString("scope", 2000, func(*upstream) *string { return &s })(u, raw)
			u.Scopes = strings.Fields(s)
			return err
		}, unmanaged: true},
		{name: "responseType", get: of(oidcProvider, func(*upstream) any { return "code" }), set: func(_ *upstream, raw json.RawMessage) error {
			var s string
			if err := strict("responseType", raw, &s); err != nil || s == "code" {
				return err
			}
			return invalidValue("responseType", ": only the authorization code flow is offered (code)")
		}, unmanaged: true},
		{name: "clientAuthentication", get: of(oidcProvider, shownClientAuthentication), set: setClientAuthentication, unmanaged: true},
		complexField("portico", shownUpstreamExtra, setUpstreamExtra),
	}
	r.fields = append(r.fields, samlFields(of)...)
	r.fresh = func(c *call) upstream {
		return upstream{inFile: c.by != nil, IdentityProvider: models.IdentityProvider{Provider: federation.Provider{Enabled: true}}}
	}
	r.all = func(ctx context.Context, c *call) ([]upstream, error) {
		all, err := c.tenant.IdentityProviders(ctx)
		out := builtIns()
		for _, x := range all {
			out = append(out, upstream{IdentityProvider: x, inFile: c.by != nil})
		}
		if err != nil {
			return nil, err
		}
		return out, withDomains(ctx, c, out)
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*upstream, error) {
		for _, b := range builtIns() {
			if strings.EqualFold(b.ID, key) {
				return &b, nil
			}
		}
		x, err := c.tenant.IdentityProvider(ctx, strings.ToLower(key))
		if err != nil {
			return nil, err
		}
		one := []upstream{{IdentityProvider: x}}
		return &one[0], withDomains(ctx, c, one)
	}
	r.check = func(_ context.Context, _ *call, u *upstream, sent func(string) bool) error {
		switch {
		case u.builtIn != "" || u.ID == "" && u.said == builtInProvider:
			return badRequest("A built-in identity provider cannot be made or changed.", "@odata.type")
		case u.ID != "" && u.said != "" && u.said != u.typ():
			return badRequest("An identity provider keeps its type.", "@odata.type")
		case u.ID == "" && u.said == appleProvider:
			u.Kind = federation.Apple
		case u.ID == "" && u.said == oidcProvider:
			u.Kind = federation.OpenID
		case u.ID == "" && u.said == samlProvider:
			u.Kind = federation.SAML
		case u.ID == "" && u.said == "":
			return badRequest("Say by '@odata.type' which sort of identity provider it is.", "@odata.type")
		case u.ID == "" && u.Kind == "":
			return badRequest("A value is required for property 'identityProviderType' of resource 'socialIdentityProvider'.", "identityProviderType")
		}
		return nil
	}
	r.create = func(ctx context.Context, c *call, u *upstream) error {
		check, err := a.upstreamRules(ctx, c)
		if err != nil {
			return err
		}
		u.waitForSecret()
		return c.tenant.InTx(ctx, func(t *models.Tenant) error {
			made, err := t.CreateProvider(ctx, c.actor(), u.Provider, u.secret, u.checkedBy(check))
			if err != nil {
				return upstreamWords(u, err)
			}
			u.IdentityProvider = made
			return settleDomains(ctx, c, t, u)
		})
	}
	r.update = func(ctx context.Context, c *call, before upstream, u *upstream, again func(*upstream) error) error {
		check, err := a.upstreamRules(ctx, c)
		if err != nil {
			return err
		}
		key := "" // made before the transaction: it takes long
		if models.OwnKey(u.Provider) && !before.HasKey {
			if key, err = federation.NewKey(rand.Reader); err != nil {
				return err
			}
		}
		return c.tenant.InTx(ctx, func(t *models.Tenant) error {
			domains := u.domains
			made, err := t.UpdateProvider(ctx, c.actor(), u.ID, func(p *federation.Provider, s *models.ProviderSecret) error {
				now := upstream{IdentityProvider: before.IdentityProvider, inFile: u.inFile, domains: before.domains}
				now.Provider = *p
				if err := again(&now); err != nil {
					return err
				}
				now.waitForSecret()
				*p, *s, domains = now.Provider, now.secret, now.domains
				s.GiveUp = u.inFile
				if models.OwnKey(*p) {
					s.Key = key
				}
				return nil
			}, u.checkedBy(check))
			if err != nil {
				return upstreamWords(u, err)
			}
			u.IdentityProvider, u.domains = made, domains
			return settleDomains(ctx, c, t, u)
		})
	}
	r.delete = func(ctx context.Context, c *call, u *upstream) error {
		if u.builtIn != "" {
			return badRequest("A built-in identity provider cannot be deleted.", "id")
		}
		return c.tenant.DeleteProvider(ctx, c.actor(), u.ID, false)
	}
	r.actions = a.domainActions()
	r.managing = &managing[upstream]{key: "displayName", keyOf: func(u *upstream) string { return u.Name }, name: func(u *upstream) string { return u.Name },
		skip: func(u *upstream) bool { return u.builtIn != "" }, late: true, sparse: true, notes: upstreamNotes, show: map[string]func(*upstream) any{"portico": upstreamInFile}}
	return r
}

// providerTypes is /identity/identityProviders/availableProviderTypes.
type providerTypes struct{}

func (providerTypes) prefix() []string {
	return []string{"identity", "identityProviders", "availableProviderTypes"}
}

func (providerTypes) serve(_ context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	switch {
	case keys != nil || len(rest) > 0:
		return nil, noSegment("availableProviderTypes")
	case c.method != http.MethodGet && c.method != http.MethodHead:
		return nil, wrongMethod(http.MethodGet)
	case !c.caller.may(access.ProviderRead):
		return nil, denied()
	}
	var out []string
	for _, k := range federation.Kinds() {
		if name := socialTypes()[k]; name != "" {
			out = append(out, name)
		}
	}
	return &response{status: http.StatusOK, body: object{{"@odata.context", c.context("Collection(Edm.String)")}, {"value", append(out, "Apple", "OpenIdConnect", "SamlOrWsFed")}}}, nil
}

func builtIns() []upstream {
	made := func(id, name, kind string) upstream {
		return upstream{builtIn: kind, IdentityProvider: models.IdentityProvider{Provider: federation.Provider{ID: id, Name: name, Enabled: true}}}
	}
	return []upstream{made(providerPassword, "Email with password", "EmailPassword"), made(providerCode, "Email one-time passcode", "EmailOTP")}
}

// upstreamRules are what this installation lets a provider be.
func (a *API) upstreamRules(ctx context.Context, c *call) (models.ProviderCheck, error) {
	self, err := c.tenant.Get(ctx)
	if err != nil {
		return nil, err
	}
	definitions, err := c.tenant.Definitions(ctx)
	if err != nil {
		return nil, err
	}
	hosts, err := c.tenant.CustomDomains(ctx)
	if err != nil {
		return nil, err
	}
	var own []string
	for _, d := range hosts {
		if d.Proven() {
			own = append(own, tenant.BaseAt(a.BaseURL, d.Host))
		}
	}
	rules := federation.Rules{Elsewhere: a.Elsewhere, Ours: federation.OurNames(a.BaseURL, self.ID, self.Slug, own...), Attributes: func(id string) bool {
		for _, d := range definitions {
			if d.ID == id {
				return true
			}
		}
		return false
	}, Reach: func(u *url.URL) error { return a.Outbound.Check(self.Slug, u) }}
	return func(p federation.Provider, hasSecret, hasKey bool) error { return p.Check(rules, hasSecret, hasKey) }, nil
}

func setProviderType(u *upstream, raw json.RawMessage) error {
	var s string
	if err := strict("identityProviderType", raw, &s); err != nil {
		return err
	}
	for kind, name := range socialTypes() {
		if strings.EqualFold(name, s) {
			u.Kind = kind
			return nil
		}
	}
	return invalidValue("identityProviderType", ": see /identity/identityProviders/availableProviderTypes")
}

// setSecret takes a secret; what Graph shows instead of one means that it stays.
func setSecret(name string, p func(*upstream) *string) func(*upstream, json.RawMessage) error {
	return func(u *upstream, raw json.RawMessage) error {
		var s string
		if err := setString(name, 16<<10, func(*upstream) *string { return &s })(u, raw); err != nil || s == hiddenSecret {
			return err
		}
		*p(u) = s
		return nil
	}
}

// Graph's two types of proof; which way a secret is sent is told by portico/clientAuthentication.
const (
	byClientSecret = "oidcClientSecretAuthentication"
	byPrivateKey   = "oidcPrivateJwtKeyClientAuthentication"
)

func shownClientAuthentication(u *upstream) any {
	if u.ClientAuth == federation.PrivateKeyJWT {
		return object{{"@odata.type", flowType + byPrivateKey}}
	}
	out := object{{"@odata.type", flowType + byClientSecret}}
	if u.HasSecret {
		out.add("clientSecret", hiddenSecret)
	}
	return out
}

func setClientAuthentication(u *upstream, raw json.RawMessage) error {
	var v clientAuthentication
	if err := strict("clientAuthentication", raw, &v); err != nil {
		return err
	}
	if v.Type != nil {
		switch strings.TrimPrefix(*v.Type, "#") {
		case "microsoft.graph." + byPrivateKey:
			if v.Secret != nil {
				return invalidValue("clientAuthentication/clientSecret", ": "+byPrivateKey+" has none; the key is made here")
			}
			u.ClientAuth = federation.PrivateKeyJWT
		case "microsoft.graph." + byClientSecret:
			if u.ClientAuth == federation.PrivateKeyJWT {
				u.ClientAuth = "" // the kind's own way
			}
		default:
			return invalidValue("clientAuthentication/@odata.type", ": "+byClientSecret+" or "+byPrivateKey+" is expected")
		}
	}
	if v.Secret != nil && *v.Secret != hiddenSecret {
		if err := checkText("clientAuthentication/clientSecret", *v.Secret, 4096); err != nil {
			return err
		}
		u.secret.Client = *v.Secret
	}
	return nil
}

func shownUpstreamExtra(u *upstream) upstreamExtra {
	x := upstreamExtra{Enabled: &u.Enabled, Directory: u.Directory, ClientAuth: u.ClientAuth, Scopes: list(u.Scopes), ResponseMode: u.ResponseMode, TrustEmail: u.TrustEmail, TrustMFA: u.TrustMFA,
		MFAValues: list(u.MFAValues), Claims: u.Claims, Refresh: u.Refresh, UpstreamLeave: u.UpstreamLeave, Authorization: u.AuthorizationURL, Token: u.TokenURL, Keys: u.KeysURL,
		UserInfo: u.UserInfoURL, EndSession: u.EndSessionURL}
	x.Domains = list(u.domains)
	if x.Claims == nil {
		x.Claims = map[string]string{}
	}
	if x.Refresh == nil {
		x.Refresh = map[string]federation.Refresh{}
	}
	x.SAML = shownSAML(u)
	if !u.SecretExpiresAt.IsZero() {
		s := u.SecretExpiresAt.UTC().Format(time.RFC3339)
		x.SecretEnds = &s
	}
	return x
}

func setUpstreamExtra(u *upstream, x upstreamExtra) error {
	if x.Enabled != nil {
		u.Enabled = *x.Enabled
	}
	u.Directory, u.ClientAuth, u.Scopes, u.ResponseMode = x.Directory, x.ClientAuth, x.Scopes, x.ResponseMode
	u.TrustEmail, u.TrustMFA, u.MFAValues, u.Claims, u.Refresh, u.UpstreamLeave = x.TrustEmail, x.TrustMFA, x.MFAValues, x.Claims, x.Refresh, x.UpstreamLeave
	u.AuthorizationURL, u.TokenURL, u.KeysURL, u.UserInfoURL, u.EndSessionURL = x.Authorization, x.Token, x.Keys, x.UserInfo, x.EndSession
	setSAML(u, x.SAML)
	u.domains = x.Domains
	if u.waitForSecret(); u.inFile { // when a secret ends is said where the secret is
		return nil
	}
	u.secret.Expires = true
	u.secret.ExpiresAt = time.Time{}
	if x.SecretEnds != nil {
		at, err := time.Parse(time.RFC3339, *x.SecretEnds)
		if err != nil {
			return invalidValue("portico/clientSecretEndDateTime", ": a date and time such as 2027-01-31T23:59:59Z is expected")
		}
		u.secret.ExpiresAt = at
	}
	return nil
}

// upstreamWords gives complaints the properties' names.
func upstreamWords(u *upstream, err error) error {
	return renamed(err, func(name string) string {
		switch name {
		case "discovery":
			return "wellKnownEndpoint"
		case "entityId":
			return "issuerUri"
		case "metadataUrl":
			return "metadataExchangeUri"
		case "signInUrl":
			return "passiveSignInUri"
		case "certificates":
			return "signingCertificate"
		case "refresh":
			return "portico/attributeRefresh"
		case "clientAuth":
			return "portico/clientAuthentication"
		case "mfaValues":
			return "portico/multifactorAuthenticationValues"
		case "teamId":
			return "developerId"
		case "privateKey":
			return "certificateData"
		case "clientId":
			if u.Kind == federation.Apple {
				return "serviceId"
			}
		case "clientSecret":
			if u.Kind == federation.OpenID {
				return "clientAuthentication/clientSecret"
			}
		case "scopes", "directory", "responseMode", "trustEmail", "claims", "authorizationUrl", "tokenUrl", "keysUrl", "userInfoUrl", "endSessionUrl":
			return "portico/" + name
		}
		return name
	})
}

// domainActions are the domains of a provider (ours; Graph has them on another type).
func (a *API) domainActions() []action[upstream] {
	const read, write = access.ProviderRead, access.ProviderWrite
	domains := func(c *call, u *upstream) string { return "identity/identityProviders('" + u.ID + "')/portico.domains" }
	return []action[upstream]{
		{method: http.MethodPost, path: "portico.endSessions", need: []access.Permission{write}, run: func(ctx context.Context, c *call, u *upstream) (*response, error) {
			n, err := c.tenant.EndProviderSessions(ctx, c.actor(), u.ID)
			if err != nil {
				return nil, err
			}
			return c.entity("identity/identityProviders('"+u.ID+"')/portico.endSessions", object{{"ended", n}}), nil
		}},
		{method: http.MethodGet, path: "portico.publicKey", need: []access.Permission{read}, run: func(ctx context.Context, c *call, u *upstream) (*response, error) {
			out, err := publicKeyOf(ctx, c, u)
			if err != nil {
				return nil, err
			}
			return c.entity("identity/identityProviders('"+u.ID+"')/portico.publicKey", out), nil
		}},
		{method: http.MethodGet, path: "portico.registration", need: []access.Permission{read}, run: func(_ context.Context, c *call, u *upstream) (*response, error) {
			return c.entity("identity/identityProviders('"+u.ID+"')/portico.registration", registrationOf(a.BaseURL+federation.CallbackPath(c.tenant.ID, u.ID), u)), nil
		}},
		{method: http.MethodGet, path: "portico.domains", need: []access.Permission{read}, run: func(ctx context.Context, c *call, u *upstream) (*response, error) {
			all, err := c.tenant.ProviderDomains(ctx, u.ID)
			out := make([]object, len(all))
			for i, d := range all {
				out[i] = shownDomain(d)
			}
			return valueOf(c, domains(c, u), out), err
		}},
		{method: http.MethodPost, path: "portico.domains", need: []access.Permission{write}, run: func(ctx context.Context, c *call, u *upstream) (*response, error) {
			var name *string
			if err := c.bodyOf(map[string]any{"domain": &name}); err != nil {
				return nil, err
			}
			if name == nil {
				return nil, badRequest("A value is required for property 'domain'.", "domain")
			}
			d, err := c.tenant.AddProviderDomain(ctx, c.actor(), u.ID, *name, false)
			if err != nil {
				return nil, err
			}
			return &response{status: http.StatusCreated, body: append(object{{"@odata.context", c.context(domains(c, u) + "/$entity")}}, shownDomain(d)...)}, nil
		}},
		{method: http.MethodPost, path: "portico.domains/{domain}/verify", need: []access.Permission{write}, run: func(ctx context.Context, c *call, u *upstream) (*response, error) {
			if err := ownDomain(ctx, c, u); err != nil {
				return nil, err
			}
			d, err := c.tenant.ProveProviderDomain(ctx, c.actor(), c.params["domain"], a.Lookup)
			if err != nil {
				return nil, err
			}
			return c.entity(domains(c, u)+"/$entity", shownDomain(d)), nil
		}},
		{method: http.MethodDelete, path: "portico.domains/{domain}", need: []access.Permission{write}, run: func(ctx context.Context, c *call, u *upstream) (*response, error) {
			if err := ownDomain(ctx, c, u); err != nil {
				return nil, err
			}
			return emptied(c.tenant.RemoveProviderDomain(ctx, c.actor(), c.params["domain"]))
		}},
	}
}

// publicKeyOf is the public half of the key that was made here for a provider, in the form that its kind takes: a key
// set (RFC 7517) where we prove who we are by private_key_jwt, a certificate for SAML.
func publicKeyOf(ctx context.Context, c *call, u *upstream) (object, error) {
	if !u.HasKey || !models.OwnKey(u.Provider) {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	secrets, err := c.tenant.ProviderSecrets(ctx, u.ID)
	if err != nil {
		return nil, err
	}
	if u.Kind == federation.SAML {
		certificate, err := federation.SAMLCertificate(secrets.Key)
		if err != nil {
			return nil, err
		}
		return object{{"certificate", federation.CertificatePEM(certificate)}}, nil
	}
	set, err := federation.PublicKey(secrets.Key)
	return object{{"keySet", json.RawMessage(set)}}, err
}

// registrationOf is what has to be told to the provider about us, who takes answers at the given address.
func registrationOf(callback string, u *upstream) object {
	if u.Kind == federation.SAML {
		return object{{"entityId", federation.SAMLEntityID(u.Provider, callback)}, {"assertionConsumerServiceUrl", callback}, {"metadataUrl", federation.SAMLMetadataURL(callback)},
			{"signedOutUrl", federation.SAMLSignedOutURL(callback)}}
	}
	return object{{"redirectUri", callback}, {"signedOutUrl", federation.SAMLSignedOutURL(callback)}}
}

// ownDomain refuses a domain of another provider.
func ownDomain(ctx context.Context, c *call, u *upstream) error {
	d, err := c.tenant.ProviderDomain(ctx, c.params["domain"])
	if err == nil && d.ProviderID != u.ID {
		err = fault.New(fault.NotFound, "error.not_found")
	}
	return err
}

func shownDomain(d models.ProviderDomain) object {
	return object{{"id", d.ID}, {"domain", d.Domain}, {"isVerified", !d.ProvenAt.IsZero()}, {"isWaived", d.Waived}, {"verifiedDateTime", stamp(d.ProvenAt)}, {"txtRecordName", d.Record}, {"txtRecordValue", d.Value}, {"createdDateTime", stamp(d.CreatedAt)}}
}
