package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"portico/models/modelstest"
)

// TestAnAdminTriesAProvider is “Test connection” in a browser, against another Portico: the admin leaves from the portal,
// signs in there, comes back by the customers' address, and reads who they are. Nobody is signed in or signed up by it.
func TestAnAdminTriesAProvider(t *testing.T) {
	t.Parallel()
	port := modelstest.FreePort(t)
	other := boot(t, fmt.Sprintf("PORT=%d", port), fmt.Sprintf("PORTICO_BASE_URL=http://127.0.0.1:%d", port))
	s := boot(t, fmt.Sprintf("PORTICO_OUTBOUND_ALLOW=127.0.0.1:%d", port))
	there, here := newAPI(t, other), newAPI(t, s)
	web := there.register("Fernhill here", "http://localhost:1/callback", true)
	id := here.provider("Northwind", other.base+"/"+party{t: t, base: other.base}.tenantID()+"/v2.0", web.clientID, web.secret)
	const email = "olive@example.com"
	f := newFiller(t, other, email, password)
	f.walk(market(t, other).authorize("prompt=create"), market(t, other).redirect)

	ada := openBrowser(t, s, "provider-trial")
	ada.intoPortal("ada@fernhill.example")
	page := s.base + "/admin/t/fernhill/identity-providers/" + id
	ada.goTo(page)
	ada.sees("Not tested yet")
	ada.shot("provider")
	ada.press("form[action$='/check'] button")
	ada.sees("The settings look right")
	ada.shot("checked")
	there.call(http.MethodPatch, "/v1.0/applications(appId='"+web.clientID+"')",
		values{"web": values{"redirectUris": []string{s.base + "/" + party{t: t, base: s.base}.tenantID() + "/federation/" + id + "/callback"}}})
	ada.goTo(page)
	ada.press("form[action$='/test'] button")
	ada.comesTo(other.base) // it goes on by itself
	ada.typeInto(emailBox, email)
	if !ada.has(passwordBox) {
		ada.submit()
	}
	ada.typeInto(passwordBox, password)
	ada.submit()
	if strings.HasPrefix(ada.url(), other.base) {
		ada.submit() // stay signed in there?
	}
	ada.comesTo(page + "/test/")
	ada.shot("tried")
	ada.sees("It works")
	ada.sees(email)
	ada.goTo(s.base + "/admin/t/fernhill/identity-providers")
	ada.shot("list")
	ada.goTo(s.base + "/admin/t/fernhill/identity-providers/domains?address=olive@example.com")
	ada.sees("No provider has the domain example.com")
	ada.shot("domains")
}
