package federation

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
)

// set changes an attribute somewhere below an element.
func set(path, name, value string) func(*etree.Element) {
	return func(e *etree.Element) {
		at := e
		if path != "" {
			at = e.FindElement(path)
		}
		at.RemoveAttr(name)
		if value != "" {
			at.CreateAttr(name, value)
		}
	}
}

func retext(path, text string) func(*etree.Element) {
	return func(e *etree.Element) { e.FindElement(path).SetText(text) }
}

func drop(path string) func(*etree.Element) {
	return func(e *etree.Element) {
		at := e.FindElement(path)
		at.Parent().RemoveChild(at)
	}
}

const (
	data       = "./Subject/SubjectConfirmation/SubjectConfirmationData"
	conditions = "./Conditions"
)

// TestSAMLTaken: what proper companies say is taken, in the shapes in which they say it.
func TestSAMLTaken(t *testing.T) {
	for name, bend := range map[string]func(*samlCorp){
		"the assertion is signed": func(*samlCorp) {},
		"the response is signed":  func(co *samlCorp) { co.noSign, co.whole = true, true },
		"both are signed":         func(co *samlCorp) { co.whole = true },
		"RSA": func(co *samlCorp) {
			co.signer = newSigner(t, rsaKey(t), inYears(-1), inYears(1))
		},
		"the second of two certificates": func(co *samlCorp) {
			old := newSigner(t, ecKey(t), inYears(-1), inYears(1))
			co.provide = func(p *Provider) { p.Certificates = append([]string{CertificatePEM(old.cert)}, p.Certificates...) }
		},
		"one certificate has ended, the other has not": func(co *samlCorp) {
			old := newSigner(t, ecKey(t), inYears(-2), inYears(-1))
			co.provide = func(p *Provider) { p.Certificates = append([]string{CertificatePEM(old.cert)}, p.Certificates...) }
		},
		"no key in the message": func(co *samlCorp) { co.signed = drop(".//KeyInfo") },
		"a stranger's key in the message means nothing": func(co *samlCorp) {
			stranger := newSigner(t, ecKey(t), inYears(-1), inYears(1))
			co.signed = func(r *etree.Element) {
				r.FindElement(".//X509Certificate").SetText(strings.Join(strings.Fields(strings.NewReplacer("-----BEGIN CERTIFICATE-----", "", "-----END CERTIFICATE-----", "").Replace(CertificatePEM(stranger.cert))), ""))
			}
		},
		"no Destination, no Issuer on the response": func(co *samlCorp) {
			co.after = func(r *etree.Element) { set("", "Destination", "")(r); drop("./Issuer")(r) }
		},
		"its clock is two minutes ahead": func(co *samlCorp) { co.change = set(conditions, "NotBefore", stampOf(testNow.Add(2*time.Minute))) },
		"encrypted and signed inside": func(co *samlCorp) {
			co.ours = rsaKey(t)
			co.seal = mustCertificate(t, co.ours)
			co.provide = func(p *Provider) { p.WantEncrypted = true }
		},
		"encrypted, the response signed": func(co *samlCorp) {
			co.ours = rsaKey(t)
			co.seal, co.noSign, co.whole = mustCertificate(t, co.ours), true, true
		},
		"our entity id as the company knows it": func(co *samlCorp) {
			co.provide = func(p *Provider) { p.ClientID = "urn:shop" }
			co.change = retext("./Conditions/AudienceRestriction/Audience", "urn:shop")
		},
	} {
		t.Run(name, func(t *testing.T) {
			co := newSAMLCorp(t)
			bend(co)
			got, err := co.arrive()
			if err != nil {
				t.Fatal(err)
			}
			id := got.Identity
			if id.Issuer != samlEntity0 || id.Subject != "ann-7" || id.Email != "ann@corp.example" || id.EmailVerified || id.Attributes["givenName"] != "Ann" || id.Attributes["surname"] != "Lee" || id.SessionIndex != "s-9" || id.MFA {
				t.Errorf("identity %+v", id)
			}
		})
	}
}

