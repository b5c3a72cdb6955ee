package admin

import (
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// keyOf is what stands for :key in a route's path.
func keyOf(path, other string, u models.User) string {
	if strings.Contains(path, "/identities/") {
		return identityKey(u.Identities[0])
	}
	if strings.Contains(path, "/merge/") {
		return u.ID
	}
	return other
}

func (b *bench) person(id string) models.User {
	b.Helper()
	u, err := b.shop.User(b.Context(), id)
	b.must(err)
	return u
}

// described is a bench with a custom attribute of each kind.
func described(t *testing.T) (*bench, things, map[string]string) {
	b := newBench(t)
	th := b.things()
	low := int64(1)
	ids := map[string]string{}
	for _, d := range []userflow.Definition{{Name: "Customer number", DataType: userflow.String, Pattern: `\d{6}`, Message: "Six digits, please"}, {Name: "Newsletter", DataType: userflow.Boolean}, {Name: "Visits", DataType: userflow.Int, Low: &low},
		{Name: "Born", DataType: userflow.Date}, {Name: "Colour", DataType: userflow.Choice, Options: []userflow.Option{{Text: "Dark red", Value: "red"}, {Text: "Sky blue", Value: "blue"}}}, {Name: "Mobile", DataType: userflow.Phone}} {
		made, err := b.shop.CreateDefinition(t.Context(), modelstest.Actor(), d)
		b.must(err)
		ids[d.Name] = made.ID
	}
	_, err := b.shop.Update(t.Context(), modelstest.Actor(), func(x *tenant.Tenant) error { x.Settings.UserNames.Enabled = true; return nil })
	b.must(err)
	return b, th, ids
}

func field(ids map[string]string, name string) string { return userflow.FieldName(ids[name]) }

func TestAPersonIsShownAndEditedByTheKindOfEachAttribute(t *testing.T) {
	b, th, ids := described(t)
	w := b.global()
	at := "/admin/t/shop/users/" + th.user.ID
	form := []string{"displayName", "Ada", "country", "DE", "streetAddress", "Main street 1\nFloor 2", field(ids, "Customer number"), "123456", field(ids, "Newsletter"), "false", field(ids, "Visits"), "12",
		field(ids, "Born") + ".day", "10", field(ids, "Born") + ".month", "12", field(ids, "Born") + ".year", "1815", field(ids, "Colour"), "blue", field(ids, "Mobile"), "+49 30 123456"}
	if a := w.post(at+"/edit", form...); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	u := b.person(th.user.ID)
	if u.Attributes[ids["Newsletter"]] != false || u.Attributes[ids["Visits"]] != int64(12) || u.Attributes[ids["Born"]] != "1815-12-10" || u.Attributes[ids["Colour"]] != "blue" || u.Attributes[ids["Mobile"]] != "+4930123456" || u.Country != "DE" {
		t.Errorf("%+v", u.Attributes)
	}
	w.get(at).wants(t, 200, "Customer number", "123456", "Newsletter", "No", "10 December 1815", "Sky blue", "Germany", "Floor 2")
	edit := w.get(at + "/edit")
	edit.wants(t, 200, "Customer number", "Month")
	for _, has := range []string{`value="1815"`, `value="blue" selected`, `value="false" selected`, `value="DE" selected`} {
		if !strings.Contains(edit.body, has) {
			t.Errorf("the form lacks %s", has)
		}
	}
	if a := w.post(at+"/edit", "displayName", "Ada"); a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	if u := b.person(th.user.ID); len(u.Attributes) != 0 || u.Country != "" {
		t.Errorf("not cleared: %+v %q", u.Attributes, u.Country)
	}
}

func TestBadAttributesOfAPersonAreRefusedBesideTheirField(t *testing.T) {
	b, th, ids := described(t)
	w := b.global()
	at := "/admin/t/shop/users/" + th.user.ID + "/edit"
	for name, c := range map[string]struct {
		field, value, says string
	}{
		"a pattern":    {field(ids, "Customer number"), "12345", "Six digits, please"},
		"too low":      {field(ids, "Visits"), "0", "Enter 1 or more for “Visits”"},
		"no number":    {field(ids, "Visits"), "many", "Enter a whole number for “Visits”"},
		"no option":    {field(ids, "Colour"), "green", "Choose one of the options for “Colour”"},
		"no telephone": {field(ids, "Mobile"), "call me", "country code"},
		"no such day":  {field(ids, "Born") + ".day", "40", "Enter a real date for “Born”"},
		"control code": {field(ids, "Customer number"), "1\u202E2", "Check what you entered"},
		"far too long": {"city", strings.Repeat("x", 5000), "This answer is too long"},
	} {
		a := w.post(at, "displayName", "Kept name", c.field, c.value)
		if a.status != 422 || !strings.Contains(text(a.body), c.says) || !strings.Contains(a.body, "Kept name") || !strings.Contains(a.body, "data-invalid") {
			t.Errorf("%s: %d %.700s", name, a.status, text(a.body))
		}
	}
}

func TestIdentitiesAreAddedAndRemovedButNeverTheLastWayIn(t *testing.T) {
	b, th, _ := described(t)
	other := modelstest.MustUser(t, b.shop, "taken@example.com")
	w := b.global()
	at := "/admin/t/shop/users/" + th.user.ID
	b.must(b.shop.SetPassword(t.Context(), modelstest.Actor(), th.user.ID, models.PasswordChange{Hash: "hash:x"}))
	_, err := b.shop.SetFirstFactor(t.Context(), modelstest.Actor(), th.user.ID, userflow.EmailPassword)
	b.must(err)
	add := func(kind, value string) answer {
		return w.post(at+"/identities/add", "identityKind", kind, "identityValue", value)
	}
	for name, c := range map[string]struct{ kind, value, says string }{
		"no address":      {account.SignInEmail, "nobody", "Enter an email address"},
		"nothing":         {account.SignInUserName, "", "Choose a user name"},
		"an address":      {account.SignInUserName, "a@b.example", "Leave out the @"},
		"somebody else's": {account.SignInEmail, "TAKEN@example.com", "Somebody has this address"},
		"their own":       {account.SignInEmail, "ADA@example.com", "This person has it already"},
		"mixed letters":   {account.SignInUserName, "p\u0430ypal", "one alphabet"},
		"no kind":         {"federated", "x", "Choose one of the options"},
	} {
		a := add(c.kind, c.value)
		if a.status != 422 || !strings.Contains(text(a.body), c.says) || !strings.Contains(a.body, `value="`+c.value+`"`) && c.value != "" {
			t.Errorf("%s: %d %.700s", name, a.status, text(a.body))
		}
	}
	w.get(add(account.SignInUserName, "ada.l").location).wants(t, 200, "can sign in as “ada.l” now", "User name")
	w.get(add(account.SignInEmail, "ada@work.example").location).wants(t, 200, "ada@work.example")
	remove := func(i account.Identity) answer {
		w.get(at+"/identities/"+identityKey(i)+"/remove").wants(t, 200, "can no longer sign in as “"+i.Value+"”")
		return w.post(at + "/identities/" + identityKey(i) + "/remove")
	}
	u := b.person(th.user.ID)
	if len(u.Identities) != 3 {
		t.Fatalf("%+v", u.Identities)
	}
	called := func(value string) account.Identity {
		for _, i := range b.person(th.user.ID).Identities {
			if i.Value == value {
				return i
			}
		}
		t.Fatalf("%s is gone", value)
		return account.Identity{}
	}
	w.get(remove(called("ada@example.com")).location).wants(t, 200, "“ada@example.com” is removed")
	if u = b.person(th.user.ID); u.Mail != "ada@work.example" || u.MailVerified {
		t.Errorf("mail still goes to %q", u.Mail)
	}
	remove(called("ada@work.example")) // the other address: user name and password are left
	if u = b.person(th.user.ID); len(u.Identities) != 1 || u.Identities[0].Value != "ada.l" || u.Mail != "" {
		t.Errorf("%+v %q", u.Identities, u.Mail)
	}
	if a := remove(u.Identities[0]); a.status != 422 || !strings.Contains(text(a.body), "Everybody needs at least one way to sign in") {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	w.post(at+"/first-factor", "method", "emailCode").wants(t, 422, "A code by email needs an email address")

	// somebody without a password keeps the mailbox
	ot := "/admin/t/shop/users/" + other.ID
	w.post(ot+"/identities/add", "identityKind", account.SignInUserName, "identityValue", "bob")
	o := b.person(other.ID)
	if o.Identities[0].SignInType != account.SignInEmail {
		o.Identities[0] = o.Identities[1]
	}
	if a := w.post(ot + "/identities/" + identityKey(o.Identities[0]) + "/remove"); a.status != 422 || !strings.Contains(text(a.body), "an email address must stay") {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	if a := w.post(ot + "/identities/unknown/remove"); a.status != 303 {
		t.Errorf("%d", a.status)
	}
}

func TestPeopleAreMovedToAnotherFirstFactor(t *testing.T) {
	b := newBench(t)
	th := b.things()
	for _, m := range []string{"b@example.com", "c@example.com"} {
		modelstest.MustUser(t, b.shop, m)
	}
	w := b.global()
	at := "/admin/t/shop/users/"
	before := b.person(th.user.ID).FirstFactor
	to := otherMethod(userflow.Method(before))
	w.get(at+th.user.ID+"/methods").wants(t, 200, "How this person signs in", firstFactorWord(before))
	w.get(w.post(at+th.user.ID+"/first-factor", "method", string(to)).location).wants(t, 200, "signs in with: "+strings.ToLower(firstFactorWord(string(to))))
	if u := b.person(th.user.ID); u.FirstFactor != string(to) {
		t.Errorf("%q", u.FirstFactor)
	}
	w.post(at+th.user.ID+"/first-factor", "method", "pigeon").wants(t, 422, "Choose the password or a code by email")

	w.get(at+"move").wants(t, 200, "2 people sign in so now", "1 person signs in so now")
	w.get(at+"move?to=pigeon").wants(t, 422, "Choose the password or a code by email")
	w.get(at+"move?to="+string(to)).wants(t, 200, "2 people", "Move 2 people")
	w.get(w.post(at+"move", "to", string(to)).location).wants(t, 200, "2 people moved to")
	if n, err := b.shop.PeopleByMethod(t.Context()); err != nil || n[to] != 3 {
		t.Errorf("%v %v", n, err)
	}
	if a := w.get(at + "move?to=" + string(to)); a.status != 303 {
		t.Errorf("%d: nobody is left to move", a.status)
	}
	w.get(w.post("/admin/t/workforce/users/move", "to", string(userflow.EmailCode)).location).wants(t, 200, "Administrators sign in with a password")
	w.post("/admin/t/workforce/users/"+w.userID+"/first-factor", "method", string(userflow.EmailCode)).wants(t, 422, "Administrators sign in with a password")

	reader := b.admin("reader@staff.example", b.roleID("Global Reader"), b.shop.ID)
	if a := reader.get("/admin/t/shop/users"); a.status != 200 || strings.Contains(a.body, "/users/move") {
		t.Errorf("%d: a reader is offered to move people", a.status)
	}
	if a := reader.get(at + th.user.ID); a.status != 200 || strings.Contains(a.body, "identityValue") || strings.Contains(a.body, "/first-factor") {
		t.Errorf("%d: a reader is offered to change identities", a.status)
	}
}

func TestANewPersonHasAUserNameAndAttributes(t *testing.T) {
	b, _, ids := described(t)
	w := b.global()
	const at = "/admin/t/shop/users"
	w.get(at+"/new").wants(t, 200, "User name", "Customer number", "Country or region")
	a := w.post(at, "userName", "C-1001", "displayName", "Bob", "how", "own", "password", "a long enough one", "city", "Berlin", field(ids, "Visits"), "3", field(ids, "Colour"), "red")
	if a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	u := b.person(a.location[strings.LastIndex(a.location, "/")+1:])
	if len(u.Identities) != 1 || u.Identities[0].SignInType != account.SignInUserName || u.City != "Berlin" || u.Attributes[ids["Visits"]] != int64(3) || u.Mail != "" {
		t.Errorf("%+v", u)
	}
	w.post(at, "userName", "bob2", "displayName", "Bob", "how", "none").wants(t, 422, "Without an email address the person needs a password")
	w.post(at, "displayName", "Bob", "how", "generate").wants(t, 422, "Enter")
	w.post(at, "userName", "c-1001", "displayName", "Kept", "how", "generate", field(ids, "Visits"), "77").wants(t, 422, "Somebody has this address or user name already")
	if a := w.post(at, "userName", "x@y", "displayName", "Kept", "how", "generate", field(ids, "Visits"), "none"); a.status != 422 || !strings.Contains(text(a.body), "Leave out the @") || !strings.Contains(text(a.body), "Enter a whole number for “Visits”") || !strings.Contains(a.body, `value="Kept"`) {
		t.Errorf("%d %s", a.status, text(a.body))
	}
}

func TestAPersonShowsTermsAndInvitation(t *testing.T) {
	b := newBench(t)
	th := b.things()
	w := b.global()
	x, err := b.shop.CreateTerms(t.Context(), modelstest.Actor(), userflow.Terms{Name: "Terms of sale", Language: "en", Texts: map[string]userflow.TermsText{"en": {Title: "T", Body: "B"}}})
	b.must(err)
	b.must(b.shop.Accept(t.Context(), modelstest.Actor(), th.user.ID, []userflow.Acceptance{{TermsID: x.ID, Version: 1, Locale: "de", At: b.store.Now().Add(-time.Hour)}}))
	i, _, err := b.shop.CreateInvitation(t.Context(), modelstest.Actor(), userflow.Invitation{FlowID: th.flow.ID, ClientID: th.app.ClientID, Email: "ada@example.com"}, nil)
	b.must(err)
	w.get("/admin/t/shop/users/"+th.user.ID+"/consents").wants(t, 200, "Terms agreed to", "Terms of sale", "Deutsch", "Yes")
	_, err = b.shop.SpendInvitation(t.Context(), i.ID, th.user.ID, b.store.Now())
	b.must(err)
	w.get("/admin/t/shop/users/"+th.user.ID).wants(t, 200, "Came by", "Invitation by test")
	w.get("/admin/t/shop/invitations/"+i.ID).wants(t, 200, "Accepted")
}
