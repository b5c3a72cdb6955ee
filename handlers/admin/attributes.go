package admin

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/userflow"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// attributeRoutes are the tenant's custom attributes: defined once, asked for in any flow.
func (p *Portal) attributeRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/user-attributes"
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.definitionList, Permission: access.AttributeRead, NavGroup: navSignIn, NavLabel: "Custom attributes"},
		{Method: get, Path: at + "/new", Handler: p.definitionNew, Permission: access.AttributeWrite},
		{Method: post, Path: at, Handler: p.definitionCreate, Permission: access.AttributeWrite},
		{Method: get, Path: at + "/:id", Handler: p.definitionDetail, Permission: access.AttributeRead},
		{Method: get, Path: at + "/:id/edit", Handler: p.definitionEdit, Permission: access.AttributeWrite},
		{Method: post, Path: at + "/:id/edit", Handler: p.definitionSave, Permission: access.AttributeWrite},
		{Method: get, Path: at + "/:id/delete", Handler: p.definitionDeleteForm, Permission: access.AttributeWrite},
		{Method: post, Path: at + "/:id/delete", Handler: p.definitionDelete, Permission: access.AttributeWrite},
	}
}

func definitionsHelp() views.Help {
	return views.Help{What: "What you want to know about people besides name and address: a customer number, a date of birth, a newsletter. Define it once here, then ask for it in any user flow, show it on a person’s page and put it into an app’s tokens.",
		Do: "Choose what the attribute holds with care: it cannot be changed later. There can be " + strconv.Itoa(userflow.MaxDefinitions) + " of them."}
}

// typeWord and typeHint say what a data type is to somebody who is no programmer.
func typeWord(d userflow.DataType) string {
	switch d {
	case userflow.Boolean:
		return "Yes or no"
	case userflow.Int:
		return "Whole number"
	case userflow.Date:
		return "Date"
	case userflow.Choice:
		return "Choice"
	case userflow.Phone:
		return "Phone number"
	case userflow.String:
		return "Text"
	}
	return string(d)
}

func typeHint(d userflow.DataType) string {
	switch d {
	case userflow.Boolean:
		return "One box to tick: a newsletter, an age confirmation."
	case userflow.Int:
		return "Apps can calculate with it: a number of employees, a year. For customer numbers choose a text, so that leading zeros stay."
	case userflow.Date:
		return "A day, asked in three boxes: a date of birth."
	case userflow.Choice:
		return "One of the options that you write below, in every flow the same."
	case userflow.Phone:
		return "A number with its country code, kept in one form whatever grouping people type."
	}
	return "Anything that can be typed, up to 250 characters. A pattern can say how it must look."
}

func (p *Portal) definitionList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "type")
	all, err := v.tenant.Definitions(c.UserContext())
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(d userflow.Definition) bool {
		return !strings.Contains(strings.ToLower(d.Name+" "+d.ID), strings.ToLower(w.get("search"))) || w.has("type") && string(d.DataType) != w.get("type")
	})
	flows, err := v.tenant.Flows(c.UserContext())
	if err != nil {
		return err
	}
	if f := c.Query("format"); f == "csv" || f == "json" {
		return download(c, f, "custom-attributes-"+v.dir.Tenant.Slug, definitionColumns(flows), func(d userflow.Definition) any { return d },
			func(context.Context, string) ([]userflow.Definition, string, error) { return all, "", nil })
	}
	s, err := p.shell(c, "Custom attributes", "What you know about people besides the built-in attributes.", definitionsHelp())
	if err != nil {
		return err
	}
	create := &views.Link{Label: "New attribute", Href: v.base() + "/user-attributes/new"}
	if v.may(access.AttributeWrite) {
		s.Primary = create
	} else {
		create = nil
	}
	t := views.Table{Caption: "Custom attributes", Columns: []views.Column{{Label: "Name"}, {Label: "Holds"}, {Label: "Asked for in"}, {Label: "API name"}}}
	for _, d := range all {
		asked := views.Cell{Text: "No user flow yet", Tone: "soft"}
		if names := asking(flows, d.ID); len(names) > 0 {
			asked = views.Cell{Kind: views.Lines, List: names}
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: d.Name, Sub: d.Description, Href: v.definitionBase(d)}, plain(typeWord(d.DataType)), asked, code(d.ID)}})
	}
	types := []views.Option{{Label: "Anything"}}
	for _, d := range userflow.DataTypes() {
		types = append(types, views.Option{Value: string(d), Label: typeWord(d)})
	}
	l := views.List{Filter: w.filter(2, views.Field{Name: "search", Label: "Name or API name", Type: "search"}, views.Field{Kind: views.Select, Name: "type", Label: "Holds", Options: types}),
		Table: t, Shown: shown(len(all), "attribute", "by name"),
		Empty: emptyOf(w, "No custom attributes yet", "The ten built-in attributes are there anyway: names, address, job title. Add what else you need.", create)}
	w.finish(&l, "")
	return p.list(c, s, l)
}

