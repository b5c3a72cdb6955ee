package openid

import (
	"portico/app/openid"
)

// trialParam marks a request by which an admin tries a user flow. A mark that is wrong or old is no mark:
// the sign-in goes on and counts like any other.
const trialParam = "portico_test"

// trial reports whether an admin's link marks the request as a test.
func (h *Handler) trial(in openid.Params, r *openid.AuthorizeRequest) bool {
	mark := in.Get(trialParam)
	return mark != "" && h.MAC != nil && h.MAC.Trial(mark, r.TenantID, r.ClientID, r.RedirectURI, h.Provider.Now())
}
