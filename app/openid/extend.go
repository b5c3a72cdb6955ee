package openid

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"portico/app/extension"
	"portico/app/record"
)

// inquiry is one question to a custom authentication extension about tokens that are to be issued (R 8.4).
type inquiry struct {
	realm    *Realm
	chosen   extension.Chosen
	occasion extension.Occasion
	calls    []record.Call // what came of it, for the log
}

// asks reports whether an extension of the tenant is asked about the tokens of a person for the app. A token of an app
// without a person asks nobody, as the vendor has it.
func (p *Provider) asks(realm *Realm, c *Client, words []string, u User, in TokenRequest) (*inquiry, bool) {
	if p.extensions == nil {
		return nil, false
	}
	chosen, ok := realm.Extensions.Choose(extension.TokenIssuanceStart, c.ID, "")
	if !ok {
		return nil, false
	}
	q := &inquiry{realm: realm, chosen: chosen, occasion: extension.Occasion{Event: extension.TokenIssuanceStart, TenantID: realm.Tenant.ID, Tenant: realm.Tenant.Slug,
		CorrelationID: in.CorrelationID, App: principal(c), User: u.person()}}
	api := c
	audience, _ := realm.permissions(words)
	if of, ok := realm.Clients[audience]; ok {
		q.occasion.Resource, api = principal(of), of
	}
	for _, one := range []*Client{c, api} {
		for _, m := range one.Claims {
			if m.Source == FromProvider && m.AnyType {
				q.occasion.AnyJSON = append(q.occasion.AnyJSON, m.ID)
			}
		}
	}
	if in.Signals != nil {
		s := in.Signals()
		if s.IP.IsValid() {
			q.occasion.IP = s.IP.Unmap().String()
		}
	}
	q.occasion.Locale = u.Locale
	return q, true
}

func principal(c *Client) extension.Principal {
	return extension.Principal{ObjectID: c.PrincipalID, ClientID: c.ID, Name: c.Name}
}

func (u User) person() *extension.Person {
	var more struct {
		Company string `json:"companyName"`
	}
	if bytes.Contains(u.Attributes, []byte(`"companyName"`)) {
		_ = json.Unmarshal(u.Attributes, &more) // what is no text is no name
	}
	return &extension.Person{ID: u.ID, DisplayName: u.Name, GivenName: u.GivenName, Surname: u.FamilyName, Mail: u.Email, UserPrincipalName: u.PreferredUsername, CompanyName: more.Company,
		CreatedAt: u.CreatedAt, PreferredLanguage: u.Locale}
}

// provide asks, outside any transaction, and gives the person the claims of the answer. It refuses where the API gave
// none that counts and the tenant declared that tokens must not do without.
func (p *Provider) provide(ctx context.Context, q *inquiry, u *User) *Error {
	result := p.extensions.Call(ctx, q.realm.Extensions, q.chosen, &q.occasion)
	q.calls = append(q.calls, result.Call.Record())
	if p.keep != nil {
		p.keep(q.realm.Tenant.ID, result.Call)
	}
	u.Provided = map[string]any{}
	switch {
	case result.Answered():
		u.Provided = result.Answer.Claims
		return nil
	case result.Failure == extension.Continue:
		return nil
	}
	e := refuse(TemporarilyUnavailable, int(result.Call.Code), fmt.Sprintf("The organisation's custom claims provider gave no valid answer (%d). Call reference: %s.",
		result.Call.Code, result.Call.ID))
	e.Status = http.StatusServiceUnavailable
	return e
}

// told adds the calls to an entry of the log.
func (q *inquiry) told(r record.SignIn) record.SignIn {
	if q != nil {
		r.Calls = append(r.Calls, q.calls...)
	}
	return r
}

// burnt ends the family of a code that was used up for nothing, and records why. The app is told what it can act on: the
// code is gone, so asking for tokens again is no use, and a new authorization is (RFC 6749 §5.2).
func (p *Provider) burnt(ctx context.Context, realm *Realm, c *Client, store Store, g *Grant, u User, in TokenRequest, q *inquiry, bad *Error) *Error {
	if err := store.RevokeOpenIDGrant(ctx, g.ID, "no tokens could be issued", p.Now()); err != nil {
		return failure(err)
	}
	if bad.Code == TemporarilyUnavailable {
		gone := *bad
		gone.Code, gone.Status = InvalidGrant, http.StatusBadRequest
		gone.Description += " The code is used up: begin a new authorization."
		bad = &gone
	}
	r := p.entry(realm, c, in, record.NonInteractive, "authorizationCode", bad)
	r.User, r.Session = record.Party{ID: g.UserID, Name: u.Name}, record.Session{SID: g.SID, AuthTime: g.AuthTime, Reused: true}
	if r.User.Name == "" {
		r.User.Name = u.PreferredUsername
	}
	r.AMR, r.ACR, r.Request.Scopes = g.AMR, g.ACR, g.Scopes
	if err := store.FoldSignIn(ctx, q.told(r)); err != nil {
		return failure(err)
	}
	return bad
}

// unasked stands in previews for what an extension would give: it is not asked for them.
func (c *Client) unasked() map[string]any {
	var out map[string]any
	for _, m := range c.Claims {
		if m.Source == FromProvider {
			if out == nil {
				out = map[string]any{}
			}
			out[m.ID] = hidden
		}
	}
	return out
}
