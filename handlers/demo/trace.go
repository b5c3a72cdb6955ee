package demo

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/record"
	"portico/handlers"
	view "portico/views/demo"
)

// signInsByCorrelation finds the record that belongs to an application's sign-in: the finished one, else
// the newest.
func (s *Site) signInsByCorrelation(c *fiber.Ctx) error {
	list, err := s.SignIns.SignInsByCorrelation(handlers.Context(c), c.Query("correlation"))
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fault.New(fault.NotFound, "error.not_found")
	}
	best := 0
	for i, r := range list {
		if r.Kind == record.Interactive && r.Outcome.Result == record.Success {
			best = i
			break
		}
	}
	return s.showSignIn(c, list[best], list)
}

func (s *Site) signInRecord(c *fiber.Ctx) error {
	r, err := s.SignIns.SignInRecord(handlers.Context(c), c.Params("id"))
	if err != nil {
		return err
	}
	return s.showSignIn(c, r, nil)
}

func (s *Site) showSignIn(c *fiber.Ctx, r record.SignIn, all []record.SignIn) error {
	m := tell(r, handlers.InfoOf(c).Locale)
	m.Shell = s.shell(m.Headline, "portico", "")
	for _, o := range all {
		if o.ID != r.ID {
			m.Others = append(m.Others, view.Link{Label: string(o.Kind) + ": " + string(o.Outcome.Result), URL: "/dev/signins/" + o.ID, Note: o.StartedAt.UTC().Format(time.TimeOnly)})
		}
	}
	return handlers.Render(c, fiber.StatusOK, view.SignInPage(m))
}

// tell turns a record into sentences. It adds nothing that the record does not say.
func tell(r record.SignIn, words *i18n.Localizer) view.SignIn {
	who := firstOf(r.User.Name, r.Identifier, "Somebody")
	m := view.SignIn{OK: r.Outcome.Result == record.Success, Raw: asJSON(r)}
	verb := map[bool]string{true: "signed up for", false: "signed in to"}[r.SignUp]
	switch r.Outcome.Result {
	case record.Success:
		m.Headline = fmt.Sprintf("%s %s %s", who, verb, firstOf(r.App.Name, "an app"))
	case record.Interrupted:
		m.Headline = who + " has not finished yet"
	case record.Abandoned:
		m.Headline = who + " left before the end"
	default:
		m.Headline = who + " was not let in to " + firstOf(r.App.Name, "an app")
	}
	fact := func(label, value string) {
		if value != "" {
			m.Facts = append(m.Facts, view.Fact{Label: label, Value: value})
		}
	}
	fact("When", r.StartedAt.UTC().Format("2 January 2006, 15:04:05 UTC"))
	if !r.EndedAt.IsZero() && r.EndedAt.After(r.StartedAt) {
		fact("It took", r.EndedAt.Sub(r.StartedAt).Round(time.Millisecond).String())
	}
	fact("App", r.App.Name)
	flow := r.Flow.Name
	if flow != "" && r.Flow.Version > 0 {
		flow += fmt.Sprintf(", version %d", r.Flow.Version)
	}
	fact("User flow", flow)
	fact("From", place(r.Signals))
	fact("With", joined(" on ", r.Signals.Browser, r.Signals.OS))
	fact("How it was proven (amr)", strings.Join(r.AMR, ", "))
	fact("Correlation id", r.CorrelationID)

	m.Sections = append(m.Sections, view.Section{Title: "What the app asked for", Lines: asked(r.Request)})
	if len(r.Steps) > 0 {
		s := view.Section{Title: "What happened, in order"}
		for _, x := range r.Steps {
			s.Lines = append(s.Lines, view.Line{Text: x.At.UTC().Format(time.TimeOnly) + "  " + stepWords(x.Name), Note: x.Note})
		}
		m.Sections = append(m.Sections, s)
	}
	m.Sections = append(m.Sections, proofs(r, words), risk(r, words), policies(r))
	for _, call := range r.Calls {
		m.Sections = append(m.Sections, view.Section{Title: "A call to an extension", Lines: []view.Line{{
			Text: fmt.Sprintf("%s (%s) answered %d after %s", call.Name, call.Event, call.Status, call.Duration), Note: call.Error}}})
	}
	end := view.Section{Title: "The decision"}
	if len(r.Demands) > 0 {
		end.Lines = append(end.Lines, view.Line{Text: "Flow and policies together asked for: " + strings.Join(r.Demands, ", ")})
	}
	for _, n := range r.Notes {
		end.Lines = append(end.Lines, view.Line{Mark: "warn", Text: noteWords(n)})
	}
	last := view.Line{Mark: "ok", Text: "Access granted"}
	if !m.OK {
		last = view.Line{Mark: "bad", Text: "No access: " + string(r.Outcome.Result), Note: strings.TrimSpace(label(words, r.Outcome.Key, r.Outcome.Key))}
		if r.Outcome.Code != 0 {
			last.Text += fmt.Sprintf(" (%d)", r.Outcome.Code)
		}
		if r.Outcome.Step != "" {
			last.Text += " at the step " + stepWords(r.Outcome.Step)
		}
	}
	end.Lines = append(end.Lines, last)
	m.Sections = append(m.Sections, end)
	return m
}

