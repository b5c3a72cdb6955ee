package admin

import (
	"context"
	"errors"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/federation"
	"portico/models"
	views "portico/views/admin"
)

// provider_saml.go: a company that speaks SAML 2.0.

// samlFields are what an admin gets from the company: its metadata by address or as a file, or each value.
func samlFields(x models.IdentityProvider) []views.Field {
	return []views.Field{
		{Name: "metadataUrl", Label: "Address of their metadata", Hint: "The easiest: it is read again every hour, so that new certificates arrive by themselves.", Type: "url", Value: x.MetadataURL, Code: true, Optional: true},
		{Kind: views.TextArea, Name: "metadata", Label: "Or their metadata", Hint: "The whole XML file, pasted. Entity id, addresses and certificates are taken out of it, and then it has to be pasted again when they change.", Rows: 5, Code: true, Optional: true},
		{Name: "entityId", Label: "Their entity id", Hint: "Also called issuer. Empty means the one in the metadata. It stays as it is, whatever metadata say later.", Value: x.EntityID, Code: true, Optional: true},
		{Kind: views.Heading, Label: "Without metadata"},
		{Name: "signInUrl", Label: "Sign-in address", Hint: "Also called SSO URL or login URL.", Type: "url", Value: x.SignInURL, Code: true, Optional: true},
		{Kind: views.TextArea, Name: "certificates", Label: "Certificates", Hint: "From BEGIN CERTIFICATE to END CERTIFICATE; several, one after the other, while they change. Only these may sign.", Value: strings.Join(x.Certificates, ""), Rows: 6, Code: true, Optional: true},
		{Name: "signOutUrl", Label: "Sign-out address", Hint: "Also called single logout or SLO URL.", Type: "url", Value: x.SignOutURL, Code: true, Optional: true},
		{Kind: views.Heading, Label: "With a file"},
		{Name: "file", Label: "File of their metadata", Hint: "An XML file of at most 1 MB. It is read like metadata that are pasted above.", Type: "file", Optional: true},
	}
}

// readSAML lays the form onto a provider. Metadata are read now, so that a mistake is told beside its field.
func (p *Portal) readSAML(c *fiber.Ctx, x *federation.Provider) error {
	x.EntityID, x.MetadataURL, x.SignInURL, x.SignOutURL = typed(c, "entityId"), typed(c, "metadataUrl"), typed(c, "signInUrl"), typed(c, "signOutUrl")
	x.Certificates = nil
	if text := typed(c, "certificates"); text != "" {
		x.Certificates = []string{text}
	}
	field, given, err := samlGiven(c)
	switch {
	case err != nil:
		return err
	case field != "" && x.MetadataURL != "":
		return fault.BadField(field, "provider.saml.metadata.both", nil)
	case x.MetadataURL != "":
		return p.fetchSAML(c.UserContext(), visitOf(c).dir.Tenant.Slug, x)
	case field == "":
		return nil
	}
	m, err := federation.ReadSAMLMetadata(given, x.EntityID, p.Now())
	if err != nil {
		return badSAML(field, err)
	}
	x.EntityID, x.SignInURL, x.SignOutURL, x.SignInBinding, x.Certificates = m.EntityID, m.Redirect, m.SignOut, "", nil
	if m.Redirect == "" {
		x.SignInURL, x.SignInBinding = m.Post, "post"
	}
	for _, cert := range m.Certificates {
		x.Certificates = append(x.Certificates, federation.CertificatePEM(cert))
	}
	return nil
}

// samlGiven is the metadata that came with the form, and the field that holds them: a file, or what was pasted. "" = none.
func samlGiven(c *fiber.Ctx) (string, []byte, error) {
	if u := visitOf(c).upload; u != nil && u.file != nil {
		body, err := u.whole(samlFile)
		return "file", body, err
	}
	if text := raw(c, "metadata"); strings.TrimSpace(text) != "" {
		return "metadata", []byte(text), nil
	}
	return "", nil, nil
}

