package admin

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// bulkRoutes change many people at once. Which permission a change takes depends on the change, so their
// handlers ask for it besides.
func (p *Portal) bulkRoutes() []handlers.Route {
	const users, bulk = "/admin/t/:tenant/users", "/admin/t/:tenant/users/bulk-changes"
	return []handlers.Route{
		{Method: post, Path: users + "/views", Handler: p.viewSave, Permission: access.UserRead},
		{Method: post, Path: users + "/views/remove", Handler: p.viewRemove, Permission: access.UserRead},
		{Method: get, Path: bulk, Handler: p.bulkList, Permission: access.UserRead},
		{Method: post, Path: bulk, Handler: p.bulkStart, Permission: access.UserRead},
		{Method: get, Path: bulk + "/:id", Handler: p.bulkDetail, Permission: access.UserRead},
		{Method: post, Path: bulk + "/:id/confirm", Handler: p.bulkConfirm, Permission: access.UserRead},
		{Method: post, Path: bulk + "/:id/cancel", Handler: p.bulkCancel, Permission: access.UserRead},
	}
}

// bulkWord is an action as the portal names it.
type bulkWord struct {
	label, title, would, done string
	needs                     access.Permission
	typed                     bool // the count must be typed
}

func bulkWords(action string) bulkWord {
	switch action {
	case models.BulkDisable:
		return bulkWord{"Disable", "Disable accounts", "Sign-in is refused at once and every session ends.", "disabled", access.EnableWrite, true}
	case models.BulkEnable:
		return bulkWord{"Enable", "Enable accounts", "They can sign in again.", "enabled", access.EnableWrite, false}
	case models.BulkRevoke:
		return bulkWord{"End all sessions", "End all sessions", "They are signed out everywhere and must sign in again.", "signed out", access.RevokeWrite, false}
	case models.BulkChangePassword:
		return bulkWord{"Require a new password", "Require a new password", "At the next sign-in with their password they must choose another one.", "asked for a new password", access.PasswordWrite, false}
	case models.BulkReregister:
		return bulkWord{"Require re-registration", "Require re-registration", "Every second factor is removed, recovery codes too. They set up a new one at the next sign-in that wants one.", "without a second factor now", access.MethodWrite, true}
	case models.BulkDelete:
		return bulkWord{"Delete", "Delete users", "They cannot sign in any more. For 30 days each can be restored; then everything about them is erased.", "deleted", access.DeleteRestore, true}
	case models.BulkRestore:
		return bulkWord{"Restore", "Restore users", "They come back with everything.", "restored", access.DeleteRestore, false}
	case models.BulkPurge:
		return bulkWord{"Erase for good", "Erase users for good", "Everything about them is erased at once. Nothing can bring it back.", "erased", access.DeleteRestore, true}
	case models.BulkJoin:
		return bulkWord{"Add to a group", "Add to a group", "They are members of the group, with what it brings.", "in the group now", access.GroupWrite, false}
	case models.BulkCompromised:
		return bulkWord{"Confirm compromised", "Confirm that accounts are compromised", "Their risk is high from now on. Policies about user risk apply at the next sign-in and whenever an app renews its tokens: where one asks for a new password, they choose it after a second factor, and who has none is blocked. It can be undone one by one as long as nothing else has happened to the risk.", "confirmed compromised", access.RiskyUserWrite, true}
	case models.BulkSafe:
		return bulkWord{"Confirm safe", "Confirm that accounts are safe", "They are at no risk any more, and all their open detections are closed. What was unusual counts as usual for them: similar sign-ins are not found again.", "confirmed safe", access.RiskyUserWrite, false}
	case models.BulkDismissRisk:
		return bulkWord{"Dismiss risk", "Dismiss the risk of people", "They are at no risk any more, and all their risky sign-ins and detections are dismissed. Passwords stay as they are. This cannot be undone.", "at no risk any more", access.RiskyUserWrite, true}
	case models.BulkLeave:
		return bulkWord{"Remove from a group", "Remove from a group", "They are no longer members of the group, and lose what it brings.", "out of the group now", access.GroupWrite, false}
	}
	return bulkWord{label: action, title: action, needs: access.UserWrite}
}

