package federation

import (
	"context"
	"net/url"
	"strings"
)

// preset is what a kind of provider knows by itself. What an admin sets goes before it.
type preset struct {
	kind  Kind
	label string

	discovery     string
	authorization string
	token         string
	userInfo      string
	keys          string
	endSession    string
	issuer        string   // what id_tokens say
	alsoIssuers   []string // and what they say as well
	stored        string   // issuer of stored identities; "" = what the id_token says
	scopes        []string
	clientAuth    ClientAuth
	responseMode  string
	claims        map[string]string // our attribute → their claim

	noPKCE  bool // it refuses a code_verifier
	noNonce bool // it does not give the nonce back
	byForce bool // it gives auth_time when asked by max_age (OpenID Connect Core §3.1.2.1)

	// at settles what depends on the admin's settings.
	at func(preset, Provider) preset
	// ask adds what only this kind understands to an authorization request.
	ask func(q url.Values, p Provider, a Ask)
	// fresh asks for a new proof where prompt=login is not the way.
	fresh func(q url.Values)
	// secret makes the client secret for one call.
	secret func(n Net, p Provider, s Secrets) (string, error)
	// brought takes what only the browser's answer holds. It is not signed: names at most.
	brought func(v url.Values, c claims)
	// read gets the claims of a provider without id_tokens.
	read func(ctx context.Context, t *trip, e endpoints, accessToken string) (claims, *Refusal)
	// issues says whether an id_token's issuer is right where it is not one fixed text; "" = yes.
	issues func(e endpoints, p Provider, c claims) string
	// vouch says what the kind's word about an address is worth, besides email_verified.
	vouch func(id *Identity, p Provider, c claims, domain string)
}

// settled is the preset for one provider.
func (k preset) settled(p Provider) preset {
	if k.at != nil {
		k = k.at(k, p)
	}
	return k
}

// claim says which claim holds an attribute.
func (k preset) claim(p Provider, attribute string) string {
	if c := p.Claims[attribute]; c != "" {
		return c
	}
	return k.claims[attribute]
}

func (k preset) scope(p Provider) string {
	if len(p.Scopes) > 0 {
		return strings.Join(p.Scopes, " ")
	}
	return strings.Join(k.scopes, " ")
}

func or(first, second string) string {
	if first != "" {
		return first
	}
	return second
}

// standardClaims are those of OpenID Connect Core §5.1 by our names (R 11.5.4).
func standardClaims() map[string]string {
	return map[string]string{"displayName": "name", "givenName": "given_name", "surname": "family_name", "email": "email", "emailVerified": "email_verified",
		"streetAddress": "address.street_address", "city": "address.locality", "state": "address.region", "postalCode": "address.postal_code", "country": "address.country"}
}

// nameClaims are those of the big providers, which tell no more.
func nameClaims() map[string]string {
	return map[string]string{"displayName": "name", "givenName": "given_name", "surname": "family_name", "email": "email", "emailVerified": "email_verified"}
}
