package admin

import (
	"slices"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/webhook"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// webhookRoutes are the subscriptions of other systems to what happens here.
func (p *Portal) webhookRoutes() []handlers.Route {
	const at = "/admin/t/:tenant/webhooks"
	const read, write = access.ExtensionRead, access.ExtensionWrite
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.webhookList, Permission: read, NavGroup: navSignIn, NavLabel: "Webhooks"},
		{Method: get, Path: at + "/new", Handler: p.webhookNew, Permission: write},
		{Method: post, Path: at, Handler: p.webhookCreate, Permission: write},
		{Method: get, Path: at + "/:id", Handler: p.webhookDetail, Permission: read},
		{Method: get, Path: at + "/:id/edit", Handler: p.webhookEdit, Permission: write},
		{Method: post, Path: at + "/:id/edit", Handler: p.webhookSave, Permission: write},
		{Method: post, Path: at + "/:id/enabled", Handler: p.webhookEnabled, Permission: write},
		{Method: post, Path: at + "/:id/test", Handler: p.webhookTest, Permission: write},
		{Method: get, Path: at + "/:id/secret", Handler: p.webhookSecretForm, Permission: write},
		{Method: post, Path: at + "/:id/secret", Handler: p.webhookSecret, Permission: write},
		{Method: get, Path: at + "/:id/redeliver", Handler: p.webhookAgainForm, Permission: write},
		{Method: post, Path: at + "/:id/redeliver", Handler: p.webhookAgain, Permission: write},
		{Method: get, Path: at + "/:id/delete", Handler: p.webhookDeleteForm, Permission: write},
		{Method: post, Path: at + "/:id/delete", Handler: p.webhookDelete, Permission: write},
		{Method: get, Path: "/admin/t/:tenant/webhook-deliveries", Handler: p.deliveryList, Permission: read, NavGroup: navSignIn, NavLabel: "Webhook deliveries"},
		{Method: get, Path: "/admin/t/:tenant/webhook-deliveries/:id", Handler: p.deliveryDetail, Permission: read},
		{Method: post, Path: "/admin/t/:tenant/webhook-deliveries/:id/redeliver", Handler: p.deliveryAgain, Permission: write},
	}
}

func webhookHelp() views.Help {
	return views.Help{What: "A webhook tells another system what happened here, a moment later: somebody signed up, a password changed, a risk was found. Each event arrives at least once, so a receiver drops what it has by the event’s id; the order is not promised. What is not taken is tried again for three days and then stands among the dead letters, from where you can send it again.",
		Do: "Make a webhook, send the test event, and look at the answer. The receiver should check Portico-Signature with the secret, which is shown once. To ask another system before something happens, use a custom authentication extension instead."}
}

func (v *visit) webhooksBase() string          { return v.base() + "/webhooks" }
func (v *visit) webhookBase(id string) string  { return v.webhooksBase() + "/" + id }
func (v *visit) deliveryBase(id string) string { return v.base() + "/webhook-deliveries/" + id }
func (v *visit) deliveriesOf(id, s string) string {
	return v.base() + "/webhook-deliveries?webhook=" + id + "&state=" + s
}

func (v *visit) webhookCrumbs(more ...views.Link) []views.Link {
	return append([]views.Link{{Label: "Webhooks", Href: v.webhooksBase()}}, more...)
}

// maySubscribe reports whether the admin may read everything that a subscription sends: nobody sends elsewhere what they
// may not see here.
func (v *visit) maySubscribe(s webhook.Subscription) bool {
	return !slices.ContainsFunc(s.Rights(), func(need access.Permission) bool { return !v.may(need) })
}

// subscribes refuses what cannot work, and what the admin may not read.
func (p *Portal) subscribes(v *visit, all ...webhook.Subscription) error {
	for i, s := range all {
		if i == len(all)-1 {
			if err := p.Hooks.Check(v.dir.Tenant.Slug, s); err != nil {
				return err
			}
		}
		if !v.maySubscribe(s) {
			return fault.BadField("events", "webhook.not_yours", nil)
		}
	}
	return nil
}

