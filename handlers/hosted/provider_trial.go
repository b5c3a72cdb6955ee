package hosted

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/federation"
	"portico/handlers"
	"portico/models"
)

// provider_trial.go: the answer to an admin's test of a provider comes to the same address as customers' do. It is laid
// down for the portal, which may live on a host of its own, and read there, in the session that began the test. Whoever
// brings it here sees nothing and changes nothing else.

// tried takes the answer to a test; false = it is a customer's.
func (h *Hosted) tried(c *fiber.Ctx, dir *models.Directory, values url.Values) (bool, error) {
	state := cmp.Or(values.Get("state"), values.Get("RelayState"))
	if !federation.IsTrial(state) {
		return false, nil
	}
	none := fault.New(fault.NotFound, "error.not_found")
	if len(values["state"])+len(values["RelayState"]) != 1 || len(values.Encode()) > longestAnswer {
		return true, h.lost(c, dir, none)
	}
	provider := c.Params("provider")
	id, found, err := h.sessions.Store.Tenant(dir.Tenant.ID).AnswerTrial(c.UserContext(), provider, state, values)
	if err != nil || !found {
		return true, h.lost(c, dir, cmp.Or(err, error(none)))
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	c.Set(fiber.HeaderReferrerPolicy, "no-referrer")
	return true, c.Redirect(strings.TrimSuffix(h.portal, "/")+"/admin/t/"+url.PathEscape(dir.Tenant.Slug)+"/identity-providers/"+url.PathEscape(provider)+"/test/"+url.PathEscape(id), fiber.StatusSeeOther)
}

// triedByForm takes a posted answer to a test.
func (h *Hosted) triedByForm(c *fiber.Ctx) (bool, error) {
	if len(c.Body()) > longestAnswer {
		return false, nil
	}
	values, err := url.ParseQuery(string(c.Body()))
	if err != nil {
		return false, nil // as any other form that cannot be read
	}
	return h.tried(c, handlers.DirectoryOf(c), values)
}
