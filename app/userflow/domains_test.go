package userflow

import (
	"strings"
	"testing"
	"time"

	"portico/app/fault"
)

func TestDomainsOfNewcomers(t *testing.T) {
	for _, c := range []struct {
		rules Domains
		email string
		want  string
	}{
		{Domains{}, "a@anything.example", ""},
		{Domains{Allow: []string{"corp.example"}}, "a@corp.example", ""},
		{Domains{Allow: []string{"corp.example"}}, "a@mail.corp.example", ""},
		{Domains{Allow: []string{"corp.example"}}, "a@notcorp.example", "signup.domain.refused"},
		{Domains{Allow: []string{"corp.example"}}, "a@corp.example.evil.example", "signup.domain.refused"},
		{Domains{Allow: []string{"corp.example"}, Deny: []string{"old.corp.example"}}, "a@old.corp.example", "signup.domain.refused"},
		{Domains{Allow: []string{"corp.example"}, Deny: []string{"old.corp.example"}}, "a@x.old.corp.example", "signup.domain.refused"},
		{Domains{Deny: []string{"evil.example"}}, "a@good.example", ""},
		{Domains{Deny: []string{"xn--bcher-kva.example"}}, "a@xn--bcher-kva.example", "signup.domain.refused"},
		{Domains{RefuseDisposable: true}, "a@mailinator.com", "signup.domain.disposable"},
		{Domains{RefuseDisposable: true}, "a@sub.mailinator.com", "signup.domain.disposable"},
		{Domains{}, "a@mailinator.com", ""},
		{Domains{Allow: []string{"mailinator.com"}, RefuseDisposable: true}, "a@mailinator.com", "signup.domain.disposable"},
		{Domains{RefuseDisposable: true}, "a@example.com", ""},
	} {
		if got := c.rules.Refuses(c.email); got != c.want {
			t.Errorf("%+v %s: %q", c.rules, c.email, got)
		}
	}
}

func TestCanonicalDomain(t *testing.T) {
	for in, want := range map[string]string{"Example.COM": "example.com", " @example.com ": "example.com", "Bücher.example": "xn--bcher-kva.example", "例え.テスト": "xn--r8jz45g.xn--zckzah",
		"": "", "com": "", "a..com": "", "example.com.": "", ".example.com": "", "exa mple.com": "", "a@b.com": "", "https://example.com": "", "*.example.com": "", "-a.com": "", "a_b.com": "",
		strings.Repeat("a", 64) + ".com": "", strings.Repeat("a.", 130) + "com": ""} {
		got, ok := CanonicalDomain(in)
		if ok != (want != "") || ok && got != want {
			t.Errorf("%q: %q, %v", in, got, ok)
		}
	}
}

func TestTheListOfDisposableDomainsIsInOrder(t *testing.T) {
	for _, d := range strings.Fields(disposableText) {
		if c, ok := CanonicalDomain(d); !ok || c != d {
			t.Errorf("%q is no canonical domain", d)
		}
	}
	for _, d := range []string{"gmail.com", "outlook.com", "icloud.com", "proton.me", "gmx.de", "example.com"} {
		if DisposableDomain(d) {
			t.Errorf("%s is no throw-away domain", d)
		}
	}
}

func FuzzCanonicalDomain(f *testing.F) {
	for _, s := range []string{"Example.com", "bücher.example", "a..b", "xn--a.b", "İ.com"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		once, ok := CanonicalDomain(in)
		if !ok {
			return
		}
		if twice, ok := CanonicalDomain(once); !ok || twice != once {
			t.Errorf("%q becomes %q becomes %q", in, once, twice)
		}
	})
}

