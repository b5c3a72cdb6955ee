package account_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"portico/app/message"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// questions are the links that were mailed to somebody, the oldest first.
func (s *site) questions(to string) []string {
	s.t.Helper()
	var out []string
	for _, n := range s.notes() {
		if n.Kind == message.NewSignIn && n.To == to {
			u := modelstest.Must(url.Parse(n.URL))(s.t)
			out = append(out, u.RequestURI())
		}
	}
	return out
}

// asks counts the mails.
func (s *site) asks(to string, want int) {
	s.t.Helper()
	if got := len(s.questions(to)); got != want {
		s.t.Fatalf("%d questions, want %d", got, want)
	}
}

func TestPeopleAreAskedAboutNewDevices(t *testing.T) {
	s := newSite(t)
	s.user(anna)
	owner := s.in(anna)
	s.asks(anna, 0) // the first sign-in: nothing is known yet
	owner.send("/sign-out").open("").signIn(anna)
	s.asks(anna, 0) // the same device
	stranger := s.in(anna)
	s.asks(anna, 1)
	stranger.send("/sign-out").open("").signIn(anna)
	s.asks(anna, 1) // known by now
	for range 12 {
		s.in(anna)
	}
	s.asks(anna, 10) // not without end
	s.clock.Advance(24 * time.Hour)
	s.in(anna)
	s.asks(anna, 11)
}

func TestNobodyIsAskedWhereItIsOff(t *testing.T) {
	for name, off := range map[string]func(*site){
		"the setting": func(s *site) { s.settings(func(x *tenant.Settings) { x.AskOwnerOff = true }) },
		"a trial": func(s *site) {
			modelstest.Must(s.tenant.Update(s.t.Context(), modelstest.Actor(), func(n *tenant.Tenant) error {
				n.Plan, n.TrialEndsAt = tenant.Trial, s.clock.Now().Add(time.Hour)
				return nil
			}))(s.t)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.user(anna)
			s.in(anna)
			off(s)
			s.in(anna)
			s.asks(anna, 0)
		})
	}
}

// asked is a site with a stranger signed in, the owner's browser and the link of the mail.
func strangerIn(t *testing.T, edit ...func(*userflow.Flow)) (s *site, userID string, owner, stranger *browser, link string) {
	t.Helper()
	s = newSite(t, edit...)
	u := s.user(anna)
	owner = s.in(anna)
	s.clock.Advance(8 * 24 * time.Hour) // long enough to be known by it
	owner.open("").signIn(anna)
	stranger = s.in(anna)
	q := s.questions(anna)
	if len(q) != 1 {
		t.Fatalf("%d questions", len(q))
	}
	return s, u.ID, owner, stranger, q[0]
}

func TestOpeningTheLinkChangesNothing(t *testing.T) {
	s, id, _, stranger, link := strangerIn(t)
	scanner := s.browser()
	if a := modelstest.Must(http.Head(s.base + link))(t); a.StatusCode != http.StatusOK {
		t.Errorf("HEAD answers %d", a.StatusCode)
	}
	for range 3 {
		scanner.open(link).says("Was this you?").says("on a device that we have not seen there before").lacks(anna)
	}
	stranger.open("/profile").on("/profile")
	if u := s.person(id); u.PasswordVoid || u.Risk.Level != "" {
		t.Error("something changed", u.Risk)
	}
}

