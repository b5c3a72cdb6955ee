// Package account knows what a person is to a tenant: identities, the canonical form of an address,
// and the life of an account. It stores nothing.
package account

import (
	"net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"

	"portico/app/fault"
)

// Sign-in types of an identity, in Graph's words (objectIdentity.signInType).
const (
	SignInEmail     = "emailAddress"
	SignInUserName  = "userName"
	SignInFederated = "federated"
)

// Identity is one way in that belongs to one person, unique per tenant and (SignInType, Issuer, Canonical).
type Identity struct {
	SignInType string
	Issuer     string // "" for local identities
	Value      string // as the person wrote it
	Canonical  string // what is compared (DESIGN §5.6)
}

// Account is what a decision may know of a person. Passwords and other secrets are not in it.
type Account struct {
	ID           string
	TenantID     string
	DisplayName  string
	GivenName    string
	Surname      string
	Mail         string // proven address, "" = none
	MailVerified bool
	// MailVouched: at sign-up the address was an identity provider's word, one that is not authoritative for it. Whoever first
	// shows the mailbox gets the account without what was put there before.
	MailVouched        bool
	PreferredLanguage  string
	Identities         []Identity
	Enabled            bool
	DeletedAt          time.Time // zero = not deleted; purged 30 days later
	SelfDeleted        bool      // by the person: signing in within the 30 days offers to take it back
	Emergency          bool      // an admin's break-glass account: alerts on use
	CreatedAt          time.Time
	SessionsValidFrom  time.Time // sessions and grants proven earlier are dead
	MustChangePassword bool
	Risk               Risk // of the person, apart from any sign-in
	HasPassword        bool
	PasswordVoid       bool // there is one, but its owner reported a sign-in: it opens nothing until they choose another
	// FirstFactor is the method the account signed up with, which it keeps when the flow changes (R 2.2.13):
	// "emailPassword" or "emailCode".
	FirstFactor string
	Methods     []Method       // registered second factors
	Attributes  map[string]any // custom attributes by API name
	// Profile holds the built-in attributes that have no field of their own here (city, country, jobTitle,
	// postalCode, state, streetAddress), by Graph's names.
	Profile map[string]string
}

// Risk is how likely an account is in other hands, in Graph's words. The zero value is none.
type Risk struct {
	Level  string // low, medium, high; "" = none
	State  string // atRisk, confirmedCompromised, remediated, dismissed, confirmedSafe; "" = none
	Detail string // how it came to the state
	At     time.Time
	// Simulated: it would be another without what is simulated for trying things out.
	Simulated bool
}

// Value gives an attribute by its id, built in or custom; nil = the person has none.
func (a Account) Value(id string) any {
	text := ""
	switch id {
	case "displayName":
		text = a.DisplayName
	case "givenName":
		text = a.GivenName
	case "surname":
		text = a.Surname
	case "email":
		text = a.Mail
	default:
		if v, ok := a.Attributes[id]; ok && v != "" {
			return v
		}
		text = a.Profile[id]
	}
	if text == "" {
		return nil
	}
	return text
}

// Address is where the account is told things; "" when it has none.
func (a Account) Address() string {
	if a.Mail != "" {
		return a.Mail
	}
	for _, i := range a.Identities {
		if i.SignInType == SignInEmail {
			return i.Value
		}
	}
	return ""
}

// Method is one registered way to confirm it's you.
type Method struct {
	ID        string
	Kind      string // factor kinds: "totp", "passkey", "email", "sms", "recovery"
	Name      string
	AAGUID    string // passkey: its model, when it says so
	Host      string // passkey: the host of the directory's own where alone it works; "" = the installation's address
	CreatedAt time.Time
	// LastUsedAt is zero when it was not used yet.
	LastUsedAt time.Time
}

// At is the account with what it has at a host of the directory's own, "" = at the installation's address: passkeys that live
// elsewhere are none here.
func (a Account) At(host string) Account {
	elsewhere := func(m Method) bool { return m.Kind == "passkey" && m.Host != host }
	if slices.ContainsFunc(a.Methods, elsewhere) {
		a.Methods = slices.DeleteFunc(slices.Clone(a.Methods), elsewhere)
	}
	return a
}

// HelpDeskCode is the name of a recovery code that the help desk handed out; the person's own have none.
const HelpDeskCode = "Help desk"

// HandedOut reports whether a method is a recovery code that the help desk handed out, which is the help desk's word.
func (m Method) HandedOut() bool { return m.Kind == "recovery" && m.Name == HelpDeskCode }

// Usable reports whether the account may be used at all: the one question each door asks (DESIGN §9.5).
func (a Account) Usable() bool { return a.ID != "" && a.Enabled && a.DeletedAt.IsZero() }

// Grace is how long a deleted account can be brought back (R 13.4).
const Grace = 30 * 24 * time.Hour

// Returnable reports whether signing in brings the account back: its owner deleted it, and not too long ago.
func (a Account) Returnable(now time.Time) bool {
	return a.Leaving() && now.Before(a.DeletedAt.Add(Grace))
}

// Leaving reports whether the person deleted the account themselves and can still come back.
func (a Account) Leaving() bool {
	return a.ID != "" && a.Enabled && a.SelfDeleted && !a.DeletedAt.IsZero()
}

// CanonicalEmail is the form in which addresses are compared: trimmed, NFKC, lower case, domain in
// ASCII by IDNA. Dots and plus tags are kept. It refuses what is no address.
func CanonicalEmail(s string) (string, error) {
	bad := fault.BadField("email", "field.email.invalid", nil)
	s = strings.ToLower(norm.NFKC.String(strings.TrimSpace(s)))
	if s == "" {
		return "", fault.BadField("email", "field.email.required", nil)
	}
	if len(s) > 254 || !utf8.ValidString(s) || strings.ContainsAny(s, " \t\r\n<>,;\"()\uFFFD") {
		return "", bad
	}
	at := strings.LastIndexByte(s, '@')
	if at < 1 || at > 64 || at == len(s)-1 {
		return "", bad
	}
	domain, err := idna.Lookup.ToASCII(s[at+1:])
	if err != nil || !strings.Contains(domain, ".") && domain != "localhost" {
		return "", bad
	}
	canonical := s[:at] + "@" + domain
	if a, err := mail.ParseAddress(canonical); err != nil || a.Address != canonical {
		return "", bad
	}
	return canonical, nil
}

// MaskEmail shows enough of an address for its owner to recognise it and for nobody else to learn it.
func MaskEmail(s string) string {
	at := strings.LastIndexByte(s, '@')
	if at < 1 {
		return "***"
	}
	r, _ := utf8.DecodeRuneInString(s)
	return string(r) + "*****" + s[at:]
}
