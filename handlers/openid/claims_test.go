package openid_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"portico/app/fault"
	"portico/app/openid"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// define makes a custom attribute.
func (w *world) define(d userflow.Definition) string {
	w.t.Helper()
	made, err := w.tenant.CreateDefinition(w.t.Context(), modelstest.Actor(), d)
	if err != nil {
		w.t.Fatal(err)
	}
	return made.ID
}

func (w *world) claimsOf(a registered, list ...openid.ClaimMapping) error {
	_, err := w.tenant.UpdateApplication(w.t.Context(), modelstest.Actor(), a.ID, func(a *models.Application) error {
		a.Spec.Claims = list
		return nil
	})
	return err
}

func (w *world) person(edit func(*models.User)) {
	w.t.Helper()
	if _, err := w.tenant.UpdateUser(w.t.Context(), modelstest.Actor(), w.user.ID, func(u *models.User) error { edit(u); return nil }); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) userInfo(access any) map[string]any {
	w.t.Helper()
	r := w.userinfo(text(access))
	if r.status != 200 {
		w.t.Fatal(r.status, r.body)
	}
	return r.json(w.t)
}

// expect compares some claims; nil = it must not be there.
func expect(t *testing.T, where string, got, want map[string]any) {
	t.Helper()
	for name, v := range want {
		if have, ok := got[name]; ok != (v != nil) || ok && !reflect.DeepEqual(have, v) {
			t.Errorf("%s: %s is %v, want %v", where, name, have, v)
		}
	}
}

// Built-in and custom attributes, constants, transformations and renaming, per app (F039): in the ID token,
// at userinfo, in access tokens for the app's own API, at refresh with what is true then, and nowhere else.
func TestMappedClaims(t *testing.T) {
	w := newWorld(t)
	home := w.define(userflow.Definition{Name: "Home type", DataType: userflow.Choice, Options: []userflow.Option{{Text: "A flat", Value: "flat"}, {Text: "A house", Value: "house"}}})
	news := w.define(userflow.Definition{Name: "Newsletter", DataType: userflow.Boolean})
	level := w.define(userflow.Definition{Name: "Level", DataType: userflow.Int})
	born := w.define(userflow.Definition{Name: "Born", DataType: userflow.Date})
	w.person(func(u *models.User) {
		u.City, u.JobTitle = "Köln", "Gardener"
		u.Attributes = map[string]any{home: "flat", news: true, level: int64(9007199254740993), born: "1990-02-03"}
	})
	user := func(id, name string) openid.ClaimMapping {
		return openid.ClaimMapping{Source: openid.FromUser, ID: id, Name: name}
	}
	if err := w.claimsOf(w.web, user(home, "home"), user(news, "news"), user(level, "level"), user(born, "birthdate"), user("jobTitle", "job"),
		user("mobilePhone", "phone"), user("city", "given_name"),
		openid.ClaimMapping{Source: openid.FromConstant, Name: "plan", Value: "gold"},
		openid.ClaimMapping{Source: openid.FromUser, ID: "mail", Name: "provider", Transform: openid.EmailDomain}); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"home": "flat", "news": true, "level": json.Number("9007199254740993"), "birthdate": "1990-02-03", "job": "Gardener", "phone": nil,
		"given_name": "Köln", "plan": "gold", "provider": "example.com"}
	none := map[string]any{"home": nil, "news": nil, "level": nil, "birthdate": nil, "job": nil, "plan": nil, "provider": nil}

	got := w.tokens(w.browser(), w.web, "scope", "openid profile offline_access")
	expect(t, "the ID token", exact(t, got["id_token"]), want)
	expect(t, "an access token for nobody's API", exact(t, got["access_token"]), none)
	info := w.userInfo(got["access_token"])
	for _, name := range []string{"home", "news", "birthdate", "plan", "given_name"} {
		if !reflect.DeepEqual(info[name], want[name]) {
			t.Errorf("userinfo: %s is %v", name, info[name])
		}
	}

	own := w.tokens(w.browser(), w.web, "scope", "openid "+w.web.ClientID+"/.default")
	expect(t, "an access token for the app's own API", exact(t, own["access_token"]), want)

	t.Run("another app learns nothing", func(t *testing.T) {
		got := w.tokens(w.browser(), w.second, "scope", "openid profile")
		expect(t, "its ID token", exact(t, got["id_token"]), none)
		expect(t, "its userinfo", w.userInfo(got["access_token"]), none)
	})
	t.Run("the management API learns nothing", func(t *testing.T) {
		got := w.tokens(w.browser(), w.web, "scope", "openid User.Read")
		expect(t, "its access token", exact(t, got["access_token"]), none)
		expect(t, "the ID token beside it", exact(t, got["id_token"]), want)
	})
	t.Run("an API that was handed the token does not learn the app's claims", func(t *testing.T) {
		got := w.tokens(w.browser(), w.web, "scope", "openid "+w.second.ClientID+"/.default")
		expect(t, "its access token", exact(t, got["access_token"]), none)
		expect(t, "userinfo by it", w.userInfo(got["access_token"]), none)
	})
	t.Run("a refresh says what is true now", func(t *testing.T) {
		w.person(func(u *models.User) { u.Attributes = map[string]any{home: "house"}; u.MobilePhone = "+4930123" })
		next := mustToken(t, w.refresh(w.web, text(got["refresh_token"])))
		expect(t, "the ID token", exact(t, next["id_token"]), map[string]any{"home": "house", "news": nil, "level": nil, "phone": "+4930123", "plan": "gold"})
	})
}

