package admin

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/models"
	views "portico/views/admin"
)

func (p *Portal) flowAttributes(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	return p.attributesPage(c, d, nil, nil)
}

// attributesPage is the layout of the sign-up page: its fields in order, what can be added, and the checkbox
// for terms. changed is the form whose sending was refused.
func (p *Portal) attributesPage(c *fiber.Ctx, d *design, changed *views.DesignForm, problems []views.Problem) error {
	order := &views.Order{Label: "Fields of the sign-up page in their order", Action: d.base() + "/attributes/arrange", Revision: d.revision(), Fixed: !d.writes()}
	for _, a := range d.flow.Attributes {
		order.Items = append(order.Items, fieldItem(d, a))
	}
	parts := []views.DesignPart{{ID: "fields", Title: "What people are asked at sign-up", Order: order,
		Lead:  "Their email address is always asked first, because they sign in with it. Ask for little else: each field loses people. What you make required later is asked of existing people at their next sign-in.",
		Empty: "Nothing but the email address."}}
	if d.writes() {
		add, consent := d.addForm(), d.consentForm()
		if changed != nil && changed.Action == consent.Action {
			consent = *changed
		} else if changed != nil {
			add = *changed
		}
		parts = append(parts,
			views.DesignPart{ID: "add", Title: "Add a field", Form: &add, Action: &views.Link{Label: "Custom attributes", Href: d.v.base() + "/user-attributes"}},
			views.DesignPart{ID: "consent", Title: "Terms and privacy checkbox", Form: &consent, Fold: "Add a checkbox with a link",
				Lead: "A box that people must tick to sign up, with links to your texts. To know who agreed to which version, and to ask again after a change, use the tab “Terms” instead."})
	}
	preview, err := p.preview(c, d, "layout")
	if err != nil {
		return err
	}
	return p.designPage(c, d, tabAttributes, parts, preview, problems)
}

// fieldItem is one line of the layout.
func fieldItem(d *design, a userflow.Attribute) views.OrderItem {
	item := views.OrderItem{ID: a.ID, Label: attributeName(a), Href: d.base() + "/attributes/edit/" + a.ID, Text: inputWord(a.Input())}
	if a.ID == userflow.UserName {
		item.Text = "People choose it and can sign in with it"
	}
	if a.Label != "" {
		item.Text += ". Label: " + a.Label
	}
	for _, mark := range []struct {
		yes  bool
		word string
	}{{a.Required, "Required"}, {a.Hidden, "Hidden"}, {a.ReadOnly, "Read-only"}} {
		if mark.yes {
			item.Marks = append(item.Marks, mark.word)
		}
	}
	return item
}

// offered are the attributes that can still be added: the built-in ones, the tenant's own, the user name.
func offered(dir *models.Directory, asks func(id string) bool) []views.Option {
	var out []views.Option
	for _, id := range attributeIDs() {
		if !asks(id) {
			out = append(out, views.Option{Value: id, Label: attributeLabel(id)})
		}
	}
	for _, x := range sortedDefinitions(dir) {
		if !asks(x.ID) {
			out = append(out, views.Option{Value: x.ID, Label: x.Name + " (custom)"})
		}
	}
	if !asks(userflow.UserName) {
		out = append(out, views.Option{Value: userflow.UserName, Label: "User name, chosen by the person"})
	}
	return out
}

func sortedDefinitions(dir *models.Directory) []userflow.Definition {
	var out []userflow.Definition
	for _, x := range dir.Definitions {
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b userflow.Definition) int {
		return strings.Compare(strings.ToLower(a.Name)+a.ID, strings.ToLower(b.Name)+b.ID)
	})
	return out
}

func (d *design) addForm() views.DesignForm {
	return views.DesignForm{Action: d.base() + "/attributes/add", Revision: d.revision(), Submit: "Add field", Groups: group(
		views.Field{Kind: views.Select, Name: "attribute", Label: "Attribute", Options: append([]views.Option{{Label: "Choose an attribute"}}, offered(d.v.dir, d.flow.Asks)...),
			Hint: "Built-in ones and those that were made for this tenant. It goes to the end of the page."},
		views.Field{Kind: views.Check, Name: "required", Label: "It must be filled in"})}
}

