package graph

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/policy"
	"portico/app/record"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// Policies about what people do to their own account hold for an app that does it with their token, and what they
// refuse changes nothing.
func TestPoliciesAboutOwnSteps(t *testing.T) {
	steps := []struct {
		name, action, method, path, scope string
		body                              any
	}{
		{"delete", policy.DeleteAccount, "DELETE", "/me", "User.ReadWrite", nil},
		{"password", policy.ChangePassword, "POST", "/me/changePassword", "User.ReadWrite", `{"currentPassword":"correct horse battery","newPassword":"another horse"}`},
		{"method", policy.RegisterSecurityInfo, "DELETE", "/me/authentication/softwareOathMethods/", string(access.OwnMethods), nil},
	}
	mfa := func(p *policy.Policy) { p.GrantControls.BuiltInControls = []string{policy.ControlMFA} }
	hourly := func(p *policy.Policy) {
		p.GrantControls = nil
		p.SessionControls = &policy.SessionControls{SignInFrequency: &policy.SignInFrequency{IsEnabled: true, Type: "hours", Value: 1, AuthenticationType: "primaryAndSecondaryAuthentication"}}
	}
	for name, c := range map[string]struct {
		edit      func(*policy.Policy)
		none      bool
		trial     bool
		weak, old bool // no second factor was shown; the proof is two hours old
		remember  bool // the second factor is one of a remembered device
		native    bool
		status    int
		says      []string
		claims    string
	}{
		"no policy":                       {none: true, status: 204},
		"blocked":                         {status: 403, says: []string{"does not allow", "administrator"}},
		"blocked, report-only":            {edit: func(p *policy.Policy) { p.State = policy.ReportOnly }, status: 204},
		"blocked, off":                    {edit: func(p *policy.Policy) { p.State = policy.Off }, status: 204},
		"blocked, in a trial":             {trial: true, status: 204},
		"a second factor, shown":          {edit: mfa, status: 204},
		"a second factor, not shown":      {edit: mfa, weak: true, status: 401, says: []string{"second factor", "prompt=login", "/shop/account"}, claims: `"acr":{"essential":true,"values":["urn:portico:acr:mfa"]}`},
		"a second factor, remembered":     {edit: mfa, remember: true, status: 401, says: []string{"second factor"}, claims: record.ACRMulti},
		"hourly, and two hours old":       {edit: hourly, old: true, status: 401, says: []string{"newer sign-in", "prompt=login"}, claims: "auth_time"},
		"blocked for other kinds of apps": {edit: func(p *policy.Policy) { p.Conditions.ClientAppTypes = []string{policy.NativeClient} }, status: 204},
		"blocked for this kind of app":    {edit: func(p *policy.Policy) { p.Conditions.ClientAppTypes = []string{policy.NativeClient} }, native: true, status: 403},
		"both, and only one is shown": {edit: func(p *policy.Policy) {
			p.GrantControls = &policy.GrantControls{Operator: "OR", BuiltInControls: []string{policy.ControlMFA}}
		}, weak: true, status: 401, claims: record.ACRMulti},
	} {
		for _, step := range steps {
			t.Run(name+", "+step.name, func(t *testing.T) {
				s := modelstest.OpenScratch(t, modelstest.SQLite)
				w := newWorld(t, s.Store)
				ctx := t.Context()
				u := modelstest.MustUser(t, w.tenant, "ann@example.com")
				if err := w.tenant.SetPassword(ctx, modelstest.Actor(), u.ID, models.PasswordChange{Hash: "hash:correct horse battery"}); err != nil {
					t.Fatal(err)
				}
				path := step.path
				if step.action == policy.RegisterSecurityInfo {
					path += modelstest.Must(w.tenant.AddCredential(ctx, modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Name: "Phone", Secret: []byte("s")}))(t)
				}
				conditionalFlow(t, w.tenant)
				if !c.none {
					p := policy.Policy{Name: "Secret name", State: policy.On, Conditions: policy.Conditions{Users: policy.Users{IncludeUsers: []string{policy.All}},
						Applications: policy.Applications{IncludeUserActions: []string{step.action}}}, GrantControls: &policy.GrantControls{Operator: "AND", BuiltInControls: []string{policy.ControlBlock}}}
					if c.edit != nil {
						c.edit(&p)
					}
					modelstest.Must(w.tenant.CreatePolicy(ctx, modelstest.Actor(), p, record.Signals{}))(t)
				}
				if c.trial {
					modelstest.Must(w.tenant.Update(ctx, audit.System("test"), func(n *tenant.Tenant) error { n.Plan = tenant.Trial; return nil }))(t)
				}
				now := s.Clock.Now()
				token := Token{TenantID: w.tenant.ID, ClientID: w.client.ClientID, UserID: u.ID, Scopes: []string{step.scope}, AuthTime: now.Add(-time.Minute),
					MFATime: now.Add(-time.Minute), AMR: []string{"pwd", "otp", "mfa"}, Methods: []string{"password", "totp"}, ClientApp: policy.Browser}
				if c.weak {
					token.MFATime, token.AMR, token.Methods = time.Time{}, []string{"pwd"}, []string{"password"}
				}
				if c.remember { // as ProviderTokens leaves it
					token.MFATime, token.Methods = time.Time{}, []string{"password"}
				}
				if c.old {
					token.AuthTime, token.MFATime = now.Add(-2*time.Hour), now.Add(-2*time.Hour)
				}
				if c.native {
					token.ClientApp = policy.NativeClient
				}
				w.tokens["ann"] = token
				a := w.do(step.method, path, step.body, "Authorization", "Bearer ann")
				if a.status != c.status {
					t.Fatalf("%d %s", a.status, a.raw)
				}
				for _, words := range c.says {
					if !strings.Contains(a.errorMessage(), words) {
						t.Errorf("%q lacks %q", a.errorMessage(), words)
					}
				}
				if strings.Contains(a.raw, "Secret name") {
					t.Errorf("the policy is named: %s", a.raw)
				}
				_, encoded, _ := strings.Cut(a.header.Get("WWW-Authenticate"), `error="insufficient_claims", claims="`)
				claims, err := base64.StdEncoding.DecodeString(strings.TrimSuffix(encoded, `"`))
				if err != nil || !strings.Contains(string(claims), c.claims) || (len(claims) > 0) != (c.status == 401) {
					t.Errorf("%v %s: %s", err, claims, a.header.Get("WWW-Authenticate"))
				}
				is, err := w.tenant.User(ctx, u.ID)
				hash, _ := w.tenant.Password(ctx, u.ID)
				untouched := err == nil && is.DeletedAt.IsZero() && hash == "hash:correct horse battery" && (step.action != policy.RegisterSecurityInfo || len(is.Methods) == 1)
				if untouched != (c.status != 204) {
					t.Errorf("untouched: %v %v %q %d", untouched, err, hash, len(is.Methods))
				}
				blocked := 0
				for _, r := range modelstest.Must(w.tenant.SignIns(ctx, models.SignInQuery{}))(t).Items {
					if full := modelstest.Must(w.tenant.SignIn(ctx, r.ID))(t); full.Inputs != nil && full.Inputs.Action == step.action && full.Outcome.Code == 53003 && len(full.Policies) == 1 {
						blocked++
					}
				}
				if (blocked == 1) != (c.status == 403) {
					t.Errorf("%d entries in the log", blocked)
				}
			})
		}
	}
}

