package admin

import (
	"strings"
	"testing"
	"time"

	"portico/app/openid"
)

// TestSigningKeysCanBeSeenAndReplaced: a rotation overlaps, a replacement does not; both say what happens
// first, and both are in the log.
func TestSigningKeysCanBeSeenAndReplaced(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const page = "/admin/t/shop/settings/keys"
	w.get("/admin/t/shop/settings").wants(t, 200, "See the signing keys")
	if a := w.get(page); a.status != 200 || strings.Contains(a.body, "/rotate") || !strings.Contains(a.body, "None yet") {
		t.Errorf("a tenant without keys: %d %s", a.status, text(a.body))
	}
	b.must(b.portal.Keys.(*openid.Provider).EnsureKeys(t.Context(), b.shop.ID))
	list := func() []string {
		all, err := b.portal.Keys.Keys(t.Context(), b.shop.ID)
		b.must(err)
		var ids []string
		for _, k := range all {
			ids = append(ids, k.ID+" "+k.Alg+" "+keyState(k, all, b.clock.Now()).Text)
		}
		return ids
	}
	first := list()
	if len(first) != 1 || !strings.HasSuffix(first[0], "ES256 Signs") {
		t.Fatalf("at first %v", first)
	}
	w.get(page).wants(t, 200, first[0], "Rotate now", "Replace at once")
	w.get(page+"/rotate").wants(t, 200, "It signs after 24 hours", "Nobody is signed out")
	w.get(page+"/replace").wants(t, 200, "are refused", "This cannot be undone")

	states := func(want ...string) {
		t.Helper()
		var got []string
		for _, k := range list() {
			got = append(got, k[strings.LastIndex(k, " ")+1:])
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("%v, want %v", got, want)
		}
	}
	says := func(path, words, target string) {
		t.Helper()
		b.clock.Advance(time.Minute)
		n := len(b.audits())
		a := w.post(page + path)
		if a.status != 303 || a.location != page {
			t.Fatalf("%s answered %d %s", path, a.status, text(a.body))
		}
		w.get(page).wants(t, 200, words)
		entries := b.audits()
		if target == "" && len(entries) != n {
			t.Errorf("%s left an entry for nothing", path)
		}
		if target != "" && (len(entries) == n || entries[0].Target.Kind != target || entries[0].Actor.ID != w.userID) {
			t.Errorf("%s: the log begins with %+v", path, entries[0])
		}
	}
	says("/rotate", "They sign after 24 hours", "signingKey")
	states("Next", "Signs")
	says("/rotate", "a rotation is under way already", "")
	b.clock.Advance(24*time.Hour + time.Minute)
	states("Signs", "Former")
	b.clock.Advance(25 * time.Hour)
	states("Signs", "Retired")
	w = b.signIn(w.userID)
	says("/replace", "are replaced", "signingKey")
	states("Signs", "Revoked", "Revoked")

	reader := b.admin("reader@staff.example", b.roleID("Global Reader"), b.shop.ID)
	if a := reader.get(page); a.status != 200 || strings.Contains(a.body, "/rotate") || strings.Contains(a.body, "/replace") {
		t.Errorf("a reader is offered to rotate: %d", a.status)
	}
	if a := reader.post(page + "/replace"); a.status != 403 {
		t.Errorf("a reader replaced the keys: %d", a.status)
	}
}
