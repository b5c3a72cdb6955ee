package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/policy"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// policyFileLimit is the largest file of policies.
const policyFileLimit = 1 << 20

// policyExport downloads one policy in Graph's shape.
func (p *Portal) policyExport(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.Policy(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	return p.sendPolicies(c, "policy-"+x.ID, x)
}

// policyExportAll downloads all policies as a collection of Graph.
func (p *Portal) policyExportAll(c *fiber.Ctx) error {
	v := visitOf(c)
	list, err := v.tenant.Policies(c.UserContext())
	if err != nil {
		return err
	}
	if list == nil {
		list = []policy.Policy{}
	}
	return p.sendPolicies(c, "policies-"+v.dir.Tenant.Slug, map[string]any{"value": list})
}

func (p *Portal) sendPolicies(c *fiber.Ctx, name string, what any) error {
	v := visitOf(c)
	body, err := json.MarshalIndent(what, "", "  ")
	if err != nil {
		return err
	}
	if err := v.tenant.WriteAudit(c.UserContext(), v.actor(c), audit.Event{Activity: "Download list", Category: "Policy", Operation: "Download",
		Target: audit.Target{Kind: "list", ID: name, Name: name}, Changes: []audit.Change{{Property: "format", New: "json"}}}); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/json; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, fmt.Sprintf(`attachment; filename="%s.json"`, name))
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.Send(append(body, '\n'))
}

// policyImportForm takes a policy as JSON: pasted, or as a file.
func (p *Portal) policyImportForm(c *fiber.Ctx) error { return p.policyImportPage(c, "", nil) }

func (p *Portal) policyImportPage(c *fiber.Ctx, pasted string, problem error) error {
	v := visitOf(c)
	at := v.policiesBase() + "/import"
	paste := views.Form{Action: at, Submit: "Read it", Main: true, Cancel: v.policiesBase(), Fields: []views.Field{{Kind: views.TextArea, Name: "json", Label: "Policy as JSON", Rows: 16, Code: true, Value: pasted,
		Hint: "In the shape of Microsoft Graph’s conditionalAccessPolicy: one policy, a list, or an object with “value”. One policy is opened in the editor first; of several, all are made, those that are on as report-only."}}}
	file := views.Form{Action: at, Submit: "Upload", Upload: true, Fields: []views.Field{{Name: "file", Label: "JSON file", Type: "file"}}}
	status, problems := fiber.StatusOK, []views.Problem(nil)
	if fields := complaintsOf(problem); len(fields) == 1 && fields[0].Name == "doubles" {
		paste.Fields = append(paste.Fields, views.Field{Kind: views.Check, Name: "doubles", Label: "Make them all the same, beside those that are there"})
	}
	if problem != nil {
		form := &paste
		if v.upload != nil {
			form = &file
			problem = renameField(problem, "json", "file")
		}
		if !complain(handlers.InfoOf(c).Locale, form, problem) {
			return problem
		}
		status, problems = fiber.StatusUnprocessableEntity, form.Problems
	}
	s, err := p.shell(c, "New policy from JSON", "From another tenant, from Microsoft Entra, or from your own files.", policyHelp(), v.policyCrumbs()...)
	if err != nil {
		return err
	}
	s.Problems = problems
	return handlers.Render(c, status, views.DetailPage(s, views.Detail{Notices: v.trialNotice(), Sections: []views.Section{{ID: "paste", Title: "Paste", Form: &paste}, {ID: "upload", Title: "Or upload a file", Form: &file}}}))
}

// renameField puts the complaints about one field beside another.
func renameField(err error, from, to string) error {
	e := *fault.Of(err)
	e.Fields = slices.Clone(e.Fields)
	for i := range e.Fields {
		if e.Fields[i].Name == from {
			e.Fields[i].Name = to
		}
	}
	return &e
}

