package admin

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers"
	views "portico/views/admin"
)

// languageRoutes are the languages of a tenant.
func (p *Portal) languageRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/settings/languages"
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.languages, Permission: access.OrganizationRead},
		{Method: post, Path: at, Handler: p.languagesSave, Permission: access.OrganizationWrite},
	}
}

// offeredWords names the languages that customers can choose.
func (p *Portal) offeredWords(t tenant.Tenant) string {
	if len(t.Settings.Languages) == 0 {
		return "All that there are texts in"
	}
	var names []string
	for _, tag := range p.Bundle.Offer(t.Settings.Languages, nil, nil, t.DefaultLocale).Tags() {
		names = append(names, englishName(tag))
	}
	return strings.Join(names, ", ")
}

func (p *Portal) languages(c *fiber.Ctx) error { return p.languagesPage(c, nil) }

func (p *Portal) languagesPage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	t := v.dir.Tenant
	var options []views.Option
	values := t.Settings.Languages
	report := views.Table{Caption: "Texts of customers by language", Columns: []views.Column{{Label: "Language"}, {Label: "Texts", Num: true}, {Label: "Untranslated", Num: true}, {Label: "Overlong", Num: true}, {Label: "Out of date", Num: true}}}
	for _, tag := range p.Bundle.Tags() {
		options = append(options, views.Option{Value: tag.String(), Label: englishName(tag), Hint: p.Bundle.Name(tag)})
		if len(t.Settings.Languages) == 0 {
			values = append(slices.Clip(values), tag.String())
		}
		r := p.Bundle.Coverage(tag)
		num := func(n int) views.Cell { return views.Cell{Kind: views.Num, Text: strconv.Itoa(n)} }
		report.Rows = append(report.Rows, views.Row{Cells: []views.Cell{plain(englishName(tag)), num(r.Total), num(len(r.Missing)), num(len(r.Long)), num(len(r.Behind))}})
	}
	f := views.Form{Action: v.base() + "/settings/languages", Submit: "Save", Main: true, Fields: []views.Field{
		{Kind: views.Select, Name: "defaultLocale", Label: "Language when a visitor’s own is not available", Value: p.Bundle.Match(t.DefaultLocale).Lang(), Options: p.localeOptions()},
		{Kind: views.Checks, Name: "languages", Label: "Languages that customers are offered", Values: values, Options: options, Hint: "With all ticked, a language that a later version brings is offered as well. Languages for which a user flow or the company’s branding has texts of your own come on top."}}}
	f.Fields = append(f.Fields, loadedFrom(c, []any{t.DefaultLocale, t.Settings.Languages}, problem))
	sections := []views.Section{{ID: "languages", Title: "Languages of this tenant"}}
	var problems []views.Problem
	if problem != nil {
		if !complain(handlers.InfoOf(c).Locale, &f, problem) {
			return problem
		}
		keepTyped(c, &f)
		problems = f.Problems
	}
	if v.may(access.OrganizationWrite) {
		sections[0].Form = &f
	} else {
		sections[0].Summary = []views.Fact{{Label: "Offered to customers", Value: plain(p.offeredWords(t))}, {Label: "When a visitor’s own is not available", Value: plain(englishName(p.Bundle.Match(t.DefaultLocale).Tag))}}
	}
	sections = append(sections, views.Section{ID: "report", Title: "How complete they are", Lead: "Of the texts that are built in. Untranslated ones are said in English; overlong titles, labels and buttons are more than 1.6 times as long as the English; of those out of date the English has changed since.", Table: &report})
	return p.settingsPart(c, "Languages", "In which languages your customers are spoken to.", views.Help{What: "The pages of sign-in, the account and all letters speak the customer’s language.",
		Do: "A customer gets the language that the application asks for (ui_locales), else the one chosen on the page before, else the best that the browser asks for, else the tenant’s own. What the pages say can be changed per user flow, on its page Languages."}, problems, sections...)
}

func (p *Portal) languagesSave(c *fiber.Ctx) error {
	v := visitOf(c)
	home, chosen := typed(c, "defaultLocale"), all(c, "languages")
	known := func(lang string) bool {
		return slices.ContainsFunc(p.localeOptions(), func(o views.Option) bool { return o.Value == lang })
	}
	switch {
	case !known(home):
		return p.languagesPage(c, fault.BadField("defaultLocale", "admin.choose", nil))
	case !slices.Contains(chosen, home):
		return p.languagesPage(c, fault.BadField("languages", "texts.home", map[string]any{"language": englishName(p.Bundle.Match(home).Tag)}))
	}
	for _, lang := range chosen {
		if !known(lang) {
			return p.languagesPage(c, fault.BadField("languages", "admin.choose", nil))
		}
	}
	slices.Sort(chosen)
	if chosen = slices.Compact(chosen); len(chosen) == len(p.Bundle.Tags()) {
		chosen = nil
	}
	_, err := v.tenant.Update(c.UserContext(), v.actor(c), func(t *tenant.Tenant) error {
		if err := unchanged(c, []any{t.DefaultLocale, t.Settings.Languages}); err != nil {
			return err
		}
		t.DefaultLocale, t.Settings.Languages = home, chosen
		return nil
	})
	if err != nil {
		return p.languagesPage(c, err)
	}
	return p.done(c, v.base()+"/settings/languages", fmt.Sprintf("The languages are saved: %s.", choose(chosen == nil, "all are offered", numberWords(len(chosen), "languages")+" are offered")))
}
