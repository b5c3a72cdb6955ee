package admin

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/dryrun"
	"portico/app/i18n"
	"portico/app/openid"
	"portico/app/signin"
	"portico/app/userflow"
	views "portico/views/admin"
)

// What happened on the test bench, in sentences that an admin understands.

// benchWords tells one event: what the visitor did, what became true by it, and why the next thing is due.
func benchWords(l *i18n.Localizer, i int, m dryrun.Moment) views.BenchStep {
	s := views.BenchStep{Title: fmt.Sprintf("%d. %s", i+1, didWords(m.Event))}
	if m.Event != nil {
		s.Did = answers(m.Event)
	}
	for _, f := range m.Added {
		if w := factWords(f, m.Result.World.Flow); w != "" {
			s.Facts = append(s.Facts, w)
		}
	}
	if m.Grant != nil { // a sign-in that has ended keeps its proofs only
		for _, proof := range m.Trace.Proofs {
			if proof.OK && proof.At.Equal(m.At) {
				s.Facts = append(s.Facts, "Proven: "+lowerFirst(methodWord(proof.Method))+".")
			}
		}
	}
	for _, w := range m.Writes {
		s.Kept = append(s.Kept, writeWords(w))
	}
	switch step := m.Result.Step; {
	case m.Grant != nil:
		s.Mark, s.Tone = "Signed in", "ok"
		s.Why = append([]string{"Nothing is missing any more. Everything was looked at once more, and the application gets its answer."}, ruleWords(l, m)...)
	case m.Refusal != nil:
		s.Mark, s.Tone = "Back at the application with an error", "danger"
		s.Why = []string{m.Refusal.Description + " The application gets the error “" + m.Refusal.Error + "”."}
	case m.Result.Problem != nil:
		s.Mark, s.Tone = "Not accepted", "danger"
		s.Why = complaints(l, m)
	default:
		s.Why = append(dueWords(l, m), ruleWords(l, m)...)
		if step.Name == signin.Blocked || step.Name == signin.NoAccount {
			s.Mark, s.Tone = "Stopped", "danger"
		}
	}
	for _, one := range m.Trace.Policies {
		s.Policies = append(s.Policies, policyTrace(one, "", nil))
	}
	return s
}

func didWords(e *dryrun.Event) string {
	switch {
	case e == nil:
		return "The visitor comes from the application"
	case e.Again:
		return "The visitor comes from the application once more"
	case e.Wait > 0:
		return "Time passes: " + spell(e)
	}
	switch e.Action {
	case "cancel":
		return "The visitor goes back to the application"
	case "restart":
		return "The visitor starts again"
	case "signUp":
		return "The visitor wants an account"
	case "signIn":
		return "The visitor has an account"
	case "forgot":
		return "The visitor has forgotten the password"
	case "resend":
		return "The visitor asks for another code"
	case "code":
		return "The visitor asks for a code instead"
	case "skip":
		return "The visitor puts it off"
	case "back", "choose", "other", "password", "send":
		return "The visitor wants another way"
	case "accept":
		return "The visitor agrees"
	case "decline":
		return "The visitor does not agree"
	}
	switch e.Step {
	case signin.Identify, signin.SignUp:
		return "The visitor gives an address"
	case signin.SignIn:
		return "The visitor gives address and password"
	case signin.Password:
		return "The visitor gives the password"
	case signin.Code:
		return "The visitor gives the code from the mail"
	case signin.ChoosePassword, signin.ChangePassword:
		return "The visitor chooses a password"
	case signin.Enrol:
		return "The visitor sets up a second factor"
	case signin.Challenge:
		return "The visitor shows the second factor"
	case signin.Recover:
		return "The visitor keeps the recovery codes"
	case signin.AskAttributes:
		return "The visitor answers the questions"
	case signin.AskConsent:
		return "The visitor answers what the application asks for"
	case signin.AskRestore:
		return "The visitor says whether to keep the account"
	case signin.AskStay:
		return "The visitor says whether to stay signed in"
	case signin.Select:
		return "The visitor chooses an account"
	case signin.AskTerms:
		return "The visitor answers the terms"
	case signin.Forgot:
		return "The visitor says whose password is forgotten"
	}
	return "The visitor goes on"
}

func spell(e *dryrun.Event) string {
	if m := int(e.Wait.Minutes()); m < 60 {
		return numberWords(m, "minutes")
	}
	return numberWords(int(e.Wait.Hours()), "hours")
}

