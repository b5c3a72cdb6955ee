package e2e

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/xml"
	"fmt"
	"html"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/crewjam/saml"
)

// directory is a company whose directory speaks SAML 2.0 by a library that nobody here wrote. Its page asks who is there,
// and believes it.
type directory struct {
	t   *testing.T
	srv *httptest.Server
	idp saml.IdentityProvider
	us  *saml.EntityDescriptor
	id  string // of the identity provider in Portico
}

func newDirectory(t *testing.T, port int) *directory {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "quay"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(1000 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	d := &directory{t: t}
	at := func(path string) url.URL {
		return url.URL{Scheme: "http", Host: fmt.Sprintf("localhost:%d", port), Path: path}
	}
	d.idp = saml.IdentityProvider{Key: crypto.PrivateKey(key), Certificate: cert, Logger: log.New(io.Discard, "", 0), MetadataURL: at("/metadata"), SSOURL: at("/sso"), ServiceProviderProvider: d, SessionProvider: d,
		SignatureMethod: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"} // the library's own choice is SHA-1, which is refused
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	d.srv = httptest.NewUnstartedServer(d.idp.Handler())
	_ = d.srv.Listener.Close()
	d.srv.Listener = l
	d.srv.Start()
	t.Cleanup(d.srv.Close)
	return d
}

// GetServiceProvider knows us by our metadata, and nobody else.
func (d *directory) GetServiceProvider(_ *http.Request, id string) (*saml.EntityDescriptor, error) {
	if d.us == nil || d.us.EntityID != id {
		return nil, os.ErrNotExist
	}
	return d.us, nil
}

// GetSession is the company's sign-in page: a form that sends the request along again.
func (d *directory) GetSession(w http.ResponseWriter, r *http.Request, _ *saml.IdpAuthnRequest) *saml.Session {
	who := r.FormValue("login")
	if who == "" {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, `<!doctype html><title>Quay</title><form action="/sso"><p>Quay asks who you are</p>`)
		for name := range r.URL.Query() {
			_, _ = fmt.Fprintf(w, `<input type="hidden" name="%s" value="%s">`, html.EscapeString(name), html.EscapeString(r.URL.Query().Get(name)))
		}
		_, _ = fmt.Fprint(w, `<input name="login"><button>Sign in</button></form>`)
		return nil
	}
	return &saml.Session{ID: who, CreateTime: time.Now(), ExpireTime: time.Now().Add(time.Hour), Index: "s-" + who, NameID: who + "-4711", NameIDFormat: "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
		UserEmail: who + "@quay.example", UserCommonName: "Lena Berg", UserGivenName: "Lena", UserSurname: "Berg"}
}

// TestSignInBySAML: somebody signs in to an app of OpenID Connect by a directory that speaks SAML: signed request,
// encrypted and signed assertion, our metadata read by the company and its metadata by us. What was signed by somebody
// else leads back to a page with the other ways.
func TestSignInBySAML(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	s := boot(t, fmt.Sprintf("PORTICO_OUTBOUND_ALLOW=localhost:%d", port))
	d := newDirectory(t, port)
	a := newAPI(t, s)
	made := a.call(http.MethodPost, "/v1.0/identity/identityProviders", values{"@odata.type": "#microsoft.graph.samlOrWsFedExternalDomainFederation", "displayName": "Quay",
		"issuerUri": d.idp.MetadataURL.String(), "metadataExchangeUri": d.idp.MetadataURL.String()})
	d.id = made["id"].(string)
	a.call(http.MethodPatch, "/v1.0/identity/identityProviders/"+d.id, values{"portico": values{"trustEmail": true, "saml": values{"signRequests": true, "requireEncryptedAssertions": true}}})
	a.offers(d.id)
	res, err := s.client(t).Get(s.base + "/" + party{t: t, base: s.base}.tenantID() + "/federation/" + d.id + "/metadata")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("our metadata: %d %v", res.StatusCode, err)
	}
	d.us = &saml.EntityDescriptor{}
	if err := xml.Unmarshal(body, d.us); err != nil {
		t.Fatalf("our metadata: %v\n%s", err, body)
	}

	b := openBrowser(t, s, "saml").phone()
	b.goTo(s.base + "/demo/market")
	b.press("#signup")
	b.vouchedBy(d, "lena")
	b.holds("input[autocomplete~=given-name]", "Lena")
	b.holds("input[autocomplete~=family-name]", "Berg")
	b.fillRest()
	b.sees("Hello, Lena")
	b.shot("signed-up")

	again := openBrowser(t, s, "saml-again").phone()
	again.goTo(s.base + "/demo/market")
	again.press("#signin")
	again.vouchedBy(d, "lena")
	again.maybeStay()
	again.sees("Hello, Lena")

	// Somebody else signs: the metadata still name the old certificate.
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	d.idp.Key = other
	forged := openBrowser(t, s, "saml-forged").phone()
	forged.goTo(s.base + "/demo/market")
	forged.press("#signin")
	forged.vouchedBy(d, "lena")
	forged.sees("We could not check what Quay answered")
	forged.shot("refused")
}

func (b *tab) vouchedBy(d *directory, who string) {
	b.t.Helper()
	b.press("button[name=provider][value='" + d.id + "']")
	b.sees("Quay asks who you are")
	b.typeInto("input[name=login]", who)
	b.press("button")
}
