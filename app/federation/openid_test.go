package federation

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestARoundTrip(t *testing.T) {
	co := newCompany(t)
	way, a, err := co.roundTrip(round{provider: co.provider(), ask: Ask{LoginHint: "ann@corp.example", Locale: "de"}})
	if err != nil {
		t.Fatal(err)
	}
	to, _ := url.Parse(way.Redirect)
	q := to.Query()
	sum := sha256.Sum256([]byte(co.form.Get("code_verifier")))
	for name, want := range map[string]string{"response_type": "code", "client_id": "client-1", "redirect_uri": redirectURI, "scope": "openid profile email", "state": "att.state", "nonce": co.nonce,
		"code_challenge": base64.RawURLEncoding.EncodeToString(sum[:]), "code_challenge_method": "S256", "login_hint": "ann@corp.example", "ui_locales": "de", "brand": "x"} {
		if q.Get(name) != want {
			t.Errorf("asked with %s=%q, want %q", name, q.Get(name), want)
		}
	}
	if co.form.Get("redirect_uri") != redirectURI || co.form.Get("code") != "c-1" || co.form.Has("client_secret") || !strings.HasPrefix(co.header.Get("Authorization"), "Basic ") {
		t.Errorf("token request: %v", co.form)
	}
	id := a.Identity
	if id.Issuer != co.srv.URL || id.Subject != "s-1" || id.Email != "ann@corp.example" || !id.EmailVerified || id.Authoritative || id.MFA {
		t.Errorf("identity: %+v", id)
	}
	if fmt.Sprint(id.Attributes) != "map[displayName:Ann Lee givenName:Ann surname:Lee]" {
		t.Errorf("attributes: %v", id.Attributes)
	}
	text, _ := json.Marshal(a.Hops)
	for _, secret := range []string{"c-1", "at-1", "thirty-two", "Ann Lee", "ann@", co.nonce} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the hops tell %q: %s", secret, text)
		}
	}
	if _, _, err := co.roundTrip(round{provider: co.provider()}); err != nil || co.calls["/keys"] != 1 || co.calls[wellKnown] != 1 {
		t.Errorf("a second trip: %v, read again %v", err, co.calls)
	}
}

// TestAnswersThatAreNotOurs: state, provider, time and sender bind an answer to its departure.
func TestAnswersThatAreNotOurs(t *testing.T) {
	for name, c := range map[string]struct {
		values url.Values
		depart func(*Departure)
		meta   bool
		code   Code
		reason string
	}{
		"another state":            {values: url.Values{"state": {"att.other"}}, code: Invalid, reason: "state"},
		"no state":                 {values: url.Values{"state": {""}}, code: Invalid, reason: "state"},
		"no departure":             {depart: func(d *Departure) { *d = Departure{ProviderID: "p1"} }, values: url.Values{"state": {""}}, code: Invalid, reason: "state"},
		"state twice":              {values: url.Values{"state": {"att.state", "att.state"}}, code: Invalid, reason: "more than once"},
		"code twice":               {values: url.Values{"code": {"a", "b"}}, code: Invalid, reason: "more than once"},
		"another provider":         {depart: func(d *Departure) { d.ProviderID = "p2" }, code: Invalid, reason: "another provider"},
		"too late":                 {depart: func(d *Departure) { d.At = d.At.Add(-11 * time.Minute) }, code: Invalid, reason: "10 minutes"},
		"no code":                  {values: url.Values{"code": {""}}, code: Invalid, reason: "neither a code"},
		"another sender":           {values: url.Values{"iss": {"https://evil.example"}}, code: Invalid, reason: "evil.example"},
		"sender promised, missing": {meta: true, code: Invalid, reason: "promises"},
		"cancelled":                {values: url.Values{"error": {"access_denied"}}, code: Cancelled, reason: "access_denied"},
		"error":                    {values: url.Values{"error": {"server_error"}, "error_description": {"line\none\x00"}}, code: Declined, reason: "server_error: line one"},
		"wrong client":             {values: url.Values{"error": {"unauthorized_client"}}, code: SetUp, reason: "unauthorized_client"},
		"error of another state":   {values: url.Values{"error": {"access_denied"}, "state": {"x"}}, code: Invalid, reason: "state"},
	} {
		t.Run(name, func(t *testing.T) {
			co := newCompany(t)
			co.metadata["authorization_response_iss_parameter_supported"] = c.meta
			_, _, err := co.roundTrip(round{provider: co.provider(), values: c.values, depart: c.depart})
			refusalOf(t, err, c.code, c.reason)
			if co.calls["/token"] != 0 {
				t.Error("the code was sent on")
			}
		})
	}
	co := newCompany(t)
	co.metadata["authorization_response_iss_parameter_supported"] = true
	if _, _, err := co.roundTrip(round{provider: co.provider(), values: url.Values{"iss": {co.srv.URL}}}); err != nil {
		t.Error(err)
	}
}