func skipWord(reason string) string {
	if w, ok := map[string]string{
		models.SkipGone: "Is gone for good", models.SkipOwn: "Your own account", models.SkipAdmin: "Holds an admin role or is for emergencies: change it on its own page",
		models.SkipDeleted: "Is deleted", models.SkipNotDeleted: "Is not deleted", models.SkipAlready: "Is so already", models.SkipNoPassword: "Has no password",
		models.SkipNoFactor: "Has no second factor", models.SkipTaken: "Somebody else has an address of theirs", models.SkipMember: "Is in the group already",
		models.SkipNoMember: "Is not in the group", models.SkipNoRisk: "Is at no risk", models.SkipMeanwhile: "The risk has changed since you looked", models.SkipTrial: "A trial has no Identity Protection", models.SkipLockOut: "A Conditional Access policy would then keep you, or everybody who is there for an emergency, out of the admin portal: exclude them from it first", models.ResultDone: "Done", models.ResultFailed: "Could not be changed: open the person to see why", "": "Not yet",
	}[reason]; ok {
		return w
	}
	return humane(reason)
}

// bulkOffer is the form around a list of people; nil when the admin may do nothing to several. deleted says
// which list it is.
func (p *Portal) bulkOffer(c *fiber.Ctx, w view, deleted bool) (*views.Bulk, error) {
	v := visitOf(c)
	field := views.Field{Kind: views.Select, Name: "action", Label: "Change several", Options: []views.Option{{Label: "Choose what to do"}}}
	grouping := false
	for _, action := range models.BulkActions() {
		restores := action == models.BulkRestore || action == models.BulkPurge
		if models.BulkOfRisk(action) && !v.dir.Tenant.Governed() { // a trial knows no risk
			continue
		}
		if restores != deleted || !v.may(bulkWords(action).needs) {
			continue
		}
		grouping = grouping || action == models.BulkJoin
		field.Options = append(field.Options, views.Option{Value: action, Label: bulkWords(action).label})
	}
	if len(field.Options) == 1 {
		return nil, nil
	}
	filters := w.filters()
	if deleted {
		q := knownFilters(filters)
		q.Set("state", "deleted")
		filters = q.Encode()
	}
	b := &views.Bulk{Action: v.base() + "/users/bulk-changes", Ticked: "Check the ticked ones", Fields: []views.Field{field}}
	if grouping {
		groups, err := p.groupOptions(c, "")
		if err != nil {
			return nil, err
		}
		if len(groups) > 0 {
			b.Fields = append(b.Fields, views.Field{Kind: views.Select, Name: "intoGroup", Label: "Group", Options: append([]views.Option{{Label: "None"}}, groups...)})
		}
	}
	b.Fields = append(b.Fields, views.Field{Kind: views.Hidden, Name: "filters", Value: filters})
	b.All = choose(w.narrowed(), "Check all that match", "Check everybody in the list")
	return b, nil
}

// bulkPatience is how long a request works at a change itself before it leaves it to the background.
const bulkPatience = time.Second