// webhookOf reads the webhook of the address; every change needs the rights to all that it sends.
func (v *visit) webhookOf(c *fiber.Ctx, change bool) (models.Webhook, error) {
	w, err := v.tenant.Webhook(c.UserContext(), c.Params("id"))
	if err == nil && change && !v.maySubscribe(w.Subscription) {
		return w, fault.New(fault.Denied, "webhook.not_yours")
	}
	return w, err
}

func webhookState(w models.Webhook) views.Cell {
	switch {
	case !w.Enabled && w.PausedFor != "":
		return badge("danger", "Paused itself")
	case !w.Enabled:
		return badge("neutral", "Paused")
	case w.Failures > 0:
		return badge("warn", "Failing")
	case w.DeliveredAt.IsZero():
		return badge("info", "Nothing sent yet")
	}
	return badge("ok", "Working")
}

// webhookHealth says in one sentence how it goes and what to do.
func webhookHealth(w models.Webhook, now time.Time) string {
	problem := w.LastProblem
	switch {
	case !w.Enabled && w.PausedFor == models.WebhookGone:
		return "It paused itself because the receiver answered 410: it wants nothing more. What happens now is not kept for it."
	case !w.Enabled && w.PausedFor == models.WebhookFailing:
		return "It paused itself because the receiver took nothing for three days. The last problem: " + problem + ". When the receiver works again, resume the webhook and redeliver its dead letters. What happens meanwhile is not kept for it."
	case !w.Enabled:
		return "It is paused. What happens meanwhile is not kept for it; what already waits goes on when you resume it, unless it is older than three days."
	case w.Failures > 0:
		return choose(w.Failures == 1, "The last attempt", "The last "+numberWords(int(w.Failures), "attempts")) + " failed, for " + roughly(now.Sub(w.FailingSince)) + ": " + problem + ". What waits is tried again by itself."
	case w.DeliveredAt.IsZero():
		return "Nothing was sent yet. Send the test event to see whether the receiver answers."
	}
	return "It works: the last event arrived " + roughly(now.Sub(w.DeliveredAt)) + " ago."
}

func eventTitle(kind string) string {
	if k, known := webhook.KindOf(kind); known {
		return k.Title
	}
	if kind == webhook.Test {
		return "Test event"
	}
	return kind
}

func eventTitles(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = eventTitle(n)
	}
	return out
}

func (p *Portal) webhookList(c *fiber.Ctx) error {
	v := visitOf(c)
	s, err := p.shell(c, "Webhooks", "Other systems that hear what happens here.", webhookHelp())
	if err != nil {
		return err
	}
	list, err := v.tenant.Webhooks(c.UserContext())
	if err != nil {
		return err
	}
	if v.may(access.ExtensionWrite) {
		s.Primary = &views.Link{Label: "New webhook", Href: v.webhooksBase() + "/new"}
	}
	t := &views.Table{Caption: "Webhooks", Columns: []views.Column{{Label: "Name"}, {Label: "State"}, {Label: "Goes to"}, {Label: "Events"}, {Label: "Delivered", Num: true}, {Label: "Last delivery"}}}
	for _, w := range list {
		last := plain("Never")
		if !w.DeliveredAt.IsZero() {
			last = when(w.DeliveredAt)
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: w.Name, Href: v.webhookBase(w.ID)}, webhookState(w), plain(w.Place()),
			{Kind: views.Lines, List: eventTitles(w.Events)}, {Kind: views.Num, Text: grouped(w.Delivered)}, last}})
	}
	return p.detail(c, s, views.Detail{Sections: []views.Section{{ID: "webhooks", Title: numberWords(len(list), "webhooks"), Table: t,
		Empty:   "None yet. Make one, give the address of the receiver, choose events, and send the test event.",
		Buttons: []views.Action{{Label: "Show all deliveries", Href: v.base() + "/webhook-deliveries"}}}}})
}

