package openid

import (
	"context"
	"log/slog"
	"time"

	"portico/app/audit"
	"portico/app/record"
)

// Grant is what one authorization gave: born with its code, and the family of every token that comes
// from it. Secrets are kept as hashes only.
type Grant struct {
	ID            string
	TenantID      string
	ClientID      string
	UserID        string
	SID           string
	SignInID      string
	Platform      Platform
	RedirectURI   string
	Scopes        []string // words, as asked and agreed to
	Nonce         string
	CodeChallenge string
	AuthTime      time.Time
	AMR           []string
	ACR           string
	Methods       []string  // kinds of factors that were shown (package factor's words)
	AAGUIDs       []string  // models of the passkeys among them
	Contexts      []string  // authentication contexts that were met (claim "acrs")
	MFATime       time.Time // when a second factor was shown; zero = not
	Provider      string    // id of the identity provider that vouched; "" = none
	Host          string    // of the tenant's own, that it was given at: it is good there alone; "" = the installation's address
	Claims        ClaimsRequest
	ClientInfo    bool
	CreatedAt     time.Time

	CodeHash      []byte
	CodeExpiresAt time.Time
	CodeUsedAt    time.Time // zero = not redeemed

	RefreshHash      []byte // of the token that is valid now; nil = none was given
	RefreshPrevious  []byte // of the one before
	RotatedAt        time.Time
	RefreshExpiresAt time.Time
	RenewedFrom      *record.Signals // where the last tokens went; nil = not known

	RevokedAt  time.Time
	RevokedFor string // why, for the log
}

// LogValue shows ids only.
func (g Grant) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", g.ID), slog.String("client", g.ClientID), slog.String("user", g.UserID))
}

// User is a person as the protocol may know them.
type User struct {
	ID                string
	Enabled           bool
	Deleted           bool
	PasswordChangeDue bool
	Risk              string    // of the person: none, low, medium, high
	SessionsValidFrom time.Time // grants proven earlier are dead
	PreferredUsername string
	Name              string
	GivenName         string
	FamilyName        string
	Email             string
	EmailVerified     bool
	Phone             string
	PhoneVerified     bool
	Street            string
	City              string
	Region            string
	PostalCode        string
	Country           string
	Locale            string
	UserName          string // "" = signs in without one
	JobTitle          string
	Attributes        []byte // the custom attributes as a JSON object by API name
	CreatedAt         time.Time
	UpdatedAt         time.Time
	Member            Membership // as far as the tokens at hand say it
	Pretend           bool       // nobody: the customer of previews
	// Provided are the claims that a custom authentication extension gave for the tokens at hand; nil = none was asked.
	Provided map[string]any
}

// Holding is a grant, the person who gave it, and whether somebody ended the session it came from.
type Holding struct {
	Grant        Grant
	User         User // zero when there is no such person any more
	SessionEnded bool
}

// StoredKey is a signing key, or the tenant's secret for pairwise subjects, as the store keeps it.
type StoredKey struct {
	ID        string // kid
	Alg       string // ES256, RS256, EdDSA; "pairwise" for the subject secret
	Turn      int    // counts the keys of the algorithm
	Private   []byte // PKCS #8, or the secret itself; sealed by the store
	CreatedAt time.Time
	SignFrom  time.Time // published at once, signs from here
	RetireAt  time.Time // zero = not retired; published until then
}

// Store is what the provider asks of one tenant's memory. Methods that consume report whether they
// were the one that did.
type Store interface {
	GrantStore
	OpenIDGrant(ctx context.Context, id string) (Grant, bool, error)
	// OpenIDHolding reads a grant with what can end it, in one go.
	OpenIDHolding(ctx context.Context, grantID string) (Holding, bool, error)
	OpenIDHoldingByCode(ctx context.Context, hash []byte) (Holding, bool, error)
	// OpenIDMembership reads the roles and groups of somebody, in one go.
	OpenIDMembership(ctx context.Context, q MembershipQuery) (Membership, error)
	// RedeemOpenIDCode consumes the code and stores what the redemption decided, at once.
	RedeemOpenIDCode(ctx context.Context, r Redemption) (bool, error)
	// RotateOpenIDRefresh replaces presented by successor if presented is the valid one, and records it.
	RotateOpenIDRefresh(ctx context.Context, r Rotation) (bool, error)
	// FoldSignIn records a sign-in without a page; like ones of a minute become one entry with a count.
	FoldSignIn(ctx context.Context, r record.SignIn) error
	RevokeOpenIDGrant(ctx context.Context, grantID, reason string, now time.Time) error
	RevokeOpenIDSession(ctx context.Context, sid, reason string, now time.Time) error
	// OpenIDSessionClients lists the clients that got something in a session.
	OpenIDSessionClients(ctx context.Context, sid string) ([]SessionClient, error)

	OpenIDKeys(ctx context.Context) ([]StoredKey, error)
	// AddOpenIDKey stores a key unless another instance stored one of this algorithm at the same turn;
	// the caller reads again either way.
	AddOpenIDKey(ctx context.Context, by audit.Actor, k StoredKey) error
	RetireOpenIDKey(ctx context.Context, by audit.Actor, id string, at time.Time) error
	PurgeOpenIDKeys(ctx context.Context, before time.Time) error

	UseOpenIDAssertion(ctx context.Context, clientID string, hash []byte, now, expires time.Time) (bool, error)
	ParkOpenIDRequest(ctx context.Context, hash []byte, body string, now, expires time.Time) error
	TakeOpenIDRequest(ctx context.Context, hash []byte, now time.Time) (string, bool, error)
}

// GrantStore is the part that the sign-in's own transaction offers.
type GrantStore interface {
	AddOpenIDGrant(ctx context.Context, g Grant) error
}

// Stores gives a tenant's store.
type Stores interface {
	OpenID(tenantID string) Store
}

// Redemption is what changes when a code becomes tokens.
type Redemption struct {
	GrantID          string
	Now              time.Time
	Scopes           []string
	RefreshHash      []byte
	RefreshExpiresAt time.Time
	From             record.Signals // where the tokens go
}

// Rotation is what changes when a refresh token is used.
type Rotation struct {
	GrantID   string
	Presented []byte
	Successor []byte
	ExpiresAt time.Time
	Entry     record.SignIn
}

// SessionClient is an app that took part in a session.
type SessionClient struct {
	ClientID string
	UserID   string
	Host     string // of the tenant's own, that it signed in at
}
