package wordbook

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/language"

	"portico/app/branding"
	"portico/app/i18n"
)

func bundle(t testing.TB) *i18n.Bundle {
	t.Helper()
	b, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var custom = []Attribute{{"extension_ab12_Shoe", "Shoe size"}}

// Every text of the hosted pages has one id, every id one or more texts, and what is downloaded can be uploaded.
func TestEveryTextHasOneID(t *testing.T) {
	b := bundle(t)
	for _, tag := range append(slices.Clone(b.Tags()), language.Dutch) {
		l := b.Offer(nil, []string{"nl-NL"}, nil, "de").Match(tag.String())
		list := Texts(b, l, custom)
		ids, keys := map[string]bool{}, map[string]bool{}
		for _, x := range list {
			if ids[x.ID] {
				t.Errorf("%s: %s stands twice", tag, x.ID)
			}
			ids[x.ID] = true
			if x.Default == "" && !x.Unused {
				t.Errorf("%s: %s has no default", tag, x.ID)
			}
			if p := strange(x, x.Default); p != "" {
				t.Errorf("%s: the default of %s fills in %s", tag, x.ID, p)
			}
			for _, key := range x.keys {
				keys[key] = true
			}
		}
		for _, key := range b.CustomerKeys() {
			first, _, _ := strings.Cut(key, ".")
			if !keys[key] && !slices.Contains([]string{"account", "mail", "date", "month", "number", "openid", "signedout", "signout"}, first) && key != "terms.open" && key != "reference" && key != "attribute.userName" {
				t.Errorf("%s has no id", key)
			}
		}
		if len(list) < 400 {
			t.Errorf("%s: %d texts", tag, len(list))
		}
		texts, twice, odd, err := Read(File(list, func(x Text) (string, bool) { return x.Default, true }))
		if err != nil || len(twice)+len(odd) > 0 {
			t.Fatal(err, twice, odd)
		}
		if r := Check(list, texts); len(r.Refused) > 0 || len(r.Taken) > 0 {
			t.Errorf("%s: its own defaults are refused or differ: %v %v", tag, r.Refused, r.Taken)
		}
	}
}

// What R 2.8.3 names is there.
func TestTheVendorsIDs(t *testing.T) {
	b := bundle(t)
	var ids []string
	for _, x := range Texts(b, b.Match("en"), custom) {
		ids = append(ids, x.ID)
	}
	for _, id := range strings.Fields(`AttributeCollection_Title AttributeCollection_Description Attribute_City Attribute_Country Attribute_DisplayName Attribute_Email
		Attribute_GivenName Attribute_JobTitle Attribute_PostalCode Attribute_State Attribute_StreetAddress Attribute_Surname Attribute_Password
		Attribute_Password_MismatchErrorString Attribute_Generic_ConfirmationLabel SignIn_Title SignIn_Description SignUp_Title SignUp_Description SisuOtc_Title
		Attribute_extension_ab12_Shoe`) {
		if !slices.Contains(ids, id) {
			t.Errorf("%s is missing", id)
		}
	}
}

func TestCheck(t *testing.T) {
	b := bundle(t)
	l := b.Match("fr")
	list := Texts(b, l, custom)
	r := Check(list, map[string]string{
		"SignIn_Title": "Bienvenue chez {0}", "SignIn_Tile": "x", "SignUp_Title": "{7}", "SignUp_Description": strings.Repeat("é", 1025), "Attribute_City": "<b>Ville</b>",
		"Attribute_Generic_ConfirmationLabel": "x", "signin.button": "Entrer", "Attribute_Surname": "a\x00b", "Attribute_State": "", "code.lifetime#one": "Une",
		"Attribute_extension_ab12_Shoe": "Pointure", "Attribute_GivenName": list[slices.IndexFunc(list, func(x Text) bool { return x.ID == "Attribute_GivenName" })].Default,
	})
	if got := slices.Sorted(maps.Keys(r.Taken)); !slices.Equal(got, []string{"Attribute_City", "Attribute_extension_ab12_Shoe", "SignIn_Title", "signin.button"}) {
		t.Error(got)
	}
	why := map[string]Refused{}
	for _, x := range r.Refused {
		why[x.ID] = x
	}
	for id, want := range map[string]Refused{"SignIn_Tile": {Near: "SignIn_Title", Why: Unknown}, "SignUp_Title": {Near: "{7}", Why: Value}, "SignUp_Description": {Why: TooLong, Length: 1025},
		"Attribute_Generic_ConfirmationLabel": {Why: Unused}, "Attribute_Surname": {Why: Character}, "code.lifetime#one": {Why: Form, Near: "code.lifetime#other"}} {
		if want.ID = id; why[id] != want {
			t.Errorf("%s: %+v", id, why[id])
		}
	}
	if !slices.Equal(r.Markup, []string{"Attribute_City"}) || !slices.Equal(r.Same, []string{"Attribute_GivenName"}) {
		t.Error(r.Markup, r.Same)
	}
	said := l.Override(branding.Words(r.Taken))
	if got := said.T("signin.title", "tenant", "Fernhill"); got != "Bienvenue chez Fernhill" {
		t.Error(got)
	}
	if got := said.T("attribute.extension_ab12_Shoe"); got != "Pointure" {
		t.Error(got)
	}
}

// A language without a catalogue: its own texts, by its own plural rules, and the home language for the rest.
func TestAnAddedLanguage(t *testing.T) {
	b := bundle(t)
	l := b.Offer([]string{"de", "en"}, []string{"cs-CZ"}, nil, "de").Match("cs, en;q=0.5")
	if l.Lang() != "cs-CZ" {
		t.Fatal(l.Lang())
	}
	r := Check(Texts(b, l, nil), map[string]string{"code.lifetime_sms#one": "{count} minuta", "code.lifetime_sms#few": "{count} minuty", "code.lifetime_sms#other": "{count} minut"})
	l = l.Override(branding.Words(r.Taken))
	for n, want := range map[int]string{1: "1 minuta", 3: "3 minuty", 5: "5 minut"} {
		if got := l.T("code.lifetime_sms", "count", n); got != want {
			t.Error(got)
		}
	}
	if got := l.T("signin.button"); got != b.Match("de").T("signin.button") {
		t.Error(got)
	}
	if got := l.Countries()["DE"]; got != "Německo" {
		t.Error(got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"SignIn_Title": "x", "a": {"b": [1]}, "SignIn_Title": null}`))
	f.Add([]byte("\ufeff{}"))
	b := bundle(f)
	list := Texts(b, b.Match("en"), nil)
	f.Fuzz(func(t *testing.T, data []byte) {
		texts, _, _, err := Read(data)
		if err != nil {
			return
		}
		for id, text := range Check(list, texts).Taken {
			if len([]rune(text)) > Longest || strings.ContainsRune(text, 0) || id == "" {
				t.Errorf("%q %q", id, text)
			}
		}
	})
}
