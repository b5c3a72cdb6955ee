package openid_test

import (
	"testing"

	"portico/app/record"
)

// What an app demands of the answer is fulfilled, or there is no code (OpenID Connect Core §3.1.2.1, §5.5.1).
func TestDemands(t *testing.T) {
	w := newWorld(t)
	bo := w.secondPerson()
	boSub := text(claims(t, bo)["sub"])
	annaHere := w.browser()
	anna := text(w.tokens(annaHere, w.web)["id_token"])
	annaSub := text(claims(t, anna)["sub"])
	elsewhere := text(claims(t, w.tokens(w.browser(), w.second)["id_token"])["sub"])
	sub := func(s string) string { return `{"id_token":{"sub":{"value":"` + s + `"}}}` }
	acr := func(s string) string { return `{"id_token":{"acr":{"essential":true,` + s + `}}}` }
	one, two := `"value":"`+record.ACRSingle+`"`, `"value":"`+record.ACRMulti+`"`
	both := `"values":["` + record.ACRSingle + `","` + record.ACRMulti + `"]`
	for _, c := range []struct {
		name, reached string
		with          []string
		err, acr      string // acr in the ID token
	}{
		{"the person by sub", record.ACRSingle, []string{"claims", sub(annaSub)}, "", record.ACRSingle},
		{"somebody else by sub", record.ACRSingle, []string{"claims", sub(boSub)}, "login_required", ""},
		{"the person as another app knows them", record.ACRSingle, []string{"claims", sub(elsewhere)}, "login_required", ""},
		{"by sub of the userinfo", record.ACRSingle, []string{"claims", `{"userinfo":{"sub":{"value":"` + boSub + `"}}}`}, "login_required", ""},
		{"without a page", record.ACRSingle, []string{"claims", sub(annaSub), "prompt", "none"}, "", record.ACRSingle},
		{"somebody else without a page", record.ACRSingle, []string{"claims", sub(boSub), "prompt", "none"}, "login_required", ""},
		{"sub without a value", record.ACRSingle, []string{"claims", `{"id_token":{"sub":null}}`}, "", record.ACRSingle},
		{"the hint's person", record.ACRSingle, []string{"id_token_hint", anna}, "", record.ACRSingle},
		{"not the hint's person", record.ACRSingle, []string{"id_token_hint", bo}, "login_required", ""},
		{"not the hint's person, without a page", record.ACRSingle, []string{"id_token_hint", bo, "prompt", "none"}, "login_required", ""},
		{"hint and sub disagree", record.ACRSingle, []string{"id_token_hint", anna, "claims", sub(boSub)}, "login_required", ""},
		{"one factor is enough", record.ACRSingle, []string{"claims", acr(one)}, "", record.ACRSingle},
		{"two are demanded", record.ACRSingle, []string{"claims", acr(two)}, "unmet_authentication_requirements", ""},
		{"two are demanded, whatever acr_values say", record.ACRSingle, []string{"claims", acr(two), "acr_values", record.ACRSingle}, "unmet_authentication_requirements", ""},
		{"two are there", record.ACRMulti, []string{"claims", acr(two)}, "", record.ACRMulti},
		{"two are more than one", record.ACRMulti, []string{"claims", acr(one)}, "", record.ACRSingle},
		{"either", record.ACRMulti, []string{"claims", acr(both)}, "", record.ACRMulti},
		{"a class that nobody reaches", record.ACRMulti, []string{"claims", acr(`"value":"phr"`)}, "unmet_authentication_requirements", ""},
		{"a wish is no demand", record.ACRSingle, []string{"claims", `{"id_token":{"acr":{` + two + `}}}`}, "", record.ACRSingle},
		{"essential without a value", record.ACRSingle, []string{"claims", `{"id_token":{"acr":{"essential":true}}}`}, "", record.ACRSingle},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.starter.acr = c.reached
			q := annaHere.authorize(w.web, c.with...).location().Query()
			if q.Get("error") != c.err || (q.Get("code") == "") != (c.err != "") || q.Get("state") == "" || q.Get("iss") != w.issuer {
				t.Fatalf("%v", q)
			}
			if c.err == "" {
				if got := claims(t, mustToken(t, w.tokenPost(w.web, redemption(w.web, q.Get("code"))))["id_token"])["acr"]; got != c.acr {
					t.Errorf("acr %v", got)
				}
			}
		})
	}
}
