package openid

// Standing is everything that can end a grant, gathered for the one question that each door asks.
type Standing struct {
	TenantDisabled bool
	ClientGone     bool // not registered any more
	ClientDisabled bool
	GrantRevoked   bool
	ConsentGone    bool
	SessionRevoked bool
	UserGone       bool
	UserDisabled   bool
	OtherHost      bool // it was given at another host of the tenant's, or at one that is the tenant's no more
	ProvenTooEarly bool // the person's sessions were revoked, or the password changed, after the sign-in
}

// Refusal is why the grant does not count any more; nil when it does. Token, userinfo, introspection
// and the session's own doors use this one function (DESIGN §9.5), so that no state is forgotten at
// one of them.
func (s Standing) Refusal(platform Platform) *Error {
	switch {
	case s.TenantDisabled:
		return refuse(UnauthorizedClient, 90002, "This directory is switched off.")
	case s.ClientGone:
		return unauthenticated("No app with this client id is registered in this directory.", nil).number(700016)
	case s.ClientDisabled:
		return refuse(UnauthorizedClient, 7000112, "This app is switched off.")
	case s.UserGone:
		return dead(platform, 50034, "The account does not exist any more.")
	case s.UserDisabled:
		return dead(platform, 50057, "The account is switched off.")
	case s.ConsentGone:
		e := refuse(InvalidGrant, 65001, "The person withdrew the consent for this app.")
		e.Suberror = SubConsentRequired
		return e
	case s.GrantRevoked:
		return dead(platform, 50173, "The grant was revoked. The person has to sign in again.")
	case s.SessionRevoked:
		return dead(platform, 50173, "The session was ended. The person has to sign in again.")
	case s.OtherHost:
		return refuse(InvalidGrant, 70000, "It was given at another host, which has an issuer of its own. Use the endpoints of that issuer, or have the person sign in again.")
	case s.ProvenTooEarly:
		return dead(platform, 50173, "The sign-in lies before the account's sessions were revoked. The person has to sign in again.")
	}
	return nil
}

// RevokedForConsent is the reason of a grant whose consent was withdrawn.
const RevokedForConsent = "consent withdrawn"

// standing asks the one question of a grant: does it still count for this client (nil = not registered)?
func (h Holding) standing(realm *Realm, c *Client) *Error {
	g, u := h.Grant, h.User
	return Standing{TenantDisabled: realm.Tenant.Disabled, ClientGone: c == nil, ClientDisabled: c != nil && !c.Enabled,
		GrantRevoked: !g.RevokedAt.IsZero(), ConsentGone: !g.RevokedAt.IsZero() && g.RevokedFor == RevokedForConsent,
		SessionRevoked: h.SessionEnded, OtherHost: g.Host != realm.Tenant.Host, UserGone: u.ID == "" || u.Deleted, UserDisabled: !u.Enabled,
		ProvenTooEarly: g.AuthTime.Before(u.SessionsValidFrom)}.Refusal(g.Platform)
}