func (v *visit) webhookForm(action, cancel, submit string, s webhook.Subscription) views.Form {
	var events []views.Option
	for _, k := range webhook.Kinds() {
		o := views.Option{Value: k.Name, Label: k.Title, Hint: k.Says}
		if !v.may(k.Right) {
			o.Disabled, o.Hint = true, "Your roles do not let you read these."
		}
		events = append(events, o)
	}
	return views.Form{Action: action, Cancel: cancel, Submit: submit, Fields: []views.Field{
		{Name: "displayName", Label: "Name", Hint: "For example the name of the system that receives.", Value: s.Name},
		{Name: "url", Label: "Address (URL)", Hint: "Each event is posted here over https. It must be reachable from the public internet.", Type: "url", Value: s.URL, Code: true},
		{Kind: views.Checks, Name: "events", Label: "Events", Options: events, Values: s.Events},
		{Name: "apps", Label: "Only of these applications", Hint: "Client IDs, separated by commas. Empty means all. Events that are about no application always come.", Value: strings.Join(s.Apps, ", "), Optional: true, Code: true},
		{Kind: views.Check, Name: "profile", Label: "With personal data", Hint: "Names, email addresses and IP addresses stand in the events. Otherwise only ids do, and the receiver asks the management API for what it needs.", Value: tick(s.Profile)}}}
}

// sentSubscription lays the form onto a subscription.
func sentSubscription(c *fiber.Ctx, s *webhook.Subscription) {
	s.Name, s.URL, s.Events, s.Profile = typed(c, "displayName"), typed(c, "url"), all(c, "events"), ticked(c, "profile")
	s.Apps = strings.FieldsFunc(typed(c, "apps"), func(r rune) bool { return strings.ContainsRune(", \n\t", r) })
}

func (p *Portal) webhookFormPage(c *fiber.Ctx, title string, f views.Form, problem error, crumbs ...views.Link) error {
	v := visitOf(c)
	if c.Method() == fiber.MethodPost {
		keepTyped(c, &f)
	}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, title, "", webhookHelp(), v.webhookCrumbs(crumbs...)...)
	if err != nil {
		return err
	}
	return p.form(c, s, f)
}

func (p *Portal) webhookNew(c *fiber.Ctx) error { return p.webhookNewPage(c, nil) }

func (p *Portal) webhookNewPage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	return p.webhookFormPage(c, "New webhook", v.webhookForm(v.webhooksBase(), v.webhooksBase(), "Make webhook", webhook.Subscription{}), problem)
}

func (p *Portal) webhookCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	var s webhook.Subscription
	sentSubscription(c, &s)
	w, secret, err := v.tenant.CreateWebhook(c.UserContext(), v.actor(c), s, true, func(s webhook.Subscription) error { return p.subscribes(v, s) })
	if err != nil {
		return p.webhookNewPage(c, err)
	}
	return p.webhookMade(c, w, "Webhook “"+w.Name+"” is on.", secret)
}

// webhookMade leads to a webhook and shows its secret this once.
func (p *Portal) webhookMade(c *fiber.Ctx, w models.Webhook, text, secret string) error {
	return p.doneWith(c, visitOf(c).webhookBase(w.ID), models.PortalFlash{Kind: "ok", Text: text, Label: "Signing secret", Secret: secret,
		Note: "Copy it now: it is shown only this once. The receiver checks each request’s Portico-Signature with it."})
}

// latestDeliveries is how many a webhook's page shows.
const latestDeliveries = 10

// countedDeliveries bounds what is counted.
const countedDeliveries = 1000

func upTo(n int) string {
	if n >= countedDeliveries {
		return "More than " + grouped(countedDeliveries-1)
	}
	return grouped(int64(n))
}

