package federation

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	number "math/big"
	"net/url"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
	dsig "github.com/russellhaering/goxmldsig"

	"portico/app/outbound"
)

const (
	samlEntity0 = "https://idp.corp.example/saml"
	samlACS     = "https://id.example/t-1/federation/p-1/callback"
	samlUs      = "https://id.example/t-1/federation/p-1/metadata"
	samlRequest = "_request-1"
	samlRelay   = "a-1.state"
)

// signer is a key with its certificate.
type signer struct {
	key  crypto.Signer
	cert *x509.Certificate
}

func newSigner(t testing.TB, key crypto.Signer, from, to time.Time) signer {
	t.Helper()
	template := &x509.Certificate{SerialNumber: number.NewInt(1), Subject: pkix.Name{CommonName: "corp"}, NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return signer{key, c}
}

func inYears(n int) time.Time { return testNow.AddDate(n, 0, 0) }

// samlCorp is a company whose answers can be bent at every step.
type samlCorp struct {
	testing.TB
	signer  signer
	other   signer // a stranger's
	ours    *rsa.PrivateKey
	now     time.Time
	used    map[string]bool
	method  string                 // of signatures; "" = RSA-SHA256
	change  func(a *etree.Element) // the assertion, before it is signed
	after   func(r *etree.Element) // the response, after the assertion was signed
	signed  func(r *etree.Element) // and after everything
	text    func(xml string) string
	by      *signer // who signs; nil = signer
	noSign  bool    // the assertion is not signed
	whole   bool    // the response is signed
	seal    *x509.Certificate
	provide func(p *Provider)
	answer  func(a *Answer)
	cache   Cache
}

func newSAMLCorp(t testing.TB) *samlCorp {
	return &samlCorp{TB: t, signer: newSigner(t, ecKey(t), inYears(-1), inYears(1)), now: testNow, used: map[string]bool{}}
}

func node(parent *etree.Element, tag, text string, attrs ...string) *etree.Element {
	e := parent.CreateElement(tag)
	for i := 0; i < len(attrs); i += 2 {
		e.CreateAttr(attrs[i], attrs[i+1])
	}
	if text != "" {
		e.SetText(text)
	}
	return e
}

func stampOf(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// newAssertion is what a proper company says about Ann.
func (co *samlCorp) newAssertion(id string) *etree.Element {
	a := etree.NewElement("saml:Assertion")
	for _, kv := range [][2]string{{"xmlns:saml", nsAssertion}, {"ID", id}, {"Version", "2.0"}, {"IssueInstant", stampOf(co.now)}} {
		a.CreateAttr(kv[0], kv[1])
	}
	node(a, "saml:Issuer", samlEntity0)
	s := node(a, "saml:Subject", "")
	node(s, "saml:NameID", "ann-7", "Format", NamePersistent)
	node(node(s, "saml:SubjectConfirmation", "", "Method", "urn:oasis:names:tc:SAML:2.0:cm:bearer"), "saml:SubjectConfirmationData", "",
		"InResponseTo", samlRequest, "Recipient", samlACS, "NotOnOrAfter", stampOf(co.now.Add(5*time.Minute)))
	c := node(a, "saml:Conditions", "", "NotBefore", stampOf(co.now.Add(-time.Minute)), "NotOnOrAfter", stampOf(co.now.Add(5*time.Minute)))
	node(node(c, "saml:AudienceRestriction", ""), "saml:Audience", samlUs)
	at := node(a, "saml:AuthnStatement", "", "AuthnInstant", stampOf(co.now), "SessionIndex", "s-9")
	node(node(at, "saml:AuthnContext", ""), "saml:AuthnContextClassRef", "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport")
	list := node(a, "saml:AttributeStatement", "")
	for _, kv := range [][2]string{{"urn:oid:0.9.2342.19200300.100.1.3", "ann@corp.example"}, {"http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname", "Ann"}, {"lastName", "Lee"}} {
		node(node(list, "saml:Attribute", "", "Name", kv[0]), "saml:AttributeValue", kv[1])
	}
	return a
}

func (co *samlCorp) sign(e *etree.Element) *etree.Element {
	by := co.signer
	if co.by != nil {
		by = *co.by
	}
	ctx, err := dsig.NewSigningContext(by.key, [][]byte{by.cert.Raw})
	if err != nil {
		co.Fatal(err)
	}
	ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
	method := dsig.RSASHA256SignatureMethod
	if _, ok := by.key.(*ecdsa.PrivateKey); ok {
		method = dsig.ECDSASHA256SignatureMethod
	}
	if co.method != "" {
		method = co.method
	}
	if err := ctx.SetSignatureMethod(method); err != nil {
		co.Fatal(err)
	}
	sig, err := ctx.ConstructSignature(e, true)
	if err != nil {
		co.Fatal(err)
	}
	out := e.Copy()
	out.InsertChildAt(1, sig)
	return out
}

func (co *samlCorp) response() string {
	a := co.newAssertion("_assertion-1")
	if co.change != nil {
		co.change(a)
	}
	if !co.noSign {
		a = co.sign(a)
	}
	r := etree.NewElement("samlp:Response")
	for _, kv := range [][2]string{{"xmlns:samlp", nsProtocol}, {"xmlns:saml", nsAssertion}, {"ID", "_response-1"}, {"Version", "2.0"}, {"IssueInstant", stampOf(co.now)}, {"Destination", samlACS}, {"InResponseTo", samlRequest}} {
		r.CreateAttr(kv[0], kv[1])
	}
	node(r, "saml:Issuer", samlEntity0)
	node(node(r, "samlp:Status", ""), "samlp:StatusCode", "", "Value", statusSuccess)
	if co.seal != nil {
		r.AddChild(co.encrypt(a))
	} else {
		r.AddChild(a)
	}
	if co.after != nil {
		co.after(r)
	}
	if co.whole {
		r = co.sign(r)
	}
	if co.signed != nil {
		co.signed(r)
	}
	out := written(co, r)
	if co.text != nil {
		out = co.text(out)
	}
	return out
}

func written(t testing.TB, e *etree.Element) string {
	doc := etree.NewDocument()
	doc.SetRoot(e)
	s, err := doc.WriteToString()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (co *samlCorp) encrypt(a *etree.Element) *etree.Element {
	enc := xmlenc.OAEP()
	enc.BlockCipher = xmlenc.AES256CBC
	enc.DigestMethod = &xmlenc.SHA1
	data, err := enc.Encrypt(co.seal, []byte(written(co, a)), nil)
	if err != nil {
		co.Fatal(err)
	}
	data.CreateAttr("Type", nsEncryption+"Element")
	out := etree.NewElement("saml:EncryptedAssertion")
	out.AddChild(data)
	return out
}

func (co *samlCorp) provider() Provider {
	p := Provider{ID: "p-1", Kind: SAML, Name: "Corp", Enabled: true, EntityID: samlEntity0, SignInURL: "https://idp.corp.example/sso", Certificates: []string{CertificatePEM(co.signer.cert)}}
	if co.provide != nil {
		co.provide(&p)
	}
	return p.Filled()
}

func (co *samlCorp) net() Net {
	return Net{Client: &outbound.Client{}, Cache: &co.cache, Now: func() time.Time { return co.now }, Random: rand.Reader,
		Once: func(_ context.Context, tenant, what string, _ time.Time) (bool, error) {
			first := !co.used[tenant+what]
			co.used[tenant+what] = true
			return first, nil
		}}
}

func (co *samlCorp) arrive() (Arrival, error) {
	a := Answer{Values: url.Values{"SAMLResponse": {base64.StdEncoding.EncodeToString([]byte(co.response()))}, "RelayState": {samlRelay}}, RedirectURI: samlACS,
		Departure: Departure{ProviderID: "p-1", State: samlRelay, RequestID: samlRequest, At: testNow.Add(-time.Minute)}}
	if co.answer != nil {
		co.answer(&a)
	}
	s := Secrets{}
	if co.ours != nil {
		s.Key, s.Open = co.ours, co.ours
	}
	return samlConnector{}.Finish(context.Background(), co.net(), co.provider(), s, a)
}

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func mustCertificate(t testing.TB, key crypto.Signer) *x509.Certificate {
	t.Helper()
	c, err := SAMLCertificate(key)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
