package openid

import (
	"crypto"
	"time"
)

// Platform says under which rules a redirect URI was registered (R 1.2.2).
type Platform string

const (
	Web    Platform = "web"    // confidential: secret or certificate
	SPA    Platform = "spa"    // public, PKCE, CORS at the token endpoint, refresh tokens of 24 h
	Native Platform = "native" // public, PKCE, loopback with any port, custom schemes
)

// RedirectURI is compared exactly; http://localhost, 127.0.0.1 and [::1] match any port (RFC 8252 §7.3).
type RedirectURI struct {
	URI      string   `json:"uri"`
	Platform Platform `json:"platform"`
}

// Secret is a client secret as the server keeps it: 256 random bits, so one SHA-256 is enough.
type Secret struct {
	ID        string
	Hash      [32]byte
	ExpiresAt time.Time // zero = never
}

// Certificate is a registered public key for private_key_jwt.
type Certificate struct {
	ID             string
	Key            crypto.PublicKey
	ThumbprintS256 string // base64url, as x5t#S256
	ThumbprintS1   string // base64url, as x5t
	ExpiresAt      time.Time
}

// Scope is a delegated permission that an app exposes for its API (F014).
type Scope struct {
	ID             string `json:"id"`
	Value          string `json:"value"`
	Name           string `json:"name"`
	Description    string `json:"description,omitempty"`
	UserMayConsent bool   `json:"userMayConsent"`
	Enabled        bool   `json:"enabled"`
}

// Client is what the protocol may know of an app registration. It is immutable: a snapshot's value.
type Client struct {
	ID                     string // client id (appId)
	ObjectID               string
	TenantID               string
	Name                   string
	Kind                   string // web, spa, native, daemon: how it was registered
	Enabled                bool   // false: no token, no page, at any door
	AllowPublic            bool   // may redeem without a secret although it has one ("allow public client flows")
	RedirectURIs           []RedirectURI
	PostLogoutRedirectURIs []string // besides the redirect URIs, which are allowed too
	BackChannelLogoutURI   string
	Secrets                []Secret
	Certificates           []Certificate
	SigningAlg             string        // ES256 (default), RS256, EdDSA
	AccessTokenLifetime    time.Duration // 10 min – 24 h, default 1 h
	IDTokenLifetime        time.Duration // default 1 h
	RefreshIdle            time.Duration // default 90 days; SPA 24 h, not extended by rotation
	ResourceURIs           []string      // identifierUris, e.g. api://<client id>
	Scopes                 []Scope       // exposed by this app
	Permissions            []string      // application permissions granted to it (client credentials: claim roles)
	AskConsent             bool          // people see the consent page once per set of scopes
	PKCEOptional           bool          // a confidential client may leave PKCE out; off by default
	Claims                 []ClaimMapping
	PrincipalID            string      // of its service principal: under it the app has roles of others
	AppRoles               []AppRole   // that it declares and that are switched on
	AssignmentRequired     bool        // only people and apps that are assigned to it get tokens for it
	Groups                 GroupClaims // which of a person's groups its tokens name
	GroupNames             bool        // by their names instead of their ids
}

// Public reports whether the app was registered as one that can keep no secret (RFC 6749 §2.1). Having
// no credential does not make a client public: a web app whose last secret was removed gets no token.
func (c *Client) Public() bool { return c.Kind == "spa" || c.Kind == "native" }

// platform is the laxest platform that a request of the app may belong to, for refusals before the grant
// is known: whoever could be a public client hears that the grant is unknown, not that a secret is missing.
func (c *Client) platform() Platform {
	for _, u := range c.RedirectURIs {
		if u.Platform == SPA || u.Platform == Native {
			return u.Platform
		}
	}
	if c.Public() {
		return Platform(c.Kind)
	}
	return Web
}
