package email

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/views/ui/check"
)

var key = regexp.MustCompile(`mail\.[a-z_]`)

func sample(kind Kind) Letter {
	return Letter{Kind: kind, Tenant: "Fernhill Group", Theme: branding.Theme{Color: "#0b6e4f"}, BaseURL: "https://login.fernhill.example", SupportURL: "https://fernhill.example/help",
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
		for _, kind := range []Kind{Code, Link, Invitation, Existing, NewSignIn, PasswordChanged, MethodAdded, MethodRemoved, EmergencyUsed, CredentialsExpiring, TextsSpent, UsersAtRisk, RiskWeek, AdminInvitation, AdminRecovery, CallerCode, HelpGiven, Leaving, Returned, ContactChanged, ContactConfirmed, AccountsMerged, SignInReported, IncidentOpened, WaveMet, WebhookPaused} {
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
			if !strings.Contains(w.HTML, `lang="`+l.Lang()+`" dir="`+l.Dir()+`"`) {
				t.Errorf("%s %s: no language or direction", tag, kind)
			}
			for _, p := range check.Fragment(strings.NewReader(w.HTML)) {
				t.Errorf("%s %s: %s", tag, kind, p)
			}
			if _, err := html.Parse(strings.NewReader(w.HTML)); err != nil {
				t.Error(err)
			}
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
		"If you did not ask for it, you can ignore this mail. Nobody at Fernhill Group will ever ask you for a code.\n\nFernhill Group\nhttps://fernhill.example/help\n\n@login.fernhill.example #042317\n"
	if w.Text != want {
		t.Errorf("got\n%s\nwant\n%s", w.Text, want)
	}
	if w.Subject != "042317 is your code for Fernhill Group" || !strings.Contains(w.HTML, `<p class="code" dir="ltr">042317</p>`) {
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
	if strings.Contains(w.HTML, "<script>") || strings.Contains(w.HTML, "display:none") {
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
