package admin

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/tenant"
	"portico/app/userflow"
	views "portico/views/admin"
)

// flowProperties is the first page of a flow: its form for those who may change it, a summary for readers.
func (p *Portal) flowProperties(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	if d.writes() {
		return p.partPage(c, d, propertiesPart(), nil)
	}
	summary := flowSummary(d.v.dir, d.flow)
	policies, err := p.flowPolicies(c, d)
	if err != nil {
		return err
	}
	return p.designPage(c, d, tabProperties, append([]views.DesignPart{{Section: &summary}}, policies...), nil, nil)
}

// afterProperties are the id, and deleting last.
func (d *design) afterProperties() []views.DesignPart {
	return []views.DesignPart{
		{ID: "id", Title: "For programs", Copy: &views.Copied{ID: "flow-id", Label: "User flow ID", Note: "The management API and configuration files know the flow by it. It never changes.", Value: d.now.ID}},
		{Section: &views.Section{ID: "danger", Title: "Delete this user flow", Danger: true, Lead: "Its applications lose their sign-in pages.",
			Buttons: []views.Action{{Label: "Delete user flow", Href: d.base() + "/delete", Danger: true, About: d.now.Name}}}}}
}

func group(fields ...views.Field) []views.FieldGroup { return []views.FieldGroup{{Fields: fields}} }

func propertiesPart() part {
	return part{name: "properties", tab: tabProperties, title: "Properties",
		show: func(p *Portal, d *design) views.DesignForm {
			f := d.flow
			return views.DesignForm{Action: d.base() + "/properties", Submit: "Save draft", Previewed: true, Groups: group(append([]views.Field{
				{Name: "name", Label: "Name", Hint: "For admins, for example “Sign up and sign in”.", Value: f.Name},
				{Kind: views.Check, Name: "signUpAllowed", Label: "People may sign up by themselves", Hint: "Otherwise only accounts that an admin or your program made, and people with an invitation, can sign in.", Value: tick(f.SignUpAllowed)},
				{Kind: views.Check, Name: "passwordReset", Label: "People may reset a forgotten password by themselves", Hint: "“Forgot your password?” sends a code to their email address. Whether an address has an account is never told.", Value: tick(f.PasswordReset)},
			}, p.mfaFields(f, d.v.dir.Tenant)...)...)}
		},
		read: func(c *fiber.Ctx, f *userflow.Flow) {
			f.Name, f.SignUpAllowed, f.PasswordReset = typed(c, "name"), ticked(c, "signUpAllowed"), ticked(c, "passwordReset")
			f.MFA = userflow.MFA{Enforcement: userflow.Enforcement(typed(c, "mfa")), Methods: all(c, "mfaMethods"), MayPostpone: ticked(c, "mayPostpone")}
		}}
}

// mfaFields are the flow's switch for the second factor.
func (p *Portal) mfaFields(f userflow.Flow, t tenant.Tenant) []views.Field {
	hint := ""
	if !t.Governed() {
		hint = "A trial has no second factors: nobody is asked, whatever is chosen here. Switching them on takes the standard plan."
	}
	return []views.Field{
		{Kind: views.Radios, Name: "mfa", Label: "MFA enforcement", Hint: hint, Value: string(f.MFA.Enforcement), Options: []views.Option{
			{Value: "off", Label: "Off", Hint: "Nobody is asked for a second factor or to set one up, even when a policy demands it; the sign-in log says so."},
			{Value: "alwaysOn", Label: "Always on", Hint: "Everybody is asked at each sign-in, whatever the policies say; whoever has none sets one up."},
			{Value: "conditional", Label: "Conditional", Hint: "People set one up at sign-up and at sign-in, and are asked when a Conditional Access policy demands it. Whoever has none and is asked because of risk is blocked."}}},
		{Kind: views.Checks, Name: "mfaMethods", Label: "Type of method", Values: f.MFA.Methods, Optional: true, Options: []views.Option{
			{Value: "email", Label: "Code by email", Hint: p.methodHint(t, "email", "Not for people whose first factor is the code by email.")},
			{Value: "sms", Label: "Code by text message", Hint: p.methodHint(t, "sms", "Costs money for each message.")},
			{Value: "softwareOath", Label: "Authenticator app", Hint: p.methodHint(t, "softwareOath", "")},
			{Value: "fido2", Label: "Passkey", Hint: p.methodHint(t, "fido2", "")}}},
		{Kind: views.Check, Name: "mayPostpone", Label: "People may put off setting one up", Value: tick(f.MFA.MayPostpone)},
	}
}

