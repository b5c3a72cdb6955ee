package federation

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Bindings of SAML (SAML bindings §3).
const (
	bindingRedirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
	bindingPost     = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
)

const (
	// MostCertificates is how many certificates a provider may have.
	MostCertificates = 50
	metadataMost     = 50000 // elements of metadata
	metadataLongest  = 1 << 20
)

// SAMLMetadata is what we read of a company's metadata (SAML metadata §2.4.3).
type SAMLMetadata struct {
	EntityID     string
	Redirect     string // where people are sent by a redirect
	Post         string // and by a form
	SignOut      string // by a redirect
	Certificates []*x509.Certificate
	WantsSigned  bool
	ValidUntil   time.Time
}

// MetadataProblem says why metadata cannot be used: Key names the words for admins, Reason is for the trace.
type MetadataProblem struct {
	Key    string
	Args   map[string]any
	Reason string
}

func (e *MetadataProblem) Error() string { return e.Reason }

func badMetadata(key, reason string, args map[string]any) error {
	return &MetadataProblem{Key: "provider.saml.metadata." + key, Args: args, Reason: reason}
}

type (
	xmlEntities struct {
		XMLName    xml.Name
		EntityID   string        `xml:"entityID,attr"`
		ValidUntil string        `xml:"validUntil,attr"`
		Company    []xmlCompany  `xml:"urn:oasis:names:tc:SAML:2.0:metadata IDPSSODescriptor"`
		Entities   []xmlEntities `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntityDescriptor"`
		Groups     []xmlEntities `xml:"urn:oasis:names:tc:SAML:2.0:metadata EntitiesDescriptor"`
	}
	xmlCompany struct {
		WantsSigned string     `xml:"WantAuthnRequestsSigned,attr"`
		ValidUntil  string     `xml:"validUntil,attr"`
		Protocols   string     `xml:"protocolSupportEnumeration,attr"`
		Keys        []xmlKey   `xml:"urn:oasis:names:tc:SAML:2.0:metadata KeyDescriptor"`
		SignIn      []xmlAtURL `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleSignOnService"`
		SignOut     []xmlAtURL `xml:"urn:oasis:names:tc:SAML:2.0:metadata SingleLogoutService"`
	}
	xmlKey struct {
		Use          string   `xml:"use,attr"`
		Certificates []string `xml:"http://www.w3.org/2000/09/xmldsig# KeyInfo>X509Data>X509Certificate"`
	}
	xmlAtURL struct {
		Binding  string `xml:"Binding,attr"`
		Location string `xml:"Location,attr"`
	}
)

// ReadSAMLMetadata reads the metadata of one company. Where several are in a document, entityID says which; where one is,
// it has to be that one, so that whoever can change the document cannot become somebody else.
func ReadSAMLMetadata(raw []byte, entityID string, now time.Time) (SAMLMetadata, error) {
	if len(raw) > metadataLongest {
		return SAMLMetadata{}, badMetadata("unreadable", "the metadata are larger than 1 MB", nil)
	}
	raw = bytes.TrimPrefix(bytes.TrimSpace(raw), []byte("\ufeff")) // what AD FS writes in front
	if err := plainXML(raw, metadataMost, false); err != nil {
		return SAMLMetadata{}, badMetadata("unreadable", err.Error(), nil)
	}
	var doc xmlEntities
	if err := xml.NewDecoder(bytes.NewReader(raw)).Decode(&doc); err != nil || doc.XMLName.Space != nsMetadata {
		return SAMLMetadata{}, badMetadata("unreadable", "this is no SAML metadata", nil)
	}
	var all []samlEntity
	if problem := doc.collect(nil, &all); problem != nil {
		return SAMLMetadata{}, problem
	}
	if len(all) == 0 {
		return SAMLMetadata{}, badMetadata("none", "the metadata describe no identity provider of SAML 2.0", nil)
	}
	if entityID == "" && len(all) > 1 {
		return SAMLMetadata{}, badMetadata("several", fmt.Sprintf("the metadata describe %d identity providers; say which by its entity id", len(all)), map[string]any{"count": len(all)})
	}
	var fit []samlEntity
	for _, e := range all {
		if entityID == "" || e.id == entityID {
			fit = append(fit, e)
		}
	}
	if len(fit) != 1 {
		return SAMLMetadata{}, badMetadata("other", fmt.Sprintf("the metadata describe “%s”, expected was “%s”", words(all[0].id), words(entityID)), map[string]any{"found": words(all[0].id)})
	}
	return fit[0].read(now)
}

