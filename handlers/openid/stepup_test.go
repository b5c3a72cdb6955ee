package openid_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"portico/app/openid"
	"portico/app/policy"
	"portico/app/record"
	"portico/models/modelstest"
)

// contexts makes authentication contexts: c1 is there for apps, c2 is not.
func (w *world) contexts() {
	w.t.Helper()
	for _, c := range []policy.Context{{ID: "c1", Name: "Payments", Available: true}, {ID: "c2", Name: "Not yet"}, {ID: "c3", Name: "Address", Available: true}} {
		if err := w.tenant.PutContext(w.t.Context(), modelstest.Actor(), c); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) policy(p policy.Policy) policy.Policy {
	w.t.Helper()
	p.Name = "A policy"
	made, err := w.tenant.CreatePolicy(w.t.Context(), modelstest.Actor(), p, record.Signals{})
	if err != nil {
		w.t.Fatal(err)
	}
	return made
}

func about(a policy.Applications, controls ...string) policy.Policy {
	return policy.Policy{State: policy.On, Conditions: policy.Conditions{Users: policy.Users{IncludeUsers: []string{policy.All}}, Applications: a},
		GrantControls: &policy.GrantControls{Operator: "AND", BuiltInControls: controls}}
}

// An app asks for an authentication context; the tokens say which ones were reached, and nothing else does.
func TestStepUp(t *testing.T) {
	w := newWorld(t)
	w.contexts()
	essential := func(member, id string) string {
		return `{"` + member + `":{"acrs":{"essential":true,"values":["` + id + `"]}}}`
	}
	all := []string{"c1", "c2", "c3"}
	for _, c := range []struct {
		name    string
		with    []string
		reached []string // what the sign-in reaches of what is asked
		asked   string
		err     string
		acrs    string
		acr     string
	}{
		{"nothing asked", nil, all, "[]", "", "<nil>", record.ACRSingle},
		{"acr_values", []string{"acr_values", "c1"}, all, "[c1]", "", "[c1]", "c1"},
		{"acr_values, in order of preference", []string{"acr_values", "c3 c1 " + record.ACRSingle}, []string{"c1"}, "[c3 c1]", "", "[c1]", "c1"},
		{"acr_values, not reached", []string{"acr_values", "c1"}, nil, "[c1]", "", "<nil>", record.ACRSingle},
		{"id_token", []string{"claims", essential("id_token", "c1")}, all, "[c1]", "", "[c1]", record.ACRSingle},
		{"access_token, as the vendor's libraries write it", []string{"claims", essential("access_token", "c1")}, all, "[c1]", "", "[c1]", record.ACRSingle},
		{"both ways", []string{"acr_values", "c3", "claims", essential("access_token", "c1")}, all, "[c1 c3]", "", "[c1 c3]", "c3"},
		{"essential acr", []string{"claims", `{"id_token":{"acr":{"essential":true,"values":["c1"]}}}`}, all, "[c1]", "", "[c1]", "c1"},
		{"essential acr, not reached", []string{"claims", `{"id_token":{"acr":{"essential":true,"values":["c1"]}}}`}, nil, "", "unmet_authentication_requirements", "", ""},
		{"essential, not reached", []string{"claims", essential("id_token", "c1")}, nil, "", "unmet_authentication_requirements", "", ""},
		{"essential, without a page, not reached", []string{"claims", essential("id_token", "c1"), "prompt", "none"}, nil, "", "unmet_authentication_requirements", "", ""},
		{"essential, and there is none", []string{"claims", essential("access_token", "c9")}, all, "", "unmet_authentication_requirements", "", ""},
		{"essential, and apps may not ask", []string{"claims", essential("access_token", "c2")}, all, "", "unmet_authentication_requirements", "", ""},
		{"a wish for what there is not", []string{"acr_values", "c9 c2"}, all, "[]", "", "<nil>", record.ACRSingle},
		{"no context at all", []string{"claims", `{"id_token":{"acrs":{"essential":true,"values":["c0","c100","C1","c01","x"]}}}`}, all, "[]", "", "<nil>", record.ACRSingle},
		{"the vendor's other claims", []string{"claims", `{"access_token":{"xms_cc":{"values":["cp1"]}},"id_token":{"login_hint":null}}`}, all, "[]", "", "<nil>", record.ACRSingle},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.starter.acr, w.starter.reaches = record.ACRSingle, c.reached
			b := w.browser()
			b.authorize(w.web)
			q := b.authorize(w.web, c.with...).location().Query()
			if q.Get("error") != c.err || (q.Get("code") == "") != (c.err != "") {
				t.Fatalf("%v", q)
			}
			if c.err != "" {
				return
			}
			if got := fmt.Sprint(w.starter.last.Contexts); got != c.asked || w.starter.last.ClientApp != policy.Browser {
				t.Errorf("asked for %s with %s", got, w.starter.last.ClientApp)
			}
			out := mustToken(t, w.tokenPost(w.web, redemption(w.web, q.Get("code"))))
			for _, token := range []string{"id_token", "access_token"} {
				if m := claims(t, out[token]); fmt.Sprint(m["acrs"]) != c.acrs || m["acr"] != c.acr {
					t.Errorf("%s: acrs %v acr %v", token, m["acrs"], m["acr"])
				}
			}
		})
	}
	w.starter.reaches = all
	w.browser().authorize(w.native, "redirect_uri", "http://localhost:4711")
	if w.starter.last.ClientApp != policy.NativeClient {
		t.Errorf("a native app is %s", w.starter.last.ClientApp)
	}
	if doc := w.browser().get(w.url("/v2.0/.well-known/openid-configuration")).json(t); !slices.Contains(doc["acr_values_supported"].([]any), any("c1")) ||
		slices.Contains(doc["acr_values_supported"].([]any), any("c2")) || !slices.Contains(doc["claims_supported"].([]any), any("acrs")) {
		t.Errorf("%v", doc["acr_values_supported"])
	}
}

