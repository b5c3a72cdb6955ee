package federation

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/beevik/etree"
	"github.com/crewjam/saml/xmlenc"
	dsig "github.com/russellhaering/goxmldsig"
	"github.com/russellhaering/goxmldsig/etreeutils"
)

// saml_signature.go: what is used is what a signature covers, and nothing beside it. The library gives back the element
// that was verified; everything that is read afterwards is read of that one.

// signatureMethods and digestMethods are what a signature may be made with: nothing of SHA-1 (RFC 9231, SAML V2.0 Metadata
// Interoperability; DESIGN §9).
func signatureMethods() []string {
	const more = "http://www.w3.org/2001/04/xmldsig-more#"
	return []string{more + "rsa-sha256", more + "rsa-sha384", more + "rsa-sha512", more + "ecdsa-sha256", more + "ecdsa-sha384", more + "ecdsa-sha512"}
}

func digestMethods() []string {
	return []string{nsEncryption + "sha256", "http://www.w3.org/2001/04/xmldsig-more#sha384", nsEncryption + "sha512"}
}

const excC14N = "http://www.w3.org/2001/10/xml-exc-c14n#"

// canonicalizations are those that drop comments; there are none anyway.
func canonicalizations() []string {
	return []string{excC14N, excC14N + "WithComments", "http://www.w3.org/2006/12/xml-c14n11", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"}
}

// ownSignature finds the signature of an element: a child of it. nil = it has none.
func ownSignature(e *etree.Element) (*etree.Element, error) {
	sig, err := only(e, nsSignature, "Signature")
	if err != nil {
		return nil, errors.New("an element is signed more than once")
	}
	return sig, nil
}

// signedElement verifies an element's own signature with any one of the certificates, and gives the element as it was
// signed, detached from everything around it. What the message says about keys (KeyInfo) is never looked at.
func signedElement(e *etree.Element, certificates []*x509.Certificate, now time.Time) (*etree.Element, error) {
	around, err := etreeutils.NSBuildParentContext(e)
	if err != nil {
		return nil, err
	}
	alone, err := etreeutils.NSDetatch(around, e)
	if err != nil {
		return nil, err
	}
	sig, err := ownSignature(alone)
	if err != nil {
		return nil, err
	}
	id := attribute(e, "ID")
	if err := acceptable(sig, id); err != nil {
		return nil, err
	}
	for _, info := range children(sig, nsSignature, "KeyInfo") {
		sig.RemoveChild(info)
	}
	for _, c := range certificates {
		v := &dsig.ValidationContext{CertificateStore: &dsig.MemoryX509CertificateStore{Roots: []*x509.Certificate{c}}, IdAttribute: "ID", Clock: dsig.NewFakeClockAt(now)}
		out, err := v.Validate(alone)
		if err == nil && is(out, e.NamespaceURI(), e.Tag) && attribute(out, "ID") == id {
			return out, nil
		}
	}
	return nil, errUnsigned
}

// errUnsigned means that the signature is none by a certificate of the provider, or that something was changed after.
var errUnsigned = errors.New("the signature does not fit any certificate of the provider, or what was signed was changed")

// acceptable looks at how a signature was made before it is verified: one reference, to the element that holds it, by
// known transforms and algorithms (SAML core §5.4).
func acceptable(sig *etree.Element, id string) error {
	switch {
	case sig == nil:
		return errors.New("it is not signed")
	case id == "":
		return errors.New("what is signed has no ID")
	case len(children(sig, nsSignature, "Object")) > 0:
		return errors.New("the signature carries objects of its own")
	}
	info, err := only(sig, nsSignature, "SignedInfo")
	if err != nil || info == nil {
		return errors.New("the signature has not exactly one SignedInfo")
	}
	algorithm := func(of *etree.Element, tag string) string {
		e, err := only(of, nsSignature, tag)
		if e == nil || err != nil {
			return ""
		}
		return attribute(e, "Algorithm")
	}
	if a := algorithm(info, "SignatureMethod"); !slices.Contains(signatureMethods(), a) {
		return errors.New("the signature was made with “" + words(a) + "”, which is not accepted; RSA or ECDSA with SHA-256 or better is")
	}
	if a := algorithm(info, "CanonicalizationMethod"); !slices.Contains(canonicalizations(), a) {
		return errors.New("the signature’s canonicalization “" + words(a) + "” is not accepted")
	}
	refs := children(info, nsSignature, "Reference")
	if len(refs) != 1 || attribute(refs[0], "URI") != "#"+id {
		return errors.New("the signature does not cover exactly the element that holds it")
	}
	if a := algorithm(refs[0], "DigestMethod"); !slices.Contains(digestMethods(), a) {
		return errors.New("the digest was made with “" + words(a) + "”, which is not accepted; SHA-256 or better is")
	}
	return acceptableTransforms(refs[0])
}

func acceptableTransforms(ref *etree.Element) error {
	list, err := only(ref, nsSignature, "Transforms")
	if list == nil || err != nil {
		return errors.New("the signature has no transforms")
	}
	all := children(list, nsSignature, "Transform")
	if len(all) > 2 || len(all) == 0 || attribute(all[0], "Algorithm") != string(dsig.EnvelopedSignatureAltorithmId) {
		return errors.New("the signature’s transforms are not those of SAML")
	}
	if len(all) == 2 && !slices.Contains(canonicalizations(), attribute(all[1], "Algorithm")) {
		return errors.New("the signature’s transform “" + words(attribute(all[1], "Algorithm")) + "” is not accepted")
	}
	return nil
}

// deciphered opens an encrypted assertion with our own key. RSA with PKCS #1 v1.5 padding is refused: whoever can send
// many of them learns from how they fail (XML Encryption 1.1 §5.5.1 warns of it).
func deciphered(e *etree.Element, key *rsa.PrivateKey) (*etree.Element, error) {
	data, err := only(e, nsEncryption, "EncryptedData")
	if err != nil || data == nil {
		return nil, errors.New("the encrypted assertion holds no data")
	}
	around, err := etreeutils.NSBuildParentContext(data)
	if err != nil {
		return nil, err
	}
	if data, err = etreeutils.NSDetatch(around, data); err != nil {
		return nil, err
	}
	wrapped, err := wrappedKey(e, data)
	if err != nil {
		return nil, err
	}
	method, err := only(wrapped, nsEncryption, "EncryptionMethod")
	if err != nil || method == nil || strings.HasSuffix(attribute(method, "Algorithm"), "rsa-1_5") {
		return nil, errors.New("the assertion’s key is not encrypted with RSA-OAEP, and nothing else is accepted")
	}
	secret, err := xmlenc.Decrypt(key, wrapped)
	if err != nil {
		return nil, errors.New("the assertion cannot be decrypted: it was encrypted for another key than ours")
	}
	if err := wholeBlocks(data); err != nil {
		return nil, err
	}
	for _, info := range children(data, nsSignature, "KeyInfo") { // the key is open already
		data.RemoveChild(info)
	}
	plain, err := xmlenc.Decrypt(secret, data)
	if err != nil {
		return nil, errors.New("the assertion cannot be decrypted")
	}
	root, err := strictXML(plain)
	if err != nil {
		return nil, err
	}
	if !is(root, nsAssertion, "Assertion") {
		return nil, errors.New("what was encrypted is not an assertion")
	}
	return root, nil
}

// wholeBlocks looks at ciphertext before the library does, which panics at lengths that no cipher makes.
func wholeBlocks(data *etree.Element) error {
	method, err := only(data, nsEncryption, "EncryptionMethod")
	if err != nil || method == nil {
		return errors.New("the encrypted assertion does not say how it was encrypted")
	}
	holder, err := only(data, nsEncryption, "CipherData")
	if err != nil || holder == nil {
		return errors.New("the encrypted assertion holds no data")
	}
	value, err := only(holder, nsEncryption, "CipherValue")
	if err != nil || value == nil {
		return errors.New("the encrypted assertion holds no data")
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(value.Text()))
	if err != nil {
		return errors.New("the encrypted assertion is not proper base64")
	}
	bad := errors.New("the encrypted assertion has been cut")
	switch strings.TrimPrefix(strings.TrimPrefix(attribute(method, "Algorithm"), nsEncryption), "http://www.w3.org/2009/xmlenc11#") {
	case "aes128-cbc", "aes192-cbc", "aes256-cbc":
		if len(raw) < 32 || len(raw)%16 != 0 {
			return bad
		}
	case "aes128-gcm", "aes192-gcm", "aes256-gcm":
		if len(raw) < 12+16 {
			return bad
		}
	default:
		return errors.New("the assertion is encrypted with “" + words(attribute(method, "Algorithm")) + "”, which is not accepted; AES is")
	}
	return nil
}

// wrappedKey finds the one encrypted key: inside the data's KeyInfo, or beside the data (SAML core §2.3.4).
func wrappedKey(outer, data *etree.Element) (*etree.Element, error) {
	var all []*etree.Element
	for _, info := range children(data, nsSignature, "KeyInfo") {
		all = append(all, children(info, nsEncryption, "EncryptedKey")...)
	}
	for _, beside := range children(outer, nsEncryption, "EncryptedKey") {
		around, err := etreeutils.NSBuildParentContext(beside)
		if err != nil {
			return nil, err
		}
		alone, err := etreeutils.NSDetatch(around, beside)
		if err != nil {
			return nil, err
		}
		all = append(all, alone)
	}
	if len(all) != 1 {
		return nil, errors.New("the encrypted assertion has not exactly one key")
	}
	return all[0], nil
}

// ParseCertificates reads certificates as people have them: PEM, or the bare base64 of metadata.
func ParseCertificates(text string) ([]*x509.Certificate, error) {
	var out []*x509.Certificate
	rest := []byte(strings.TrimSpace(text))
	if !bytes.Contains(rest, []byte("-----BEGIN")) {
		c, err := certificateOf(string(rest))
		if err != nil {
			return nil, err
		}
		return []*x509.Certificate{c}, nil
	}
	for len(bytes.TrimSpace(rest)) > 0 {
		block, after := pem.Decode(rest)
		if block == nil || block.Type != "CERTIFICATE" {
			return nil, ErrCertificate
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, ErrCertificate
		}
		out, rest = append(out, c), after
	}
	return out, nil
}

// ErrCertificate means that a text holds no certificate.
var ErrCertificate = errors.New("not a certificate")

func certificateOf(text string) (*x509.Certificate, error) {
	der, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, ErrCertificate
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, ErrCertificate
	}
	return c, nil
}

// CertificatePEM writes a certificate as it is kept.
func CertificatePEM(c *x509.Certificate) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw}))
}

// strong reports whether a key is long enough to believe its signatures.
func strong(c *x509.Certificate) bool {
	switch k := c.PublicKey.(type) {
	case *rsa.PublicKey:
		return k.N.BitLen() >= 2048
	case *ecdsa.PublicKey:
		return k.Curve.Params().BitSize >= 256
	}
	return false
}

// inForce are the certificates that may sign now.
func inForce(all []*x509.Certificate, now time.Time) []*x509.Certificate {
	var out []*x509.Certificate
	for _, c := range all {
		if strong(c) && !now.Before(c.NotBefore) && !now.After(c.NotAfter) {
			out = append(out, c)
		}
	}
	return out
}