// answers lists what was typed, without passwords.
func answers(e *dryrun.Event) string {
	var out []string
	for name, list := range e.Values {
		switch name {
		case "password", "newPassword":
			out = append(out, "a password")
		case "step", "proof", "credential":
		default:
			out = append(out, strings.Join(list, ", "))
		}
	}
	sort.Strings(out)
	return strings.Join(nonEmpty(out...), " · ")
}

// factWords says what a fact means; "" when it is the machine's own affair.
func factWords(f dryrun.Fact, flow userflow.Flow) string {
	m, _ := f.Value.(map[string]any)
	text := func(name string) string { s, _ := m[name].(string); return s }
	switch f.Name {
	case "resumed":
		return "The session of this browser is gone on with."
	case "other":
		return "Another account than the one that is signed in."
	case "signUp":
		return "The visitor wants to sign up."
	case "identified":
		return "The visitor says to be “" + text("typed") + "”. It is compared as “" + text("canonical") + "”."
	case "codes":
		return map[string]string{signin.PurposeProve: "A code would be mailed to prove the address ", signin.PurposeSecond: "A code would be mailed as second factor to ",
			signin.PurposeEnrol: "A code would be mailed to register as second factor ", signin.PurposeReset: "A code would be mailed so that a new password may be chosen, to "}[text("purpose")] + text("to") + "."
	case "email":
		return "The visitor reads the mailbox " + text("address") + "."
	case "password":
		return "The password was right."
	case "newPassword":
		return "A password was chosen for the new account."
	case "changed":
		return "Another password was chosen."
	case "ceremonies":
		if kind := text("kind"); kind != "" {
			return "A second factor was begun: " + lowerFirst(methodWord(kind)) + "."
		}
		return "The visitor chooses the second factor again."
	case "enrolled":
		return "A second factor was registered: " + lowerFirst(methodWord(text("kind"))) + "."
	case "second":
		return "A second factor was shown: " + lowerFirst(methodWord(text("kind"))) + "."
	case "postponed":
		return "Setting up a second factor was put off."
	case "recovery":
		return "Recovery codes were made."
	case "recoverySet":
		return "The visitor says to have kept the recovery codes."
	case "attributes":
		values, _ := m["values"].(map[string]any)
		var list []string
		for id, v := range values {
			a := userflow.Attribute{ID: id}
			if i := slices.IndexFunc(flow.Attributes, func(x userflow.Attribute) bool { return x.ID == id }); i >= 0 {
				a = flow.Attributes[i]
			}
			list = append(list, fmt.Sprintf("%s: %v", attributeName(a), v))
		}
		sort.Strings(list)
		return "The questions were answered. " + strings.Join(list, " · ")
	case "terms":
		return fmt.Sprintf("The terms were agreed to, version %v, read in “%s”.", m["version"], text("locale"))
	case "reset":
		return "The visitor chose “Forgot your password?”."
	case "restored":
		return "The visitor keeps the account."
	case "consent":
		return "The visitor agreed to what the application asks for."
	case "stay":
		if yes, _ := m["yes"].(bool); yes {
			return "The visitor wants to stay signed in."
		}
		return "The visitor does not want to stay signed in."
	case "cancelled":
		return ""
	}
	return humane(f.Name) + "."
}

func writeWords(w dryrun.Write) string {
	switch w.What {
	case "account":
		return "An account for " + w.About
	case "password":
		return "The new password; all earlier sessions end"
	case "told":
		return "A message to " + w.About + " that the password was changed"
	case "credential":
		return "A second factor: " + lowerFirst(methodWord(w.About))
	case "spent":
		return "That a recovery code is used up"
	case "attributes":
		return "The answers"
	case "terms":
		return "That the terms were agreed to" + strings.TrimRight(": "+w.About, ": ")
	case "consent":
		return "That the visitor agreed to what the application asks for"
	case "session":
		return "A single sign-on session"
	case "ended":
		return "That the earlier session of this browser ended"
	case "remembered":
		return "That this device is not asked for a second factor for a while"
	case "returned":
		return "That the account is kept"
	case "assignment":
		return "That the application is for this person"
	case "invitation":
		return "That the invitation is used up"
	}
	return humane(w.What)
}

func complaints(l *i18n.Localizer, m dryrun.Moment) []string {
	e := m.Result.Problem
	var out []string
	for _, f := range e.Fields {
		if f.Args != nil && f.Args["label"] == "" {
			if id, ok := f.Args["id"].(string); ok {
				f.Args["label"] = attributeLabel(id)
			}
		}
		out = append(out, "The page says: “"+l.T(f.Key, f.Args)+"”.")
	}
	if len(out) == 0 {
		out = append(out, "The page says: “"+l.T(e.Key, e.Args)+"”.")
	}
	return append(out, "Nothing became true, so the same page is shown again.")
}

