package hosted_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/openid"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	"portico/models/modelstest"
)

// invite stores an invitation for an address and gives its link.
func (s *site) invite(email string, edit ...func(*userflow.Invitation)) (userflow.Invitation, string) {
	s.t.Helper()
	i := userflow.Invitation{FlowID: s.flow.ID, ClientID: s.app.ClientID, Email: email, RedirectURI: callback}
	for _, e := range edit {
		e(&i)
	}
	made, token, err := s.tenant.CreateInvitation(s.t.Context(), modelstest.Actor(), i, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return made, handlers.InvitationLink(s.base, s.slug, token)
}

// accepts opens the link and presses its button.
func (b *browser) accepts(link string) *browser {
	b.s.t.Helper()
	b.get(link).says("You are invited to Shop")
	b.page = b.do(b.post(link, url.Values{}))
	return b
}

// arrived checks that the person was sent to the app.
func (b *browser) arrived(at string) {
	b.s.t.Helper()
	if b.page.left == nil || b.page.left.String() != at {
		b.s.t.Fatalf("not at %s: %d %q %s", at, b.page.status, b.page.title(), b.page.at)
	}
}

func TestAnInvitationIsAcceptedOnceByItsAddressee(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, byCode, closed, func(f *userflow.Flow) {
			f.Attributes = []userflow.Attribute{{ID: "givenName", Required: true}, {ID: "city", Hidden: true}, {ID: "jobTitle", ReadOnly: true}}
			f.Domains = userflow.Domains{Deny: []string{"example.com"}} // an invited person is not asked
		})
		s.settings(neverStay)
		i, link := s.invite("Anna@Example.com", func(i *userflow.Invitation) {
			i.Values = map[string]any{"givenName": "Ann", "city": "Lisbon", "jobTitle": "Pilot"}
		})
		before := modelstest.Must(s.tenant.Invitation(t.Context(), i.ID))(t)
		b := s.browser().get(link).says("You are invited to Shop").says("A*****@Example.com")
		if got := modelstest.Must(s.tenant.Invitation(t.Context(), i.ID))(t); got.AcceptedAt != before.AcceptedAt || len(s.notes()) != 0 {
			t.Error("opening the link did something")
		}
		b.accepts(link).at(signin.Code).says("We have sent a code to A*****@Example.com")
		if strings.Contains(b.page.body, "Use another email address") {
			t.Error("the address can be changed")
		}
		b.fill("code", s.lastCode(anna)).at(signin.AskAttributes).says(`value="Ann"`).says("Pilot")
		b.fill("givenName", "Anna", "jobTitle", "King", "city", "Rome")
		b.arrived(callback)
		got := modelstest.Must(s.tenant.Invitation(t.Context(), i.ID))(t)
		u := modelstest.Must(s.tenant.User(t.Context(), got.AcceptedBy))(t)
		if u.GivenName != "Anna" || u.City != "Lisbon" || u.JobTitle != "Pilot" || u.Mail != "Anna@Example.com" || got.AcceptedAt.IsZero() {
			t.Errorf("account %+v, invitation %+v", u, got)
		}
		// The session that it opened signs in to the app; the link is over.
		if g := b.start(request{}).signedIn(); g.UserID != u.ID {
			t.Errorf("%+v", g)
		}
		b.get(link).says("This invitation has been used")
		if b.page.status != http.StatusGone || strings.Contains(b.page.body, "Anna") {
			t.Errorf("%d %s", b.page.status, b.page.body)
		}
		rec := s.records()
		if !rec[0].SignUp || rec[0].Protocol != "invite" {
			t.Errorf("record %+v", rec[0])
		}
	})
}

