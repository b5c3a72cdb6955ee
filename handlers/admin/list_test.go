package admin

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/openid"
	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
	views "portico/views/admin"
)

func TestCellsThatLookLikeFormulasAreNeutral(t *testing.T) {
	for in, want := range map[string]string{"=1+1": "'=1+1", "+49": "'+49", "-1": "'-1", "@x": "'@x", "\tx": "'\tx", "\rx": "'\rx", "plain": "plain", "": "", "a=b": "a=b"} {
		if got := neutral(in); got != want {
			t.Errorf("neutral(%q) = %q", in, got)
		}
	}
}

// TestDownloadsHoldTheWholeList: more than one page of rows, as CSV and as JSON, cells neutralised.
func TestDownloadsHoldTheWholeList(t *testing.T) {
	b := newBench(t)
	for i := range 620 {
		name := fmt.Sprintf("Person %03d", i)
		if i == 300 {
			name = `=HYPERLINK("https://evil.example","x")`
		}
		_, err := b.shop.CreateUser(t.Context(), modelstest.Actor(), models.User{Account: account.Account{DisplayName: name, Enabled: true}}, "")
		b.must(err)
	}
	w := b.global()
	a := w.get("/admin/t/shop/users?format=csv")
	rows, err := csv.NewReader(strings.NewReader(a.body)).ReadAll()
	if err != nil || len(rows) != 621 || rows[0][1] != "displayName" {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows {
		for _, cell := range r {
			if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
				t.Errorf("a cell begins like a formula: %s", cell)
			}
		}
	}
	if e := b.audits()[0]; e.Activity != "Download list" || e.Actor.ID != w.userID {
		t.Errorf("the download is not in the log: %+v", e)
	}
	if d := a.header.Get("Content-Disposition"); !strings.Contains(d, `users-shop.csv`) {
		t.Errorf("named %s", d)
	}
	var list []map[string]string
	if err := json.Unmarshal([]byte(w.get("/admin/t/shop/users?format=json").body), &list); err != nil || len(list) != 620 {
		t.Errorf("%d in JSON, %v", len(list), err)
	}
	if one := w.get("/admin/t/shop/users?search=Person+123&format=csv"); strings.Count(one.body, "\n") != 2 {
		t.Errorf("the download forgot the filter: %s", one.body)
	}
	if first := w.get("/admin/t/shop/users?sort=name-desc"); !strings.Contains(first.body, "Person 619") || strings.Contains(first.body, "Person 001") || !strings.Contains(first.body, `aria-sort="descending"`) || !strings.Contains(first.body, `name="sort" value="name-desc"`) {
		t.Error("the list is not sorted from Z to A")
	}
	page := w.get("/admin/t/shop/users")
	page.wants(t, 200, "50 people on this page")
	seen, at := map[string]bool{}, "/admin/t/shop/users"
	for at != "" { // page by page, nobody twice and nobody missing
		body := w.get(at).body
		at = ""
		for _, part := range strings.Split(body, `href="`)[1:] {
			href, _, _ := strings.Cut(part, `"`)
			if strings.HasPrefix(href, "/admin/t/shop/users/") && strings.Count(href, "-") == 4 {
				if seen[href] {
					t.Fatalf("%s came twice", href)
				}
				seen[href] = true
			}
			if strings.Contains(href, "after=") && strings.Contains(body, `rel="next" href="`+href) {
				at = strings.ReplaceAll(href, "&amp;", "&")
			}
		}
	}
	if len(seen) != 620 {
		t.Errorf("%d people on all pages", len(seen))
	}
}

