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

	"github.com/a-h/templ"

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

// Kinds lists every kind, those that customers get first.
func Kinds() []Kind {
	return []Kind{Code, Link, Invitation, Existing, NewSignIn, PasswordChanged, MethodAdded, MethodRemoved, ContactChanged, ContactConfirmed, HelpGiven, CallerCode, Leaving, Returned,
		AccountsMerged, SignInReported, WaveMet, AdminInvitation, AdminRecovery, EmergencyUsed, CredentialsExpiring, TextsSpent, UsersAtRisk, RiskWeek, IncidentOpened, WebhookPaused}
}

// Letter is what is to be said. Tenant and Theme are the sender's; the rest depends on the kind.
type Letter struct {
	Kind      Kind
	Purpose   string // of a code or link; chooses the first sentence where the catalogue has one for it
	Tenant    string
	Theme     branding.Theme
	Header    string // "#rrggbb" of a bar above; "" = none
	Logo      Picture
	Night     Picture    // the logo for dark letters
	Links     []FootLink // of the foot
	Code      string
	Host      string // the page that the code is for: "@host #code" lets phones fill it in there only
	URL       string
	Minutes   int
	Count     int       // of what Message lists
	At        time.Time // in the zone to be shown
	Place     string    // measured: "Lisbon, Portugal"
	Device    string    // parsed: "Firefox 140 on Windows"
	Method    string    // totp, passkey, email, sms, recovery
	App       string    // of an invitation or a sign-in
	Message   string    // of an invitation: the administrator's own paragraph, plain text
	By        string    // the administrator who invites another, or made a link for one
	Roles     string    // what an administrator is invited to, one in a line
	Simulated bool      // nothing happened: somebody tries things out
	Until     time.Time // when an invitation's link stops working, or until when a deletion can be undone
}

// Picture is a remote picture: a letter says everything without it.
type Picture struct {
	Src           string // the whole address
	Width, Height int
}

// FootLink leads to one of the company's pages.
type FootLink struct{ Text, URL string }

// Wear puts a letter into a look in the reader's language. address gives the whole address of a stored picture.
func (m *Letter) Wear(l *i18n.Localizer, look branding.Look, address func(branding.Picture) string) {
	m.Theme, m.Header, m.Logo, m.Night, m.Links = look.Colors(), "", Picture{}, Picture{}, nil
	picture := func(slots ...branding.Slot) Picture {
		for _, slot := range slots {
			if p, ok := look.Stored[slot]; ok {
				w, h := slot.Fit(p)
				return Picture{address(p.At(2 * w)), w, h}
			}
		}
		return Picture{}
	}
	m.Logo, m.Night = picture(branding.BannerLogo, branding.SquareLogo), picture(branding.BannerLogoDark)
	if m.Logo.Src == "" || look.Stored[branding.BannerLogo].Hash == "" && m.Night.Src == "" {
		m.Night = picture(branding.SquareLogoDark)
	}
	if look.Shows() {
		m.Header = look.HeaderBackground
		if p := picture(branding.HeaderLogo); p.Src != "" && m.Header != "" {
			m.Logo, m.Night = p, Picture{}
		}
	}
	if !branding.Is(look.ShowFooter, true) {
		return
	}
	for _, k := range []struct {
		branding.Link
		key string
	}{{look.Privacy, "foot.privacy"}, {look.Terms, "foot.terms"}, {look.Support, "foot.help"}} {
		if k.URL == "" || branding.Is(k.Hidden, false) || !branding.WebAddress(k.URL) {
			continue
		}
		text := branding.Text(k.Text)
		if text == "" {
			text = l.T(k.key)
		}
		m.Links = append(m.Links, FootLink{text, k.URL})
	}
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
	if err := page(m, l, subject, body, sheetOf(m, l.Dir())).Render(i18n.With(context.Background(), l), &html); err != nil {
		return Words{}, err
	}
	return Words{Subject: subject, Text: m.plain(body), HTML: html.String()}, nil
}

// SMS puts a code into one short message, with the domain-bound last line. A notice is one sentence and the
// address where to look after it; what has no words for a short message is said by its subject.
func SMS(l *i18n.Localizer, m Letter) string {
	short := m.Tenant
	if r := []rune(short); len(r) > shortName {
		short = strings.TrimSpace(string(r[:shortName-1])) + "."
	}
	if m.Kind != Code {
		key := "mail." + string(m.Kind) + ".sms"
		if !l.Has(key) {
			key = "mail." + string(m.Kind) + ".subject"
		}
		say := func(name string) string { return l.T(key, "tenant", name, "url", m.URL) }
		return fitting(say(m.Tenant), say(short))
	}
	end := ""
	if m.Host != "" {
		end = "\n" + m.bound()
	}
	say := func(name string) string { return l.T("mail.code.subject", "tenant", name, "code", m.Code) + end }
	return fitting(say(m.Tenant), say(short))
}

// shortName is how much of a long name stands in a text that would else take two messages.
const shortName = 14

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
	for _, k := range m.Links {
		b.WriteString(k.Text + ": " + k.URL + "\n")
	}
	if m.Kind == Code && m.Host != "" {
		b.WriteString("\n" + m.bound() + "\n")
	}
	return b.String()
}

// preheader is what lists of mails show behind the subject: the first words that are not in it.
func (m Letter) preheader(body []paragraph) string {
	for _, p := range body {
		if p.Text != "" && p.URL == "" {
			return p.Text
		}
	}
	return ""
}

// filler keeps the rest of the letter out of those lists.
func filler() string { return strings.Repeat("&#847;&zwnj;&nbsp;", 60) }

func (p paragraph) lines() []string { return strings.Split(p.Own, "\n") }

// plate is the ground of a logo: none in the bar, whose colour is the company's own.
func plate(s sheet) templ.SafeCSS {
	if s.bar {
		return "display:inline-block"
	}
	return s.of("plate")
}
