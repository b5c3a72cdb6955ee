package admin

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"portico/app/access"
	"portico/app/account"
	"portico/handlers"
	"portico/models"
	"portico/models/modelstest"
)

// upload sends a form with a file, the file last, as the page has it.
func (w *browser) upload(path, name, file string, pairs ...string) answer {
	w.b.Helper()
	var body bytes.Buffer
	m := multipart.NewWriter(&body)
	for i := 0; i+1 < len(pairs); i += 2 {
		w.b.must(m.WriteField(pairs[i], pairs[i+1]))
	}
	if name != "" {
		part, err := m.CreateFormFile("file", name)
		w.b.must(err)
		_, err = part.Write([]byte(file))
		w.b.must(err)
	}
	w.b.must(m.Close())
	r := httptest.NewRequest(http.MethodPost, path, &body)
	r.Header.Set("Content-Type", m.FormDataContentType())
	return w.send(r)
}

func (w *browser) token() string { return w.b.portal.CSRF.Token(w.session) }

type filePasswords struct{ plainPasswords }

func (p filePasswords) Check(ctx context.Context, tenantID, password string, names ...string) error {
	_, err := p.Hash(ctx, tenantID, password, names...)
	return err
}

// work runs whatever waits.
func (b *bench) work() {
	b.Helper()
	for {
		worked, err := models.Importer{Store: b.store, Passwords: filePasswords{}, Owner: "test"}.Next(b.Context())
		b.must(err)
		if !worked {
			return
		}
	}
}

const importsPath = "/admin/t/shop/users/imports"

