package email

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/views/ui/check"
)

var key = regexp.MustCompile(`mail\.[a-z_]`)

func sample(kind Kind) Letter {
	return Letter{Kind: kind, Tenant: "Fernhill Group", Theme: branding.Theme{Color: "#0b6e4f"}, Links: []FootLink{{"Help", "https://fernhill.example/help"}},
		Logo: Picture{"https://login.fernhill.example/f/branding/a.png", 245, 36}, Night: Picture{"https://login.fernhill.example/f/branding/b.png", 245, 36},
		Code: "042317", Host: "login.fernhill.example", URL: "https://login.fernhill.example/x?token=abc", Minutes: 10, At: time.Date(2026, 11, 21, 9, 5, 0, 0, time.UTC),
		Place: "Lisbon, Portugal", Device: "Firefox 140 on Windows", Method: "totp", App: "Fernhill Market", Message: "Welcome aboard.\nSee <b>you</b> there!", Until: time.Date(2026, 11, 28, 9, 5, 0, 0, time.UTC)}
}

func TestEveryLetterInEveryLanguage(t *testing.T) {
	b, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range b.Tags() {
		l := b.Match(tag.String())
		for _, kind := range Kinds() {
			w, err := Render(l, sample(kind))
			if err != nil {
				t.Fatal(err)
			}
			for name, text := range map[string]string{"subject": w.Subject, "text": w.Text, "html": w.HTML} {
				if key.MatchString(text) || strings.Contains(text, "{") && name != "html" || text == "" {
					t.Errorf("%s %s: %s is not in words: %s", tag, kind, name, text)
				}
			}
			if strings.ContainsAny(w.Subject, "\r\n") || !strings.Contains(w.Text, "Fernhill Group") {
				t.Errorf("%s %s: %q", tag, kind, w.Subject)
			}
			if !strings.Contains(w.HTML, `lang="`+l.Spoken()+`" dir="`+l.Dir()+`"`) {
				t.Errorf("%s %s: no language or direction", tag, kind)
			}
			for _, p := range check.Fragment(strings.NewReader(w.HTML)) {
				if !strings.Contains(p, "style attribute") && p != "table without caption" { // many mail programs know no other way to lay out
					t.Errorf("%s %s: %s", tag, kind, p)
				}
			}
			if len(w.HTML) > 100<<10 { // Gmail cuts there
				t.Errorf("%s %s: %d bytes", tag, kind, len(w.HTML))
			}
			sameWords(t, tag.String()+" "+string(kind), l.T("mail."+string(kind)+".title"), w)
		}
	}
}

func TestACodeLetter(t *testing.T) {
	b, _ := i18n.Load()
	w, err := Render(b.Match("en"), sample(Code))
	if err != nil {
		t.Fatal(err)
	}
	want := "Use this code to continue at Fernhill Group.\n\n    042317\n\nIt works for 10 minutes, on the page where you asked for it.\n\n" +
		"If you did not ask for it, you can ignore this mail. Nobody at Fernhill Group will ever ask you for a code.\n\nFernhill Group\nHelp: https://fernhill.example/help\n\n@login.fernhill.example #042317\n"
	if w.Text != want {
		t.Errorf("got\n%s\nwant\n%s", w.Text, want)
	}
	if w.Subject != "042317 is your code for Fernhill Group" || !strings.Contains(w.HTML, `<p class="code" dir="ltr" style=`) {
		t.Errorf("%s\n%s", w.Subject, w.HTML)
	}
	second := sample(Code)
	second.Purpose = "second"
	if w, _ := Render(b.Match("en"), second); !strings.HasPrefix(w.Text, "Use this code to confirm it’s you") {
		t.Error(w.Text)
	}
	strange := sample(Code)
	strange.Purpose = "no such purpose"
	if w, _ := Render(b.Match("en"), strange); !strings.HasPrefix(w.Text, "Use this code to continue") {
		t.Error(w.Text)
	}
	if sms := SMS(b.Match("en"), sample(Code)); !strings.HasSuffix(sms, "\n@login.fernhill.example #042317") {
		t.Error(sms)
	}
}