func TestFiltersAreAnAddressAndCanBeTakenOff(t *testing.T) {
	b := newBench(t)
	at := b.store.Now()
	for i, r := range []record.SignIn{
		{User: record.Party{ID: "u1", Name: "Ada"}, Outcome: record.Outcome{Result: record.Success}},
		{User: record.Party{ID: "u2", Name: "Bob"}, Outcome: record.Outcome{Result: record.Failure, Code: 50126}},
	} {
		r.ID, r.TenantID, r.Kind, r.StartedAt, r.EndedAt = models.NewID(), b.shop.ID, record.Interactive, at.Add(time.Duration(i)*time.Minute), at.Add(time.Duration(i)*time.Minute)
		r.Signals.IP = netip.MustParseAddr("203.0.113.7")
		b.must(b.shop.RecordSignIn(t.Context(), r))
	}
	w := b.global()
	a := w.get("/admin/t/shop/sign-ins?result=failure&ip=203.0.113.7&range=7d")
	a.wants(t, 200, "Bob", "Result: Failure", "Clear all")
	if strings.Contains(text(a.body), "Ada") {
		t.Error("the filter let Ada through")
	}
	if !strings.Contains(a.body, `href="/admin/t/shop/sign-ins?ip=203.0.113.7&amp;range=7d"`) {
		t.Error("no chip takes the result's filter off alone")
	}
	w.get("/admin/t/shop/sign-ins?result=abandoned").wants(t, 200, "Nothing fits these filters", "Clear all filters")
	if a := w.get("/admin/t/shop/sign-ins?after=nonsense"); a.status != 422 {
		t.Errorf("a made-up page answered %d", a.status)
	}
}

func TestTraceSaysCauseAndRemedy(t *testing.T) {
	b := newBench(t)
	th := b.things()
	at := b.store.Now()
	r := record.SignIn{ID: models.NewID(), TenantID: b.shop.ID, Kind: record.Interactive, Protocol: "openid", StartedAt: at, EndedAt: at.Add(1500 * time.Millisecond),
		App: record.Party{ID: th.app.ClientID, Name: "Market"}, User: record.Party{ID: th.user.ID, Name: "Ada <script>"},
		Proofs:   []record.Proof{{Method: "password", At: at, OK: false, Count: 3}},
		Policies: []record.Policy{{ID: "p", Name: "Only home", State: "enabled", Result: "failure", Conditions: []record.Condition{{Name: "locations", Answer: record.Hit, Detail: "outside"}, {Name: "signInRisk", Answer: record.CouldNotTell}}}},
		Outcome:  record.Outcome{Result: record.Failure, Code: 53003}}
	b.must(b.shop.RecordSignIn(t.Context(), r))
	a := b.global().get("/admin/t/shop/sign-ins/" + r.ID)
	a.wants(t, 200, "failed", "A Conditional Access policy blocked this sign-in", "Only home Failure On", "Could not tell (counts as hit)", "outside", "(3 times)", "1.5s")
	if strings.Contains(a.body, "<script>") && strings.Contains(a.body, "Ada <script>") {
		t.Error("a name is not escaped")
	}
}

func TestConnectPanelNamesTheMistake(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	panel := "/admin/t/shop/applications/" + th.app.ID + "/connect"
	w.get(panel).wants(t, 200, "Waiting for the first request of Market", th.app.ClientID, "Look again", "http://localhost:3000/"+b.shop.ID+"/v2.0")
	b.must(b.shop.NoteClientMistake(t.Context(), th.app.ClientID, models.MistakeRedirectURI, "https://market.example/callback/", "https://market.example/callback"))
	w.get(panel).wants(t, 200, "The redirect URI is not registered", "Only the slash at the end differs.", "https://market.example/callback")
	b.must(b.shop.MarkFirstRequest(t.Context(), th.app.ClientID))
	b.clock.Advance(time.Minute)
	b.must(b.shop.RecordSignIn(t.Context(), record.SignIn{ID: models.NewID(), TenantID: b.shop.ID, Kind: record.Interactive, StartedAt: b.store.Now(), EndedAt: b.store.Now(),
		App: record.Party{ID: th.app.ClientID, Name: "Market"}, Outcome: record.Outcome{Result: record.Success}}))
	w.get(panel).wants(t, 200, "Market is connected") // what works now is no mistake any more
	b.clock.Advance(time.Minute)
	b.must(b.shop.NoteClientMistake(t.Context(), th.app.ClientID, models.MistakePKCEWrong, "", ""))
	w.get(panel).wants(t, 200, "The PKCE verifier does not fit")
	if a := w.post(panel + "/forget"); a.status != 303 {
		t.Errorf("forget answered %d", a.status)
	}
	w.get(panel).wants(t, 200, "Market is connected")
}

