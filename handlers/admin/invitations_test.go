package admin

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"portico/app/message"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

const invitationsAt = "/admin/t/shop/invitations"

func (b *bench) invitations() []userflow.Invitation {
	b.Helper()
	page, err := b.shop.FindInvitations(b.Context(), models.InvitationQuery{Limit: 999})
	b.must(err)
	return page.Items
}

// inviting is a bench with one application whose flow asks for something of each kind.
func inviting(t *testing.T) (*bench, things, userflow.Definition) {
	b := newBench(t)
	th := b.things()
	size, err := b.shop.CreateDefinition(t.Context(), modelstest.Actor(), userflow.Definition{Name: "Shoe size", DataType: userflow.Int})
	b.must(err)
	born, err := b.shop.CreateDefinition(t.Context(), modelstest.Actor(), userflow.Definition{Name: "Born", DataType: userflow.Date})
	b.must(err)
	_, err = b.shop.PublishFlow(t.Context(), modelstest.Actor(), th.flow.ID, func(f *userflow.Flow) error {
		f.Attributes = []userflow.Attribute{{ID: "givenName", Required: true}, {ID: size.ID}, {ID: born.ID}}
		return nil
	})
	b.must(err)
	return b, th, size
}

// mailed are the addresses that mail is queued for.
func (b *bench) mailed() string {
	b.Helper()
	items, err := b.store.ClaimOutbox(b.Context(), "test", b.store.Now(), time.Minute, 100)
	b.must(err)
	var to []string
	for _, i := range items {
		var n message.Note
		b.must(json.Unmarshal(i.Payload, &n))
		to = append(to, n.To)
		if n.Kind == message.Invite && (!strings.Contains(n.URL, "/shop/invitation/") || n.App != "Market") {
			b.Errorf("the mail says %+v", n)
		}
	}
	return strings.Join(to, " ")
}

func TestOneAddressIsInvitedResentAndRevoked(t *testing.T) {
	b, th, size := inviting(t)
	w := b.global()
	w.get(invitationsAt).wants(t, 200, "Nobody invited yet")
	w.get(invitationsAt+"/new").wants(t, 200, "Invite to “Market”", "Shoe size", "First name", "Day", "https://market.example/callback")
	form := []string{"application", th.app.ClientID, "addresses", "Ada Lovelace <ada@example.org>", "redirectUri", "https://market.example/callback", "locale", "de", "message", "We met at the fair.", "days", "3", "how", "mail",
		"givenName", "Ada", "attributes[" + size.ID + "]", "38"}
	a := w.post(invitationsAt, form...)
	if a.status != 303 {
		t.Fatalf("%d %s", a.status, text(a.body))
	}
	i := b.invitations()[0]
	if i.Email != "ada@example.org" || i.Name != "Ada Lovelace" || i.Locale != "de" || i.FlowID != th.flow.ID || i.Values["givenName"] != "Ada" || i.ExpiresAt.Sub(i.CreatedAt) != 72*time.Hour || i.SentCount != 1 || len(i.Values) != 2 {
		t.Errorf("%+v", i)
	}
	if got := b.mailed(); got != "ada@example.org" {
		t.Errorf("mailed to %q", got)
	}
	w.get(a.location).wants(t, 200, "is on its way", "Pending", "Ada Lovelace", "We met at the fair.", "Shoe size", "38", "Deutsch", "Revoke invitation")
	w.get(invitationsAt).wants(t, 200, "ada@example.org", "Pending", "Market")
	w.get(invitationsAt+"?invited=accepted").wants(t, 200, "Nothing fits these filters")
	w.get(invitationsAt+"?search=lovelace").wants(t, 200, "Nothing fits these filters")
	w.get(invitationsAt+"?search=ADA@&invited=pending").wants(t, 200, "ada@example.org")

	a = w.post(invitationsAt+"/"+i.ID+"/resend", "how", "link")
	page := w.get(a.location)
	page.wants(t, 200, "/shop/invitation/", "is ready")
	if again := w.get(a.location); strings.Contains(again.body, "/shop/invitation/") {
		t.Error("the link is shown twice")
	}
	b.clock.Advance(4 * 24 * time.Hour)
	w = b.signIn(w.userID)
	w.get(invitationsAt+"/"+i.ID).wants(t, 200, "Expired", "Mail it again")
	w.get(w.post(invitationsAt+"/"+i.ID+"/resend", "how", "mail").location).wants(t, 200, "on its way again", "Pending")
	w.get(invitationsAt+"/"+i.ID+"/revoke").wants(t, 200, "stops working at once")
	w.get(w.post(invitationsAt+"/"+i.ID+"/revoke").location).wants(t, 200, "is revoked", "Revoked")
	w.get(w.post(invitationsAt+"/"+i.ID+"/resend", "how", "mail").location).wants(t, 200, "This invitation was accepted or revoked")
}

