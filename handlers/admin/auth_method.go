package admin

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers"
	views "portico/views/admin"
)

// authMethod is the form of one method.
func (p *Portal) authMethod(m policyMethod) fiber.Handler {
	return func(c *fiber.Ctx) error {
		t, err := visitOf(c).tenant.Get(c.UserContext())
		if err != nil {
			return err
		}
		return p.authMethodPage(c, m, t.Settings.Methods, nil)
	}
}

func (p *Portal) authMethodPage(c *fiber.Ctx, m policyMethod, x tenant.MethodsPolicy, problem error) error {
	v, ctx := visitOf(c), c.UserContext()
	now, err := v.tenant.Get(ctx)
	if err != nil {
		return err
	}
	names, err := v.groupNames(ctx, x.Groups())
	if err != nil {
		return err
	}
	f := views.Form{Action: v.base() + "/authentication-methods/" + m.name, Submit: "Save", Cancel: v.base() + "/authentication-methods", Note: m.good}
	f.Fields = append(ruleFields(m, *m.rule(&x), names), methodFields(m.name, x)...)
	if problem != nil {
		keepTyped(c, &f)
		for i := range f.Fields { // an unticked box is no value
			if f.Fields[i].Kind == views.Check {
				f.Fields[i].Value = tick(ticked(c, f.Fields[i].Name))
			}
		}
	}
	f.Fields = append(f.Fields, loadedFrom(c, now.Settings.Methods, problem))
	if !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, m.label, "", authMethodsHelp(), views.Link{Label: "Authentication methods", Href: v.base() + "/authentication-methods"})
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func ruleFields(m policyMethod, r tenant.MethodRule, names map[string]string) []views.Field {
	called := func(ids []string) string {
		var out []string
		for _, id := range ids {
			out = append(out, names[id])
		}
		return lines(out)
	}
	off := "Nobody is asked for it or offered it. Whoever has nothing else sets up another method at the next sign-in that asks for one: until then the first factor alone lets them do that."
	if m.name == "recovery" {
		off = "No codes are handed out, and none are taken, also not those that people have kept."
	}
	return []views.Field{
		{Kind: views.Radios, Name: "methods", Label: "State", Value: choose(r.Off, "off", "on"), Options: []views.Option{{Value: "on", Label: "On"}, {Value: "off", Label: "Off", Hint: off}}},
		{Kind: views.TextArea, Name: m.name + ".groups", Label: "Only for these groups", Hint: "One in each line, by name or object ID; groups inside them count. Empty: for everybody.", Value: called(r.Include), Rows: 3, Optional: true},
		{Kind: views.TextArea, Name: m.name + ".except", Label: "Never for these groups", Hint: "This list wins over the one above.", Value: called(r.Exclude), Rows: 3, Optional: true},
	}
}

// methodFields are what only one method has.
func methodFields(name string, x tenant.MethodsPolicy) []views.Field {
	switch name {
	case "sms":
		return []views.Field{{Name: "sms.dailyLimit", Label: "Text messages in a day at most", Hint: "Default 5,000. When they are used up, people are asked to confirm another way until midnight UTC.", Value: numberText(x.SMS.DailyLimit), InputMode: "numeric", Suffix: "messages", Optional: true}}
	case "fido2":
		return []views.Field{
			{Kind: views.Check, Name: "fido2.selfService", Label: "People may set up passkeys by themselves", Hint: "At sign-in and on their account pages.", Value: tick(!x.Passkey.SelfServiceOff)},
			{Kind: views.Check, Name: "fido2.attested", Label: "Only models that prove what they are", Hint: "Attestation. Passkeys that are synced between devices have none: for customers leave this off.", Value: tick(x.Passkey.Attested)},
			{Kind: views.TextArea, Name: "fido2.allowed", Label: "Only these models", Hint: "AAGUIDs, one in each line. Empty: any model.", Value: lines(x.Passkey.Allowed), Rows: 4, Code: true, Optional: true},
			{Kind: views.TextArea, Name: "fido2.blocked", Label: "Never these models", Hint: "AAGUIDs, one in each line. A passkey of such a model is no longer taken, also where it is set up already.", Value: lines(x.Passkey.Blocked), Rows: 4, Code: true, Optional: true},
		}
	}
	return nil
}

func (p *Portal) authMethodSave(m policyMethod) fiber.Handler {
	return func(c *fiber.Ctx) error { return p.saveAuthMethod(c, m) }
}

func (p *Portal) saveAuthMethod(c *fiber.Ctx, m policyMethod) error {
	v, ctx := visitOf(c), c.UserContext()
	var bad fault.Fields
	rule := tenant.MethodRule{Off: typed(c, "methods") == "off"}
	for field, to := range map[string]*[]string{m.name + ".groups": &rule.Include, m.name + ".except": &rule.Exclude} {
		ids, err := v.groupsNamed(ctx, splitLines(typed(c, field)), field)
		if e := fault.Of(err); err != nil && len(e.Fields) > 0 {
			bad = append(bad, e.Fields...)
		} else if err != nil {
			return err
		}
		*to = ids
	}
	daily := 0
	if m.name == "sms" {
		daily = number(c, &bad, "sms.dailyLimit")
	}
	with := func(x tenant.MethodsPolicy) tenant.MethodsPolicy {
		*m.rule(&x) = rule
		switch m.name {
		case "sms":
			x.SMS.DailyLimit = daily
		case "fido2":
			x.Passkey.SelfServiceOff, x.Passkey.Attested = !ticked(c, "fido2.selfService"), ticked(c, "fido2.attested")
			x.Passkey.Allowed, x.Passkey.Blocked = splitLines(strings.ToLower(typed(c, "fido2.allowed"))), splitLines(strings.ToLower(typed(c, "fido2.blocked")))
		}
		return x
	}
	err := bad.Err()
	if err == nil {
		_, err = v.tenant.Update(ctx, v.actor(c), func(t *tenant.Tenant) error {
			if err := unchanged(c, t.Settings.Methods); err != nil {
				return err
			}
			t.Settings.Methods = with(t.Settings.Methods)
			return nil
		})
	}
	if err != nil {
		return p.authMethodPage(c, m, with(v.dir.Tenant.Settings.Methods), err)
	}
	names, err := v.groupNames(ctx, append(rule.Include, rule.Exclude...))
	if err != nil {
		return err
	}
	return p.done(c, v.base()+"/authentication-methods", m.label+": "+ruleSentence(rule, names))
}