// samlEntity is one described company with the ends of whatever it stands in.
type samlEntity struct {
	id      string
	until   []string
	company xmlCompany
}

func (d xmlEntities) collect(until []string, into *[]samlEntity) error {
	if d.ValidUntil != "" {
		until = append(slices.Clip(until), d.ValidUntil)
	}
	if d.XMLName.Local == "EntityDescriptor" {
		for _, c := range d.Company {
			if !strings.Contains(c.Protocols, nsProtocol) {
				continue
			}
			ends := until
			if c.ValidUntil != "" {
				ends = append(slices.Clip(until), c.ValidUntil)
			}
			*into = append(*into, samlEntity{d.EntityID, ends, c})
		}
		return nil
	}
	for _, inner := range slices.Concat(d.Entities, d.Groups) {
		if err := inner.collect(until, into); err != nil {
			return err
		}
	}
	return nil
}

func (e samlEntity) read(now time.Time) (SAMLMetadata, error) {
	out := SAMLMetadata{EntityID: e.id, WantsSigned: e.company.WantsSigned == "true" || e.company.WantsSigned == "1"}
	for _, text := range e.until {
		at, err := time.Parse(time.RFC3339Nano, text)
		if err != nil {
			return out, badMetadata("unreadable", "validUntil is not a time", nil)
		}
		if out.ValidUntil.IsZero() || at.Before(out.ValidUntil) {
			out.ValidUntil = at.UTC()
		}
	}
	if out.ended(now) {
		return out, badMetadata("ended", "the metadata ended on "+out.ValidUntil.Format("2 January 2006"), map[string]any{"date": out.ValidUntil.Format("2006-01-02")})
	}
	for _, s := range e.company.SignIn {
		switch {
		case s.Binding == bindingRedirect && out.Redirect == "":
			out.Redirect = strings.TrimSpace(s.Location)
		case s.Binding == bindingPost && out.Post == "":
			out.Post = strings.TrimSpace(s.Location)
		}
	}
	if out.Redirect == "" && out.Post == "" {
		return out, badMetadata("place", "the metadata name no sign-in address that a browser can be sent to", nil)
	}
	for _, s := range e.company.SignOut {
		if s.Binding == bindingRedirect && out.SignOut == "" {
			out.SignOut = strings.TrimSpace(s.Location)
		}
	}
	return out, e.certificates(&out)
}

// certificates takes those that sign. One that cannot be read is passed over while another can: old metadata carry
// rubbish beside what works.
func (e samlEntity) certificates(out *SAMLMetadata) error {
	for _, k := range e.company.Keys {
		if k.Use != "" && k.Use != "signing" {
			continue
		}
		for _, text := range k.Certificates {
			c, err := certificateOf(text)
			if err != nil || slices.ContainsFunc(out.Certificates, c.Equal) {
				continue
			}
			if out.Certificates = append(out.Certificates, c); len(out.Certificates) > MostCertificates {
				return badMetadata("many", fmt.Sprintf("the metadata hold more than %d certificates", MostCertificates), map[string]any{"max": MostCertificates})
			}
		}
	}
	if len(out.Certificates) == 0 {
		return badMetadata("certificate", "the metadata hold no certificate that signs", nil)
	}
	return nil
}

func (m SAMLMetadata) ended(now time.Time) bool {
	return !m.ValidUntil.IsZero() && !now.Before(m.ValidUntil)
}

