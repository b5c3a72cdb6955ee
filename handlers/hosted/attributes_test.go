package hosted_test

import (
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"portico/app/e2e/formfill"
	"portico/app/signin"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models/modelstest"
)

// define makes one custom attribute of each kind and gives their ids.
func (s *site) define() map[string]string {
	s.t.Helper()
	low, high := int64(1), int64(99)
	ids := map[string]string{}
	for _, d := range []userflow.Definition{
		{Name: "Plan", DataType: userflow.String}, {Name: "Topics", DataType: userflow.String}, {Name: "Code", DataType: userflow.String, Pattern: "[A-Z]{2}[0-9]+", Message: "Two capital letters and a number"},
		{Name: "Rules", DataType: userflow.Boolean}, {Name: "News", DataType: userflow.Boolean}, {Name: "Age", DataType: userflow.Int, Low: &low, High: &high},
		{Name: "Date of birth", DataType: userflow.Date}, {Name: "Store", DataType: userflow.Choice, Options: []userflow.Option{{Text: "Harbour", Value: "1"}, {Text: "Old Town", Value: "2"}}},
		{Name: "Phone", DataType: userflow.Phone}, {Name: "Source", DataType: userflow.String}, {Name: "Tier", DataType: userflow.String}, {Name: "Elsewhere", DataType: userflow.String},
	} {
		ids[d.Name] = modelstest.Must(s.tenant.CreateDefinition(s.t.Context(), modelstest.Actor(), d))(s.t).ID
	}
	return ids
}

// everyKind is a page with every kind of field.
func everyKind(id map[string]string) func(*userflow.Flow) {
	options := []userflow.Option{{Text: "**Basic**", Value: "basic"}, {Text: "[Plus](https://example.com/plus)", Value: "plus"}, {Text: "Extra", Value: "extra"}}
	return func(f *userflow.Flow) {
		f.Attributes = []userflow.Attribute{{ID: "givenName", Required: true}, {ID: "email", Required: true}, {ID: "country"},
			{ID: id["Plan"], InputType: userflow.RadioSingleSelect, Options: options, Required: true, Default: "plus"},
			{ID: id["Topics"], InputType: userflow.CheckboxMultiSelect, Options: options, Required: true},
			{ID: id["Rules"], Label: "I agree to the [rules](https://example.com/rules) & *all*", Required: true}, {ID: id["News"], Default: "true"},
			{ID: id["Age"], Required: true}, {ID: id["Date of birth"], Required: true}, {ID: id["Store"], InputType: userflow.Dropdown, Required: true},
			{ID: id["Phone"], Required: true}, {ID: id["Code"]},
			{ID: id["Source"], Hidden: true, Default: "web"}, {ID: id["Tier"], ReadOnly: true, Default: "gold"}}
	}
}

// send posts the page's form with values that may repeat.
func (b *browser) send(values url.Values) *browser {
	b.s.t.Helper()
	values.Set("step", b.page.step())
	values.Set("proof", b.page.hidden("proof"))
	u, _, _ := strings.Cut(b.page.at, "?")
	b.page = b.do(b.post(u, values))
	return b
}

// upTo leads a newcomer to the flow's questions.
func (b *browser) upTo(email string) *browser {
	b.s.t.Helper()
	b.start(request{Prompt: []string{"create"}}).at(signin.SignUp).fill("email", email).at(signin.Code)
	return b.fill("code", b.s.lastCode(email)).at(signin.ChoosePassword).fill("newPassword", goodPassword)
}

var inputs = regexp.MustCompile(`<(?:input|option)[^>]*>`)

// has checks for an input with these attributes, in any order.
func (b *browser) has(parts ...string) *browser {
	b.s.t.Helper()
	for _, in := range inputs.FindAllString(b.page.body, -1) {
		all := true
		for _, p := range parts {
			all = all && strings.Contains(html.UnescapeString(in), p)
		}
		if all {
			return b
		}
	}
	b.s.t.Errorf("no input with %q", parts)
	return b
}