// bulkGoOn works at a change for a moment, so that small ones are ready when the page comes.
func (p *Portal) bulkGoOn(c *fiber.Ctx, id string) error {
	t := visitOf(c).tenant
	until := time.Now().Add(bulkPatience)
	for _, step := range []func(context.Context, string) (bool, error){t.CountBulk, t.StepBulk} {
		for more := true; more && time.Now().Before(until); {
			var err error
			if more, err = step(c.UserContext(), id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Portal) bulkStart(c *fiber.Ctx) error {
	v := visitOf(c)
	filters := knownFilters(typed(c, "filters"))
	back := v.base() + "/users"
	if filters.Get("state") == "deleted" {
		back += "/deleted"
		filters.Del("state")
	}
	if len(filters) > 0 {
		back += "?" + filters.Encode()
	}
	say := func(text string) error {
		return p.doneWith(c, back, models.PortalFlash{Kind: "warn", Text: text})
	}
	action, ids := typed(c, "action"), all(c, "person")
	if action == "" {
		return say("Choose what to do with these people.")
	}
	words := bulkWords(action)
	if !v.may(words.needs) {
		return p.refuse(c, words.needs)
	}
	if models.BulkOfRisk(action) && !v.dir.Tenant.Governed() {
		return say("A trial tenant has no Identity Protection.")
	}
	if typed(c, "reach") == "all" {
		ids = nil
	} else if len(ids) == 0 {
		return say("Tick the people that you mean, or check all that match.")
	}
	w := peopleView(v.base()+"/users", typed(c, "filters"))
	if why := w.unfit(v.dir.Definitions); ids == nil && why != "" {
		return say("Nothing was begun, because it is not clear who is meant. " + why)
	}
	b, err := v.tenant.StartBulk(c.UserContext(), v.actor(c), models.Bulk{Action: action, GroupID: typed(c, "intoGroup"), Filter: choose(ids == nil, w.filters(), "")}, ids, p.userQuery(w, v.dir.Definitions))
	if fault.Is(err, fault.Invalid) {
		return say("Choose the group too. Members of a group with a rule cannot be changed by hand.")
	}
	if err != nil {
		return p.saidConflict(c, back, err)
	}
	if err := p.bulkGoOn(c, b.ID); err != nil {
		return err
	}
	return c.Redirect(v.base()+"/users/bulk-changes/"+b.ID, fiber.StatusSeeOther)
}

func bulkState(b models.Bulk) views.Cell {
	switch b.State {
	case models.BulkCounting:
		return badge("info", "Counting")
	case models.BulkReady:
		return badge("warn", "Waits for you")
	case models.BulkRunning:
		return badge("info", "Running")
	case models.BulkDone:
		return badge("ok", "Done")
	case models.BulkCancelled:
		return badge("neutral", "Cancelled")
	}
	return badge("danger", "Failed")
}

func bulkHelp() views.Help {
	return views.Help{What: "A change of many people: who is meant was fixed when they were counted, and nothing happens before you confirm the count.",
		Do: "Look at how many would change and why others would not. A running change goes on by itself, also when you leave this page; its result can be downloaded for 30 days."}
}

func (p *Portal) bulkList(c *fiber.Ctx) error {
	v := visitOf(c)
	list, err := v.tenant.BulkChanges(c.UserContext(), 50)
	if err != nil {
		return err
	}
	s, err := p.shell(c, "Bulk changes", "The latest changes of many people.", bulkHelp(), views.Link{Label: "Users", Href: v.base() + "/users"})
	if err != nil {
		return err
	}
	t := &views.Table{Caption: "Bulk changes", Columns: []views.Column{{Label: "What"}, {Label: "State"}, {Label: "People", Num: true}, {Label: "Changed", Num: true}, {Label: "By"}, {Label: "Begun"}}}
	for _, b := range list {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Text: bulkWords(b.Action).title, Sub: b.GroupName, Href: v.base() + "/users/bulk-changes/" + b.ID}, bulkState(b), {Kind: views.Num, Text: strconv.FormatInt(b.People, 10)},
			{Kind: views.Num, Text: strconv.FormatInt(b.Done, 10)}, {Kind: views.Name, Text: b.ActorName}, when(b.CreatedAt)}})
	}
	return p.detail(c, s, views.Detail{Sections: []views.Section{{ID: "list", Table: t, Empty: "None in the last 30 days. Tick people in the list of users to begin one."}}})
}