func (p *Portal) webhookDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	w, err := v.webhookOf(c, false)
	if err != nil {
		return err
	}
	waiting, dead, err := v.tenant.WebhookCounts(c.UserContext(), w.ID, countedDeliveries)
	if err != nil {
		return err
	}
	latest, err := v.tenant.WebhookDeliveries(c.UserContext(), models.DeliveryQuery{WebhookID: w.ID, Limit: latestDeliveries})
	if err != nil {
		return err
	}
	at := v.webhookBase(w.ID)
	s, err := p.shell(c, w.Name, "Webhook.", webhookHelp(), v.webhookCrumbs()...)
	if err != nil {
		return err
	}
	mine := v.may(access.ExtensionWrite) && v.maySubscribe(w.Subscription)
	going := views.Section{ID: "going", Title: "How it goes", Says: []string{webhookHealth(w, p.Now())}, Summary: facts(fact("State", webhookState(w)), fact("Waiting", plain(upTo(waiting))),
		fact("Dead letters", plain(upTo(dead))), fact("Delivered", plain(grouped(w.Delivered))), fact("Last delivery", when(w.DeliveredAt)), fact("Last problem", views.Cell{Text: w.LastProblem, Tone: "danger"}), fact("Paused", when(w.PausedAt)))}
	if mine {
		s.Primary = &views.Link{Label: "Edit webhook", Href: at + "/edit"}
		going.Buttons = []views.Action{{Label: "Send a test event", Post: at + "/test", About: w.Name}, {Label: choose(w.Enabled, "Pause", "Resume"), Post: at + "/enabled", Fields: map[string]string{"enabled": tick(!w.Enabled)}, About: w.Name}}
		if dead > 0 && w.Enabled {
			going.Buttons = append(going.Buttons, views.Action{Label: "Redeliver dead letters…", Href: at + "/redeliver", About: w.Name})
		}
	}
	deliveries := views.Section{ID: "deliveries", Title: "Latest deliveries", Table: deliveryTable(v, latest.Items, nil), Empty: "Nothing yet.",
		Buttons: []views.Action{{Label: "Show all", Href: v.deliveriesOf(w.ID, "")}, {Label: "Show dead letters", Href: v.deliveriesOf(w.ID, "dead")}}}
	what := views.Section{ID: "what", Title: "What goes where", Summary: facts(fact("Goes to", code(w.Place())), fact("Events", views.Cell{Kind: views.Lines, List: eventTitles(w.Events)}),
		fact("Applications", plain(choose(len(w.Apps) == 0, "All", strings.Join(w.Apps, ", ")))), fact("Personal data", plain(choose(w.Profile, "Names, email addresses, IP addresses", "Ids only"))), fact("Made", when(w.CreatedAt)), fact("Changed", when(w.ModifiedAt)))}
	sign := views.Section{ID: "signature", Title: "Signature", Lead: "Each request carries Portico-Signature: t=<seconds>,v1=<hex>. v1 is HMAC-SHA256 with the secret over t, a dot and the body as it came. Compare in constant time, and refuse a t that is more than five minutes away. While a secret is being replaced there are two v1; one that fits is enough. Drop an event whose id you have.",
		Summary: facts(fact("Secret begins with", code(w.SecretHint+"…")))}
	if p.Now().Before(w.FormerUntil) {
		sign.Summary = append(sign.Summary, fact("The former secret signs too until", when(w.FormerUntil)))
	}
	sections := []views.Section{going, deliveries, what, sign}
	if mine {
		sections[3].Buttons = []views.Action{{Label: "New secret", Href: at + "/secret", About: w.Name}}
		sections = append(sections, views.Section{ID: "danger", Title: "Delete", Danger: true, Lead: "Nothing more is sent, and its deliveries are forgotten.", Buttons: []views.Action{{Label: "Delete webhook", Href: at + "/delete", Danger: true, About: w.Name}}})
	}
	return p.detail(c, s, views.Detail{Sections: sections})
}

func (p *Portal) webhookEdit(c *fiber.Ctx) error { return p.webhookEditPage(c, nil) }

func (p *Portal) webhookEditPage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	w, err := v.webhookOf(c, true)
	if err != nil {
		return err
	}
	at := v.webhookBase(w.ID)
	return p.webhookFormPage(c, "Edit webhook", v.webhookForm(at+"/edit", at, "Save webhook", w.Subscription), problem, views.Link{Label: w.Name, Href: at})
}

func (p *Portal) webhookSave(c *fiber.Ctx) error {
	v := visitOf(c)
	was, err := v.webhookOf(c, true)
	if err != nil {
		return err
	}
	w, err := v.tenant.UpdateWebhook(c.UserContext(), v.actor(c), was.ID, func(s *webhook.Subscription) error { sentSubscription(c, s); return nil },
		func(before, after webhook.Subscription) error { return p.subscribes(v, before, after) })
	if err != nil {
		return p.webhookEditPage(c, err)
	}
	return p.done(c, v.webhookBase(w.ID), "Webhook “"+w.Name+"” saved.")
}