// samlPlace finds where a company is and what signs for it: by its metadata where they have an address, else as the admin
// said. renew reads them again, at most once a minute, because an answer was signed with an unknown certificate.
func (t *trip) samlPlace(ctx context.Context, renew bool) (SAMLMetadata, *Refusal) {
	p := t.p
	if p.MetadataURL == "" {
		m := SAMLMetadata{EntityID: p.EntityID, Redirect: p.SignInURL, SignOut: p.SignOutURL}
		if p.SignInBinding == "post" {
			m.Post, m.Redirect = p.SignInURL, ""
		}
		for _, text := range p.Certificates {
			all, err := ParseCertificates(text)
			if err != nil {
				return m, t.refuse(SetUp, "metadata", "a certificate of the provider cannot be read", err)
			}
			m.Certificates = append(m.Certificates, all...)
		}
		return m, nil
	}
	v, err := t.n.Cache.get(ctx, "saml "+t.n.Tenant+" "+p.EntityID+" "+p.MetadataURL, t.n.Now, renew, func(ctx context.Context) (any, error) {
		m, err := t.readSAML(ctx)
		if err == nil {
			return m, t.keepSAML(ctx, m)
		}
		if kept, at, ok := t.keptSAML(ctx); ok {
			err = &earlier{kept, at, err}
		}
		return nil, err
	})
	if err != nil {
		return SAMLMetadata{}, t.again(err, "metadata")
	}
	m := v.(SAMLMetadata)
	switch {
	case m.ended(t.n.Now()):
		return m, t.refuse(Unreachable, "metadata", "the metadata ended on "+m.ValidUntil.Format("2 January 2006")+", and newer ones cannot be read", nil)
	case p.SignInBinding == "post" && m.Post != "":
		m.Redirect = ""
	}
	return m, nil
}

func (t *trip) readSAML(ctx context.Context) (SAMLMetadata, error) {
	r, err := http.NewRequest(http.MethodGet, t.p.MetadataURL, nil)
	if err != nil {
		return SAMLMetadata{}, t.refuse(SetUp, "metadata", "“"+words(t.p.MetadataURL)+"” is not an address", err)
	}
	r.Header.Set("Accept", "application/samlmetadata+xml, application/xml, text/xml")
	a, refusal := t.call(ctx, "metadata", r)
	if refusal != nil {
		return SAMLMetadata{}, refusal
	}
	if a.Status != http.StatusOK {
		return SAMLMetadata{}, t.refuse(Unreachable, "metadata", fmt.Sprintf("%s answered with status %d%s", r.URL.Host, a.Status, hintOf(a.Status)), nil)
	}
	m, err := ReadSAMLMetadata(a.Body, t.p.EntityID, t.n.Now())
	if err != nil {
		return m, t.refuse(SetUp, "metadata", err.Error(), err)
	}
	return m, nil
}

// FetchSAMLMetadata reads a company's metadata now, for an admin who sets it up. Its error is a *Refusal, which may hold a
// *MetadataProblem.
func FetchSAMLMetadata(ctx context.Context, n Net, p Provider) (SAMLMetadata, error) {
	return (&trip{n: n, p: p}).readSAML(ctx)
}

// SAMLCertificates are those that may sign for a company, as they are known now. Its error is a *Refusal.
func SAMLCertificates(ctx context.Context, n Net, p Provider) ([]*x509.Certificate, error) {
	m, refusal := (&trip{n: n, p: p}).samlPlace(ctx, false)
	if refusal != nil {
		return nil, refusal
	}
	return m.Certificates, nil
}

// SAMLEnds is when the last of the certificates that an admin entered ends; zero where they come from metadata.
func SAMLEnds(p Provider) time.Time {
	var last time.Time
	for _, text := range p.Certificates {
		all, err := ParseCertificates(text)
		if err != nil {
			continue
		}
		for _, c := range all {
			if c.NotAfter.After(last) {
				last = c.NotAfter.UTC()
			}
		}
	}
	return last
}

// Fingerprint is how people compare certificates.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return fmt.Sprintf("%X", sum[:])
}
