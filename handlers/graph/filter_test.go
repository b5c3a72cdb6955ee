package graph

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/audit"
	"portico/handlers/graph/odata"
	"portico/models"
)

// people are made so that each filter below divides them.
func people(w *world) {
	w.t.Helper()
	for i, p := range []struct{ name, given, mail, city, kind string }{
		{"Ann Lee", "Ann", "ann@example.com", "Genoa", "LocalAccount"},
		{"ann lower", "", "", "", "SelfServiceSignUp"},
		{"O'Brien 100%", "Pat", "Pat_1@Example.com", "New York", "LocalAccount"},
		{"Ödön", "Ödön", "odon@example.org", "Győr", "SelfServiceSignUp"},
		{"Zed_x", "Zed", "zed@example.org", "genoa", "Admin"},
		{"李雷", "雷", "li@example.cn", `back\slash`, "LocalAccount"},
	} {
		u := models.User{Account: account.Account{DisplayName: p.name, GivenName: p.given, Mail: p.mail, Enabled: i%2 == 0,
			CreatedAt: time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC)}, City: p.city, CreationType: p.kind}
		if p.mail != "" {
			u.Identities = []account.Identity{{SignInType: account.SignInEmail, Value: p.mail}}
		}
		if i == 4 {
			u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInFederated, Issuer: "google.com", Value: "G-77", Canonical: "G-77"})
		}
		if _, err := w.tenant.CreateUser(context.Background(), audit.System("test"), u, ""); err != nil {
			w.t.Fatal(err)
		}
	}
	// Another tenant's people must never be found, whatever the filter says.
	other := w.newTenant("elsewhere")
	if _, err := other.CreateUser(context.Background(), audit.System("test"), models.User{Account: account.Account{DisplayName: "Ann Elsewhere", Mail: "ann@example.com", Enabled: true,
		Identities: []account.Identity{{SignInType: account.SignInEmail, Value: "ann@example.com"}}}}, ""); err != nil {
		w.t.Fatal(err)
	}
}

// TestFiltersAgree asks the database and evaluates the same filter over the answered objects: both must
// name the same people.
func TestFiltersAgree(t *testing.T) {
	each(t, func(w *world) {
		people(w)
		all := w.want(200, w.do("GET", "/users?$select=id,displayName,givenName,surname,mail,city,accountEnabled,createdDateTime,creationType,identities,userType,userPrincipalName,signInActivity", nil)).values()
		id := all[0]["id"].(string)
		for _, filter := range []string{
			"displayName eq 'ANN LEE'", "displayName ne 'Ann Lee'", "displayName eq 'O''Brien 100%'", "startswith(displayName,'ann')",
			"startsWith(displayName,'O''B')", "endswith(displayName,'100%')", "endsWith(displayName,'_x')", "startswith(displayName,'zed_')",
			"startswith(displayName,'%')", "startswith(displayName,'李')", "startswith(city,'back\\')", "displayName in ('ann lee','zed_x')", "city in ('GENOA',null)", "not (city in ('Genoa',null))",
			"createdDateTime in (2026-01-02,2026-01-03T00:00:00Z)", "accountEnabled in (true)", "signInActivity/lastSignInDateTime in (null,2026-01-02)",
			"not (signInActivity/lastSignInDateTime in (2026-01-02))", "userPrincipalName eq null", "not (userPrincipalName ne null)",
			"displayName ge 'b'", "displayName lt 'b'", "givenName eq null", "givenName ne null", "mail eq null", "mail eq 'ANN@example.com'",
			"endswith(mail,'@EXAMPLE.org')", "startswith(mail,'pat_')", "mail ne 'ann@example.com'", "city eq 'genoa'", "not(city eq 'genoa')",
			"accountEnabled eq true", "accountEnabled", "not accountEnabled", "accountEnabled ne true", "createdDateTime ge 2026-01-03T00:00:00Z",
			"createdDateTime lt 2026-01-03", "createdDateTime eq 2026-01-02T00:00:00Z", "creationType eq 'LocalAccount'", "userType eq 'Member'",
			"userType eq 'Guest'", "id eq '" + id + "'", "id in ('" + id + "')", "id ne '" + id + "'",
			"accountEnabled eq true and startswith(displayName,'a') or city eq 'genoa'", "not (startswith(displayName,'a') or accountEnabled)",
			"identities/any(i:i/issuerAssignedId eq 'ann@example.com')", "identities/any(i:i/signInType eq 'federated')",
			"identities/any(i:i/issuer eq 'google.com' and i/issuerAssignedId eq 'nobody')",
			"signInActivity/lastSignInDateTime eq null", "signInActivity/lastSignInDateTime ge 2020-01-01T00:00:00Z", "not (signInActivity/lastSignInDateTime ge 2020-01-01T00:00:00Z)",
			"displayName eq 'x'' or ''1''=''1'", "displayName eq 'a' or 1 eq 1",
		} {
			a := w.do("GET", "/users?$select=id&$filter="+url.QueryEscape(filter), nil)
			e, err := odata.Parse(filter)
			if err != nil || strings.Contains(filter, "1 eq 1") {
				if a.status != 400 {
					w.t.Errorf("%s: %d, want 400", filter, a.status)
				}
				continue
			}
			w.want(200, a)
			var want, got []string
			for _, u := range all {
				if odata.Eval(e, any(u)) {
					want = append(want, u["id"].(string))
				}
			}
			for _, u := range a.values() {
				got = append(got, u["id"].(string))
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				w.t.Errorf("%s: %d people, want %d", filter, len(got), len(want))
			}
		}
		for filter, want := range map[string]int{
			"identities/any(i:i/issuerAssignedId eq 'Ann@Example.com' and i/issuer eq 'whatever.example')": 1, // the issuer of local identities is the tenant
			"identities/any(c:c/issuerAssignedId eq 'g-77' and c/issuer eq 'google.com')":                  0, // a foreign subject is exact
			"userPrincipalName eq '" + id + "@shop.127.0.0.1'":                                             1,
			"userPrincipalName eq 'ann@example.com'":                                                       1,
			"userPrincipalName ne 'ann@example.com'":                                                       5,
			"startswith(userPrincipalName,'ann')":                                                          1,
			"createdDateTime ge '2026-01-03T00:00:00Z'":                                                    4,
		} {
			if got := w.want(200, w.do("GET", "/users?$count=true&$filter="+url.QueryEscape(filter), nil)); len(got.values()) != want {
				w.t.Errorf("%s: %d, want %d", filter, len(got.values()), want)
			}
		}
		for search, want := range map[string]int{`"displayName:ann"`: 2, `"displayName:lee"`: 1, `"ann"`: 2, `"displayName:nn"`: 0,
			`"displayName:zed" OR "mail:pat"`: 2, `"displayName:ann" AND "displayName:lower"`: 1, `"displayName:%"`: 0} {
			if got := w.want(200, w.do("GET", "/users?$search="+url.QueryEscape(search), nil, "ConsistencyLevel", "eventual")); len(got.values()) != want {
				w.t.Errorf("$search=%s: %d, want %d", search, len(got.values()), want)
			}
		}
	})
}

