package federation

import "net/url"

// google is Google: OpenID Connect as its metadata say. Of addresses it alone gives out those at gmail.com, and those of
// the organisation whose directory the account is in (hd).
func google() preset {
	return preset{kind: Google, label: "Google", stored: "google.com", issuer: "https://accounts.google.com", alsoIssuers: []string{"accounts.google.com"},
		discovery: "https://accounts.google.com/.well-known/openid-configuration", scopes: []string{"openid", "email", "profile"},
		clientAuth: SecretPost, claims: nameClaims(),
		ask: func(q url.Values, _ Provider, a Ask) {
			if a.DomainHint != "" && a.DomainHint != "google" && a.DomainHint != "google.com" {
				q.Set("hd", words(a.DomainHint))
			}
		},
		// Google knows no prompt=login: choosing the account anew is all that it offers.
		fresh: func(q url.Values) { q.Set("prompt", "select_account") },
		vouch: func(id *Identity, _ Provider, c claims, domain string) {
			id.Authoritative = domain == "gmail.com" || domain == "googlemail.com" || domain == c.text("hd")
		}}
}