func definitionColumns(flows []models.UserFlow) []column[userflow.Definition] {
	return []column[userflow.Definition]{
		{"id", func(d userflow.Definition) string { return d.ID }}, {"displayName", func(d userflow.Definition) string { return d.Name }},
		{"dataType", func(d userflow.Definition) string { return string(d.DataType) }}, {"description", func(d userflow.Definition) string { return d.Description }},
		{"pattern", func(d userflow.Definition) string { return d.Pattern }}, {"userFlows", func(d userflow.Definition) string { return strings.Join(asking(flows, d.ID), "; ") }},
	}
}

// asking names the flows that ask for an attribute.
func asking(flows []models.UserFlow, id string) []string {
	var out []string
	for _, f := range flows {
		if f.Asks(id) {
			out = append(out, f.Name)
		}
	}
	return out
}

func (v *visit) definitionBase(d userflow.Definition) string {
	return v.base() + "/user-attributes/" + d.ID
}

// definitionCrumbs lead back to the list.
func (v *visit) definitionCrumbs(more ...views.Link) []views.Link {
	return append([]views.Link{{Label: "Custom attributes", Href: v.base() + "/user-attributes"}}, more...)
}

func (p *Portal) definitionDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	d, err := v.tenant.Definition(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	flows, err := v.tenant.Flows(c.UserContext())
	if err != nil {
		return err
	}
	s, err := p.shell(c, d.Name, d.Description, definitionsHelp(), v.definitionCrumbs()...)
	if err != nil {
		return err
	}
	sections := []views.Section{{ID: "rules", Title: "What it holds", Summary: definitionFacts(d)}}
	if len(d.Options) > 0 {
		t := &views.Table{Caption: "Options", Columns: []views.Column{{Label: "Customers read"}, {Label: "Apps receive"}}}
		for _, o := range d.Options {
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: o.Text}, code(o.Value)}})
		}
		sections = append(sections, views.Section{ID: "options", Title: "Options", Table: t})
	}
	t := &views.Table{Caption: "User flows", Columns: []views.Column{{Label: "User flow"}, {Label: "Label"}, {Label: "Answer"}}}
	for _, f := range flows {
		for _, a := range f.Attributes {
			if a.ID == d.ID {
				t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: f.Name, Href: choose(v.may(access.FlowRead), v.base()+"/user-flows/"+f.ID, "")}, {Kind: views.Name, Text: choose(a.Label == "", d.Name, a.Label)}, plain(answerWord(a))}})
			}
		}
	}
	sections = append(sections, views.Section{ID: "flows", Title: "Asked for in", Table: t, Empty: "No user flow asks for it yet. Add it on the page of a user flow."})
	if v.may(access.AttributeWrite) {
		s.Primary = &views.Link{Label: "Change attribute", Href: v.definitionBase(d) + "/edit"}
		sections = append(sections, views.Section{ID: "danger", Title: "Delete", Danger: true, Lead: "What people answered stays in their accounts, but is no longer shown, asked for or put into tokens.",
			Buttons: []views.Action{{Label: "Delete attribute", Href: v.definitionBase(d) + "/delete", Danger: true, About: d.Name}}})
	}
	return p.detail(c, s, views.Detail{Sections: sections})
}

func answerWord(a userflow.Attribute) string {
	switch {
	case a.Hidden:
		return "Hidden"
	case a.ReadOnly:
		return "Shown, cannot be changed"
	case a.Required:
		return "Must be answered"
	}
	return "May be left empty"
}

func definitionFacts(d userflow.Definition) []views.Fact {
	out := []views.Fact{fact("Holds", plain(typeWord(d.DataType)))}
	switch d.DataType {
	case userflow.String:
		longest := userflow.MaxText
		if d.MaxLength > 0 {
			longest = d.MaxLength
		}
		out = append(out, fact("Longest answer", plain(numberWords(longest, "characters"))))
		if d.Pattern != "" {
			out = append(out, fact("Must match", code(d.Pattern)), fact("What customers read when it does not", views.Cell{Kind: views.Name, Text: d.Message}))
		}
	case userflow.Int:
		out = append(out, facts(fact("Smallest", plain(limitText(d.Low))), fact("Largest", plain(limitText(d.High))))...)
	}
	return append(out, fact("API name", code(d.ID)))
}