// TestIDTokensThatDoNotHold (OpenID Connect Core §3.1.3.7).
func TestIDTokensThatDoNotHold(t *testing.T) {
	at := func(d time.Duration) int64 { return testNow.Add(d).Unix() }
	set := func(name string, v any) func(map[string]any) { return func(c map[string]any) { c[name] = v } }
	without := func(name string) func(map[string]any) { return func(c map[string]any) { delete(c, name) } }
	for name, c := range map[string]struct {
		claims func(map[string]any)
		fresh  bool
		reason string // "" = it holds
	}{
		"another issuer":                  {claims: set("iss", "https://evil.example"), reason: "“https://evil.example”; expected was"},
		"issuer with a slash":             {claims: func(c map[string]any) { c["iss"] = c["iss"].(string) + "/" }, reason: "expected was"},
		"no issuer":                       {claims: without("iss"), reason: "expected was"},
		"another audience":                {claims: set("aud", "client-2"), reason: "client-2"},
		"no audience":                     {claims: without("aud"), reason: "not for this client"},
		"ours and azp another's":          {claims: set("azp", "client-2"), reason: "azp"},
		"two audiences, no azp":           {claims: set("aud", []string{"client-1", "client-2"}), reason: "azp"},
		"two audiences, ours in azp":      {claims: func(c map[string]any) { c["aud"], c["azp"] = []string{"client-1", "x"}, "client-1" }},
		"azp that is no text":             {claims: set("azp", 7), reason: "azp"},
		"expired":                         {claims: set("exp", at(-3*time.Minute)), reason: "expired at 11:57:00"},
		"expired within the skew":         {claims: set("exp", at(-2*time.Minute))},
		"no expiry":                       {claims: without("exp"), reason: "exp"},
		"expiry as text":                  {claims: set("exp", "tomorrow"), reason: "exp"},
		"issued in the future":            {claims: set("iat", at(4*time.Minute)), reason: "future"},
		"issued within the skew":          {claims: set("iat", at(2*time.Minute))},
		"not issued":                      {claims: without("iat"), reason: "iat"},
		"not valid yet":                   {claims: set("nbf", at(4*time.Minute)), reason: "not valid before"},
		"another nonce":                   {claims: set("nonce", "x"), reason: "nonce"},
		"no nonce":                        {claims: without("nonce"), reason: "nonce"},
		"no subject":                      {claims: without("sub"), reason: "names nobody"},
		"empty subject":                   {claims: set("sub", " "), reason: "names nobody"},
		"subject that is a number":        {claims: set("sub", 7), reason: "names nobody"},
		"subject of 256 characters":       {claims: set("sub", string(big(256))), reason: "255"},
		"at_hash of another token":        {claims: set("at_hash", "x"), reason: "at_hash"},
		"at_hash that fits":               {claims: set("at_hash", hashOf(jose.ES256, "at-1"))},
		"fresh, and it was long ago":      {fresh: true, claims: set("auth_time", at(-time.Hour)), reason: "the last one was at 11:00:00"},
		"fresh, and it does not say when": {fresh: true, reason: "auth_time"},
		"fresh":                           {fresh: true, claims: set("auth_time", at(0))},
	} {
		t.Run(name, func(t *testing.T) {
			co := newCompany(t)
			co.claims = c.claims
			_, _, err := co.roundTrip(round{provider: co.provider(), ask: Ask{Fresh: c.fresh}})
			if c.reason == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			refusalOf(t, err, Invalid, c.reason)
		})
	}
}