// TestSAMLRefused is the table of attacks and of mistakes: each is refused, for its own reason.
func TestSAMLRefused(t *testing.T) {
	for name, row := range map[string]struct {
		bend func(*samlCorp)
		want string // part of the reason
	}{
		"stripped signature":    {func(co *samlCorp) { co.noSign = true }, "neither the response nor the assertion is signed"},
		"changed after signing": {func(co *samlCorp) { co.after = retext(".//NameID", "victim") }, "does not fit"},
		"foreign certificate":   {func(co *samlCorp) { s := newSigner(t, ecKey(t), inYears(-1), inYears(1)); co.by = &s }, "does not fit"},
		"foreign certificate on the response": {func(co *samlCorp) {
			co.whole = true
			co.signed = func(r *etree.Element) { r.FindElement("./Status/StatusCode").CreateAttr("x", "y") }
		}, "does not fit"},
		"SHA-1": {func(co *samlCorp) {
			co.signer, co.method = newSigner(t, rsaKey(t), inYears(-1), inYears(1)), "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
		}, "not accepted"},
		"all certificates have ended": {func(co *samlCorp) { co.signer = newSigner(t, co.signer.key, inYears(-2), inYears(-1)) }, "none of the provider’s certificates can be used"},
		"a certificate of tomorrow":   {func(co *samlCorp) { co.signer = newSigner(t, co.signer.key, inYears(1), inYears(2)) }, "none of the provider’s certificates can be used"},
		"wrong audience": {func(co *samlCorp) {
			co.change = retext("./Conditions/AudienceRestriction/Audience", "https://other.example")
		}, "Audience"},
		"no audience":     {func(co *samlCorp) { co.change = drop("./Conditions/AudienceRestriction") }, "for whom it is meant"},
		"wrong recipient": {func(co *samlCorp) { co.change = set(data, "Recipient", "https://evil.example/acs") }, "Recipient"},
		"no recipient":    {func(co *samlCorp) { co.change = set(data, "Recipient", "") }, "Recipient"},
		"another provider's place": {func(co *samlCorp) {
			co.after = set("", "Destination", "https://id.example/t-1/federation/p-2/callback")
		}, "Destination"},
		"another request":          {func(co *samlCorp) { co.change = set(data, "InResponseTo", "_request-2") }, "another request"},
		"another request outside":  {func(co *samlCorp) { co.after = set("", "InResponseTo", "_request-2") }, "another request"},
		"nobody asked":             {func(co *samlCorp) { co.change = set(data, "InResponseTo", "") }, "begin at the company"},
		"wrong issuer":             {func(co *samlCorp) { co.change = retext("./Issuer", "https://evil.example") }, "expected was"},
		"wrong issuer outside":     {func(co *samlCorp) { co.after = retext("./Issuer", "https://evil.example") }, "expected was"},
		"expired":                  {func(co *samlCorp) { co.change = set(conditions, "NotOnOrAfter", stampOf(testNow.Add(-3*time.Minute))) }, "holds no longer"},
		"confirmation expired":     {func(co *samlCorp) { co.change = set(data, "NotOnOrAfter", stampOf(testNow.Add(-3*time.Minute))) }, "holds no longer"},
		"confirmation without end": {func(co *samlCorp) { co.change = set(data, "NotOnOrAfter", "") }, "how long it holds"},
		"not yet":                  {func(co *samlCorp) { co.change = set(conditions, "NotBefore", stampOf(testNow.Add(4*time.Minute))) }, "does not hold yet"},
		"made in the future":       {func(co *samlCorp) { co.change = set("", "IssueInstant", stampOf(testNow.Add(4*time.Minute))) }, "future"},
		"made before we asked":     {func(co *samlCorp) { co.change = set("", "IssueInstant", stampOf(testNow.Add(-5*time.Minute))) }, "before we asked"},
		"not a time":               {func(co *samlCorp) { co.change = set(conditions, "NotBefore", "yesterday") }, "not a time"},
		"session over": {func(co *samlCorp) {
			co.change = set("./AuthnStatement", "SessionNotOnOrAfter", stampOf(testNow.Add(-time.Hour)))
		}, "session there has ended"},
		"nobody signed in": {func(co *samlCorp) { co.change = drop("./AuthnStatement") }, "AuthnStatement"},
		"an old sign-in where a new one was asked for": {func(co *samlCorp) {
			co.change = set("./AuthnStatement", "AuthnInstant", stampOf(testNow.Add(-time.Hour)))
			co.answer = func(a *Answer) { a.Departure.Fresh = true }
		}, "signed nobody in anew"},
		"holder of key": {func(co *samlCorp) {
			co.change = set("./Subject/SubjectConfirmation", "Method", "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key")
		}, "not confirmed"},
		"unknown condition": {func(co *samlCorp) {
			co.change = func(a *etree.Element) { node(a.FindElement(conditions), "saml:Condition", "") }
		}, "condition that nobody here knows"},
		"two subjects": {func(co *samlCorp) {
			co.change = func(a *etree.Element) { a.AddChild(a.FindElement("./Subject").Copy()) }
		}, "subject"},
		"no subject":     {func(co *samlCorp) { co.change = drop("./Subject") }, "subject"},
		"empty name":     {func(co *samlCorp) { co.change = retext(".//NameID", "  ") }, "who it is about"},
		"transient name": {func(co *samlCorp) { co.change = set(".//NameID", "Format", NameTransient) }, "transient"},
		"an element inside the name": {func(co *samlCorp) {
			co.change = func(a *etree.Element) { node(a.FindElement(".//NameID"), "saml:x", "") }
		}, "more than text"},
		"SAML 1.1":       {func(co *samlCorp) { co.after = set("", "Version", "1.1") }, "not of SAML 2.0"},
		"not a response": {func(co *samlCorp) { co.text = func(string) string { return `<a xmlns="` + nsProtocol + `"/>` } }, "no SAML response"},
		"HTML":           {func(co *samlCorp) { co.text = func(string) string { return "<!DOCTYPE html><p>Sorry<br>" } }, "DOCTYPE"},
		"nothing":        {func(co *samlCorp) { co.text = func(string) string { return "" } }, "no XML"},

		// What parsers read differently.
		"DOCTYPE with entities": {func(co *samlCorp) {
			co.text = func(s string) string { return `<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>` + s }
		}, "DOCTYPE"},
		"comment in the name (CVE-2017-11427)": {func(co *samlCorp) {
			co.change = retext(".//NameID", "ann-7.evil")
			co.text = func(s string) string { return strings.Replace(s, "ann-7.evil", "ann-7<!-- -->.evil", 1) }
		}, "comment"},
		"comment in an attribute": {func(co *samlCorp) {
			co.text = func(s string) string { return strings.Replace(s, "ann@corp.example", "ann@corp.example<!---->", 1) }
		}, "comment"},
		"processing instruction": {func(co *samlCorp) {
			co.text = func(s string) string { return strings.Replace(s, "ann-7", "<?x y?>ann-7", 1) }
		}, "processing instruction"},
		"duplicate ids": {func(co *samlCorp) { co.after = set("", "ID", "_assertion-1") }, "same ID"},
		"an attribute twice": {func(co *samlCorp) {
			co.text = func(s string) string { return strings.Replace(s, `ID="_response-1"`, `ID="_response-1" ID="_x"`, 1) }
		}, "twice"},
		"deep": {func(co *samlCorp) {
			co.text = func(s string) string { return strings.Repeat("<a>", 1000) + strings.Repeat("</a>", 1000) }
		}, "too many"},
		"many elements": {func(co *samlCorp) {
			co.text = func(s string) string { return "<a>" + strings.Repeat("<b/>", 20000) + "</a>" }
		}, "too many"},
		"bomb": {func(co *samlCorp) { co.text = func(s string) string { return s + strings.Repeat(" ", 256<<10) } }, "larger than 256 KB"},

		// Encryption.
		"encrypted with another key": {func(co *samlCorp) { co.ours, co.seal = rsaKey(t), mustCertificate(t, rsaKey(t)) }, "another key than ours"},
		"encrypted data cut": {func(co *samlCorp) {
			co.ours = rsaKey(t)
			co.seal = mustCertificate(t, co.ours)
			co.signed = func(r *etree.Element) { r.FindElement(".//EncryptedData/CipherData/CipherValue").SetText("QUJD") }
		}, "has been cut"},
		"encrypted with PKCS #1 v1.5": {func(co *samlCorp) {
			co.ours = rsaKey(t)
			co.seal = mustCertificate(t, co.ours)
			co.signed = set(".//EncryptedKey/EncryptionMethod", "Algorithm", nsEncryption+"rsa-1_5")
		}, "RSA-OAEP"},
		"encrypted without a key of ours": {func(co *samlCorp) { co.seal = mustCertificate(t, rsaKey(t)) }, "no key of ours"},
		"encrypted but signed by nobody": {func(co *samlCorp) {
			co.ours = rsaKey(t)
			co.seal, co.noSign = mustCertificate(t, co.ours), true
		}, "neither"},
		"not encrypted though it has to be": {func(co *samlCorp) { co.provide = func(p *Provider) { p.WantEncrypted = true } }, "not encrypted"},

		// What came with it.
		"another state":    {func(co *samlCorp) { co.answer = func(a *Answer) { a.Values.Set("RelayState", "a-1.other") } }, "RelayState"},
		"two states":       {func(co *samlCorp) { co.answer = func(a *Answer) { a.Values.Add("RelayState", samlRelay) } }, "exactly one"},
		"two answers":      {func(co *samlCorp) { co.answer = func(a *Answer) { a.Values.Add("SAMLResponse", "x") } }, "exactly one"},
		"no answer":        {func(co *samlCorp) { co.answer = func(a *Answer) { a.Values.Del("SAMLResponse") } }, "exactly one"},
		"not base64":       {func(co *samlCorp) { co.answer = func(a *Answer) { a.Values.Set("SAMLResponse", "%%%") } }, "base64"},
		"too late":         {func(co *samlCorp) { co.answer = func(a *Answer) { a.Departure.At = testNow.Add(-11 * time.Minute) } }, "10 minutes"},
		"another provider": {func(co *samlCorp) { co.answer = func(a *Answer) { a.Departure.ProviderID = "p-2" } }, "another provider"},
		"no request":       {func(co *samlCorp) { co.answer = func(a *Answer) { a.Departure.RequestID = "" } }, "nothing was asked"},
	} {
		t.Run(name, func(t *testing.T) {
			co := newSAMLCorp(t)
			row.bend(co)
			got, err := co.arrive()
			var r *Refusal
			if !errors.As(err, &r) {
				t.Fatalf("taken: %+v", got.Identity)
			}
			if r.Code != Invalid || !strings.Contains(r.Reason, row.want) {
				t.Errorf("%s: %s, want %q", r.Code, r.Reason, row.want)
			}
		})
	}
}

