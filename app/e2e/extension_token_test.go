package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// certificate makes the API a key of its own and gives the certificate that its registration shows.
func (c *crm) certificate(t testing.TB) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CRM"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	c.key = key
	return base64.StdEncoding.EncodeToString(der)
}

// submitted is what a question about a password holds, which only the API can read.
type submitted struct {
	Password string `json:"user-password"`
	UserName string `json:"username"`
	Nonce    string `json:"nonce"`
}

func (c *crm) opened(question values) (s submitted, err error) {
	data, _ := question["data"].(map[string]any)
	text, _ := data["encryptedPasswordContext"].(string)
	jwe, err := jose.ParseEncrypted(text, []jose.KeyAlgorithm{jose.RSA_OAEP_256}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		return s, err
	}
	plain, err := jwe.Decrypt(c.key)
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(plain, &s)
}

// TestAnAPIFromSignUpToToken is one customer's whole way with an API in another process, on both databases: fields that it
// filled in, its complaint beside one, what it corrected, and then its claim in the tokens. A second customer's password
// moves over from it.
func TestAnAPIFromSignUpToToken(t *testing.T) {
	t.Parallel()
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			settings := []string{}
			if engine == "postgres" {
				settings = append(settings, "DATABASE_URL="+scratchPostgres(t))
			}
			fromSignUpToToken(t, engine, settings...)
		})
	}
}

func fromSignUpToToken(t *testing.T, engine string, settings ...string) {
	const start, submit, issue, migrate = "onAttributeCollectionStart", "onAttributeCollectionSubmit", "onTokenIssuanceStart", "onPasswordSubmit"
	c := newCRM(t)
	u, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := boot(t, append(settings, "PORTICO_OUTBOUND_ALLOW="+u.Host)...)
	manage := newAPI(t, s)
	manage.withoutPolicies()
	manage.call(http.MethodPost, "/v1.0/identity/userFlowAttributes", values{"displayName": "toBeMigrated", "description": "The password is still kept by the former system", "dataType": "boolean"})
	manage.listens(c, start, submit, issue, migrate)
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "<title>Club</title><h1>Club</h1>") }))
	t.Cleanup(app.Close)
	p := manage.register("Club", strings.Replace(app.URL, "127.0.0.1", "localhost", 1)+"/callback", true)
	registered := manage.call(http.MethodGet, "/v1.0/applications?$filter="+url.QueryEscape("appId eq '"+p.clientID+"'"), nil)["value"].([]any)[0].(values)
	manage.call(http.MethodPatch, "/v1.0/applications/"+registered["id"].(string), values{"portico": values{"claims": []values{{"source": "customClaimsProvider", "id": "tier", "name": "loyalty_tier"}}}})

	c.says(start, `attributeCollectionStart.setPrefillValues","inputs":{"surname":"van Dijk"}`)
	c.says(submit, `attributeCollectionSubmit.showValidationError","message":"Please look again","attributeErrors":{"givenName":"Nobody is called that"}`)
	c.says(issue, `tokenIssuanceStart.provideClaimsForToken","claims":{"tier":"gold","secret":"not asked for"}`)
	given, family := "input[autocomplete~=given-name]", "input[autocomplete~=family-name]"
	b, seen := openBrowser(t, s, "own-api-token-"+engine).phone(), map[string]bool{}
	b.goTo(p.authorize("prompt=create"))
	b.questions("noor@example.com", seen)
	b.holds(family, "van Dijk")
	b.typeInto(given, "Noor")
	b.submit()
	b.sees("Please look again")
	b.sees("Nobody is called that")
	c.says(submit, `attributeCollectionSubmit.modifyAttributeValues","attributes":{"givenName":"Noortje"}`)
	b.fillRest()
	got, err := p.redeem(s.client(t), p.code(b.url()))
	if err != nil || got.IDToken == "" {
		t.Fatalf("%+v %v", got, err)
	}
	said := claims(t, got.IDToken)
	if said["loyalty_tier"] != "gold" || said["tier"] != nil || said["secret"] != nil || said["given_name"] != "Noortje" || said["family_name"] != "van Dijk" {
		t.Errorf("the ID token says %v", said)
	}
	c.says(issue, `tokenIssuanceStart.provideClaimsForToken","claims":{"tier":"platinum"}`)
	again, err := p.refresh(s.client(t), got.RefreshToken)
	if err != nil || again.IDToken == "" || claims(t, again.IDToken)["loyalty_tier"] != "platinum" {
		t.Errorf("after a refresh: %+v %v", again, err)
	}

	c.says(issue, "") // down: no token without it, and the reason by its number
	c.says(start, `attributeCollectionStart.continueWithDefaultBehavior"`)
	const moved, former = "mira@example.com", "what the former system knew"
	id := manage.person(moved, "")
	attributes := manage.call(http.MethodGet, "/v1.0/identity/userFlowAttributes", nil)["value"].([]any)
	for _, a := range attributes {
		if name := a.(values)["id"].(string); strings.HasSuffix(name, "toBeMigrated") {
			manage.call(http.MethodPatch, "/v1.0/users/"+id, values{name: true})
		}
	}
	c.says(migrate, `passwordSubmit.MigratePassword"`)
	var asked atomic.Int32
	c.adds(migrate, func(question values) string {
		asked.Add(1)
		in, err := c.opened(question)
		if err != nil || in.UserName != moved || in.Password != former {
			t.Errorf("asked about %q: %v", in.UserName, err)
		}
		return fmt.Sprintf(`"nonce":%q`, in.Nonce)
	})
	f := newFiller(t, s, moved, former)
	code := p.code(f.walk(p.authorize(), p.redirect))
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times about the password", n)
	}
	if got, err := p.redeem(s.client(t), code); err != nil || got.Status != http.StatusBadRequest || got.Error != "invalid_grant" { // the code is used up
		t.Errorf("while the API is down: %+v %v", got, err)
	}
	c.says(issue, `tokenIssuanceStart.provideClaimsForToken","claims":{}`)
	f = newFiller(t, s, moved, former)
	if got, err := p.redeem(s.client(t), p.code(f.walk(p.authorize(), p.redirect))); err != nil || got.IDToken == "" {
		t.Errorf("once it is back: %+v %v", got, err)
	}
	if asked.Load() != 1 {
		t.Error("asked about a password that has moved in")
	}
}
