package federation

import (
	"context"
	"strings"
)

// endpoints are where a provider is and what it can do: settings first, then its metadata, then the preset.
type endpoints struct {
	issuer, authorization, token, userInfo, keys, endSession string

	saysIssuer  bool // its answers carry iss (RFC 9207)
	authMethods []string
}

// metadata is what we read of a provider's configuration (OpenID Connect Discovery §3).
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	UserInfo      string   `json:"userinfo_endpoint"`
	Keys          string   `json:"jwks_uri"`
	EndSession    string   `json:"end_session_endpoint"`
	AuthMethods   []string `json:"token_endpoint_auth_methods_supported"`
	SaysIssuer    bool     `json:"authorization_response_iss_parameter_supported"`
}

// wellKnown is where metadata stand below an issuer.
const wellKnown = "/.well-known/openid-configuration"

// DiscoveryOf is where an issuer publishes its metadata.
func DiscoveryOf(issuer string) string { return strings.TrimSuffix(issuer, "/") + wellKnown }

// locate finds a provider's endpoints. Metadata of an issuer that is not the one expected are refused: whoever could
// serve them could send people and secrets anywhere (Discovery §4.3).
func (t *trip) locate(ctx context.Context, k preset) (endpoints, *Refusal) {
	p := t.p
	e := endpoints{issuer: or(p.Issuer, k.issuer), authorization: p.AuthorizationURL, token: p.TokenURL, userInfo: p.UserInfoURL, keys: p.KeysURL, endSession: p.EndSessionURL}
	explicit := e.authorization != "" && e.token != "" && (e.keys != "" || k.read != nil)
	if from := or(p.Discovery, k.discovery); from != "" && (!explicit || p.Discovery != "") {
		m, refusal := t.metadata(ctx, from)
		if refusal != nil {
			return e, refusal
		}
		if m.Issuer != e.issuer {
			return e, t.refuse(SetUp, "discovery", "the metadata say that the issuer is “"+words(m.Issuer)+"”; expected was “"+words(e.issuer)+"”", nil)
		}
		e.authorization, e.token, e.userInfo = or(e.authorization, m.Authorization), or(e.token, m.Token), or(e.userInfo, m.UserInfo)
		e.keys, e.endSession, e.saysIssuer, e.authMethods = or(e.keys, m.Keys), or(e.endSession, m.EndSession), m.SaysIssuer, m.AuthMethods
	} else if !explicit || p.AuthorizationURL == "" {
		e.authorization, e.token = or(e.authorization, k.authorization), or(e.token, k.token)
		e.userInfo, e.keys = or(e.userInfo, k.userInfo), or(e.keys, k.keys)
	}
	for what, place := range map[string]string{"authorization_endpoint": e.authorization, "token_endpoint": e.token} {
		if place == "" {
			return e, t.refuse(SetUp, "discovery", "the metadata name no "+what, nil)
		}
	}
	if e.keys == "" && k.read == nil {
		return e, t.refuse(SetUp, "discovery", "the metadata name no jwks_uri", nil)
	}
	return e, nil
}

func (t *trip) metadata(ctx context.Context, from string) (metadata, *Refusal) {
	v, err := t.n.Cache.get(ctx, "metadata "+t.n.Tenant+" "+from, t.n.Now, false, func(ctx context.Context) (any, error) {
		var m metadata
		if refusal := t.get(ctx, "discovery", from, "", &m); refusal != nil {
			return nil, refusal
		}
		return m, nil
	})
	if err != nil {
		return metadata{}, t.again(err, "discovery")
	}
	return v.(metadata), nil
}

// again tells of a reading that somebody else's trip made, or of our own.
func (t *trip) again(err error, what string) *Refusal {
	if r, ok := err.(*Refusal); ok {
		return t.refuse(r.Code, what, r.Reason, r.Err)
	}
	return t.refuse(Unreachable, what, words(err.Error()), err)
}