func TestSignUpWithEveryKindOfField(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		s.settings(neverStay)
		id := s.define()
		s.publish(everyKind(id))
		name := func(n string) string { return userflow.FieldName(id[n]) }
		b := s.browser().upTo(anna).at(signin.AskAttributes)

		// What the admin wrote is drawn with its links, escaped otherwise; defaults are filled in; what is hidden is not there.
		b.says(`<a href="https://example.com/rules" target="_blank" rel="noopener noreferrer">rules`).says("<em>all</em>").says(`<a href="https://example.com/plus"`)
		b.has(`name="`+name("Plan")+`"`, `value="plus"`, "checked").has(`name="`+name("News")+`"`, "checked").says("gold")
		if strings.Contains(b.page.body, id["Source"]) || strings.Contains(b.page.body, `name="`+name("Tier")+`"`) || strings.Contains(b.page.body, `name="email"`) {
			t.Error("the page asks for what is hidden, read-only or proven")
		}

		// Everything wrong at once: each field says so, and everything typed is there again.
		bomb := strings.Repeat("ä", 100_000)
		b.send(url.Values{"givenName": {"An\u202ena"}, "country": {"Narnia"}, name("Plan"): {"gold-plated"}, name("Age"): {"a hundred"},
			name("Date of birth") + ".day": {"30"}, name("Date of birth") + ".month": {"2"}, name("Date of birth") + ".year": {"1990"},
			name("Store"): {"3"}, name("Phone"): {"12"}, name("Code"): {"nope"}}).at(signin.AskAttributes)
		if b.page.status != 422 {
			t.Errorf("status %d", b.page.status)
		}
		for _, words := range []string{"Check what you entered for “First name”", "Choose one of the options for “Country or region”", "Choose one of the options for “Plan”", "Tick at least one box for “Topics”",
			"Tick “I agree to the rules & all” to continue", "Enter a whole number for “Age”", "Enter a real date for “Date of birth”",
			"Choose one of the options for “Store”", "Enter a phone number with its country code for “Phone”", "Two capital letters and a number"} {
			b.says(words)
		}
		b.has(`name="`+name("Date of birth")+`.day"`, `value="30"`).has(`name="`+name("Date of birth")+`.year"`, `value="1990"`).has(`name="`+name("Age")+`"`, `value="a hundred"`)
		if strings.Contains(b.page.body, `value="plus" autocomplete="off" checked`) {
			t.Error("a refused answer is replaced by the default")
		}
		b.send(url.Values{"givenName": {bomb}, name("Topics"): {"basic", "extra"}}).at(signin.AskAttributes).says("Enter at most 64 characters").says(bomb)
		b.has(`name="`+name("Topics")+`"`, `value="basic"`, "checked").has(`name="`+name("Topics")+`"`, `value="extra"`, "checked").says("Choose an answer for “Plan”")
		if strings.Contains(b.page.body, `name="`+name("News")+`" value="true" autocomplete="off" checked`) {
			t.Error("a box that was emptied is ticked again")
		}

		// All right, with fields that nobody was asked for.
		b.send(url.Values{"givenName": {" Änna 👋 "}, "country": {"DE"}, name("Plan"): {"basic"}, name("Topics"): {"extra", "basic", "basic"}, name("Rules"): {"true"},
			name("Age"): {"٤٢"}, name("Date of birth") + ".day": {"7"}, name("Date of birth") + ".month": {"3"}, name("Date of birth") + ".year": {"1990"},
			name("Store"): {"2"}, name("Phone"): {"0049 (30) 123-456"}, name("Code"): {"AB12"},
			name("Source"): {"tampered"}, name("Tier"): {"platinum"}, name("Elsewhere"): {"x"}, "attributes[extension_unknown]": {"x"}, "surname": {"x"}, "email": {"bob@example.com"}})
		g := b.signedIn()
		u := modelstest.Must(s.tenant.User(t.Context(), g.UserID))(t)
		if u.GivenName != "Änna 👋" || u.Country != "DE" || u.Surname != "" || u.Mail != anna {
			t.Errorf("account %+v", u)
		}
		want := map[string]any{id["Plan"]: "basic", id["Topics"]: "basic,extra", id["Rules"]: true, id["News"]: false, id["Age"]: "42", id["Date of birth"]: "1990-03-07",
			id["Store"]: "2", id["Phone"]: "+4930123456", id["Code"]: "AB12", id["Source"]: "web", id["Tier"]: "gold"}
		got := map[string]any{}
		for k, v := range u.Attributes {
			got[k] = v
		}
		got[id["Age"]] = sprint(got[id["Age"]])
		if !reflect.DeepEqual(got, want) {
			t.Errorf("attributes\n got %v\nwant %v", got, want)
		}
	})
}

