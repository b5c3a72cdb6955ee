package admin

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// authMethodRoutes are the policy of authentication methods: which second factors there are at all, and for whom.
func (p *Portal) authMethodRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/authentication-methods"
	rows := []handlers.Route{
		{Method: get, Path: at, Handler: p.authMethods, Permission: access.MethodPolicyRead, NavGroup: navProtect, NavLabel: "Authentication methods"},
		{Method: post, Path: at + "/remember", Handler: p.rememberSave, Permission: access.MethodPolicyWrite},
		{Method: get, Path: at + "/sms/countries", Handler: p.textCountries, Permission: access.MethodPolicyRead},
		{Method: post, Path: at + "/sms/countries", Handler: p.textCountrySwitch, Permission: access.MethodPolicyWrite},
	}
	for _, m := range policyMethods() {
		rows = append(rows, handlers.Route{Method: get, Path: at + "/" + m.name, Handler: p.authMethod(m), Permission: access.MethodPolicyWrite},
			handlers.Route{Method: post, Path: at + "/" + m.name, Handler: p.authMethodSave(m), Permission: access.MethodPolicyWrite})
	}
	return rows
}

// policyMethod is one row of the page: the name that the policy's document has for it, and what it is good for.
type policyMethod struct {
	name, label, good string
	rule              func(*tenant.MethodsPolicy) *tenant.MethodRule
}

func policyMethods() []policyMethod {
	return []policyMethod{
		{"fido2", "Passkey", "Fingerprint, face or screen lock. Cannot be phished, needs no text message and no password: the best that people can have.",
			func(x *tenant.MethodsPolicy) *tenant.MethodRule { return &x.Passkey.MethodRule }},
		{"softwareOath", "Authenticator app", "Six digits from an app on the phone. Works without a network; a false page can ask for the digits.",
			func(x *tenant.MethodsPolicy) *tenant.MethodRule { return &x.TOTP }},
		{"sms", "Code by text message", "Eight digits to a phone. Everybody can use it; numbers can be taken over, each message costs money, and fraudsters make it cost more.",
			func(x *tenant.MethodsPolicy) *tenant.MethodRule { return &x.SMS.MethodRule }},
		{"email", "Code by email", "Eight digits to the mailbox. Worth as much as the mailbox is guarded; never after a first factor that was a code by email.",
			func(x *tenant.MethodsPolicy) *tenant.MethodRule { return &x.Email }},
		{"recovery", "Recovery codes", "Ten codes on paper for the day the phone is lost. They come with an authenticator app or a passkey; each works once.",
			func(x *tenant.MethodsPolicy) *tenant.MethodRule { return &x.Recovery }},
	}
}

func policyMethodOf(name string) (policyMethod, bool) {
	i := slices.IndexFunc(policyMethods(), func(m policyMethod) bool { return m.name == name })
	if i < 0 {
		return policyMethod{}, false
	}
	return policyMethods()[i], true
}

func authMethodsHelp() views.Help {
	return views.Help{What: "Which second factors there are at all in this tenant, and for whom. A user flow chooses among them, and a Conditional Access policy says when one is asked for.",
		Do: "Switch off what you do not want anybody to rely on. Offer at least two methods in each user flow, so that a lost phone is no lost customer."}
}

// authMethods is the page with a row for each method.
func (p *Portal) authMethods(c *fiber.Ctx) error { return p.authMethodsPage(c, nil) }

