package hosted_test

import (
	"html"
	"regexp"
	"strings"
	"testing"
	"time"

	"portico/app/record"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models/modelstest"
)

var boxes = regexp.MustCompile(`name="(terms\[[^"]*\])" value="([^"]*)"`)

// ticks gives the boxes of the page's terms as a form would send them ticked.
func (b *browser) ticks() []string {
	var pairs []string
	for _, m := range boxes.FindAllStringSubmatch(html.UnescapeString(b.page.body), -1) {
		pairs = append(pairs, m[1], m[2])
	}
	return pairs
}

// Terms are agreed to text by text and version by version; a new version that asks for it is agreed to
// again, by sessions too (F069).
func TestTermsAreAgreedToVersionByVersion(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		s.settings(neverStay)
		ctx := t.Context()
		use := modelstest.Must(s.tenant.CreateTerms(ctx, modelstest.Actor(), userflow.Terms{Name: "Terms of use", Language: "en", Texts: map[string]userflow.TermsText{
			"en": {Title: "Terms of use", Body: "# Who we are\n\nFernhill <b>Group</b>\n\n- [more](https://example.com/more)"},
			"de": {Title: "Nutzungsbedingungen", Body: "Wer wir sind"}}}))(t)
		privacy := modelstest.Must(s.tenant.CreateTerms(ctx, modelstest.Actor(), userflow.Terms{Name: "Privacy", Language: "en", Texts: map[string]userflow.TermsText{"en": {Title: "Privacy policy", URL: "https://example.com/privacy"}}}))(t)
		s.publish(asksName, func(f *userflow.Flow) { f.Terms = []string{use.ID, privacy.ID} })

		b := s.browser().upTo(anna).at(signin.AskAttributes).fill("givenName", "Anna").at(signin.AskTerms)
		b.says("<h3 dir=\"auto\">Who we are</h3>").says("Fernhill <b>Group</b>").says(`href="https://example.com/more"`).says(`href="https://example.com/privacy"`)
		if strings.Contains(b.page.body, "<b>Group") {
			t.Error("what an admin wrote is not escaped")
		}
		ticks := b.ticks()
		if len(ticks) != 4 {
			t.Fatalf("boxes %q", ticks)
		}
		b.fill(ticks[:2]...).at(signin.AskTerms).says("Tick “I agree to Privacy policy” to go on").has(`name="`+ticks[0]+`"`, "checked")
		if n := modelstest.Must(s.tenant.CountUsers(ctx))(t); n != 0 {
			t.Errorf("%d accounts before everything is agreed to", n)
		}
		b.get(b.page.at + "?ui_locales=de").at(signin.AskTerms).says("Nutzungsbedingungen").says(`lang="de"`)
		g := b.fill(b.ticks()...).signedIn()
		have := modelstest.Must(s.tenant.Acceptances(ctx, g.UserID))(t)
		if len(have) != 2 {
			t.Fatalf("acceptances %+v", have)
		}
		for _, a := range have {
			if a.Version != 1 || a.TermsID == use.ID && a.Locale != "de" || a.TermsID == privacy.ID && a.Locale != "en" || a.At.IsZero() {
				t.Errorf("acceptance %+v", a)
			}
		}

		// A new version that leaves the agreement as it is asks nobody; one that does not asks everybody.
		edit := func(again bool) {
			modelstest.Must(s.tenant.PublishTerms(ctx, modelstest.Actor(), use.ID, again, func(x *userflow.Terms) error {
				x.Texts["en"] = userflow.TermsText{Title: "Terms of use", Body: x.Texts["en"].Body + " and more"}
				return nil
			}))(t)
			s.clock.Advance(2 * time.Second) // past the age of the snapshot
		}
		edit(false)
		b.start(request{}).signedIn()
		edit(true)
		b.start(request{Prompt: []string{"none"}}).refused("interaction_required")
		b.start(request{UILocales: []string{"en"}}).at(signin.AskTerms)
		b.get(b.page.at + "?ui_locales=en").at(signin.AskTerms).says("This has changed since you agreed on")
		ticks = b.ticks()
		if len(ticks) != 2 {
			t.Fatalf("boxes %q: only what changed is asked", ticks)
		}

		// A version that is published while somebody reads is not the one that they agreed to.
		edit(true)
		b.fill(ticks...).at(signin.AskTerms).says("has changed just now")
		b.fill(b.ticks()...).signedIn()
		b.start(request{Prompt: []string{"none"}}).signedIn()
		if have = modelstest.Must(s.tenant.Acceptances(ctx, g.UserID))(t); len(have) != 3 || have[0].TermsID != use.ID || have[0].Version != 4 {
			t.Errorf("acceptances %+v", have)
		}
		c := s.browser().start(request{}).fill("email", anna, "password", goodPassword)
		c.signedIn()

		d := s.browser().upTo("bob@example.com").fill("givenName", "Bob").at(signin.AskTerms)
		d.fill("action", "cancel").refused("access_denied")
	})
}

// A flow that an admin tries says so on every page, and so does the record.
func TestATestSaysSo(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	s.user(anna)
	b := s.browser().start(request{Test: true}).says("Test: opened from the portal")
	b.fill("email", anna, "password", "wrong password").at(signin.SignIn).says("Test: opened from the portal")
	b.fill("email", anna, "password", goodPassword).signedIn()
	s.browser().start(request{}).fill("email", anna, "password", goodPassword).signedIn()
	var tests []bool
	for _, r := range s.records() {
		if r.Outcome.Result == record.Success {
			tests = append(tests, r.Test)
		}
	}
	if len(tests) != 2 || !tests[0] || tests[1] {
		t.Errorf("marked %v", tests)
	}
}
