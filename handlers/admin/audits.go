package admin

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/models"
	views "portico/views/admin"
)

func (p *Portal) auditQuery(w view) models.AuditQuery {
	from, to := w.span(p.Now())
	return models.AuditQuery{From: from, To: to, Category: w.get("category"), Operation: w.get("operation"), ActorID: w.get("actor"), Search: w.get("search"),
		TargetKind: w.get("kind"), TargetID: w.get("target"), CorrelationID: w.get("correlation"), Activity: w.get("activity"), Result: w.get("result"), After: w.get("after")}
}

func (p *Portal) auditList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "search", "range", "from", "to", "category", "operation", "actor", "kind", "target", "correlation", "activity", "result")
	q := p.auditQuery(w)
	if f := c.Query("format"); f == "csv" || f == "json" {
		return download(c, f, "audit-"+v.dir.Tenant.Slug, auditColumns(), auditJSON, func(ctx context.Context, after string) ([]models.AuditEntry, string, error) {
			q.After, q.Limit = after, 500
			page, err := v.tenant.Audits(ctx, q)
			return page.Items, page.Next, err
		})
	}
	page, err := v.tenant.Audits(c.UserContext(), q)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Audit logs", "Who changed what, with the values before and after.", views.Help{
		What: "Every change by an admin, an application or the system itself. The entry is written together with the change, or neither is.",
		Do:   "Open an entry to see what it changed. To see the history of one thing, open the thing and follow “Changes”."})
	if err != nil {
		return err
	}
	l := views.List{Filter: w.filter(3, auditFields()...), Table: auditTable(page.Items, v.base()), Shown: shown(len(page.Items), "change", "newest first"),
		Empty: emptyOf(w, "No changes yet", "As soon as somebody changes something in this tenant, you see it here.", nil)}
	w.finish(&l, page.Next)
	return p.list(c, s, l)
}

func auditFields() []views.Field {
	any := func(label string, values ...string) []views.Option {
		out := []views.Option{{Label: label}}
		for _, s := range values {
			out = append(out, views.Option{Value: s, Label: kindOfThing(s)})
		}
		return out
	}
	span := spanFields()
	return []views.Field{{Name: "search", Label: "Name of who or what", Type: "search"}, span[0],
		{Kind: views.Select, Name: "category", Label: "Category", Options: any("Any category", "ApplicationManagement", "UserManagement", "UserFlow", "Policy", "DirectoryManagement", "RoleManagement", "GroupManagement", "KeyManagement", "Authentication", "HelpDesk", "Authorization")},
		{Kind: views.Select, Name: "operation", Label: "Operation", Options: any("Any operation", "Add", "Update", "Delete", "Assign", "Unassign", "Download", "Read", "Check", "Use", "Deny")},
		{Kind: views.Select, Name: "kind", Label: "Changed thing", Options: any("Any thing", "user", "application", "userFlow", "userFlowAttribute", "terms", "invitation", "tenant", "policy", "signingKey", "group", "import", "route", "auditLog", "list")},
		{Kind: views.Select, Name: "result", Label: "Result", Options: any("Any result", "success", "failure")},
		{Name: "activity", Label: "Activity", Hint: "Its whole name, such as “Update user”."},
		{Name: "actor", Label: "ID of who", Code: true}, {Name: "target", Label: "ID of the thing", Code: true},
		span[1], span[2], {Name: "correlation", Label: "Correlation ID", Code: true}}
}

func auditTable(items []models.AuditEntry, base string) views.Table {
	t := views.Table{Caption: "Changes", Columns: []views.Column{{Label: "Time"}, {Label: "Who"}, {Label: "Did"}, {Label: "To what"}, {Label: "Changed"}}}
	for _, e := range items {
		var names []string
		for _, ch := range e.Changes {
			names = append(names, propertyWord(ch.Property))
		}
		changed := strings.Join(names, ", ")
		if len(names) > 3 {
			changed = strings.Join(names[:3], ", ") + " and more"
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{
			{Kind: views.When, Time: e.At, Href: base + "/audits/" + e.ID}, {Kind: views.Name, Text: e.Actor.Name, Sub: actorWord(string(e.Actor.Kind))},
			plain(e.Activity), {Kind: views.Name, Text: e.Target.Name, Sub: kindOfThing(e.Target.Kind)}, plain(changed)}})
	}
	return t
}