// A tenant's name and colour are its admin's words: they stay text.
func TestATenantCannotWriteMarkup(t *testing.T) {
	b, _ := i18n.Load()
	m := sample(Existing)
	m.Tenant, m.Theme.Color = `<script>alert(1)</script>`, `red}body{display:none`
	w, err := Render(b.Match("en"), m)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(w.HTML, "<script>") || strings.Contains(w.HTML, "red}body") {
		t.Error(w.HTML)
	}
}

func TestAnInvitationsOwnParagraphIsPlainText(t *testing.T) {
	b, _ := i18n.Load()
	w, err := Render(b.Match("en"), sample(Invitation))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.Text, "See <b>you</b> there!") || strings.Contains(w.HTML, "<b>you</b>") || !strings.Contains(w.HTML, "&lt;b&gt;you") {
		t.Errorf("%s\n%s", w.Text, w.HTML)
	}
	for _, want := range []string{"Fernhill Group invites you to Fernhill Market", "28 November 2026"} {
		if !strings.Contains(w.Text, want) {
			t.Errorf("no %q in %s", want, w.Text)
		}
	}
}

// TestNoticesAboutWaysIn: each says what happened, about which way, and where to look after it.
func TestNoticesAboutWaysIn(t *testing.T) {
	b, _ := i18n.Load()
	for _, tag := range b.Tags() {
		l := b.Match(tag.String())
		leads := map[string]string{}
		for _, purpose := range []string{"email", "email_added", "removed", "phone", "phone_added"} {
			m := sample(ContactChanged)
			m.Purpose, m.Method = purpose, ""
			w, err := Render(l, m)
			if err != nil {
				t.Fatal(err)
			}
			lead, _, _ := strings.Cut(w.Text, "\n")
			if other := leads[lead]; other != "" {
				t.Errorf("%s: %s says what %s says", tag, purpose, other)
			}
			leads[lead] = purpose
			if !strings.Contains(w.Text, m.URL) {
				t.Errorf("%s %s: no way to the account pages", tag, purpose)
			}
		}
		for _, method := range []string{"password", "totp", "passkey", "recovery", "email", "sms", "emailAddress", "userName", "federated"} {
			for _, kind := range []Kind{MethodAdded, MethodRemoved} {
				m := sample(kind)
				m.Method = method
				w, err := Render(l, m)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.Contains(w.Text, ": "+l.T("method."+method+".text")+"\n") || strings.Contains(w.Text, "method.") {
					t.Errorf("%s %s: does not name the way %s: %s", tag, kind, method, w.Text)
				}
			}
		}
		if text := SMS(l, sample(ContactChanged)); !strings.Contains(text, "https://login.fernhill.example") || strings.Contains(text, "042317") {
			t.Errorf("%s: %s", tag, text)
		}
		if text := SMS(l, sample(ContactConfirmed)); strings.Contains(text, "mail.") || strings.Contains(text, "{") {
			t.Errorf("%s: %s", tag, text)
		}
		for _, purpose := range []string{"change", "change_taken"} {
			m := sample(Code)
			m.Purpose = purpose
			if w, _ := Render(l, m); !strings.Contains(w.Text, "042317") || strings.HasPrefix(w.Text, l.T("mail.code.lead", "tenant", m.Tenant)) {
				t.Errorf("%s: a code to %s has no words of its own", tag, purpose)
			}
		}
	}
}

// words are the letters and digits that a reader of the HTML sees, and where its links lead.
func words(t *testing.T, page string) (seen string, links []string) {
	t.Helper()
	open := []string{}
	z := html.NewTokenizer(strings.NewReader(page))
	hidden := 0
	for {
		switch z.Next() {
		case html.ErrorToken:
			if len(open) > 0 {
				t.Errorf("left open: %v", open)
			}
			return seen, links
		case html.StartTagToken:
			k := z.Token()
			if k.DataAtom == atom.Meta || k.DataAtom == atom.Br || k.DataAtom == atom.Img {
				continue
			}
			open = append(open, k.Data)
			for _, a := range k.Attr {
				if a.Key == "href" {
					links = append(links, a.Val)
				}
				if a.Key == "class" && a.Val == "pre" {
					hidden = len(open)
				}
			}
			if k.DataAtom == atom.Style || k.DataAtom == atom.Title {
				hidden = len(open)
			}
		case html.EndTagToken:
			k := z.Token()
			if len(open) == 0 || open[len(open)-1] != k.Data {
				t.Errorf("</%s> closes %v", k.Data, open)
				return seen, links
			}
			if hidden == len(open) {
				hidden = 0
			}
			open = open[:len(open)-1]
		case html.TextToken:
			if hidden == 0 {
				seen += string(z.Token().Data) + " "
			}
		}
	}
}

