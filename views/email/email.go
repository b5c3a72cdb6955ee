// Package email knows how letters look: plain text and simple HTML from one set of paragraphs, with the
// tenant's name and colour, in the reader's language and direction. Nothing that a stranger typed stands
// in a letter: no name, no free text, only codes and links that we made and facts that we measured; and in
// an invitation the paragraph of the administrator who sends it, as plain text.
package email

import (
	"bytes"
	"context"
	"strings"
	"time"

	"portico/app/branding"
	"portico/app/i18n"
)

// Kind is what a letter is about.
type Kind string

const (
	Code            Kind = "code"             // a one-time code
	Link            Kind = "link"             // a link that opens a page; only its form acts
	Invitation      Kind = "invitation"       // an administrator invites somebody
	Existing        Kind = "existing"         // somebody asked for an account that is there already
	NewSignIn       Kind = "new_sign_in"      // from a place or device not seen before
	PasswordChanged Kind = "password_changed" // a password was set or changed
	MethodAdded     Kind = "method_added"     // another way to confirm it's you
	MethodRemoved   Kind = "method_removed"
	// For administrators.
	EmergencyUsed       Kind = "emergency_used"
	CredentialsExpiring Kind = "credentials_expiring" // Message lists them
	AdminInvitation     Kind = "admin_invitation"
	TextsSpent          Kind = "texts_spent"    // Message says how many text messages, of how many; Purpose is most or all
	UsersAtRisk         Kind = "users_at_risk"  // Message lists them, Count says how many they are
	RiskWeek            Kind = "risk_week"      // Message says what the week brought
	WebhookPaused       Kind = "webhook_paused" // Message says which, and why it gets nothing more; Purpose is gone or failing
	AdminRecovery       Kind = "admin_recovery" // a link that lets its reader in was made
	CallerCode          Kind = "caller_code"    // the help desk asks a caller for it
	HelpGiven           Kind = "help_given"
	Leaving             Kind = "leaving"  // the account is to be deleted, and until when that can be undone
	Returned            Kind = "returned" // it is kept after all

	ContactChanged   Kind = "contact_changed"   // to an address or number that was replaced
	ContactConfirmed Kind = "contact_confirmed" // to the one that is in force now
	AccountsMerged   Kind = "accounts_merged"   // an administrator made one account of two
	SignInReported   Kind = "sign_in_reported"  // "this wasn't me"

	IncidentOpened Kind = "incident_opened" // for administrators: Message says where it comes from, Purpose its kind
	WaveMet        Kind = "wave_met"        // an attack tried, or entered, the account: Purpose says which
)

// Letter is what is to be said. Tenant and Theme are the sender's; the rest depends on the kind.
type Letter struct {
	Kind       Kind
	Purpose    string // of a code or link; chooses the first sentence where the catalogue has one for it
	Tenant     string
	Theme      branding.Theme
	BaseURL    string // for the logo
	SupportURL string
	Code       string
	Host       string // the page that the code is for: "@host #code" lets phones fill it in there only
	URL        string
	Minutes    int
	Count      int       // of what Message lists
	At         time.Time // in the zone to be shown
	Place      string    // measured: "Lisbon, Portugal"
	Device     string    // parsed: "Firefox 140 on Windows"
	Method     string    // totp, passkey, email, sms, recovery
	App        string    // of an invitation or a sign-in
	Message    string    // of an invitation: the administrator's own paragraph, plain text
	By         string    // the administrator who invites another, or made a link for one
	Roles      string    // what an administrator is invited to, one in a line
	Simulated  bool      // nothing happened: somebody tries things out
	Until      time.Time // when an invitation's link stops working, or until when a deletion can be undone
}

// Words is a letter ready to be sent.
type Words struct {
	Subject, Text, HTML string
}

// paragraph is one piece of a letter. Exactly one member is set.
type paragraph struct {
	Text string
	Code string
	URL  string // with Text as the button's words
	Fact [2]string
	Soft string
	Own  string // somebody's own words, lines kept
}

// Render puts a letter into words.
func Render(l *i18n.Localizer, m Letter) (Words, error) {
	args := map[string]any{"tenant": m.Tenant, "code": m.Code, "count": m.Minutes, "app": m.App}
	if m.Count > 0 {
		args["count"] = m.Count
	}
	if !m.Until.IsZero() {
		args["until"] = l.Date(m.Until)
	}
	subject := l.T("mail."+string(m.Kind)+".subject", args)
	body := m.paragraphs(l, args)
	if m.Simulated {
		subject = l.T("mail.simulated_subject", "subject", subject)
		body = append([]paragraph{{Soft: l.T("mail.simulated_lead", args)}}, body...)
	}
	var html bytes.Buffer
	if err := page(m, l, subject, body).Render(i18n.With(context.Background(), l), &html); err != nil {
		return Words{}, err
	}
	return Words{Subject: subject, Text: m.plain(body), HTML: html.String()}, nil
}

// SMS puts a code into one short message, with the domain-bound last line. A notice is one sentence and the
// address where to look after it; what has no words for a short message is said by its subject.
func SMS(l *i18n.Localizer, m Letter) string {
	if m.Kind != Code {
		key := "mail." + string(m.Kind) + ".sms"
		if !l.Has(key) {
			key = "mail." + string(m.Kind) + ".subject"
		}
		return l.T(key, "tenant", m.Tenant, "url", m.URL)
	}
	text := l.T("mail.code.subject", "tenant", m.Tenant, "code", m.Code)
	if m.Host != "" {
		text += "\n\n" + m.bound()
	}
	return text
}

func (m Letter) bound() string { return "@" + m.Host + " #" + m.Code }

