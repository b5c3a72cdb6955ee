package e2e

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
)

const facebookSecret = "0123456789abcdef0123456789abcdef"

// facebook is Facebook Login as developers.facebook.com/docs/facebook-login/guides/advanced/manual-flow describes it, with
// “Require app secret” on: OAuth 2.0, errors as objects, no word about whether an address is verified.
type facebook struct {
	*standIn
	tokens sync.Map // access token → who
}

func newFacebook(t *testing.T) *facebook {
	base, mux := newStandIn(t, "Facebook", "1234567890123456")
	x := &facebook{standIn: base}
	mux.HandleFunc("/v23.0/dialog/oauth", x.asks)
	mux.HandleFunc("/v23.0/oauth/access_token", x.exchanges)
	mux.HandleFunc("GET /v23.0/me", x.me)
	return x
}

// isFacebook sets it up by the preset, with other addresses in place of Facebook's.
func (x *facebook) isFacebook(a *api) {
	x.joins(a, values{"@odata.type": "#microsoft.graph.socialIdentityProvider", "identityProviderType": "Facebook", "clientId": x.clientID, "clientSecret": facebookSecret},
		values{"authorizationUrl": x.srv.URL + "/v23.0/dialog/oauth", "tokenUrl": x.srv.URL + "/v23.0/oauth/access_token", "userInfoUrl": x.srv.URL + "/v23.0/me"})
}

func (x *facebook) asks(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !x.asked(w, r, "email", "public_profile") {
		return
	}
	if q.Get("state") == "" {
		x.wrong(w, http.StatusBadRequest, "authorization request without state")
		return
	}
	who, no := x.page(w, r)
	back := url.Values{"state": {q.Get("state")}}
	switch {
	case no:
		back.Set("error_reason", "user_denied")
		back.Set("error", "access_denied")
		back.Set("error_description", "Permissions error.")
	case who != "":
		back.Set("code", x.grant(who, q))
	default:
		return
	}
	http.Redirect(w, r, x.redirect+"?"+back.Encode()+"#_=_", http.StatusFound) // the fragment is theirs
}

// refuses answers an error as the Graph does.
func (x *facebook) refuses(w http.ResponseWriter, kind, message string) {
	x.t.Errorf("Facebook: %s", message)
	answerJSON(w, http.StatusBadRequest, values{"error": values{"message": message, "type": kind, "code": 100, "fbtrace_id": "A"}})
}

func (x *facebook) exchanges(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	if r.Form.Get("client_secret") != facebookSecret {
		x.refuses(w, "OAuthException", "Error validating client secret.")
		return
	}
	g, _, ok := x.redeem(w, r.Form)
	if !ok {
		return
	}
	token := "EAA" + rand.Text()
	x.tokens.Store(token, g.who)
	answerJSON(w, http.StatusOK, values{"access_token": token, "token_type": "bearer", "expires_in": 5183944})
}

// me is the person behind a token. The proof is the token's HMAC by the app's secret
// (developers.facebook.com/docs/graph-api/guides/secure-requests).
func (x *facebook) me(w http.ResponseWriter, r *http.Request) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	who, ok := x.tokens.Load(token)
	proof := hmac.New(sha256.New, []byte(facebookSecret))
	proof.Write([]byte(token))
	switch {
	case !ok:
		x.refuses(w, "OAuthException", "Invalid OAuth access token.")
		return
	case r.URL.Query().Get("appsecret_proof") != hex.EncodeToString(proof.Sum(nil)):
		x.refuses(w, "GraphMethodException", "API calls from the server require an appsecret_proof argument")
		return
	}
	x.mu.Lock()
	person := x.people[who.(string)]
	x.mu.Unlock()
	out := values{"id": person["id"]} // what was not asked for is not told
	for _, field := range strings.Split(r.URL.Query().Get("fields"), ",") {
		if v, ok := person[field]; ok {
			out[field] = v
		}
	}
	answerJSON(w, http.StatusOK, out)
}