// kindOfThing names what was changed.
func kindOfThing(kind string) string {
	switch kind {
	case "userFlowAttribute":
		return "Custom attribute"
	case "terms":
		return "Terms of use"
	case "userFlow", "UserFlow":
		return "User flow"
	}
	return humane(kind)
}

func actorWord(kind string) string {
	switch kind {
	case "user":
		return ""
	case "app":
		return "Application"
	}
	return "System"
}

func auditColumns() []column[models.AuditEntry] {
	return []column[models.AuditEntry]{
		{"id", func(e models.AuditEntry) string { return e.ID }},
		{"activityDateTime", func(e models.AuditEntry) string { return stamp(e.At) }},
		{"activity", func(e models.AuditEntry) string { return e.Activity }},
		{"category", func(e models.AuditEntry) string { return e.Category }},
		{"operationType", func(e models.AuditEntry) string { return e.Operation }},
		{"result", func(e models.AuditEntry) string { return e.Result }},
		{"actorKind", func(e models.AuditEntry) string { return string(e.Actor.Kind) }},
		{"actorId", func(e models.AuditEntry) string { return e.Actor.ID }},
		{"actor", func(e models.AuditEntry) string { return e.Actor.Name }},
		{"actorIp", func(e models.AuditEntry) string { return e.Actor.IP }},
		{"targetKind", func(e models.AuditEntry) string { return e.Target.Kind }},
		{"targetId", func(e models.AuditEntry) string { return e.Target.ID }},
		{"target", func(e models.AuditEntry) string { return e.Target.Name }},
		{"changes", func(e models.AuditEntry) string {
			b, _ := json.Marshal(e.Changes)
			return string(b)
		}},
		{"correlationId", func(e models.AuditEntry) string { return e.Actor.CorrelationID }},
	}
}

func auditJSON(e models.AuditEntry) any {
	return fiber.Map{"id": e.ID, "activityDateTime": stamp(e.At), "activityDisplayName": e.Activity, "category": e.Category, "operationType": e.Operation,
		"result": e.Result, "initiatedBy": fiber.Map{"kind": e.Actor.Kind, "id": e.Actor.ID, "displayName": e.Actor.Name, "ipAddress": e.Actor.IP},
		"target": e.Target, "changes": e.Changes, "correlationId": e.Actor.CorrelationID}
}

// auditDetail shows one change with its values before and after.
func (p *Portal) auditDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	e, err := v.tenant.Audit(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	s, err := p.shell(c, e.Activity, "", views.Help{What: "One change, as it was recorded with the change itself.", Do: "Removed values are marked with a minus, added ones with a plus."},
		views.Link{Label: "Audit logs", Href: v.base() + "/audits"})
	if err != nil {
		return err
	}
	thing := views.Cell{Kind: views.Name, Text: e.Target.Name}
	if href := targetHref(v.base(), e.Target.Kind, e.Target.ID); href != "" && e.Operation != "Delete" {
		thing.Href = href
	}
	return p.detail(c, s, views.Detail{Sections: []views.Section{
		{Title: "What happened", Summary: facts(fact("Time", when(e.At)), fact("Who", views.Cell{Kind: views.Name, Text: e.Actor.Name}), fact("Kind of actor", plain(humane(string(e.Actor.Kind)))),
			fact("IP address", code(e.Actor.IP)), fact("Thing", thing), fact("Kind of thing", plain(kindOfThing(e.Target.Kind))), fact("Result", plain(humane(e.Result))))},
		{Title: "Before and after", Diff: diffOf(e.Changes), Empty: "No values were recorded with this change."},
		{Title: "References", Summary: facts(fact("Entry ID", code(e.ID)), fact("Actor ID", code(e.Actor.ID)), fact("Thing ID", code(e.Target.ID)), fact("Category", plain(humane(e.Category))),
			fact("Operation", plain(e.Operation)), fact("Correlation ID", code(e.Actor.CorrelationID)))},
	}})
}

// targetHref is where a changed thing can be seen.
func targetHref(base, kind, id string) string {
	switch kind {
	case "user":
		return base + "/users/" + id
	case "application":
		return base + "/applications/" + id
	case "userFlow":
		return base + "/user-flows/" + id
	case "userFlowAttribute":
		return base + "/user-attributes/" + id
	case "group":
		return base + "/groups/" + id
	case "terms":
		return base + "/terms/" + id
	case "invitation":
		return base + "/invitations/" + id
	case "tenant":
		return base + "/settings"
	case "signingKey":
		return base + "/settings/keys"
	}
	return ""
}
