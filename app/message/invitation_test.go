package message

import (
	"encoding/json"
	"testing"
	"time"

	"portico/app/userflow"
)

func TestAnInvitationIsMailedUntilItEnds(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	i := userflow.Invitation{TenantID: "t", Email: "Ann@example.com", Locale: "de", Message: "Welcome", ExpiresAt: now.Add(time.Hour)}
	q := &queue{}
	if err := PostInvitation(t.Context(), q, i, "Shop", "https://x/i", now); err != nil {
		t.Fatal(err)
	}
	var n Note
	if err := json.Unmarshal(q.items[0].Payload, &n); err != nil {
		t.Fatal(err)
	}
	if !q.items[0].NotAfter.Equal(i.ExpiresAt) || n.Kind != Invite || n.To != i.Email || n.Locale != "de" || n.App != "Shop" || n.Message != "Welcome" || n.URL != "https://x/i" {
		t.Errorf("queued %+v %+v", q.items[0], n)
	}
}

func TestSomebodyIsToldThatTheirPasswordChanged(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	q := &queue{}
	for _, to := range []string{"", "ann@example.com"} {
		if err := PostPasswordChanged(t.Context(), q, Change{TenantID: "t", To: to, At: now, Country: "PT", City: "Lisbon", Browser: "Firefox"}, now); err != nil {
			t.Fatal(err)
		}
	}
	var n Note
	if len(q.items) != 1 || json.Unmarshal(q.items[0].Payload, &n) != nil || n.Place != "Lisbon, PT" || n.Device != "Firefox" || !n.At.Equal(now) {
		t.Errorf("queued %+v %+v", q.items, n)
	}
}