func TestNoEndsEverythingAndStartsRecovery(t *testing.T) {
	const fresh = "another good one 1"
	s, id, owner, stranger, link := strangerIn(t, resettable, func(f *userflow.Flow) {
		f.MFA = userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"email"}}
	})
	modelstest.Must(s.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: id, Kind: models.KindEmail, Name: anna}))(t)
	b := s.browser().open(link)
	b.send("/was-this-you", "answer", "no").says("Your account is protected").says("Every device and every app has been signed out")
	for name, x := range map[string]*browser{"stranger": stranger, "owner": owner} {
		if x.open("/profile"); !strings.Contains(x.at, "/signin/") {
			t.Errorf("%s is still in: %s", name, x.at)
		}
	}
	u := s.person(id)
	if !u.PasswordVoid || u.Risk.Level != "high" || u.Risk.State != "atRisk" {
		t.Errorf("password void %v, risk %+v", u.PasswordVoid, u.Risk)
	}
	found := modelstest.Must(s.tenant.Detections(t.Context(), models.DetectionQuery{UserID: id}))(t).Items
	if len(found) != 1 || found[0].Type != models.UserReported || found[0].Level != "high" {
		t.Errorf("detections %+v", found)
	}
	if x := s.browser().open("").signIn(anna); len(x.complaints()) == 0 {
		t.Error("the password still works")
	}
	told := 0
	for _, n := range s.notes() {
		if n.Kind == message.SignInReported && n.To == anna {
			told++
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	s.clock.Advance(time.Hour) // the mailbox has had its share of codes
	b.open(link).send("/was-this-you/recover").says("Forgot your password?")
	if !strings.Contains(b.body, `value="`+anna+`"`) {
		t.Error("the address is not filled in")
	}
	b.send("", "email", anna).send("", "code", s.lastCode(anna)).send("", "newPassword", fresh, "everywhere", "yes")
	if x := s.browser().open("").send("", "email", anna, "password", fresh); len(x.complaints()) != 0 { // and then the mailbox is asked for
		t.Error("the new password does not work", x.complaints())
	}
	if u := s.person(id); u.Risk.Level != "" || u.Risk.Detail != models.RiskResetByUser {
		t.Errorf("after the reset the risk is %+v", u.Risk)
	}
	// Once more does nothing: the new password stays.
	again := s.browser().open(link)
	again.says("This sign-in was reported on").lacks("Your password works no more")
	if strings.Contains(again.body, `value="no"`) {
		t.Error("it can be answered again")
	}
	if s.person(id).PasswordVoid {
		t.Error("void again")
	}
}

func TestYesCountsOnAFamiliarDeviceOnly(t *testing.T) {
	s, id, owner, stranger, link := strangerIn(t)
	q := modelstest.Must(s.tenant.QuestionByToken(t.Context(), modelstest.Must(url.Parse(link))(t).Query().Get("q")))(t)
	// The sign-in was risky, as far as the log says.
	d := modelstest.Must(s.tenant.AddDetection(t.Context(), modelstest.Actor(), models.Detection{Type: "unfamiliarFeatures", Level: "medium", UserID: id, SignInID: q.SignInID}))(t)
	state := func() string {
		return modelstest.Must(s.tenant.SignInRow(t.Context(), q.SignInID))(t).RiskState
	}
	elsewhere := s.browser()
	elsewhere.open(link).send("/was-this-you", "answer", "yes").says("Thank you")
	words := elsewhere.body
	stranger.open(link).send("/was-this-you", "answer", "yes").says("Thank you")
	links := s.questions(anna)
	second := s.in(anna) // the stranger's other browser, for which the first must not vouch
	if links = s.questions(anna)[len(links):]; len(links) != 1 {
		t.Fatal("no question about the second browser")
	}
	about := modelstest.Must(s.tenant.QuestionByToken(t.Context(), modelstest.Must(url.Parse(links[0]))(t).Query().Get("q")))(t)
	modelstest.Must(s.tenant.AddDetection(t.Context(), modelstest.Actor(), models.Detection{Type: "unfamiliarFeatures", Level: "medium", UserID: id, SignInID: about.SignInID}))(t)
	for _, b := range []*browser{stranger, second} {
		b.open(links[0]).send("/was-this-you", "answer", "yes").says("Thank you")
	}
	if row := modelstest.Must(s.tenant.SignInRow(t.Context(), about.SignInID))(t); row.RiskState != models.RiskAtRisk {
		t.Fatalf("%q: the stranger vouches for themselves", row.RiskState)
	}
	if err := s.tenant.DismissSignInRisk(t.Context(), modelstest.Actor(), []string{about.SignInID}); err != nil { // as if it had never been
		t.Fatal(err)
	}
	late := s.in(anna) // another device of the stranger, which came after
	late.open(link).send("/was-this-you", "answer", "yes").says("Thank you")
	if state() != models.RiskAtRisk {
		t.Fatalf("%q: somebody unfamiliar lowered the risk", state())
	}
	owner.open(link).send("/was-this-you", "answer", "yes").says("Thank you")
	if owner.body != words {
		t.Error("the page says whether it had an effect")
	}
	if state() != models.RiskDismissed {
		t.Errorf("the owner's yes left %q", state())
	}
	if d = modelstest.Must(s.tenant.Detection(t.Context(), d.ID))(t); d.State != models.RiskDismissed || d.Detail != models.RiskSafeByAI {
		t.Errorf("detection %s %s", d.State, d.Detail)
	}
	if u := s.person(id); u.Risk.Level != "" {
		t.Errorf("risk %+v", u.Risk)
	}
}

// A stranger in the mailbox may say yes first: the owner's no counts all the same.
func TestNoCountsAfterAYes(t *testing.T) {
	s, id, _, stranger, link := strangerIn(t)
	stranger.open(link).send("/was-this-you", "answer", "yes")
	s.browser().open(link).send("/was-this-you", "answer", "no").says("Your account is protected")
	if !s.person(id).PasswordVoid {
		t.Error("nothing happened")
	}
}

// What an administrator has said is more than what a browser says.
func TestYesDoesNotOverruleAnAdministrator(t *testing.T) {
	s, _, owner, _, link := strangerIn(t)
	q := modelstest.Must(s.tenant.QuestionByToken(t.Context(), modelstest.Must(url.Parse(link))(t).Query().Get("q")))(t)
	if err := s.tenant.ConfirmSignInCompromised(t.Context(), modelstest.Actor(), []string{q.SignInID}); err != nil {
		t.Fatal(err)
	}
	owner.open(link).send("/was-this-you", "answer", "yes")
	if row := modelstest.Must(s.tenant.SignInRow(t.Context(), q.SignInID))(t); row.RiskState != models.RiskConfirmed {
		t.Error("overruled:", row.RiskState)
	}
}

var csrf = regexp.MustCompile(`name="_csrf" value="[^"]*"`)

func TestUnknownAndOldLinksSayTheSame(t *testing.T) {
	s, id, _, _, link := strangerIn(t)
	other := s.browser().open("/was-this-you?q=" + strings.Repeat("A", 43))
	none := s.browser().open("/was-this-you")
	s.clock.Advance(31 * 24 * time.Hour)
	old := s.browser().open(link)
	for name, b := range map[string]*browser{"unknown": other, "none": none} {
		if b.status != http.StatusGone || b.status != old.status || csrf.ReplaceAllString(b.body, "") != csrf.ReplaceAllString(old.body, "") {
			t.Errorf("%s: %d, an old one %d", name, b.status, old.status)
		}
	}
	x := s.browser()
	x.open(link)
	x.post("/"+s.slug+"/account/was-this-you", url.Values{"q": {modelstest.Must(url.Parse(link))(t).Query().Get("q")}, "answer": {"no"}})
	if s.person(id).PasswordVoid || x.status != http.StatusGone {
		t.Error("an old link acts", x.status)
	}
}

// The link of one directory opens nothing in another, and a form that another browser was shown is asked for again.
func TestAnswersAreBoundToTheBrowserThatWasAsked(t *testing.T) {
	s, id, _, _, link := strangerIn(t)
	first, second := s.browser().open(link), s.browser().open(link)
	token := regexp.MustCompile(`name="_csrf" value="([^"]*)"`).FindStringSubmatch(first.body)
	if token == nil {
		t.Fatal("no token")
	}
	v := url.Values{"q": {modelstest.Must(url.Parse(link))(t).Query().Get("q")}, "answer": {"no"}, "_csrf": {html.UnescapeString(token[1])}}
	second.post("/"+s.slug+"/account/was-this-you", v).says("Was this you?")
	if s.person(id).PasswordVoid {
		t.Error("it acted")
	}
}

// withoutSecond is a flow that asks for a second factor where something demands one; Anna has registered none.
func withoutSecond(f *userflow.Flow) {
	f.PasswordReset, f.MFA = true, userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"softwareOath"}}
}