// TestSignatures: the algorithm is pinned, the key is one that the provider publishes.
func TestSignatures(t *testing.T) {
	rs, other, ed := rsaKey(t), rsaKey(t), edKey(t)
	key := func(k any, id, alg, use string) jose.JSONWebKey {
		return jose.JSONWebKey{Key: k, KeyID: id, Algorithm: alg, Use: use}
	}
	for name, c := range map[string]struct {
		sign   jose.SigningKey
		kid    string
		keys   []jose.JSONWebKey
		raw    func(string) string
		reason string
	}{
		"RS256":                    {sign: jose.SigningKey{Algorithm: jose.RS256, Key: rs}, kid: "a", keys: []jose.JSONWebKey{key(rs.Public(), "a", "RS256", "sig")}},
		"PS256":                    {sign: jose.SigningKey{Algorithm: jose.PS256, Key: rs}, kid: "a", keys: []jose.JSONWebKey{key(rs.Public(), "a", "", "")}},
		"EdDSA":                    {sign: jose.SigningKey{Algorithm: jose.EdDSA, Key: ed}, kid: "a", keys: []jose.JSONWebKey{key(ed.Public(), "a", "", "")}},
		"no key id, two keys":      {sign: jose.SigningKey{Algorithm: jose.RS256, Key: rs}, keys: []jose.JSONWebKey{key(other.Public(), "b", "", ""), key(rs.Public(), "a", "", "")}},
		"HS256":                    {sign: jose.SigningKey{Algorithm: jose.HS256, Key: []byte("a secret of more than thirty-two characters")}, kid: "a", keys: []jose.JSONWebKey{key(rs.Public(), "a", "", "")}, reason: "algorithm"},
		"RS384":                    {sign: jose.SigningKey{Algorithm: jose.RS384, Key: rs}, kid: "a", keys: []jose.JSONWebKey{key(rs.Public(), "a", "", "")}, reason: "algorithm"},
		"another key of that name": {sign: jose.SigningKey{Algorithm: jose.RS256, Key: other}, kid: "a", keys: []jose.JSONWebKey{key(rs.Public(), "a", "", "")}, reason: "does not fit"},
		"a key for another alg":    {sign: jose.SigningKey{Algorithm: jose.PS256, Key: rs}, kid: "a", keys: []jose.JSONWebKey{key(rs.Public(), "a", "RS256", "sig")}, reason: "does not publish"},
		"a key for encryption":     {sign: jose.SigningKey{Algorithm: jose.RS256, Key: rs}, kid: "a", keys: []jose.JSONWebKey{key(rs.Public(), "a", "", "enc")}, reason: "does not publish"},
		"no key":                   {sign: jose.SigningKey{Algorithm: jose.RS256, Key: rs}, kid: "a", reason: "no key"},
		"none": {sign: jose.SigningKey{Algorithm: jose.RS256, Key: rs}, kid: "a", keys: []jose.JSONWebKey{key(rs.Public(), "a", "", "")}, reason: "algorithm", raw: func(s string) string {
			return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none"}`)) + "." + strings.Split(s, ".")[1] + "."
		}},
		"changed claims": {sign: jose.SigningKey{Algorithm: jose.RS256, Key: rs}, kid: "a", keys: []jose.JSONWebKey{key(rs.Public(), "a", "", "")}, reason: "does not fit", raw: func(s string) string {
			parts := strings.Split(s, ".")
			body, _ := base64.RawURLEncoding.DecodeString(parts[1])
			return parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(strings.Replace(string(body), "s-1", "s-2", 1))) + "." + parts[2]
		}},
		"no id_token": {sign: jose.SigningKey{Algorithm: jose.RS256, Key: rs}, kid: "a", raw: func(string) string { return "" }, reason: "no id_token"},
		"not a token": {sign: jose.SigningKey{Algorithm: jose.RS256, Key: rs}, kid: "a", raw: func(string) string { return "a.b" }, reason: "not a signed JWT"},
	} {
		t.Run(name, func(t *testing.T) {
			co := newCompany(t)
			co.signer, co.kid, co.keys, co.raw = c.sign, c.kid, c.keys, c.raw
			_, _, err := co.roundTrip(round{provider: co.provider()})
			if c.reason == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			want := Invalid
			if c.reason == "no key" {
				want = Unreachable
			}
			refusalOf(t, err, want, c.reason)
		})
	}
}