func TestTermsThatCannotBeSaved(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(*Terms)
		want string
	}{
		"good terms":                  {func(*Terms) {}, ""},
		"no name":                     {func(x *Terms) { x.Name = "" }, "name flow.name.required"},
		"a name that turns around":    {func(x *Terms) { x.Name = "a\u202Eb" }, "name flow.text.invisible"},
		"a title that is not seen":    {func(x *Terms) { x.Texts["en"] = TermsText{Title: "\u200D", Body: "b"} }, "texts[en] flow.text.invisible"},
		"no text in the default":      {func(x *Terms) { x.Language = "de" }, "language terms.language.missing"},
		"no title":                    {func(x *Terms) { x.Texts["en"] = TermsText{Body: "b"} }, "texts[en] terms.title.required"},
		"neither text nor page":       {func(x *Terms) { x.Texts["en"] = TermsText{Title: "t"} }, "texts[en] terms.text.required"},
		"a page instead of a text":    {func(x *Terms) { x.Texts["en"] = TermsText{Title: "t", URL: "https://a.example/terms"} }, ""},
		"a script instead of a page":  {func(x *Terms) { x.Texts["en"] = TermsText{Title: "t", URL: "javascript:alert(1)"} }, "texts[en] terms.url"},
		"half a page":                 {func(x *Terms) { x.Texts["en"] = TermsText{Title: "t", URL: "https://"} }, "texts[en] terms.url"},
		"a book":                      {func(x *Terms) { x.Texts["en"] = TermsText{Title: "t", Body: strings.Repeat("x", 100_001)} }, "texts[en] flow.text.long"},
		"a text that turns around":    {func(x *Terms) { x.Texts["en"] = TermsText{Title: "t", Body: "a\u202Eb"} }, "texts[en] flow.text.invisible"},
		"a link to a script":          {func(x *Terms) { x.Texts["en"] = TermsText{Title: "t", Body: "# Rules\n\n- [all](javascript:alert(1))"} }, "texts[en] flow.text.link"},
		"a language that is none":     {func(x *Terms) { x.Texts["x y"] = TermsText{Title: "t", Body: "b"} }, "texts[x y] terms.language.unknown"},
		"a language in other letters": {func(x *Terms) { x.Texts["DE"] = TermsText{Title: "t", Body: "b"} }, "texts[DE] terms.language.unknown"},
		"more languages":              {func(x *Terms) { x.Texts["pt-BR"] = TermsText{Title: "t", Body: "b"} }, ""},
	} {
		x := Terms{Name: "House rules", Language: "en", Texts: map[string]TermsText{"en": {Title: "House rules", Body: "Be kind."}}}
		c.edit(&x)
		if got := strings.Join(complaints(x.Validate()), ","); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestTheTextOfTerms(t *testing.T) {
	x := Terms{Name: "House rules", Language: "en", Texts: map[string]TermsText{"en": {Title: "E"}, "de": {Title: "D"}, "pt-BR": {Title: "B"}}}
	for tag, want := range map[string]string{"en": "E en", "de-AT": "D de", "pt-BR": "B pt-BR", "pt": "E en", "": "E en", "zh-Hant-TW": "E en"} {
		if text, lang := x.Text(tag); text.Title+" "+lang != want {
			t.Errorf("%q: %s %s", tag, text.Title, lang)
		}
	}
	if text, _ := (Terms{Name: "N", Language: "en"}).Text("en"); text.Title != "N" {
		t.Errorf("%+v", text)
	}
}

func TestWhichAgreementCounts(t *testing.T) {
	for _, c := range []struct {
		since int
		have  []Acceptance
		want  bool
	}{
		{1, nil, false}, {1, []Acceptance{{TermsID: "x", Version: 1}}, true}, {2, []Acceptance{{TermsID: "x", Version: 1}}, false},
		{2, []Acceptance{{TermsID: "x", Version: 1}, {TermsID: "x", Version: 3}}, true}, {1, []Acceptance{{TermsID: "y", Version: 9}}, false}, {0, []Acceptance{{TermsID: "x"}}, false},
	} {
		if got := (Terms{ID: "x", Version: 3, Since: c.since}).Accepted(c.have); got != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

func TestStatesOfAnInvitation(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for want, i := range map[InvitationState]Invitation{
		InvitationPending:  {ExpiresAt: now.Add(1)},
		InvitationExpired:  {ExpiresAt: now},
		InvitationRevoked:  {ExpiresAt: now.Add(1), RevokedAt: now},
		InvitationAccepted: {ExpiresAt: now, AcceptedAt: now.Add(-1), RevokedAt: now},
	} {
		if got := i.State(now); got != want {
			t.Errorf("%s: %s", want, got)
		}
	}
}

// Who invites learns at once of an answer that the flow would not take.
func TestPrefilledAnswers(t *testing.T) {
	code := Definition{ID: "extension_code", Name: "Code", DataType: String, Pattern: "[A-Z]{3}", Message: "Three capitals"}
	must := Definition{ID: "extension_must", Name: "Must", DataType: Boolean}
	f := Flow{Attributes: []Attribute{{ID: "city", Label: "Town", InputType: Dropdown, Options: []Option{{"Rome", "rome"}}}, {ID: code.ID, Hidden: true, Definition: &code},
		{ID: must.ID, Required: true, Definition: &must}, {ID: "state", InputType: CheckboxMultiSelect, Options: []Option{{"A", "a"}, {"B", "b"}}}}}
	for _, c := range []struct {
		id   string
		v    any
		want any
		key  string
	}{
		{"city", "rome", "rome", ""}, {"city", "Paris", nil, "field.attribute.choice"}, {code.ID, "ABC", "ABC", ""}, {code.ID, "abc", nil, "field.attribute.pattern"},
		{must.ID, false, false, ""}, {"state", "b,a", "a,b", ""}, {"state", "c", nil, "field.attribute.choice"}, {"surname", "Lee", "Lee", ""},
		{"extension_gone", "x", nil, "invitation.attribute.unasked"}, {"email", "a@b.co", nil, "invitation.attribute.unasked"}, {UserName, "ann", nil, "invitation.attribute.unasked"},
	} {
		got, err := f.Prefilled(map[string]any{c.id: c.v})
		key := ""
		if err != nil {
			bad := fault.Of(err).Fields[0]
			if key = bad.Key; bad.Name != FieldName(c.id) {
				t.Errorf("%s: the complaint is about %s", c.id, bad.Name)
			}
		}
		if got[c.id] != c.want || key != c.key || (err == nil) != (c.key == "") {
			t.Errorf("%s = %v: %v, %q", c.id, c.v, got, key)
		}
	}
}
