package admin

import (
	"strings"
	"testing"

	"portico/app/record"
	"portico/models"
)

func TestChangesOfWhatSurroundsAFlowReadLikeSentences(t *testing.T) {
	b, th, ids := described(t)
	w := b.global()
	w.post("/admin/t/shop/users/"+th.user.ID+"/edit", "displayName", "Ada", field(ids, "Customer number"), "123456")
	d, err := b.shop.Definition(t.Context(), ids["Colour"])
	b.must(err)
	w.post(attributesAt+"/"+d.ID+"/edit", "name", "Colour", "options[0].text", "Dark red", "options[0].value", "red", "options[1].text", "Leaf green", "options[1].value", "green")
	w.post(termsAt, "name", "Terms of sale", "language", "en", "texts[en].title", "T", "texts[en].body", "B")
	w.post(invitationsAt, "application", th.app.ClientID, "addresses", "ada@example.org", "days", "3", "how", "mail")
	page := w.get("/admin/t/shop/audits")
	page.wants(t, 200, "Customer number", "Create custom attribute", "Custom attribute", "Create terms of use", "Invite user", "Invitation")
	if strings.Contains(text(page.body), "Extension ") {
		t.Error("an attribute's API name stands for its name")
	}
	for _, e := range b.shopAudits() {
		a := w.get("/admin/t/shop/audits/" + e.ID)
		switch e.Activity {
		case "Update custom attribute":
			a.wants(t, 200, "Sky blue (blue)", "Leaf green (green)")
			if !strings.Contains(a.body, attributesAt+"/"+d.ID) {
				t.Error("the entry does not lead to the attribute")
			}
		case "Invite user":
			if !strings.Contains(a.body, invitationsAt+"/") {
				t.Error("the entry does not lead to the invitation")
			}
		case "Create terms of use":
			if !strings.Contains(a.body, termsAt+"/") {
				t.Error("the entry does not lead to the terms")
			}
		}
	}
	w.get("/admin/t/shop/audits?category=UserFlow&kind=terms").wants(t, 200, "Create terms of use")
}

func TestASignInSaysThatAPasswordWasForgotten(t *testing.T) {
	b := newBench(t)
	th := b.things()
	r := record.SignIn{ID: models.NewID(), TenantID: b.shop.ID, Kind: record.Interactive, Protocol: "invite", StartedAt: b.store.Now(), EndedAt: b.store.Now(), User: record.Party{ID: th.user.ID, Name: "Ada"}, Identifier: "c1001", IdentifierType: "userName",
		Steps:  []record.Step{{Name: "forgot", At: b.store.Now()}, {Name: "terms", At: b.store.Now()}},
		Proofs: []record.Proof{{Method: "emailCode", OK: true, At: b.store.Now(), Reason: "signin.reset"}}, Notes: []string{"password_reset"}, Outcome: record.Outcome{Result: record.Success}}
	b.must(b.shop.RecordSignIn(t.Context(), r))
	b.global().get("/admin/t/shop/sign-ins/"+r.ID).wants(t, 200, "For a forgotten password", "had forgotten the password", "A user name", "Invitation", "Asked to accept the terms", "Asked whose password was forgotten")
}

func TestOptionsInTheDifference(t *testing.T) {
	for from, to := range map[string]string{"extension_0123456789abcdef_loyaltyNumber": "Loyalty number", "since": "Acceptance counts from version", "low": "Smallest number", "displayName": "Display name", "extension_": "Extension_"} {
		if got := propertyWord(from); got != to {
			t.Errorf("%s: %q, want %q", from, got, to)
		}
	}
	if got := textOf(map[string]any{"text": "Daily", "value": "d"}); got != "Daily (d)" {
		t.Error(got)
	}
}
