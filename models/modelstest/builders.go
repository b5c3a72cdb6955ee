package modelstest

import (
	"strings"
	"sync/atomic"
	"testing"

	"portico/app/account"
	"portico/app/audit"
	"portico/app/openid"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
)

// Actor is who the builders act as.
func Actor() audit.Actor { return audit.System("test") }

// Must fails the test on an error.
func Must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

var serial atomic.Int64

func number() string {
	n := serial.Add(1)
	out := ""
	for ; n > 0; n /= 26 {
		out = string(rune('a'+n%26)) + out
	}
	return out
}

// MustTenant makes a standard customer tenant and gives its handle. Slug "" makes one up;
// "workforce" makes the directory of admins.
func MustTenant(t testing.TB, s *models.Store, slug string) *models.Tenant {
	t.Helper()
	if slug == "" {
		slug = "tenant-" + number()
	}
	n := tenant.Tenant{Slug: slug, Name: strings.ToUpper(slug[:1]) + slug[1:]}
	if slug == tenant.WorkforceSlug {
		n.Kind = tenant.Workforce
	}
	made := Must(s.CreateTenant(t.Context(), Actor(), n))(t)
	return s.Tenant(made.ID)
}

// MustUser makes an enabled person with a proven address and no password.
func MustUser(t testing.TB, tn *models.Tenant, email string) models.User {
	t.Helper()
	return MustUserWithPassword(t, tn, email, "")
}

// MustUserWithPassword is MustUser with a password hash.
func MustUserWithPassword(t testing.TB, tn *models.Tenant, email, hash string) models.User {
	t.Helper()
	name, _, _ := strings.Cut(email, "@")
	first := string(userflow.EmailCode)
	if hash != "" {
		first = string(userflow.EmailPassword)
	}
	return Must(tn.CreateUser(t.Context(), Actor(), models.User{Account: account.Account{DisplayName: name, Mail: email,
		MailVerified: true, Enabled: true, FirstFactor: first,
		Identities: []account.Identity{{SignInType: account.SignInEmail, Value: email}}}}, hash))(t)
}

// MustApp registers an enabled web application with one redirect URI and gives it with a secret.
func MustApp(t testing.TB, tn *models.Tenant, name, redirectURI string) (models.Application, string) {
	t.Helper()
	a := MustAppOf(t, tn, models.Application{Name: name, Kind: models.WebApp, Enabled: true,
		Spec: models.ApplicationSpec{RedirectURIs: []openid.RedirectURI{{URI: redirectURI, Platform: openid.Web}}}})
	secret, _, err := tn.AddSecret(t.Context(), Actor(), a.ID, "test", a.CreatedAt.AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return Must(tn.Application(t.Context(), a.ID))(t), secret
}

// MustAppOf registers the application as it is given.
func MustAppOf(t testing.TB, tn *models.Tenant, a models.Application) models.Application {
	t.Helper()
	return Must(tn.CreateApplication(t.Context(), Actor(), a))(t)
}

// MustFlow publishes a user flow with sign-up allowed for the apps.
func MustFlow(t testing.TB, tn *models.Tenant, name string, method userflow.Method, apps ...models.Application) models.UserFlow {
	t.Helper()
	f := Must(tn.CreateFlow(t.Context(), Actor(), userflow.Flow{Name: name, SignUpMethod: method, SignUpAllowed: true,
		MFA: userflow.MFA{Enforcement: userflow.MFAOff}}))(t)
	for _, a := range apps {
		if err := tn.AddFlowApp(t.Context(), Actor(), f.ID, a.ID); err != nil {
			t.Fatal(err)
		}
	}
	return Must(tn.Flow(t.Context(), f.ID))(t)
}

// MustDefinition makes a custom attribute.
func MustDefinition(t testing.TB, tn *models.Tenant, d userflow.Definition) userflow.Definition {
	t.Helper()
	return Must(tn.CreateDefinition(t.Context(), Actor(), d))(t)
}