func (d *design) consentForm() views.DesignForm {
	boxes := []views.Option{{Label: "Choose an attribute"}}
	if d.v.may(access.AttributeWrite) {
		boxes[0].Label = "A new one, “Terms of use”"
	}
	for _, x := range sortedDefinitions(d.v.dir) {
		if x.DataType == userflow.Boolean && !d.flow.Asks(x.ID) {
			boxes = append(boxes, views.Option{Value: x.ID, Label: x.Name})
		}
	}
	return views.DesignForm{Action: d.base() + "/attributes/consent", Revision: d.revision(), Submit: "Add checkbox", Quiet: true, Groups: group(
		views.Field{Kind: views.Select, Name: "box", Label: "Attribute that remembers the tick", Options: boxes, Hint: "A custom attribute that is ticked or not."},
		views.Field{Name: "termsUrl", Label: "Address of your terms of use", Type: "url", Code: true, Hint: "It starts with https://"},
		views.Field{Name: "privacyUrl", Label: "Address of your privacy policy", Type: "url", Code: true, Optional: true})}
}

// refused shows the layout again after one of its forms was refused.
func (p *Portal) refused(c *fiber.Ctx, d *design, form views.DesignForm, problem error) error {
	keepTypedDesign(c, &form)
	if !complainDesign(c, &form, problem, tabAttributes, "") {
		return problem
	}
	return p.attributesPage(c, d, &form, form.Problems)
}

func (p *Portal) attributeAdd(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	id := typed(c, "attribute")
	if id == "" {
		return p.refused(c, d, d.addForm(), fault.BadField("attribute", "admin.flow.choose_attribute", nil))
	}
	_, err = p.save(c, d, func(f *userflow.Flow) error {
		f.Attributes = append(f.Attributes, userflow.Attribute{ID: id, Required: ticked(c, "required")})
		return nil
	})
	if err != nil {
		return p.refused(c, d, d.addForm(), err)
	}
	return p.done(c, d.base()+"/attributes#f-item-"+id, "“"+d.v.attributeName(id)+"” added to the draft.")
}

// attributeName is the name of an attribute of the tenant, asked for or not.
func (v *visit) attributeName(id string) string {
	a := userflow.Attribute{ID: id}
	if x, ok := v.dir.Definitions[id]; ok {
		a.Definition = &x
	}
	return attributeName(a)
}

// attributeArrange moves a field or takes it off the page.
func (p *Portal) attributeArrange(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	id, to := typed(c, "item"), typed(c, "to")
	_, err = p.save(c, d, func(f *userflow.Flow) error {
		at := place(*f, id)
		if at < 0 {
			return fault.New(fault.NotFound, "error.not_found")
		}
		f.Attributes = arranged(f.Attributes, at, to)
		return nil
	})
	if err != nil {
		return p.refused(c, d, d.addForm(), err)
	}
	word, to := arrangedWord(to, d.base()+"/attributes", id)
	return p.done(c, to, "“"+d.v.attributeName(id)+"” "+word)
}

func arrangedWord(to, page, id string) (word, address string) {
	if to == "remove" {
		return "removed from the draft. What people answered already is kept.", page
	}
	return "moved.", page + "#f-item-" + id
}

// arranged moves the item at a place up, down, to the top or to the bottom, or removes it.
func arranged[T any](list []T, at int, to string) []T {
	item, rest := list[at], slices.Delete(slices.Clone(list), at, at+1)
	switch to {
	case "up":
		at--
	case "down":
		at++
	case "top":
		at = 0
	case "bottom":
		at = len(rest)
	case "remove":
		return rest
	}
	return slices.Insert(rest, min(max(at, 0), len(rest)), item)
}

// consentAdd adds a checkbox whose label links to the terms. Where there is no attribute for it yet, it makes
// one in the same breath.
func (p *Portal) consentAdd(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	label, err := consentLabel(typed(c, "termsUrl"), typed(c, "privacyUrl"))
	if err != nil {
		return p.refused(c, d, d.consentForm(), err)
	}
	id := typed(c, "box")
	if id == "" && !d.v.may(access.AttributeWrite) {
		return p.refused(c, d, d.consentForm(), fault.BadField("box", "admin.flow.choose_attribute", nil))
	}
	err = d.v.tenant.InTx(c.UserContext(), func(t *models.Tenant) error {
		if id == "" {
			made, err := t.CreateDefinition(c.UserContext(), d.v.actor(c), userflow.Definition{Name: consentName(d.v.dir), Description: "Ticked at sign-up: the person agreed.", DataType: userflow.Boolean})
			if err != nil {
				return err
			}
			id = made.ID
		}
		revision, _ := strconv.Atoi(typed(c, "revision"))
		_, err := t.SaveDraft(c.UserContext(), d.v.actor(c), d.now.ID, revision, func(f *userflow.Flow) error {
			f.Attributes = append(f.Attributes, userflow.Attribute{ID: id, Label: label, Required: true})
			return nil
		})
		return err
	})
	if err != nil {
		return p.refused(c, d, d.consentForm(), err)
	}
	return p.done(c, d.base()+"/attributes#f-item-"+id, "Checkbox added to the draft.")
}