func limitText(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10)
}

// definitionForm is the form of a custom attribute as typed: what could not be read as a number is kept.
type definitionForm struct {
	d               userflow.Definition
	length, low, up string
	example         string
	tried           bool
	rows            int // lines for options
}

// maxOptionRows is one more line than a choice may have options, so that too many are refused in words.
const maxOptionRows = 101

func formOf(d userflow.Definition) definitionForm {
	return definitionForm{d: d, length: numberText(d.MaxLength), low: limitText(d.Low), up: limitText(d.High), rows: max(len(d.Options)+2, 4)}
}

// readDefinition reads the form over a definition; what belongs to another data type is not read.
func readDefinition(c *fiber.Ctx, d userflow.Definition) (definitionForm, error) {
	var bad fault.Fields
	f := definitionForm{example: typed(c, "example"), tried: typed(c, "do") == "try", length: typed(c, "maxLength"), low: typed(c, "low"), up: typed(c, "high")}
	d.Name, d.Description = typed(c, "name"), typed(c, "description")
	switch d.DataType {
	case userflow.String:
		d.Pattern, d.Message, d.MaxLength = typed(c, "pattern"), typed(c, "message"), number(c, &bad, "maxLength")
	case userflow.Int:
		d.Low, d.High = wholeNumber(c, &bad, "low"), wholeNumber(c, &bad, "high")
	case userflow.Choice:
		d.Options = nil
		for i := range maxOptionRows {
			o := userflow.Option{Text: typed(c, optionField(i, "text")), Value: typed(c, optionField(i, "value"))}
			if o != (userflow.Option{}) {
				d.Options = append(d.Options, o)
			}
		}
	}
	f.d, f.rows = d, min(max(len(d.Options)+2, 4), maxOptionRows)
	if typed(c, "do") == "rows" {
		f.rows = min(f.rows+8, maxOptionRows)
	}
	return f, bad.Err()
}

func optionField(i int, part string) string { return fmt.Sprintf("options[%d].%s", i, part) }

func wholeNumber(c *fiber.Ctx, bad *fault.Fields, name string) *int64 {
	s := typed(c, name)
	if s == "" {
		return nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		bad.Add(name, "admin.whole_number", nil)
		return nil
	}
	return &n
}

// verdict tries the example against the pattern, as an answer of a customer would be.
func (f definitionForm) verdict(l *i18n.Localizer) *views.Verdict {
	if !f.tried {
		return nil
	}
	return patternVerdict(l, []string{f.d.Pattern}, f.example)
}

// patternVerdict says whether an example matches one of the patterns.
func patternVerdict(l *i18n.Localizer, patterns []string, example string) *views.Verdict {
	patterns = nonEmpty(patterns...)
	if len(patterns) == 0 {
		return &views.Verdict{Tone: "info", Text: "There is no pattern, so every value is taken."}
	}
	if example == "" {
		return &views.Verdict{Tone: "warn", Text: "Type a value to try, then press the button again."}
	}
	hit := false
	for _, one := range patterns {
		re, err := userflow.CompilePattern(one)
		if err != nil {
			e := fault.Of(err).Fields[0]
			return &views.Verdict{Tone: "danger", Text: l.T(e.Key, e.Args)}
		}
		hit = hit || re.MatchString(example)
	}
	if hit {
		return &views.Verdict{Tone: "ok", Text: "“" + example + "” matches."}
	}
	return &views.Verdict{Tone: "danger", Text: "“" + example + "” does not match."}
}