func (p *Portal) authMethodsPage(c *fiber.Ctx, problem error) error {
	v, ctx := visitOf(c), c.UserContext()
	t, err := v.tenant.Get(ctx)
	if err != nil {
		return err
	}
	names, err := v.groupNames(ctx, t.Settings.Methods.Groups())
	if err != nil {
		return err
	}
	may := v.may(access.MethodPolicyWrite) && t.Governed()
	table := &views.Table{Caption: "Authentication methods", Columns: []views.Column{{Label: "Method"}, {Label: "State"}, {Label: "Who may use it"}}, Actions: may}
	for _, m := range policyMethods() {
		rule := *m.rule(&t.Settings.Methods)
		row := views.Row{Cells: []views.Cell{{Text: m.label, Sub: m.good}, badge(choose(rule.Off, "neutral", "ok"), choose(rule.Off, "Off", "On")), {Text: ruleSentence(rule, names), Sub: p.methodNote(t, m.name)}}}
		if may {
			row.Actions = []views.Action{{Label: "Change", About: m.label, Href: v.base() + "/authentication-methods/" + m.name}}
		}
		table.Rows = append(table.Rows, row)
	}
	list := views.Section{ID: "methods", Title: "Methods", Table: table}
	if !t.Governed() {
		list.Lead = "A trial has no second factors: nothing here is asked of anybody, and nothing can be changed. The standard plan has them."
	}
	sections := []views.Section{list}
	texts, err := p.textsSection(ctx, v, t)
	if err != nil {
		return err
	}
	remember := views.Section{ID: "remember", Title: "“Don’t ask again on this device”",
		Lead: "Whoever has shown a second factor may have the browser remembered, and is not asked there for so long. A policy’s sign-in frequency asks sooner where it is shorter. People and admins see their devices and can end them."}
	var problems []views.Problem
	if may {
		f := views.Form{Action: v.base() + "/authentication-methods/remember", Submit: "Save", Fields: []views.Field{
			{Name: "rememberDays", Label: "Remember a device for", Hint: "From 1 to 365. Empty: it is not offered.", Value: numberText(t.Settings.RememberDays), InputMode: "numeric", Suffix: "days", Optional: true},
			loadedFrom(c, t.Settings.RememberDays, problem)}}
		if problem != nil {
			f.Fields[0].Value = typed(c, "rememberDays")
			if !complain(handlers.InfoOf(c).Locale, &f, problem) {
				return problem
			}
			problems = f.Problems
		}
		remember.Form = &f
	} else {
		remember.Summary = facts(fact("A device is remembered for", plain(choose(t.Settings.RememberDays == 0, "Not offered", numberWords(t.Settings.RememberDays, "days")))))
	}
	sections = append(sections, texts, remember)
	s, err := p.shell(c, "Authentication methods", "Which second factors there are in this tenant, and for whom.", authMethodsHelp())
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if s.Problems = problems; len(problems) > 0 {
		status = fiber.StatusUnprocessableEntity
	}
	return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: sections}))
}

// methodNote is what must be known about a method besides its rule.
func (p *Portal) methodNote(t tenant.Tenant, name string) string {
	switch x := t.Settings.Methods; {
	case name == "sms" && !p.TextsReady:
		return "This installation has no gateway for text messages (SMS_URL), so nobody is offered it."
	case name == "sms" && x.SMS.DailyLimit > 0:
		return fmt.Sprintf("At most %s messages in a day.", grouped(int64(x.SMS.DailyLimit)))
	case name == "fido2" && x.Passkey.SelfServiceOff:
		return "Nobody sets one up by themselves."
	case name == "fido2" && (x.Passkey.Attested || len(x.Passkey.Allowed)+len(x.Passkey.Blocked) > 0):
		return "Only some models."
	}
	return ""
}

// ruleSentence says in words who may use a method.
func ruleSentence(r tenant.MethodRule, names map[string]string) string {
	called := func(ids []string) string {
		out := make([]string, len(ids))
		for i, id := range ids {
			out[i] = "“" + names[id] + "”"
		}
		return strings.Join(out, ", ")
	}
	switch {
	case r.Off:
		return "Nobody. Whoever has nothing else sets up another method at the next sign-in that asks for one."
	case len(r.Include) == 0 && len(r.Exclude) == 0:
		return "Everybody."
	case len(r.Include) == 0:
		return "Everybody except the people in " + called(r.Exclude) + "."
	case len(r.Exclude) == 0:
		return "Only the people in " + called(r.Include) + "."
	}
	return "Only the people in " + called(r.Include) + ", except those in " + called(r.Exclude) + "."
}