// TestSAMLWrapping: the eight known ways to hide a forged assertion beside a signed one (Somorovsky and others, “On
// Breaking SAML”, 2012), and some more.
func TestSAMLWrapping(t *testing.T) {
	forged := func(co *samlCorp) *etree.Element {
		a := co.newAssertion("_forged")
		retext(".//NameID", "victim")(a)
		return a
	}
	whole := func(co *samlCorp) { co.noSign, co.whole = true, true }
	for name, row := range map[string]struct {
		before func(*samlCorp)
		bend   func(co *samlCorp, r *etree.Element)
	}{
		"XSW1: the signed response inside the signature of a forged one": {whole, func(co *samlCorp, r *etree.Element) {
			was := r.Copy()
			was.RemoveChild(was.FindElement("./Signature"))
			r.CreateAttr("ID", "_evil")
			retext(".//NameID", "victim")(r)
			r.FindElement("./Signature").AddChild(was)
		}},
		"XSW2: the signed response before the signature": {whole, func(co *samlCorp, r *etree.Element) {
			was := r.Copy()
			was.RemoveChild(was.FindElement("./Signature"))
			r.CreateAttr("ID", "_evil")
			retext(".//NameID", "victim")(r)
			r.InsertChildAt(1, was)
		}},
		"XSW3: a forged assertion before the signed one": {nil, func(co *samlCorp, r *etree.Element) { r.InsertChildAt(2, forged(co)) }},
		"XSW4: the signed assertion inside the forged one": {nil, func(co *samlCorp, r *etree.Element) {
			was := r.FindElement("./Assertion")
			f := forged(co)
			r.RemoveChild(was)
			f.AddChild(was)
			r.AddChild(f)
		}},
		"XSW5: the forged one carries the signature, the signed one stands behind": {nil, func(co *samlCorp, r *etree.Element) {
			a := r.FindElement("./Assertion")
			was := a.Copy()
			was.RemoveChild(was.FindElement("./Signature"))
			a.CreateAttr("ID", "_evil")
			retext(".//NameID", "victim")(a)
			r.AddChild(was)
		}},
		"XSW6: the signed one inside the forged one's signature": {nil, func(co *samlCorp, r *etree.Element) {
			a := r.FindElement("./Assertion")
			was := a.Copy()
			was.RemoveChild(was.FindElement("./Signature"))
			a.CreateAttr("ID", "_evil")
			retext(".//NameID", "victim")(a)
			a.FindElement("./Signature").AddChild(was)
		}},
		"XSW7: the signed one in extensions": {nil, func(co *samlCorp, r *etree.Element) {
			was := r.FindElement("./Assertion")
			r.RemoveChild(was)
			node(r, "samlp:Extensions", "").AddChild(was)
			r.AddChild(forged(co))
		}},
		"XSW8: the signed one in an object of the signature": {nil, func(co *samlCorp, r *etree.Element) {
			a := r.FindElement("./Assertion")
			was := a.Copy()
			was.RemoveChild(was.FindElement("./Signature"))
			a.CreateAttr("ID", "_evil")
			retext(".//NameID", "victim")(a)
			node(a.FindElement("./Signature"), "ds:Object", "").AddChild(was)
		}},
		"the forged one under the signed one's id": {nil, func(co *samlCorp, r *etree.Element) {
			f := forged(co)
			f.CreateAttr("ID", "_assertion-1")
			r.AddChild(f)
		}},
		"an assertion of another namespace": {nil, func(co *samlCorp, r *etree.Element) {
			e := node(r, "Assertion", "")
			e.CreateAttr("xmlns", "urn:x")
		}},
		"two signatures on one assertion": {nil, func(co *samlCorp, r *etree.Element) {
			a := r.FindElement("./Assertion")
			a.AddChild(a.FindElement("./Signature").Copy())
		}},
		"a reference to everything": {nil, func(co *samlCorp, r *etree.Element) { r.FindElement(".//Reference").CreateAttr("URI", "") }},
		"two references": {nil, func(co *samlCorp, r *etree.Element) {
			ref := r.FindElement(".//Reference")
			ref.Parent().AddChild(ref.Copy())
		}},
		"two SignedInfo": {nil, func(co *samlCorp, r *etree.Element) {
			info := r.FindElement(".//SignedInfo")
			info.Parent().AddChild(info.Copy())
		}},
		"an XPath transform": {nil, func(co *samlCorp, r *etree.Element) {
			node(r.FindElement(".//Transforms"), "ds:Transform", "", "Algorithm", "http://www.w3.org/TR/1999/REC-xpath-19991116")
		}},
	} {
		t.Run(name, func(t *testing.T) {
			co := newSAMLCorp(t)
			if row.before != nil {
				row.before(co)
			}
			co.signed = func(r *etree.Element) { row.bend(co, r) }
			got, err := co.arrive()
			var r *Refusal
			if !errors.As(err, &r) || r.Code != Invalid {
				t.Fatalf("taken: %+v %v", got.Identity, err)
			}
		})
	}
}