// conditionalFlow publishes a flow that lets policies ask for second factors, and knows text messages.
func conditionalFlow(t *testing.T, tn *models.Tenant) {
	t.Helper()
	modelstest.Must(tn.CreateFlow(t.Context(), modelstest.Actor(), userflow.Flow{Name: "Shop", SignUpMethod: userflow.EmailPassword,
		MFA: userflow.MFA{Enforcement: userflow.MFAConditional, Methods: []string{"sms", "softwareOath"}, MayPostpone: true}}))(t)
}

// What counts as a second factor that a fresh proof waits for is the account pages' rule.
func TestWhatAFreshProofAsksFor(t *testing.T) {
	for name, c := range map[string]struct {
		kind   string
		texts  bool
		off    bool // by the methods policy
		trial  bool
		status int
	}{
		"an app for codes":                           {kind: models.KindTOTP, status: 401},
		"an app for codes, switched off":             {kind: models.KindTOTP, off: true, status: 200},
		"an app for codes, in a trial":               {kind: models.KindTOTP, trial: true, status: 200},
		"text messages that a flow knows":            {kind: models.KindSMS, texts: true, status: 401},
		"text messages that cannot be sent":          {kind: models.KindSMS, status: 200},
		"the mailbox, which may be the first factor": {kind: models.KindEmail, texts: true, status: 200},
	} {
		t.Run(name, func(t *testing.T) {
			s := modelstest.OpenScratch(t, modelstest.SQLite)
			w := newWorld(t, s.Store)
			w.api.Texts = c.texts
			ctx := t.Context()
			u := modelstest.MustUser(t, w.tenant, "ann@example.com")
			conditionalFlow(t, w.tenant)
			made := models.Credential{UserID: u.ID, Kind: c.kind, Name: "+4930123456", Secret: []byte("s")}
			if c.kind == models.KindEmail {
				made.Name = "second@example.com"
			}
			modelstest.Must(w.tenant.AddCredential(ctx, modelstest.Actor(), made))(t)
			modelstest.Must(w.tenant.Update(ctx, audit.System("test"), func(n *tenant.Tenant) error {
				if c.trial {
					n.Plan = tenant.Trial
				}
				return nil
			}))(t)
			if c.off {
				w.want(204, w.do("PATCH", "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/softwareOath", `{"@odata.type":"#microsoft.graph.softwareOathAuthenticationMethodConfiguration","state":"disabled"}`))
			}
			w.tokens["ann"] = Token{TenantID: w.tenant.ID, ClientID: w.client.ClientID, UserID: u.ID, Scopes: []string{"User.ReadWrite"}, AuthTime: s.Clock.Now().Add(-time.Minute), AMR: []string{"pwd"}}
			w.want(c.status, w.do("POST", "/beta/portico/me/exportPersonalData", nil, "Authorization", "Bearer ann"))
		})
	}
}
