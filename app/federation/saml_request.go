package federation

import (
	"bytes"
	"compress/flate"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"
)

// saml_request.go: what we send to companies, by a redirect or by a form that posts itself.

const rsaSHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"

// message begins a request of ours (SAML core §3.2.1).
func message(name, id, destination, issuer string, at time.Time) *etree.Element {
	e := etree.NewElement("samlp:" + name)
	e.CreateAttr("xmlns:samlp", nsProtocol)
	e.CreateAttr("xmlns:saml", nsAssertion)
	e.CreateAttr("ID", id)
	e.CreateAttr("Version", "2.0")
	e.CreateAttr("IssueInstant", at.UTC().Format("2006-01-02T15:04:05Z"))
	e.CreateAttr("Destination", destination)
	e.CreateElement("saml:Issuer").SetText(issuer)
	return e
}

// authnRequest asks for a sign-in (SAML core §3.4.1).
func authnRequest(p Provider, a Ask, id, destination string, at time.Time) *etree.Element {
	e := message("AuthnRequest", id, destination, SAMLEntityID(p, a.RedirectURI), at)
	e.CreateAttr("ProtocolBinding", bindingPost)
	e.CreateAttr("AssertionConsumerServiceURL", a.RedirectURI)
	if a.Fresh {
		e.CreateAttr("ForceAuthn", "true")
	}
	policy := e.CreateElement("samlp:NameIDPolicy")
	if p.NameIDFormat != "" {
		policy.CreateAttr("Format", p.NameIDFormat)
	}
	policy.CreateAttr("AllowCreate", "true")
	if len(p.AuthnContext) > 0 {
		wish := e.CreateElement("samlp:RequestedAuthnContext")
		wish.CreateAttr("Comparison", "exact")
		for _, c := range p.AuthnContext {
			wish.CreateElement("saml:AuthnContextClassRef").SetText(c)
		}
	}
	return e
}

// redirected packs a message into an address (SAML bindings §3.4.4.1). With a key it is signed over exactly the text that
// is sent.
func redirected(e *etree.Element, to *url.URL, state string, key crypto.Signer, more url.Values) (string, error) {
	doc := etree.NewDocument()
	doc.SetRoot(e)
	raw, err := doc.WriteToBytes()
	if err != nil {
		return "", err
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := w.Write(raw); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	q := "SAMLRequest=" + url.QueryEscape(base64.StdEncoding.EncodeToString(packed.Bytes()))
	if state != "" {
		q += "&RelayState=" + url.QueryEscape(state)
	}
	if key != nil {
		q += "&SigAlg=" + url.QueryEscape(rsaSHA256)
		signature, err := signText(key, q)
		if err != nil {
			return "", err
		}
		q += "&Signature=" + url.QueryEscape(signature)
	}
	if len(more) > 0 {
		q += "&" + more.Encode()
	}
	out := *to
	if out.RawQuery != "" {
		q = out.RawQuery + "&" + q
	}
	out.RawQuery = q
	return out.String(), nil
}

func signText(key crypto.Signer, text string) (string, error) {
	if _, ok := key.(*rsa.PrivateKey); !ok {
		return "", errors.New("our key for the provider is no RSA key")
	}
	sum := sha256.Sum256([]byte(text))
	raw, err := key.Sign(nil, sum[:], crypto.SHA256) // PKCS #1 v1.5 needs no chance
	return base64.StdEncoding.EncodeToString(raw), err
}

// posted packs a message into a form (SAML bindings §3.5.4), signed inside where there is a key.
func posted(e *etree.Element, to, state string, key crypto.Signer) (Way, error) {
	if key != nil {
		c, err := SAMLCertificate(key)
		if err != nil {
			return Way{}, err
		}
		ctx, err := dsig.NewSigningContext(key, [][]byte{c.Raw})
		if err != nil {
			return Way{}, err
		}
		ctx.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
		if err := ctx.SetSignatureMethod(rsaSHA256); err != nil {
			return Way{}, err
		}
		sig, err := ctx.ConstructSignature(e, true)
		if err != nil {
			return Way{}, err
		}
		e.InsertChildAt(1, sig) // right after Issuer (SAML core §3.2.1)
	}
	doc := etree.NewDocument()
	doc.SetRoot(e)
	raw, err := doc.WriteToBytes()
	return Way{Action: to, Fields: [][2]string{{"SAMLRequest", base64.StdEncoding.EncodeToString(raw)}, {"RelayState", state}}}, err
}

// requestID names a message of ours: 160 bits of chance, and a letter in front as xs:ID wants it.
func requestID(from io.Reader) (string, error) {
	text, err := random(from, 20)
	return "_" + text, err
}

// samlName is how a company named somebody: a sign-out has to say it again as it was (SAML core §3.7.1).
type samlName struct {
	Value           string `json:"value"`
	Format          string `json:"format,omitempty"`
	NameQualifier   string `json:"nameQualifier,omitempty"`
	SPNameQualifier string `json:"spNameQualifier,omitempty"`
}

func (n samlName) hint() string {
	b, err := json.Marshal(n)
	if err != nil || len(b) > 4<<10 {
		return ""
	}
	return string(b)
}

// logoutRequest asks to sign somebody out there (SAML core §3.7.1).
func logoutRequest(p Provider, id Identity, issuer, requestID, destination string, at time.Time) (*etree.Element, bool) {
	var name samlName
	if json.Unmarshal([]byte(id.IDTokenHint), &name) != nil || name.Value == "" {
		return nil, false
	}
	e := message("LogoutRequest", requestID, destination, issuer, at)
	e.CreateAttr("NotOnOrAfter", at.Add(5*time.Minute).UTC().Format("2006-01-02T15:04:05Z"))
	n := e.CreateElement("saml:NameID")
	for _, a := range [][2]string{{"Format", name.Format}, {"NameQualifier", name.NameQualifier}, {"SPNameQualifier", name.SPNameQualifier}} {
		if a[1] != "" {
			n.CreateAttr(a[0], a[1])
		}
	}
	n.SetText(name.Value)
	if id.SessionIndex != "" {
		e.CreateElement("samlp:SessionIndex").SetText(id.SessionIndex)
	}
	return e, true
}

// hinted adds whom the sign-in is about, as Entra, AD FS and others read it; those who do not know it pass over it.
func samlHint(login string) url.Values {
	if login = words(login); login == "" || strings.ContainsAny(login, " ") {
		return nil
	}
	return url.Values{"login_hint": {login}}
}