// TestSAMLOnce: an assertion works once, in one tenant.
func TestSAMLOnce(t *testing.T) {
	co := newSAMLCorp(t)
	if _, err := co.arrive(); err != nil {
		t.Fatal(err)
	}
	var r *Refusal
	if _, err := co.arrive(); !errors.As(err, &r) || !strings.Contains(r.Reason, "used before") {
		t.Errorf("again: %v", err)
	}
}

// TestSAMLRefusals: who says no says why, and it is sorted by whose turn it is.
func TestSAMLRefusals(t *testing.T) {
	const at = "urn:oasis:names:tc:SAML:2.0:status:"
	for second, want := range map[string]Code{"AuthnFailed": Cancelled, "NoPassive": Cancelled, "RequestDenied": Declined, "InvalidNameIDPolicy": SetUp, "NoAuthnContext": SetUp} {
		co := newSAMLCorp(t)
		co.after = func(r *etree.Element) {
			r.RemoveChild(r.FindElement("./Assertion"))
			code := r.FindElement("./Status/StatusCode")
			code.CreateAttr("Value", at+"Requester")
			node(code, "samlp:StatusCode", "", "Value", at+second)
			node(r.FindElement("./Status"), "samlp:StatusMessage", "AADSTS50105: not assigned")
		}
		var r *Refusal
		if _, err := co.arrive(); !errors.As(err, &r) || r.Code != want || !strings.Contains(r.Reason, "AADSTS50105") {
			t.Errorf("%s: %v, want %s", second, err, want)
		}
	}
}