// At refresh a context that no longer holds leaves the tokens; an app that asks for one is told what to do, and
// its refresh token stays.
func TestContextsAtRefresh(t *testing.T) {
	w := newWorld(t)
	w.contexts()
	w.starter.acr, w.starter.reaches = record.ACRSingle, []string{"c1", "c3"}
	first := w.tokens(w.browser(), w.web, "scope", "openid offline_access", "acr_values", "c1 c3")
	token := text(first["refresh_token"])
	if got := fmt.Sprint(claims(t, first["id_token"])["acrs"]); got != "[c1 c3]" {
		t.Fatal(got)
	}
	var asked policy.Request
	holds := []string{"c3"}
	w.gate = openid.GateFunc(func(_ context.Context, r policy.Request) (policy.Answer, error) {
		asked = r
		return policy.Answer{Contexts: holds}, nil
	})
	wants := func(id string) string { return `{"access_token":{"acrs":{"essential":true,"values":["` + id + `"]}}}` }
	next := mustToken(t, w.refresh(w.web, token))
	if fmt.Sprint(asked.Contexts) != "[c1 c3]" || asked.ClientApp != policy.Browser {
		t.Errorf("asked about %v with %s", asked.Contexts, asked.ClientApp)
	}
	if m := claims(t, next["access_token"]); fmt.Sprint(m["acrs"]) != "[c3]" || m["acr"] != record.ACRSingle {
		t.Errorf("acrs %v acr %v", m["acrs"], m["acr"])
	}
	token = text(next["refresh_token"])
	r := w.refresh(w.web, token, "claims", wants("c1"))
	wantError(t, r, 400, "interaction_required")
	if got := r.json(t)["claims"]; got != wants("c1") {
		t.Errorf("claims %v", got)
	}
	wantError(t, w.refresh(w.web, token, "claims", "nonsense"), 400, "invalid_request")
	mustToken(t, w.refresh(w.web, token, "claims", `{"access_token":{"xms_cc":{"values":["cp1"]}}}`))
	if m := claims(t, mustToken(t, w.refresh(w.web, token, "claims", wants("c3")))["access_token"]); fmt.Sprint(m["acrs"]) != "[c3]" {
		t.Errorf("the twin: %v", m["acrs"])
	}
}