func TestDifferencesThatPeopleOverlook(t *testing.T) {
	for _, c := range [][3]string{
		{"https://a.example/cb/", "https://a.example/cb", "Only the slash at the end differs."},
		{"https://a.example/CB", "https://a.example/cb", "Only upper and lower case differ."},
		{"http://a.example/cb", "https://a.example/cb", "Only http and https differ."},
		{"http://127.0.0.1/cb", "http://localhost/cb", "Only localhost and 127.0.0.1 differ."},
		{"https://www.a.example/cb", "https://a.example/cb", "Only www differs."},
		{"http://localhost:3000/cb", "http://localhost:8080/cb", "Only the port differs."},
		{"https://a.example:8443/cb", "https://a.example/cb", "Only the port differs."},
		{"http://[::1]:1/cb", "http://[::1]/cb", "Only the port differs."},
		{"https://a.example/cb", "https://a.example/cb", "The two are the same now: the address was registered since."},
		{"https://a.example/other", "https://a.example/cb", "The host is the same; the path differs."},
	} {
		if got := sayDifference(c[0], c[1]); got != c[2] {
			t.Errorf("%s / %s: %s", c[0], c[1], got)
		}
	}
	var given string
	for _, p := range parts("https://a.example/callback/", "https://a.example/callback") {
		if !p.Same {
			given = p.Text
		}
	}
	if given != "/" {
		t.Errorf("marked %q", given)
	}
	m := views.Mistake{Given: "https://b.example/cb", Expected: []string{"https://z.example/x", "https://b.example/cb2"}}
	if compare(&m); len(m.NearestParts) == 0 || m.NearestParts[0].Text != "https://b.example/cb" {
		t.Errorf("the nearest is %+v", m.NearestParts)
	}
}

// TestTheNearestIsTheOneThatWasMeant: what can be named goes first, then the fewest changes; the order of
// registration decides nothing.
func TestTheNearestIsTheOneThatWasMeant(t *testing.T) {
	const a = "https://a.example"
	for _, c := range []struct {
		given      string
		registered []string
		want       string
	}{
		{a + "/cb/", []string{a + "/cb", a + "/cb2", a + "/cb2/"}, a + "/cb"},
		{a + "/cb2", []string{a + "/cb", a + "/cb3", a + "/cb2/"}, a + "/cb2/"},
		{"http://a.example/cb", []string{"https://b.example/cb", a + "/cb/", a + "/cb"}, a + "/cb"},
		{a + ":8443/cb", []string{a + ":8443/cbs", a + "/cb"}, a + "/cb"},
		{a + "/callback", []string{a + "/callbacks", a + "/Callback"}, a + "/Callback"},
		{"https://www.a.example/cb", []string{"https://ww.a.example/cb", a + "/cb"}, a + "/cb"},
		{"http://127.0.0.1/cb", []string{"http://127.0.0.2/cb", "http://localhost/cb"}, "http://localhost/cb"},
		{a + "/abcx", []string{a + "/zzzzzzzzzzabcx", a + "/abcy"}, a + "/abcy"},
	} {
		for range 2 {
			m := views.Mistake{Given: c.given, Expected: c.registered}
			compare(&m)
			var got string
			for _, p := range m.NearestParts {
				got += p.Text
			}
			if got != c.want {
				t.Errorf("%s among %v: %s", c.given, c.registered, got)
			}
			slices.Reverse(c.registered)
		}
	}
}

func TestSnippetsHoldTheRealValues(t *testing.T) {
	e := endpoints{base: "https://login.example.com", tenantID: "tid", clientID: "cid", redirect: "https://app.example/cb", scope: "api://x/.default"}
	for _, kind := range []string{"web", "spa", "native", "daemon"} {
		e.kind = kind
		fitting := librariesFor(kind)
		if len(fitting) < 2 {
			t.Errorf("%s has %d libraries", kind, len(fitting))
		}
		for _, l := range fitting {
			s := l.make(e)
			if !strings.Contains(s.Code, "cid") || strings.Contains(s.Code, "{client}") || strings.Contains(s.Code, "{issuer}") {
				t.Errorf("%s for %s: %s", l.key, kind, s.Code)
			}
			if strings.HasPrefix(l.key, "msal") && !strings.Contains(s.Code, `knownAuthorities: ["login.example.com"]`) {
				t.Errorf("%s for %s lacks knownAuthorities", l.key, kind)
			}
		}
	}
}