func (p *Portal) bulkDetail(c *fiber.Ctx) error {
	v := visitOf(c)
	b, err := v.tenant.BulkChange(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	if f := c.Query("format"); f == "csv" || f == "json" {
		return p.bulkDownload(c, f, b)
	}
	return p.bulkPage(c, b, nil)
}

// bulkPage is a change at whatever point it is: counting, the dry run with its form, progress, result.
func (p *Portal) bulkPage(c *fiber.Ctx, b models.Bulk, problem error) error {
	v := visitOf(c)
	words, base := bulkWords(b.Action), v.base()+"/users/bulk-changes/"+b.ID
	s, err := p.shell(c, words.title, "", bulkHelp(), views.Link{Label: "Users", Href: v.base() + "/users"}, views.Link{Label: "Bulk changes", Href: v.base() + "/users/bulk-changes"})
	if err != nil {
		return err
	}
	d := views.Detail{Badges: []views.Cell{bulkState(b)}, Refresh: b.State == models.BulkCounting || b.State == models.BulkRunning}
	about := views.Section{ID: "about", Title: choose(b.State == models.BulkReady, "What would happen", "What happens"), Lead: words.would, Summary: facts(
		fact("Group", views.Cell{Kind: views.Name, Text: b.GroupName}), fact("Filter", plain(p.filterWords(c, b))), fact("Who is meant", number64(b.People)))}
	switch b.State {
	case models.BulkRunning, models.BulkDone, models.BulkCancelled, models.BulkFailed:
		about.Summary = append(about.Summary, facts(fact("Would change", number64(b.Planned)), fact("Looked at so far", number64(b.Next)), fact("Changed", number64(b.Done)), fact("Left as they were", number64(b.Skipped)),
			fact("Could not be changed", number64(b.Failed)), fact("Confirmed by", views.Cell{Kind: views.Name, Text: b.ActorName}))...)
	default:
		about.Summary = append(about.Summary, fact("Would change", number64(b.Planned)), fact("Would stay as they are", number64(b.People-b.Planned)))
	}
	if b.Problem != "" {
		about.Summary = append(about.Summary, fact("Ended because", plain(handlers.InfoOf(c).Locale.T(b.Problem, nil))))
	}
	if b.FinishedAt == nil && b.State != models.BulkReady {
		about.Buttons = []views.Action{{Label: "Stop here", Post: base + "/cancel"}}
	}
	d.Sections = append(d.Sections, about)
	if b.State == models.BulkDone || b.State == models.BulkCancelled && b.Next > 0 {
		d.Sections = append(d.Sections, views.Section{ID: "result", Title: "Result", Lead: "What became of each person.", Buttons: []views.Action{{Label: "Download CSV", Href: base + "?format=csv"}, {Label: "Download JSON", Href: base + "?format=json"}}})
		if !v.mayDownload(b) {
			d.Sections = d.Sections[:len(d.Sections)-1]
		}
	}
	if b.State != models.BulkCounting {
		more, err := p.bulkSections(c, b)
		if err != nil {
			return err
		}
		d.Sections = append(d.Sections, more...)
	}
	if b.State == models.BulkReady {
		confirm, err := p.bulkConfirmSection(c, b, problem)
		if err != nil {
			return err
		}
		d.Sections = append(d.Sections, confirm)
		if confirm.Form != nil {
			s.Problems = confirm.Form.Problems
		}
	}
	status := fiber.StatusOK
	if len(s.Problems) > 0 {
		status = fiber.StatusUnprocessableEntity
	}
	return handlers.Render(c, status, views.DetailPage(s, d))
}

// bulkSections say why some are left out, and who the first of the others are.
func (p *Portal) bulkSections(c *fiber.Ctx, b models.Bulk) ([]views.Section, error) {
	v := visitOf(c)
	reasons, err := v.tenant.BulkReasons(c.UserContext(), b.ID)
	if err != nil {
		return nil, err
	}
	var out []views.Section
	why := &views.Table{Caption: "Left as they are", Columns: []views.Column{{Label: "Why"}, {Label: "People", Num: true}}}
	for _, r := range []string{models.SkipOwn, models.SkipAdmin, models.SkipDeleted, models.SkipNotDeleted, models.SkipAlready, models.SkipNoPassword, models.SkipNoFactor, models.SkipTaken, models.SkipMember, models.SkipNoMember, models.SkipNoRisk, models.SkipMeanwhile} {
		if n := reasons[r]; n > 0 {
			why.Rows = append(why.Rows, views.Row{Cells: []views.Cell{plain(skipWord(r)), {Kind: views.Num, Text: strconv.FormatInt(n, 10)}}})
		}
	}
	if len(why.Rows) > 0 {
		out = append(out, views.Section{ID: "why", Title: "Left as they are", Table: why})
	}
	const firstNames = 20
	changed, err := v.tenant.BulkLeft(c.UserContext(), b.ID, models.SkipMeanwhile, firstNames+1)
	if err != nil {
		return nil, err
	}
	if len(changed) > 0 {
		out = append(out, v.meanwhileSection(changed, firstNames))
	}
	first, err := v.tenant.BulkPeople(c.UserContext(), b.ID, 0, firstNames, true)
	if err != nil {
		return nil, err
	}
	t := &views.Table{Caption: "The first of them", Columns: []views.Column{{Label: "Name"}, {Label: "Signs in as"}}}
	if b.ConfirmedAt != nil {
		t.Columns = append(t.Columns, views.Column{Label: "Result"})
	}
	for _, x := range first {
		row := []views.Cell{{Text: "Erased", Tone: "soft"}, {}, plain(skipWord(x.Result))}
		if x.User.ID != "" {
			row[0], row[1] = views.Cell{Kind: views.Name, Text: userName(x.User), Href: v.userBase(x.User)}, views.Cell{Kind: views.Name, Text: signInName(x.User)}
		}
		t.Rows = append(t.Rows, views.Row{Cells: row[:len(t.Columns)]})
	}
	if len(t.Rows) > 0 {
		out = append(out, views.Section{ID: "first", Title: fmt.Sprintf("The first %d of those who change", len(t.Rows)), Table: t})
	}
	return out, nil
}

// meanwhileSection names people whose risk is another one than the admin saw: what they are is for the admin to look at
// again.
func (v *visit) meanwhileSection(people []models.BulkPerson, most int) views.Section {
	t := &views.Table{Caption: "Changed since you looked", Columns: []views.Column{{Label: "Name"}, {Label: "Risk level now"}, {Label: "Risk state now"}, {Label: "Last updated"}}}
	for _, x := range people[:min(len(people), most)] {
		if x.User.ID == "" {
			t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Text: "Erased", Tone: "soft"}, {}, {}, {}}})
			continue
		}
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: userName(x.User), Href: v.userBase(x.User) + "/risk"}, levelCell(x.User.Risk.Level), riskStateBadge(x.User.Risk.State), when(x.User.Risk.At)}})
	}
	return views.Section{ID: "meanwhile", Title: choose(len(people) > most, fmt.Sprintf("The first %d whose risk has changed since you looked", most), "The risk has changed since you looked"), Table: t,
		Lead: "Nothing is done about them, because your choice was about something else. Look at them again."}
}

