package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

const (
	appleTeam  = "ABCDE12345"
	appleKeyID = "KEY1234567"
	appleSite  = "https://appleid.apple.com"
)

// apple is Sign in with Apple as developer.apple.com/documentation/signinwithapplerestapi describes it: answers by form_post,
// a client secret that is a JWT of the .p8, the name in the very first answer only, addresses of the private relay.
type apple struct {
	*standIn
	p8    *ecdsa.PrivateKey
	named int // how often it told a name
}

func newApple(t *testing.T) *apple {
	base, mux := newStandIn(t, "Apple", "example.fernhill.shop")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	x := &apple{standIn: base, p8: key}
	mux.HandleFunc("/auth/authorize", x.asks)
	mux.HandleFunc("POST /auth/token", x.tells)
	mux.HandleFunc("/auth/keys", x.keys)
	return x
}

// isApple sets it up by the preset, with other addresses in place of Apple's.
func (x *apple) isApple(a *api) {
	der, err := x509.MarshalPKCS8PrivateKey(x.p8)
	if err != nil {
		x.t.Fatal(err)
	}
	x.joins(a, values{"@odata.type": "#microsoft.graph.appleManagedIdentityProvider", "developerId": appleTeam, "serviceId": x.clientID, "keyId": appleKeyID,
		"certificateData": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))},
		values{"authorizationUrl": x.srv.URL + "/auth/authorize", "tokenUrl": x.srv.URL + "/auth/token", "keysUrl": x.srv.URL + "/auth/keys"})
}

func (x *apple) asks(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if !x.asked(w, r, "name", "email") {
		return
	}
	if q.Get("response_mode") != "form_post" || q.Get("state") == "" || q.Get("nonce") == "" {
		x.wrong(w, http.StatusBadRequest, "who asks for name or email has to take the answer by form_post: "+r.URL.RawQuery)
		return
	}
	who, no := x.page(w, r)
	back := map[string]string{"state": q.Get("state")}
	switch {
	case no:
		back["error"] = "user_cancelled_authorize"
	case who != "":
		back["code"] = x.grant(who, q)
		if user := x.introduces(who); user != "" {
			back["user"] = user
		}
	default:
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = fmt.Fprintf(w, `<!doctype html><title>Apple</title><form method="post" action="%s">`, html.EscapeString(x.redirect))
	for name, value := range back {
		_, _ = fmt.Fprintf(w, `<input type="hidden" name="%s" value="%s">`, name, html.EscapeString(value))
	}
	_, _ = fmt.Fprint(w, `</form><script>document.forms[0].submit()</script>`)
}

// introduces tells somebody's name: once, when they use the app for the first time.
func (x *apple) introduces(who string) string {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.known[who] {
		return ""
	}
	x.known[who] = true
	x.named++
	p := x.people[who]
	text, _ := json.Marshal(values{"name": values{"firstName": p["first"], "lastName": p["last"]}, "email": p["email"]})
	return string(text)
}

// badSecret says what is wrong with a client secret; "" = nothing.
func (x *apple) badSecret(raw string) string {
	token, err := jwt.ParseSigned(raw, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return "not a JWT by ES256: " + err.Error()
	}
	var c jwt.Claims
	if err := token.Claims(x.p8.Public(), &c); err != nil {
		return "not signed by the .p8: " + err.Error()
	}
	now := time.Now()
	switch {
	case token.Headers[0].KeyID != appleKeyID:
		return "kid is not the key's id"
	case c.Issuer != appleTeam || c.Subject != x.clientID || !slices.Equal(c.Audience, jwt.Audience{appleSite}):
		return fmt.Sprintf("iss, sub or aud: %+v", c)
	case c.IssuedAt == nil || c.Expiry == nil || c.IssuedAt.Time().After(now.Add(time.Minute)) || !c.Expiry.Time().After(now):
		return "iat or exp"
	case c.Expiry.Time().After(now.Add(15777000 * time.Second)): // six months, in Apple's words
		return "it lasts longer than six months"
	}
	return ""
}

func (x *apple) tells(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	if why := x.badSecret(r.PostForm.Get("client_secret")); why != "" {
		x.wrong(w, http.StatusBadRequest, "the client secret: "+why)
		return
	}
	g, person, ok := x.redeem(w, r.PostForm)
	if !ok {
		return
	}
	access := rand.Text()
	// Booleans are texts there.
	answerJSON(w, http.StatusOK, values{"access_token": access, "token_type": "Bearer", "expires_in": 3600, "refresh_token": rand.Text(), "id_token": x.idToken(values{
		"iss": appleSite, "aud": x.clientID, "sub": person["sub"], "nonce": g.asked.Get("nonce"), "nonce_supported": true, "auth_time": time.Now().Unix(),
		"email": person["email"], "email_verified": "true", "is_private_email": "true"}, access)})
}
