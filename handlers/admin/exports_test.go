package admin

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/export"
	"portico/app/outbound"
	"portico/models"
)

// exportCourier reaches this machine, and writes files into a folder of the test.
func exportCourier(t *testing.T, clock func() time.Time) *export.Courier {
	t.Helper()
	allow, err := outbound.ParseAllow("127.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	files, err := export.OpenFiles(t.TempDir(), clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = files.Close() })
	to := &outbound.Client{Allow: allow}
	return &export.Courier{HTTP: to, Dial: to, Files: files, Host: "login.example.com", Now: clock}
}

// receiver is a webhook's other side.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	bodies []string
	heads  []http.Header
	status int
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{status: 200}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, _ := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.bodies, r.heads = append(r.bodies, string(body)), append(r.heads, q.Header.Clone())
		w.WriteHeader(r.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func lacksExport(t *testing.T, a answer, words ...string) {
	t.Helper()
	for _, w := range words {
		if strings.Contains(a.body, w) {
			t.Errorf("the page says %q", w)
		}
	}
}

func pairsOf(v url.Values) []string {
	var out []string
	for name, values := range v {
		for _, one := range values {
			out = append(out, name, one)
		}
	}
	return out
}

func TestExportsInThePortal(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const at = "/admin/t/shop/exports"
	r := newReceiver(t)
	w.get(at).wants(t, 200, "None yet", "New webhook", "New syslog export", "New export to files")
	w.get(at+"/new?kind=webhook").wants(t, 200, "Address (URL)", "Risk detections", "Everything that is kept")
	w.post(at, pairsOf(url.Values{"kind": {"webhook"}, "displayName": {""}, "url": {"http://siem.example.com/"}, "from": {"now"}})...).
		wants(t, 422, "Enter a name", "Choose at least one kind of record", "cannot be reached from here")
	form := url.Values{"kind": {"webhook"}, "displayName": {"SIEM"}, "url": {r.URL + "/in?token=abc"}, "records": {"riskDetection", "directoryAudit"}, "format": {"ndjson"}, "riskLevels": {"high"}, "from": {"now"}}
	a := w.post(at, pairsOf(form)...)
	a.wants(t, 303)
	page := w.get(a.location)
	page.wants(t, 200, "SIEM", "Signing secret", "only this once", "Running", "Up to date", "Sample", "Audit log")
	lacksExport(t, w.get(a.location), "Signing secret")
	list, err := b.shop.Exports(t.Context())
	b.must(err)
	e := list[0]
	one := at + "/" + e.ID
	a = w.post(one + "/test")
	a.wants(t, 303)
	w.get(one).wants(t, 200, "The test record was taken")
	if len(r.bodies) != 1 || !strings.Contains(r.bodies[0], `"test":true`) || r.heads[0].Get(export.TestHeader) != "true" {
		t.Fatalf("%q %v", r.bodies, r.heads)
	}
	parcel, err := b.shop.ExportParcel(t.Context(), e.ID)
	b.must(err)
	if err := outbound.CheckSignature(parcel.Secret, r.heads[0].Get(outbound.SignatureHeader), []byte(r.bodies[0]), b.clock.Now(), time.Minute); err != nil {
		t.Error(err)
	}
	r.status = 500
	w.post(one+"/test").wants(t, 303)
	w.get(one).wants(t, 200, "did not arrive: the receiver answered 500 Internal Server Error")
	lacksExport(t, w.get(at), "token=abc")
	w.get(at).wants(t, 200, "SIEM", "Webhook", "Risk detections", "Audit log")

	// Pausing, editing, another secret, sending again, deleting.
	w.post(one+"/enabled", pairsOf(url.Values{"enabled": {""}})...).wants(t, 303)
	w.get(one).wants(t, 200, "Paused", "Resume")
	form.Set("displayName", "Collector")
	w.post(one+"/edit", pairsOf(form)...).wants(t, 303)
	w.get(one).wants(t, 200, "Collector")
	w.get(one+"/secret").wants(t, 200, "The former secret counts no more")
	w.post(one+"/secret").wants(t, 303)
	w.get(one).wants(t, 200, "Signing secret")
	w.get(one+"/again").wants(t, 200, "sent once more")
	w.post(one+"/again", pairsOf(url.Values{"from.day": {"31"}, "from.month": {"2"}, "from.year": {"2026"}})...).wants(t, 422, "Enter a date")
	w.post(one+"/again", pairsOf(url.Values{"from.day": {"1"}, "from.month": {"1"}, "from.year": {"2026"}})...).wants(t, 303)
	w.get(one).wants(t, 200, "what changed since 1 January 2026")
	w.get(one+"/delete").wants(t, 200, "Nothing more is sent")
	w.post(one+"/delete").wants(t, 303)
	w.get(one).wants(t, 404)
	audits, err := b.shop.Audits(t.Context(), models.AuditQuery{TargetKind: "export", TargetID: e.ID, Limit: 50})
	b.must(err)
	said := map[string]int{}
	for _, x := range audits.Items {
		said[x.Activity]++
		for _, ch := range x.Changes {
			if text, _ := ch.New.(string); strings.Contains(text, "token=abc") {
				t.Errorf("the audit log tells the receiver's token: %v", ch)
			}
		}
	}
	for _, activity := range []string{"Add export", "Test export", "Pause export", "Update export", "Renew secret of export", "Send again from", "Delete export"} {
		if said[activity] == 0 {
			t.Errorf("%q is not in the audit log: %v", activity, said)
		}
	}
}

// Nobody sends elsewhere what they may not read here.
func TestExportsNeedTheRightsToWhatTheySend(t *testing.T) {
	b := newBench(t)
	const at = "/admin/t/shop/exports"
	r := newReceiver(t)
	reader := b.admin("reader@staff.example", b.roleID("Security Reader"), b.shop.ID)
	lacksExport(t, reader.get(at), "New webhook")
	reader.get(at).wants(t, 200, "None yet")
	reader.get(at+"/new").wants(t, 403)
	b.admin("users@staff.example", b.roleID("User Administrator"), b.shop.ID).get(at).wants(t, 403)
	form := url.Values{"kind": {"webhook"}, "displayName": {"SIEM"}, "url": {r.URL}, "records": {"signIn"}, "format": {"ndjson"}, "from": {"now"}}
	b.global().post(at, pairsOf(form)...).wants(t, 303)
	list, err := b.shop.Exports(t.Context())
	b.must(err)
	lacksExport(t, reader.get(at+"/"+list[0].ID), "Send a test record")
	reader.get(at+"/"+list[0].ID).wants(t, 200, "SIEM")
	reader.post(at+"/"+list[0].ID+"/test").wants(t, 403)
}

func TestExportToFiles(t *testing.T) {
	b := newBench(t)
	w := b.global()
	dir := t.TempDir()
	files, err := export.OpenFiles(dir, b.clock.Now)
	b.must(err)
	defer files.Close()
	b.portal.Courier.Files = files
	w.post("/admin/t/shop/exports", pairsOf(url.Values{"kind": {"file"}, "displayName": {"Archive"}, "records": {"directoryAudit"}, "from": {"all"}})...).wants(t, 303)
	list, err := b.shop.Exports(t.Context())
	b.must(err)
	w.post("/admin/t/shop/exports/"+list[0].ID+"/test").wants(t, 303)
	body, err := os.ReadFile(filepath.Join(dir, b.shop.ID, list[0].ID, "2026-01-15.ndjson"))
	if err != nil || !strings.Contains(string(body), "This is a test. Nothing happened.") {
		t.Errorf("%q %v", body, err)
	}
	b.portal.Courier.Files = nil
	lacksExport(t, w.get("/admin/t/shop/exports"), "New export to files")
	w.get("/admin/t/shop/exports").wants(t, 200)
	w.post("/admin/t/shop/exports", pairsOf(url.Values{"kind": {"file"}, "displayName": {"More"}, "records": {"directoryAudit"}})...).wants(t, 422, "PORTICO_EXPORT_DIR")
}

func TestExportsInATrial(t *testing.T) {
	b := newBench(t)
	w := b.global()
	w.post("/admin/tenants/"+b.shop.ID+"/plan", "plan", "trial").wants(t, 303)
	lacksExport(t, w.get("/admin/t/shop/exports"), "New webhook")
	w.get("/admin/t/shop/exports").wants(t, 200, "A trial has no Identity Protection", "Nothing is exported in a trial")
	for _, at := range []string{"/new", "/x/edit", "/x/secret", "/x/again", "/x/delete"} {
		w.get("/admin/t/shop/exports"+at).wants(t, 403, "A trial has no Identity Protection")
	}
	for _, at := range []string{"/x/edit", "/x/enabled", "/x/test", "/x/secret", "/x/again", "/x/delete"} {
		w.post("/admin/t/shop/exports"+at).wants(t, 403, "A trial has no Identity Protection")
	}
	w.post("/admin/t/shop/exports", pairsOf(url.Values{"kind": {"webhook"}, "displayName": {"x"}, "url": {"http://127.0.0.1:1/"}, "records": {"riskDetection"}})...).wants(t, 403, "A trial has no Identity Protection")
	if list, err := b.shop.Exports(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("a trial made an export: %v %v", list, err)
	}
}