func TestImportStepByStep(t *testing.T) {
	b := newBench(t)
	w := b.global()
	w.get(importsPath).wants(t, 200, "No imports yet", "Import people")
	w.get(importsPath+"/new").wants(t, 200, "People who are there already", "File of people", "Nothing is changed yet")
	csrf := []string{handlers.CSRFField, w.token()}
	w.upload(importsPath, "", "", append(csrf, "mode", "create")...).wants(t, 422, "Choose a file")
	w.upload(importsPath, "x.csv", "", append(csrf, "mode", "create")...).wants(t, 422, "The file is empty")
	w.upload(importsPath, "x.csv", "email\n", append(csrf, "mode", "destroy", "signerKey", "abc")...).wants(t, 422, "Choose what happens", "Signer key")

	sent := w.upload(importsPath, `C:\people\<b>team.csv`, "email;displayName;password\nann@example.com;=Ann;long enough\nnobody;N;\n", append(csrf, "mode", "create", "temporary", "yes")...)
	if sent.status != 303 {
		t.Fatalf("%d %s", sent.status, text(sent.body))
	}
	page := sent.location
	w.get(page).wants(t, 200, "Waiting", "Cancel this import", "&lt;b&gt;team.csv")
	b.work()
	w.get(page).wants(t, 200, "Checked, not imported yet", "Would be created 1", "Refused 1", "Import 1 person", "nobody", "Enter an email address", "This looks like a formula", "Nothing has been changed yet")
	if _, err := b.shop.UserByIdentity(t.Context(), account.SignInEmail, "", "ann@example.com"); err == nil {
		t.Error("the dry run made somebody")
	}
	if r := w.get(page + "/report"); r.status != 200 || !strings.Contains(r.body, "refused") || !strings.Contains(r.body, "3,nobody,email,") {
		t.Errorf("report: %d %s", r.status, r.body)
	}
	if a := w.post(page + "/start"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	b.work()
	w.get(page).wants(t, 200, "Imported", "Created 1", "Finished. The file itself has been erased")
	u, err := b.shop.UserByIdentity(t.Context(), account.SignInEmail, "", "ann@example.com")
	if err != nil || u.DisplayName != "=Ann" || !u.MustChangePassword || !u.HasPassword {
		t.Errorf("%+v %v", u, err)
	}
	if a := w.post(page + "/start"); a.status != 303 {
		t.Errorf("a second start: %d", a.status)
	}
	w.get(page).wants(t, 200, "This import has moved on meanwhile")
	w.get(importsPath).wants(t, 200, "Imported", "team.csv")
	acts := map[string]bool{}
	for _, e := range b.audits() {
		acts[e.Activity] = true
	}
	for _, want := range []string{"Upload users to import", "Start import of users", "Import user", "Import users", "Download list"} {
		if !acts[want] {
			t.Errorf("the log lacks %q", want)
		}
	}
}

func TestUploadsAreGuarded(t *testing.T) {
	b := newBench(t)
	w := b.global()
	const file = "email\neve@example.com\n"
	for name, pairs := range map[string][]string{"no token": {"mode", "create"}, "a wrong token": {handlers.CSRFField, "x", "mode", "create"}, "another's token": {handlers.CSRFField, b.portal.CSRF.Token("another session")}} {
		if a := w.upload(importsPath, "p.csv", file, pairs...); a.status != 403 {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	if a := b.browser().upload(importsPath, "p.csv", file, handlers.CSRFField, w.token()); a.status == 200 || strings.Contains(a.location, "/imports/") {
		t.Errorf("nobody signed in: %d %s", a.status, a.location)
	}
	reader := b.admin("reader@staff.example", "f2ef992c-3afb-46b9-b7cf-a126ee74c451", b.shop.ID)
	reader.upload(importsPath, "p.csv", file, handlers.CSRFField, reader.token(), "mode", "create").wants(t, 403, "You may not do this")
	reader.get("/admin/t/shop/users/export/download").wants(t, 403, "You may not do this")
	if a := w.upload("/admin/t/workforce/users/imports", "p.csv", file, handlers.CSRFField, w.token(), "mode", "create"); a.status != 404 {
		t.Errorf("into the directory of admins: %d", a.status)
	}
	if a := w.get("/admin/t/workforce/users/export/download"); a.status != 404 {
		t.Errorf("out of the directory of admins: %d", a.status)
	}
	page, err := b.shop.Imports(t.Context(), "", 0)
	if err != nil || len(page.Items) != 0 {
		t.Errorf("%+v %v", page, err)
	}
}

// Whoever may not change groups cannot do it by a file, nor by starting one that somebody else had checked.
// TestAFileGivesNoRights asks for less than writing people on the way to imports: every role that has that today
// may change groups, too, and the right to groups has to hold without leaning on it.
func TestAFileGivesNoRights(t *testing.T) {
	b := newBench(t)
	b.app = b.web.NewApp()
	for _, r := range b.portal.Routes() {
		if strings.Contains(r.Path, "/users/imports") {
			r.Permission = access.UserRead
		}
		if isPublic(r) {
			b.app.Add(r.Method, r.Path, r.Handler)
		} else {
			b.app.Add(r.Method, r.Path, b.portal.guard(r), r.Handler)
		}
	}
	staff, err := b.shop.CreateGroup(t.Context(), modelstest.Actor(), account.Group{Name: "Staff"})
	b.must(err)
	members := func() int {
		list, err := b.shop.GroupMembers(t.Context(), staff.ID, "", 0)
		b.must(err)
		return len(list.Items)
	}
	const authenticationAdministrator, groupsAdministrator = "c4e39bd9-1100-46d3-8c65-fb160da0071f", "fdd7a751-b60b-444a-984c-02652fe8fa1c"
	who := map[string]*browser{
		"without the right": b.admin("helper@staff.example", authenticationAdministrator, b.shop.ID),
		"with it elsewhere": b.admin("away@staff.example", authenticationAdministrator, b.shop.ID, groupsAdministrator, b.workforce.ID),
		"with the right":    b.admin("groups@staff.example", groupsAdministrator, b.shop.ID),
	}
	const denied, asked = "Your roles do not include changing groups", "This file was sent by somebody who may change groups"
	for _, c := range []struct {
		name, sends, starts string
		checked, started    string // what each of the two is told
		members             int    // of the group, afterwards
	}{
		{"they may not", "without the right", "without the right", denied, denied, 0},
		{"they may elsewhere", "with it elsewhere", "with it elsewhere", denied, denied, 0},
		{"somebody else starts what they may not", "without the right", "with the right", denied, denied, 0},
		{"they start what somebody else may", "with the right", "without the right", "Checked, not imported yet", asked, 0},
		{"they start what somebody else may, with the right elsewhere", "with the right", "with it elsewhere", "Checked, not imported yet", asked, 0},
		{"they may", "with the right", "with the right", "Checked, not imported yet", "Created 1", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			sends, starts := who[c.sends], who[c.starts]
			sent := sends.upload(importsPath, "p.csv", "email,groups\neve@example.com,Staff\n", handlers.CSRFField, sends.token(), "mode", "create")
			b.work()
			sends.get(sent.location).wants(t, 200, c.checked)
			_ = starts.post(sent.location + "/start")
			b.work()
			starts.get(sent.location).wants(t, 200, c.started)
			if n := members(); n != c.members {
				t.Errorf("%d in the group", n)
			}
		})
	}
}

func TestAFileInSeveralPieces(t *testing.T) {
	b := newBench(t)
	w := b.global()
	var file strings.Builder
	file.WriteString("email,displayName\n")
	for i := 0; file.Len() < 5<<20; i++ {
		fmt.Fprintf(&file, "person%d@example.com,%s\n", i, strings.Repeat("x", 200))
	}
	sent := w.upload(importsPath, "p.csv", file.String(), handlers.CSRFField, w.token(), "mode", "create")
	if sent.status != 303 {
		t.Fatalf("%d %s", sent.status, text(sent.body))
	}
	page, err := b.shop.Imports(t.Context(), "", 0)
	if err != nil || len(page.Items) != 1 || page.Items[0].Bytes != int64(file.Len()) {
		t.Fatalf("%+v %v", page.Items, err)
	}
	w.get(sent.location+"/cancel").wants(t, 200, "Nobody has been imported yet", "The file is erased")
	if a := w.post(sent.location + "/cancel"); a.status != 303 {
		t.Error(a.status)
	}
	w.get(sent.location).wants(t, 200, "Cancelled", "Nothing was imported")
}

func TestExportAndTemplate(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	w.get("/admin/t/shop/users/export").wants(t, 200, "Everybody who is not deleted", "CSV", "NDJSON")
	for _, format := range []string{"csv", "json", "ndjson"} {
		a := w.get("/admin/t/shop/users/export/download?format=" + format)
		if a.status != 200 || !strings.Contains(a.body, th.user.ID) || strings.Contains(a.body, "$argon2") || !strings.Contains(a.header.Get("Content-Disposition"), "people-shop."+format) {
			t.Errorf("%s: %d %.300s", format, a.status, a.body)
		}
		// It is an import, too: nobody changes.
		sent := w.upload(importsPath, "again."+format, a.body, handlers.CSRFField, w.token(), "mode", "update")
		b.work()
		page := w.get(sent.location)
		page.wants(t, 200, "Would be created 0", "Would be updated 0", "Refused 0")
		_ = w.post(sent.location + "/cancel")
	}
	if a := w.get("/admin/t/shop/users/export/download?format=xml"); a.status != 404 {
		t.Error(a.status)
	}
	if a := w.get(importsPath + "/template"); a.status != 200 || !strings.HasPrefix(a.body, "\uFEFFdisplayName,") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// A gigabyte costs neither memory nor a broken connection: it is read past, and answered in words.
func TestAFileThatIsTooLarge(t *testing.T) {
	b := newBench(t)
	w := b.global()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	b.must(err)
	go func() { _ = b.app.Listener(ln) }()
	t.Cleanup(func() { _ = b.app.Shutdown() })
	out, in := io.Pipe()
	form := multipart.NewWriter(in)
	go func() {
		_ = form.WriteField(handlers.CSRFField, w.token())
		_ = form.WriteField("mode", "create")
		part, err := form.CreateFormFile("file", "big.csv")
		line := []byte(strings.Repeat("email,", 10_000) + "\n")
		for sent := 0; err == nil && sent < models.MaxImportBytes+64<<20; sent += len(line) {
			_, err = part.Write(line)
		}
		_ = form.Close()
		_ = in.Close()
	}()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+ln.Addr().String()+importsPath, out)
	b.must(err)
	r.Host = "localhost:3000"
	r.Header.Set("Content-Type", form.FormDataContentType())
	for k, v := range w.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	res, err := http.DefaultClient.Do(r)
	b.must(err)
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	b.must(err)
	runtime.ReadMemStats(&after)
	if res.StatusCode != 422 || !strings.Contains(text(string(body)), "larger than 256 MB. Split it") {
		t.Errorf("%d %s", res.StatusCode, text(string(body)))
	}
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > 64<<20 {
		t.Errorf("the heap grew by %d MB", grown>>20)
	}
	page, err := b.shop.Imports(t.Context(), "", 0)
	if err != nil || len(page.Items) != 1 || page.Items[0].State != models.ImportCancelled {
		t.Errorf("%+v %v", page.Items, err)
	}
}

// A quotation mark that is never closed makes the rest of a file one cell: nobody can tell who stood in it. Such a
// file is refused as a whole, and cannot be started.
func TestAFileWithAnOpenQuotationMarkIsRefused(t *testing.T) {
	b := newBench(t)
	w := b.global()
	page := w.upload(importsPath, "team.csv", "email,displayName\nann@example.com,Ann\nbob@example.com,\"Bob\ncy@example.com,Cy\n", handlers.CSRFField, w.token(), "mode", "create").location
	b.work()
	a := w.get(page)
	a.wants(t, 200, "Failed", "The file cannot be read from line 3 on", "Mend the line and send the file again")
	for _, no := range []string{"Import 1 person", "Nothing to complain about", "Line by line"} {
		if strings.Contains(text(a.body), no) {
			t.Errorf("it says %q", no)
		}
	}
	w.post(page + "/start")
	b.work()
	if _, err := b.shop.UserByIdentity(t.Context(), account.SignInEmail, "", "ann@example.com"); err == nil {
		t.Error("a part of the file was imported")
	}
}

// TestAUserAdministratorFinishesWhatTheyBegin: they give app roles, so they see who has them; and a person's
// history without the logs behind it.
func TestAUserAdministratorFinishesWhatTheyBegin(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.admin("users@staff.example", b.roleID("User Administrator"), b.shop.ID)
	at := shopUsers + "/" + th.user.ID
	w.get(w.post(at+"/roles/add", "role", th.app.ID+" "+models.NoAppRole).location).wants(t, 200, "has a role of")
	list := "/admin/t/shop/applications/" + th.app.ID + "/assignments"
	a := w.get(list)
	a.wants(t, 200, "Users and groups of", "Remove")
	w.get(w.post(list+"/remove", "assignment", between(a.body, `name="assignment" value="`, `"`)).location).wants(t, 200, "Assignment removed.", "Nobody is assigned")
	a = w.get(at)
	a.wants(t, 200, "Timeline")
	a = w.get(at + "/timeline")
	a.wants(t, 200, "What happened", "View user")
	if strings.Contains(a.body, "/audits/") || strings.Contains(a.body, "/sign-ins/") {
		t.Error("it leads into the logs, which they may not open")
	}
}
