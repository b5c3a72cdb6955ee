package federation

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"errors"
	number "math/big"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"
)

// saml_self.go: what we tell companies about ourselves.

// SAMLEntityID is our name at a company: the address of our metadata, beside the one that its answers come to. An admin
// may say another one where the company knows us already.
func SAMLEntityID(p Provider, redirectURI string) string {
	return or(p.ClientID, SAMLMetadataURL(redirectURI))
}

// SAMLMetadataURL is where our metadata for a provider stand.
func SAMLMetadataURL(redirectURI string) string {
	return strings.TrimSuffix(redirectURI, "/callback") + "/metadata"
}

// SAMLSignedOutURL is where a company sends people after it has signed them out.
func SAMLSignedOutURL(redirectURI string) string {
	return strings.TrimSuffix(redirectURI, "/callback") + "/signed-out"
}

// SAMLCertificate wraps our public key for a company in the form that SAML knows. It is made anew each time and always
// the same: everything in it follows from the key, and RSA signatures with PKCS #1 v1.5 hold no chance. Nobody trusts it
// for more than the key, so it is long-lived.
func SAMLCertificate(key crypto.Signer) (*x509.Certificate, error) {
	if key == nil {
		return nil, errors.New("the provider has no key of ours")
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(spki)
	template := &x509.Certificate{SerialNumber: new(number.Int).SetBytes(sum[:16]), Subject: pkix.Name{CommonName: "Portico SAML"}, SignatureAlgorithm: x509.SHA256WithRSA,
		NotBefore: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2055, 1, 1, 0, 0, 0, 0, time.UTC), KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// SAMLDescribe is our metadata for one provider (SAML metadata §2.4.4): public, and the same each time.
// others are the callbacks at further hosts of ours.
func SAMLDescribe(p Provider, s Secrets, redirectURI string, others ...string) ([]byte, error) {
	c, err := SAMLCertificate(s.Key)
	if err != nil {
		return nil, err
	}
	doc := etree.NewDocument()
	doc.CreateProcInst("xml", `version="1.0" encoding="UTF-8"`)
	e := doc.CreateElement("md:EntityDescriptor")
	e.CreateAttr("xmlns:md", nsMetadata)
	e.CreateAttr("xmlns:ds", nsSignature)
	e.CreateAttr("entityID", SAMLEntityID(p, redirectURI))
	us := e.CreateElement("md:SPSSODescriptor")
	us.CreateAttr("AuthnRequestsSigned", yesNo(p.SignRequests))
	us.CreateAttr("WantAssertionsSigned", "true")
	us.CreateAttr("protocolSupportEnumeration", nsProtocol)
	for _, use := range []string{"signing", "encryption"} {
		k := us.CreateElement("md:KeyDescriptor")
		k.CreateAttr("use", use)
		k.CreateElement("ds:KeyInfo").CreateElement("ds:X509Data").CreateElement("ds:X509Certificate").SetText(base64.StdEncoding.EncodeToString(c.Raw))
		if use == "encryption" {
			for _, alg := range []string{"http://www.w3.org/2009/xmlenc11#aes256-gcm", "http://www.w3.org/2009/xmlenc11#aes128-gcm", nsEncryption + "aes256-cbc", nsEncryption + "aes128-cbc", nsEncryption + "rsa-oaep-mgf1p"} {
				k.CreateElement("md:EncryptionMethod").CreateAttr("Algorithm", alg)
			}
		}
	}
	for _, place := range append([]string{redirectURI}, others...) {
		for _, binding := range []string{bindingRedirect, bindingPost} {
			out := us.CreateElement("md:SingleLogoutService")
			out.CreateAttr("Binding", binding)
			out.CreateAttr("Location", SAMLSignedOutURL(place))
		}
	}
	if p.NameIDFormat != "" {
		us.CreateElement("md:NameIDFormat").SetText(p.NameIDFormat)
	}
	for i, location := range append([]string{redirectURI}, others...) {
		acs := us.CreateElement("md:AssertionConsumerService")
		acs.CreateAttr("Binding", bindingPost)
		acs.CreateAttr("Location", location)
		acs.CreateAttr("index", strconv.Itoa(i))
		if i == 0 {
			acs.CreateAttr("isDefault", "true")
		}
	}
	doc.Indent(2)
	return doc.WriteToBytes()
}

func yesNo(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