// Where no policy refuses, another password by the mailbox is all that somebody without a second factor can show: it
// remediates (R 6.8.4). Nobody is asked about the browser that did it.
func TestAResetRemediatesWithoutASecondFactor(t *testing.T) {
	s, id, _, _, link := strangerIn(t, withoutSecond)
	b := s.browser().open(link).send("/was-this-you", "answer", "no").says("Choose another password")
	asked := len(s.questions(anna))
	s.clock.Advance(time.Hour)
	b.open(link).send("/was-this-you/recover").send("", "email", anna).send("", "code", s.lastCode(anna)).send("", "newPassword", "another good one 1", "everywhere", "yes")
	if u := s.person(id); u.Risk.Level != "" || u.Risk.Detail != models.RiskResetByUser || u.PasswordVoid {
		t.Errorf("after the reset: %+v", u.Risk)
	}
	for range 3 { // whatever is offered on the way in
		if !strings.Contains(b.at, "/signin/") {
			break
		}
		b.send("", "skip", "yes")
	}
	s.asks(anna, asked)
	s.clock.Advance(time.Hour)
	b.send("/sign-out").open("").send("", "email", anna, "password", "another good one 1") // the same browser, by the password that was chosen in it
	for range 3 {
		if !strings.Contains(b.at, "/signin/") {
			break
		}
		b.send("", "skip", "yes")
	}
	b.open("/profile").on("/profile")
	s.asks(anna, asked)
}