func (f definitionForm) form(l *i18n.Localizer, action, cancel, submit string) views.Form {
	d := f.d
	out := views.Form{Action: action, Submit: submit, Cancel: cancel, Fields: []views.Field{
		{Name: "name", Label: "Name", Hint: "What customers read beside the field, unless a user flow says otherwise. At most 64 characters.", Value: d.Name},
		{Name: "description", Label: "Description", Hint: "For you and other admins. Customers never see it.", Value: d.Description, Optional: true},
	}}
	add := func(more ...views.Field) { out.Fields = append(out.Fields, more...) }
	switch d.DataType {
	case userflow.String:
		add(views.Field{Name: "maxLength", Label: "Longest answer", Hint: "At most 250, which is also what counts when it is empty.", Value: f.length, InputMode: "numeric", Suffix: "characters", Optional: true},
			views.Field{Kind: views.Heading, Label: "How it must look"},
			views.Field{Name: "pattern", Label: "Pattern", Hint: "A regular expression that the whole answer must match: [A-Z]{2}\\d{6} is two capital letters and six digits. Leave it empty to take any text.", Value: d.Pattern, Code: true, Optional: true},
			views.Field{Name: "message", Label: "What customers read when it does not match", Hint: "Say how it should look: “Enter two letters and six digits, as on your card”.", Value: d.Message, Optional: true},
			views.Field{Name: "example", Label: "Value to try", Hint: "Nothing is saved by trying.", Value: f.example, Optional: true,
				Buttons: []views.Try{{Label: "Try a value", Name: "do", Value: "try"}}, Verdict: f.verdict(l)})
	case userflow.Int:
		add(views.Field{Name: "low", Label: "Smallest number", Value: f.low, Code: true, Optional: true}, views.Field{Name: "high", Label: "Largest number", Value: f.up, Code: true, Optional: true})
	case userflow.Choice:
		grid := views.Field{Kind: views.Grid, Name: "options", Label: "Options", Pairs: true,
			Hint: "What customers read on the left, what apps receive on the right: “Twice a week” and twice. Values have no comma. Empty lines are left out.", Buttons: []views.Try{{Label: "More lines", Name: "do", Value: "rows"}}}
		for i := range f.rows {
			var o userflow.Option
			if i < len(d.Options) {
				o = d.Options[i]
			}
			grid.Fields = append(grid.Fields, views.Field{Name: optionField(i, "text"), Label: fmt.Sprintf("Text %d", i+1), Value: o.Text}, views.Field{Name: optionField(i, "value"), Label: fmt.Sprintf("Value %d", i+1), Value: o.Value, Code: true})
		}
		add(grid)
	}
	return out
}

// typeForm asks first what the attribute holds, so that the form after it asks only for what fits.
func typeForm(action, cancel string) views.Form {
	field := views.Field{Kind: views.Radios, Name: "dataType", Label: "What does it hold?", Hint: "This cannot be changed later."}
	for _, d := range userflow.DataTypes() {
		field.Options = append(field.Options, views.Option{Value: string(d), Label: typeWord(d), Hint: typeHint(d)})
	}
	return views.Form{Action: action, Get: true, Submit: "Continue", Cancel: cancel, Fields: []views.Field{field}}
}

