package admin

import (
	"net/url"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/models"
	views "portico/views/admin"
)

// listOfUsers names the list of people among saved views.
const listOfUsers = "users"

// knownFilters keeps of an address's parameters those that the list of people knows, in their one order. Whatever
// else was put into it is dropped. A value that cannot be read stays: without it the rest would mean more people.
func knownFilters(query string) url.Values {
	given, err := url.ParseQuery(query)
	if err != nil {
		given = url.Values{}
	}
	out := url.Values{}
	for _, name := range userFilters() {
		if s := filterText(given.Get(name)); s != "" {
			out.Set(name, s)
		}
	}
	return out
}

// peopleView is the list of people as a stored or sent query describes it.
func peopleView(path, query string) view {
	w := view{path: path, q: url.Values{}}
	given := knownFilters(query)
	for _, name := range userFilters() {
		w.take(name, given.Get(name))
	}
	if _, err := url.ParseQuery(query); err != nil {
		w.dropped = append(w.dropped, [2]string{"filters", filterText(query)})
	}
	return w
}

// unfit says what of a view of people cannot be applied; "" when all of it can. Such a view means nobody: a
// filter that is left out would widen it, in the end to everybody.
func (v view) unfit(definitions map[string]userflow.Definition) string {
	_, defined := definitions[v.get("attribute")]
	switch {
	case len(v.dropped) > 0:
		return v.dropped[0][0] + ": “" + v.dropped[0][1] + "” cannot be read."
	case v.has("attribute") != v.has("value"):
		return "Choose a custom attribute and say what it is exactly: one without the other says nothing."
	case v.has("attribute") && !defined:
		return "There is no such custom attribute any more."
	}
	return ""
}

// filters is the view's query without its page.
func (v view) filters() string {
	q := url.Values{}
	for name, s := range v.q {
		if name != "after" {
			q[name] = s
		}
	}
	for _, d := range v.dropped {
		q.Set(d[0], d[1])
	}
	return knownFilters(q.Encode()).Encode()
}

// savedViews puts the kept filters above the list, and the form that keeps the present ones below.
func (p *Portal) savedViews(c *fiber.Ctx, w view, l *views.List) error {
	v := visitOf(c)
	list, err := v.tenant.SavedViews(c.UserContext(), listOfUsers, v.admin.ID)
	if err != nil {
		return err
	}
	now, base := w.filters(), v.base()+"/users"
	for _, x := range list {
		one := views.Saved{Link: views.Link{Label: x.Name, Href: base + "?" + knownFilters(x.Query).Encode()}, Current: now != "" && now == x.Query}
		if x.Shared && x.OwnerID != v.admin.ID {
			one.Sub = "shared"
		}
		if one.Current && (x.OwnerID == v.admin.ID || v.may(access.UserWrite)) {
			one.Remove = &views.Action{Label: "Delete view", About: x.Name, Post: base + "/views/remove", Fields: map[string]string{"view": x.ID}}
		}
		l.Saved = append(l.Saved, one)
	}
	if !w.narrowed() || w.unfit(v.dir.Definitions) != "" {
		return nil
	}
	f := views.Form{Action: base + "/views", Submit: "Keep", Quiet: true, Fields: []views.Field{
		{Kind: views.Hidden, Name: "query", Value: now}, {Name: "name", Label: "Name of this view", AutoComplete: "off"}}}
	if v.may(access.UserWrite) {
		f.Fields = append(f.Fields, views.Field{Kind: views.Check, Name: "shared", Label: "For all admins of this tenant"})
	}
	l.Save = &f
	return nil
}

func (p *Portal) viewSave(c *fiber.Ctx) error {
	v := visitOf(c)
	q := knownFilters(typed(c, "query"))
	to := v.base() + "/users?" + q.Encode()
	if len(q) == 0 {
		return p.doneWith(c, v.base()+"/users", models.PortalFlash{Kind: "info", Text: "There was no filter to keep."})
	}
	if why := peopleView("", q.Encode()).unfit(v.dir.Definitions); why != "" {
		return p.doneWith(c, to, models.PortalFlash{Kind: "warn", Text: "The view is not kept. " + why})
	}
	x, err := v.tenant.SaveView(c.UserContext(), v.actor(c), models.SavedView{List: listOfUsers, Name: typed(c, "name"), Query: q.Encode(), Shared: ticked(c, "shared") && v.may(access.UserWrite)})
	if err != nil {
		return p.saidConflict(c, to, err)
	}
	return p.done(c, to, "The view “"+x.Name+"” is kept.")
}

func (p *Portal) viewRemove(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.RemoveView(c.UserContext(), v.actor(c), typed(c, "view"), v.may(access.UserWrite))
	if fault.Is(err, fault.NotFound) {
		return p.doneWith(c, v.base()+"/users", models.PortalFlash{Kind: "info", Text: "That view is gone already."})
	}
	if err != nil {
		return err
	}
	return p.done(c, v.base()+"/users", "The view “"+x.Name+"” is deleted.")
}
