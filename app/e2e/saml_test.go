package e2e

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/xml"
	"errors"
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
	"strings"
	"sync/atomic"
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

	byForm atomic.Bool // how it answers a sign-out
	left   chan string // whom it signed out
}

func newDirectory(t *testing.T) *directory {
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
	d := &directory{t: t, left: make(chan string, 8)}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	at := func(path string) url.URL {
		return url.URL{Scheme: "http", Host: fmt.Sprintf("localhost:%d", port), Path: path}
	}
	d.idp = saml.IdentityProvider{Key: crypto.PrivateKey(key), Certificate: cert, Logger: log.New(io.Discard, "", 0), MetadataURL: at("/metadata"), SSOURL: at("/sso"), ServiceProviderProvider: d, SessionProvider: d,
		SignatureMethod: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"} // the library's own choice is SHA-1, which is refused
	d.idp.LogoutURL = at("/slo")
	pages := http.NewServeMux()
	pages.Handle("/", d.idp.Handler())
	pages.HandleFunc("/slo", d.signOut)
	d.srv = httptest.NewUnstartedServer(pages)
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

// signOut takes our request to sign somebody out, signed over the very text of the address (SAML bindings §3.4.4.1), and
// answers by a redirect or by a form.
func (d *directory) signOut(w http.ResponseWriter, r *http.Request) {
	who, err := d.asked(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	d.left <- who.NameID.Value
	binding := saml.HTTPRedirectBinding
	if d.byForm.Load() {
		binding = saml.HTTPPostBinding
	}
	back := ""
	for _, e := range d.us.SPSSODescriptors[0].SingleLogoutServices {
		if e.Binding == binding {
			back = e.Location
		}
	}
	answer := saml.LogoutResponse{ID: "id-bye", InResponseTo: who.ID, Version: "2.0", IssueInstant: time.Now(), Destination: back, Issuer: &saml.Issuer{Value: d.idp.MetadataURL.String()},
		Status: saml.Status{StatusCode: saml.StatusCode{Value: saml.StatusSuccess}}}
	relay := r.URL.Query().Get("RelayState")
	if !d.byForm.Load() {
		http.Redirect(w, r, answer.Redirect(relay).String(), http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	_, _ = w.Write(answer.Post(relay))
}

func (d *directory) asked(r *http.Request) (saml.LogoutRequest, error) {
	var out saml.LogoutRequest
	text, _, signed := strings.Cut(r.URL.RawQuery, "&Signature=")
	signature, err := base64.StdEncoding.DecodeString(r.URL.Query().Get("Signature"))
	if err != nil || !signed {
		return out, errors.New("no signature")
	}
	for _, k := range d.us.SPSSODescriptors[0].KeyDescriptors {
		if k.Use != "signing" {
			continue
		}
		der, err := base64.StdEncoding.DecodeString(k.KeyInfo.X509Data.X509Certificates[0].Data)
		if err != nil {
			return out, err
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return out, err
		}
		if err := c.CheckSignature(x509.SHA256WithRSA, []byte(text), signature); err != nil {
			return out, err
		}
	}
	packed, err := base64.StdEncoding.DecodeString(r.URL.Query().Get("SAMLRequest"))
	if err != nil {
		return out, err
	}
	return out, xml.NewDecoder(flate.NewReader(bytes.NewReader(packed))).Decode(&out)
}

// newSAML is a Portico and a directory that know one another.
func newSAML(t *testing.T) (*server, *directory) {
	t.Helper()
	d := newDirectory(t)
	s := boot(t, "PORTICO_OUTBOUND_ALLOW="+d.idp.SSOURL.Host)
	a := newAPI(t, s)
	made := a.call(http.MethodPost, "/v1.0/identity/identityProviders", values{"@odata.type": "#microsoft.graph.samlOrWsFedExternalDomainFederation", "displayName": "Quay",
		"issuerUri": d.idp.MetadataURL.String(), "metadataExchangeUri": d.idp.MetadataURL.String()})
	d.id = made["id"].(string)
	a.call(http.MethodPatch, "/v1.0/identity/identityProviders/"+d.id, values{"portico": values{"trustEmail": true, "signOutUpstream": true, "saml": values{"signRequests": true, "requireEncryptedAssertions": true}}})
	a.offers(d.id)
	res, err := s.client(t).Get(d.at(s) + "/metadata")
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
	return s, d
}

// at is where our addresses for the directory begin.
func (d *directory) at(s *server) string {
	return s.base + "/" + party{t: d.t, base: s.base}.tenantID() + "/federation/" + d.id
}

// TestSignOutBySAML: an admin tries the directory first. Then somebody who came by it signs out of the app, there too, and
// comes back signed out, however the directory answers. It cannot sign anybody out here by itself.
func TestSignOutBySAML(t *testing.T) {
	t.Parallel()
	s, d := newSAML(t)
	ada := openBrowser(t, s, "saml-trial")
	ada.intoPortal("ada@fernhill.example")
	page := s.base + "/admin/t/fernhill/identity-providers/" + d.id
	ada.goTo(page)
	ada.shot("provider")
	ada.press("form[action$='/check'] button")
	ada.sees("The settings look right")
	ada.press("form[action$='/test'] button")
	ada.comesTo(d.idp.SSOURL.String()) // it goes on by itself
	ada.typeInto("input[name=login]", "ada")
	ada.press("button")
	ada.comesTo(page + "/test/")
	ada.sees("It works")
	ada.sees("ada-4711")
	ada.shot("tried")

	b := openBrowser(t, s, "saml-sign-out").phone()
	b.goTo(s.base + "/demo/market")
	b.press("#signup")
	b.vouchedBy(d, "lena")
	b.fillRest()
	b.sees("Hello, Lena")
	b.goTo(d.at(s) + "/signed-out?SAMLRequest=x")
	b.sees("We do not sign people out at somebody else’s request")
	b.shot("asked")
	for _, byForm := range []bool{false, true} {
		d.byForm.Store(byForm)
		b.goTo(s.base + "/demo/market")
		if b.has("#signin") {
			b.press("#signin")
			b.vouchedBy(d, "lena")
			b.maybeStay()
		}
		b.sees("Hello, Lena")
		b.press("#signout")
		eventually(t, 20*time.Second, "the way there and back", func() error {
			if !strings.Contains(b.words(), "You are signed out everywhere") {
				return fmt.Errorf("at %s:\n%s", b.url(), b.words())
			}
			return nil
		})
		select {
		case who := <-d.left:
			if who != "lena-4711" {
				t.Errorf("%s was signed out there", who)
			}
		default:
			t.Errorf("nobody was signed out there (answer by form: %t)", byForm)
		}
	}
}

// TestSignInBySAML: somebody signs in to an app of OpenID Connect by a directory that speaks SAML: signed request,
// encrypted and signed assertion, our metadata read by the company and its metadata by us. What was signed by somebody
// else leads back to a page with the other ways.
func TestSignInBySAML(t *testing.T) {
	t.Parallel()
	s, d := newSAML(t)

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
	b.comesTo(b.s.base) // by a form that sends itself on
}