func (p *Portal) definitionNew(c *fiber.Ctx) error {
	v := visitOf(c)
	kind := userflow.DataType(strings.TrimSpace(c.Query("dataType")))
	if slices.Contains(userflow.DataTypes(), kind) {
		return p.definitionNewPage(c, formOf(userflow.Definition{DataType: kind}), nil)
	}
	f := typeForm(v.base()+"/user-attributes/new", v.base()+"/user-attributes")
	if c.Context().QueryArgs().Has("dataType") || len(c.Request().URI().QueryString()) > 0 {
		complain(handlers.InfoOf(c).Locale, &f, fault.BadField("dataType", "attribute.type.required", nil))
	}
	s, err := p.shell(c, "New attribute", "First choose what it holds.", definitionsHelp(), v.definitionCrumbs()...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) definitionNewPage(c *fiber.Ctx, typed definitionForm, problem error) error {
	v, l := visitOf(c), handlers.InfoOf(c).Locale
	f := typed.form(l, v.base()+"/user-attributes", v.base()+"/user-attributes", "Create attribute")
	f.Fields = append(f.Fields, views.Field{Kind: views.Hidden, Name: "dataType", Value: string(typed.d.DataType)})
	if !complain(l, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "New attribute", "It holds: "+strings.ToLower(typeWord(typed.d.DataType))+". "+typeHint(typed.d.DataType), definitionsHelp(), v.definitionCrumbs()...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

// onlyLooking reports whether the form was sent to try a value or for more lines, not to be saved.
func onlyLooking(c *fiber.Ctx) bool { return typed(c, "do") != "" }

func (p *Portal) definitionCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	kind := userflow.DataType(typed(c, "dataType"))
	if !slices.Contains(userflow.DataTypes(), kind) {
		return c.Redirect(v.base()+"/user-attributes/new?dataType=", fiber.StatusSeeOther)
	}
	f, err := readDefinition(c, userflow.Definition{DataType: kind})
	if onlyLooking(c) {
		return p.definitionNewPage(c, f, nil)
	}
	if err != nil {
		return p.definitionNewPage(c, f, err)
	}
	made, err := v.tenant.CreateDefinition(c.UserContext(), v.actor(c), f.d)
	if err != nil {
		return p.definitionNewPage(c, f, err)
	}
	return p.done(c, v.definitionBase(made), "“"+made.Name+"” is created. Now ask for it in a user flow.")
}

func (p *Portal) definitionEdit(c *fiber.Ctx) error {
	d, err := visitOf(c).tenant.Definition(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return p.definitionEditPage(c, formOf(d), d, nil)
}

func (p *Portal) definitionEditPage(c *fiber.Ctx, typed definitionForm, d userflow.Definition, problem error) error {
	v, l := visitOf(c), handlers.InfoOf(c).Locale
	f := typed.form(l, v.definitionBase(d)+"/edit", v.definitionBase(d), "Save attribute")
	f.Fields = append(f.Fields, loadedFrom(c, d, problem))
	f.Note = "It holds: " + strings.ToLower(typeWord(d.DataType)) + ". That and the API name stay, because apps rely on them. A new rule counts for new answers; what people have answered already stays as it is."
	if !complain(l, &f, problem) {
		return problem
	}
	s, err := p.shell(c, "Change attribute", "", definitionsHelp(), v.definitionCrumbs(views.Link{Label: d.Name, Href: v.definitionBase(d)})...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) definitionSave(c *fiber.Ctx) error {
	v := visitOf(c)
	before, err := v.tenant.Definition(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	f, err := readDefinition(c, before)
	if onlyLooking(c) {
		return p.definitionEditPage(c, f, before, nil)
	}
	if err != nil {
		return p.definitionEditPage(c, f, before, err)
	}
	after, err := v.tenant.EditDefinition(c.UserContext(), v.actor(c), before.ID, func(d *userflow.Definition) error {
		if err := unchanged(c, *d); err != nil {
			before = *d
			return err
		}
		*d = f.d
		return nil
	})
	if err != nil {
		return p.definitionEditPage(c, f, before, err)
	}
	return p.done(c, v.definitionBase(after), "“"+after.Name+"” is saved.")
}

func (p *Portal) definitionDeleteForm(c *fiber.Ctx) error { return p.definitionDeletePage(c, nil) }

func (p *Portal) definitionDeletePage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	d, err := v.tenant.Definition(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	uses, err := v.tenant.AttributeUses(c.UserContext(), d.ID, countBound)
	if err != nil {
		return err
	}
	answers := views.Section{ID: "answers", Title: "Answers", Summary: []views.Fact{fact("People with an answer", plain(countWords(uses.People)))}}
	crumb := views.Link{Label: d.Name, Href: v.definitionBase(d)}
	if len(uses.Flows)+len(uses.Apps) > 0 {
		return p.inUse(c, "“"+d.Name+"” cannot be deleted yet", "Take it out of these first, published and draft; then come back. What people answered stays in their accounts.", uses, problem, []views.Section{answers}, v.definitionCrumbs(crumb)...)
	}
	kept := "Nobody has an answer to it yet."
	if uses.People > 0 {
		kept = choose(uses.People == 1, "1 person has", countWords(uses.People)+" people have") + " an answer. It stays in their accounts, but nobody sees it and no token carries it."
	}
	m := views.Confirm{Consequences: []string{"No user flow can ask for “" + d.Name + "” any more.", kept, "A new attribute of the same name brings the answers back."},
		Form: views.Form{Action: v.definitionBase(d) + "/delete", Submit: "Delete attribute", Danger: true, Cancel: v.definitionBase(d)}}
	if !complain(handlers.InfoOf(c).Locale, &m.Form, problem) {
		return problem
	}
	s, err := p.shell(c, "Delete “"+d.Name+"”?", "", views.Help{}, v.definitionCrumbs(crumb)...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

func (p *Portal) definitionDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	d, err := v.tenant.Definition(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	if err := v.tenant.DeleteDefinition(c.UserContext(), v.actor(c), d.ID); err != nil {
		return p.definitionDeletePage(c, err)
	}
	return p.done(c, v.base()+"/user-attributes", "“"+d.Name+"” is deleted.")
}