// The real machine and a real policy: what an app may do depends on the context that it asks for, and a policy
// changed a moment ago takes hold at the next request and at refresh.
func TestPoliciesTakeHold(t *testing.T) {
	w := newRealWorld(t)
	w.contexts()
	payments := w.policy(about(policy.Applications{IncludeContexts: []string{"c1"}}, policy.ControlBlock))
	b := w.browser()
	plain := w.tokens(b, w.web, "scope", "openid offline_access")
	if m := claims(t, plain["access_token"]); m["acrs"] != nil {
		t.Errorf("acrs %v", m["acrs"])
	}
	if r := b.authorize(w.web, "acr_values", "c1", "prompt", "none"); r.location().Query().Get("code") != "" || r.location().Query().Get("error") == "" {
		t.Errorf("a blocked context gave %v", r.location())
	}
	other := w.tokens(b, w.web, "scope", "openid offline_access", "acr_values", "c3")
	if m := claims(t, other["access_token"]); fmt.Sprint(m["acrs"]) != "[c3]" || m["acr"] != "c3" {
		t.Errorf("acrs %v acr %v", m["acrs"], m["acr"])
	}

	// c3 becomes harder than what was shown: it leaves the tokens, and they go on.
	edit := func(id string, f func(*policy.Policy)) {
		t.Helper()
		if _, err := w.tenant.UpdatePolicy(t.Context(), modelstest.Actor(), id, record.Signals{}, func(p *policy.Policy) error { f(p); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	edit(payments.ID, func(p *policy.Policy) {
		p.Conditions.Applications.IncludeContexts, p.GrantControls.BuiltInControls = []string{"c3"}, []string{policy.ControlMFA}
	})
	next := mustToken(t, w.refresh(w.web, text(other["refresh_token"])))
	if m := claims(t, next["access_token"]); m["acrs"] != nil || strings.HasPrefix(fmt.Sprint(m["acr"]), "c") {
		t.Errorf("acrs %v acr %v", m["acrs"], m["acr"])
	}

	// The app itself becomes harder: the refresh is refused, its token stays, and the policy is named.
	edit(payments.ID, func(p *policy.Policy) {
		p.Conditions.Applications = policy.Applications{IncludeApplications: []string{w.web.ClientID}}
		p.GrantControls.BuiltInControls = []string{policy.ControlBlock}
	})
	token := text(next["refresh_token"])
	wantError(t, w.refresh(w.web, token), 400, "invalid_grant")
	edit(payments.ID, func(p *policy.Policy) { p.State = policy.ReportOnly })
	next = mustToken(t, w.refresh(w.web, token))
	edit(payments.ID, func(p *policy.Policy) {
		p.State, p.GrantControls = policy.On, nil
		p.SessionControls = &policy.SessionControls{SignInFrequency: &policy.SignInFrequency{IsEnabled: true, Type: "hours", Value: 4}}
	})
	token = text(next["refresh_token"])
	next = mustToken(t, w.refresh(w.web, token))
	w.clock.Advance(4*60*60*1e9 + 60*1e9)
	token = text(next["refresh_token"])
	r := w.refresh(w.web, token)
	wantError(t, r, 400, "interaction_required")
	var said struct {
		AccessToken struct {
			Policies struct{ Values []string } `json:"capolids"`
		} `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(text(r.json(t)["claims"])), &said); err != nil || !slices.Equal(said.AccessToken.Policies.Values, []string{payments.ID}) {
		t.Errorf("%v %+v", err, said)
	}
	edit(payments.ID, func(p *policy.Policy) { p.State = policy.Off })
	mustToken(t, w.refresh(w.web, token))
}
