package hosted_test

import (
	"slices"
	"testing"

	"portico/app/account"
	"portico/app/federation"
	"portico/app/message"
	"portico/app/signin"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// second is another company whose word is taken, besides the house's own.
func (s *site) second(first string, domains ...string) string {
	s.t.Helper()
	p := modelstest.Must(s.tenant.CreateProvider(s.t.Context(), modelstest.Actor(), federation.Provider{Kind: federation.OpenID, Name: "Beta", Enabled: true, ClientID: "us",
		Issuer: "https://beta.example", Discovery: s.house.at + "/.well-known/openid-configuration", ClientAuth: federation.NoSecret}, models.ProviderSecret{},
		func(federation.Provider, bool, bool) error { return nil }))(s.t)
	for _, d := range domains {
		modelstest.Must(s.tenant.AddProviderDomain(s.t.Context(), modelstest.Actor(), p.ID, d, true))(s.t)
	}
	s.publish(func(f *userflow.Flow) { f.Providers = []string{first, p.ID} })
	return p.ID
}

// A company's word about an address of another company's proven domain proves nothing: our own code is asked for, and the
// one whose address it is gets an account of which nobody else has a part.
func TestAnotherCompanysDomainIsNotVouchedFor(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s, h, acme := furnish(t, newSiteOn(t, scratch))
		s.settings(neverStay)
		beta := s.second(acme, "beta.example")
		h.who = harbour("evil", "bob@beta.example", true, false)
		evil := s.browser().start(request{}).fill("provider", acme).at(signin.Address)
		evil.fill("email", "bob@beta.example").at(signin.Code)
		if n := len(modelstest.Must(s.tenant.Users(t.Context(), models.UserQuery{Limit: 5}))(t).Items); n != 0 {
			t.Fatalf("%d accounts without any proof", n)
		}
		h.who = harbour("bob", "bob@beta.example", true, true)
		h.who.Issuer = "https://beta.example"
		g := s.browser().start(request{}).fill("provider", beta).signedIn()
		if u := s.person("bob@beta.example"); u.ID != g.UserID || !u.MailVerified || u.MailVouched || len(u.Identities) != 2 {
			t.Errorf("%+v", u)
		}
		h.who = harbour("evil", "bob@beta.example", true, false)
		if b := s.browser().start(request{}).fill("provider", acme).at(signin.Address); b.page.left != nil {
			t.Error("the stranger comes in as Bob")
		}
	})
}

// Where nobody has proven the domain, a provider's word makes an account whose address stays unproven. The first who shows
// the mailbox gets it, and nothing of what was there before: identity, password, session; and they are told.
func TestTheMailboxIsWorthMoreThanAWord(t *testing.T) {
	for name, showing := range map[string]func(s *site, b *browser, beta string) *browser{
		"by our code": func(s *site, b *browser, _ string) *browser {
			b.fill("email", "vic@victim.example").at(signin.Password).fill("action", "code").at(signin.Code)
			return b.fill("code", s.lastCode("vic@victim.example"))
		},
		"by who gives the address out": func(s *site, b *browser, beta string) *browser {
			s.house.who = harbour("vic", "vic@victim.example", true, true)
			s.house.who.Issuer = "https://beta.example"
			return b.fill("provider", beta)
		},
		"by our code, after another provider's word": func(s *site, b *browser, beta string) *browser {
			s.house.who = harbour("vic", "vic@victim.example", true, false)
			s.house.who.Issuer = "https://beta.example"
			b.fill("provider", beta).at(signin.Code)
			return b.fill("code", s.lastCode("vic@victim.example"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
				s, h, acme := furnish(t, newSiteOn(t, scratch))
				s.settings(neverStay)
				beta := s.second(acme)
				s.publish(func(f *userflow.Flow) {
					f.SignInMethods, f.SignUpMethod = []userflow.Method{userflow.EmailCode}, userflow.EmailCode
				})
				h.who = harbour("evil", "vic@victim.example", true, false)
				evil := s.browser().start(request{}).fill("provider", acme)
				before := evil.signedIn()
				if u := s.person("vic@victim.example"); u.MailVerified || !u.MailVouched {
					t.Fatalf("a word is taken for a proof: %+v", u)
				}
				if g := showing(s, s.browser().start(request{}), beta).signedIn(); g.UserID != before.UserID {
					t.Errorf("%+v", g)
				}
				u := s.person("vic@victim.example")
				if !u.MailVerified || u.MailVouched || slices.ContainsFunc(u.Identities, func(i account.Identity) bool { return i.Value == "evil" }) {
					t.Errorf("%+v", u)
				}
				if !slices.ContainsFunc(s.notes(), func(n message.Note) bool { return n.To == "vic@victim.example" && n.Purpose == "reclaimed" }) {
					t.Error("the owner was not told")
				}
				if evil.start(request{}); evil.page.left != nil {
					t.Error("the stranger's session lives")
				}
				h.who = harbour("evil", "vic@victim.example", true, false)
				if b := s.browser().start(request{}).fill("provider", acme).at(signin.Code); b.page.left != nil {
					t.Error("the stranger's identity signs in")
				}
			})
		})
	}
}