func asked(q record.Request) []view.Line {
	var lines []view.Line
	if len(q.Scopes) > 0 {
		lines = append(lines, view.Line{Text: "The scopes " + strings.Join(q.Scopes, ", ")})
	}
	if len(q.Prompt) > 0 {
		lines = append(lines, view.Line{Text: "prompt=" + strings.Join(q.Prompt, " ")})
	}
	if q.MaxAge != nil {
		lines = append(lines, view.Line{Text: fmt.Sprintf("A proof not older than %d seconds", *q.MaxAge)})
	}
	if len(q.ACR) > 0 {
		lines = append(lines, view.Line{Text: "A sign-in as strong as " + strings.Join(q.ACR, " or ")})
	}
	if q.LoginHint {
		lines = append(lines, view.Line{Text: "It said whom it expects (login_hint)"})
	}
	if len(lines) == 0 {
		lines = []view.Line{{Text: "A sign-in, nothing special"}}
	}
	return lines
}

func proofs(r record.SignIn, words *i18n.Localizer) view.Section {
	s := view.Section{Title: "What was proven"}
	if r.Session.Reused {
		s.Lines = append(s.Lines, view.Line{Mark: "ok", Text: "The browser was signed in already (single sign-on), since " + r.Session.AuthTime.UTC().Format("2 January, 15:04 UTC")})
	}
	for _, p := range r.Proofs {
		l := view.Line{Mark: "ok", Text: methodWords(p.Method) + ": right"}
		if !p.OK {
			l = view.Line{Mark: "bad", Text: methodWords(p.Method) + ": not accepted", Note: label(words, p.Reason, p.Reason)}
		}
		if p.Count > 1 {
			l.Text += fmt.Sprintf(", %d times", p.Count)
		}
		s.Lines = append(s.Lines, l)
	}
	if len(s.Lines) == 0 {
		s.Intro = "Nothing was proven."
	}
	return s
}

func risk(r record.SignIn, words *i18n.Localizer) view.Section {
	s := view.Section{Title: "Risk", Intro: "Level: " + firstOf(r.RiskLevel, "none") + "."}
	for _, f := range r.Risk {
		s.Lines = append(s.Lines, view.Line{Mark: "warn", Text: words.Evidence(f.Key, f.Evidence), Note: f.Type + ", " + f.Level})
	}
	if len(r.Risk) == 0 {
		s.Intro += " No detection found anything."
	}
	return s
}

func policies(r record.SignIn) view.Section {
	s := view.Section{Title: "Policies"}
	for _, p := range r.Policies {
		l := view.Line{Text: p.Name + ": " + p.Result}
		var parts []string
		for _, c := range p.Conditions {
			parts = append(parts, strings.TrimSpace(c.Name+" "+string(c.Answer)+" "+c.Detail))
		}
		l.Note = strings.Join(parts, "; ")
		s.Lines = append(s.Lines, l)
	}
	if len(r.Policies) == 0 {
		s.Intro = "This tenant has no Conditional Access policies."
	}
	return s
}

func place(x record.Signals) string {
	where := joined(", ", x.City, x.Region, x.Country)
	if x.IP.IsValid() {
		where = joined(" ", x.IP.String(), where)
	}
	return where
}

// joined puts the parts that there are together.
func joined(by string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(p string) bool { return p == "" }), by)
}

// These are for developers and so in English only; the portal says the same in its reader's language.

func stepWords(name string) string {
	return wordsOf(map[string]string{
		"select": "asked which account", "identify": "asked who is there", "signIn": "asked for address and password",
		"signUp": "asked for the address of a new account", "password": "asked for the password", "code": "asked for the code that was sent",
		"newPassword": "asked for a new password", "noAccount": "said that there is no account", "blocked": "said no",
		"enrol": "asked to set up another way to confirm", "challenge": "asked for another way to confirm",
		"forgot": "asked whose password was forgotten", "resetPassword": "asked for a new password in place of the forgotten one",
		"resetDone": "said that the password was changed", "invitationOver": "said that the invitation can be used no more",
		"recovery": "showed recovery codes", "changePassword": "asked to change the password", "attributes": "asked the questions of the user flow",
		"restore": "asked whether to keep the account", "consent": "asked for consent", "stay": "asked whether to stay signed in", "issue": "gave the answer to the app",
		"expired": "said that it took too long", "refused": "sent the app an error",
	}, name)
}

func methodWords(name string) string {
	return wordsOf(map[string]string{"password": "Password", "emailCode": "Code by email", "email": "Code by email", "sms": "Code by text message",
		"totp": "Authenticator app", "passkey": "Passkey", "recovery": "Recovery code", "session": "Session"}, name)
}

func noteWords(name string) string {
	return wordsOf(map[string]string{"mfa_suppressed_by_user_flow": "A policy asked for a second factor, but the user flow has it switched off",
		"acr_unsatisfied": "The app asked for a stronger sign-in than there was", "no_usable_method": "A second factor was due and there was no way to give it",
		"account_returned": "The account, which its owner had deleted, is kept",
		"password_reset":   "A forgotten password was replaced, by a code sent to the account's address"}, name)
}

func wordsOf(known map[string]string, name string) string {
	if w, ok := known[name]; ok {
		return w
	}
	return name
}

// label is the catalogue's word, or the plain name when the catalogue has none.
func label(words *i18n.Localizer, key, name string) string {
	if words != nil && key != "" && words.Has(key) {
		return words.T(key)
	}
	return name
}
