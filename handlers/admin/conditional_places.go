package admin

import (
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/fault"
	"portico/app/policy"
	"portico/handlers"
	views "portico/views/admin"
)

// placesBody is the largest form of address ranges: two thousand of the longest, and remarks.
const placesBody = 1 << 20

// placeRoutes are the named locations.
func (p *Portal) placeRoutes(conditional string) []handlers.Route {
	at := conditional + "/locations"
	const read, write = access.ConditionalRead, access.ConditionalWrite
	return []handlers.Route{
		{Method: get, Path: at, Handler: p.placeList, Permission: read},
		{Method: get, Path: at + "/new", Handler: p.governed(p.placeNew), Permission: write},
		{Method: post, Path: at, Handler: p.placeCreate, Permission: write},
		{Method: get, Path: at + "/deleted", Handler: p.placeDeletedList, Permission: read},
		{Method: post, Path: at + "/deleted/:id/restore", Handler: p.placeRestore, Permission: write},
		{Method: get, Path: at + "/:id", Handler: p.placeDetail, Permission: read},
		{Method: get, Path: at + "/:id/csv", Handler: p.placeDownload, Permission: read},
		{Method: post, Path: at + "/:id/csv", Handler: p.placeUpload, Permission: write, BodyLimit: placesBody, Streams: true},
		{Method: get, Path: at + "/:id/edit", Handler: p.governed(p.placeEdit), Permission: write},
		{Method: post, Path: at + "/:id/edit", Handler: p.placeSave, Permission: write},
		{Method: get, Path: at + "/:id/delete", Handler: p.governed(p.placeDeleteForm), Permission: write},
		{Method: post, Path: at + "/:id/delete", Handler: p.placeDelete, Permission: write},
	}
}

func placeHelp() views.Help {
	return views.Help{What: "A named location is a list of address ranges, such as your offices, or of countries. Policies name it. Ranges can be marked as trusted: “all trusted places” means every one of them.",
		Do: "Give it a name that makes the sentence of a policy read well. Countries come from a table of addresses and are right for most of them; a visitor whose address is in no table is in an unknown country, which can be ticked like any other."}
}

func (v *visit) placesBase() string { return v.policiesBase() + "/locations" }

func (v *visit) placeCrumbs(more ...views.Link) []views.Link {
	return v.policyCrumbs(append([]views.Link{{Label: tabPlaces, Href: v.placesBase()}}, more...)...)
}

// usedBy names the policies that name a thing.
func usedBy(list []policy.Policy, kind policy.ThingKind, id string) []policy.Policy {
	return slices.DeleteFunc(slices.Clone(list), func(x policy.Policy) bool {
		return !x.Names(kind, id)
	})
}

func usesCell(list []policy.Policy) views.Cell {
	if len(list) == 0 {
		return views.Cell{Text: "No policy", Tone: "soft"}
	}
	var names []string
	for _, x := range list {
		names = append(names, x.Name)
	}
	return views.Cell{Kind: views.Lines, List: names}
}

// namingSection lists the policies that name a thing.
func (v *visit) namingSection(list []policy.Policy) views.Section {
	s := views.Section{ID: "used", Title: "Where it is used", Empty: "No policy names it.", Table: &views.Table{Caption: "Policies that name it", Columns: []views.Column{{Label: "Policy"}, {Label: "State"}}}}
	for _, x := range list {
		s.Table.Rows = append(s.Table.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: x.Name, Href: v.policyBase(x.ID)}, policyState(x.State)}})
	}
	return s
}

// tabList is a list that stands beside the policies.
func (p *Portal) tabList(c *fiber.Ctx, s views.Shell, tab string, list views.Section, also ...views.Link) error {
	v := visitOf(c)
	sections := []views.Section{list}
	if len(also) > 0 {
		sections[0].Buttons = nil
		for _, a := range also {
			sections[0].Buttons = append(sections[0].Buttons, views.Action{Label: a.Label, Href: a.Href})
		}
	}
	return p.detail(c, s, views.Detail{Tabs: v.policyTabs(), Tab: tab, Notices: v.trialNotice(), Sections: sections})
}

