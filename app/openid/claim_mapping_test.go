package openid

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"portico/app/userflow"
)

func testDefinitions() map[string]userflow.Definition {
	return map[string]userflow.Definition{
		"extension_born":  {ID: "extension_born", Name: "Born", DataType: userflow.Date},
		"extension_news":  {ID: "extension_news", Name: "News", DataType: userflow.Boolean},
		"extension_level": {ID: "extension_level", Name: "Level", DataType: userflow.Int},
		"extension_likes": {ID: "extension_likes", Name: "Likes", DataType: userflow.String},
	}
}

func TestCheckClaims(t *testing.T) {
	user := func(id, name string) ClaimMapping { return ClaimMapping{Source: FromUser, ID: id, Name: name} }
	constant := func(name, value string) ClaimMapping {
		return ClaimMapping{Source: FromConstant, Name: name, Value: value}
	}
	for _, c := range []struct {
		says string
		m    ClaimMapping
		want string // "field key", "" = it can be saved
	}{
		{"a built-in attribute", user("city", "town"), ""},
		{"a custom attribute", user("extension_born", "birthdate"), ""},
		{"a profile claim may be replaced", user("extension_likes", "given_name"), ""},
		{"a name that is an address", user("city", "https://shop.example/claims/city"), ""},
		{"a constant", constant("plan", "gold"), ""},
		{"the address under its own name", user("mail", "email"), ""},
		{"a constant of a thousand characters", constant("x", strings.Repeat("ä", 1000)), ""},
		{"a name of a hundred", user("city", strings.Repeat("n", 100)), ""},

		{"no name", user("city", ""), "name claim.name.required"},
		{"a long name", user("city", strings.Repeat("n", 101)), "name claim.name.required"},
		{"a name with a space", user("city", "home town"), "name claim.name.shape"},
		{"a name with a quote", user("city", `a"b`), "name claim.name.shape"},
		{"a name that begins with a digit", user("city", "1st"), "name claim.name.shape"},
		{"a name with a look-alike letter", user("city", "ѕub"), "name claim.name.shape"},
		{"the subject", user("city", "sub"), "name claim.name.reserved"},
		{"the subject in capitals", user("city", "SUB"), "name claim.name.reserved"},
		{"the tenant", constant("tid", "another"), "name claim.name.reserved"},
		{"roles", constant("roles", "admin"), "name claim.name.reserved"},
		{"a proof", constant("email_verified", "true"), "name claim.name.reserved"},
		{"another text as the address", user("extension_likes", "email"), "name claim.name.email"},
		{"a constant as the address", constant("email", "root@example.com"), "name claim.name.email"},

		{"no attribute", user("", "x"), "id claim.attribute.required"},
		{"an attribute that does not exist", user("extension_gone", "x"), "id claim.attribute.unknown"},
		{"attributes are told apart by letter case", user("City", "x"), "id claim.attribute.unknown"},
		{"no constant", constant("x", " "), "value claim.value.required"},
		{"a long constant", constant("x", strings.Repeat("ä", 1001)), "value claim.value.long"},
		{"a constant that turns the direction", constant("x", "a\u202eb"), "value flow.text.invisible"},
		{"a constant of two lines", constant("x", "a\nb"), "value flow.text.invisible"},
		{"a constant with an attribute", ClaimMapping{Source: FromConstant, Name: "x", Value: "a", ID: "city"}, "value claim.constant.only"},
		{"an attribute with a constant", ClaimMapping{Source: FromUser, Name: "x", Value: "a", ID: "city"}, "value claim.value.unused"},
		{"no source", ClaimMapping{Name: "x", ID: "city"}, "source claim.source.unknown"},
		{"an unknown source", ClaimMapping{Source: "company", Name: "x", ID: "city"}, "source claim.source.unknown"},
		{"a provider", ClaimMapping{Source: FromProvider, Name: "x", ID: "a", AnyType: true}, ""},
		{"a provider without a name in its answer", ClaimMapping{Source: FromProvider, Name: "x"}, "id claim.provider.id"},
		{"a provider with a reserved claim", ClaimMapping{Source: FromProvider, Name: "sub", ID: "a"}, "name claim.name.reserved"},
		{"a provider with the address", ClaimMapping{Source: FromProvider, Name: "email", ID: "a"}, "name claim.name.email"},
		{"a provider with the name of the account", ClaimMapping{Source: FromProvider, Name: "Preferred_Username", ID: "a"}, "name claim.name.account"},
		{"a constant as the name of the account", constant("preferred_username", "root"), "name claim.name.account"},
		{"an attribute as the name of the account", user("city", "preferred_username"), ""},
		{"a provider with a transformation", ClaimMapping{Source: FromProvider, Name: "x", ID: "a", Transform: Lowercase}, "value claim.value.unused"},
		{"any type of a constant", ClaimMapping{Source: FromConstant, Name: "x", Value: "a", AnyType: true}, "anyType claim.value.unused"},
		{"groups", ClaimMapping{Source: FromGroups, Name: "teams", ID: GroupNames}, ""},
		{"groups without a name", ClaimMapping{Source: FromGroups}, ""},
		{"groups of something", ClaimMapping{Source: FromGroups, Name: "x", ID: "city"}, "id claim.membership.id"},
		{"roles under their own name", ClaimMapping{Source: FromRoles, Name: "roles"}, ""},
		{"roles as groups", ClaimMapping{Source: FromRoles, Name: "groups"}, "name claim.name.reserved"},
		{"roles of something", ClaimMapping{Source: FromRoles, Name: "x", ID: "displayName"}, "id claim.membership.id"},
		{"transformed roles", ClaimMapping{Source: FromRoles, Name: "x", Transform: Lowercase}, "value claim.value.unused"},

		{"upper case of a text", ClaimMapping{Source: FromUser, ID: "country", Name: "x", Transform: Uppercase}, ""},
		{"upper case of a number", ClaimMapping{Source: FromUser, ID: "extension_level", Name: "x", Transform: Uppercase}, "transform claim.transform.text"},
		{"yes and no of a tick", ClaimMapping{Source: FromUser, ID: "extension_news", Name: "x", Transform: YesNo}, ""},
		{"yes and no of a text", ClaimMapping{Source: FromUser, ID: "city", Name: "x", Transform: YesNo}, "transform claim.transform.yes_no"},
		{"an unknown transformation", ClaimMapping{Source: FromUser, ID: "city", Name: "x", Transform: "rot13"}, "transform claim.transform.unknown"},
		{"two joined", ClaimMapping{Source: FromUser, ID: "givenName", SecondID: "extension_level", Separator: " ", Name: "x", Transform: Join}, ""},
		{"joined to nothing", ClaimMapping{Source: FromUser, ID: "givenName", Name: "x", Transform: Join}, "secondId claim.join.second"},
		{"joined to what does not exist", ClaimMapping{Source: FromUser, ID: "givenName", SecondID: "nope", Name: "x", Transform: Join}, "secondId claim.attribute.unknown"},
		{"a long separator", ClaimMapping{Source: FromUser, ID: "givenName", SecondID: "surname", Separator: "-----------", Name: "x", Transform: Join}, "separator claim.join.separator"},
		{"a second attribute without joining", ClaimMapping{Source: FromUser, ID: "givenName", SecondID: "surname", Name: "x"}, "transform claim.join.only"},
	} {
		got := ""
		if bad := CheckClaims([]ClaimMapping{c.m}, testDefinitions()); len(bad) > 0 {
			got = strings.TrimPrefix(bad[0].Name, "claims[0].") + " " + bad[0].Key
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.says, got, c.want)
		}
	}

	twice := CheckClaims([]ClaimMapping{constant("plan", "a"), constant("Plan", "b")}, nil)
	if len(twice) != 1 || twice[0].Name != "claims[1].name" || twice[0].Key != "claim.name.twice" {
		t.Errorf("the same name in another letter case: %v", twice)
	}
	var many []ClaimMapping
	for i := range MaxClaims {
		many = append(many, constant(fmt.Sprint("c", i), "x"))
	}
	if bad := CheckClaims(many, nil); len(bad) != 0 {
		t.Errorf("fifty: %v", bad)
	}
	if bad := CheckClaims(append(many, constant("more", "x")), nil); len(bad) != 1 || bad[0].Key != "claim.many" {
		t.Errorf("fifty-one: %v", bad)
	}
}

