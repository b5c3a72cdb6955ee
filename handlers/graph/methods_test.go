package graph

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/audit"
	"portico/models"
	"portico/models/modelstest"
)

func TestMethods(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		id := w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
		at := "/users/" + id + "/authentication/"
		totp, err := w.tenant.AddCredential(ctx, audit.System("test"), models.Credential{UserID: id, Kind: models.KindTOTP, Name: "Phone", Secret: []byte("secret")})
		if err != nil {
			w.t.Fatal(err)
		}
		key, err := w.tenant.AddCredential(ctx, audit.System("test"), models.Credential{UserID: id, Kind: models.KindPasskey, Name: "Laptop", LookupKey: "k",
			Data: `{"flags":{"backupEligible":true},"authenticator":{"AAGUID":"` + base64.StdEncoding.EncodeToString([]byte("0123456789abcdef")) + `"}}`})
		if err != nil {
			w.t.Fatal(err)
		}
		made := w.want(201, w.do("POST", at+"emailMethods", `{"@odata.type":"#microsoft.graph.emailAuthenticationMethod","emailAddress":"second@example.com"}`))
		if made.body["id"] != emailMethodID || made.body["emailAddress"] != "second@example.com" || made.header.Get("Location") == "" {
			w.t.Errorf("email: %s", made.raw)
		}
		w.want(201, w.do("POST", at+"phoneMethods", `{"phoneNumber":"+49 30 123456","phoneType":"mobile"}`))
		all := w.want(200, w.do("GET", at+"methods", nil))
		types := map[string]bool{}
		for _, m := range all.values() {
			types[m["@odata.type"].(string)] = true
		}
		for _, want := range []string{"password", "email", "phone", "fido2", "softwareOath"} {
			if !types["#microsoft.graph."+want+"AuthenticationMethod"] {
				w.t.Errorf("%s is missing: %s", want, all.raw)
			}
		}
		if strings.Contains(all.raw, "secret\"") || strings.Contains(all.raw, "hash:") {
			w.t.Errorf("a secret is shown: %s", all.raw)
		}
		if a := w.want(200, w.do("GET", at+"phoneMethods/"+mobileMethodID, nil)); a.body["phoneNumber"] != "+4930123456" || a.body["phoneType"] != "mobile" {
			w.t.Errorf("phone: %s", a.raw)
		}
		if a := w.want(200, w.do("GET", at+"fido2Methods/"+key, nil)); a.body["aaGuid"] != "30313233-3435-3637-3839-616263646566" || a.body["passkeyType"] != "synced" {
			w.t.Errorf("passkey: %s", a.raw)
		}
		w.want(204, w.do("PATCH", at+"emailMethods/"+emailMethodID, `{"emailAddress":"third@example.com"}`))
		if a := w.want(200, w.do("GET", at+"methods?$filter=id%20eq%20'"+emailMethodID+"'", nil)).values(); len(a) != 1 || a[0]["emailAddress"] != "third@example.com" {
			w.t.Errorf("changed: %v", a)
		}
		w.want(204, w.do("DELETE", at+"softwareOathMethods/"+totp, nil))
		w.want(404, w.do("DELETE", at+"softwareOathMethods/"+key, nil)) // of another kind
		w.want(204, w.do("DELETE", at+"fido2Methods/"+key, nil))
		for what, a := range map[string]answer{
			"a second email": w.do("POST", at+"emailMethods", `{"emailAddress":"x@example.com"}`), "no address": w.do("PATCH", at+"emailMethods/"+emailMethodID, `{"emailAddress":"x"}`),
			"an office": w.do("PATCH", at+"phoneMethods/"+mobileMethodID, `{"phoneNumber":"+4930123456","phoneType":"office"}`), "no country": w.do("PATCH", at+"phoneMethods/"+mobileMethodID, `{"phoneNumber":"030 123"}`),
			"an unknown property": w.do("PATCH", at+"phoneMethods/"+mobileMethodID, `{"phoneNumbers":"+4930123456"}`),
		} {
			if a.status != 400 {
				w.t.Errorf("%s: %d %s", what, a.status, a.raw)
			}
		}
		w.want(405, w.do("DELETE", at+"passwordMethods/"+passwordMethodID, nil))
		w.want(404, w.do("GET", at+"temporaryAccessPassMethods", nil))

		// A reset makes a password that must be changed, and an operation that can be read.
		reset := w.want(202, w.do("POST", at+"methods/"+passwordMethodID+"/resetPassword", `{}`))
		plain, _ := reset.body["newPassword"].(string)
		hash, err := w.tenant.Password(ctx, id)
		if err != nil || len(plain) < 16 || hash != "hash:"+plain {
			w.t.Errorf("reset: %s %q %v", reset.raw, hash, err)
		}
		if op := w.want(200, w.do("GET", reset.header.Get("Location"), nil)); op.body["status"] != "succeeded" {
			w.t.Errorf("operation: %s", op.raw)
		}
		if u := w.want(200, w.do("GET", "/users/"+id+"?$select=passwordProfile", nil)); !strings.Contains(u.raw, `"forceChangePasswordNextSignIn":true`) {
			w.t.Errorf("a temporary password: %s", u.raw)
		}
		if a := w.want(202, w.do("POST", at+"passwordMethods/"+passwordMethodID+"/resetPassword", `{"newPassword":"another horse"}`)); a.body["newPassword"] != nil {
			w.t.Errorf("a chosen password comes back: %s", a.raw)
		}
		if a := w.do("POST", at+"passwordMethods/"+passwordMethodID+"/resetPassword", `{"newPassword":"x"}`); a.status != 400 || !strings.Contains(a.raw, `"target":"newPassword"`) {
			w.t.Errorf("weak: %d %s", a.status, a.raw)
		}
		other := w.want(201, w.do("POST", "/users", `{"displayName":"Bob","identities":[{"signInType":"emailAddress","issuer":"x","issuerAssignedId":"bob@example.com"}]}`)).body["id"].(string)
		op := reset.header.Get("Location")
		w.want(404, w.do("GET", "/users/"+other+"/authentication/operations/"+op[strings.LastIndexByte(op, '/')+1:], nil))
	})
}