func (m Letter) paragraphs(l *i18n.Localizer, args map[string]any) []paragraph {
	key := "mail." + string(m.Kind)
	lead := key + ".lead"
	if m.Purpose != "" && l.Has(lead+"."+m.Purpose) {
		lead += "." + m.Purpose
	}
	body := []paragraph{{Text: l.T(lead, args)}}
	switch m.Kind {
	case Code:
		body = append(body, paragraph{Code: m.Code}, paragraph{Text: l.T("mail.code.lifetime", args)}, paragraph{Soft: l.T("mail.code.ignore", args)})
	case Link:
		body = append(body, paragraph{URL: m.URL, Text: l.T("mail.link.button")}, paragraph{Text: l.T("mail.link.lifetime", args)}, paragraph{Soft: l.T("mail.link.ignore", args)})
	case Invitation:
		if own := strings.TrimSpace(strings.ReplaceAll(m.Message, "\r\n", "\n")); own != "" {
			body = append(body, paragraph{Own: own})
		}
		body = append(body, paragraph{URL: m.URL, Text: l.T("mail.invitation.button")}, paragraph{Text: l.T("mail.invitation.lifetime", args)},
			paragraph{Soft: l.T("mail.invitation.ignore", args)})
	case CallerCode:
		body = append(body, paragraph{Code: m.Code}, paragraph{Text: l.T("mail.caller_code.lifetime", args)}, paragraph{Soft: l.T(key+".ignore", args)})
	case AdminInvitation:
		if m.Roles != "" {
			body = append(body, paragraph{Own: m.Roles})
		}
		if m.By != "" {
			body = append(body, paragraph{Fact: [2]string{l.T("mail.invited_by"), m.By}})
		}
		body = append(body, paragraph{URL: m.URL, Text: l.T("mail.button.admin_invitation")}, paragraph{Text: l.T("mail.admin_invitation.lifetime", args)},
			paragraph{Soft: l.T(key+".ignore", args)})
	case CredentialsExpiring, TextsSpent, UsersAtRisk, RiskWeek, IncidentOpened, WebhookPaused:
		body = append(body, paragraph{Own: m.Message}, paragraph{URL: m.URL, Text: l.T("mail.button." + string(m.Kind))}, paragraph{Soft: l.T(key+".ignore", args)})
	default:
		for _, f := range [][2]string{{"mail.when", m.when(l)}, {"mail.where", m.Place}, {"mail.device", m.Device}, {"mail.app", m.App}, {"mail.method", m.method(l)}, {"mail.by", m.By}} {
			if f[1] != "" {
				body = append(body, paragraph{Fact: [2]string{l.T(f[0]), f[1]}})
			}
		}
		if m.URL != "" {
			body = append(body, paragraph{URL: m.URL, Text: l.T("mail.button." + string(m.Kind))})
		}
		body = append(body, paragraph{Soft: l.T(key+".ignore", args)})
	}
	return body
}

func (m Letter) when(l *i18n.Localizer) string {
	if m.At.IsZero() {
		return ""
	}
	return l.Time(m.At)
}

func (m Letter) method(l *i18n.Localizer) string {
	if m.Method == "" {
		return ""
	}
	return l.T("method." + m.Method + ".text")
}

func (m Letter) plain(body []paragraph) string {
	var b strings.Builder
	facts := false
	for i, p := range body {
		isFact := p.Fact[0] != ""
		if i > 0 && !(facts && isFact) {
			b.WriteString("\n")
		}
		facts = isFact
		switch {
		case isFact:
			b.WriteString(p.Fact[0] + ": " + p.Fact[1])
		case p.Code != "":
			b.WriteString("    " + p.Code)
		case p.URL != "":
			b.WriteString(p.Text + ":\n" + p.URL)
		default:
			b.WriteString(p.Text + p.Soft + p.Own)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n" + m.Tenant + "\n")
	if m.SupportURL != "" {
		b.WriteString(m.SupportURL + "\n")
	}
	if m.Kind == Code && m.Host != "" {
		b.WriteString("\n" + m.bound() + "\n")
	}
	return b.String()
}

// css is the letter's one style sheet: mail programs that ignore it still show the words in order. All
// values are ours or parsed numbers.
func css(t branding.Theme) string {
	fill, on, text := branding.Color{R: .145, G: .165, B: .22}, branding.Color{R: 1, G: 1, B: 1}, branding.Color{R: .145, G: .165, B: .22}
	if c, ok := branding.ParseHex(t.Color); ok {
		p := branding.Light(c)
		fill, on, text = p.Brand, p.On, p.Text
	}
	return `body{margin:0;padding:24px 12px;background:#f4f5f8;color:#1b2030;font:16px/1.5 -apple-system,"Segoe UI",Roboto,"Noto Sans",Helvetica,Arial,sans-serif}` +
		`.letter{max-width:480px;margin:0 auto;padding:32px;background:#fff;border-radius:12px}` +
		`.from{font-weight:bold;margin:0 0 20px;color:` + text.Hex() + `}h1{font-size:22px;line-height:1.3;margin:0 0 16px}p{margin:0 0 16px}` +
		`.code{font:bold 32px/1.2 Menlo,Consolas,monospace;letter-spacing:6px;padding:16px;background:#f1f2f6;border-radius:8px;text-align:center}` +
		`.button{display:inline-block;padding:12px 24px;border-radius:8px;font-weight:bold;text-decoration:none;background:` + fill.Hex() + `;color:` + on.Hex() + `}` +
		`.facts{margin:0 0 16px}.facts b{font-weight:normal;color:#5a6072}.own{white-space:pre-line;padding-inline-start:16px;border-inline-start:3px solid #d9dce4}.soft{color:#5a6072;font-size:14px}.foot{max-width:480px;margin:16px auto 0;text-align:center;color:#5a6072;font-size:13px}`
}
