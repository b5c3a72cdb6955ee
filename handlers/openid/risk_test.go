package openid_test

import (
	"testing"
	"time"

	"portico/models"
)

// A refresh token that comes a second time ends the family, and says in the log that the person's tokens were copied:
// once, however often it comes.
func TestACopiedRefreshTokenIsADetection(t *testing.T) {
	w := newRealWorld(t)
	first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
	mustToken(t, w.refresh(w.web, first))
	w.clock.Advance(11 * time.Second)
	for range 3 {
		wantError(t, w.refresh(w.web, first), 400, "invalid_grant")
	}
	page, err := w.tenant.SignIns(t.Context(), models.SignInQuery{Kind: "nonInteractiveUser", Result: "failure"})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%d records of the reuse, %v", len(page.Items), err)
	}
	r := page.Items[0]
	if len(r.Risk) != 1 || r.Risk[0].Type != "anomalousToken" || r.Risk[0].Level != "high" || r.RiskLevel != "high" || r.User.ID != w.user.ID {
		t.Errorf("the record says %+v (%s)", r.Risk, r.RiskLevel)
	}
}

// Where tokens went is remembered with the family, so that the next renewal can be compared with it.
func TestWhereTokensWentIsRemembered(t *testing.T) {
	w := newRealWorld(t)
	first := text(w.tokens(w.browser(), w.web, "scope", "openid offline_access")["refresh_token"])
	mustToken(t, w.tokenPost(w.web, map[string][]string{"grant_type": {"refresh_token"}, "refresh_token": {first}},
		"User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"))
	page, err := w.tenant.SignIns(t.Context(), models.SignInQuery{Kind: "nonInteractiveUser"})
	if err != nil || len(page.Items) != 1 {
		t.Fatalf("%d renewals, %v", len(page.Items), err)
	}
	r := page.Items[0]
	if r.Signals.Platform != "linux" || !r.Signals.IP.IsValid() || r.RiskLevel != "none" {
		t.Errorf("the renewal carries %+v, risk %q", r.Signals, r.RiskLevel)
	}
}