// The mail and its page say the time by the clock of the place, where its zone was known, and else UTC; both with the
// distance from UTC.
func TestTheTimeIsThatOfThePlace(t *testing.T) {
	s := newSite(t)
	u := s.user(anna)
	s.in(anna)
	signIn := modelstest.Must(s.tenant.SignIns(t.Context(), models.SignInQuery{}))(t).Items[0].ID
	at := time.Date(2026, 7, 15, 11, 3, 0, 0, time.UTC)
	for zone, want := range map[string]string{"Europe/Madrid": "15 July 2026, 13:03 UTC+2", "Asia/Kolkata": "15 July 2026, 16:33 UTC+5:30", "": "15 July 2026, 11:03 UTC"} {
		q := signin.Question{ID: models.NewID(), UserID: u.ID, SignInID: signIn, Device: models.NewID(), AskedAt: s.clock.Now(), ExpiresAt: s.clock.Now().Add(time.Hour),
			Told: signin.Told{At: record.Signals{TimeZone: zone}.Local(at), Country: "ES"}}
		token := strings.Repeat("A", 40) + fmt.Sprint(100+len(zone))
		if asked, err := s.tenant.AskOwner(t.Context(), q, token); err != nil || !asked {
			t.Fatal(asked, err)
		}
		b := s.browser().open("/was-this-you?q=" + token)
		if words := isolates.Replace(html.UnescapeString(b.body)); !strings.Contains(words, want+"<") {
			t.Errorf("%q: the page does not say %q", zone, want)
		}
	}
}

// isolates are the marks that keep a value's direction to itself.
var isolates = strings.NewReplacer("\u2068", "", "\u2069", "")

// Where a policy would refuse whoever registered no second factor (R 6.8.3), no page promises a way.
func TestNoWayIsPromisedThatAPolicyRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		policy func(*policy.Policy)
		second bool
		stuck  bool
	}{
		"another password because of risk": {func(p *policy.Policy) {
			p.GrantControls.BuiltInControls = []string{policy.ControlPasswordChange, policy.ControlMFA}
		}, false, true},
		"the same, and there is a second factor": {func(p *policy.Policy) {
			p.GrantControls.BuiltInControls = []string{policy.ControlPasswordChange, policy.ControlMFA}
		}, true, false},
		"a second factor because of risk": {demandsSecond, false, true},
		"blocked because of risk":         {func(*policy.Policy) {}, true, true},
		"changing a password asks for a second factor at risk": {func(p *policy.Policy) {
			demandsSecond(p)
			p.Conditions.Applications = policy.Applications{IncludeUserActions: []string{policy.ChangePassword}}
		}, false, true},
		"report-only": {func(p *policy.Policy) { p.State = policy.ReportOnly }, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			s, id, _, _, link := strangerIn(t, withoutSecond)
			if c.second { // registered before the stranger came: a younger one is not asked for because of risk
				s.clock.Advance(-time.Hour)
				modelstest.Must(s.tenant.AddCredential(t.Context(), modelstest.Actor(), models.Credential{UserID: id, Kind: models.KindTOTP, Name: "Phone", Data: "x"}))(t)
				s.clock.Advance(time.Hour)
			}
			s.about(policy.ChangePassword, func(p *policy.Policy) {
				p.Conditions.Applications = policy.Applications{IncludeApplications: []string{policy.All}}
				p.Conditions.UserRiskLevels = []string{"high"}
				c.policy(p)
			})
			b := s.browser().open(link).send("/was-this-you", "answer", "no").says("Your account is protected")
			if stuck := !strings.Contains(b.body, "/was-this-you/recover"); stuck != c.stuck {
				t.Errorf("stuck: %v", stuck)
			}
		})
	}
}