func (p *Portal) placeList(c *fiber.Ctx) error {
	v := visitOf(c)
	list, err := v.tenant.Locations(c.UserContext())
	if err != nil {
		return err
	}
	policies, err := v.tenant.Policies(c.UserContext())
	if err != nil {
		return err
	}
	s, err := p.shell(c, tabPlaces, "Places that policies can name: address ranges and countries.", placeHelp(), v.policyCrumbs()...)
	if err != nil {
		return err
	}
	also := []views.Link{{Label: "Deleted locations", Href: v.placesBase() + "/deleted"}}
	if v.writesPolicies() {
		s.Primary = &views.Link{Label: "New address ranges", Href: v.placesBase() + "/new?kind=ranges"}
		also = append([]views.Link{{Label: "New countries", Href: v.placesBase() + "/new?kind=countries"}}, also...)
	}
	t := &views.Table{Caption: tabPlaces, Columns: []views.Column{{Label: "Name"}, {Label: "Holds"}, {Label: "Trusted"}, {Label: "Used by"}}}
	for _, l := range list {
		trusted := views.Cell{Text: "No", Tone: "soft"}
		if l.Trusted {
			trusted = badge("ok", "Trusted")
		}
		holds := l
		holds.Trusted = false
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: l.Name, Href: v.placesBase() + "/" + l.ID}, plain(upperFirst(locationWords(holds))), trusted, usesCell(usedBy(policies, policy.ThingLocation, l.ID))}})
	}
	return p.tabList(c, s, tabPlaces, views.Section{ID: "locations", Title: numberWords(len(list), "locations"), Table: t, Empty: "None yet. Begin with the addresses of your offices, or with the countries where your customers live."}, also...)
}

func upperFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// placeForm is the form of a location, which is of one kind for ever.
func (p *Portal) placeForm(c *fiber.Ctx, action, cancel string, l policy.Location, byCountry bool) views.Form {
	f := views.Form{Action: action, Cancel: cancel, Submit: "Save location", Fields: []views.Field{
		{Name: "displayName", Label: "Name", Hint: "As it should read in a sentence, for example “the offices”.", Value: l.Name}}}
	if byCountry {
		f.Fields = append(f.Fields, countryBoxes(c, l.Countries),
			views.Field{Kind: views.Check, Name: "includeUnknownCountriesAndRegions", Label: "Unknown countries too", Hint: "Addresses that no table knows, private ones among them.", Value: tick(l.IncludeUnknown)},
			views.Field{Kind: views.Hidden, Name: "kind", Value: "countries"})
		return f
	}
	hint := "One in each line, such as 203.0.113.0/24, 2001:db8::/48, a single address, or the first and last address with a hyphen. A remark may follow a #."
	if here := addressOf(c); here != "" {
		hint += " Your address now: " + here + "."
	}
	f.Fields = append(f.Fields,
		views.Field{Kind: views.TextArea, Name: "ipRanges", Label: "Address ranges", Hint: hint, Rows: 12, Code: true, Value: rangeLines(l.Ranges), Buttons: []views.Try{{Label: "Add my address", Name: "do", Value: "mine"}}},
		views.Field{Kind: views.Check, Name: "isTrusted", Label: "Trusted", Hint: "“All trusted places” of a policy means it too. Mark only what strangers cannot come from.", Value: tick(l.Trusted)},
		views.Field{Kind: views.Hidden, Name: "kind", Value: "ranges"})
	return f
}

func rangeLines(list []netip.Prefix) string {
	out := make([]string, len(list))
	for i, r := range list {
		out[i] = r.String()
	}
	return strings.Join(out, "\n")
}

// countryBoxes are all countries by name.
func countryBoxes(c *fiber.Ctx, chosen []string) views.Field {
	l := handlers.InfoOf(c).Locale
	names := l.Countries()
	options := make([]views.Option, 0, len(names))
	for code, name := range names {
		options = append(options, views.Option{Value: code, Label: name})
	}
	compare := l.Compare()
	slices.SortFunc(options, func(a, b views.Option) int { return compare(a.Label, b.Label) })
	return views.Field{Kind: views.Checks, Name: "countriesAndRegions", Label: "Countries", Values: chosen, Options: stillThere(options, chosen)}
}