func TestClaimsThatComeTwiceAreRefused(t *testing.T) {
	co := newCompany(t)
	co.raw = func(string) string {
		return co.sign([]byte(fmt.Sprintf(`{"iss":%q,"aud":"client-1","sub":"victim","sub":"s-1","nonce":%q,"iat":%d,"exp":%d}`, co.srv.URL, co.nonce, testNow.Unix(), testNow.Unix()+60)))
	}
	_, _, err := co.roundTrip(round{provider: co.provider()})
	refusalOf(t, err, Invalid, "cannot be read")
}

// TestANewKey is found at once, but made-up key ids do not make us read the keys more than once a minute.
func TestANewKey(t *testing.T) {
	co := newCompany(t)
	trip := func() error { _, _, err := co.roundTrip(round{provider: co.provider()}); return err }
	if err := trip(); err != nil {
		t.Fatal(err)
	}
	co.now = co.now.Add(2 * time.Minute)
	next := rsaKey(t)
	co.signer, co.kid = jose.SigningKey{Algorithm: jose.RS256, Key: next}, "k2"
	co.keys = append(co.keys, jose.JSONWebKey{Key: next.Public(), KeyID: "k2"})
	if err := trip(); err != nil || co.calls["/keys"] != 2 {
		t.Fatalf("%v after %d readings", err, co.calls["/keys"])
	}
	for range 5 {
		co.kid = "made-up"
		refusalOf(t, trip(), Invalid, "does not publish")
	}
	if co.calls["/keys"] != 2 {
		t.Errorf("read %d times", co.calls["/keys"])
	}
	co.now = co.now.Add(61 * time.Second)
	refusalOf(t, trip(), Invalid, "does not publish")
	if co.calls["/keys"] != 3 {
		t.Errorf("read %d times a minute later", co.calls["/keys"])
	}
}

// TestANewKeyOfTheSameName: a provider that changes its key and keeps the id is read again, too.
func TestANewKeyOfTheSameName(t *testing.T) {
	co := newCompany(t)
	trip := func() error { _, _, err := co.roundTrip(round{provider: co.provider()}); return err }
	if err := trip(); err != nil {
		t.Fatal(err)
	}
	next := rsaKey(t)
	co.signer, co.kid = jose.SigningKey{Algorithm: jose.RS256, Key: next}, "k1"
	co.keys = []jose.JSONWebKey{{Key: next.Public(), KeyID: "k1"}}
	co.now = co.now.Add(2 * time.Minute)
	if err := trip(); err != nil {
		t.Error(err)
	}
}

// TestKeysOutliveTheProvidersTrouble: what was read serves for a day while it cannot be read again.
func TestKeysOutliveTheProvidersTrouble(t *testing.T) {
	co := newCompany(t)
	trip := func() error { _, _, err := co.roundTrip(round{provider: co.provider()}); return err }
	if err := trip(); err != nil {
		t.Fatal(err)
	}
	broken := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }
	co.pages["/keys"], co.pages[wellKnown] = broken, broken
	co.now = co.now.Add(2 * time.Hour)
	if err := trip(); err != nil {
		t.Errorf("two hours later: %v", err)
	}
	co.now = co.now.Add(23 * time.Hour)
	refusalOf(t, trip(), Unreachable, "503")
}