func TestALinkIsShownOnceAndNothingIsMailed(t *testing.T) {
	b, th, _ := inviting(t)
	w := b.global()
	a := w.post(invitationsAt, "application", th.app.ClientID, "addresses", "ada@example.org", "days", "7", "how", "link")
	page := w.get(a.location)
	page.wants(t, 200, "Invitation link", "Not mailed: the link was given by hand")
	if !strings.Contains(page.body, "http://localhost:3000/shop/invitation/") || strings.Contains(w.get(a.location).body, "/shop/invitation/") {
		t.Error("the link is not shown exactly once")
	}
	if got := b.mailed(); got != "" {
		t.Errorf("mailed to %q", got)
	}
}

func TestSeveralAddressesAtOnce(t *testing.T) {
	b, th, _ := inviting(t)
	w := b.global()
	post := func(box string, more ...string) answer {
		return w.post(invitationsAt, append([]string{"application", th.app.ClientID, "addresses", box, "days", "7", "how", "mail"}, more...)...)
	}
	a := post("ada@example.org\n\n Bob <bob@example.org>\nADA@example.org\n")
	w.get(a.location).wants(t, 200, "2 invitations are on their way: ada@example.org, bob@example.org.")
	if got := len(b.invitations()); got != 2 {
		t.Errorf("%d invitations", got)
	}
	a = post("ada@example.org, carla@example.org; \"Moss, Dan\" <dan@example.org>")
	w.get(a.location).wants(t, 200, "3 invitations are on their way: ada@example.org, carla@example.org, dan@example.org. There is another pending invitation to ada@example.org.")
	for name, c := range map[string]struct {
		box  string
		more []string
		says string
	}{
		"nothing":          {" \n ", nil, "Enter at least one email address"},
		"one is wrong":     {"carl@example.org\nnot an address", nil, "“not an address”: "},
		"too many":         {manyAddresses(101), nil, "Invite at most 100 addresses at once"},
		"several links":    {"carl@example.org\ndora@example.org", []string{"how", "link"}, "A link can be shown for one address only"},
		"no days":          {"carl@example.org", []string{"days", "0"}, "from 1 to 90"},
		"too many days":    {"carl@example.org", []string{"days", "91"}, "from 1 to 90"},
		"a size in words":  {"carl@example.org", []string{"attributes[" + b.definition("Shoe size").ID + "]", "big"}, "Enter a whole number for “Shoe size”"},
		"no such day":      {"carl@example.org", []string{"attributes[" + b.definition("Born").ID + "].day", "31", "attributes[" + b.definition("Born").ID + "].month", "2", "attributes[" + b.definition("Born").ID + "].year", "2000"}, "Enter a real date for “Born”"},
		"a foreign page":   {"carl@example.org", []string{"redirectUri", "https://evil.example"}, "Choose the home page or a redirect URI"},
		"too long a word":  {"carl@example.org", []string{"message", strings.Repeat("m", 2001)}, "Use at most 2000 characters"},
		"an unknown place": {"carl@example.org", []string{"locale", "xx"}, "Choose one of the options"},
	} {
		form := map[string]string{"application": th.app.ClientID, "addresses": c.box, "days": "7", "how": "mail", "givenName": "Kept name"}
		for i := 0; i < len(c.more); i += 2 {
			form[c.more[i]] = c.more[i+1]
		}
		var pairs []string
		for k, v := range form {
			pairs = append(pairs, k, v)
		}
		a := w.post(invitationsAt, pairs...)
		if a.status != 422 || !strings.Contains(text(a.body), c.says) || !strings.Contains(a.body, "Kept name") {
			t.Errorf("%s: %d %.700s", name, a.status, text(a.body))
		}
	}
	if got := len(b.invitations()); got != 5 {
		t.Errorf("%d invitations after refusals", got)
	}
	if a := w.post(invitationsAt, "application", "no-such-app", "addresses", "x@example.org"); a.status != 303 || !strings.HasSuffix(a.location, "/new?application=") {
		t.Errorf("%d %s", a.status, a.location)
	}
}

