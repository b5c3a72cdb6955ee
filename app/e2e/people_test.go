package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// TestAdminGivesAccess is the story of somebody in charge: an app that only its own people may use, a group
// with a role in it, a customer who is turned away until they are in the group, and a file of people who
// move here.
func TestAdminGivesAccess(t *testing.T) {
	t.Parallel()
	s := boot(t)
	ada := openBrowser(t, s, "access")
	ada.intoPortal("ada@fernhill.example")
	portal := s.base + "/admin/t/fernhill"

	const email = "otto@example.com"
	seen := map[string]bool{}
	otto := openBrowser(t, s, "otto")
	otto.signUp("market", email, true, seen)
	otto.sees("Hello, Noor")

	ada.goTo(portal + "/groups/new")
	ada.accessible("group-new")
	ada.set("/groups", "displayName", "Drivers of the north")
	ada.send("/groups")
	group := ada.url()
	ada.accessible("group")

	ada.goTo(portal + "/applications")
	ada.link("Fernhill Auto Insurance")
	app := strings.Split(ada.url(), "?")[0]
	ada.goTo(app + "/roles/new")
	ada.accessible("role-new")
	ada.set("/roles", "displayName", "Drivers")
	ada.set("/roles", "appRoles", "Policy.Holder")
	ada.set("/roles", "description", "May see their own policies.")
	ada.set("/roles", "allowedMemberTypes", "User")
	ada.send("/roles")
	ada.goTo(app + "/assignments/add")
	ada.accessible("assign")
	ada.set("/assignments/add", "role", optionCalled(ada, "role", "Drivers"))
	ada.set("/assignments/add", "principals", "Drivers of the north")
	ada.press(`form[method=post][action$="/assignments/add"] button[type=submit]:not([name])`)
	ada.sees("Drivers of the north")
	ada.goTo(app + "/assignment-required")
	ada.accessible("assignment-required")
	ada.send("/assignment-required")

	otto.goTo(s.base + "/demo/auto")
	otto.press("#signin")
	otto.accessible("unassigned")
	if !strings.Contains(otto.url(), "/signin/") || strings.Contains(otto.words(), "Hello") {
		t.Fatalf("an app that is not theirs let them in: %s\n%s", otto.url(), otto.words())
	}

	ada.goTo(group + "/members/add")
	ada.set("/members/add", "principals", email)
	ada.press(`form[method=post][action$="/members/add"] button[type=submit]:not([name])`)
	ada.goTo(group + "/members")
	ada.accessible("members")
	ada.sees("Noor van Dijk")

	otto.goTo(s.base + "/demo/auto")
	otto.press("#signin")
	for range 2 {
		if !strings.Contains(otto.url(), "/demo/") {
			otto.submit()
		}
	}
	otto.sees("Hello, Noor")
	otto.sees("Policy.Holder")

	// People who move here, from a spreadsheet as a German office writes it.
	file := filepath.Join(t.TempDir(), "kunden.csv")
	const rows = "\uFEFFdisplayName;email;city\r\nGreta Grün;greta@example.com;Köln\r\nHans, der Ältere;hans@example.com;\"Berg; Tal\"\r\nNiemand;keine-adresse;Ulm\r\n"
	if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	ada.goTo(portal + "/users/imports/new")
	ada.accessible("import-new")
	ada.do("choose the file", chromedp.SetUploadFiles(chromedp.CSS("input[type=file]"), []string{file}))
	ada.press(`main form[action*="/imports"] button.button--primary`)
	eventually(t, 30*time.Second, "the dry run is over", func() error {
		if !strings.Contains(ada.words(), "keine-adresse") && !strings.Contains(ada.words(), "refused") {
			ada.goTo(ada.url())
			return errText(ada.words())
		}
		return nil
	})
	ada.accessible("import-dry-run")
	ada.sees("2")
	ada.press(`main form[action$="/start"] button[type=submit]`)
	eventually(t, 30*time.Second, "the import is over", func() error {
		ada.goTo(ada.url())
		if words := ada.words(); !strings.Contains(words, "Done") && !strings.Contains(words, "Finished") {
			return errText(words)
		}
		return nil
	})
	ada.accessible("import-done")
	ada.goTo(portal + "/users?search=greta")
	ada.sees("Greta Grün")
	ada.link("Greta Grün")
	person := strings.Split(ada.url(), "?")[0]
	for _, tab := range []string{"", "/methods", "/sessions", "/groups", "/consents", "/risk", "/timeline"} {
		ada.goTo(person + tab)
		ada.accessible("person" + strings.ReplaceAll(tab, "/", "-"))
	}
	ada.sees("mport") // the timeline tells where they come from
}

// optionCalled gives the value of an option by the start of its words.
func optionCalled(b *tab, name, words string) string {
	b.t.Helper()
	return evaluate[string](b, `([...document.querySelectorAll("select[name=`+name+`] option")].find(o => o.textContent.trim().startsWith(`+quoted(words)+`)) || {}).value || ""`)
}
