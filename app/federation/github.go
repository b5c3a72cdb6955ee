package federation

import (
	"context"
	"net/url"
	"strconv"
	"strings"
)

// github is GitHub: OAuth 2.0 without id_tokens. The account's number is the subject, since names can change hands; the
// address is the primary one, as its list of addresses says it is verified.
func github() preset {
	return preset{kind: GitHub, label: "GitHub", stored: "github.com", authorization: "https://github.com/login/oauth/authorize",
		token: "https://github.com/login/oauth/access_token", userInfo: "https://api.github.com/user", scopes: []string{"read:user", "user:email"},
		clientAuth: SecretPost, claims: map[string]string{"displayName": "name", "email": "email", "emailVerified": "email_verified"},
		ask: func(q url.Values, _ Provider, a Ask) {
			if q.Has("login_hint") {
				q.Set("login", q.Get("login_hint"))
				q.Del("login_hint")
			}
		},
		fresh: func(q url.Values) { q.Set("prompt", "select_account") },
		read:  readGitHub}
}

func readGitHub(ctx context.Context, t *trip, e endpoints, accessToken string) (claims, *Refusal) {
	var user claims
	if refusal := t.get(ctx, "userinfo", e.userInfo, accessToken, &user); refusal != nil {
		return nil, refusal
	}
	t.hops[len(t.hops)-1].Claims = user.names()
	number, ok := user["id"].(float64)
	if !ok || number <= 0 || number != float64(int64(number)) {
		return nil, t.refuse(Invalid, "userinfo", "the answer does not say who it is about (id)", nil)
	}
	user["sub"] = strconv.FormatInt(int64(number), 10)
	// The profile's own address is whatever its owner shows to others, verified or not.
	delete(user, "email")
	delete(user, "email_verified")
	var list []struct {
		Email    string `json:"email"`
		Primary  bool   `json:"primary"`
		Verified bool   `json:"verified"`
	}
	if refusal := t.get(ctx, "userinfo", strings.TrimSuffix(e.userInfo, "/")+"/emails", accessToken, &list); refusal != nil {
		return user, nil // our own page asks for the address
	}
	for _, m := range list {
		if m.Primary {
			user["email"], user["email_verified"] = m.Email, m.Verified
		}
	}
	return user, nil
}