// TestAddressesAreSplitAsMailProgramsWriteThem: at lines, commas and semicolons, but not inside a name.
func TestAddressesAreSplitAsMailProgramsWriteThem(t *testing.T) {
	for box, want := range map[string]string{
		"a@x.org\nb@x.org":                                   "a@x.org|b@x.org",
		"a@x.org, b@x.org;c@x.org,":                          "a@x.org|b@x.org|c@x.org",
		`Ada <a@x.org>; "Moss, Dan; Sr." <d@x.org>, c@x.org`: `Ada <a@x.org>|"Moss, Dan; Sr." <d@x.org>|c@x.org`,
		"Lovelace, Ada <a@x.org>, b@x.org":                   "Lovelace, Ada <a@x.org>|b@x.org",
		"nobody, b@x.org":                                    "nobody|b@x.org",
		"nobody":                                             "nobody",
		" , ;\n":                                             "",
		`"never closed, a@x.org`:                             `"never closed, a@x.org`,
	} {
		if got := strings.Join(splitAddresses(box), "|"); got != want {
			t.Errorf("%q: %q, want %q", box, got, want)
		}
	}
}

// A second invitation to an address is told of where it shows and before one of them is taken back.
func TestASecondInvitationToAnAddressIsToldOf(t *testing.T) {
	b, th, _ := inviting(t)
	w := b.global()
	invite := func(address string) string {
		a := w.post(invitationsAt, "application", th.app.ClientID, "addresses", address, "days", "7", "how", "mail")
		if a.status != 303 {
			t.Fatalf("%d %s", a.status, text(a.body))
		}
		return a.location
	}
	const says = "There is another pending invitation to this address"
	first := invite("ada@example.org")
	if a := w.get(first); strings.Contains(a.body, says) {
		t.Error("the first is said to be a second")
	}
	second := invite("ADA@example.org")
	for one, other := range map[string]string{first: second, second: first} {
		for _, page := range []string{"", "/revoke"} {
			if a := w.get(one + page); !strings.Contains(a.body, says) || !strings.Contains(a.body, `href="`+other+`"`) {
				t.Errorf("%s%s does not lead to %s (%d)", one, page, other, a.status)
			}
		}
	}
	w.get(w.post(first+"/revoke").location).wants(t, 200, "is revoked", says) // the other still works
	if a := w.get(second + "/revoke"); strings.Contains(a.body, says) {
		t.Error("a revoked one counts as pending")
	}
}

// Letters of other scripts look like Latin ones: the page shows where the mail really goes.
func TestTheDomainOfAnInvitationIsShownInPlainLetters(t *testing.T) {
	b, th, _ := inviting(t)
	w := b.global()
	for address, want := range map[string]string{"ada@\u0430pple.example": "xn--pple-43d.example", "ada@apple.example": ""} {
		a := w.get(w.post(invitationsAt, "application", th.app.ClientID, "addresses", address, "days", "7", "how", "mail").location)
		if shown := strings.Contains(a.body, "Its domain in plain letters"); a.status != 200 || shown != (want != "") || !strings.Contains(a.body, want) {
			t.Errorf("%s: %d %.600s", address, a.status, text(a.body))
		}
	}
	a := w.post(invitationsAt, "application", th.app.ClientID, "addresses", "b@\u0430pple.example\nc@apple.example", "days", "7", "how", "mail")
	w.get(a.location).wants(t, 200, "(xn--pple-43d.example), c@apple.example.")
}

func manyAddresses(n int) string {
	var out strings.Builder
	for i := range n {
		out.WriteString("a" + strconv.Itoa(i) + "@example.org\n")
	}
	return out.String()
}

func TestInvitersInviteAndReadersRead(t *testing.T) {
	b, th, _ := inviting(t)
	inviter, reader := b.admin("inviter@staff.example", b.roleID("Guest Inviter"), b.shop.ID), b.admin("reader@staff.example", b.roleID("Global Reader"), b.shop.ID)
	if a := inviter.post(invitationsAt, "application", th.app.ClientID, "addresses", "ada@example.org", "days", "7", "how", "mail"); a.status != 303 {
		t.Errorf("%d %s", a.status, text(a.body))
	}
	id := b.invitations()[0].ID
	if a := reader.get(invitationsAt + "/" + id); a.status != 200 || strings.Contains(a.body, "Revoke invitation") || strings.Contains(a.body, "Mail it again") {
		t.Errorf("%d: a reader is offered to act", a.status)
	}
	if a := reader.post(invitationsAt + "/" + id + "/revoke"); a.status != 403 {
		t.Errorf("%d", a.status)
	}
}