// sentPlace reads the form of a location. Ranges are read line by line, so that a complaint names the line.
func sentPlace(c *fiber.Ctx) (policy.Location, error) {
	l := policy.Location{Name: typed(c, "displayName")}
	if typed(c, "kind") == "countries" {
		l.Countries, l.IncludeUnknown = all(c, "countriesAndRegions"), ticked(c, "includeUnknownCountriesAndRegions")
		return l, nil
	}
	l.Trusted = ticked(c, "isTrusted")
	var err error
	l.Ranges, err = policy.ParseRanges(typed(c, "ipRanges"))
	return l, err
}

func (p *Portal) placePage(c *fiber.Ctx, title string, f views.Form, problem error, crumbs ...views.Link) error {
	v := visitOf(c)
	if c.Method() == fiber.MethodPost {
		keepTyped(c, &f)
		if here := addressOf(c); typed(c, "do") == "mine" && here != "" {
			for i := range f.Fields {
				if x := &f.Fields[i]; x.Name == "ipRanges" && !slices.Contains(splitLines(x.Value), here) {
					x.Value = strings.TrimLeft(x.Value+"\n"+here, "\n")
				}
			}
		}
	}
	if typed(c, "kind") == "countries" {
		problem = countryProblem(problem)
	}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &f, problem) {
		return problem
	}
	s, err := p.shell(c, title, "", placeHelp(), v.placeCrumbs(crumbs...)...)
	if err != nil {
		return err
	}
	status := fiber.StatusOK
	if s.Problems = f.Problems; len(f.Problems) > 0 {
		status = fiber.StatusUnprocessableEntity
	}
	return handlers.Render(c, status, views.PlacePage(s, f))
}

// countryProblem says in the form of countries that countries are missing, not ranges.
func countryProblem(err error) error {
	if err == nil {
		return nil
	}
	out := *fault.Of(err)
	out.Fields = slices.Clone(out.Fields)
	for i, f := range out.Fields {
		if f.Key == "policy.location_empty" {
			out.Fields[i] = fault.Field{Name: "countriesAndRegions", Key: "admin.policy.countries"}
		}
	}
	return &out
}

func (p *Portal) placeNew(c *fiber.Ctx) error {
	v := visitOf(c)
	return p.placePage(c, "New location", p.placeForm(c, v.placesBase(), v.placesBase(), policy.Location{}, c.Query("kind") == "countries"), nil)
}

func (p *Portal) placeCreate(c *fiber.Ctx) error {
	v := visitOf(c)
	form := func(problem error) error {
		return p.placePage(c, "New location", p.placeForm(c, v.placesBase(), v.placesBase(), policy.Location{}, typed(c, "kind") == "countries"), problem)
	}
	if typed(c, "do") != "" {
		return form(nil)
	}
	l, err := sentPlace(c)
	if err == nil {
		l, err = v.tenant.CreateLocation(c.UserContext(), v.actor(c), l)
	}
	if err != nil {
		return form(err)
	}
	return p.done(c, v.placesBase()+"/"+l.ID, "Location “"+l.Name+"” created. Policies can name it now.")
}

