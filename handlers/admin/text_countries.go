package admin

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/account"
	"portico/app/tenant"
	"portico/models"
	views "portico/views/admin"
)

// callingWords names the countries of a calling code in English, as the rest of the portal.
func (p *Portal) callingWords(code string) string {
	names := p.Bundle.Match("en").Countries()
	for _, c := range account.Callings() {
		if c.Code != code {
			continue
		}
		var out []string
		for _, country := range c.Countries {
			out = append(out, names[country])
		}
		return strings.Join(out, ", ")
	}
	return "Other"
}

// textCountries lists every calling code: whether text messages go there, and why.
func (p *Portal) textCountries(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "texts")
	t, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	rule, may := t.Settings.Methods.SMS, v.may(access.MethodPolicyWrite) && t.Governed()
	names := p.Bundle.Match("en").Countries()
	search := strings.ToLower(strings.TrimPrefix(w.get("search"), "+"))
	table := views.Table{Caption: "Countries", Columns: []views.Column{{Label: "Country"}, {Label: "Calling code"}, {Label: "Text messages"}}, Actions: may}
	list := account.Callings()
	slices.SortStableFunc(list, func(a, b account.Calling) int { return strings.Compare(names[a.Countries[0]], names[b.Countries[0]]) })
	for _, one := range list {
		var called []string
		for _, country := range one.Countries {
			called = append(called, names[country])
		}
		words := strings.Join(called, ", ")
		_, yes := rule.Reaches(one.Code + "0000000")
		if search != "" && !strings.Contains(strings.ToLower(words), search) && !strings.HasPrefix(one.Code, search) ||
			w.get("texts") == "on" && !yes || w.get("texts") == "off" && yes || w.get("texts") == "risky" && !risky(one.Code) {
			continue
		}
		row := views.Row{Cells: []views.Cell{{Text: words}, code("+" + one.Code), textState(rule, one.Code, yes)}}
		if may {
			row.Actions = []views.Action{{Label: choose(yes, "Switch off", "Switch on"), About: words, Post: v.base() + "/authentication-methods/sms/countries",
				Fields: map[string]string{"code": one.Code, "state": choose(yes, "off", "on"), "search": w.get("search"), "texts": w.get("texts")}}}
		}
		table.Rows = append(table.Rows, row)
	}
	s, err := p.shell(c, "Countries for text messages", "Where codes by text message may go.",
		views.Help{What: "Fraudsters have codes sent to costly numbers of their own and share the fee. About 110 calling codes where that is common are off until you switch them on.",
			Do: "Switch on the countries where your customers live, and nothing else. Whoever has a number in another country is asked to confirm another way."},
		views.Link{Label: "Authentication methods", Href: v.base() + "/authentication-methods"})
	if err != nil {
		return err
	}
	l := views.List{Filter: w.filter(2, views.Field{Name: "search", Label: "Country or calling code", Type: "search"},
		views.Field{Kind: views.Select, Name: "texts", Label: "State", Options: []views.Option{{Label: "Any"}, {Value: "on", Label: "On"}, {Value: "off", Label: "Off"}, {Value: "risky", Label: "Costly: off by default"}}}),
		Table: table, Shown: shown(len(table.Rows), "calling code", "by country"), Empty: emptyOf(w, "No country", "", nil)}
	w.finish(&l, "")
	l.CSV, l.JSON = "", "" // the policy itself is what programs read
	return p.list(c, s, l)
}

func risky(code string) bool { return slices.Contains(tenant.OffByDefault(), code) }

func textState(rule tenant.SMSRule, code string, yes bool) views.Cell {
	switch {
	case yes && risky(code):
		return views.Cell{Kind: views.Badge, Tone: "warn", Text: "On", Sub: "Costly; you switched it on"}
	case yes:
		return badge("ok", "On")
	case slices.Contains(rule.Barred, code):
		return views.Cell{Kind: views.Badge, Tone: "neutral", Text: "Off", Sub: "You switched it off"}
	}
	return views.Cell{Kind: views.Badge, Tone: "neutral", Text: "Off", Sub: "Costly: off by default"}
}

// textCountrySwitch switches one calling code on or off.
func (p *Portal) textCountrySwitch(c *fiber.Ctx) error {
	v := visitOf(c)
	code, on := typed(c, "code"), typed(c, "state") == "on"
	w := viewOf(c)
	w.take("search", typed(c, "search"))
	w.take("texts", typed(c, "texts"))
	_, err := v.tenant.Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error {
		t.Settings.Methods.SMS = switched(t.Settings.Methods.SMS, code, on)
		return nil
	})
	if err != nil {
		return p.saidConflict(c, w.href("", ""), err)
	}
	return p.doneWith(c, w.href("", ""), models.PortalFlash{Kind: "ok", Text: p.callingWords(code) + " (+" + code + "): text messages are " + choose(on, "on.", "off.")})
}

// switched is the rule with one code on or off, by as few words as say it.
func switched(r tenant.SMSRule, code string, on bool) tenant.SMSRule {
	without := func(list []string) []string {
		return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == code })
	}
	r.Regions, r.Barred = without(r.Regions), without(r.Barred)
	if _, now := r.Reaches(code + "0000000"); now == on {
		return r
	}
	if on {
		r.Regions = append(r.Regions, code)
	} else {
		r.Barred = append(r.Barred, code)
	}
	return r
}