func (p *Portal) bulkConfirmSection(c *fiber.Ctx, b models.Bulk, problem error) (views.Section, error) {
	v := visitOf(c)
	words, base := bulkWords(b.Action), v.base()+"/users/bulk-changes/"+b.ID
	s := views.Section{ID: "confirm", Title: "Confirm"}
	switch {
	case b.Planned == 0:
		s.Lead = "Nobody would change, so there is nothing to confirm."
		s.Buttons = []views.Action{{Label: "Cancel", Post: base + "/cancel"}}
		return s, nil
	case models.BulkOfRisk(b.Action) && !v.dir.Tenant.Governed():
		s.Lead = "A trial has no Identity Protection, so this cannot be confirmed."
		s.Buttons = []views.Action{{Label: "Cancel", Post: base + "/cancel"}}
		return s, nil
	case !v.may(words.needs):
		s.Lead = "Your roles do not include what this change needs. Somebody else can confirm it."
		return s, nil
	}
	people := choose(b.Planned == 1, "1 person", fmt.Sprintf("%d people", b.Planned))
	f := views.Form{Action: base + "/confirm", Submit: words.label + ": " + people, Danger: words.typed, Main: !words.typed, Cancel: v.base() + "/users"}
	if words.typed {
		f.Fields = []views.Field{{Name: "count", Label: fmt.Sprintf("Type how many would change: %d", b.Planned), Value: typed(c, "count"), InputMode: "numeric", AutoComplete: "off"}}
	} else {
		f.Fields = []views.Field{{Kind: views.Hidden, Name: "count", Value: strconv.FormatInt(b.Planned, 10)}}
	}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return s, problem
	}
	s.Form = &f
	return s, nil
}

