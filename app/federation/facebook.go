package federation

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
)

// facebook is Facebook Login: OAuth 2.0, the person read from the Graph with a proof that we hold the app's secret, so
// that a token that leaked from elsewhere is of no use here. It does not say whether an address is verified.
func facebook() preset {
	return preset{kind: Facebook, label: "Facebook", stored: "facebook.com", authorization: "https://www.facebook.com/v23.0/dialog/oauth",
		token: "https://graph.facebook.com/v23.0/oauth/access_token", userInfo: "https://graph.facebook.com/v23.0/me", scopes: []string{"email", "public_profile"},
		clientAuth: SecretPost, claims: map[string]string{"displayName": "name", "givenName": "first_name", "surname": "last_name", "email": "email"},
		fresh: func(q url.Values) { q.Set("auth_type", "reauthenticate") },
		read:  readFacebook}
}

func readFacebook(ctx context.Context, t *trip, e endpoints, accessToken string) (claims, *Refusal) {
	place, err := url.Parse(e.userInfo)
	if err != nil {
		return nil, t.refuse(SetUp, "userinfo", "“"+words(e.userInfo)+"” is not an address", err)
	}
	proof := hmac.New(sha256.New, []byte(t.s.Client))
	proof.Write([]byte(accessToken))
	q := place.Query()
	q.Set("fields", "id,name,first_name,last_name,email")
	q.Set("appsecret_proof", hex.EncodeToString(proof.Sum(nil)))
	place.RawQuery = q.Encode()
	var me claims
	if refusal := t.get(ctx, "userinfo", place.String(), accessToken, &me); refusal != nil {
		return nil, refusal
	}
	t.hops[len(t.hops)-1].Claims = me.names()
	id, _ := me["id"].(string)
	if id == "" || len(id) > 255 {
		return nil, t.refuse(Invalid, "userinfo", "the answer does not say who it is about (id)", nil)
	}
	me["sub"] = id
	return me, nil
}
