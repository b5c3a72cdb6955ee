package account_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/message"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// F273: what happens is said first, one tick confirms it, everything ends, and signing in brings it back.
func TestDeletingAndKeepingAnAccount(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		u := s.user(anna)
		other := s.in(anna)
		b := s.in(anna).open("/data").says("Delete your account").open("/data/delete").says("Nobody else can use your address")

		b.send("/data/delete")
		if b.status != http.StatusUnprocessableEntity || !s.person(u.ID).Usable() {
			t.Fatalf("deleted without the tick: %d", b.status)
		}
		b.says("Tick “Yes, delete my account” to go on").send("/data/delete", "sure", "yes").on("/deleted")
		b.says("Your account is closed")
		now := s.person(u.ID)
		if !now.Leaving() || now.DeletedAt.IsZero() {
			t.Fatalf("%+v", now.Account)
		}
		other.open("") // at every browser
		if !strings.Contains(other.at, "/signin/") {
			t.Errorf("another session lives on: %s", other.at)
		}
		if a := s.audits(u.ID)[0]; a.Activity != "Delete user (self-service)" || a.Actor.ID != u.ID {
			t.Errorf("audit: %+v", a)
		}
		told := s.notes()
		if n := told[len(told)-1]; n.Kind != message.Leaving || n.To != anna || !n.Before.Equal(now.DeletedAt.AddDate(0, 0, 30)) || !strings.HasPrefix(n.URL, s.base) {
			t.Errorf("told: %+v", n)
		}

		s.clock.Advance(time.Minute)
		b.open("").signIn(anna).says("Keep your account?").send("", "action", "accept").on("").says("Your account")
		if !s.person(u.ID).Usable() {
			t.Error("not back")
		}
	})
}

func TestLeavingItDeletedFromTheAccountPages(t *testing.T) {
	s := newSite(t)
	u := s.user(anna)
	s.in(anna).open("/data/delete").send("/data/delete", "sure", "yes")
	s.clock.Advance(time.Minute)
	s.browser().open("").signIn(anna).send("", "action", "decline").on("/deleted").says(s.person(u.ID).DeletedAt.Add(account.Grace).UTC().Format("2 January 2006"))
	if !s.person(u.ID).Leaving() {
		t.Error("it came back")
	}
}

// F280: everything, readable and as JSON, and nobody else.
func TestDownloadingOnesData(t *testing.T) {
	s := newSite(t)
	u := s.user(anna)
	admin := s.user("staff@example.com")
	by := modelstest.Actor()
	by.Kind, by.ID, by.Name, by.IP = "user", admin.ID, "Grace the Administrator", "203.0.113.7"
	modelstest.Must(s.tenant.RevokeSessions(t.Context(), by, u.ID))(t)
	s.clock.Advance(time.Minute)

	b := s.in(anna).open("/data/download")
	page := *b
	b.send("/data/download", "format", "json")
	if d := b.header.Get("Content-Disposition"); !strings.HasPrefix(d, `attachment; filename="`+s.slug+"-") || !strings.HasSuffix(d, `.json"`) {
		t.Errorf("%s", d)
	}
	var data struct {
		Profile map[string]any
		SignIns []map[string]any
		Changes []map[string]any
		Methods []map[string]any `json:"authenticationMethods"`
	}
	if err := json.Unmarshal([]byte(b.body), &data); err != nil {
		t.Fatalf("%v\n%s", err, b.body)
	}
	if data.Profile["mail"] != anna || len(data.SignIns) == 0 || len(data.Changes) == 0 || len(data.Methods) != 1 {
		t.Errorf("%s", b.body)
	}
	b.says(`"initiatedBy":"administrator"`)
	for _, secret := range []string{"Grace", "203.0.113.7", admin.ID, "$argon2", "staff@example.com"} {
		b.lacks(secret)
	}

	*b = page
	b.send("/data/download", "format", "html").says("Your data at").says(anna).says("An administrator").lacks("Grace")
	if strings.Contains(b.body, "<script") || strings.Contains(b.body, "http://") || strings.Contains(b.body, "</html>") == false {
		t.Error("the file is not whole, or loads something")
	}
	if s.audits(u.ID)[0].Activity != "Download personal data" {
		t.Errorf("%+v", s.audits(u.ID)[0])
	}
}

