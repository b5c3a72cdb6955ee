package hosted

import (
	"context"
	"net/url"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/federation"
	"portico/handlers"
)

// federation_saml.go: what only SAML needs of the way there and back.

// samlState names what was sent along by the word that the machine knows. Of another protocol's answer, RelayState means
// nothing; of SAML's, a field called state does not.
func samlState(kind federation.Kind, values url.Values) url.Values {
	if kind != federation.SAML {
		return values
	}
	values.Del("state")
	for _, s := range values["RelayState"] {
		values.Add("state", s)
	}
	return values
}

// describer tells a company about us, for one provider.
type describer interface {
	Describe(ctx context.Context, tenantID string, p federation.Provider, hosts ...string) ([]byte, error)
}

// Describe is our SAML metadata for a provider, with the callbacks at the tenant's own hosts.
func (u Providers) Describe(ctx context.Context, tenantID string, p federation.Provider, hosts ...string) ([]byte, error) {
	s, err := u.Secrets(ctx, tenantID, p.ID)
	if err != nil {
		return nil, err
	}
	var others []string
	for _, host := range hosts {
		others = append(others, u.RedirectURI(host, tenantID, p.ID))
	}
	return federation.SAMLDescribe(p, s, u.RedirectURI("", tenantID, p.ID), others...)
}

// samlMetadata gives out our metadata: names, addresses and public keys, for everybody. Companies read them again by
// themselves, so a provider that is switched off still has them.
func (h *Hosted) samlMetadata(c *fiber.Ctx) error {
	dir := handlers.DirectoryOf(c)
	p := dir.Providers[c.Params("provider")]
	us, ok := h.machine.Upstream.(describer)
	if p == nil || p.Kind != federation.SAML || !ok {
		return fault.New(fault.NotFound, "error.not_found")
	}
	doc, err := us.Describe(c.UserContext(), dir.Tenant.ID, *p, dir.Tenant.Hosts...)
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/samlmetadata+xml; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `inline; filename="portico-metadata.xml"`)
	c.Set(fiber.HeaderCacheControl, "public, max-age=3600")
	return c.Send(doc)
}

// errAsked refuses a LogoutRequest of a company (SAML core §3.7.1): what it calls somebody is no proof that this browser is
// theirs, and sessions here are ended by their owners and by admins.
func errAsked() error { return fault.New(fault.Denied, "provider.signout.asked") }

// longestRelay bounds what a company sends back of ours (SAML bindings §3.5.3 asks for 80 bytes).
const longestRelay = 256

// signedOutByForm takes a company's answer to a sign-out by form (SAML bindings §3.5.4). It is posted from the company's
// own site, where our cookies are not sent, so the browser comes again by a GET. What the answer says changes nothing:
// people were signed out here before they left.
func (h *Hosted) signedOutByForm(c *fiber.Ctx) error {
	dir := handlers.DirectoryOf(c)
	h.speaking(c, dir, nil)
	p := dir.Providers[c.Params("provider")]
	state := handlers.Form(c, "RelayState")
	if p == nil || p.Kind != federation.SAML || len(state) > longestRelay {
		return h.lost(c, dir, fault.New(fault.NotFound, "error.not_found"))
	}
	if handlers.Form(c, "SAMLRequest") != "" {
		return errAsked()
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Redirect(c.Path()+"?RelayState="+url.QueryEscape(state), fiber.StatusSeeOther)
}