// groupNames names groups; one that is gone is called by its id.
func (v *visit) groupNames(ctx context.Context, ids []string) (map[string]string, error) {
	names := map[string]string{}
	for _, id := range ids {
		g, err := v.tenant.Group(ctx, id)
		switch {
		case fault.Is(err, fault.NotFound):
			names[id] = id
		case err != nil:
			return nil, err
		default:
			names[id] = g.Name
		}
	}
	return names, nil
}

// groupsNamed finds groups by name or id, one in a line. What is no group is complained about beside the box.
func (v *visit) groupsNamed(ctx context.Context, lines []string, field string) ([]string, error) {
	var ids []string
	var bad fault.Fields
	for _, line := range lines {
		page, err := v.tenant.Groups(ctx, models.GroupQuery{Search: line, Limit: 50})
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(page.Items, func(g account.Group) bool { return strings.EqualFold(g.Name, line) || strings.EqualFold(g.ID, line) })
		if i < 0 {
			bad.Add(field, "methods.groups.unknown", map[string]any{"name": line})
			continue
		}
		ids = append(ids, page.Items[i].ID)
	}
	return ids, bad.Err()
}

// textsSection is what text messages cost: today's against the budget, and where the last week's went.
func (p *Portal) textsSection(ctx context.Context, v *visit, t tenant.Tenant) (views.Section, error) {
	today, _, err := v.tenant.Texts(ctx, 1)
	if err != nil {
		return views.Section{}, err
	}
	week, byCode, err := v.tenant.Texts(ctx, 7)
	if err != nil {
		return views.Section{}, err
	}
	rule := t.Settings.Methods.SMS
	s := views.Section{ID: "texts", Title: "Text messages", Action: &views.Link{Label: "Countries", Href: v.base() + "/authentication-methods/sms/countries"},
		Lead: "A code by text message goes to a number at most 15 times in a quarter of an hour, whatever the tenant, and nowhere once the day’s messages are used up. Admins who may change this page hear of it by mail at 80 and at 100 per cent.",
		Summary: facts(fact("Today", plain(fmt.Sprintf("%s of %s sent, %s refused", grouped(today.Sent), grouped(int64(rule.Daily())), grouped(today.Refused)))),
			fact("Last 7 days", plain(fmt.Sprintf("%s sent, %s refused", grouped(week.Sent), grouped(week.Refused)))),
			fact("Countries", plain(fmt.Sprintf("%d calling codes switched on, %d off", reachedCodes(rule), len(account.Callings())-reachedCodes(rule)))))}
	table := &views.Table{Caption: "Text messages of the last 7 days by country", Columns: []views.Column{{Label: "Country"}, {Label: "Sent", Num: true}, {Label: "Refused", Num: true}}}
	for i, n := range byCode {
		if i == 10 {
			break
		}
		table.Rows = append(table.Rows, views.Row{Cells: []views.Cell{{Text: p.callingWords(n.Code), Sub: "+" + n.Code}, count(n.Sent), count(n.Refused)}})
	}
	s.Table = table
	return s, nil
}

func reachedCodes(rule tenant.SMSRule) int {
	n := 0
	for _, c := range account.Callings() {
		if _, yes := rule.Reaches(c.Code + "0000000"); yes {
			n++
		}
	}
	return n
}

func (p *Portal) rememberSave(c *fiber.Ctx) error {
	v := visitOf(c)
	var bad fault.Fields
	days := number(c, &bad, "rememberDays")
	err := bad.Err()
	if err == nil {
		_, err = v.tenant.Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error {
			if err := unchanged(c, t.Settings.RememberDays); err != nil {
				return err
			}
			t.Settings.RememberDays = days
			return nil
		})
	}
	if err != nil {
		return p.authMethodsPage(c, err)
	}
	return p.done(c, v.base()+"/authentication-methods#remember", choose(days == 0, "Devices are no longer remembered for a second factor.", "A device is remembered for "+numberWords(days, "days")+"."))
}