// TestSAMLSubject: who somebody is, by a name or by an attribute.
func TestSAMLSubject(t *testing.T) {
	for name, row := range map[string]struct {
		bend    func(*samlCorp)
		subject string
		email   string
	}{
		"name":         {func(*samlCorp) {}, "ann-7", "ann@corp.example"},
		"an attribute": {func(co *samlCorp) { co.provide = func(p *Provider) { p.SubjectClaim = "lastName" } }, "Lee", "ann@corp.example"},
		"an attribute, name transient": {func(co *samlCorp) {
			co.provide = func(p *Provider) { p.SubjectClaim = "lastName" }
			co.change = set(".//NameID", "Format", NameTransient)
		}, "Lee", "ann@corp.example"},
		"the name is the address": {func(co *samlCorp) {
			co.change = func(a *etree.Element) {
				set(".//NameID", "Format", NameEmail)(a)
				retext(".//NameID", "ann@corp.example")(a)
				drop("./AttributeStatement")(a)
			}
		}, "ann@corp.example", "ann@corp.example"},
		"an attribute called sub is no name": {func(co *samlCorp) {
			co.change = func(a *etree.Element) { set("./AttributeStatement/Attribute[3]", "Name", "sub")(a) }
		}, "ann-7", "ann@corp.example"},
	} {
		t.Run(name, func(t *testing.T) {
			co := newSAMLCorp(t)
			row.bend(co)
			got, err := co.arrive()
			if err != nil || got.Identity.Subject != row.subject || got.Identity.Email != row.email {
				t.Errorf("%v %+v", err, got.Identity)
			}
		})
	}
}