// methodHint warns beside a method that it is not, or not for everybody, to be had in the tenant.
func (p *Portal) methodHint(t tenant.Tenant, name, otherwise string) string {
	m, _ := policyMethodOf(name)
	switch rule := *m.rule(&t.Settings.Methods); {
	case name == "sms" && !p.TextsReady:
		return "Nobody is offered it yet: this installation has no gateway for text messages (SMS_URL)."
	case rule.Off:
		return "Switched off for the whole tenant under Authentication methods: nobody is offered it."
	case !rule.ForEverybody():
		return strings.TrimSpace(otherwise + " Only for some groups, says Authentication methods.")
	}
	return otherwise
}

// methodField asks how new people prove who they are.
func methodField(m userflow.Method, hint string) views.Field {
	return views.Field{Kind: views.Radios, Name: "signUpMethod", Label: "How do new people prove who they are?", Hint: hint, Value: string(m), Options: []views.Option{
		{Value: "emailPassword", Label: factorLabel(userflow.EmailPassword), Hint: "They prove the address with a code once, then choose a password."},
		{Value: "emailCode", Label: factorLabel(userflow.EmailCode), Hint: "No password at all: each sign-in sends a code."}}}
}

func methodsPart() part {
	return part{name: "methods", tab: tabMethods, title: "Sign-in methods", link: &views.Link{Label: "Sign-in identifiers", Href: "/settings/sign-in-identifiers"},
		lead: "Buttons for Google, Apple, Facebook, another OpenID provider or a SAML directory can be added here once an identity provider is set up for this tenant. None is yet.",
		show: func(_ *Portal, d *design) views.DesignForm {
			hint := "A change is for new people only: whoever has an account keeps the way they have."
			if kept := kept(d); kept != "" {
				hint += " " + kept
			}
			return views.DesignForm{Action: d.base() + "/methods", Submit: "Save draft", Previewed: true, Groups: group(
				methodField(d.flow.SignUpMethod, hint),
				views.Field{Kind: views.Check, Name: "userNames", Label: "People with a password may also sign in with a user name", Value: tick(d.flow.UserNames),
					Hint: "For example a customer or membership number. What a user name looks like is said once for the whole tenant, under Sign-in identifiers. " + choose(d.v.dir.Tenant.Settings.UserNames.Enabled, "There user names are switched on.", "There user names are still switched off, so this alone changes nothing.")})}
		},
		read: func(c *fiber.Ctx, f *userflow.Flow) {
			f.SignUpMethod, f.UserNames = userflow.Method(typed(c, "signUpMethod")), ticked(c, "userNames")
		}}
}

// kept names the methods of earlier versions, which stay ways to sign in (F054).
func kept(d *design) string {
	var others []string
	for _, m := range d.now.SignInMethods {
		if m != d.flow.SignUpMethod {
			others = append(others, factorLabel(m))
		}
	}
	if len(others) == 0 {
		return ""
	}
	return "Still possible for people from earlier versions: " + strings.ToLower(strings.Join(others, ", ")) + "."
}

func domainsPart() part {
	return part{name: "domains", tab: tabDomains, title: "Who may sign up",
		lead: "These rules are about new people and their email address. Whoever has an account already can always sign in.",
		show: func(_ *Portal, d *design) views.DesignForm {
			x := d.flow.Domains
			return views.DesignForm{Action: d.base() + "/domains", Submit: "Save draft", Groups: group(
				views.Field{Kind: views.TextArea, Name: "domains.allow", Label: "Only these email domains may sign up", Hint: "One per line, such as example.com; what is below a domain belongs to it. Leave it empty to let everybody sign up.", Value: lines(x.Allow), Rows: 6, Code: true, Optional: true},
				views.Field{Kind: views.TextArea, Name: "domains.deny", Label: "These email domains may not sign up", Hint: "One per line. This list wins over the one above.", Value: lines(x.Deny), Rows: 6, Code: true, Optional: true},
				views.Field{Kind: views.Check, Name: "refuseDisposable", Label: "Refuse throw-away addresses", Hint: "A built-in list of services that give out mailboxes for ten minutes.", Value: tick(x.RefuseDisposable)})}
		},
		read: func(c *fiber.Ctx, f *userflow.Flow) {
			f.Domains = userflow.Domains{Allow: domainsOf(typed(c, "domains.allow")), Deny: domainsOf(typed(c, "domains.deny")), RefuseDisposable: ticked(c, "refuseDisposable")}
		}}
}

// domainsOf reads domains in the form in which addresses are compared, each once. What is no domain stays as
// it was typed, so that the complaint can name it.
func domainsOf(s string) []string {
	var out []string
	seen := map[string]bool{}
	for _, line := range splitLines(s) {
		if domain, ok := userflow.CanonicalDomain(line); ok {
			line = domain
		}
		if !seen[line] {
			seen[line] = true
			out = append(out, line)
		}
	}
	return out
}