func TestOwnMethodsAndPassword(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		ctx := context.Background()
		id := w.want(201, w.do("POST", "/users", annBody())).body["id"].(string)
		token := func(name string, age time.Duration, amr []string, scopes ...string) {
			var second time.Time
			if slices.Contains(amr, "mfa") {
				second = s.Clock.Now().Add(-age)
			}
			w.tokens[name] = Token{TenantID: w.tenant.ID, ClientID: w.client.ClientID, UserID: id, Scopes: scopes, AuthTime: s.Clock.Now().Add(-age), AMR: amr, MFATime: second}
		}
		methods := string(access.OwnMethods)
		token("old", 6*time.Minute, []string{"pwd", "mfa"}, methods)
		token("weak", time.Minute, []string{"pwd"}, methods)
		token("new", time.Minute, []string{"pwd", "otp", "mfa"}, methods)
		token("stale", time.Minute, []string{"pwd", "otp", "mfa"}, methods) // a second factor of an hour ago, or a remembered one
		stale := w.tokens["stale"]
		stale.MFATime = s.Clock.Now().Add(-time.Hour)
		w.tokens["stale"] = stale
		token("profile", time.Minute, []string{"pwd", "mfa"}, "User.ReadWrite")
		as := func(name string) []string { return []string{"Authorization", "Bearer " + name} }
		add := func() string {
			c, err := w.tenant.AddCredential(ctx, audit.System("test"), models.Credential{UserID: id, Kind: models.KindTOTP, Name: "Phone", Secret: []byte("s")})
			if err != nil {
				w.t.Fatal(err)
			}
			return "/me/authentication/softwareOathMethods/" + c
		}
		method := add()
		w.want(200, w.do("GET", "/me/authentication/methods", nil, as("old")...))
		w.want(403, w.do("GET", "/me/authentication/methods", nil, as("profile")...))
		for _, name := range []string{"old", "weak", "stale"} {
			a := w.do("DELETE", method, nil, as(name)...)
			if challenge := a.header.Get("WWW-Authenticate"); a.status != 401 || a.errorCode() != "interactionRequired" || !strings.Contains(challenge, `max_age="300"`) || !strings.Contains(challenge, "claims=") {
				w.t.Errorf("%s: %d %s %s", name, a.status, a.raw, challenge)
			}
		}
		w.want(204, w.do("DELETE", method, nil, as("new")...))
		w.want(403, w.do("POST", "/me/authentication/emailMethods", `{"emailAddress":"x@example.com"}`, as("new")...))

		// Only with the present password, which is counted.
		change := func(now, then string) answer {
			return w.do("POST", "/me/changePassword", map[string]any{"currentPassword": now, "newPassword": then}, as("profile")...)
		}
		if a := change("not it", "another horse"); a.status != 400 || !strings.Contains(a.raw, `"target":"currentPassword"`) {
			w.t.Errorf("wrong: %d %s", a.status, a.raw)
		}
		if a := change("correct horse battery", "short"); a.status != 400 || !strings.Contains(a.raw, `"target":"newPassword"`) {
			w.t.Errorf("weak: %d %s", a.status, a.raw)
		}
		w.want(400, change("correct horse battery", "correct horse battery"))
		w.want(204, change("correct horse battery", "another horse"))
		if hash, err := w.tenant.Password(ctx, id); err != nil || hash != "hash:another horse" {
			w.t.Errorf("%q %v", hash, err)
		}
		for i := range 10 {
			change(strings.Repeat("x", i+1), "third horse 3")
		}
		if a := change("another horse", "third horse 3"); a.status != 429 || a.header.Get("Retry-After") == "" {
			w.t.Errorf("after ten wrong ones the right one passes: %d %s", a.status, a.raw)
		}
		s.Clock.Advance(2 * time.Minute)
		w.tokens["profile"] = Token{TenantID: w.tenant.ID, ClientID: w.client.ClientID, UserID: id, Scopes: []string{"User.ReadWrite"}}
		w.want(204, change("another horse", "third horse 3"))
		if n := len(w.want(200, w.do("GET", "/auditLogs/directoryAudits?$filter="+"activityDisplayName%20eq%20'Change%20password'", nil)).values()); n != 2 {
			w.t.Errorf("audit rows: %d", n)
		}
		// Nobody changes another's, and an app has no password.
		w.want(403, w.do("POST", "/users/"+id+"/changePassword", `{"currentPassword":"a","newPassword":"b"}`))
		w.want(400, w.do("POST", "/me/changePassword", `{"currentPassword":"a","newPassword":"b"}`))
	})
}

