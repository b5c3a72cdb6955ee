package e2e

import (
	"strings"
	"testing"
)

// TestGraphClient drives the vendor's Graph client for JavaScript over https with the local authority.
func TestGraphClient(t *testing.T) {
	s := boot(t, "PORTICO_TLS=local")
	manage := newAPI(t, s)
	n := startNode(t, s, "graph-client.mjs")
	n.step("start", values{"base": s.base, "token": manage.token})
	if got := n.step("list", nil); got["seen"] != got["count"] || got["inFirst"] != got["count"] || got["count"].(float64) < 8 {
		t.Errorf("paging: %v", got)
	}
	if got := n.step("create", values{"email": "gail@example.com"}); got["nothing"] != true || got["same"] != true || got["city"] != "Rome" {
		t.Errorf("create: %v", got)
	}
	if got := n.step("refuse", nil); got["status"] != 400.0 || got["code"] != "Request_BadRequest" || got["message"] == "" || got["request"] == nil {
		t.Errorf("refuse: %v", got)
	}
	if got := n.step("batch", nil); got["a"] != 200.0 || got["b"] != 404.0 || got["c"] != 204.0 {
		t.Errorf("batch: %v", got)
	}
	got := n.step("flows", nil)
	if types := got["types"].([]any); len(types) != 1 || types[0] != "#microsoft.graph.externalUsersSelfServiceSignUpEventsFlow" {
		t.Errorf("flows: %v", got)
	}
	names := got["names"].([]any)
	redirect := ""
	for _, app := range manage.call("GET", "/v1.0/applications", nil)["value"].([]any) {
		if web := app.(map[string]any)["web"].(map[string]any); web["homePageUrl"] != nil && app.(map[string]any)["displayName"] == "Fernhill Market" {
			redirect = web["homePageUrl"].(string)
		}
	}
	got = n.step("attributes", values{"flow": names[0], "redirect": redirect})
	if link, _ := got["link"].(string); got["type"] != "#microsoft.graph.identityCustomUserFlowAttribute" || got["listed"] != true || got["asked"] != true || got["refused"] != 409.0 ||
		got["status"] != "PendingAcceptance" || !strings.HasPrefix(link, s.base+"/fernhill/invitation/") {
		t.Errorf("attributes: %v", got)
	}
}
