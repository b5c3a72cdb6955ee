// Package federation knows upstream identity providers (Google, Facebook, Apple, Microsoft, companies by OpenID
// Connect or SAML): how somebody is sent there, how what comes back is checked, and what it says about them in one
// normalised form. It decides nothing about accounts; package signin does. Network, clock and randomness are arguments.
package federation

import (
	"context"
	"crypto"
	"io"
	"net/url"
	"time"

	"portico/app/outbound"
)

// Kind of a provider, in the words that our API and pages use.
type Kind string

const (
	Google    Kind = "google"
	Facebook  Kind = "facebook"
	Apple     Kind = "apple"
	Microsoft Kind = "microsoft"
	GitHub    Kind = "github"
	LinkedIn  Kind = "linkedin"
	OpenID    Kind = "openIdConnect" // any company's
	SAML      Kind = "saml"
)

// Provider is an upstream identity provider as an admin set it up: a document without secrets, which are sealed apart.
type Provider struct {
	ID      string `json:"id"`
	Kind    Kind   `json:"kind"`
	Name    string `json:"name"` // on the button
	Enabled bool   `json:"enabled"`

	// OpenID Connect and OAuth 2.0.
	ClientID         string     `json:"clientId,omitempty"`
	ClientAuth       ClientAuth `json:"clientAuth,omitempty"` // "" = the kind's own
	Scopes           []string   `json:"scopes,omitempty"`     // empty = the kind's own
	Issuer           string     `json:"issuer,omitempty"`     // exactly what id_tokens must say; may hold {tenantid} for Microsoft's many
	Discovery        string     `json:"discovery,omitempty"`  // URL of the metadata; "" = explicit endpoints below
	AuthorizationURL string     `json:"authorizationUrl,omitempty"`
	TokenURL         string     `json:"tokenUrl,omitempty"`
	UserInfoURL      string     `json:"userInfoUrl,omitempty"`
	KeysURL          string     `json:"keysUrl,omitempty"`
	EndSessionURL    string     `json:"endSessionUrl,omitempty"`
	ResponseMode     string     `json:"responseMode,omitempty"` // query (default) or form_post
	Directory        string     `json:"directory,omitempty"`    // Microsoft: consumers, organizations, common, or a directory's id
	// Apple mints its client secret from these and the sealed .p8.
	TeamID string `json:"teamId,omitempty"`
	KeyID  string `json:"keyId,omitempty"`

	// SAML 2.0.
	EntityID      string   `json:"entityId,omitempty"`    // the company's; ours is ClientID, "" = the address of our metadata
	MetadataURL   string   `json:"metadataUrl,omitempty"` // read again by itself
	SignInURL     string   `json:"signInUrl,omitempty"`
	SignInBinding string   `json:"signInBinding,omitempty"` // redirect (default) or post
	SignOutURL    string   `json:"signOutUrl,omitempty"`
	Certificates  []string `json:"certificates,omitempty"` // PEM, all of which may sign
	NameIDFormat  string   `json:"nameIdFormat,omitempty"`
	SignRequests  bool     `json:"signRequests,omitempty"`
	WantEncrypted bool     `json:"wantEncrypted,omitempty"`
	SubjectClaim  string   `json:"subjectClaim,omitempty"` // the attribute that says who somebody is; "" = NameID
	AuthnContext  []string `json:"authnContext,omitempty"` // classes of which one is asked for

	// What its word is worth.
	Claims        map[string]string  `json:"claims,omitempty"`        // our attribute → their claim; empty = the kind's own
	Refresh       map[string]Refresh `json:"refresh,omitempty"`       // by attribute; absent = WhenEmpty
	TrustEmail    bool               `json:"trustEmail,omitempty"`    // an address is proven though the provider does not say email_verified
	TrustMFA      bool               `json:"trustMfa,omitempty"`      // a second factor shown there counts here (F324)
	MFAValues     []string           `json:"mfaValues,omitempty"`     // values of amr, acr or AuthnContextClassRef that mean one; empty = DefaultMFA
	UpstreamLeave bool               `json:"upstreamLeave,omitempty"` // signing out here signs out there too
	Authoritative []string           `json:"authoritative,omitempty"` // domains whose addresses it alone gives out, besides the kind's own and verified domains
}

// ClientAuth is how we prove to an OpenID provider's token endpoint who we are.
type ClientAuth string

const (
	SecretBasic   ClientAuth = "client_secret_basic"
	SecretPost    ClientAuth = "client_secret_post"
	SecretJWT     ClientAuth = "client_secret_jwt"
	PrivateKeyJWT ClientAuth = "private_key_jwt"
	NoSecret      ClientAuth = "none" // PKCE alone
)

// Refresh says when an attribute is taken from the provider again after the first sign-in.
type Refresh string

const (
	Never     Refresh = "never"
	WhenEmpty Refresh = "whenEmpty"
	Always    Refresh = "always"
)