// TestAnswersThatAreNoAnswers: down, slow, a web page, too large, an error.
func TestAnswersThatAreNoAnswers(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		code   Code
		reason string
	}{
		"a web page":        {200, "<html>Please sign in to the proxy", Unreachable, "web page (HTML)"},
		"not JSON":          {200, "access_token=x", Unreachable, "not proper JSON"},
		"more than 1 MB":    {200, `{"id_token":"` + string(big(1<<20)) + `"}`, Unreachable, "1 MB"},
		"down":              {503, "{}", Unreachable, "503"},
		"elsewhere":         {302, "", Unreachable, "redirects are not followed"},
		"a wrong secret":    {401, `{"error":"invalid_client","error_description":"AADSTS7000215"}`, SetUp, "invalid_client: AADSTS7000215"},
		"a used code":       {400, `{"error":"invalid_grant"}`, Declined, "invalid_grant"},
		"an error as 200":   {200, `{"error":"bad_verification_code"}`, Declined, "bad_verification_code"},
		"an error object":   {400, `{"error":{"type":"OAuthException","message":"Bad <b>"}}`, Declined, "OAuthException: Bad <b>"},
		"refused in no way": {403, `{}`, Declined, "403"},
		"empty":             {200, `{}`, Invalid, "no id_token"},
	} {
		t.Run(name, func(t *testing.T) {
			co := newCompany(t)
			co.token = func(url.Values, *http.Request) (int, string) { return c.status, c.body }
			_, _, err := co.roundTrip(round{provider: co.provider()})
			refusalOf(t, err, c.code, c.reason)
		})
	}
	t.Run("gone", func(t *testing.T) {
		co := newCompany(t)
		p := co.provider()
		p.AuthorizationURL, p.TokenURL, p.KeysURL, p.Discovery = co.srv.URL+"/authorize", "https://127.0.0.1:1/token", co.srv.URL+"/keys", ""
		_, _, err := co.roundTrip(round{provider: p})
		refusalOf(t, err, Unreachable, "127.0.0.1:1 cannot be reached")
	})
	t.Run("slow", func(t *testing.T) {
		co := newCompany(t)
		co.pages["/token"] = func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.ReadAll(r.Body) // else the server does not notice that nobody waits any more
			<-r.Context().Done()
		}
		x, _ := Connect(OpenID)
		n := co.net()
		n.Client.Timeout = 50 * time.Millisecond
		p := co.provider()
		p.AuthorizationURL, p.TokenURL, p.KeysURL, p.Discovery = co.srv.URL+"/authorize", co.srv.URL+"/token", co.srv.URL+"/keys", ""
		_, err := x.Finish(t.Context(), n, p, Secrets{}, Answer{Values: url.Values{"code": {"c"}, "state": {"s"}}, Departure: Departure{ProviderID: "p1", State: "s", At: co.now}})
		refusalOf(t, err, Unreachable, "did not answer in time")
	})
	t.Run("inside", func(t *testing.T) {
		co := newCompany(t)
		p := co.provider()
		p.AuthorizationURL, p.TokenURL, p.KeysURL, p.Discovery = co.srv.URL+"/authorize", "https://169.254.169.254/token", co.srv.URL+"/keys", ""
		_, _, err := co.roundTrip(round{provider: p})
		refusalOf(t, err, SetUp, "may not be called from here")
	})
}

func TestMetadata(t *testing.T) {
	for name, c := range map[string]struct {
		edit   func(co *company)
		code   Code
		reason string
	}{
		"of another issuer":      {func(co *company) { co.metadata["issuer"] = "https://evil.example" }, SetUp, "“https://evil.example”; expected was"},
		"without token endpoint": {func(co *company) { delete(co.metadata, "token_endpoint") }, SetUp, "token_endpoint"},
		"without keys":           {func(co *company) { delete(co.metadata, "jwks_uri") }, SetUp, "jwks_uri"},
		"sends to a script":      {func(co *company) { co.metadata["authorization_endpoint"] = "javascript:alert(1)" }, SetUp, "no address to send people to"},
		"sends to plain http":    {func(co *company) { co.metadata["authorization_endpoint"] = "http://corp.example/a" }, SetUp, "no address to send people to"},
		"not there":              {func(co *company) { co.pages[wellKnown] = http.NotFound }, Unreachable, "404"},
	} {
		t.Run(name, func(t *testing.T) {
			co := newCompany(t)
			c.edit(co)
			_, _, err := co.roundTrip(round{provider: co.provider()})
			refusalOf(t, err, c.code, c.reason)
		})
	}
}

func TestUserInfo(t *testing.T) {
	bare := func(c map[string]any) {
		for _, n := range []string{"email", "name", "email_verified"} {
			delete(c, n)
		}
	}
	co := newCompany(t)
	co.metadata["userinfo_endpoint"] = co.srv.URL + "/userinfo"
	co.claims = bare
	co.userinfo = map[string]any{"sub": "s-1", "email": "ann@corp.example", "email_verified": "true", "name": "Ann", "amr": []string{"mfa"}}
	p := co.provider()
	p.TrustMFA = true
	_, a, err := co.roundTrip(round{provider: p})
	if err != nil || a.Identity.Email != "ann@corp.example" || !a.Identity.EmailVerified || a.Identity.Attributes["displayName"] != "Ann" {
		t.Errorf("%v %+v", err, a.Identity)
	}
	if a.Identity.MFA {
		t.Error("userinfo, which is not signed, showed a second factor")
	}
	co.userinfo = map[string]any{"sub": "s-2", "email": "victim@corp.example", "email_verified": true}
	_, _, err = co.roundTrip(round{provider: co.provider()})
	refusalOf(t, err, Invalid, "another person")

	// The word about an address and the address come from one place.
	co.claims = func(c map[string]any) { bare(c); c["email"] = "ann@corp.example" }
	co.userinfo = map[string]any{"sub": "s-1", "email": "other@corp.example", "email_verified": true}
	if _, a, err = co.roundTrip(round{provider: co.provider()}); err != nil || a.Identity.Email != "ann@corp.example" || a.Identity.EmailVerified {
		t.Errorf("%v %+v", err, a.Identity)
	}
	co.pages["/userinfo"] = http.NotFound
	if _, _, err = co.roundTrip(round{provider: co.provider()}); err != nil {
		t.Errorf("userinfo does not work: %v", err)
	}
}