func TestInvitationsThatAreOver(t *testing.T) {
	s := newSite(t)
	expired, link := s.invite(anna, func(i *userflow.Invitation) { i.ExpiresAt = s.clock.Now().Add(time.Hour) })
	revoked, gone := s.invite("bob@example.com")
	if err := s.tenant.RevokeInvitation(t.Context(), modelstest.Actor(), revoked.ID); err != nil {
		t.Fatal(err)
	}
	s.clock.Advance(2 * time.Hour)
	for to, words := range map[string]string{link: "This invitation has expired", gone: "no longer valid", s.base + "/" + s.slug + "/invitation/nonsense": "We do not know this invitation"} {
		b := s.browser().get(to).says(words)
		if strings.Contains(b.page.body, "@example.com") {
			t.Errorf("%s tells who it was for", to)
		}
		b.page = b.do(b.post(to, url.Values{}))
		b.says(words)
	}
	if len(s.notes()) != 0 {
		t.Error("something was mailed")
	}
	_, token, err := s.tenant.ResendInvitation(t.Context(), modelstest.Actor(), expired.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.browser().get(link).says("We do not know this invitation") // a newer mail has the link
	s.browser().accepts(handlers.InvitationLink(s.base, s.slug, token)).at(signin.Code)
}

// Taken back in the middle: the next step says so, and no account comes of it.
func TestAnInvitationRevokedInTheMiddle(t *testing.T) {
	s := newSite(t)
	i, link := s.invite(anna)
	b := s.browser().accepts(link).at(signin.Code).fill("code", s.lastCode(anna)).at(signin.ChoosePassword)
	if err := s.tenant.RevokeInvitation(t.Context(), modelstest.Actor(), i.ID); err != nil {
		t.Fatal(err)
	}
	b.fill("newPassword", goodPassword).at(signin.InvitationOver).says("no longer valid").fill("action", "cancel")
	b.arrived(callback)
	if n := modelstest.Must(s.tenant.CountUsers(t.Context()))(t); n != 0 {
		t.Errorf("%d accounts", n)
	}
}

// A forwarded link is of no use: the code goes to the invited address, and no other can be given.
func TestAForwardedInvitationIsUseless(t *testing.T) {
	s := newSite(t, bothWays)
	s.user("mallory@example.com")
	_, link := s.invite(anna)
	b := s.browser().start(request{}).fill("email", "mallory@example.com").fill("password", goodPassword)
	b.fill("action", "yes").signedIn() // signed in as themselves, which does not help
	b.accepts(link).at(signin.Code)
	if len(s.codes("mallory@example.com")) != 0 {
		t.Error("the code went to somebody else")
	}
	for _, what := range [][]string{{"email", "mallory@example.com"}, {"action", "restart"}, {"action", "signUp", "email", "mallory@example.com"}} {
		s.clock.Advance(5 * time.Minute)
		b.fill(what...).at(signin.Code)
		if len(s.codes("mallory@example.com")) != 0 {
			t.Errorf("%v led elsewhere", what)
		}
	}
	b.fill("code", "00000000").at(signin.Code)
}

func TestAnInvitedPersonWithAnAccountSignsIn(t *testing.T) {
	s := newSite(t, func(f *userflow.Flow) { f.Attributes = []userflow.Attribute{{ID: "givenName"}, {ID: "city"}} })
	s.settings(neverStay)
	u := s.user(anna)
	modelstest.Must(s.tenant.UpdateUser(t.Context(), modelstest.Actor(), u.ID, func(u *models.User) error { u.GivenName = "Anna"; return nil }))(t)
	fill := func(i *userflow.Invitation) { i.Values = map[string]any{"givenName": "Other", "city": "Lisbon"} }
	_, link := s.invite(anna, fill)
	b := s.browser().accepts(link).at(signin.Code).fill("code", s.lastCode(anna)).at(signin.Password).says("already have an account")
	b.fill("password", goodPassword).arrived(callback)
	if got := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t); got.GivenName != "Anna" || got.City != "Lisbon" {
		t.Errorf("%+v", got)
	}
	// Signed in already: the button is all.
	i, again := s.invite(anna, func(i *userflow.Invitation) { i.RedirectURI = "" })
	s.clock.Advance(time.Minute)
	b.accepts(again).arrived("https://app.example/")
	if got := modelstest.Must(s.tenant.Invitation(t.Context(), i.ID))(t); got.AcceptedBy != u.ID {
		t.Errorf("%+v", got)
	}
}

