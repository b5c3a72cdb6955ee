package e2e

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// certificateFor writes a self-signed certificate for some names and its key, as an operator's proxy would hold one.
func certificateFor(t testing.TB, dir string, names ...string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: names[0]}, DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 0, 7),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, BasicConstraintsValid: true, IsCA: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// everywhere is an app for which every name leads to the program under test.
func (s *server) everywhere(t testing.TB) *http.Client {
	t.Helper()
	c := s.client(t)
	transport := c.Transport.(*http.Transport)
	transport.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	transport.DialContext = func(ctx context.Context, nw, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, nw, s.addr)
	}
	return c
}

// relyingPartyOf gives the relying-party id that a ceremony on the page names.
func (b *tab) relyingPartyOf() string {
	b.t.Helper()
	return evaluate[string](b, `(() => { const o = document.querySelector("[data-passkey]")?.dataset.options; if (!o) return "no options"; const p = JSON.parse(o); const k = p.publicKey || p; return k.rpId || (k.rp && k.rp.id) || "none"; })()`)
}

// TestATenantAtItsOwnHost signs a customer up and in with a passkey at the tenant's own host, in a browser: relying party,
// cookies, issuer and discovery are of that host, the passkey is of no use at the installation's address and says so, and
// that address is refused once the switch says so.
func TestATenantAtItsOwnHost(t *testing.T) {
	t.Parallel()
	const host, email = "login.company.example", "pau@example.com"
	dir := t.TempDir()
	cert, key := certificateFor(t, dir, "localhost", host)
	s := bootIn(t, dir, "PORTICO_TLS_CERT="+cert, "PORTICO_TLS_KEY="+key)
	_, port, _ := strings.Cut(s.addr, ":")
	own := "https://" + host + ":" + port
	a := newAPI(t, s)
	if made := a.call(http.MethodPost, "/v1.0/domains", values{"id": "Login.Company.Example.", "portico": values{"customUrlDomain": true}}); made["id"] != host || made["isVerified"] != true {
		t.Fatalf("added: %v", made)
	}
	const at = "/v1.0/domains/" + host
	reached := a.call(http.MethodPost, at+"/verify", nil)["portico"].(values)
	if reached["reachedDateTime"] == nil || reached["unreachedReason"] != "" {
		t.Fatalf("not reached: %v", reached)
	}
	for _, f := range a.call(http.MethodGet, "/v1.0/identity/authenticationEventsFlows", nil)["value"].([]any) {
		if flow := f.(values); flow["displayName"] == "Shop and car" {
			a.call(http.MethodPatch, "/v1.0/identity/authenticationEventsFlows/"+flow["id"].(string), values{"@odata.type": flow["@odata.type"],
				"portico": values{"multifactorAuthentication": values{"enforcement": "conditional", "methods": []string{"fido2"}, "mayPostpone": true}}})
		}
	}
	p := a.register("At its own host", s.base+"/nowhere", true)
	home := p
	p.base = own
	app := s.everywhere(t)
	b := openBrowser(t, s, "own-host", host)
	b.passkeys()
	seen := map[string]bool{}
	walk := func(until string) {
		t.Helper()
		for range 14 {
			switch {
			case strings.HasPrefix(b.url(), until) && !strings.Contains(b.url(), "/signin/"):
				return
			case b.has("form[data-passkey=create] [data-passkey-button]"):
				if id := b.relyingPartyOf(); id != host {
					t.Errorf("the passkey is made for %q", id)
				}
				b.press("[data-passkey-button]")
			case b.has(codeBox):
				b.typeInto(codeBox, b.code(email, seen))
				b.submit()
			case b.has(newPasswordBox):
				b.typeInto(newPasswordBox, password)
				b.submit()
			case b.has("input[autocomplete~=given-name]"):
				b.typeInto("input[autocomplete~=given-name]", "Pau")
				b.typeInto("input[autocomplete~=family-name]", "Vidal")
				b.submit()
			case b.has("div.terms"):
				b.do("agree", chromedp.Click(chromedp.CSS("input[type=checkbox]")))
				b.submit()
			case b.has(emailBox) && !b.has(passwordBox):
				b.typeInto(emailBox, email)
				b.submit()
			case b.has(passwordBox):
				if b.has(emailBox) {
					b.typeInto(emailBox, email)
				}
				b.typeInto(passwordBox, password)
				b.submit()
			default:
				b.submit()
			}
		}
		t.Fatalf("never at %s: %s\n%s", until, b.url(), b.words())
	}
	b.goTo(p.authorize("prompt=create"))
	b.typeInto(emailBox, email)
	b.submit()
	walk(p.redirect)
	issuer := own + "/" + home.tenantID() + "/v2.0"
	redeemed := func() values {
		t.Helper()
		left := b.url()
		if u, err := url.Parse(left); err != nil || u.Query().Get("iss") != issuer {
			t.Errorf("left for %s", left)
		}
		got, err := p.redeem(app, p.code(left))
		if err != nil || got.IDToken == "" {
			t.Fatal(err, got.Description)
		}
		return claims(t, got.IDToken)
	}
	if iss := redeemed()["iss"]; iss != issuer {
		t.Errorf("the token's issuer is %v", iss)
	}

	// The passkey alone, in a stranger's browser at that host.
	b.forgetCookies()
	b.goTo(p.authorize())
	b.sees("Stay signed in?")
	walk(p.redirect)
	if refs, _ := redeemed()["amr"].([]any); len(refs) != 2 || refs[0] != "fido" {
		t.Errorf("amr is %v", refs)
	}
	cookies, err := chromedp.Call(b.ctx, network.GetCookies, network.GetCookiesParams{URLs: []string{own + "/", s.base + "/", "https://company.example:" + port + "/"}})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, c := range cookies.Cookies {
		if found++; c.Domain != host || !c.Secure || !c.HTTPOnly && !strings.Contains(c.Name, "language") {
			t.Errorf("cookie %s of %q, secure %v, http only %v", c.Name, c.Domain, c.Secure, c.HTTPOnly)
		}
	}
	if found == 0 {
		t.Error("no cookie was seen")
	}
	b.goTo(own + "/account/methods")
	b.sees("Passkey")
	if strings.Contains(b.words(), "Works only at") {
		t.Errorf("it works here:\n%s", b.words())
	}

	var document values
	res, err := app.Get(own + "/v2.0/.well-known/openid-configuration")
	status, text := read(t, res, err)
	if err := json.Unmarshal([]byte(text), &document); err != nil || status != 200 || document["issuer"] != issuer {
		t.Errorf("discovery: %d %v %.300s", status, err, text)
	}
	for name, value := range document {
		if address, ok := value.(string); ok && strings.HasPrefix(address, "http") && !strings.HasPrefix(address, own+"/") {
			t.Errorf("%s is %s", name, address)
		}
	}

	// At the installation's address they are strangers, and their passkey is of no use: the list says where it works, and
	// what wants it leads there and does not loop.
	b.suggests(false)
	b.goTo(s.base + "/fernhill/account/methods")
	walk(s.base + "/fernhill/account/methods")
	b.sees("Works only at " + host)
	b.accessible("elsewhere-listed")
	b.goTo(s.base + "/fernhill/account/methods/password")
	b.sees("Your passkey works at another address")
	b.accessible("elsewhere")
	b.press("main a.button--primary")
	if !strings.HasPrefix(b.url(), own+"/fernhill/") {
		t.Errorf("led to %s", b.url())
	}

	// Only at its own host.
	a.call(http.MethodPatch, at, values{"isDefault": true, "portico": values{"answersAtOwnHostsOnly": true}})
	for address, want := range map[string]int{s.base + "/fernhill/v2.0/.well-known/openid-configuration": 404, s.base + "/fernhill/account": 404, home.authorize(): 404,
		own + "/fernhill/v2.0/.well-known/openid-configuration": 200, s.base + "/admin": 303, own + "/admin": 404} {
		res, err := app.Get(address)
		if status, _ := read(t, res, err); status != want {
			t.Errorf("%s: %d, want %d", address, status, want)
		}
	}
}