// consentName is a name that no attribute has yet.
func consentName(dir *models.Directory) string {
	name := "Terms of use"
	for n := 2; slices.ContainsFunc(sortedDefinitions(dir), func(x userflow.Definition) bool { return strings.EqualFold(x.Name, name) }); n++ {
		name = "Terms of use " + strconv.Itoa(n)
	}
	return name
}

// longestConsent is the longest address in the label of a consent box: two of them and the words fit a label.
const longestConsent = 200

func consentLabel(terms, privacy string) (string, error) {
	var bad fault.Fields
	check := func(field, s string) {
		switch {
		case !strings.HasPrefix(s, "https://") && !strings.HasPrefix(s, "http://"), strings.ContainsAny(s, " ()<>\n"):
			bad.Add(field, "admin.address", nil)
		case utf8.RuneCountInString(s) > longestConsent:
			bad.Add(field, "flow.text.long", map[string]any{"count": longestConsent})
		}
	}
	check("termsUrl", terms)
	if privacy != "" {
		check("privacyUrl", privacy)
	}
	label := "I agree to the [terms of use](" + terms + ")"
	if privacy != "" {
		label += " and have read the [privacy policy](" + privacy + ")"
	}
	return label, bad.Err()
}

// attributeForm is the page of one field.
func (p *Portal) attributeForm(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	id := c.Params("attribute")
	if d.at(id) < 0 && d.v.knows(id) {
		return p.doneWith(c, d.base()+"/attributes", models.PortalFlash{Kind: "warn", Text: "“" + d.v.attributeName(id) + "” is not on the page any more."})
	}
	return p.attributePage(c, d, nil, 2)
}

// knows reports whether something can be asked for: a built-in attribute, one of the tenant's own, the user name.
func (v *visit) knows(id string) bool {
	_, own := v.dir.Definitions[id]
	return own || id == userflow.UserName || (userflow.Attribute{ID: id}).Builtin()
}

// attributePage shows the form of one field with some empty rows for further options.
func (p *Portal) attributePage(c *fiber.Ctx, d *design, problem error, empty int) error {
	at := d.at(c.Params("attribute"))
	if at < 0 {
		return fault.New(fault.NotFound, "error.not_found")
	}
	a := d.flow.Attributes[at]
	if !d.writes() {
		return p.attributeSummary(c, d, a)
	}
	form := fieldForm(d, a, empty)
	if place(d.saved(), a.ID) < 0 {
		form.Groups = append(form.Groups, views.FieldGroup{Fields: []views.Field{{Kind: views.Hidden, Name: "putBack", Value: "yes"}}})
	}
	if problem != nil {
		keepTypedDesign(c, &form)
		if !complainDesign(c, &form, problem, tabAttributes, "attributes["+strconv.Itoa(at)+"]") {
			return problem
		}
	}
	preview, err := p.preview(c, d, "attributes/"+a.ID)
	if err != nil {
		return err
	}
	if problem != nil || c.Method() == fiber.MethodPost {
		preview.Note = typedPicture
	}
	s, err := p.fieldShell(c, d, a)
	if err != nil {
		return err
	}
	field := views.DesignPart{ID: "field", Form: &form}
	if a.Definition != nil && d.v.may(access.AttributeRead) {
		field.Title, field.Action = "In this user flow", &views.Link{Label: "The attribute itself", Href: d.v.base() + "/user-attributes/" + a.ID}
	}
	return p.designView(c, s, d, tabAttributes, []views.DesignPart{field}, preview, form.Problems)
}

func (p *Portal) fieldShell(c *fiber.Ctx, d *design, a userflow.Attribute) (views.Shell, error) {
	s, err := p.designShell(c, d, attributeName(a), "How the field looks and what it takes in this user flow.",
		views.Link{Label: d.now.Name, Href: d.base()}, views.Link{Label: tabAttributes, Href: d.base() + "/attributes"})
	s.Primary = nil
	return s, err
}