// Fifty acceptances of one invitation at once, from several browsers with a code each: one account, one
// acceptance, and a kind page for whoever was slower.
func TestFiftyAcceptancesMakeOneAccount(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch, byCode)
		s.settings(neverStay)
		i, link := s.invite(anna)
		const browsers, each = 5, 10 // one mailbox gets no fifty codes in an hour
		var posts []*http.Request
		var senders []*browser
		seen := map[string]bool{}
		for range browsers {
			b := s.browser().accepts(link).at(signin.Code)
			code := ""
			for _, c := range s.codes(anna) {
				if !seen[c] {
					code, seen[c] = c, true
				}
			}
			for range each {
				posts, senders = append(posts, b.form(b.page, "code", code)), append(senders, b)
			}
		}
		pages := make([]page, len(posts))
		var wg sync.WaitGroup
		for n := range posts {
			wg.Go(func() { pages[n] = senders[n].do(posts[n]) })
		}
		wg.Wait()
		arrived := 0
		for _, p := range pages {
			switch {
			case p.left != nil:
				arrived++
			case p.status >= 500:
				t.Errorf("%d %s", p.status, p.title())
			}
		}
		if n := modelstest.Must(s.tenant.CountUsers(t.Context()))(t); n != 1 || arrived != 1 {
			t.Errorf("%d accounts, %d arrived", n, arrived)
		}
		got := modelstest.Must(s.tenant.Invitation(t.Context(), i.ID))(t)
		if got.AcceptedBy == "" {
			t.Error("not accepted")
		}
		for _, b := range senders { // everybody else is told kindly
			if b.get(b.page.at); b.page.step() != string(signin.InvitationOver) && b.page.step() != string(signin.Finished) {
				t.Errorf("%d %s %q", b.page.status, b.page.step(), b.page.title())
			}
		}
	})
}

// A double click on the last form, whose first answer the browser has thrown away: on to the app all the same.
func TestTheLastFormOfAnInvitationMayBeSentTwice(t *testing.T) {
	s := newSite(t, byCode)
	_, link := s.invite(anna)
	b := s.browser().accepts(link).at(signin.Code).fill("code", s.lastCode(anna)).at(signin.AskStay)
	last, again := b.form(b.page, "action", "no"), b.form(b.page, "action", "no")
	b.page = b.do(last)
	b.arrived(callback)
	b.page = b.do(again)
	b.arrived(callback)
}

// An address that the app gave up after the invitation was made may belong to somebody else by now.
func TestAnInvitationLeadsOnlyToTheApp(t *testing.T) {
	for name, c := range map[string]struct{ home, want string }{
		"home page":  {"https://app.example/shop", "https://app.example/shop"},
		"front page": {"", "https://app.example/"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t, byCode)
			s.settings(neverStay)
			_, link := s.invite(anna)
			modelstest.Must(s.tenant.UpdateApplication(t.Context(), modelstest.Actor(), s.app.ID, func(a *models.Application) error {
				a.Spec.RedirectURIs = []openid.RedirectURI{{URI: "https://app.example/signed-in", Platform: openid.Web}}
				a.Spec.HomepageURL = c.home
				return nil
			}))(t)
			s.browser().accepts(link).at(signin.Code).fill("code", s.lastCode(anna)).arrived(c.want)
		})
	}
}

// A name that the invitation knows is no part of a password.
func TestAnInvitedPersonsNameIsNoPassword(t *testing.T) {
	s := newSite(t)
	_, link := s.invite("a@example.com", func(i *userflow.Invitation) {
		i.Name, i.Values = "Wilhelmina Featherstone", map[string]any{"surname": "Okonkwo"}
	})
	b := s.browser().accepts(link).at(signin.Code).fill("code", s.lastCode("a@example.com")).at(signin.ChoosePassword)
	for _, bad := range []string{"xk7-wilhelmina-q9", "xk7-featherstone-q9", "xk7-okonkwo-q9zz"} {
		b.fill("newPassword", bad).at(signin.ChoosePassword).says("name")
	}
	b.fill("newPassword", goodPassword).at(signin.AskStay)
}

// An app that moved to another flow: what the invitation was made for is no more.
func TestAnInvitationBelongsToItsFlow(t *testing.T) {
	s := newSite(t)
	_, link := s.invite(anna)
	other := modelstest.Must(s.tenant.CreateFlow(t.Context(), modelstest.Actor(), userflow.Flow{Name: "Others", SignUpMethod: userflow.EmailPassword, MFA: userflow.MFA{Enforcement: userflow.MFAOff}}))(t)
	if err := s.tenant.RemoveFlowApp(t.Context(), modelstest.Actor(), s.flow.ID, s.app.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.tenant.AddFlowApp(t.Context(), modelstest.Actor(), other.ID, s.app.ID); err != nil {
		t.Fatal(err)
	}
	b := s.browser().get(link).says("no longer valid")
	if b.page.status != http.StatusGone {
		t.Errorf("status %d", b.page.status)
	}
	b.page = b.do(b.post(link, url.Values{}))
	b.says("no longer valid")
	if len(s.notes()) != 0 {
		t.Error("something was mailed")
	}
}