// Identity is who somebody is upstream, checked and in our words.
type Identity struct {
	ProviderID    string         `json:"providerId"`
	Issuer        string         `json:"issuer"`  // of the stored identity, with Subject: google.com, facebook.com, apple.com, an issuer URL, an entity id
	Subject       string         `json:"subject"` // never reassigned by the provider; compared exactly
	Email         string         `json:"email,omitempty"`
	EmailVerified bool           `json:"emailVerified,omitempty"` // the provider says so, or its addresses are trusted
	Authoritative bool           `json:"authoritative,omitempty"` // the provider alone gives out addresses of this domain
	Attributes    map[string]any `json:"attributes,omitempty"`    // by our names, already mapped
	AMR           []string       `json:"amr,omitempty"`
	ACR           string         `json:"acr,omitempty"`
	MFA           bool           `json:"mfa,omitempty"` // a second factor was shown there and the provider is trusted about it
	AuthTime      time.Time      `json:"authTime,omitzero"`
	SessionIndex  string         `json:"sessionIndex,omitempty"` // sid, or SAML's SessionIndex, for signing out upstream
	IDTokenHint   string         `json:"-"`
}

// Departure is what is kept in the attempt between sending somebody away and their coming back: state, nonce and PKCE
// bind the answer to it (RFC 9700 §2.1, §4.4).
type Departure struct {
	ProviderID string    `json:"providerId"`
	State      string    `json:"state"`
	Nonce      string    `json:"nonce,omitempty"`
	Verifier   string    `json:"verifier,omitempty"` // PKCE (RFC 7636)
	RequestID  string    `json:"requestId,omitempty"`
	Fresh      bool      `json:"fresh,omitempty"` // a new proof was asked for
	At         time.Time `json:"at"`
}

// Ask is what a provider is asked.
type Ask struct {
	State       string // chosen by the caller, comes back unchanged
	RedirectURI string // of this provider alone, against mix-up (RFC 9700 §4.4.2)
	LoginHint   string
	DomainHint  string
	Locale      string
	Fresh       bool // the person must prove themselves anew there (prompt=login, ForceAuthn)
}

// Way is where the browser goes: by a redirect, or by a form that posts itself (SAML's HTTP-POST binding).
type Way struct {
	Redirect string
	Action   string
	Fields   [][2]string
	Hops     []Hop // what was read to find the way, for trials
}

// Answer is what the browser brought back.
type Answer struct {
	Values      url.Values
	RedirectURI string
	Departure   Departure
}

// Hop is one step of a round trip, for the trace: never a secret, and of claims only the names.
type Hop struct {
	What     string        `json:"what"` // authorize, callback, token, keys, userinfo, discovery, metadata, assertion, mapping
	Place    string        `json:"place,omitempty"`
	Status   int           `json:"status,omitempty"`
	Duration time.Duration `json:"duration"`
	Claims   []string      `json:"claims,omitempty"`
	Verdict  string        `json:"verdict,omitempty"` // ok, or what was wrong, in words for an admin
}

// Arrival is the result of a round trip. Raw is for "Test connection" alone.
type Arrival struct {
	Identity Identity
	Hops     []Hop
	Raw      map[string]any
}

// Refusal is why a round trip came to nothing. Customers read a kind page by Code; admins read Reason in the trace.
type Refusal struct {
	Code   Code
	Reason string
	Hops   []Hop
	Err    error
}

func (r *Refusal) Error() string { return string(r.Code) + ": " + r.Reason }
func (r *Refusal) Unwrap() error { return r.Err }

// Code of a Refusal.
type Code string

const (
	Cancelled   Code = "cancelled"   // the person said no there
	Declined    Code = "declined"    // the provider answered with an error
	Unreachable Code = "unreachable" // down, slow, or not what it should be
	Invalid     Code = "invalid"     // what it said does not hold: signature, nonce, issuer, audience, time, shape
	SetUp       Code = "setUp"       // our own settings of it are wrong
)

// Secrets are a provider's, opened for one round trip.
type Secrets struct {
	Client string        // client secret
	Key    crypto.Signer // Apple's .p8, private_key_jwt, signed SAML requests
	KeyID  string
	Open   crypto.Decrypter // encrypted assertions
}

// Net is how connectors reach the world.
type Net struct {
	Client *outbound.Client
	Tenant string // slug, for the client's exceptions
	Cache  *Cache // keys and metadata; shared by the process
	Now    func() time.Time
	Random io.Reader
	Lookup func(ctx context.Context, domain string) ([]string, error) // TXT records
	// Once remembers until then that something was used, by the tenant's slug; false = it was used before.
	Once func(ctx context.Context, tenant, what string, until time.Time) (bool, error)
}

// Parting is what a provider is asked when somebody signs out.
type Parting struct {
	Identity    Identity // Subject, SessionIndex and IDTokenHint as they were when they came
	RedirectURI string   // of this provider, by which SAML knows us
	ReturnTo    string   // where the browser comes back to; SAML has a place of its own (SAMLSignedOutURL)
	State       string
}

// Connector speaks one kind's protocol.
type Connector interface {
	// Begin says where the browser goes and what must be kept until it comes back.
	Begin(ctx context.Context, n Net, p Provider, s Secrets, a Ask) (Way, Departure, error)
	// Finish checks what came back and asks the provider for the rest. Its error is a *Refusal.
	Finish(ctx context.Context, n Net, p Provider, s Secrets, a Answer) (Arrival, error)
	// Leave says where the browser goes to sign out upstream; "" = the provider has no such place. What it needs of its
	// metadata may have to be read, and SAML signs what it sends.
	Leave(ctx context.Context, n Net, p Provider, s Secrets, a Parting) (string, error)
}

// CallbackPath is where a provider sends people back to, below the base URL. It names tenant and provider by id, so that
// renaming either breaks nothing.
func CallbackPath(tenantID, providerID string) string {
	return "/" + url.PathEscape(tenantID) + "/federation/" + url.PathEscape(providerID) + "/callback"
}