// attributeSummary is a field for those who may only read.
func (p *Portal) attributeSummary(c *fiber.Ctx, d *design, a userflow.Attribute) error {
	preview, err := p.preview(c, d, "attributes/"+a.ID)
	if err != nil {
		return err
	}
	s, err := p.fieldShell(c, d, a)
	if err != nil {
		return err
	}
	label := a.Label
	if label == "" {
		label = "“" + attributeName(a) + "”" + choose(a.Definition == nil, ", in people’s own language", "")
	}
	field := views.Section{ID: "field", Title: "In this user flow", Summary: facts(
		fact("Label", views.Cell{Kind: views.Name, Text: label}),
		fact("Help text", views.Cell{Kind: views.Name, Text: a.Hint}), fact("It must be filled in", yesNoBadge(a.Required)))}
	if a.ID != userflow.UserName {
		var options []string
		for _, o := range a.Choices() {
			options = append(options, o.Text+" ("+o.Value+")")
		}
		field.Summary = append(field.Summary, facts(fact("How is it asked?", plain(inputLabel(a.Input()))), fact("Options", views.Cell{Kind: views.Lines, List: options}),
			fact("Default", views.Cell{Kind: views.Name, Text: a.Default}), fact("Hidden", yesNoBadge(a.Hidden)), fact("Read-only", yesNoBadge(a.ReadOnly)))...)
	}
	if a.Definition != nil && d.v.may(access.AttributeRead) {
		field.Action = &views.Link{Label: "The attribute itself", Href: d.v.base() + "/user-attributes/" + a.ID}
	}
	return p.designView(c, s, d, tabAttributes, []views.DesignPart{{Section: &field}}, preview, nil)
}

// fieldForm edits one field. A user name has words only: its rules are the tenant's.
func fieldForm(d *design, a userflow.Attribute, empty int) views.DesignForm {
	form := views.DesignForm{Action: d.base() + "/attributes/edit/" + a.ID, Revision: d.revision(), Submit: "Save draft", Cancel: d.base() + "/attributes", Previewed: true}
	fields := []views.Field{
		{Name: "label", Label: "Label", Value: a.Label, Optional: true, Hint: "What customers read. Empty: “" + attributeName(a) + "”, for built-in attributes in their own language. A link is written [terms of use](https://example.com/terms)."},
		{Name: "hint", Label: "Help text", Value: a.Hint, Optional: true, Hint: "One sentence below the label."},
		{Kind: views.Check, Name: "required", Label: "It must be filled in", Hint: requiredHint(a), Value: tick(a.Required)}}
	if a.ID == userflow.UserName {
		form.Groups = group(fields...)
		return form
	}
	if inputs := userflow.InputTypes(a.Type()); len(inputs) > 1 {
		var options []views.Option
		for _, t := range inputs {
			options = append(options, views.Option{Value: string(t), Label: inputLabel(t)})
		}
		fields = append(fields, views.Field{Kind: views.Radios, Name: "inputType", Label: "How is it asked?", Value: string(a.Input()), Options: options})
	}
	form.Groups = append(group(fields...), views.FieldGroup{Fold: "Default, hidden and read-only", Open: a.Default != "" || a.Hidden || a.ReadOnly, Fields: []views.Field{
		defaultField(a),
		{Kind: views.Check, Name: "hidden", Label: "Hidden", Hint: "Never shown. New accounts get the default, or what an invitation says.", Value: tick(a.Hidden)},
		{Kind: views.Check, Name: "readOnly", Label: "Read-only", Hint: "Shown, but the person cannot change it.", Value: tick(a.ReadOnly)}}})
	if a.Type() == userflow.Choice || len(userflow.InputTypes(a.Type())) > 1 {
		form.Options = optionRows(a, empty)
	}
	return form
}

func requiredHint(a userflow.Attribute) string {
	switch a.Input() {
	case userflow.CheckboxSingle:
		return "The box must be ticked."
	case userflow.CheckboxMultiSelect:
		return "At least one box must be ticked."
	}
	return ""
}

func defaultField(a userflow.Attribute) views.Field {
	f := views.Field{Name: "default", Label: "Default", Value: a.Default, Optional: true, Hint: "What is there before anybody types."}
	if a.Type() == userflow.Boolean {
		f.Kind, f.Options = views.Select, []views.Option{{Label: "None"}, {Value: "true", Label: "Ticked"}, {Value: "false", Label: "Not ticked"}}
	} else if a.Type() == userflow.Date {
		f.Hint += " Write it as 2026-12-31."
	} else if len(a.Choices()) > 0 {
		f.Hint += " Write the value of one of the options."
	}
	return f
}