func TestAnInvitationFillsInTheAnswers(t *testing.T) {
	s := newSite(t)
	s.settings(neverStay)
	id := s.define()
	s.publish(func(f *userflow.Flow) {
		f.Attributes = []userflow.Attribute{{ID: "givenName", Required: true, Default: "Nobody"}, {ID: id["Age"], ReadOnly: true}, {ID: id["Source"], Hidden: true, Default: "web"},
			{ID: id["Topics"], InputType: userflow.CheckboxMultiSelect, Options: []userflow.Option{{Text: "A", Value: "a"}, {Text: "B", Value: "b"}}}}
	})
	values := map[string]any{"givenName": "Anna", id["Age"]: 42, id["Source"]: "fair", id["Topics"]: "b"}
	made, _, err := s.tenant.CreateInvitation(t.Context(), modelstest.Actor(), userflow.Invitation{FlowID: s.flow.ID, ClientID: s.app.ClientID, Email: anna, Values: values}, nil)
	if err != nil {
		t.Fatal(err)
	}
	inv := &signin.Invited{ID: made.ID, Email: anna, Canonical: anna, Values: values}
	b := s.browser()
	b.start(request{Invitation: inv}).at(signin.Code).fill("code", s.lastCode(anna)).at(signin.ChoosePassword).fill("newPassword", goodPassword).at(signin.AskAttributes)
	b.has(`name="givenName"`, `value="Anna"`).says("42").has(`value="b"`, "checked")
	b.fill("givenName", "Anne", userflow.FieldName(id["Age"]), "7")
	u := modelstest.Must(s.tenant.User(t.Context(), b.signedIn().UserID))(t)
	if u.GivenName != "Anne" || sprint(u.Attributes[id["Age"]]) != "42" || u.Attributes[id["Source"]] != "fair" {
		t.Errorf("%+v", u)
	}
}

// What became required later is asked once, of whoever lacks it, at the next sign-in (F072).
func TestALaterRequiredAnswerIsAskedOnce(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, scratch modelstest.Scratch) {
		s := newSiteOn(t, scratch)
		s.settings(neverStay)
		id := s.define()
		u := s.user(anna)
		in := func() *browser {
			b := s.browser().start(request{})
			if b.page.step() == string(signin.SignIn) {
				b.fill("email", anna, "password", goodPassword)
			}
			return b
		}
		earlier := in()
		earlier.signedIn()
		s.publish(func(f *userflow.Flow) {
			f.Attributes = []userflow.Attribute{{ID: "givenName"}, {ID: id["Rules"], Required: true}, {ID: id["Age"], Required: true}, {ID: id["Source"], Required: true, Hidden: true, Default: "web"}}
		})

		earlier.start(request{Prompt: []string{"none"}}).refused("interaction_required")
		earlier.start(request{}).at(signin.AskAttributes).says("Shop needs 2 more answers").says("One more thing") // a session is asked too
		if strings.Contains(earlier.page.body, `name="givenName"`) {
			t.Error("an optional answer is asked of somebody who has an account")
		}
		earlier.fill(userflow.FieldName(id["Rules"]), "true").at(signin.AskAttributes).says("Enter an answer for “Age”")
		earlier.fill("action", "cancel").refused("access_denied")

		b := in().at(signin.AskAttributes)
		b.fill(userflow.FieldName(id["Rules"]), "true", userflow.FieldName(id["Age"]), "30", "givenName", "tampered", userflow.FieldName(id["Source"]), "tampered")
		if g := b.signedIn(); g.UserID != u.ID || g.SignUp {
			t.Errorf("%+v", g)
		}
		in().signedIn()
		earlier.start(request{Prompt: []string{"none"}}).signedIn()
		after := modelstest.Must(s.tenant.User(t.Context(), u.ID))(t)
		if after.GivenName != u.GivenName || after.Attributes[id["Rules"]] != true || sprint(after.Attributes[id["Age"]]) != "30" || after.Attributes[id["Source"]] != nil {
			t.Errorf("%q %v", after.GivenName, after.Attributes)
		}
	})
}

// sprint writes a value as people do: numbers come out of JSON as floats.
func sprint(v any) string { return strings.Join(userflow.Attribute{}.Typed(v), ",") }