func (p *Portal) policyImport(c *fiber.Ctx) error {
	v := visitOf(c)
	text := v.field(c, "json")
	if v.upload != nil {
		if v.upload.file == nil {
			return p.policyImportPage(c, "", fault.BadField("json", "admin.policy.json.none", nil))
		}
		body, err := io.ReadAll(io.LimitReader(v.upload.file, policyFileLimit+1))
		if err != nil {
			return fiber.ErrBadRequest
		}
		if len(body) > policyFileLimit {
			return p.policyImportPage(c, "", fault.BadField("json", "import.file.large", map[string]any{"size": policyFileLimit >> 20}))
		}
		text = string(body)
	}
	list, err := policiesFromJSON(text)
	if err != nil {
		return p.policyImportPage(c, text, err)
	}
	for i := range list {
		if x := &list[i]; x.State == policy.On || x.State == "" {
			x.State = policy.ReportOnly
		}
	}
	if len(list) == 1 {
		x := list[0]
		e := policyEdit{in: inputOf(x), isNew: true, title: "New policy", note: "Read from JSON; nothing is saved yet. Look it over, then save it. One that was on begins as report-only."}
		there, err := v.namesThere(c.UserContext(), list)
		if err != nil {
			return err
		}
		if len(there) > 0 {
			e.note += " There is a policy with this name already: saving makes another one."
		}
		_, problem := v.readPolicy(e)
		return p.policyEditor(c, e, problem)
	}
	for i := range list {
		if err := policy.Validate(list[i], nil); err != nil {
			return p.policyImportPage(c, text, ofItem(c, i, list[i].Name, err))
		}
	}
	if !ticked(c, "doubles") {
		there, err := v.namesThere(c.UserContext(), list)
		if err != nil {
			return err
		}
		if len(there) > 0 {
			v.upload = nil // what was in the file goes into the box: the tick is sent with it
			return p.policyImportPage(c, text, fault.BadField("doubles", "admin.policy.json.there", map[string]any{"names": strings.Join(there, ", ")}))
		}
	}
	made := 0
	err = v.tenant.InTx(c.UserContext(), func(t *models.Tenant) error {
		for i, x := range list {
			x.ID = ""
			if _, err := t.CreatePolicy(c.UserContext(), v.actor(c), x, handlers.SignalsOf(c)); err != nil {
				return ofItem(c, i, x.Name, err)
			}
			made++
		}
		return nil
	})
	if err != nil {
		return p.policyImportPage(c, text, err)
	}
	return p.done(c, v.policiesBase(), fmt.Sprintf("%d policies created. Those that were on begin as report-only.", made))
}

// namesThere are the names of policies that are to be made and that a policy has already.
func (v *visit) namesThere(ctx context.Context, list []policy.Policy) ([]string, error) {
	have, err := v.tenant.Policies(ctx)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, x := range list {
		if slices.ContainsFunc(have, func(y policy.Policy) bool { return strings.EqualFold(strings.TrimSpace(x.Name), y.Name) }) && !slices.Contains(out, "“"+x.Name+"”") {
			out = append(out, "“"+x.Name+"”")
		}
	}
	return out, nil
}

// ofItem says which policy of a list was refused, and where in it.
func ofItem(c *fiber.Ctx, i int, name string, err error) error {
	e := fault.Of(err)
	if e.Code != fault.Invalid && e.Code != fault.Conflict && e.Code != fault.Denied {
		return err
	}
	l := handlers.InfoOf(c).Locale
	var why []string
	for _, f := range e.Fields {
		why = append(why, f.Name+": "+l.T(f.Key, f.Args))
	}
	if len(why) == 0 {
		why = append(why, l.T(e.Key, e.Args))
	}
	return fault.BadField("json", "admin.policy.json.item", map[string]any{"number": i + 1, "name": name, "why": strings.Join(why, " ")})
}