// An administrator's token that is old does not change the administrator's own way in, whatever their role.
func TestOwnWayInNeedsAFreshProof(t *testing.T) {
	eachAt(t, func(w *world, s modelstest.Scratch) {
		admin := modelstest.MustUser(w.t, w.tenant, "admin@example.com")
		modelstest.Must(w.tenant.AssignRole(w.t.Context(), modelstest.Actor(), admin.ID, access.Assignment{RoleID: access.GlobalAdministratorID, TenantID: w.tenant.ID}))(w.t)
		as := func(name string, age time.Duration) []string {
			w.tokens[name] = Token{TenantID: w.tenant.ID, ClientID: w.client.ClientID, UserID: admin.ID, Scopes: []string{"Directory.AccessAsUser.All"}, AuthTime: s.Clock.Now().Add(-age)}
			return []string{"Authorization", "Bearer " + name}
		}
		for _, body := range []string{`{"passwordProfile":{"password":"correct horse 2"}}`, `{"mail":"evil@example.com"}`,
			`{"identities":[{"signInType":"emailAddress","issuer":"x","issuerAssignedId":"evil@example.com"}]}`} {
			w.want(401, w.do("PATCH", "/users/"+admin.ID, body, as("old", time.Hour)...))
		}
		w.want(204, w.do("PATCH", "/users/"+admin.ID, `{"city":"Rome"}`, as("old", time.Hour)...))
		w.want(204, w.do("PATCH", "/users/"+admin.ID, `{"passwordProfile":{"password":"correct horse 2"}}`, as("new", time.Minute)...))
	})
}