// A program that fills forms by their standard tokens and answers what is marked as required gets through
// every kind of field and through terms (DESIGN §7).
func TestAGenericProgramWalksThrough(t *testing.T) {
	s := newSite(t)
	id := s.define()
	terms := modelstest.Must(s.tenant.CreateTerms(t.Context(), modelstest.Actor(), userflow.Terms{Name: "Terms", Language: "en", Texts: map[string]userflow.TermsText{"en": {Title: "Terms", Body: "x"}}}))(t)
	s.publish(everyKind(id), func(f *userflow.Flow) { f.Terms = []string{terms.ID} })
	b := s.browser()
	f := formfill.Filler{Client: b.client, Answers: formfill.Person("robin@example.com", goodPassword), Code: func() (string, error) { return s.lastCode("robin@example.com"), nil }}
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	text := modelstest.Must(json.Marshal(request{Protocol: signin.OpenID, ClientID: s.app.ClientID, ClientName: "Shop", Prompt: []string{"create"}}))(t)
	if _, err := f.Walk(b.base+"/"+s.slug+"/start?request="+url.QueryEscape(string(text)), callback); err != nil {
		t.Fatal(err, f.Titles)
	}
	g := s.issuer.last(t)
	u := modelstest.Must(s.tenant.User(t.Context(), g.UserID))(t)
	if u.Attributes[id["Date of birth"]] != "1990-05-17" || u.Attributes[id["Topics"]] != "basic" || u.Attributes[id["Rules"]] != true || !strings.HasPrefix(fmt.Sprint(u.Attributes[id["Phone"]]), "+3519") {
		t.Errorf("%v", u.Attributes)
	}
	if have := modelstest.Must(s.tenant.Acceptances(t.Context(), g.UserID))(t); len(have) != 1 {
		t.Errorf("acceptances %+v", have)
	}
}

// Answers of any length come back beside their fields; a form that no page makes gets the page once more, in the
// tenant's look and with the way on.
func TestAnswersThatAreFarTooLong(t *testing.T) {
	s := newSite(t, func(f *userflow.Flow) {
		f.Attributes = []userflow.Attribute{{ID: "givenName", Required: true}, {ID: "city"}}
	})
	s.settings(neverStay)
	b := s.browser().upTo(anna).at(signin.AskAttributes)
	bomb := strings.Repeat("🏠", 100_000)
	b.send(url.Values{"givenName": {bomb}, "city": {bomb}}).at(signin.AskAttributes).says(bomb).says("Enter at most 64 characters")
	if b.page.status != 422 {
		t.Errorf("status %d", b.page.status)
	}
	b.send(url.Values{"givenName": {strings.Repeat("x", 5<<20)}}).at(signin.AskAttributes).says("more text than we accept").says(`name="givenName"`)
	if b.page.status != 413 {
		t.Errorf("status %d", b.page.status)
	}
	b.send(url.Values{"givenName": {"Anna"}}).signedIn()
}

// A box that has to be ticked is ticked by the person: an invitation that says yes beforehand changes nothing.
func TestConsentIsNeverTickedBeforehand(t *testing.T) {
	s := newSite(t, byCode)
	s.settings(neverStay)
	id := s.define()
	s.publish(func(f *userflow.Flow) {
		f.Attributes = []userflow.Attribute{{ID: id["Rules"], Required: true}, {ID: id["News"]}}
	})
	_, link := s.invite(anna, func(i *userflow.Invitation) { i.Values = map[string]any{id["Rules"]: true, id["News"]: true} })
	b := s.browser().accepts(link).at(signin.Code).fill("code", s.lastCode(anna)).at(signin.AskAttributes)
	b.has(`name="`+userflow.FieldName(id["News"])+`"`, "checked")
	for _, in := range inputs.FindAllString(b.page.body, -1) {
		if strings.Contains(in, id["Rules"]) && strings.Contains(in, "checked") {
			t.Errorf("ticked beforehand: %s", in)
		}
	}
	b.fill(userflow.FieldName(id["News"]), "true").at(signin.AskAttributes).says("Tick “Rules” to continue")
	b.fill(userflow.FieldName(id["Rules"]), "true").arrived(callback)
}

// Whatever is wrong with a page is said at once, a user name that somebody has included.
func TestComplaintsAboutUserNamesComeWithTheOthers(t *testing.T) {
	s := newSite(t, func(f *userflow.Flow) {
		f.UserNames, f.Attributes = true, []userflow.Attribute{{ID: "givenName", Required: true}, {ID: userflow.UserName, Required: true}, {ID: "country", Required: true}}
	})
	s.settings(func(n *tenant.Settings) {
		neverStay(n)
		n.UserNames = tenant.UserNames{Enabled: true, Patterns: []string{`[a-z]{3,8}`}, Message: "Use three to eight letters"}
	})
	b := s.browser().upTo(anna).at(signin.AskAttributes)
	b.send(url.Values{userflow.UserName: {"X1"}}).at(signin.AskAttributes).says("Use three to eight letters").says("Choose an answer for “Country or region”")
	var order []int
	for _, words := range []string{"Enter an answer for “First name”", "Use three to eight letters", "Choose an answer for “Country or region”"} {
		order = append(order, strings.Index(html.UnescapeString(b.page.body), words))
	}
	if !slices.IsSorted(order) || order[0] < 0 {
		t.Errorf("complaints stand at %v", order)
	}
}
