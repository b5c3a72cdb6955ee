package openid

import (
	"time"

	"github.com/google/uuid"

	"portico/app/record"
)

// logRefresh records a non-interactive sign-in.
func (p *Provider) logRefresh(realm *Realm, c *Client, g *Grant, u User, in TokenRequest, bad *Error, policies []record.Policy) {
	if p.log == nil {
		return
	}
	r := p.entry(realm, c, in, record.NonInteractive, "refresh", bad)
	r.User = record.Party{ID: g.UserID, Name: u.Name}
	if r.User.Name == "" {
		r.User.Name = u.PreferredUsername
	}
	r.Session = record.Session{SID: g.SID, AuthTime: g.AuthTime, Reused: true}
	r.AMR, r.ACR, r.Policies = g.AMR, g.ACR, policies
	r.Request.Scopes = g.Scopes
	p.log.SignIn(r)
}

// logService records the token of an app without a person.
func (p *Provider) logService(realm *Realm, c *Client, s apiScope, in TokenRequest, now time.Time) {
	if p.log == nil {
		return
	}
	r := p.entry(realm, c, in, record.Service, "clientCredentials", nil)
	r.Resource = record.Party{ID: s.to.audience, Name: "Management API"}
	if s.to.client != nil {
		r.Resource = record.Party{ID: s.to.client.ID, Name: s.to.client.Name}
	}
	r.StartedAt, r.EndedAt = now, now
	p.log.SignIn(r)
}

func (p *Provider) entry(realm *Realm, c *Client, in TokenRequest, kind record.Kind, protocol string, bad *Error) record.SignIn {
	now := p.Now()
	r := record.SignIn{ID: uuid.Must(uuid.NewV7()).String(), TenantID: realm.Tenant.ID, CorrelationID: in.CorrelationID, Kind: kind,
		Protocol: protocol, StartedAt: in.Received, EndedAt: now, App: record.Party{ID: c.ID, Name: c.Name}, Signals: in.Signals,
		Count: 1, Outcome: record.Outcome{Result: record.Success}}
	if bad != nil {
		r.Outcome = record.Outcome{Result: record.Failure, Code: bad.Number, Key: "signin.outcome." + bad.Code, Step: "token"}
		if bad.Code == InteractionRequired {
			r.Outcome.Result = record.Interrupted
		}
	}
	return r
}
