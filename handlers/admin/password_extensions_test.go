package admin

import (
	"strings"
	"testing"

	"portico/app/extension"
	"portico/models"
)

// TestWhoMayHandPasswordsOver: whoever sets up extensions touches those that are handed passwords only with the role for
// it besides (R 8.8.4), and pages offer nobody what they may not do.
func TestWhoMayHandPasswordsOver(t *testing.T) {
	b := newBench(t)
	th := b.things()
	plain := b.admin("extensions@staff.example", roleNamed(t, "Authentication Extensibility Administrator"), b.shop.ID)
	trusted := b.admin("passwords@staff.example", roleNamed(t, "Authentication Extensibility Password Administrator"), b.shop.ID)
	x := b.extended(extension.PasswordSubmit, "https://hooks.example/passwords", th.app)
	l := b.listener(x)
	call := extension.Call{ID: models.NewID(), Event: extension.PasswordSubmit, ExtensionID: x.ID, Name: x.Name, At: b.store.Now(), Request: "{}", Sample: true}
	b.shop.KeepCall(call)
	b.must(b.store.FlushCalls(t.Context()))
	at, listens, called := extensionsAt+"/"+x.ID, extensionsAt+"/listeners/"+l.ID, extensionsAt+"/calls/"+call.ID
	for _, path := range []string{extensionsAt + "/new?event=onPasswordSubmit", extensionsAt + "/listeners/new?event=onPasswordSubmit", extensionsAt + "/listeners/new?extension=" + x.ID,
		at + "/edit", at + "/secret", at + "/disable", at + "/delete", at + "/try", listens + "/edit", listens + "/disable", listens + "/delete", called + "/replay"} {
		if a := plain.get(path); a.status != 403 || !strings.Contains(a.body, "Authentication Extensibility Password Administrator") {
			t.Errorf("GET %s: %d %s", path, a.status, text(a.body))
		}
		if a := trusted.get(path); a.status != 200 {
			t.Errorf("GET %s with the role: %d %s", path, a.status, text(a.body))
		}
	}
	for path, fields := range map[string][]string{
		extensionsAt:                {"event", "onPasswordSubmit", "displayName", "Mine", "targetUrl", "https://hooks.example/mine", "api", th.app.ClientID, "timeoutInMilliseconds", "1500"},
		extensionsAt + "/listeners": {"event", "onPasswordSubmit", "extension", x.ID, "scope", "all", "onFailure", "block", "priority", "900"},
		at + "/edit":                {"displayName", "Mine", "targetUrl", "https://hooks.example/mine", "api", th.app.ClientID, "timeoutInMilliseconds", "1500"},
		at + "/registration":        nil, at + "/secret": nil, at + "/enabled": nil, at + "/delete": nil, at + "/try": nil, called + "/replay": nil,
		listens + "/edit": {"extension", x.ID, "scope", "all", "onFailure", "block", "priority", "900"}, listens + "/enabled": nil, listens + "/delete": nil,
	} {
		if a := plain.post(path, fields...); a.status != 403 {
			t.Errorf("POST %s: %d %s", path, a.status, text(a.body))
		}
	}
	if now, err := b.shop.Extension(t.Context(), x.ID); err != nil || now.URL != x.URL || !now.Enabled {
		t.Errorf("%+v %v", now, err)
	}
	for _, path := range []string{extensionsAt, at, called} {
		body := plain.get(path).body
		for _, link := range []string{at + "/edit", at + "/try", at + "/delete", listens + "/edit", called + "/replay", "/new?event=onPasswordSubmit"} {
			if strings.Contains(body, `"`+link) {
				t.Errorf("%s offers %s", path, link)
			}
		}
	}
	if a := plain.get(extensionsAt + "/new?event=onTokenIssuanceStart"); a.status != 200 {
		t.Errorf("other events: %d", a.status)
	}
	if a := trusted.post(listens+"/enabled", "enabled", ""); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
}