func bare(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) }), " ")
}

// sameWords: who reads the plain text reads what the others read.
func sameWords(t *testing.T, name, title string, w Words) {
	t.Helper()
	seen, links := words(t, w.HTML)
	seen = strings.Replace(bare(seen), bare(title)+" ", "", 1)
	text, _, _ := strings.Cut(w.Text, "\n\n@login.") // for telephones
	for _, k := range links {
		if !strings.Contains(text, k) {
			t.Errorf("%s: the text lacks %s", name, k)
		}
		text = strings.Replace(text, k, "", 1)
	}
	text = bare(text)
	a, b := strings.Fields(seen), strings.Fields(text)
	slices.Sort(a) // the foot has its own order
	slices.Sort(b)
	if !slices.Equal(a, b) {
		t.Errorf("%s: two letters:\n%s\n%s", name, seen, text)
	}
}

// TestColorsOfLetters: whatever colour a company has, its letters are read, in light and dark.
func TestColorsOfLetters(t *testing.T) {
	list := []string{""}
	steps := []string{"00", "33", "80", "cc", "ff"}
	for _, r := range steps {
		for _, g := range steps {
			for _, b := range steps {
				list = append(list, "#"+r+g+b)
			}
		}
	}
	for _, c := range list {
		s := sheetOf(Letter{Theme: branding.Theme{Color: c, Background: c}, Header: c}, "ltr")
		for name, x := range map[string]colors{"light": s.light, "dark": s.dark} {
			for pair, p := range map[string]struct {
				fore, back branding.Color
				least      float64
			}{"ink": {x.Ink, x.Card, 7}, "soft": {x.Soft, x.Card, 4.5}, "name": {x.Text, x.Card, 4.5}, "button": {x.On, x.Fill, 4.5}, "its edge": {x.Edge, x.Card, 3}, "code": {x.Ink, x.Panel, 7}, "foot": {x.PageInk, x.Page, 4.5}} {
				if got := branding.Contrast(p.fore, p.back); got < p.least {
					t.Errorf("%s %s %s: %.2f", c, name, pair, got)
				}
			}
		}
		if s.bar && branding.Contrast(s.name, s.head) < 4.5 {
			t.Errorf("%s: the name in the bar", c)
		}
	}
}

// TestALetterWearsTheLook: the logo by its whole address with its measures, the company's links in its words, and
// nothing that the look hides.
func TestALetterWearsTheLook(t *testing.T) {
	b, _ := i18n.Load()
	l := b.Match("de")
	hide := true
	look := branding.Look{Stored: map[branding.Slot]branding.Picture{branding.BannerLogo: {Hash: "aa", Width: 980, Height: 144, Smaller: []branding.Picture{{Hash: "bb", Width: 490, Height: 72}}}}}
	look.Color = "#0b6e4f"
	look.Privacy, look.Terms, look.Support = branding.Link{URL: "https://fernhill.example/p", Text: "Wie wir mit Daten umgehen"}, branding.Link{URL: "https://fernhill.example/t", Hidden: &hide}, branding.Link{URL: "https://fernhill.example/h"}
	m := Letter{Kind: Code, Tenant: "Fernhill", Code: "042317"}
	m.Wear(l, look, func(p branding.Picture) string { return "https://login.fernhill.example/f/branding/" + p.Hash + ".png" })
	w, err := Render(l, m)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`src="https://login.fernhill.example/f/branding/bb.png" alt="Fernhill" width="245" height="36"`, "Wie wir mit Daten umgehen</a>", ">Hilfe</a>", `dir="ltr"`, "prefers-color-scheme:dark", "#0b6e4f"} {
		if !strings.Contains(w.HTML, want) {
			t.Errorf("no %s in %s", want, w.HTML)
		}
	}
	if strings.Contains(w.HTML+w.Text, "example/t") || !strings.Contains(w.Text, "Hilfe: https://fernhill.example/h\n") {
		t.Error(w.Text)
	}
	for _, never := range []string{"<link", "<script", "@import", "url("} {
		if strings.Contains(w.HTML, never) {
			t.Errorf("%s in a letter", never)
		}
	}
}