// exact reads a token's payload with its numbers as they are written.
func exact(t *testing.T, token any) map[string]any {
	t.Helper()
	_, rest, _ := strings.Cut(text(token), ".")
	payload, _, _ := strings.Cut(rest, ".")
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// Reserved names and attributes that do not exist are refused when they are saved; an attribute that an
// app's tokens carry cannot go.
func TestClaimConfigurationIsChecked(t *testing.T) {
	w := newWorld(t)
	for _, name := range []string{"sub", "iss", "aud", "tid", "OID", "roles", "scp", "amr", "email_verified"} {
		err := w.claimsOf(w.web, openid.ClaimMapping{Source: openid.FromConstant, Name: name, Value: "x"})
		if f := fault.Of(err); err == nil || f.Code != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != "claims[0].name" || f.Fields[0].Key != "claim.name.reserved" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := w.claimsOf(w.web, openid.ClaimMapping{Source: openid.FromUser, ID: "extension_nobody", Name: "x"}); !fault.Is(err, fault.Invalid) {
		t.Errorf("an attribute that does not exist: %v", err)
	}
	id := w.define(userflow.Definition{Name: "Shoe size", DataType: userflow.Int})
	mapping := openid.ClaimMapping{Source: openid.FromUser, ID: id, Name: "shoe"}
	if err := w.claimsOf(w.web, mapping); err != nil {
		t.Fatal(err)
	}
	ctx, actor := t.Context(), modelstest.Actor()
	err := w.tenant.DeleteDefinition(ctx, actor, id)
	if f := fault.Of(err); !fault.Is(err, fault.Conflict) || f.Key != "attribute.claimed" || f.Args["app"] != "Web" {
		t.Errorf("deleting a mapped attribute: %v", err)
	}
	// An app in the bin holds nothing back; it comes back without the claim.
	if err := w.tenant.DeleteApplication(ctx, actor, w.web.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.tenant.DeleteDefinition(ctx, actor, id); err != nil {
		t.Fatal(err)
	}
	back, err := w.tenant.RestoreApplication(ctx, actor, w.web.ID)
	if err != nil || len(back.Spec.Claims) != 0 {
		t.Errorf("restored with %v, %v", back.Spec.Claims, err)
	}
}

// The preview is what is issued, but for what each sign-in decides anew.
func TestPreviewIsWhatIsIssued(t *testing.T) {
	w := newWorld(t)
	born := w.define(userflow.Definition{Name: "Born", DataType: userflow.Date})
	w.person(func(u *models.User) { u.City, u.Attributes = "Köln", map[string]any{born: "1990-02-03"} })
	w.tokens(w.browser(), w.web) // the tenant has its secret from its first sign-in on
	for _, app := range []registered{w.web, w.spa} {
		for _, list := range [][]openid.ClaimMapping{nil, {
			{Source: openid.FromUser, ID: born, Name: "birthdate"}, {Source: openid.FromUser, ID: "jobTitle", Name: "name"},
			{Source: openid.FromUser, ID: "city", Name: "given_name"}, {Source: openid.FromConstant, Name: "plan", Value: "gold"}}} {
			if err := w.claimsOf(app, list...); err != nil {
				t.Fatal(err)
			}
			stored, err := w.tenant.Application(t.Context(), app.ID)
			if err != nil {
				t.Fatal(err)
			}
			client, err := stored.Client()
			if err != nil {
				t.Fatal(err)
			}
			dir, err := w.store.Directory(t.Context(), w.tenant.ID)
			if err != nil {
				t.Fatal(err)
			}
			person, err := w.tenant.OpenIDUser(t.Context(), w.user.ID)
			if err != nil {
				t.Fatal(err)
			}
			preview, err := w.provider.Preview(t.Context(), openid.NewRealm(w.base, dir.Tenant, dir.Clients), client, person, w.store.Now())
			if err != nil {
				t.Fatal(err)
			}
			scopes := ""
			for _, s := range client.PreviewScopes() {
				scopes += " " + s
			}
			w.starter.acr = text(preview.IDToken["acr"])
			got := w.tokens(w.browser(), app, "scope", scopes[1:])
			same(t, "ID token", preview.IDToken, exact(t, got["id_token"]))
			same(t, "access token", preview.AccessToken, exact(t, got["access_token"]))
			same(t, "userinfo", preview.UserInfo, numbered(w.userInfo(got["access_token"])))
		}
	}
}

// numbered is a decoded object with its numbers as json.Number.
func numbered(m map[string]any) map[string]any {
	for k, v := range m {
		if n, ok := v.(float64); ok {
			m[k] = json.Number(fmt.Sprintf("%.0f", n))
		}
	}
	return m
}

// same compares two payloads; what each sign-in decides anew must only be there in both.
func same(t *testing.T, what string, preview, issued map[string]any) {
	t.Helper()
	anew := map[string]bool{"iat": true, "nbf": true, "exp": true, "auth_time": true, "jti": true, "uti": true, "sid": true, "grant_id": true, "nonce": true, "at_hash": true}
	for name := range issued {
		if _, ok := preview[name]; !ok {
			t.Errorf("%s: the preview lacks %s", what, name)
		}
	}
	for name, v := range preview {
		have, ok := issued[name]
		if !ok || !anew[name] && !reflect.DeepEqual(have, v) {
			t.Errorf("%s: %s is %v in the preview, %v in the token", what, name, v, have)
		}
	}
}
