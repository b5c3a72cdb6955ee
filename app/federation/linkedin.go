package federation

import "net/url"

// linkedin is LinkedIn by OpenID Connect. For web clients with a secret it refuses PKCE and does not return the nonce:
// the binding to the browser and the attempt (state) and the code's coming straight from its own server remain.
func linkedin() preset {
	return preset{kind: LinkedIn, label: "LinkedIn", stored: "linkedin.com", issuer: "https://www.linkedin.com/oauth", alsoIssuers: []string{"https://www.linkedin.com"},
		authorization: "https://www.linkedin.com/oauth/v2/authorization", token: "https://www.linkedin.com/oauth/v2/accessToken",
		keys: "https://www.linkedin.com/oauth/openid/jwks", userInfo: "https://api.linkedin.com/v2/userinfo", scopes: []string{"openid", "profile", "email"},
		clientAuth: SecretPost, claims: nameClaims(), noPKCE: true, noNonce: true,
		fresh: func(url.Values) {}} // it knows no way to ask for a new sign-in
}
