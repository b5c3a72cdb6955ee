package federation

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/beevik/etree"
)

// described is metadata of one company with n certificates.
func described(t testing.TB, id string, n int, more string) string {
	var keys strings.Builder
	for range n {
		c := newSigner(t, ecKey(t), inYears(-1), inYears(1)).cert
		fmt.Fprintf(&keys, `<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>%s</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`, base64.StdEncoding.EncodeToString(c.Raw))
	}
	return fmt.Sprintf(`<md:EntityDescriptor xmlns:md="%s" xmlns:ds="%s" entityID="%s" %s><md:IDPSSODescriptor WantAuthnRequestsSigned="true" protocolSupportEnumeration="%s">%s<md:SingleLogoutService Binding="%s" Location="https://idp/slo"/><md:SingleSignOnService Binding="%s" Location="https://idp/sso"/></md:IDPSSODescriptor></md:EntityDescriptor>`,
		nsMetadata, nsSignature, id, more, nsProtocol, keys.String(), bindingRedirect, bindingRedirect)
}

func TestSAMLMetadata(t *testing.T) {
	several := `<md:EntitiesDescriptor xmlns:md="` + nsMetadata + `">` + described(t, "a", 1, "") + described(t, "b", 2, "") + `</md:EntitiesDescriptor>`
	for name, row := range map[string]struct {
		raw, entity string
		want        string // the complaint; "" = read
		keys        int
	}{
		"one":                     {described(t, "a", 1, ""), "a", "", 1},
		"fifty certificates":      {described(t, "a", 50, ""), "a", "", 50},
		"fifty-one":               {described(t, "a", 51, ""), "a", "many", 0},
		"none":                    {described(t, "a", 0, ""), "a", "certificate", 0},
		"another company":         {described(t, "b", 1, ""), "a", "other", 0},
		"several, one chosen":     {several, "b", "", 2},
		"several, none chosen":    {several, "", "several", 0},
		"several, another chosen": {several, "c", "other", 0},
		"ended":                   {described(t, "a", 1, `validUntil="2026-11-22T11:59:59Z"`), "a", "ended", 0},
		"a byte order mark":       {"\ufeff" + described(t, "a", 1, ""), "a", "", 1},
		"DOCTYPE":                 {"<!DOCTYPE x>" + described(t, "a", 1, ""), "a", "unreadable", 0},
		"HTML":                    {"<html><p>hello", "a", "unreadable", 0},
		"empty":                   {"", "a", "unreadable", 0},
		"too large":               {described(t, "a", 1, "") + strings.Repeat(" ", 1<<20) + "x", "a", "unreadable", 0},
		"our own":                 {ourOwn(t), "", "none", 0},
	} {
		m, err := ReadSAMLMetadata([]byte(row.raw), row.entity, testNow)
		var problem *MetadataProblem
		if row.want == "" && (err != nil || len(m.Certificates) != row.keys || m.Redirect != "https://idp/sso" || m.SignOut != "https://idp/slo" || !m.WantsSigned) {
			t.Errorf("%s: %v %+v", name, err, m)
		}
		if row.want != "" && (!errors.As(err, &problem) || problem.Key != "provider.saml.metadata."+row.want) {
			t.Errorf("%s: %v, want %s", name, err, row.want)
		}
	}
}

// ourOwn is what we say of ourselves, the same each time.
func ourOwn(t *testing.T) string {
	s := Secrets{Key: rsaKey(t)}
	first, err := SAMLDescribe(Provider{}, s, samlACS)
	if err != nil {
		t.Fatal(err)
	}
	again, err := SAMLDescribe(Provider{}, s, samlACS)
	if err != nil || string(first) != string(again) || !strings.Contains(string(first), samlACS) || !strings.Contains(string(first), samlUs) {
		t.Errorf("our metadata differ or miss something: %v\n%s", err, first)
	}
	return string(first)
}

// TestSAMLRequest: what we send is signed by our key over exactly what is sent, and asks for what the admin wants.
func TestSAMLRequest(t *testing.T) {
	co := newSAMLCorp(t)
	key := rsaKey(t)
	co.provide = func(p *Provider) { p.SignRequests, p.NameIDFormat = true, NamePersistent }
	ask := Ask{State: samlRelay, RedirectURI: samlACS, Fresh: true}
	way, d, err := samlConnector{}.Begin(t.Context(), co.net(), co.provider(), Secrets{Key: key}, ask)
	q := valuesOf(t, way.Redirect)
	if err != nil || d.RequestID == "" || q.Get("RelayState") != samlRelay || q.Get("SigAlg") != rsaSHA256 || q.Get("Signature") == "" {
		t.Fatalf("%v %+v %v", err, d, q)
	}
	text, _, _ := strings.Cut(way.Redirect[strings.Index(way.Redirect, "SAMLRequest="):], "&Signature=")
	if want, err := signText(key, text); err != nil || want != q.Get("Signature") {
		t.Errorf("the signature is not over what is sent: %v", err)
	}
	co.provide = func(p *Provider) { p.SignRequests, p.SignInBinding = true, "post" }
	way, _, err = samlConnector{}.Begin(t.Context(), co.net(), co.provider(), Secrets{Key: key}, ask)
	if err != nil || way.Action != "https://idp.corp.example/sso" || len(way.Fields) != 2 {
		t.Fatalf("%v %+v", err, way)
	}
	raw, err := base64.StdEncoding.DecodeString(way.Fields[0][1])
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromBytes(raw); err != nil {
		t.Fatal(err)
	}
	if doc.Root().SelectAttrValue("ForceAuthn", "") != "true" || doc.Root().ChildElements()[1].Tag != "Signature" {
		t.Errorf("%s", raw)
	}
}

func FuzzSAMLMetadata(f *testing.F) {
	f.Add(described(f, "a", 2, ""))
	f.Add("<!DOCTYPE x><x/>")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ReadSAMLMetadata([]byte(text), "a", testNow)
		if err == nil && (m.EntityID != "a" || len(m.Certificates) == 0) {
			t.Errorf("read: %+v", m)
		}
	})
}