// Every claim that a token of ours carries by itself, but for a person's own profile, is reserved.
func TestReservedClaimsCoverTheTokens(t *testing.T) {
	full := accessClaims{IDType: "app", Scope: "a", Roles: []string{"r"}, AuthTime: 1, AMR: []string{"pwd"}, ACR: "1", SID: "s", GrantID: "g"}
	f := facts{realm: &Realm{}, client: &Client{}, grant: &Grant{SID: "s", AMR: []string{"pwd"}, ACR: "1"}, nonce: "n", user: User{}}
	id, err := f.identity("h")
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]any{}
	for _, claims := range []any{full, id, introspection{TokenType: "Bearer", Username: "u", Scope: "a", ClientID: "c", Expiry: 1}} {
		b, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &names); err != nil {
			t.Fatal(err)
		}
	}
	for name := range names {
		if !ReservedClaim(name) {
			t.Errorf("%s is not reserved", name)
		}
	}
}

func TestMapped(t *testing.T) {
	anna := User{ID: "u1", Name: "Anna Berg", GivenName: "Anna", FamilyName: "Berg", Email: "Anna.Berg@Example.com", PreferredUsername: "Anna.Berg@Example.com", City: "Köln", Street: "Lange Straße 1", Country: "de", UserName: "anna",
		Attributes: []byte(`{"extension_born":"1990-02-03","extension_news":true,"extension_level":9007199254740993,"extension_likes":"cheese,wine","extension_empty":"","extension_odd":{"a":1}}`)}
	for _, c := range []struct {
		says string
		m    ClaimMapping
		want string // JSON; "" = left out
	}{
		{"a text", ClaimMapping{Source: FromUser, ID: "city"}, `"Köln"`},
		{"a user name", ClaimMapping{Source: FromUser, ID: "userName"}, `"anna"`},
		{"a date is a text", ClaimMapping{Source: FromUser, ID: "extension_born"}, `"1990-02-03"`},
		{"a tick is true or false", ClaimMapping{Source: FromUser, ID: "extension_news"}, `true`},
		{"a whole number is exact", ClaimMapping{Source: FromUser, ID: "extension_level"}, `9007199254740993`},
		{"several choices are one text", ClaimMapping{Source: FromUser, ID: "extension_likes"}, `"cheese,wine"`},
		{"nothing is left out", ClaimMapping{Source: FromUser, ID: "jobTitle"}, ""},
		{"an empty text is nothing", ClaimMapping{Source: FromUser, ID: "extension_empty"}, ""},
		{"an attribute that nobody knows is nothing", ClaimMapping{Source: FromUser, ID: "extension_gone"}, ""},
		{"what is no plain value is nothing", ClaimMapping{Source: FromUser, ID: "extension_odd"}, ""},
		{"a constant", ClaimMapping{Source: FromConstant, Value: "gold"}, `"gold"`},
		{"a source of tomorrow", ClaimMapping{Source: "groups"}, ""},
		{"lower case", ClaimMapping{Source: FromUser, ID: "mail", Transform: Lowercase}, `"anna.berg@example.com"`},
		{"upper case of an eszett", ClaimMapping{Source: FromUser, ID: "streetAddress", Transform: Uppercase}, `"LANGE STRASSE 1"`},
		{"upper case", ClaimMapping{Source: FromUser, ID: "country", Transform: Uppercase}, `"DE"`},
		{"before the @", ClaimMapping{Source: FromUser, ID: "mail", Transform: EmailLocalPart}, `"Anna.Berg"`},
		{"after the @", ClaimMapping{Source: FromUser, ID: "mail", Transform: EmailDomain}, `"Example.com"`},
		{"no @: all is before it", ClaimMapping{Source: FromUser, ID: "city", Transform: EmailLocalPart}, `"Köln"`},
		{"no @: nothing is after it", ClaimMapping{Source: FromUser, ID: "city", Transform: EmailDomain}, ""},
		{"yes", ClaimMapping{Source: FromUser, ID: "extension_news", Transform: YesNo}, `"yes"`},
		{"two joined", ClaimMapping{Source: FromUser, ID: "surname", SecondID: "givenName", Separator: ", ", Transform: Join}, `"Berg, Anna"`},
		{"joined to a number", ClaimMapping{Source: FromUser, ID: "city", SecondID: "extension_level", Separator: "-", Transform: Join}, `"Köln-9007199254740993"`},
		{"joined to nothing", ClaimMapping{Source: FromUser, ID: "surname", SecondID: "jobTitle", Separator: ", ", Transform: Join}, `"Berg"`},
		{"nothing joined to nothing", ClaimMapping{Source: FromUser, ID: "state", SecondID: "jobTitle", Separator: ", ", Transform: Join}, ""},
	} {
		c.m.Name = "x"
		got, err := (&Client{Claims: []ClaimMapping{c.m}}).mapped(anna, "")
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		if got["x"] != nil {
			b, err := json.Marshal(got["x"])
			if err != nil {
				t.Fatal(err)
			}
			text = string(b)
		}
		if text != c.want {
			t.Errorf("%s: %s, want %s", c.says, text, c.want)
		}
	}
	if _, err := (&Client{Claims: []ClaimMapping{{Source: FromUser, ID: "extension_x", Name: "x"}}}).mapped(User{Attributes: []byte("{")}, ""); err == nil {
		t.Error("attributes that are not JSON are no attributes")
	}
	if _, err := (&Client{Claims: []ClaimMapping{{Source: FromUser, ID: "city", Name: "x"}}}).mapped(User{Attributes: []byte("{")}, ""); err != nil {
		t.Error("they were read for a built-in one: ", err)
	}
}