// samlFile bounds a file of metadata.
const samlFile = 1 << 20

// fetchSAML reads the metadata that an address gives, and takes the entity id out of them when none was said.
func (p *Portal) fetchSAML(ctx context.Context, slug string, x *federation.Provider) error {
	n := p.Net
	n.Tenant = slug
	m, err := federation.FetchSAMLMetadata(ctx, n, *x)
	if err != nil {
		return badSAML("metadataUrl", err)
	}
	x.EntityID = m.EntityID
	return nil
}

// badSAML says beside the field what is wrong with metadata.
func badSAML(field string, err error) error {
	var problem *federation.MetadataProblem
	if errors.As(err, &problem) {
		if problem.Key == "provider.saml.metadata.several" {
			field = "entityId"
		}
		return fault.BadField(field, problem.Key, problem.Args)
	}
	var refusal *federation.Refusal
	if errors.As(err, &refusal) {
		return fault.BadField(field, "provider.saml.metadata.unreachable", nil)
	}
	return err
}

// takeSAML moves what the form says into the stored provider, and leaves the advanced settings alone.
func takeSAML(y *federation.Provider, sent federation.Provider) {
	y.EntityID, y.MetadataURL, y.SignInURL, y.SignOutURL, y.Certificates = sent.EntityID, sent.MetadataURL, sent.SignInURL, sent.SignOutURL, sent.Certificates
	if sent.SignInBinding != "" {
		y.SignInBinding = sent.SignInBinding
	}
}

// samlFacts are what the company has to be told about us.
func (p *Portal) samlFacts(tenantID string, x federation.Provider) []views.Fact {
	acs := p.redirectURI(tenantID, x.ID)
	return facts(fact("Our entity id", code(federation.SAMLEntityID(x, acs))), fact("Our assertion consumer service (ACS, reply URL)", code(acs)),
		fact("Our metadata", views.Cell{Kind: views.Name, Text: federation.SAMLMetadataURL(acs), Href: federation.SAMLMetadataURL(acs)}), fact("Our sign-out address", code(federation.SAMLSignedOutURL(acs))))
}

// samlSections show who signs for the company, and until when.
func (p *Portal) samlSections(c *fiber.Ctx, x models.IdentityProvider) []views.Section {
	s := views.Section{ID: "certificates", Title: "Certificates that may sign", Empty: "None.",
		Table: &views.Table{Caption: "Certificates", Columns: []views.Column{{Label: "Subject"}, {Label: "State"}, {Label: "Last day"}, {Label: "Fingerprint (SHA-256)"}}}}
	n := p.Net
	n.Tenant = visitOf(c).dir.Tenant.Slug
	all, err := federation.SAMLCertificates(c.UserContext(), n, x.Provider)
	if err != nil {
		var refusal *federation.Refusal
		if errors.As(err, &refusal) {
			s.Empty = "They cannot be read at the moment: " + refusal.Reason
		}
	}
	for _, cert := range all {
		state := badge("ok", "In use")
		switch now := p.Now(); {
		case now.After(cert.NotAfter):
			state = badge("danger", "Ended")
		case now.Before(cert.NotBefore):
			state = badge("neutral", "Not yet")
		case cert.NotAfter.Sub(now) < models.ExpirySoon:
			state = badge("warn", "Ends soon")
		}
		s.Table.Rows = append(s.Table.Rows, views.Row{Cells: []views.Cell{plain(or(cert.Subject.String(), "No name")), state, when(cert.NotAfter), code(federation.Fingerprint(cert))}})
	}
	if x.MetadataURL != "" {
		s.Lead = "They come from the metadata, which are read again every hour, and at once when an answer is signed by another one."
	}
	return []views.Section{s}
}

// samlWarnings say what will soon be wrong with a company whose certificates were entered here.
func (p *Portal) samlWarnings(x models.IdentityProvider) []string {
	if x.Kind != federation.SAML || x.MetadataURL != "" {
		return nil
	}
	end := federation.SAMLEnds(x.Provider)
	switch left := end.Sub(p.Now()); {
	case end.IsZero() || left >= models.ExpirySoon:
		return nil
	case left <= 0:
		return []string{"Its last certificate ended on " + end.Format("2 January 2006")}
	}
	return []string{"Its last certificate ends on " + end.Format("2 January 2006")}
}