// dueWords say why the page is due.
func dueWords(l *i18n.Localizer, m dryrun.Moment) []string {
	s, w, a := m.Result.Step, m.Result.World, m.Result.Attempt
	one := func(text string) []string { return []string{text} }
	switch s.Name {
	case signin.Identify:
		return one("Nobody is known yet. The user flow knows more than a password, so the address is asked first and the proof on the page after.")
	case signin.SignIn:
		return one("Nobody is known yet. The user flow accepts passwords only, so address and password are asked on one page.")
	case signin.SignUp:
		return one("A sign-up begins with the address.")
	case signin.Select:
		return one("The application asks which account, and this browser has a session.")
	case signin.Password:
		if s.Existing {
			return one("The address is proven, but somebody has an account with it: the sign-up goes on as a sign-in.")
		}
		return one("The user flow accepts passwords. The page is the same whether anybody has this address or not.")
	case signin.Code:
		switch {
		case a.Facts.Reset != nil:
			return one("A forgotten password is replaced by whoever reads the mailbox. The page is the same whether anybody has this address or not.")
		case a.Facts.SignUp != nil || a.Request.Asks("create"):
			return one("A sign-up proves the address first.")
		}
		return one("A code by email proves the address. The page is the same whether anybody has it or not.")
	case signin.ChoosePassword:
		return one("The address is proven and nobody has it. The user flow gives new people a password.")
	case signin.NoAccount:
		return one("The address is proven, nobody has it, and sign-up is closed.")
	case signin.Blocked:
		return one(first(blockedWords(s.Reason), reasonWord(l, s.Reason)))
	case signin.Enrol:
		if s.Optional {
			return one("No second factor is demanded, but this person has none yet: setting one up is offered and may be put off.")
		}
		if w.Flow.MFA.Enforcement == userflow.MFAAlways {
			return one("The user flow always asks for a second factor, and this person has none that counts here: one has to be set up.")
		}
		return one("This person has no second factor that counts here: one has to be set up.")
	case signin.Challenge:
		if w.Flow.MFA.Enforcement == userflow.MFAAlways {
			return one("The user flow always asks for a second factor.")
		}
		return one("A second factor is demanded, by a policy or by the application.")
	case signin.Recover:
		return one("With the first authenticator app or passkey come recovery codes, shown once.")
	case signin.Forgot:
		return one("The password is forgotten: whoever reads the mailbox of the account may choose another.")
	case signin.ResetPassword:
		return one("The mailbox is theirs, so another password may be chosen.")
	case signin.ResetDone:
		return one("The password is another one. A second factor is demanded, so the visitor signs in with it now.")
	case signin.InvitationOver:
		return one("The invitation was used, taken back or has run out.")
	case signin.AskTerms:
		var names []string
		for _, x := range s.Terms {
			names = append(names, fmt.Sprintf("“%s”, version %d", x.Name, x.Version))
		}
		return one("The user flow asks to agree to terms that this person has not agreed to in a version that still counts: " + strings.Join(names, ", ") + ".")
	case signin.ChangePassword:
		if s.Person.Account.MustChangePassword {
			return one("The password was set by an admin and has to be changed.")
		}
		return one("A policy demands another password.")
	case signin.AskAttributes:
		if s.Person.Newcomer {
			return one("The user flow asks newcomers these questions.")
		}
		var names []string
		for _, f := range s.Fields {
			names = append(names, "“"+attributeName(f)+"”")
		}
		return one("The user flow demands answers that this account does not have yet: " + strings.Join(names, ", ") + ".")
	case signin.AskConsent:
		return one("The application wants the person to agree to what it asks for.")
	case signin.AskRestore:
		return one("The person has deleted this account, and its 30 days are not over: they may keep it.")
	case signin.AskStay:
		return one("After a fresh proof the person may choose to stay signed in, unless the tenant or a policy says otherwise.")
	case signin.Expired:
		return one("A sign-in may take an hour. This one took longer and begins anew.")
	case signin.Refused:
		return one("The visitor goes back to the application.")
	}
	return one(stepWord(string(s.Name)) + ".")
}

func blockedWords(reason string) string {
	switch reason {
	case "signin.blocked.account":
		return "The proof was right, but the account is disabled or deleted."
	case "signin.blocked.policy":
		return "A Conditional Access policy says no."
	case "signin.blocked.unassigned":
		return "The application is only for people who are assigned to it, and this one is not."
	case "signin.blocked.unenrolled":
		return "A second factor is demanded because of risk, and the person has registered none: whoever holds a stolen password must not register their own."
	case "signin.blocked.password":
		return "A policy demands another password, chosen after a second factor, and this person cannot choose one here."
	case "signin.blocked.registration":
		return "A second factor has to be registered, and the policies about registering security information do not allow it here."
	case "signin.blocked.passkey_elsewhere":
		return "A second factor is demanded, and all that this person has is a passkey that works at another host."
	case "signin.blocked.mfa":
		return "A second factor is demanded, and there is no way for this person to give one."
	}
	return ""
}

