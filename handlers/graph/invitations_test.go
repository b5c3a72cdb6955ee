package graph

import (
	"context"
	"strings"
	"testing"
)

func TestInvitations(t *testing.T) {
	each(t, func(w *world) {
		newApp := func(name, home string, uris ...string) string {
			return w.want(201, w.do("POST", "/applications", map[string]any{"displayName": name, "web": map[string]any{"redirectUris": uris, "homePageUrl": home}})).body["appId"].(string)
		}
		shop, other := newApp("Shop", "https://shop.example", "https://shop.example/cb"), newApp("Other", "", "https://other.example/cb", "https://shop.example/both")
		twin := newApp("Twin", "", "https://shop.example/both")
		lone := newApp("Lone", "", "https://lone.example/cb")
		code := w.newAttribute("Code", map[string]any{"dataType": "string", "pattern": "[A-Z]{3}", "message": "Three capitals"})
		lonely := w.newAttribute("Lonely", map[string]any{"dataType": "string"})
		asks := func(body map[string]any) map[string]any {
			view := body["onAttributeCollection"].(map[string]any)["attributeCollectionPage"].(map[string]any)["views"].([]any)[0].(map[string]any)
			view["inputs"] = append(view["inputs"].([]any), map[string]any{"attribute": code, "label": "", "inputType": "text", "hidden": true})
			return body
		}
		flow := w.want(201, w.do("POST", flowsPath, asks(flowBody("Shop", shop, other)))).body["id"].(string)
		second := w.want(201, w.do("POST", flowsPath, asks(flowBody("Twin", twin)))).body["id"].(string)
		least := func(redirect string) map[string]any {
			return map[string]any{"invitedUserEmailAddress": "ben@example.com", "inviteRedirectUrl": redirect}
		}
		made := w.want(201, w.do("POST", "/invitations", least("https://shop.example/cb")))
		p := made.body["portico"].(map[string]any)
		if made.body["status"] != "PendingAcceptance" || made.body["invitedUser"].(map[string]any)["id"] != nil || p["userFlowId"] != flow || p["appId"] != shop ||
			!strings.HasPrefix(made.body["inviteRedeemUrl"].(string), w.base+"/shop/invitation/") || made.body["sendInvitationMessage"] != false {
			w.t.Errorf("made: %s", made.raw)
		}
		if home := w.want(201, w.do("POST", "/beta/invitations", least("https://shop.example/"))); home.body["portico"].(map[string]any)["appId"] != shop {
			w.t.Errorf("home page: %s", home.raw)
		}
		// The vendor's clients say Guest when nobody says anything.
		guest := least("https://shop.example/cb")
		guest["invitedUserType"] = "Guest"
		if g := w.want(201, w.do("POST", "/invitations", guest)); g.body["invitedUserType"] != "Member" {
			w.t.Errorf("a guest: %s", g.raw)
		}
		rich := least("https://shop.example/both")
		rich["invitedUserDisplayName"], rich["sendInvitationMessage"] = "Ben", true
		rich["invitedUserMessageInfo"] = map[string]any{"customizedMessageBody": "Welcome!", "messageLanguage": "de-DE", "ccRecipients": []any{map[string]any{"emailAddress": map[string]any{"name": nil, "address": nil}}}}
		rich["portico"] = map[string]any{"userFlowId": second, "attributes": map[string]any{"city": "rome", code: "ABC"}, "expirationDateTime": "2026-02-01T00:00:00Z"}
		full := w.want(201, w.do("POST", "/invitations", rich))
		one := "/beta/portico/invitations/" + full.body["id"].(string)
		read := w.want(200, w.do("GET", one, nil))
		p = read.body["portico"].(map[string]any)
		if read.body["inviteRedeemUrl"] != nil || p["appId"] != twin || p["attributes"].(map[string]any)[code] != "ABC" || p["sentCount"] != 1.0 || p["expirationDateTime"] != "2026-02-01T00:00:00Z" ||
			read.body["invitedUserMessageInfo"].(map[string]any)["customizedMessageBody"] != "Welcome!" {
			w.t.Errorf("read: %s", read.raw)
		}
		with := func(key string, v any) map[string]any {
			b := least("https://shop.example/cb")
			b[key] = v
			return b
		}
		for name, c := range map[string]struct {
			body   map[string]any
			target string
		}{
			"no address":                   {map[string]any{"inviteRedirectUrl": "https://shop.example/cb"}, "invitedUserEmailAddress"},
			"no redirect":                  {map[string]any{"invitedUserEmailAddress": "x@example.com"}, "inviteRedirectUrl"},
			"not an address":               {with("invitedUserEmailAddress", "ben"), "invitedUserEmailAddress"},
			"somewhere else":               {least("https://evil.example/cb"), "inviteRedirectUrl"},
			"below the home":               {least("https://shop.example/evil"), "inviteRedirectUrl"},
			"an app of no flow":            {least("https://lone.example/cb"), "inviteRedirectUrl"},
			"named, of no flow":            {with("portico", map[string]any{"appId": lone}), "portico/appId"},
			"of several apps":              {least("https://shop.example/both"), "inviteRedirectUrl"},
			"no such flow":                 {with("portico", map[string]any{"userFlowId": roleID}), "portico/userFlowId"},
			"unknown attribute":            {with("portico", map[string]any{"attributes": map[string]any{"shoeSize": "9"}}), "portico/attributes/shoeSize"},
			"wrong value":                  {with("portico", map[string]any{"attributes": map[string]any{code: "abc"}}), "portico/attributes/" + code},
			"another JSON type":            {with("portico", map[string]any{"attributes": map[string]any{code: 5}}), "portico/attributes/" + code},
			"not asked for":                {with("portico", map[string]any{"attributes": map[string]any{lonely: "x"}}), "portico/attributes/" + lonely},
			"not in the flow's own choice": {with("portico", map[string]any{"attributes": map[string]any{"city": "Paris"}}), "portico/attributes/city"},
			"over already":                 {with("portico", map[string]any{"expirationDateTime": "2020-01-01T00:00:00Z"}), "portico/expirationDateTime"},
			"an owner":                     {with("invitedUserType", "Owner"), "invitedUserType"},
			"copies":                       {with("invitedUserMessageInfo", map[string]any{"ccRecipients": []any{map[string]any{"emailAddress": map[string]any{"address": "c@example.com"}}}}), "invitedUserMessageInfo/ccRecipients"},
			"read-only":                    {with("status", "Completed"), "status"},
		} {
			if a := w.do("POST", "/invitations", c.body); a.status != 400 || a.body["error"].(map[string]any)["target"] != c.target {
				w.t.Errorf("%s: %d %s", name, a.status, a.raw)
			}
		}
		for value, says := range map[string]string{"abc": "Three capitals", "A\u202eB": "Check what you entered for"} {
			if a := w.do("POST", "/invitations", with("portico", map[string]any{"attributes": map[string]any{code: value}})); !strings.Contains(a.raw, says) {
				w.t.Errorf("%q: %s", value, a.raw)
			}
		}
		if a := w.do("POST", "/invitations", with("portico", map[string]any{"attributes": map[string]any{"city": "Paris"}})); !strings.Contains(a.raw, "“City” (rome)") {
			w.t.Errorf("Paris: %s", a.raw)
		}
		w.want(405, w.do("GET", "/invitations", nil))
		list := w.want(200, w.do("GET", "/beta/portico/invitations?$top=2", nil))
		if more := w.want(200, w.do("GET", list.body["@odata.nextLink"].(string), nil)); len(list.values()) != 2 || len(more.values()) != 2 || more.values()[1]["id"] != made.body["id"] {
			w.t.Errorf("list: %s\n%s", list.raw, more.raw)
		}
		again := w.want(200, w.do("POST", one+"/resend", nil))
		if again.body["inviteRedeemUrl"] == nil || again.body["inviteRedeemUrl"] == full.body["inviteRedeemUrl"] || again.body["portico"].(map[string]any)["sentCount"] != 2.0 {
			w.t.Errorf("again: %s", again.raw)
		}
		w.want(204, w.do("POST", one+"/revoke", nil))
		if gone := w.want(200, w.do("GET", one, nil)); gone.body["status"] != "Error" || gone.body["portico"].(map[string]any)["state"] != "revoked" {
			w.t.Errorf("revoked: %s", gone.raw)
		}
		w.want(409, w.do("POST", one+"/resend", nil))
		if ok, err := w.tenant.SpendInvitation(context.Background(), made.body["id"].(string), roleID, w.store.Now()); err != nil || !ok {
			w.t.Fatal(ok, err)
		}
		if used := w.want(200, w.do("GET", "/beta/portico/invitations/"+made.body["id"].(string), nil)); used.body["status"] != "Completed" || used.body["invitedUser"].(map[string]any)["id"] != roleID {
			w.t.Errorf("used: %s", used.raw)
		}
		w.want(409, w.do("POST", "/beta/portico/invitations/"+made.body["id"].(string)+"/revoke", nil))
	})
}
