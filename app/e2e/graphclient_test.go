package e2e

import "testing"

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
}