// TestSAMLSecondFactor: a second factor counts where the provider is trusted about it, and no attribute can pretend one.
func TestSAMLSecondFactor(t *testing.T) {
	mfa := retext(".//AuthnContextClassRef", "https://refeds.org/profile/mfa")
	entra := func(a *etree.Element) {
		e := node(a.FindElement("./AttributeStatement"), "saml:Attribute", "", "Name", methods)
		node(e, "saml:AttributeValue", "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password")
		node(e, "saml:AttributeValue", "http://schemas.microsoft.com/claims/multipleauthn")
	}
	pretend := func(a *etree.Element) {
		node(node(a.FindElement("./AttributeStatement"), "saml:Attribute", "", "Name", "amr"), "saml:AttributeValue", "mfa")
	}
	for name, row := range map[string]struct {
		change func(*etree.Element)
		trust  bool
		want   bool
	}{"said and trusted": {mfa, true, true}, "said, not trusted": {mfa, false, false}, "Entra": {entra, true, true}, "an attribute called amr": {pretend, true, false}} {
		co := newSAMLCorp(t)
		co.change = row.change
		co.provide = func(p *Provider) { p.TrustMFA = row.trust }
		if got, err := co.arrive(); err != nil || got.Identity.MFA != row.want {
			t.Errorf("%s: %v %v", name, got.Identity.MFA, err)
		}
	}
}

func FuzzSAMLResponse(f *testing.F) {
	co := newSAMLCorp(f)
	f.Add(co.response())
	f.Add(`<!DOCTYPE x [<!ENTITY a "b">]><x/>`)
	f.Add(`<samlp:Response xmlns:samlp="` + nsProtocol + `"><Signature xmlns="` + nsSignature + `"/></samlp:Response>`)
	good := co.response()
	f.Fuzz(func(t *testing.T, text string) {
		co.TB, co.used = t, map[string]bool{}
		co.text = func(string) string { return text }
		got, err := co.arrive()
		if err == nil && (got.Identity.Subject != "ann-7" || text == "") && text != good {
			t.Errorf("taken: %+v", got.Identity)
		}
	})
}

func valuesOf(t *testing.T, link string) url.Values {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}
