package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/webhook"
	"portico/models"
	views "portico/views/admin"
)

func deliveryState(d models.WebhookDelivery) views.Cell {
	switch {
	case d.Delivered():
		return badge("ok", "Delivered")
	case d.Dead():
		return badge("danger", "Dead letter")
	case d.Attempts == 0:
		return badge("info", "Waiting")
	}
	return badge("warn", "Is tried again")
}

// statusWords is what the receiver said, in few words.
func statusWords(status int) string {
	if status == 0 {
		return "No answer"
	}
	return fmt.Sprint(status)
}

func tookWords(d time.Duration) string {
	if d < time.Millisecond {
		return "< 1 ms"
	}
	return fmt.Sprintf("%d ms", d.Milliseconds())
}

// deliveryTable lists deliveries; names are the webhooks' by id, nil where all are of one.
func deliveryTable(v *visit, items []models.WebhookDelivery, names map[string]string) *views.Table {
	t := &views.Table{Caption: "Deliveries", Columns: []views.Column{{Label: "Time"}, {Label: "Event"}, {Label: "State"}, {Label: "Status"}, {Label: "Attempts", Num: true}, {Label: "Took", Num: true}, {Label: "Next try"}}}
	if names != nil {
		t.Columns = append(t.Columns, views.Column{Label: "Webhook"})
	}
	for _, d := range items {
		status, took, next := plain(""), plain(""), plain("")
		if len(d.Answers) > 0 {
			status, took = plain(statusWords(d.Status)), views.Cell{Kind: views.Num, Text: tookWords(d.Took)}
		}
		if d.Pending() {
			next = when(d.DueAt)
		}
		row := views.Row{Cells: []views.Cell{{Kind: views.When, Time: d.CreatedAt, Href: v.deliveryBase(d.ID)}, plain(eventTitle(d.Kind)), deliveryState(d), status,
			{Kind: views.Num, Text: fmt.Sprint(d.Attempts)}, took, next}}
		if names != nil {
			row.Cells = append(row.Cells, views.Cell{Kind: views.Name, Text: names[d.WebhookID], Href: v.webhookBase(d.WebhookID)})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func (p *Portal) deliveryList(c *fiber.Ctx) error {
	v, w := visitOf(c), viewOf(c, "webhook", "state", "event", "subject")
	hooks, err := v.tenant.Webhooks(c.UserContext())
	if err != nil {
		return err
	}
	page, err := v.tenant.WebhookDeliveries(c.UserContext(), models.DeliveryQuery{WebhookID: w.get("webhook"), State: w.get("state"), Kind: w.get("event"), Subject: w.get("subject"), After: w.get("after")})
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Deliveries of webhooks", "What was sent to other systems, and what they answered.", webhookHelp(), v.webhookCrumbs()...)
	if err != nil {
		return err
	}
	names, which, events := map[string]string{}, []views.Option{{Label: "Any webhook"}}, []views.Option{{Label: "Any event"}}
	for _, h := range hooks {
		names[h.ID] = h.Name
		which = append(which, views.Option{Value: h.ID, Label: h.Name})
	}
	for _, k := range webhook.Kinds() {
		events = append(events, views.Option{Value: k.Name, Label: k.Title})
	}
	l := views.List{Filter: w.filter(3, views.Field{Kind: views.Select, Name: "webhook", Label: "Webhook", Options: which},
		views.Field{Kind: views.Select, Name: "state", Label: "State", Options: []views.Option{{Label: "Any state"}, {Value: "pending", Label: "Waiting"}, {Value: "delivered", Label: "Delivered"}, {Value: "dead", Label: "Dead letter"}}},
		views.Field{Kind: views.Select, Name: "event", Label: "Event", Options: events}, views.Field{Name: "subject", Label: "ID of the person or thing", Code: true}),
		Table: *deliveryTable(v, page.Items, names), Shown: shown(len(page.Items), "event", "newest first"),
		Empty: emptyOf(w, "No deliveries", "As soon as something happens that a webhook subscribes to, you see it here. What arrived is kept for 7 days, dead letters for 30.", nil)}
	w.finish(&l, page.Next)
	l.CSV, l.JSON = "", ""
	return p.list(c, s, l)
}

// mayReadEvent reports whether the admin may see what an event says: personal data may be in it.
func (v *visit) mayReadEvent(kind string) bool {
	k, known := webhook.KindOf(kind)
	return kind == webhook.Test || known && v.may(k.Right) && v.may(access.UserRead)
}

func (p *Portal) deliveryDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	d, err := v.tenant.WebhookDelivery(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	w, err := v.tenant.Webhook(c.UserContext(), d.WebhookID)
	if err != nil {
		return err
	}
	s, err := p.shell(c, eventTitle(d.Kind), "An event on its way to "+w.Name+".", webhookHelp(), v.webhookCrumbs(views.Link{Label: w.Name, Href: v.webhookBase(w.ID)})...)
	if err != nil {
		return err
	}
	about := views.Section{ID: "delivery", Title: "Delivery", Summary: facts(fact("State", deliveryState(d)), fact("Event", code(webhook.TypePrefix+d.Kind)), fact("Event ID", code(d.EventID)), fact("Delivery ID", code(d.ID)),
		fact("About", code(d.Subject)), fact("Happened", when(d.CreatedAt)), fact("Attempts", plain(fmt.Sprint(d.Attempts))), fact("Problem", views.Cell{Text: d.Reason, Tone: "danger"}), fact("Ended", when(d.EndedAt)))}
	if d.Pending() {
		about.Summary = append(about.Summary, fact("Next try", when(d.DueAt)), fact("Tried until", when(d.NotAfter)))
	}
	if v.may(access.ExtensionWrite) && v.maySubscribe(w.Subscription) && w.Enabled && d.Kind != webhook.Test {
		about.Buttons = []views.Action{{Label: choose(d.Pending(), "Try now", "Redeliver"), Post: v.deliveryBase(d.ID) + "/redeliver", About: eventTitle(d.Kind)}}
	}
	sections := []views.Section{about}
	body := views.Section{ID: "body", Title: "What was sent", Lead: "The body, as it travels.", Code: indented(d.Body)}
	if !v.mayReadEvent(d.Kind) {
		body.Lead, body.Code = "Your roles do not let you read what this event says.", ""
	}
	sections = append(sections, body)
	for i := len(d.Answers) - 1; i >= 0; i-- {
		a := d.Answers[i]
		sec := views.Section{ID: fmt.Sprint("answer-", i), Title: choose(a.Taken(), "Taken", "Not taken"), Summary: facts(fact("Time", when(a.At)), fact("Status", plain(statusWords(a.Status))), fact("Took", plain(tookWords(a.Duration))),
			fact("Problem", views.Cell{Text: a.Problem, Tone: "danger"}))}
		if v.mayReadEvent(d.Kind) {
			sec.Code = a.Body
		}
		sections = append(sections, sec)
	}
	return p.detail(c, s, views.Detail{Sections: sections, Refresh: d.Pending()})
}

func indented(body string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(body), "", "  ") != nil {
		return body
	}
	return b.String()
}

func (p *Portal) deliveryAgain(c *fiber.Ctx) error {
	v := visitOf(c)
	d, err := v.tenant.WebhookDelivery(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	w, err := v.tenant.Webhook(c.UserContext(), d.WebhookID)
	if err != nil {
		return err
	}
	if !v.maySubscribe(w.Subscription) {
		return fault.New(fault.Denied, "webhook.not_yours")
	}
	if d, err = v.tenant.Redeliver(c.UserContext(), v.actor(c), d.ID); err != nil {
		return err
	}
	return p.done(c, v.deliveryBase(d.ID), "The event is being sent again.")
}