// The file is in the reader's words: apps, groups and properties by name, nothing that only machines or staff have.
func TestTheFileIsInWords(t *testing.T) {
	s := newSite(t)
	u := s.user(anna)
	by := modelstest.Actor()
	modelstest.Must(s.tenant.UpdateUser(t.Context(), by, u.ID, func(u *models.User) error {
		u.Attributes = map[string]any{"passwordPolicies": "DisablePasswordExpiration", "department": "Sales", "otherMails": []any{"a@example.com", "b@example.com"}}
		return nil
	}))(t)
	app := modelstest.MustAppOf(t, s.tenant, models.Application{Name: "Ledger", Kind: models.WebApp, Enabled: true, Spec: models.ApplicationSpec{
		AppRoles: []models.AppRole{{ID: "7a1f5c1e-5b43-4a55-9d0e-0b2f6c0a1b11", Name: "Reader", Value: "ledger.read", MemberTypes: []string{models.RoleForUsers}, Enabled: true}}}})
	inner := modelstest.Must(s.tenant.CreateGroup(t.Context(), by, account.Group{Name: "Bookkeepers"}))(t)
	outer := modelstest.Must(s.tenant.CreateGroup(t.Context(), by, account.Group{Name: "Everybody"}))(t)
	for _, m := range [][2]string{{inner.ID, u.ID}, {outer.ID, inner.ID}} {
		if err := s.tenant.AddMember(t.Context(), by, m[0], m[1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, who := range []string{inner.ID, outer.ID} {
		modelstest.Must(s.tenant.AssignAppRole(t.Context(), by, models.AppRoleAssignment{PrincipalID: who, ApplicationID: app.ID, RoleID: app.Spec.AppRoles[0].ID}))(t)
	}

	b := s.in(anna).open("/data/download")
	page := *b
	b.send("/data/download", "format", "html").says("Your account").says("Ledger").says("ledger.read").says("Bookkeepers").says("Department").says("a@example.com, b@example.com")
	for _, none := range []string{models.AccountClientID, "passwordPolicies", "otherMails", "emergency account", "Administrator roles", "Saved views", "help desk"} {
		b.lacks(none)
	}
	*b = page
	b.send("/data/download", "format", "json")
	var data struct {
		AppRoles []struct{ Application, Role, ThroughGroup string }
		Sessions []struct{ Applications []string }
		Custom   []struct{ ID string } `json:"customAttributes"`
	}
	if err := json.Unmarshal([]byte(b.body), &data); err != nil {
		t.Fatal(err)
	}
	if len(data.AppRoles) != 1 || data.AppRoles[0].ThroughGroup != "Bookkeepers" || data.AppRoles[0].Role != "ledger.read" { // not the groups of groups
		t.Errorf("%+v", data.AppRoles)
	}
	if len(data.Sessions) == 0 || !slices.Contains(data.Sessions[0].Applications, "Account pages") || len(data.Custom) != 3 {
		t.Errorf("%+v %+v", data.Sessions, data.Custom)
	}
}

// Whatever costs an account or shows everything wants a fresh proof and the page's own token.
func TestWhatAnAttackerTries(t *testing.T) {
	s := newSite(t)
	u := s.user(anna)
	s.user("bob@example.com")
	at := func(path string) string { return "/" + s.slug + "/account" + path }

	b := s.in(anna).open("/data/delete")
	page := *b
	bobs := *s.in("bob@example.com").open("/data/delete")
	if b.post(at("/data/delete"), url.Values{"sure": {"yes"}, "_csrf": {"x"}}); b.status != http.StatusForbidden {
		t.Errorf("without a token: %d", b.status)
	}
	stolen := page
	stolen.client = bobs.client
	if stolen.send("/data/delete", "sure", "yes"); stolen.status != http.StatusForbidden {
		t.Errorf("with somebody else's token: %d", stolen.status)
	}
	s.clock.Advance(6 * time.Minute) // the session lives on, the proof is old
	*b = page
	if b.send("/data/delete", "sure", "yes"); !strings.Contains(b.at, "/signin/") {
		t.Errorf("an old proof: %s", b.at)
	}
	for _, path := range []string{"/data/delete", "/data/download"} {
		if b.open(path); !strings.Contains(b.at, "/signin/") {
			t.Errorf("an old proof opens %s", path)
		}
	}
	if !s.person(u.ID).Usable() {
		t.Fatal("deleted")
	}

	// A cookie of one tenant is nobody in another.
	two := modelstest.MustTenant(t, s.store, "")
	slug := modelstest.Must(two.Get(t.Context()))(t).Slug
	u1, _ := url.Parse(s.base)
	for _, ck := range b.client.Jar.Cookies(u1) {
		if strings.HasSuffix(ck.Name, "-session") {
			b.client.Jar.SetCookies(u1, []*http.Cookie{{Name: slug + "-session", Value: ck.Value, Path: "/"}})
		}
	}
	r, _ := http.NewRequest(http.MethodGet, s.base+"/"+slug+"/account", nil)
	if b.do(r); strings.Contains(b.body, anna) {
		t.Error("the session of one tenant works in another")
	}
}

func TestAnAppIsNamedByItsIDOnly(t *testing.T) {
	s := newSite(t)
	s.user(anna)
	modelstest.Must(s.tenant.UpdateApplication(t.Context(), modelstest.Actor(), s.app.ID, homepage("https://shop.example/home")))(t)
	b := s.in(anna).open("?client_id=" + s.app.ClientID).says("Back to Shop").says(`href="https://shop.example/home"`)
	b.open("/data").says("Back to Shop") // remembered
	b.open("?client_id=https://evil.example").lacks("evil.example")
	s.in(anna).lacks("Back to")
	modelstest.Must(s.tenant.UpdateApplication(t.Context(), modelstest.Actor(), s.app.ID, homepage("javascript:alert(1)")))
	b.open("/data").lacks("javascript:")
}

func TestThePagesSpeakTheReadersLanguage(t *testing.T) {
	s := newSite(t)
	s.user(anna)
	s.settings(func(n *tenant.Settings) { n.PrivacyURL = "https://shop.example/privacy" })
	b := s.in(anna).open("?ui_locales=ar").says(`dir="rtl"`).says("بياناتك")
	b.open("/data").says(`lang="ar"`).open("/data?ui_locales=de").says("Ihre Daten").says("https://shop.example/privacy")
}

func homepage(address string) func(*models.Application) error {
	return func(a *models.Application) error { a.Spec.HomepageURL = address; return nil }
}

// Who administers everything as the last one cannot leave, and is told why.
func TestTheLastAdministratorStays(t *testing.T) {
	s := newSite(t)
	staff := s.user(anna)
	modelstest.Must(s.tenant.AssignRole(t.Context(), modelstest.Actor(), staff.ID, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: access.AllTenants}))(t)
	b := s.in(anna).open("/data/delete").send("/data/delete", "sure", "yes")
	if b.status != http.StatusConflict || !s.person(staff.ID).Usable() {
		t.Fatalf("%d %s", b.status, b.title())
	}
	b.says("Give the role to somebody else first")
}
