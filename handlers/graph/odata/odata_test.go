package odata

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// show writes a tree in a fixed form for the tables below.
func show(e Expr) string {
	path := func(p Path) string {
		if p.Local {
			return strings.TrimSuffix("$it/"+p.String(), "/")
		}
		return p.String()
	}
	value := func(v Value) string {
		switch v.Kind {
		case Null:
			return "null"
		case Bool:
			return fmt.Sprint(v.Bool)
		case Time:
			return "t" + v.Time.Format("2006-01-02T15:04:05.999999Z")
		case String:
			return fmt.Sprintf("%q", v.Text)
		}
		return v.Text
	}
	switch e := e.(type) {
	case And:
		return "(" + show(e.Left) + " and " + show(e.Right) + ")"
	case Or:
		return "(" + show(e.Left) + " or " + show(e.Right) + ")"
	case Not:
		return "not " + show(e.Of)
	case Compare:
		return path(e.Path) + " " + string(e.Op) + " " + value(e.Value)
	case In:
		s := ""
		for _, v := range e.Values {
			s += value(v) + ";"
		}
		return path(e.Path) + " in " + s
	case Match:
		return fmt.Sprintf("%s(%s,%q)", e.Func, path(e.Path), e.Value)
	case Any:
		if e.Body == nil {
			return path(e.Path) + "/any()"
		}
		return path(e.Path) + "/any(" + show(e.Body) + ")"
	case Truth:
		return path(e.Path)
	}
	return "?"
}

