package openid

import (
	"context"

	"github.com/google/uuid"

	"portico/app/policy"
	"portico/app/record"
)

// refreshEntry is the record of a non-interactive sign-in.
func (p *Provider) refreshEntry(realm *Realm, c *Client, g *Grant, u User, in TokenRequest, bad *Error, d policy.Answer) record.SignIn {
	r := p.entry(realm, c, in, record.NonInteractive, "refresh", bad)
	r.User = record.Party{ID: g.UserID, Name: u.Name}
	if r.User.Name == "" {
		r.User.Name = u.PreferredUsername
	}
	r.Session = record.Session{SID: g.SID, AuthTime: g.AuthTime, Reused: true}
	r.AMR, r.ACR, r.Policies, r.Inputs = g.AMR, g.ACR, d.Policies, d.Inputs
	r.Risk, r.RiskLevel, r.CouldNotTell = d.Risk, d.RiskLevel, d.CouldNotTell
	r.Request.Scopes = g.Scopes
	return r
}

// logService records the token of an app without a person. No token leaves unrecorded.
func (p *Provider) logService(ctx context.Context, realm *Realm, c *Client, s apiScope, in TokenRequest, bad *Error) error {
	r := p.entry(realm, c, in, record.Service, "clientCredentials", bad)
	switch {
	case s.to.client != nil:
		r.Resource = record.Party{ID: s.to.client.ID, Name: s.to.client.Name}
	case s.to.audience != "":
		r.Resource = record.Party{ID: s.to.audience, Name: managementName}
	}
	return p.stores.OpenID(realm.Tenant.ID).FoldSignIn(ctx, r)
}

const managementName = "Management API"

func (p *Provider) entry(realm *Realm, c *Client, in TokenRequest, kind record.Kind, protocol string, bad *Error) record.SignIn {
	r := record.SignIn{ID: uuid.Must(uuid.NewV7()).String(), TenantID: realm.Tenant.ID, CorrelationID: in.CorrelationID, Kind: kind,
		Protocol: protocol, StartedAt: in.Received, EndedAt: p.Now(), App: record.Party{ID: c.ID, Name: c.Name},
		Count: 1, Outcome: record.Outcome{Result: record.Success}}
	if in.Signals != nil {
		r.Signals = in.Signals()
	}
	if bad != nil {
		r.Outcome = record.Outcome{Result: record.Failure, Code: bad.Number, Key: "signin.outcome." + bad.Code, Step: "token"}
		if bad.Code == InteractionRequired {
			r.Outcome.Result = record.Interrupted
		}
	}
	return r
}