// policiesFromJSON reads one policy, a list of them, or an object with "value". Complaints name the line, or the
// path of what Portico does not have; what is there and empty is passed over.
func policiesFromJSON(text string) ([]policy.Policy, error) {
	if strings.TrimSpace(text) == "" {
		return nil, fault.BadField("json", "admin.policy.json.none", nil)
	}
	first := strings.Count(text[:len(text)-len(strings.TrimLeft(text, " \t\r\n"))], "\n") + 1
	var raw any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&raw); err != nil {
		return nil, badJSONText(text, d.InputOffset(), err)
	}
	if rest := strings.TrimSpace(text[d.InputOffset():]); rest != "" {
		return nil, badJSONText(text, d.InputOffset()+1, nil)
	}
	items, at := []any{raw}, ""
	if list, ok := raw.([]any); ok {
		items, at = list, "[%d]."
	} else if m, ok := raw.(map[string]any); ok {
		if list, ok := m["value"].([]any); ok {
			items, at = list, "value[%d]."
		}
	}
	if len(items) == 0 {
		return nil, fault.BadField("json", "admin.policy.json.none", nil)
	}
	var out []policy.Policy
	var bad fault.Fields
	for i, item := range items {
		prefix := ""
		if at != "" {
			prefix = fmt.Sprintf(at, i)
		}
		m, ok := item.(map[string]any)
		if !ok && prefix == "" {
			bad.Add("json", "admin.policy.json.whole", map[string]any{"line": first})
			continue
		}
		if !ok {
			bad.Add("json", "admin.policy.json.shape", map[string]any{"path": strings.TrimSuffix(prefix, ".")})
			continue
		}
		for _, path := range unknownIn(m, policyShape(), prefix) {
			bad.Add("json", "admin.policy.json.unknown", map[string]any{"path": path})
		}
		var x policy.Policy
		body, err := json.Marshal(m)
		if err == nil {
			err = json.Unmarshal(body, &x)
		}
		if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
			bad.Add("json", "admin.policy.json.type", map[string]any{"path": prefix + wrong.Field, "found": wrong.Value})
		} else if err != nil {
			bad.Add("json", "admin.policy.json.shape", map[string]any{"path": strings.TrimSuffix(prefix, ".")})
		}
		out = append(out, x)
	}
	if len(bad) > 20 {
		bad = bad[:20]
	}
	return out, bad.Err()
}

// badJSONText says where a text stops being JSON.
func badJSONText(text string, offset int64, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.BadField("json", "admin.policy.json.ends", map[string]any{"line": strings.Count(strings.TrimRight(text, " \t\r\n"), "\n") + 1})
	}
	if wrong := (*json.SyntaxError)(nil); errors.As(err, &wrong) {
		offset = wrong.Offset
	}
	before := text[:min(int(offset), len(text))]
	return fault.BadField("json", "admin.policy.json.syntax", map[string]any{"line": strings.Count(before, "\n") + 1, "column": len(before) - strings.LastIndexByte(before, '\n') - 1})
}

// policyShape is what Portico knows of a policy: objects by their properties, nil for a value. A policy that fills
// all of them, as it is written, is the table, so that it cannot go out of date.
func policyShape() map[string]any {
	full := policy.Policy{ID: "x", TemplateID: "x", Description: "x",
		Conditions:    policy.Conditions{Platforms: &policy.Platforms{}, Locations: &policy.Locations{}, AuthenticationFlows: &policy.TransferMethod{}},
		GrantControls: &policy.GrantControls{Strength: &policy.StrengthRef{ID: "x"}},
		SessionControls: &policy.SessionControls{SignInFrequency: &policy.SignInFrequency{Type: "x", Value: 1, FrequencyInterval: "x", AuthenticationType: "x"},
			PersistentBrowser: &policy.PersistentBrowser{Mode: "x"}}}
	var out map[string]any
	body, err := json.Marshal(full)
	if err == nil {
		err = json.NewDecoder(bytes.NewReader(body)).Decode(&out)
	}
	if err != nil {
		panic("admin: a policy is not JSON: " + err.Error())
	}
	out["createdDateTime"], out["modifiedDateTime"], out["deletedDateTime"] = nil, nil, nil
	return out
}

// unknownIn lists the paths of what says something and is not in the shape. Graph's answers carry more about a
// strength than its id, and annotations; these do no harm.
func unknownIn(m, shape map[string]any, at string) []string {
	var out []string
	for name, value := range m {
		known, ok := shape[name]
		inner, _ := known.(map[string]any)
		object, _ := value.(map[string]any)
		switch {
		case strings.HasPrefix(name, "@") || strings.Contains(name, "@odata") || saysNothing(value):
		case !ok:
			out = append(out, at+name)
		case name == "authenticationStrength":
		case inner != nil && object != nil:
			out = append(out, unknownIn(object, inner, at+name+".")...)
		}
	}
	slices.Sort(out)
	return out
}

// saysNothing reports whether a value is the absence of one.
func saysNothing(value any) bool {
	switch x := value.(type) {
	case nil:
		return true
	case bool:
		return !x
	case string:
		return x == ""
	case []any:
		return len(x) == 0
	case map[string]any:
		for _, inner := range x {
			if !saysNothing(inner) {
				return false
			}
		}
		return true
	}
	return false
}
