package admin

import (
	"strings"
	"testing"

	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

// TestWhatACustomerReportedIsMarked in the log and on the sign-in's own page.
func TestWhatACustomerReportedIsMarked(t *testing.T) {
	b := newBench(t)
	th := b.things()
	ids := []string{models.NewID(), models.NewID()}
	for _, id := range ids {
		b.must(b.shop.RecordSignIn(t.Context(), record.SignIn{ID: id, TenantID: b.shop.ID, Kind: record.Interactive, Protocol: "openid", StartedAt: b.store.Now(),
			EndedAt: b.store.Now(), User: record.Party{ID: th.user.ID, Name: "Ada"}, Outcome: record.Outcome{Result: record.Success}}))
	}
	if _, err := b.shop.ReportSignIn(t.Context(), modelstest.Actor(), th.user.ID, ids[0]); err != nil {
		t.Fatal(err)
	}
	w := b.global()
	w.get("/admin/t/shop/sign-ins/"+ids[0]).wants(t, 200, "Reported by the customer")
	if a := w.get("/admin/t/shop/sign-ins/" + ids[1]); strings.Contains(a.body, "Reported by") {
		t.Error("another one is marked")
	}
	if a := w.get("/admin/t/shop/sign-ins"); strings.Count(a.body, "Reported by the customer") != 1 {
		t.Errorf("%d marks in the log", strings.Count(a.body, "Reported by the customer"))
	}
}