// TestSnippetsWorkWhenPasted: they name only addresses that are registered.
func TestSnippetsWorkWhenPasted(t *testing.T) {
	e := endpoints{base: "https://login.example.com", tenantID: "tid", clientID: "cid", kind: "spa", redirect: "https://app.example/cb"}
	if s := msalBrowser(e); !strings.Contains(s.Code, `postLogoutRedirectUri: "https://app.example/cb"`) {
		t.Errorf("MSAL Browser signs out to an address that is not registered: %s", s.Code)
	}
	b := newBench(t)
	w := b.global()
	for _, c := range []struct {
		name, registered string
		lacks            bool
	}{
		{"None", "", true}, {"Own scheme", "myapp://cb", true}, {"Loopback", "http://localhost", false}, {"Loopback with a port", "http://localhost:3000", false},
		{"Loopback with a path", "http://localhost/callback", true},
	} {
		a := models.Application{Name: c.name, Kind: models.NativeApp, Enabled: true}
		if c.registered != "" {
			a.Spec.RedirectURIs = []openid.RedirectURI{{URI: c.registered, Platform: openid.Native}}
		}
		a = modelstest.MustAppOf(t, b.shop, a)
		panel := "/admin/t/shop/applications/" + a.ID + "/connect"
		const words = "MSAL Node comes back to http://localhost on a free port"
		if got := strings.Contains(text(w.get(panel+"?library=msal-node").body), words); got != c.lacks {
			t.Errorf("%s: says that loopback is missing: %v", c.name, got)
		}
		if strings.Contains(text(w.get(panel+"?library=appauth").body), words) {
			t.Errorf("%s: AppAuth needs no loopback", c.name)
		}
		for range 2 {
			if got := w.post(panel + "/loopback"); got.status != 303 || got.location != panel+"?library=msal-node" {
				t.Fatalf("%s: %d %s", c.name, got.status, got.location)
			}
		}
		if strings.Contains(text(w.get(panel).body), words) {
			t.Errorf("%s: still missing after one click", c.name)
		}
	}
}

// TestFiltersThatCannotBeReadAreSaid: no chip above a list that they do not narrow, and no download.
func TestFiltersThatCannotBeReadAreSaid(t *testing.T) {
	b := newBench(t)
	b.things()
	w := b.global()
	for _, c := range []struct{ list, query, says string }{
		{"sign-ins", "from=notadate", "From (UTC) : notadate"}, {"sign-ins", "to=2026-99-99", "To (UTC) : 2026-99-99"}, {"sign-ins", "range=9y", "Time range : 9y"},
		{"sign-ins", "signup=zz", "Sign-ups : zz"}, {"audits", "from=notadate", "From (UTC) : notadate"}, {"users", "createdFrom=zz", "Created from : zz"},
		{"users", "createdTo=zz", "Created until : zz"}, {"users", "state=zz", "State : zz"}, {"users", "last=zz", "Last sign-in : zz"}, {"applications", "enabled=zz", "State : zz"},
	} {
		a := w.get("/admin/t/shop/" + c.list + "?" + c.query)
		a.wants(t, 200, choose(c.list == "users", "Nobody is shown, because this filter cannot be read", "Left out, because it cannot be read"))
		if got := text(a.body); !strings.Contains(strings.ReplaceAll(got, " : ", ": "), strings.ReplaceAll(c.says, " : ", ": ")) || strings.Contains(got, "Showing only") {
			t.Errorf("%s?%s: %s", c.list, c.query, got)
		}
		for _, format := range []string{"csv", "json"} {
			a := w.get("/admin/t/shop/" + c.list + "?" + c.query + "&format=" + format)
			if a.status != 422 || a.header.Get("Content-Disposition") != "" || !strings.Contains(text(a.body), "cannot be read, so nothing was downloaded") {
				t.Errorf("%s?%s as %s: %d %s", c.list, c.query, format, a.status, text(a.body))
			}
		}
	}
	if a := w.get("/admin/t/shop/users?createdFrom=2026-01-01"); strings.Contains(a.body, "cannot be read") || !strings.Contains(a.body, "Showing only") {
		t.Error("a good filter was left out")
	}
	w.get("/admin/t/shop/audits?operation=Download").wants(t, 200, "Operation: Download")
	if a := w.get("/admin/t/shop/audits"); !strings.Contains(a.body, `<option value="Download"`) {
		t.Error("the operation Download is not offered")
	}
}