func TestClientAuthentication(t *testing.T) {
	secret := "a secret of more than thirty-two characters"
	for name, c := range map[string]struct {
		auth    ClientAuth
		offers  []string
		secrets Secrets
		want    func(f url.Values, h http.Header) bool
	}{
		"basic by default": {secrets: Secrets{Client: "a:b c"}, want: func(f url.Values, h http.Header) bool {
			return h.Get("Authorization") == "Basic Y2xpZW50LTE6YSUzQWIrYw=="
		}},
		"post when only it works": {secrets: Secrets{Client: secret}, offers: []string{"client_secret_post"}, want: func(f url.Values, h http.Header) bool {
			return f.Get("client_secret") == secret && h.Get("Authorization") == ""
		}},
		"set": {auth: SecretPost, secrets: Secrets{Client: secret}, want: func(f url.Values, _ http.Header) bool { return f.Get("client_secret") == secret }},
		"jwt": {auth: SecretJWT, secrets: Secrets{Client: secret}, want: func(f url.Values, _ http.Header) bool { return assertionHolds(f, jose.HS256, []byte(secret)) }},
		"none": {auth: NoSecret, secrets: Secrets{Client: secret}, want: func(f url.Values, h http.Header) bool {
			return f.Get("client_id") == "client-1" && !f.Has("client_secret") && f.Get("code_verifier") != ""
		}},
	} {
		t.Run(name, func(t *testing.T) {
			co := newCompany(t)
			if c.offers != nil {
				co.metadata["token_endpoint_auth_methods_supported"] = c.offers
			}
			p := co.provider()
			p.ClientAuth = c.auth
			if _, _, err := co.roundTrip(round{provider: p, secrets: c.secrets}); err != nil || !c.want(co.form, co.header) {
				t.Errorf("%v %v %v", err, co.form, co.header)
			}
		})
	}
	t.Run("private key", func(t *testing.T) {
		co := newCompany(t)
		key := rsaKey(t)
		p := co.provider()
		p.ClientAuth = PrivateKeyJWT
		if _, _, err := co.roundTrip(round{provider: p, secrets: Secrets{Key: key, KeyID: "us"}}); err != nil || !assertionHolds(co.form, jose.RS256, key.Public()) {
			t.Errorf("%v %v", err, co.form)
		}
		_, _, err := co.roundTrip(round{provider: p, secrets: Secrets{Client: "x"}})
		refusalOf(t, err, SetUp, "no private key")
	})
}

func assertionHolds(f url.Values, alg jose.SignatureAlgorithm, key any) bool {
	j, err := jose.ParseSigned(f.Get("client_assertion"), []jose.SignatureAlgorithm{alg})
	if err != nil {
		return false
	}
	body, err := j.Verify(key)
	var c struct{ Iss, Sub, Jti string }
	_ = json.Unmarshal(body, &c)
	return err == nil && c.Iss == "client-1" && c.Sub == "client-1" && c.Jti != "" && strings.HasSuffix(f.Get("client_assertion_type"), "jwt-bearer") && !f.Has("client_secret")
}