// What our own code proved at sign-up, or an admin made, is not taken away by the next proof.
func TestProvenAccountsKeepWhatTheyHave(t *testing.T) {
	s, h, acme := newHouse(t)
	s.settings(neverStay)
	h.who = harbour("ben", "ben@harbour.example", false, false)
	b := s.browser().start(request{}).fill("provider", acme).at(signin.Address).fill("email", "ben@harbour.example").at(signin.Code)
	b.fill("code", s.lastCode("ben@harbour.example")).signedIn()
	if u := s.person("ben@harbour.example"); !u.MailVerified || u.MailVouched {
		t.Errorf("%+v", u)
	}
	s.publish(func(f *userflow.Flow) {
		f.SignInMethods, f.SignUpMethod = []userflow.Method{userflow.EmailCode}, userflow.EmailCode
	})
	modelstest.Must(s.tenant.CreateUser(t.Context(), modelstest.Actor(), models.User{CreationType: "Admin", Account: account.Account{DisplayName: "Anna", Enabled: true, Mail: "anna@example.com",
		FirstFactor: string(userflow.EmailCode), Identities: []account.Identity{{SignInType: account.SignInEmail, Value: "anna@example.com"}, {SignInType: account.SignInUserName, Value: "anna"}}}}, ""))(t)
	for _, email := range []string{"ben@harbour.example", "anna@example.com"} {
		had := s.person(email)
		c := s.browser().start(request{}).fill("email", email).at(signin.Password).fill("action", "code").at(signin.Code)
		c.fill("code", s.lastCode(email)).signedIn()
		if now := s.person(email); len(now.Identities) != len(had.Identities) || now.HasPassword != had.HasPassword {
			t.Errorf("%s lost something: %+v", email, now)
		}
	}
}

// Nobody is led by a hint or a form to a provider that the flow does not show, whoever has an identity there.
func TestOnlyTheFlowsProvidersCount(t *testing.T) {
	s, h, acme := newHouse(t)
	s.settings(neverStay)
	beta := s.second(acme, "beta.example")
	h.who = harbour("bob", "bob@beta.example", true, true)
	h.who.Issuer = "https://beta.example"
	s.browser().start(request{DomainHint: "beta.example"}).signedIn()
	h.waits = true
	s.publish(func(f *userflow.Flow) { f.Providers = []string{acme} })
	n := len(h.trips)
	if s.browser().start(request{DomainHint: "beta.example"}).at(signin.SignIn); len(h.trips) != n {
		t.Error("a hint led to a provider that the flow does not show")
	}
	if s.browser().start(request{}).fill("provider", beta); len(h.trips) != n {
		t.Error("a form led to a provider that the flow does not show")
	}
}
