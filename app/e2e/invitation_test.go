package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestInvitedPersonAgreesToTerms: an admin writes terms, asks for them in a flow, and invites somebody with
// answers filled in; a stranger with the link gets nowhere; the invited person signs up once. While another
// person is inside, the flow is published anew: they finish as they began. Then the terms change.
func TestInvitedPersonAgreesToTerms(t *testing.T) {
	t.Parallel()
	s := boot(t)
	ada := openBrowser(t, s, "inviter")
	ada.intoPortal("ada@fernhill.example")
	portal := s.base + "/admin/t/fernhill"

	ada.goTo(portal + "/terms/new")
	ada.accessible("terms-new")
	ada.set("/terms", "name", "Club rules")
	ada.set("/terms", "texts[en].title", "Rules of the club")
	ada.set("/terms", "texts[en].body", "Be kind.\n\nRead [more](https://fernhill.example/rules).")
	ada.send("/terms")
	ada.accessible("terms")
	terms := strings.Split(ada.url(), "?")[0]

	ada.goTo(portal + "/user-flows/new")
	ada.set("/user-flows", "name", "Members only")
	ada.set("/user-flows", "signUpMethod", "emailPassword")
	ada.set("/user-flows", "attribute", "givenName", "surname")
	ada.send("/user-flows")
	flow := strings.TrimSuffix(strings.Split(ada.url(), "?")[0], "/attributes")
	app := ada.moveApp(portal, flow, "Fernhill Auto Insurance")

	// Somebody begins by the first version, which has no terms.
	seen := map[string]bool{}
	early := openBrowser(t, s, "early")
	early.goTo(s.base + "/demo/auto")
	early.press("#signup")
	early.typeInto(emailBox, "early@example.com")
	early.submit()

	ada.goTo(flow + "/terms")
	id := evaluate[string](ada, `([...document.querySelectorAll("form[action$='/terms/add'] option")].find(o => o.textContent.includes("Club rules")) || {value: ""}).value`)
	ada.set("/terms/add", selectName(ada, "/terms/add"), id)
	ada.send("/terms/add")
	ada.accessible("flow-terms")
	ada.goTo(flow + "/publish")
	ada.send("/publish")

	early.typeInto(codeBox, early.code("early@example.com", seen))
	early.submit()
	early.typeInto(newPasswordBox, password)
	early.submit()
	early.set("", "givenName", "Ear")
	early.set("", "surname", "Lee")
	early.submit()
	early.maybeStay()
	early.sees("Hello, Ear")

	// The invitation.
	const email = "ivy@example.com"
	client := regexp.MustCompile(`[0-9a-f-]{36}`)
	ada.goTo(portal + "/invitations")
	ada.goTo(app)
	clientID := evaluate[string](ada, `(document.body.innerText.match(/Application \(client\) ID\s*([0-9a-f-]{36})/) || ["", ""])[1]`)
	if !client.MatchString(clientID) {
		t.Fatalf("no client id at %s\n%s", ada.url(), ada.words())
	}
	ada.goTo(portal + "/invitations/new?application=" + clientID)
	ada.accessible("invitation-new")
	ada.set("/invitations", "addresses", "Ivy <"+email+">")
	ada.set("/invitations", "message", "Welcome to <b>the club</b>")
	ada.send("/invitations")
	ada.accessible("invitation")
	link := ""
	eventually(t, 10*time.Second, "the invitation arrives", func() error {
		for _, m := range mails(t, s.client(t), s.base, email) {
			if found := regexp.MustCompile(`http\S+/invitation/[\w-]+`).FindString(m.Text); found != "" {
				link = found
				if strings.Contains(m.HTML, "<b>the club</b>") {
					t.Error("the admin's words are markup in the mail")
				}
				return nil
			}
		}
		return errors.New("not yet")
	})

	stranger := openBrowser(t, s, "stranger") // has the link, not the mailbox
	stranger.goTo(link)
	stranger.accessible("invitation-page")
	stranger.submit()
	if strings.Contains(evaluate[string](stranger, `[...document.querySelectorAll("input[type=email]:not([readonly])")].map(i => i.name).join()`), "email") {
		t.Error("the invited address can be changed")
	}
	stranger.typeInto(codeBox, "00000000")
	stranger.submit()
	stranger.sees("code")
	if strings.Contains(stranger.url(), "/demo/") {
		t.Error("a stranger got in")
	}

	ivy := openBrowser(t, s, "ivy")
	ivy.goTo(link)
	before := map[string]bool{}
	for _, m := range mails(t, s.client(t), s.base, email) { // the stranger's code is not hers
		before[m.ID] = true
	}
	ivy.submit()
	ivy.accessible("invitation-code")
	ivy.typeInto(codeBox, ivy.code(email, before))
	ivy.submit()
	ivy.typeInto(newPasswordBox, password)
	ivy.submit()
	ivy.set("", "givenName", "Ivy")
	ivy.set("", "surname", "Li")
	ivy.submit()
	ivy.sees("Rules of the club")
	ivy.accessible("terms-step")
	ivy.submit()
	ivy.sees("Rules of the club") // the box was not ticked
	if !ivy.has("[aria-invalid=true]") {
		t.Error("nothing says that the box must be ticked")
	}
	evaluate[any](ivy, `document.querySelector("main input[type=checkbox]").click(); null`)
	ivy.submit()
	ivy.maybeStay()
	ivy.press("#signin, a[href$='/demo/auto/signin']")
	ivy.sees("Hello, Ivy")

	again := openBrowser(t, s, "again")
	again.goTo(link)
	if again.has(codeBox) || again.has(emailBox) {
		t.Error("a used invitation opens a form")
	}
	again.accessible("invitation-used")
	ada.goTo(portal + "/invitations")
	ada.sees("Accepted")
	ada.accessible("invitations")

	// New terms: everybody agrees again, those too who never did.
	ada.goTo(terms + "/publish")
	ada.set("/publish", "texts[en].body", "Be kind, and wash up.")
	ada.set("/publish", "again", "true")
	ada.send("/publish")
	for _, b := range []*tab{early, ivy} {
		b.goTo(s.base + "/demo/auto/signin")
		b.sees("Rules of the club")
		if text := evaluate[string](b, "document.body.textContent"); !strings.Contains(text, "wash up") {
			t.Errorf("the new text is not there: %s", text)
		}
	}
	ivy.sees("has changed")
	ivy.accessible("terms-changed")

	// A dry run of the flow, to its end.
	ada.goTo(flow + "/bench")
	ada.press(`main form button.button--primary`)
	ada.accessible("bench-first")
	for range 12 {
		if strings.Contains(ada.words(), "The visitor is signed in") {
			break
		}
		ada.press(`main button[name=press]`) // what the page suggests stands first
	}
	ada.sees("The visitor is signed in")
	ada.accessible("bench-end")

	// The same tenant as files: out, changed by hand, planned, in again.
	dir := filepath.Join(t.TempDir(), "fernhill")
	s.command("export", dir, "--tenant", "fernhill")
	file := fileWith(t, dir, "user-flows", `"Members only"`)
	text := string(must(os.ReadFile(file))(t))
	changed := strings.Replace(text, `"isSignUpAllowed": true`, `"isSignUpAllowed": false`, 1)
	if changed == text {
		t.Fatalf("nothing to change in\n%s", text)
	}
	if err := os.WriteFile(file, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	if plan := s.planned(dir); !strings.Contains(plan, "isSignUpAllowed") {
		t.Errorf("the plan does not name the change:\n%s", plan)
	}
	s.command("apply", dir, "--tenant", "fernhill")
	out := filepath.Join(t.TempDir(), "again")
	s.command("export", out, "--tenant", "fernhill")
	if got := string(must(os.ReadFile(fileWith(t, out, "user-flows", `"Members only"`)))(t)); got != changed {
		t.Errorf("the flow came back as\n%s\nwant\n%s", got, changed)
	}
}

func selectName(b *tab, form string) string {
	return evaluate[string](b, `document.querySelector("form[action$='`+form+`'] select").name`)
}

// planned runs app plan, which ends with a code of its own when there is something to do.
func (s *server) planned(dir string) string {
	s.t.Helper()
	cmd := exec.Command(binary(), "plan", dir, "--tenant", "fernhill")
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		s.t.Fatal(err)
	}
	return string(out)
}

func fileWith(t *testing.T, dir, folder, words string) string {
	t.Helper()
	found := ""
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(path, folder) {
			return err
		}
		if b, err := os.ReadFile(path); err == nil && strings.Contains(string(b), words) {
			found = path
		}
		return nil
	})
	if err != nil || found == "" {
		t.Fatalf("no file below %s/%s says %s: %v", dir, folder, words, err)
	}
	return found
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
