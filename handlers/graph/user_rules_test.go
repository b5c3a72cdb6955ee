package graph

import (
	"strings"
	"testing"
)

func TestWrongUserPropertiesAreNamed(t *testing.T) {
	w := newWorld(t, openSQLite(t))
	const ann = `"displayName":"Ann","identities":[{"signInType":"emailAddress","issuer":"shop","issuerAssignedId":"ann@example.com"}]`
	id := w.want(201, w.do("POST", "/users", "{"+ann+"}")).body["id"].(string)
	for property, value := range map[string]string{"mail": `"nobody"`, "otherMails": `["a@example.com","b"]`, "preferredLanguage": `"German, please"`,
		"displayName": `" "`, "identities": `[]`, "city": `"` + strings.Repeat("x", 129) + `"`} {
		if a := w.do("PATCH", "/users/"+id, `{"`+property+`":`+value+`}`); a.status != 400 || !strings.Contains(a.raw, `"target":"`+property+`"`) {
			t.Errorf("%s: %d %s", property, a.status, a.raw)
		}
	}
	w.want(204, w.do("PATCH", "/users/"+id, `{"mail":"ann@shop.example","otherMails":["a@example.com"],"preferredLanguage":"de-CH"}`))
}