// most is how many options an attribute can have; the domain refuses more.
const most = 100

func optionRows(a userflow.Attribute, empty int) *views.OptionRows {
	rows := &views.OptionRows{Name: "options", Label: "Options", Fixed: a.Type() == userflow.Choice,
		Hint: "For radio buttons, lists and checkboxes: what customers read, and the value that apps receive. The text may hold links as in the label. Empty both boxes to remove an option."}
	if rows.Fixed {
		rows.Hint = "The values belong to the custom attribute; here you may put other words to them. The text may hold links as in the label."
		empty = 0
	}
	for _, o := range a.Choices() {
		rows.Rows = append(rows.Rows, views.OptionRow{Text: o.Text, Value: o.Value})
	}
	for range min(empty, max(most-len(rows.Rows), 0)) {
		rows.Rows = append(rows.Rows, views.OptionRow{})
	}
	return rows
}

func (p *Portal) attributeSave(c *fiber.Ctx) error {
	d, err := p.designing(c)
	if err != nil {
		return err
	}
	id := c.Params("attribute")
	taken := d.at(id) < 0
	if taken { // by another admin, while this one had its form open
		if !d.v.knows(id) && !strings.HasPrefix(id, "extension_") {
			return fault.New(fault.NotFound, "error.not_found")
		}
		d.flow.Attributes = append(slices.Clone(d.flow.Attributes), userflow.Attribute{ID: id})
	}
	if ticked(c, "more") { // further rows; nothing is saved
		readField(c, &d.flow, id)
		return p.attributePage(c, d, nil, 10)
	}
	if taken && !ticked(c, "putBack") {
		readField(c, &d.flow, id)
		return p.attributePage(c, d, d.takenOut(), 2)
	}
	changed, err := p.save(c, d, func(f *userflow.Flow) error {
		if place(*f, id) < 0 {
			f.Attributes = append(f.Attributes, userflow.Attribute{ID: id})
		}
		readField(c, f, id)
		return nil
	})
	if err != nil {
		readField(c, &d.flow, id)
		return p.attributePage(c, d, err, 2)
	}
	return p.done(c, d.base()+"/attributes", savedWords(d.flow.Name, changed))
}

// saved is the flow without what is being typed.
func (d *design) saved() userflow.Flow {
	if d.has {
		return d.draft.Flow
	}
	return d.now.Flow
}

// takenOut says that the field whose form was sent is not there any more.
func (d *design) takenOut() error {
	if !d.has {
		return fault.New(fault.Conflict, "flow.draft.field_gone")
	}
	return &fault.Error{Code: fault.Conflict, Key: "flow.draft.field_taken", Args: map[string]any{"name": d.draft.ActorName}}
}

// readField reads the form of one field into the flow's attribute.
func readField(c *fiber.Ctx, f *userflow.Flow, id string) {
	at := place(*f, id)
	if at < 0 {
		return
	}
	list := slices.Clone(f.Attributes)
	a := &list[at]
	if x, ok := visitOf(c).dir.Definitions[id]; ok { // the rules of a draft under way are not in its document
		a.Definition = &x
	}
	a.Label, a.Hint, a.Required = typed(c, "label"), typed(c, "hint"), ticked(c, "required")
	if id != userflow.UserName {
		a.Default, a.Hidden, a.ReadOnly = typed(c, "default"), ticked(c, "hidden"), ticked(c, "readOnly")
		a.Options = readOptions(c)
		if a.Definition != nil && slices.Equal(a.Options, a.Definition.Options) {
			a.Options = nil // so that they follow the attribute
		}
		if input := userflow.InputType(typed(c, "inputType")); input != "" {
			if a.InputType = ""; a.Input() != input {
				a.InputType = input
			}
		}
	}
	f.Attributes = list
}

// readOptions reads the rows of options. Rows with both boxes empty are not there.
func readOptions(c *fiber.Ctx) []userflow.Option {
	var out []userflow.Option
	for i := 0; i < 2*most && c.Request().PostArgs().Has(optionName(i, "value")); i++ {
		o := userflow.Option{Text: typed(c, optionName(i, "text")), Value: typed(c, optionName(i, "value"))}
		if o.Text != "" || o.Value != "" {
			out = append(out, o)
		}
	}
	return out
}

func optionName(i int, part string) string { return "options." + strconv.Itoa(i) + "." + part }