func TestSelect(t *testing.T) {
	w := newWorld(t, openSQLite(t))
	people(w)
	one := w.want(200, w.do("GET", "/users?$top=1&$select=displayName", nil)).values()[0]
	if fmt.Sprint(len(one)) != "1" {
		t.Errorf("more than what was selected: %v", one)
	}
	def := w.want(200, w.do("GET", "/users?$top=1", nil)).values()[0]
	for _, name := range []string{"businessPhones", "displayName", "givenName", "id", "jobTitle", "mail", "mobilePhone", "officeLocation", "preferredLanguage", "surname", "userPrincipalName"} {
		if _, ok := def[name]; !ok {
			t.Errorf("the default set lacks %s", name)
		}
	}
	if len(def) != 11 {
		t.Errorf("the default set has %d properties", len(def))
	}
}

// FuzzWhere looks for a filter whose condition does not have one argument for each question mark, or
// that lets the caller's text into the SQL.
func FuzzWhere(f *testing.F) {
	for _, s := range []string{"displayName eq 'a'", "not (mail in ('a',null))", "identities/any(i:i/issuer eq 'x' or startswith(i/issuerAssignedId,'y'))",
		"userPrincipalName ne 'x'", "identities/$count eq 0", "createdDateTime ge 2024-01-01 and accountEnabled"} {
		f.Add(s)
	}
	a := New(API{Store: &models.Store{}, BaseURL: "http://localhost"})
	table := a.users().allowed(true)
	f.Fuzz(func(t *testing.T, s string) {
		e, err := odata.Parse(s)
		if err != nil {
			return
		}
		c, err := where(e, "tenant", table, nil)
		if err != nil {
			return
		}
		if strings.Count(c.SQL, "?") != len(c.Args) {
			t.Errorf("%q: %d questions, %d arguments: %s", s, strings.Count(c.SQL, "?"), len(c.Args), c.SQL)
		}
		if strings.Count(c.SQL, "(") != strings.Count(c.SQL, ")") {
			t.Errorf("%q: unbalanced: %s", s, c.SQL)
		}
		for _, arg := range c.Args {
			if v, ok := arg.(string); ok && len(v) > 12 && v != "tenant" && strings.Contains(c.SQL, v) {
				t.Errorf("%q: the SQL holds %q", s, v)
			}
		}
	})
}

// TestLargeFilters: what the parser lets through, both databases can run.
func TestLargeFilters(t *testing.T) {
	each(t, func(w *world) {
		people(w)
		or := strings.TrimSuffix(strings.Repeat("id eq '1' or ", 580), " or ")
		for name, filter := range map[string]string{
			"many ors":    or,
			"many ands":   strings.ReplaceAll(or, " or ", " and "),
			"long in":     "id in ('1'" + strings.Repeat(",'1'", 1500) + ")",
			"nested":      strings.Repeat("not (", 11) + "id eq '1'" + strings.Repeat(")", 11),
			"long text":   "displayName eq '" + strings.Repeat("x", 8000) + "'",
			"long lambda": "identities/any(i:" + strings.TrimSuffix(strings.Repeat("i/issuerAssignedId eq '1' or ", 200), " or ") + ")",
		} {
			if a := w.do("GET", "/users?$filter="+url.QueryEscape(filter), nil); a.status != 200 {
				w.t.Errorf("%s: %d %.300s", name, a.status, a.raw)
			}
		}
	})
}
