package e2e

import (
	"fmt"
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
	got := n.step("protection", nil)
	for name, want := range map[string]any{"same": true, "type": "leakedCredentials", "before": "high", "nothing": true, "state": "confirmedCompromised", "detail": "adminConfirmedUserCompromised", "last": "dismissed", "open": 0.0,
		"counted": 5.0, "seen": 5.0, "walked": 5.0, "risky": 1.0, "worst": true, "safe": "confirmedSafe", "undone": "atRisk", "item": "dismissed", "marked": true} {
		if got[name] != want {
			t.Errorf("protection: %s is %v, want %v (%v)", name, got[name], want, got)
		}
	}
	if wrong, _ := got["wrong"].(string); !strings.HasPrefix(wrong, "400 ") || !strings.Contains(wrong, "Known are none, low, medium, high") {
		t.Errorf("a word that is no level: %v", got["wrong"])
	}
	got = n.step("flows", nil)
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
	if got := n.step("groups", values{"app": "Fernhill Market"}); got["added"] != true || got["all"] != 4.0 || got["types"] != 1.0 || got["users"] != 3.0 || got["of"] != 2.0 || got["check"] != 2.0 ||
		!strings.HasPrefix(got["twice"].(string), "400 One or more added object references already exist") || got["kind"] != "Group" || got["holders"] != true || got["left"] != 1.0 {
		t.Errorf("groups: %v", got)
	}
	if got := n.step("conditional", nil); got["type"] != "#microsoft.graph.ipNamedLocation" || got["name"] != "Depot" || got["excluded"] != true || got["nothing"] != true || got["off"] != true ||
		got["refused"] != "400 Request_BadRequest" || got["after"] != "disabled" || got["methods"] != 4.0 {
		t.Errorf("Conditional Access: %v", got)
	}
	got = n.step("delta", nil)
	if got["first"] != got["count"] || fmt.Sprint(got["second"]) != "[Kim]" || fmt.Sprint(got["third"]) != "[changed]" || got["fourth"] != 0.0 {
		t.Errorf("delta: %v", got)
	}
	// A person's token, by an app that was given what it asks for.
	const wish, next = "User.ReadWrite UserAuthenticationMethod.ReadWrite", "another phrase of mine 9"
	p := manage.register("own account", "http://localhost:1/callback", true)
	manage.call("PATCH", "/v1.0/applications(appId='"+p.clientID+"')", values{"portico": values{"permissions": strings.Fields(wish)}})
	f := newFiller(t, s, "gia@example.com", password)
	signed, err := p.redeem(f.Client, p.code(f.walk(p.authorize("prompt=create", "scope=openid offline_access "+wish), p.redirect)))
	if err != nil || signed.AccessToken == "" {
		t.Fatalf("%+v %v", signed, err)
	}
	n.step("start", values{"base": s.base, "token": signed.AccessToken})
	got = n.step("own", values{"old": password, "password": next})
	if got["wrong"] != 400.0 || got["nothing"] != true || got["city"] != "Oslo" || !strings.Contains(fmt.Sprint(got["methods"]), "passwordAuthenticationMethod") {
		t.Errorf("own account: %v", got)
	}
	again := newFiller(t, s, "gia@example.com", next)
	if back, err := p.redeem(again.Client, p.code(again.walk(p.authorize("prompt=login"), p.redirect))); err != nil || back.AccessToken == "" {
		t.Errorf("with the new password: %+v %v", back, err)
	}
}