// TestBothEndsOfASpanNarrow: a preset and an exact start that are both shown both count.
func TestBothEndsOfASpanNarrow(t *testing.T) {
	now := time.Date(2026, 5, 10, 0, 0, 0, 0, time.UTC)
	for from, want := range map[string]string{"": "2026-05-09", "2026-01-01": "2026-05-09", "2026-05-09T12:00": "2026-05-09T12:00"} {
		at, _ := view{q: url.Values{"range": {"24h"}, "from": {from}}}.span(now)
		if w, _ := parseWhen(want); !at.Equal(w) {
			t.Errorf("from %q: %v", from, at)
		}
	}
}

// TestRecoveryCodesAreOneLine: ten rows of one sheet tell nothing.
func TestRecoveryCodesAreOneLine(t *testing.T) {
	b := newBench(t)
	th := b.things()
	for _, kind := range append(slices.Repeat([]string{models.KindRecovery}, 10), models.KindTOTP) {
		_, err := b.shop.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: th.user.ID, Kind: kind, Secret: []byte("s"), LookupKey: models.NewID()})
		b.must(err)
	}
	w := b.global()
	page := "/admin/t/shop/users/" + th.user.ID
	a := w.get(page + "/methods")
	a.wants(t, 200, "Recovery codes 10 left", "Authenticator app")
	if n := strings.Count(a.body, page+"/methods/remove"); n != 2 {
		t.Errorf("%d buttons for two things", n)
	}
	if a := w.post(page+"/methods/remove", "kind", "recovery"); a.status != 303 {
		t.Fatalf("removing answered %d: %s", a.status, text(a.body))
	}
	if e := b.audits()[0]; e.Activity != "Delete security info" || e.Actor.ID != w.userID {
		t.Errorf("the log says %+v", e)
	}
	a = w.get(page + "/methods")
	a.wants(t, 200, "The recovery codes of", "Authenticator app")
	if strings.Contains(a.body, "10 left") {
		t.Error("the codes are still there")
	}
	left, err := b.shop.Credentials(t.Context(), th.user.ID, "")
	if err != nil || len(left) != 1 || left[0].Kind != models.KindTOTP {
		t.Errorf("left: %+v, %v", left, err)
	}
}

func TestDiffReadsLikeAChange(t *testing.T) {
	d := diffOf([]audit.Change{
		{Property: "displayName", Old: "A", New: "B"},
		{Property: "redirectUris", Old: []any{map[string]any{"uri": "https://a", "platform": "web"}}, New: []any{map[string]any{"uri": "https://b", "platform": "spa"}}},
		{Property: "accountEnabled", Old: true, New: false},
		{Property: "password", Class: audit.Secret, Old: "x", New: "y"},
		{Property: "mfa", Old: map[string]any{"enforcement": "off", "same": 1.0}, New: map[string]any{"enforcement": "alwaysOn", "same": 1.0}},
	})
	want := []views.Diff{
		{Property: "Display name", Before: "A", After: "B"},
		{Property: "Redirect URIs", Removed: []string{"https://a (web)"}, Added: []string{"https://b (spa)"}},
		{Property: "Account enabled", Before: "yes", After: "no"},
		{Property: "Password", Secret: true},
		{Property: "MFA: enforcement", Before: "off", After: "alwaysOn"},
	}
	if len(d) != len(want) {
		t.Fatalf("%+v", d)
	}
	for i := range want {
		if fmt.Sprintf("%+v", d[i]) != fmt.Sprintf("%+v", want[i]) {
			t.Errorf("%+v, want %+v", d[i], want[i])
		}
	}
}

// Advice names only what exists: nobody can reset a password on the sign-in page yet.
func TestAdviceOnAWrongPassword(t *testing.T) {
	b := newBench(t)
	at := b.store.Now()
	r := record.SignIn{ID: models.NewID(), TenantID: b.shop.ID, Kind: record.Interactive, StartedAt: at, EndedAt: at,
		Outcome: record.Outcome{Result: record.Failure, Code: 50126}}
	b.must(b.shop.RecordSignIn(t.Context(), r))
	b.global().get("/admin/t/shop/sign-ins/"+r.ID).wants(t, 200, "an admin can set a new one on the person’s page")
	for code, words := range advice() {
		if strings.Contains(strings.Join(words[:], " "), "reset it") {
			t.Errorf("%d: %s", code, words)
		}
	}
}