func (p *Portal) placeEdit(c *fiber.Ctx) error {
	v := visitOf(c)
	l, err := v.tenant.Location(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	at := v.placesBase() + "/" + l.ID
	return p.placePage(c, "Edit location", p.placeForm(c, at+"/edit", at, l, l.ByCountry()), nil, views.Link{Label: l.Name, Href: at})
}

func (p *Portal) placeSave(c *fiber.Ctx) error {
	v := visitOf(c)
	was, err := v.tenant.Location(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	at := v.placesBase() + "/" + was.ID
	form := func(problem error) error {
		return p.placePage(c, "Edit location", p.placeForm(c, at+"/edit", at, was, was.ByCountry()), problem, views.Link{Label: was.Name, Href: at})
	}
	if typed(c, "do") != "" {
		return form(nil)
	}
	wanted, err := sentPlace(c)
	if err == nil {
		_, err = v.tenant.UpdateLocation(c.UserContext(), v.actor(c), was.ID, func(l *policy.Location) error {
			l.Name, l.Trusted, l.Ranges, l.Countries, l.IncludeUnknown = wanted.Name, wanted.Trusted, wanted.Ranges, wanted.Countries, wanted.IncludeUnknown
			return nil
		})
	}
	if err != nil {
		return form(err)
	}
	return p.done(c, at, "Location “"+wanted.Name+"” saved. Every policy that names it follows.")
}

func (p *Portal) placeDetail(c *fiber.Ctx) error { return p.placeDetailPage(c, nil) }

// shownRanges is how many ranges the page of a location shows; the rest is in the file.
const shownRanges = 200

// placeDetailPage is one location; problem is what was wrong with a file for it.
func (p *Portal) placeDetailPage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	l, err := v.tenant.Location(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	policies, err := v.tenant.Policies(c.UserContext())
	if err != nil {
		return err
	}
	at := v.placesBase() + "/" + l.ID
	s, err := p.shell(c, l.Name, upperFirst(locationWords(l))+".", placeHelp(), v.placeCrumbs()...)
	if err != nil {
		return err
	}
	holds := views.Section{ID: "holds", Title: choose(l.ByCountry(), "Countries", "Address ranges")}
	if l.ByCountry() {
		names := handlers.InfoOf(c).Locale.Countries()
		var list []string
		for _, code := range l.Countries {
			list = append(list, choose(names[code] == "", code, names[code]))
		}
		slices.Sort(list)
		if l.IncludeUnknown {
			list = append(list, "Unknown countries")
		}
		holds.Summary = []views.Fact{fact("Holds", views.Cell{Kind: views.Lines, List: list})}
	} else {
		holds.Code = rangeLines(l.Ranges[:min(len(l.Ranges), shownRanges)])
		if more := len(l.Ranges) - shownRanges; more > 0 {
			holds.Code += fmt.Sprintf("\n… and %d more; download the file to see them.", more)
		}
		holds.Buttons = []views.Action{{Label: "Download CSV", Href: at + "/csv", About: l.Name}}
	}
	sections, problems := []views.Section{holds}, []views.Problem(nil)
	if v.writesPolicies() {
		s.Primary = &views.Link{Label: "Edit location", Href: at + "/edit"}
		if !l.ByCountry() {
			f := views.Form{Action: at + "/csv", Submit: "Upload and replace", Upload: true, Fields: []views.Field{{Name: "file", Label: "CSV file", Type: "file",
				Hint: "One range in each line. The file takes the place of what is here. At most " + grouped(policy.MaxRanges) + " ranges."}}}
			if problem != nil {
				if !complain(handlers.InfoOf(c).Locale, &f, renameField(problem, "ipRanges", "file")) {
					return problem
				}
				problems = f.Problems
			}
			sections = append(sections, views.Section{ID: "file", Title: "Replace by a file", Form: &f})
		}
	}
	sections = append(sections, v.namingSection(usedBy(policies, policy.ThingLocation, l.ID)))
	if v.writesPolicies() {
		sections = append(sections, views.Section{ID: "danger", Title: "Delete", Danger: true, Lead: choose(l.Trusted, "Take the mark “trusted” away first.", "It can be restored for 30 days."),
			Buttons: []views.Action{{Label: "Delete location", Href: at + "/delete", Danger: true, About: l.Name}}})
	}
	status := fiber.StatusOK
	if s.Problems = problems; len(problems) > 0 {
		status = fiber.StatusUnprocessableEntity
	}
	return handlers.Render(c, status, views.DetailPage(s, views.Detail{Sections: sections}))
}

func (p *Portal) placeDownload(c *fiber.Ctx) error {
	v := visitOf(c)
	l, err := v.tenant.Location(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	if l.ByCountry() {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if err := v.tenant.WriteAudit(c.UserContext(), v.actor(c), audit.Event{Activity: "Download list", Category: "Policy", Operation: "Download",
		Target: audit.Target{Kind: "namedLocation", ID: l.ID, Name: l.Name}, Changes: []audit.Change{{Property: "format", New: "csv"}}}); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "text/csv; charset=utf-8")
	c.Set(fiber.HeaderContentDisposition, `attachment; filename="location-`+l.ID+`.csv"`)
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.SendString("cidrAddress\n" + rangeLines(l.Ranges) + "\n")
}

// placeUpload puts the ranges of a file in place of those that are there.
func (p *Portal) placeUpload(c *fiber.Ctx) error {
	v := visitOf(c)
	if v.upload == nil || v.upload.file == nil {
		return p.placeDetailPage(c, fault.BadField("file", "admin.policy.file.none", nil))
	}
	body, err := io.ReadAll(io.LimitReader(v.upload.file, placesBody+1))
	if err != nil {
		return fiber.ErrBadRequest
	}
	if len(body) > placesBody {
		return p.placeDetailPage(c, fault.BadField("file", "import.file.large", map[string]any{"size": placesBody >> 20}))
	}
	ranges, err := policy.ParseRanges(strings.ToValidUTF8(string(body), "\uFFFD"))
	if err != nil {
		return p.placeDetailPage(c, err)
	}
	l, err := v.tenant.UpdateLocation(c.UserContext(), v.actor(c), c.Params("id"), func(l *policy.Location) error {
		if l.ByCountry() {
			return fault.New(fault.NotFound, "error.not_found")
		}
		l.Ranges = ranges
		return nil
	})
	if err != nil {
		return p.placeDetailPage(c, err)
	}
	return p.done(c, v.placesBase()+"/"+l.ID, "Location “"+l.Name+"” has "+numberWords(len(ranges), "ranges")+" now.")
}

func (p *Portal) placeDeleteForm(c *fiber.Ctx) error { return p.placeDeletePage(c, nil) }

func (p *Portal) placeDeletePage(c *fiber.Ctx, problem error) error {
	v := visitOf(c)
	l, err := v.tenant.Location(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	at := v.placesBase() + "/" + l.ID
	m := views.Confirm{Consequences: []string{"No policy can name it any more. It can be restored for 30 days."}, Form: views.Form{Action: at + "/delete", Submit: "Delete location", Danger: true, Cancel: at}}
	if problem != nil && !complain(handlers.InfoOf(c).Locale, &m.Form, problem) {
		return problem
	}
	s, err := p.shell(c, "Delete “"+l.Name+"”?", "", views.Help{}, v.placeCrumbs(views.Link{Label: l.Name, Href: at})...)
	if err != nil {
		return err
	}
	return p.confirm(c, s, m)
}

func (p *Portal) placeDelete(c *fiber.Ctx) error {
	v := visitOf(c)
	l, err := v.tenant.Location(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	if err := v.tenant.DeleteLocation(c.UserContext(), v.actor(c), l.ID); err != nil {
		return p.placeDeletePage(c, err)
	}
	return p.done(c, v.placesBase(), "Location “"+l.Name+"” deleted.")
}

func (p *Portal) placeDeletedList(c *fiber.Ctx) error {
	v := visitOf(c)
	list, err := v.tenant.DeletedLocations(c.UserContext())
	if err != nil {
		return err
	}
	t := &views.Table{Caption: "Deleted locations", Columns: []views.Column{{Label: "Name"}, {Label: "Holds"}, {Label: "Deleted"}, {Label: "Erased on"}}, Actions: v.writesPolicies()}
	for _, l := range list {
		row := views.Row{Cells: []views.Cell{{Kind: views.Name, Text: l.Name}, plain(upperFirst(locationWords(l))), day(l.DeletedAt), plain(day30(l.DeletedAt))}}
		if t.Actions {
			row.Actions = []views.Action{{Label: "Restore", About: l.Name, Post: v.placesBase() + "/deleted/" + l.ID + "/restore"}}
		}
		t.Rows = append(t.Rows, row)
	}
	s, err := p.shell(c, "Deleted locations", "They stay here for 30 days.", placeHelp(), v.placeCrumbs()...)
	if err != nil {
		return err
	}
	return p.detail(c, s, views.Detail{Sections: []views.Section{{ID: "deleted", Title: "Deleted", Table: t, Empty: "Nothing was deleted."}}})
}

func (p *Portal) placeRestore(c *fiber.Ctx) error {
	v := visitOf(c)
	l, err := v.tenant.RestoreLocation(c.UserContext(), v.actor(c), c.Params("id"))
	if fault.Is(err, fault.NotFound) { // the button was pressed twice, or somebody else was faster
		if l, there := v.tenant.Location(c.UserContext(), c.Params("id")); there == nil {
			return p.done(c, v.placesBase()+"/"+l.ID, "Location “"+l.Name+"” is restored already.")
		}
	}
	if err != nil {
		return err
	}
	return p.done(c, v.placesBase()+"/"+l.ID, "Location “"+l.Name+"” restored.")
}
