package admin

import (
	"fmt"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/tenant"
	"portico/handlers"
	views "portico/views/admin"
)

func passwordHelp() views.Help {
	return views.Help{What: "Which passwords people may choose. The rules count when a password is chosen: at sign-up, after “Forgot your password?”, and when an admin sets one. Passwords that people have already stay good.",
		Do: "Ask for length rather than odd characters, and ban the words that people would use for you: your brand, your products, your town."}
}

func (p *Portal) passwordRules(c *fiber.Ctx) error {
	t, err := visitOf(c).tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	return p.passwordRulesPage(c, t.Settings, numberText(t.Settings.PasswordMinLength), nil, nil)
}

func (p *Portal) passwordRulesPage(c *fiber.Ctx, x tenant.Settings, length string, verdict *views.Verdict, problem error) error {
	v := visitOf(c)
	now, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	form := p.passwordRulesForm(v.base(), x, length, verdict)
	form.Fields = append(form.Fields, loadedFrom(c, passwordSettings(now.Settings), problem))
	if !complain(handlers.InfoOf(c).Locale, &form, problem) {
		return problem
	}
	rules := views.Section{ID: "rules", Title: "Rules", Form: &form}
	if !v.may(access.OrganizationWrite) {
		rules.Form = nil
		rules.Summary = []views.Fact{fact("Shortest password", plain(orDefault(x.PasswordMinLength, 8, "characters"))), fact("Three of four kinds of characters", plain(choose(x.PasswordThreeOfFour, "Demanded", "Not demanded"))),
			fact("Banned words", views.Cell{Kind: views.Lines, List: x.BannedWords})}
	}
	return p.settingsPart(c, "Password rules", "Which passwords people may choose.", passwordHelp(), form.Problems, rules, p.scoringSection())
}

// scoringSection explains how a password is judged (R 14.3.2), and what stands besides the tenant's own words.
func (p *Portal) scoringSection() views.Section {
	breaches := "No list is loaded. Whoever runs this installation can load one with PORTICO_BREACHED_PASSWORDS."
	if p.Judge != nil && p.Judge.KnowsBreaches() {
		breaches = "A list is loaded: passwords that are known from a breach are refused."
	}
	return views.Section{ID: "scoring", Title: "How a password is judged", Summary: []views.Fact{
		fact("Written alike", plain("Capital letters count as small ones, 0 as o, 1 as l, $ as s and @ as a.")),
		fact("Points", plain(fmt.Sprintf("Each common or banned word in it counts one point, however long it is. Every other character counts one point. %d points are enough.", factor.Enough))),
		fact("Nearly a banned word", plain("A password that is one keystroke away from a banned word counts one point in all.")),
		fact("Names", plain("It must not contain the person’s name, their address or the name of the tenant.")),
		fact("Longest password", plain(numberWords(factor.MaxPassword, "characters"))),
		fact("Common words", plain("A list of common passwords and words is always used. It cannot be switched off.")),
		fact("Known from a breach", plain(breaches))}}
}

func (p *Portal) passwordRulesForm(base string, x tenant.Settings, length string, verdict *views.Verdict) views.Form {
	f := views.Form{Action: base + "/settings/passwords", Submit: "Save rules", Main: true, Fields: []views.Field{
		{Name: "passwordMinLength", Label: "Shortest password", Hint: "From 8 to 64; 8 when it is empty. Length protects more than odd characters; 12 is a good number.", Value: length, InputMode: "numeric", Suffix: "characters", Optional: true},
		{Kind: views.Check, Name: "passwordThreeOfFour", Label: "Demand three of four: small letters, capital letters, digits, symbols", Hint: "People answer such a rule with “Password1!”. Switch it on only when somebody demands it of you.", Value: tick(x.PasswordThreeOfFour)},
		{Kind: views.TextArea, Name: "bannedWords", Label: "Banned words", Hint: "One in each line, from 4 to 64 characters, at most 1000: brands, products, places. Spelling variants need not be listed.", Value: lines(x.BannedWords), Rows: 6, Optional: true},
	}}
	if p.Judge != nil {
		f.Fields = append(f.Fields, views.Field{Name: "try.password", Label: "Password to try", Hint: "Judged by the rules above, saved or not. It is neither kept nor recorded.", Type: "password", AutoComplete: "off", Optional: true,
			Buttons: []views.Try{{Label: "Try a password", Name: "do", Value: "try"}}, Verdict: verdict})
	}
	return f
}

func (p *Portal) passwordRulesSave(c *fiber.Ctx) error {
	v, length := visitOf(c), typed(c, "passwordMinLength")
	var bad fault.Fields
	shortest := number(c, &bad, "passwordMinLength")
	words, strict := splitLines(typed(c, "bannedWords")), ticked(c, "passwordThreeOfFour")
	with := func(x tenant.Settings) tenant.Settings {
		x.PasswordMinLength, x.PasswordThreeOfFour, x.BannedWords = shortest, strict, words
		return x
	}
	shown := with(v.dir.Tenant.Settings)
	if onlyLooking(c) && p.Judge != nil {
		return p.passwordRulesPage(c, shown, length, p.passwordVerdict(handlers.InfoOf(c).Locale, shown, raw(c, "try.password"), v.dir.Tenant.Name), bad.Err())
	}
	if err := bad.Err(); err != nil {
		return p.passwordRulesPage(c, shown, length, nil, err)
	}
	_, err := v.tenant.Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error {
		if err := unchanged(c, passwordSettings(t.Settings)); err != nil {
			return err
		}
		t.Settings = with(t.Settings)
		return nil
	})
	if err != nil {
		return p.passwordRulesPage(c, shown, length, nil, err)
	}
	return p.done(c, v.base()+"/settings/passwords", "The password rules are saved.")
}

// passwordVerdict judges a password by rules that need not be saved yet.
func (p *Portal) passwordVerdict(l *i18n.Localizer, x tenant.Settings, password, tenantName string) *views.Verdict {
	if password == "" {
		return &views.Verdict{Tone: "warn", Text: "Type a password to try, then press the button again."}
	}
	score, refusal := p.Judge.Judge(tenant.Tenant{Name: tenantName, Settings: x}, password)
	points := fmt.Sprintf("It scores %s; %d are enough.", numberWords(score, "points"), factor.Enough)
	if refusal == nil {
		return &views.Verdict{Tone: "ok", Text: "This password would be taken. " + points}
	}
	e := fault.Of(refusal)
	key, args := e.Key, e.Args
	if len(e.Fields) > 0 {
		key, args = e.Fields[0].Key, e.Fields[0].Args
	}
	return &views.Verdict{Tone: "danger", Text: "This password would be refused: " + strings.TrimSuffix(l.T(key, args), ".") + ". " + points}
}