func TestParse(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`displayName eq 'Ann'`, `displayName eq "Ann"`},
		{`displayName eq 'O''Brien'`, `displayName eq "O'Brien"`},
		{`'Ann' eq displayName`, `displayName eq "Ann"`},
		{`5 lt status/errorCode`, `status/errorCode gt 5`},
		{`a eq 1 or b eq 2 and c eq 3`, `(a eq 1 or (b eq 2 and c eq 3))`},
		{`(a eq 1 or b eq 2) and not c eq 3`, `((a eq 1 or b eq 2) and not c eq 3)`},
		{`NOT(startswith(displayName,'a')) OR accountEnabled`, `(not startswith(displayName,"a") or accountEnabled)`},
		{`startsWith(displayName, 'a') eq false`, `not startswith(displayName,"a")`},
		{`endsWith(mail,'@x.com')`, `endswith(mail,"@x.com")`},
		{`accountEnabled eq true`, `accountEnabled eq true`},
		{`mail eq null`, `mail eq null`},
		{`id in ('a', 'b')`, `id in "a";"b";`},
		{`createdDateTime ge 2024-01-02T03:04:05Z`, `createdDateTime ge t2024-01-02T03:04:05Z`},
		{`createdDateTime ge 2024-01-02T03:04:05.123456+02:00`, `createdDateTime ge t2024-01-02T01:04:05.123456Z`},
		{`createdDateTime ge 2024-01-02`, `createdDateTime ge t2024-01-02T00:00:00Z`},
		{`appId eq 62e90394-69f5-4237-9190-012177145e10`, `appId eq 62e90394-69f5-4237-9190-012177145e10`},
		{`appId eq a2e90394-69f5-4237-9190-012177145e10`, `appId eq a2e90394-69f5-4237-9190-012177145e10`},
		{`identities/any(c:c/issuerAssignedId eq 'a@b.c' and c/issuer eq 'x')`, `identities/any(($it/issuerAssignedId eq "a@b.c" and $it/issuer eq "x"))`},
		{`otherMails/any(x:startswith(x,'a'))`, `otherMails/any(startswith($it,"a"))`},
		{`otherMails/$count eq 0`, `otherMails/$count eq 0`},
		{`tags/any()`, `tags/any()`},
		{`microsoft.graph.externalUsersSelfServiceSignUpEventsFlow/onAuthenticationMethodLoadStart/microsoft.graph.onAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp/identityProviders/any(idp:idp/id eq 'Google-OAUTH')`,
			`onAuthenticationMethodLoadStart/identityProviders/any($it/id eq "Google-OAUTH")`},
	} {
		e, err := Parse(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
		} else if got := show(e); got != c.want {
			t.Errorf("%s\n got  %s\n want %s", c.in, got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, in := range []string{
		``, ` `, `displayName`[:0], `displayName eq`, `eq 'a'`, `displayName eq 'a`, `displayName eq a b`,
		`displayName eq 'a' or`, `(displayName eq 'a'`, `displayName eq 'a')`, `tolower(displayName) eq 'a'`,
		`startswith(displayName)`, `startswith(displayName,5)`, `a eq 1; drop table users`, `id in ()`, `id in ('a'`,
		`any(x:x eq 1)`, `a/any(x:b eq 1)`, `a/any(x:x/b/any(y:y eq 1))`, `a/any(x x eq 1)`, `a eq "b"`, "a eq '\x00'",
		"a eq '\xff'", `a eq 99999999999999999999`, `startswith(a,'b') eq 5`, `a -- b`, `a/ eq 1`,
		strings.Repeat("(", 200) + "a eq 1" + strings.Repeat(")", 200),
		strings.Repeat("not ", 200) + "a eq 1",
		"a eq '" + strings.Repeat("x", MaxLength) + "'",
	} {
		if e, err := Parse(in); err == nil {
			t.Errorf("%.60q was read as %s", in, show(e))
		}
	}
}

func TestEval(t *testing.T) {
	var object any
	if err := json.Unmarshal([]byte(`{"displayName":"Ann Lee","mail":null,"accountEnabled":true,"n":7,
		"createdDateTime":"2024-05-01T00:00:00Z","status":{"errorCode":50126},"tags":["a","b"],
		"identities":[{"issuer":"x","issuerAssignedId":"ann@x.com"},{"issuer":"y","issuerAssignedId":"other"}]}`), &object); err != nil {
		t.Fatal(err)
	}
	for in, want := range map[string]bool{
		`displayName eq 'ann lee'`:                true,
		`displayName ne 'ann lee'`:                false,
		`startswith(displayName,'AN')`:            true,
		`endswith(displayName,'lee')`:             true,
		`contains(displayName,'n l')`:             true,
		`mail eq null`:                            true,
		`mail ne null`:                            false,
		`mail gt 'a'`:                             false,
		`not (mail gt 'a')`:                       true,
		`mail ne 'a'`:                             true,
		`accountEnabled`:                          true,
		`not accountEnabled`:                      false,
		`n gt 6 and n le 7`:                       true,
		`createdDateTime ge 2024-05-01`:           true,
		`createdDateTime lt 2024-05-01T00:00:00Z`: false,
		`status/errorCode eq 50126`:               true,
		`tags/$count eq 2`:                        true,
		`tags/any(x:x eq 'B')`:                    true,
		`tags/any()`:                              true,
		`displayName in ('x','Ann Lee')`:          true,
		`identities/any(i:i/issuer eq 'x' and i/issuerAssignedId eq 'other')`:     false,
		`identities/any(i:i/issuer eq 'x' and i/issuerAssignedId eq 'Ann@x.com')`: true,
	} {
		e, err := Parse(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		} else if got := Eval(e, object); got != want {
			t.Errorf("%s is %v", in, got)
		}
	}
}

func TestParsePath(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"/users/", "users"},
		{"//Users//1", "Users 1"},
		{"/applications(appId='abc')/addPassword", "applications{appId=abc} addPassword"},
		{"/applications(appId=%27a%2Fb%27)", "applications{appId=a/b}"},
		{"/users('x')", "users{=x}"},
		{"/users/delta()", "users delta()"},
		{"/users/o'brien@x.com/memberOf", "users o'brien@x.com memberOf"},
		{"/users/a%40b.c%23EXT%23", "users a@b.c#EXT#"},
	} {
		segs, err := ParsePath(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.in, err)
			continue
		}
		var parts []string
		for _, s := range segs {
			p := s.Name
			if s.Parens && s.Keys == nil {
				p += "()"
			}
			for k, v := range s.Keys {
				p += "{" + k + "=" + v + "}"
			}
			parts = append(parts, p)
		}
		if got := strings.Join(parts, " "); got != c.want {
			t.Errorf("%s: %s, want %s", c.in, got, c.want)
		}
	}
	for _, in := range []string{"/users/%zz", "/users/%00", "/applications(appId='a)", strings.Repeat("/a", 40)} {
		if _, err := ParsePath(in); err == nil {
			t.Errorf("%s was taken", in)
		}
	}
}

func TestParseSearch(t *testing.T) {
	got, err := ParseSearch(`"displayName:Ann Lee" OR "mail:b" AND "x"`)
	if err != nil || fmt.Sprint(got) != "[[{displayName Ann Lee}] [{mail b} { x}]]" {
		t.Errorf("%v %v", got, err)
	}
	for _, in := range []string{``, `Ann`, `"a`, `"a" "b"`, `"a" OR`, `"displayName: "`, `OR "a"`} {
		if _, err := ParseSearch(in); err == nil {
			t.Errorf("%s was taken", in)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{`displayName eq 'a''b'`, `a/any(x:x/b eq 1 and not startswith(x/c,'d'))`, `not (a in (1,'2',null))`, `x ge 2024-01-01T00:00:00Z`} {
		f.Add(s)
	}
	object := map[string]any{"a": []any{map[string]any{"b": 1.0}}, "x": "2024-01-01T00:00:00Z"}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s)
		if err != nil {
			return
		}
		if Eval(e, object) == Eval(Not{e}, object) {
			t.Errorf("%q: a filter and its negation agree", s)
		}
	})
}

func FuzzParsePath(f *testing.F) {
	f.Add("/applications(appId='a')/x")
	f.Fuzz(func(t *testing.T, s string) { _, _ = ParsePath(s) })
}
