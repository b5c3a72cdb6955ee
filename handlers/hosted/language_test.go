package hosted_test

import (
	"regexp"
	"runtime"
	"strings"
	"testing"

	"portico/app/signin"
	"portico/models/modelstest"
)

var proofInput = regexp.MustCompile(`name="proof" value="[^"]*"`)

func TestALanguageIsChosenWithoutLosingWhatWasTyped(t *testing.T) {
	s := newSite(t, asksName)
	b := s.browser().start(request{}).at(signin.SignIn)
	if !strings.Contains(b.page.body, `form="main" name="language" value="ar"`) || strings.Contains(b.page.body, "?ui_locales=") {
		t.Fatal("the chooser of a page with a form sends no form")
	}

	b.fill("email", anna, "password", goodPassword, "stay", "1", "language", "ar").at(signin.SignIn)
	b.says(`lang="ar" dir="rtl"`).says(`value="` + anna + `"`).says(` checked`)
	if b.page.status != 200 || strings.Contains(b.page.body, goodPassword) {
		t.Errorf("%d; or the password came back", b.page.status)
	}
	// It holds for this attempt, and nothing else happened: the page's form still works.
	b.get(b.page.at).says(`dir="rtl"`)
	b.fill("email", anna, "password", "wrong").says(`dir="rtl"`)

	// Nothing changes, so nothing has to be proven.
	b.page.body = proofInput.ReplaceAllString(b.page.body, `name="proof" value="bad"`)
	b.fill("email", "typed@example.com", "language", "de").at(signin.SignIn).says(`lang="de"`).says(`value="typed@example.com"`)
	b.fill("language", "tlh").at(signin.SignIn) // no such language: the best there is

	// A later page, with a code that does not come back and names that do.
	c := s.browser().start(request{Prompt: []string{"create"}}).at(signin.SignUp).fill("email", anna).at(signin.Code)
	c.fill("code", "12345678", "language", "de").at(signin.Code)
	if strings.Contains(c.page.body, "12345678") {
		t.Error("the code came back")
	}
	c.fill("code", s.lastCode(anna)).at(signin.ChoosePassword).fill("newPassword", goodPassword).at(signin.AskAttributes)
	c.fill("givenName", "Änna", "language", "ar").at(signin.AskAttributes).says(`value="Änna"`).says(`dir="rtl"`)
	if n := modelstest.Must(s.tenant.CountUsers(t.Context()))(t); n != 0 {
		t.Errorf("%d accounts", n)
	}
	c.fill("givenName", "Änna").at(signin.AskStay)

	// Elsewhere than where the attempt began there is nothing to translate but the kind page.
	s.browser().get(b.page.at).fill("language", "ar").says(`dir="rtl"`).at("elsewhere")
}

func TestPagesWithoutAFormKeepLinks(t *testing.T) {
	s := newSite(t)
	b := s.browser().get(s.base + "/" + s.slug + "/signin/0192a0de-0000-7000-8000-000000000000")
	b.says(`href="?ui_locales=ar"`)
	if strings.Contains(b.page.body, `name="language"`) {
		t.Error("a page without a form has language buttons")
	}
}

// wantReference: the page shows the short reference of its request, and by it the log leads to the record.
func wantReference(t *testing.T, s *site, p page, correlation string) {
	t.Helper()
	ref := p.header.Get("X-Request-Id")
	if ref == "" || !strings.Contains(p.body, ">"+ref+"</code>") || strings.Contains(p.body, ">"+correlation+"</code>") {
		t.Errorf("the page does not show its reference %q: %s", ref, p.body)
	}
	for range 100 { // the line is written after the answer
		if l := s.log.with("request=" + ref); len(l) == 1 {
			if !strings.Contains(l[0], "correlation="+correlation) {
				t.Errorf("the log does not lead to the record %s: %s", correlation, l[0])
			}
			return
		}
		runtime.Gosched()
	}
	t.Errorf("the log does not know %s", ref)
}