// ruleWords say what risk and policy said, once they were asked.
func ruleWords(l *i18n.Localizer, m dryrun.Moment) []string {
	if m.Grant == nil && !m.Result.Step.Person.Proven {
		return []string{"Risk and Conditional Access have not been asked yet: they speak once it is proven who is there."}
	}
	r := m.Trace
	out := []string{"Risk: " + first(r.RiskLevel, "none") + "."}
	for _, f := range r.Risk {
		out = append(out, "Risk detection found: "+reasonWord(l, f.Key))
	}
	if len(r.Policies) == 0 {
		out = append(out, "There is no Conditional Access policy.")
	}
	var applied []string
	for _, p := range r.Policies {
		if !slices.Contains([]string{"notApplied", "reportOnlyNotApplied", "notEnabled"}, p.Result) {
			applied = append(applied, "“"+p.Name+"”")
		}
	}
	if n := len(r.Policies); n > 0 {
		words := "none applied"
		if len(applied) > 0 {
			words = "applied: " + strings.Join(applied, ", ")
		}
		out = append(out, fmt.Sprintf("Conditional Access: %s asked, %s.", numberWords(n, "policies"), words))
	}
	for _, d := range r.Demands {
		out = append(out, demandWord(d)+".")
	}
	for _, n := range r.Notes {
		out = append(out, noteWord(n)+".")
	}
	return out
}

// benchOver is where the walk led: what the application would get.
func (p *Portal) benchOver(c *fiber.Ctx, v *visit, m dryrun.Moment, tale dryrun.Tale) (views.BenchEnd, error) {
	if m.Refusal != nil {
		return views.BenchEnd{Tone: "warn", Title: "The visitor is back at the application, not signed in", Lines: []string{
			"The application gets the error “" + m.Refusal.Error + "”.", m.Refusal.Description}}, nil
	}
	end := views.BenchEnd{Tone: "ok", Title: "The visitor is signed in", Lines: []string{first(tale.Person.DisplayName, tale.Person.Mail) + " is back at the application. No code and no token was made."}}
	client := v.dir.Clients[m.Grant.Request.ClientID]
	if client == nil || p.Tokens == nil {
		end.Lines = append(end.Lines, "Begin the walk with an application to see what its tokens would say.")
		return end, nil
	}
	would, err := p.Tokens.Preview(c.UserContext(), openid.NewRealm(p.BaseURL, v.dir.Tenant, v.dir.Clients), client, pretendUser(tale.Person), tale.Now)
	if err != nil {
		return end, err
	}
	for _, token := range []struct {
		label  string
		claims map[string]any
	}{{"What the ID token would say", would.IDToken}, {"What the access token for the application's own API would say", would.AccessToken}} {
		if len(token.claims) == 0 {
			continue
		}
		token.claims["amr"], token.claims["acr"], token.claims["auth_time"] = m.Grant.AMR, m.Grant.ACR, m.Grant.AuthTime.Unix()
		text, err := json.MarshalIndent(token.claims, "", "  ")
		if err != nil {
			return end, err
		}
		end.Claims = append(end.Claims, views.BenchClaims{Label: token.label, JSON: string(text)})
	}
	return end, nil
}

// pretendUser is a pretend customer as tokens speak of people.
func pretendUser(a account.Account) openid.User {
	u := openid.User{ID: a.ID, Enabled: true, PreferredUsername: a.Mail, Name: a.DisplayName, GivenName: a.GivenName, FamilyName: a.Surname, Email: a.Mail, EmailVerified: a.MailVerified,
		Street: a.Profile["streetAddress"], City: a.Profile["city"], Region: a.Profile["state"], PostalCode: a.Profile["postalCode"], Country: a.Profile["country"],
		JobTitle: a.Profile["jobTitle"], Locale: a.PreferredLanguage, CreatedAt: a.CreatedAt, UpdatedAt: a.CreatedAt}
	for _, i := range a.Identities {
		if i.SignInType == account.SignInUserName {
			u.UserName = i.Value
		}
	}
	u.PreferredUsername = first(u.PreferredUsername, u.UserName)
	if b, err := json.Marshal(a.Attributes); err == nil && len(a.Attributes) > 0 {
		u.Attributes = b
	}
	return u
}