// samlAdvanced are the settings of the protocol.
func samlAdvanced(x federation.Provider) []views.Field {
	return []views.Field{
		{Kind: views.Select, Name: "nameIdFormat", Label: "Format of names that we ask for", Value: x.NameIDFormat, Options: []views.Option{{Value: "", Label: "The company chooses"}, {Value: federation.NamePersistent, Label: "Persistent (never another person)"},
			{Value: federation.NameEmail, Label: "Mail address"}, {Value: federation.NameUnspecified, Label: "Unspecified"}, {Value: federation.NameTransient, Label: "Transient (needs the attribute below)"}}},
		{Name: "subjectClaim", Label: "Attribute that says who somebody is", Hint: "Empty means the name (NameID). Changing it makes everybody a stranger.", Value: x.SubjectClaim, Code: true, Optional: true},
		{Kind: views.Radios, Name: "signInBinding", Label: "How people are sent there", Value: or(x.SignInBinding, "redirect"), Options: []views.Option{{Value: "redirect", Label: "By a redirect"}, {Value: "post", Label: "By a form (POST)"}}},
		{Kind: views.Check, Name: "signRequests", Label: "Sign our requests", Hint: "They are signed as well when the company’s metadata ask for it.", Value: tick(x.SignRequests)},
		{Kind: views.Check, Name: "wantEncrypted", Label: "Take encrypted assertions only", Hint: "Encrypted ones are read in any case.", Value: tick(x.WantEncrypted)},
		{Kind: views.TextArea, Name: "authnContext", Label: "How people have to prove themselves there", Hint: "Classes of which one is asked for (RequestedAuthnContext), one per line. Empty means that the company decides.", Value: lines(x.AuthnContext), Rows: 3, Code: true, Optional: true},
		{Name: "clientId", Label: "Our entity id", Hint: "Only if the company knows us by another one already. Empty means the address of our metadata.", Value: x.ClientID, Code: true, Optional: true},
	}
}

// readSAMLAdvanced takes them.
func readSAMLAdvanced(c *fiber.Ctx, y *federation.Provider) {
	y.NameIDFormat, y.SubjectClaim, y.SignInBinding, y.ClientID = typed(c, "nameIdFormat"), typed(c, "subjectClaim"), typed(c, "signInBinding"), typed(c, "clientId")
	y.SignRequests, y.WantEncrypted, y.AuthnContext = ticked(c, "signRequests"), ticked(c, "wantEncrypted"), splitLines(typed(c, "authnContext"))
	if y.SignInBinding == "redirect" {
		y.SignInBinding = ""
	}
}

// samlSteps say where the usual products keep what is asked for.
func samlSteps() []string {
	return []string{
		"1. Give the company our metadata: most products take their address or the file. Otherwise give them our entity id and our assertion consumer service.",
		"2. Microsoft Entra: “Enterprise applications”, “New application”, “Create your own”, then “Single sign-on”, “SAML”. Upload our metadata, and copy “App Federation Metadata Url” here.",
		"3. Okta: “Applications”, “Create App Integration”, “SAML 2.0”. Single sign-on URL is our assertion consumer service, Audience URI our entity id; “Sign On”, “Metadata URL” goes here.",
		"4. Google Workspace: “Apps”, “Web and mobile apps”, “Add custom SAML app”. Download the metadata on the second page and paste them here; ACS URL and Entity ID go onto the third page.",
		"5. AD FS: “Relying Party Trusts”, “Add”, by our metadata’s address. Theirs stand at https://their-host/FederationMetadata/2007-06/FederationMetadata.xml.",
		"6. Ask for a name that never passes to another person (persistent), and for the attributes mail address, given name and surname. The usual names of all four products are understood.",
	}
}