func (p *Portal) bulkConfirm(c *fiber.Ctx) error {
	v := visitOf(c)
	b, err := v.tenant.BulkChange(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	if words := bulkWords(b.Action); !v.may(words.needs) {
		return p.refuse(c, words.needs)
	}
	if b.State == models.BulkReady && models.BulkOfRisk(b.Action) && !v.dir.Tenant.Governed() { // it was counted in another plan
		return p.doneWith(c, v.base()+"/users/bulk-changes/"+b.ID, models.PortalFlash{Kind: "warn", Text: "A trial tenant has no Identity Protection."})
	}
	count, err := strconv.ParseInt(strings.NewReplacer(",", "", ".", "", " ", "").Replace(typed(c, "count")), 10, 64)
	if err != nil {
		count = -1
	}
	if _, err = v.tenant.ConfirmBulk(c.UserContext(), v.actor(c), b.ID, count); err != nil {
		if !fault.Is(err, fault.Invalid) && !fault.Is(err, fault.Conflict) {
			return err
		}
		return p.bulkPage(c, b, err)
	}
	if err := p.bulkGoOn(c, b.ID); err != nil {
		return err
	}
	return p.done(c, v.base()+"/users/bulk-changes/"+b.ID, bulkWords(b.Action).title+": confirmed.")
}

func (p *Portal) bulkCancel(c *fiber.Ctx) error {
	v := visitOf(c)
	b, err := v.tenant.BulkChange(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	if words := bulkWords(b.Action); !v.may(words.needs) {
		return p.refuse(c, words.needs)
	}
	if err := v.tenant.CancelBulk(c.UserContext(), v.actor(c), b.ID); err != nil {
		return err
	}
	return p.done(c, v.base()+"/users/bulk-changes/"+b.ID, bulkWords(b.Action).title+": stopped. Who is changed already stays so.")
}

// mayDownload reports whether the admin may carry a change's people away: who may export, and, once it was
// made, who makes such changes and must see what became of them.
func (v *visit) mayDownload(b models.Bulk) bool {
	made := b.State == models.BulkRunning || b.State == models.BulkDone
	return v.may(access.ExportData) || made && v.may(bulkWords(b.Action).needs)
}

// bulkDownload is the result of a change, one line for each person.
func (p *Portal) bulkDownload(c *fiber.Ctx, format string, b models.Bulk) error {
	v := visitOf(c)
	if !v.mayDownload(b) {
		return p.refuse(c, access.ExportData)
	}
	t := v.tenant
	cols := []column[models.BulkPerson]{
		{"id", func(x models.BulkPerson) string { return x.PersonID }},
		{"displayName", func(x models.BulkPerson) string { return x.User.DisplayName }}, {"signInName", func(x models.BulkPerson) string { return signInName(x.User) }},
		{"result", func(x models.BulkPerson) string { return choose(x.Result == "", "notYet", x.Result) }}, {"explanation", func(x models.BulkPerson) string { return skipWord(x.Result) }},
	}
	return download(c, format, "bulk-"+b.Action+"-"+b.ID[:8], cols, nil, func(ctx context.Context, after string) ([]models.BulkPerson, string, error) {
		from, _ := strconv.ParseInt(after, 10, 64)
		rows, err := t.BulkPeople(ctx, b.ID, from, 500, false)
		if err != nil || len(rows) < 500 {
			return rows, "", err
		}
		return rows, strconv.FormatInt(rows[len(rows)-1].Number+1, 10), nil
	})
}

// filterWords says in words how the people of a change were chosen.
func (p *Portal) filterWords(c *fiber.Ctx, b models.Bulk) string {
	if b.Query == "" {
		return "Ticked in the list"
	}
	w := peopleView("", b.Filter)
	fields, err := p.userFields(c, w)
	if err != nil || !w.narrowed() {
		return "Everybody in the list"
	}
	var out []string
	for _, chip := range w.filter(len(fields), fields...).Chips {
		out = append(out, chip.Label+": "+chip.Value)
	}
	if len(out) == 0 {
		return "Everybody in the list"
	}
	return strings.Join(out, "; ")
}

func number64(n int64) views.Cell { return views.Cell{Text: strconv.FormatInt(n, 10)} }
