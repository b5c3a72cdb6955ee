package dryrun

import (
	"context"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/signin"
	"portico/app/userflow"
)

// Visitor is who comes.
type Visitor string

const (
	Newcomer   Visitor = "new"       // nobody has the address
	Customer   Visitor = "password"  // has an account with a password and everything that the flow asks for
	Temporary  Visitor = "temporary" // has a password that an admin set and that must be changed
	CodeOnly   Visitor = "code"      // signs in with codes by mail, has no password
	Disabled   Visitor = "disabled"  // the account was switched off
	Lacking    Visitor = "lacking"   // lacks the answers that the flow demands
	OldTerms   Visitor = "oldTerms"  // agreed to an older version of the terms, or to none
	WithApp    Visitor = "totp"      // has an authenticator app
	WithKey    Visitor = "passkey"   // has a passkey
	UserNamed  Visitor = "userName"  // has a user name beside the address
	SignedInTo Visitor = "signedIn"  // this browser has a session already
)

// Visitors lists them in the order in which an admin is offered them.
func Visitors() []Visitor {
	return []Visitor{Newcomer, Customer, Temporary, CodeOnly, Lacking, OldTerms, WithApp, WithKey, UserNamed, SignedInTo, Disabled}
}

// What a pretend customer knows. Nothing of it opens anything: the accounts live in the walk.
const (
	Password    = "Walnut-Lantern-42-Harbour"
	NewPassword = "Copper-Meadow-77-Violin"
	UserName    = "pat.visitor"
	pretendUser = "00000000-0000-4000-8000-00000000d127"
	pretendTOTP = "00000000-0000-4000-8000-00000000707b"

	pretendPasskey = "00000000-0000-4000-8000-0000000000fd"
	pretendSID     = "pretend-session"
	secretOfSID    = "pretend-session-secret"
	secretOfTab    = "pretend-browser-secret"
)

// Secret is the shared secret of the pretend authenticator app.
func secret() []byte { return []byte("pretend secret 20 by") }

// Address is the pretend visitor's: one that the flow lets in, if it lets in any domain only.
func Address(f userflow.Flow) string {
	domain := "example.com"
	if len(f.Domains.Allow) > 0 {
		domain = f.Domains.Allow[0]
	}
	return UserName + "@" + domain
}

// person is a pretend account with what the machine asks of a store about it.
type person struct {
	account  account.Account
	hash     string
	creds    []signin.Credential
	accepted []userflow.Acceptance
}

// visitor makes the pretend account of a visitor; nobody has one yet when it is a newcomer.
func visitor(ctx context.Context, v Visitor, place signin.Place, hasher *factor.Hasher, now time.Time) (person, bool, error) {
	if v == Newcomer {
		return person{}, false, nil
	}
	f, created := place.Flow, now.AddDate(0, -3, 0)
	address := Address(f)
	p := person{account: account.Account{ID: pretendUser, TenantID: place.Tenant.ID, DisplayName: "Pat Visitor", GivenName: "Pat", Surname: "Visitor",
		Mail: address, MailVerified: true, Enabled: true, CreatedAt: created, SessionsValidFrom: created,
		FirstFactor: string(userflow.EmailPassword), HasPassword: true, Attributes: map[string]any{}, Profile: map[string]string{},
		Identities: []account.Identity{{SignInType: account.SignInEmail, Value: address, Canonical: address}}}}
	if v == Lacking {
		p.account.GivenName, p.account.Surname = "", ""
	} else {
		for _, a := range f.Attributes {
			if value, key := a.Read([]string{Sample(a)}); key == "" && value != nil {
				p.answer(map[string]any{a.ID: value})
			}
		}
	}
	for _, id := range f.Terms {
		if t, ok := place.Terms[id]; ok {
			version := t.Version
			if v == OldTerms {
				version = t.Since - 1
			}
			if version > 0 {
				p.accepted = append(p.accepted, userflow.Acceptance{TermsID: id, Version: version, Locale: t.Language, At: created})
			}
		}
	}
	switch v {
	case Temporary:
		p.account.MustChangePassword = true
	case CodeOnly:
		p.account.FirstFactor, p.account.HasPassword = string(userflow.EmailCode), false
	case Disabled:
		p.account.Enabled = false
	case WithApp:
		p.account.Methods = append(p.account.Methods, account.Method{ID: pretendTOTP, Kind: factor.TOTP, CreatedAt: created})
		p.creds = append(p.creds, signin.Credential{ID: pretendTOTP, Kind: factor.TOTP, Secret: secret()})
	case UserNamed:
		canonical, err := account.CanonicalUserName(UserName)
		if err != nil {
			return person{}, false, err
		}
		p.account.Identities = append(p.account.Identities, account.Identity{SignInType: account.SignInUserName, Value: UserName, Canonical: canonical})
	}
	if f.SignUpMethod == userflow.EmailCode && !f.Accepts(userflow.EmailPassword) { // nobody of this flow has a password
		p.account.FirstFactor, p.account.HasPassword = string(userflow.EmailCode), false
	}
	if !p.account.HasPassword {
		return p, true, nil
	}
	var err error
	p.hash, err = hasher.Hash(ctx, Password)
	return p, true, err
}

// answer keeps attributes where an account has them.
func (p *person) answer(values map[string]any) {
	for id, v := range values {
		text, _ := v.(string)
		switch id {
		case "displayName":
			p.account.DisplayName = text
		case "givenName":
			p.account.GivenName = text
		case "surname":
			p.account.Surname = text
		case "email", userflow.UserName:
		case "city", "country", "jobTitle", "postalCode", "state", "streetAddress":
			p.account.Profile[id] = text
		default:
			p.account.Attributes[id] = v
		}
	}
}

// Sample is an answer that a visitor might type into an attribute's box; "" when nothing fitting is known.
func Sample(a userflow.Attribute) string {
	if s, ok := map[string]string{"displayName": "Pat Visitor", "givenName": "Pat", "surname": "Visitor", "jobTitle": "Gardener",
		"streetAddress": "1 Harbour Street", "postalCode": "10115", "city": "Berlin", "state": "Berlin", "country": "DE",
		userflow.UserName: UserName}[a.ID]; ok && len(a.Choices()) == 0 {
		return s
	}
	if choices := a.Choices(); len(choices) > 0 {
		return choices[0].Value
	}
	switch a.Type() {
	case userflow.Boolean:
		return "true"
	case userflow.Date:
		return "1990-05-17"
	case userflow.Phone:
		return "+4930123456"
	}
	for _, try := range []string{"42", "1", "100", "1000", "2024", "0", "Sample", "sample", "SAMPLE", "ABC123", "AB-1234", "12345678", "123456", "1234", "A1", "A", "a"} {
		if v, key := a.Read([]string{try}); key == "" && v != nil && (a.Type() == userflow.Int || a.Definition != nil && a.Definition.Pattern != "" || strings.EqualFold(try, "sample")) {
			return try
		}
	}
	return ""
}