func TestWhatAWordIsWorth(t *testing.T) {
	for name, c := range map[string]struct {
		edit                    func(p *Provider)
		claims                  map[string]any
		email                   string
		verified, authoritative bool
		mfa                     bool
	}{
		"unsaid":                                  {claims: map[string]any{"email_verified": nil}, email: "ann@corp.example"},
		"no":                                      {claims: map[string]any{"email_verified": "false"}, email: "ann@corp.example"},
		"yes as text":                             {claims: map[string]any{"email_verified": "true"}, email: "ann@corp.example", verified: true},
		"trusted":                                 {edit: func(p *Provider) { p.TrustEmail = true }, claims: map[string]any{"email_verified": nil}, email: "ann@corp.example", verified: true},
		"its own domain":                          {edit: func(p *Provider) { p.Authoritative = []string{"corp.example"} }, email: "ann@corp.example", verified: true, authoritative: true},
		"its own domain, not verified":            {edit: func(p *Provider) { p.Authoritative = []string{"corp.example"} }, claims: map[string]any{"email_verified": false}, email: "ann@corp.example"},
		"another domain":                          {edit: func(p *Provider) { p.Authoritative = []string{"corp.example"} }, claims: map[string]any{"email": "x@other.example"}, email: "x@other.example", verified: true},
		"below its domain":                        {edit: func(p *Provider) { p.Authoritative = []string{"corp.example"} }, claims: map[string]any{"email": "x@sub.corp.example"}, email: "x@sub.corp.example", verified: true},
		"its own domain in capitals":              {edit: func(p *Provider) { p.Authoritative = []string{"corp.example"} }, claims: map[string]any{"email": "Ann@CORP.example"}, email: "Ann@CORP.example", verified: true, authoritative: true},
		"taken from another claim":                {edit: func(p *Provider) { p.Claims = map[string]string{"email": "upn"} }, claims: map[string]any{"upn": "admin@corp.example"}, email: "admin@corp.example"},
		"from another claim with its own word":    {edit: func(p *Provider) { p.Claims = map[string]string{"email": "upn", "emailVerified": "upn_ok"} }, claims: map[string]any{"upn": "a@corp.example", "upn_ok": true}, email: "a@corp.example", verified: true},
		"no address at all":                       {claims: map[string]any{"email": "corp.example"}},
		"two addresses in one":                    {claims: map[string]any{"email": "a@corp.example,b@corp.example"}},
		"an address with a line break":            {claims: map[string]any{"email": "a@corp.example\r\nBcc: x"}},
		"a list":                                  {claims: map[string]any{"email": []string{"a@corp.example"}}},
		"a second factor, not trusted":            {claims: map[string]any{"amr": []string{"pwd", "mfa"}}, email: "ann@corp.example", verified: true},
		"a second factor, trusted":                {edit: func(p *Provider) { p.TrustMFA = true }, claims: map[string]any{"amr": []string{"pwd", "mfa"}}, email: "ann@corp.example", verified: true, mfa: true},
		"a code alone is no second factor":        {edit: func(p *Provider) { p.TrustMFA = true }, claims: map[string]any{"amr": []string{"otp"}}, email: "ann@corp.example", verified: true},
		"a context that the admin named, trusted": {edit: func(p *Provider) { p.TrustMFA, p.MFAValues = true, []string{"gold"} }, claims: map[string]any{"acr": "gold"}, email: "ann@corp.example", verified: true, mfa: true},
	} {
		t.Run(name, func(t *testing.T) {
			co := newCompany(t)
			co.claims = func(m map[string]any) {
				for k, v := range c.claims {
					m[k] = v
				}
			}
			p := co.provider()
			if c.edit != nil {
				c.edit(&p)
			}
			_, a, err := co.roundTrip(round{provider: p})
			if err != nil {
				t.Fatal(err)
			}
			if id := a.Identity; id.Email != c.email || id.EmailVerified != c.verified || id.Authoritative != c.authoritative || id.MFA != c.mfa {
				t.Errorf("got %q verified %v authoritative %v mfa %v", id.Email, id.EmailVerified, id.Authoritative, id.MFA)
			}
		})
	}
}

func TestMapping(t *testing.T) {
	co := newCompany(t)
	co.claims = func(c map[string]any) {
		c["address"] = map[string]any{"locality": "Utrecht", "country": 7}
		c["https://corp.example/job.title"] = "Baker"
		c["given_name"] = string(big(2000))
		c["family_name"] = "Lee\x00"
	}
	p := co.provider()
	p.Claims = map[string]string{"jobTitle": "https://corp.example/job.title"}
	_, a, err := co.roundTrip(round{provider: p})
	if want := "map[city:Utrecht country:7 displayName:Ann Lee jobTitle:Baker]"; err != nil || fmt.Sprint(a.Identity.Attributes) != want {
		t.Errorf("%v %v, want %s", err, a.Identity.Attributes, want)
	}
}