// The mapping wins over what a scope would bring, also when there is nothing to say.
func TestMappingWins(t *testing.T) {
	u := User{Name: "Anna", GivenName: "Anna", City: "Köln"}
	realm := &Realm{Clients: map[string]*Client{}}
	c := &Client{ID: "c", Claims: []ClaimMapping{{Source: FromUser, ID: "city", Name: "given_name"}, {Source: FromUser, ID: "jobTitle", Name: "name"}}}
	realm.Clients["c"] = c
	f := facts{realm: realm, client: c, grant: &Grant{}, user: u, asked: []string{"openid", "profile"}, audience: "c", scp: []string{"profile"}}
	id, err := f.identity("h")
	if err != nil {
		t.Fatal(err)
	}
	if id["given_name"] != "Köln" || id["name"] != nil {
		t.Errorf("the ID token says %v", id)
	}
	at, err := f.access()
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(at)
	var got map[string]any
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatalf("%s: %v", b, err)
	}
	if got["given_name"] != "Köln" || got["name"] != nil || got["aud"] != "c" || strings.Count(string(b), `"name"`) != 0 {
		t.Errorf("the access token says %s", b)
	}
}

// Whatever is saved, no token says anything else than it did in the claims that are the provider's own,
// and its payload stays one JSON object without a name twice.
func FuzzCheckClaims(f *testing.F) {
	f.Add("user", "city", "town", "", "", "", "", "Köln")
	f.Add("constant", "", "sub", "me", "", "", "", "")
	f.Add("user", "extension_likes", "Exp", "", "join", "surname", "\"", "a\"b")
	f.Add("user", "mail", "a.b:c/d-e_f", "", "emailDomain", "", "", "x@y")
	f.Fuzz(func(t *testing.T, source, id, name, value, transform, second, separator, has string) {
		m := ClaimMapping{Source: ClaimSource(source), ID: id, Name: name, Value: value, Transform: Transform(transform), SecondID: second, Separator: separator}
		if len(CheckClaims([]ClaimMapping{m}, testDefinitions())) > 0 || !utf8.ValidString(has) {
			return
		}
		attributes, err := json.Marshal(map[string]any{"extension_likes": has, "extension_born": has})
		if err != nil {
			t.Fatal(err)
		}
		plain, with := &Client{ID: "c"}, &Client{ID: "c", Claims: []ClaimMapping{m}}
		payloads := func(c *Client) (map[string]any, map[string]any) {
			fs := facts{realm: &Realm{Issuer: "i", Clients: map[string]*Client{"c": c}}, client: c, grant: &Grant{UserID: "u", SID: "s"}, audience: "c",
				user: User{ID: "u", City: has, Email: has, FamilyName: has, Attributes: attributes}, asked: []string{"openid"}, subject: "me"}
			id, err := fs.identity("h")
			if err != nil {
				t.Fatal(err)
			}
			at, err := fs.access()
			if err != nil {
				t.Fatal(err)
			}
			b, err := json.Marshal(at)
			if err != nil {
				t.Fatal(err)
			}
			names := map[string]any{}
			d := json.NewDecoder(strings.NewReader(string(b)))
			if _, err := d.Token(); err != nil {
				t.Fatal(err)
			}
			for d.More() {
				k, err := d.Token()
				if err != nil {
					t.Fatal(err)
				}
				var v any
				if err := d.Decode(&v); err != nil {
					t.Fatal(err)
				}
				if _, twice := names[k.(string)]; twice {
					t.Fatalf("%s is there twice: %s", k, b)
				}
				names[k.(string)] = v
			}
			return id, names
		}
		id1, at1 := payloads(plain)
		id2, at2 := payloads(with)
		for _, pair := range [][2]map[string]any{{id1, id2}, {at1, at2}} {
			for k, v := range pair[0] {
				if fmt.Sprint(pair[1][k]) != fmt.Sprint(v) && k != m.Name {
					t.Fatalf("%+v changed %s from %v to %v", m, k, v, pair[1][k])
				}
				if slices.Contains(reservedClaims(), k) && fmt.Sprint(pair[1][k]) != fmt.Sprint(v) {
					t.Fatalf("%+v changed the reserved %s", m, k)
				}
			}
		}
	})
}