func (p *Portal) webhookEnabled(c *fiber.Ctx) error {
	v := visitOf(c)
	w, err := v.webhookOf(c, true)
	if err != nil {
		return err
	}
	if w, err = v.tenant.EnableWebhook(c.UserContext(), v.actor(c), w.ID, ticked(c, "enabled")); err != nil {
		return err
	}
	return p.done(c, v.webhookBase(w.ID), "Webhook “"+w.Name+"” "+choose(w.Enabled, "is on again.", "is paused."))
}

// webhookTest sends the test event while the admin waits, and shows what came back.
func (p *Portal) webhookTest(c *fiber.Ctx) error {
	v := visitOf(c)
	w, err := v.webhookOf(c, true)
	if err != nil {
		return err
	}
	owner := "portal " + models.NewID()
	it, err := v.tenant.BeginWebhookTest(c.UserContext(), v.actor(c), w.ID, owner)
	if err != nil {
		return err
	}
	if err := p.Hooks.SendNow(c.UserContext(), models.WebhookQueue{Store: p.Store}, it, owner); err != nil {
		return err
	}
	d, err := v.tenant.WebhookDelivery(c.UserContext(), it.ID)
	if err != nil {
		return err
	}
	if !d.Delivered() {
		return p.doneWith(c, v.deliveryBase(d.ID), models.PortalFlash{Kind: "warn", Text: "The test event was not taken: " + d.Reason + "."})
	}
	return p.done(c, v.deliveryBase(d.ID), "The receiver took the test event.")
}

func (p *Portal) webhookConfirm(c *fiber.Ctx, title, path, submit string, danger bool, consequences ...string) error {
	v := visitOf(c)
	w, err := v.webhookOf(c, true)
	if err != nil {
		return err
	}
	at := v.webhookBase(w.ID)
	s, err := p.shell(c, strings.ReplaceAll(title, "%", "“"+w.Name+"”"), "", views.Help{}, v.webhookCrumbs(views.Link{Label: w.Name, Href: at})...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, views.Confirm{Consequences: consequences, Form: views.Form{Action: at + "/" + path, Submit: submit, Danger: danger, Cancel: at}})
}

func (p *Portal) webhookSecretForm(c *fiber.Ctx) error {
	return p.webhookConfirm(c, "New secret for %?", "secret", "Make a new secret", false, "For 24 hours each request carries two signatures, one with the former secret and one with the new one.", "After that the former secret counts no more. If there is a still older one, it ends now.")
}

func (p *Portal) webhookSecret(c *fiber.Ctx) error {
	v := visitOf(c)
	w, err := v.webhookOf(c, true)
	if err != nil {
		return err
	}
	w, secret, err := v.tenant.RenewWebhookSecret(c.UserContext(), v.actor(c), w.ID)
	if err != nil {
		return err
	}
	return p.webhookMade(c, w, "“"+w.Name+"” has a new secret.", secret)
}

func (p *Portal) webhookAgainForm(c *fiber.Ctx) error {
	return p.webhookConfirm(c, "Redeliver the dead letters of %?", "redeliver", "Redeliver", false, "Events that the receiver did not take are sent again, the oldest first, at most 5,000 at once.", "They keep their ids, so that a receiver that has one drops it.")
}

func (p *Portal) webhookAgain(c *fiber.Ctx) error {
	v := visitOf(c)
	w, err := v.webhookOf(c, true)
	if err != nil {
		return err
	}
	n, err := v.tenant.RedeliverDead(c.UserContext(), v.actor(c), models.DeliveryQuery{WebhookID: w.ID, Kind: typed(c, "event")})
	if err != nil {
		return err
	}
	return p.done(c, v.webhookBase(w.ID), numberWords(n, "events")+choose(n == 1, " is", " are")+" being sent again.")
}

func (p *Portal) webhookDeleteForm(c *fiber.Ctx) error {
	return p.webhookConfirm(c, "Delete %?", "delete", "Delete webhook", true, "Nothing more is sent, what waits included.", "Its deliveries and dead letters are forgotten.", "It cannot be brought back.")
}

func (p *Portal) webhookDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	w, err := v.webhookOf(c, true)
	if err != nil {
		return err
	}
	if err := v.tenant.DeleteWebhook(c.UserContext(), v.actor(c), w.ID); err != nil {
		return err
	}
	return p.done(c, v.webhooksBase(), "Webhook “"+w.Name+"” deleted.")
}
