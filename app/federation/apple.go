package federation

import (
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const appleIssuer = "https://appleid.apple.com"

// apple is Sign in with Apple: the client secret is a JWT that we mint for every call from the .p8, so that it never
// expires (F312); the answer is posted, and the name comes with the first one only, beside the code.
func apple() preset {
	return preset{kind: Apple, label: "Apple", stored: "apple.com", issuer: appleIssuer, authorization: appleIssuer + "/auth/authorize",
		token: appleIssuer + "/auth/token", keys: appleIssuer + "/auth/keys", scopes: []string{"name", "email"}, clientAuth: SecretPost, responseMode: "form_post",
		claims: nameClaims(), secret: appleSecret, brought: appleName, fresh: func(url.Values) {}, // it knows no way to ask for a new sign-in
		vouch: func(id *Identity, _ Provider, c claims, domain string) {
			id.Authoritative = slices.Contains([]string{"icloud.com", "me.com", "mac.com", "privaterelay.appleid.com"}, domain)
		}}
}

func appleSecret(n Net, p Provider, s Secrets) (string, error) {
	if s.Key == nil {
		return "", errors.New("there is no private key (.p8)")
	}
	now := n.Now()
	return sign(jose.ES256, s.Key, p.KeyID, jwt.Claims{Issuer: p.TeamID, Subject: p.ClientID, Audience: jwt.Audience{appleIssuer},
		IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(5 * time.Minute))})
}

// appleName takes the name that Apple's page posts beside the code, at the first sign-in only. It came through the
// browser and is not signed, so nothing else of it counts, the address least of all.
func appleName(v url.Values, c claims) {
	raw := v.Get("user")
	if raw == "" || len(raw) > 4096 {
		return
	}
	var user struct {
		Name struct {
			First string `json:"firstName"`
			Last  string `json:"lastName"`
		} `json:"name"`
	}
	if json.Unmarshal([]byte(raw), &user) != nil {
		return
	}
	for name, s := range map[string]string{"given_name": user.Name.First, "family_name": user.Name.Last, "name": strings.TrimSpace(user.Name.First + " " + user.Name.Last)} {
		if s = words(s); s != "" && c.text(name) == "" {
			c[name] = s
		}
	}
}
