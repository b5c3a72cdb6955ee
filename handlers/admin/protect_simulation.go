package admin

import (
	"slices"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/risk"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

func simulationHelp() views.Help {
	return views.Help{What: "A simulated detection looks and works like a real one, so that policies, reports, mail and exports can be tried out: the test person’s risk really rises, and policies ask for what they ask for. One that is about an attack comes with its incident, to which nobody’s sign-ins belong. All of it is labelled as simulated, counts in no statistic, and can be removed: the person’s risk and its history are then what they would be without.",
		Do: "Mark a person whose account is yours. Produce a detection, sign in as that person in a private window, look at the reports, then remove it."}
}

// simulation lists the test persons.
func (p *Portal) simulation(c *fiber.Ctx) error { return p.simulationPage(c, "", nil) }

func (p *Portal) simulationPage(c *fiber.Ctx, search string, problem error) error {
	v := visitOf(c)
	t, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return err
	}
	table := &views.Table{Caption: "Test persons", Columns: []views.Column{{Label: "Person"}, {Label: "Signs in as"}, {Label: "Risk level"}, {Label: "Risk state"}}, Actions: v.writesRisk()}
	for _, id := range t.Settings.RiskTesters {
		u, err := v.tenant.User(c.UserContext(), id)
		if fault.Is(err, fault.NotFound) { // what was simulated for them is still there
			u.ID, u.DisplayName = id, "Somebody who was deleted"
		} else if err != nil {
			return err
		}
		row := views.Row{Cells: []views.Cell{{Kind: views.Name, Text: userName(u), Href: choose(err == nil, v.protectBase()+"/simulation/"+u.ID, "")}, {Kind: views.Name, Text: signInName(u)}, riskLevelCell(u), riskStateBadge(u.Risk.State)}}
		if v.writesRisk() {
			row.Actions = []views.Action{{Label: "No test person any more", About: userName(u), Post: v.protectBase() + "/simulation/unmark", Fields: map[string]string{"person": u.ID}}}
		}
		table.Rows = append(table.Rows, row)
	}
	m := views.Protect{Tab: tabSimulation, Rest: []views.Section{{ID: "testers", Title: "Test persons", Table: table, Empty: "None yet. Mark a person whose account is yours."}}}
	var problems []views.Problem
	if v.writesRisk() {
		form := views.Form{Action: v.protectBase() + "/simulation/mark", Submit: "Mark as test person", Main: true, Fields: []views.Field{
			{Name: "person", Label: "Person", Hint: "Their whole address or ID. Policies will treat simulated risk as real: choose nobody who needs their account today.", Value: search}}}
		if !complain(handlers.InfoOf(c).Locale, &form, problem) {
			return problem
		}
		problems = form.Problems
		m.Rest = append(m.Rest, views.Section{ID: "mark", Title: "Mark a test person", Form: &form})
	}
	return p.protect(c, "Simulation", "Try out what happens when somebody is at risk.", simulationHelp(), m, problems)
}

// simulationMark makes somebody a test person: nobody's risk is simulated by a slip on the wrong page.
func (p *Portal) simulationMark(c *fiber.Ctx) error {
	v, search := visitOf(c), typed(c, "person")
	u, err := p.onePerson(c, search)
	if err == nil {
		_, err = v.tenant.MarkTester(c.UserContext(), v.actor(c), u.ID)
	}
	if err != nil {
		return p.simulationPage(c, search, err)
	}
	return p.done(c, v.protectBase()+"/simulation/"+u.ID, userName(u)+" is a test person now.")
}

// onePerson finds whom an address or an id names; it must be one.
func (p *Portal) onePerson(c *fiber.Ctx, search string) (models.User, error) {
	if search == "" {
		return models.User{}, fault.BadField("person", "risk.tester_required", nil)
	}
	found, err := visitOf(c).tenant.Users(c.UserContext(), models.UserQuery{Search: search, Limit: 2})
	if err != nil {
		return models.User{}, err
	}
	if len(found.Items) != 1 {
		return models.User{}, fault.BadField("person", choose(len(found.Items) == 0, "risk.tester_unknown", "risk.tester_several"), nil)
	}
	return found.Items[0], nil
}

// simulationUnmark takes the mark away, and everything simulated with it.
func (p *Portal) simulationUnmark(c *fiber.Ctx) error {
	v, id := visitOf(c), typed(c, "person")
	if err := v.tenant.UnmarkTester(c.UserContext(), v.actor(c), id); err != nil {
		return err
	}
	return p.done(c, v.protectBase()+"/simulation", "That person is no test person any more, and what was simulated is gone.")
}

// riskWords is somebody's risk in one line.
func riskWords(r account.Risk) string {
	level := choose(r.Level == "", "No risk", humane(r.Level))
	if r.State == "" {
		return level
	}
	return joinedWith(", ", level, strings.ToLower(riskStateBadge(r.State).Text), riskDetailWord(r.Detail))
}

// tester is the marked person of the address; nobody else can be simulated.
func (p *Portal) tester(c *fiber.Ctx) (models.User, error) {
	v := visitOf(c)
	t, err := v.tenant.Get(c.UserContext())
	if err != nil {
		return models.User{}, err
	}
	if !slices.Contains(t.Settings.RiskTesters, c.Params("id")) {
		return models.User{}, fault.New(fault.NotFound, "error.not_found")
	}
	return v.tenant.User(c.UserContext(), c.Params("id"))
}

// simulationPerson offers every detection for one test person, and shows what is simulated.
func (p *Portal) simulationPerson(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := p.tester(c)
	if err != nil {
		return err
	}
	yes := true
	now, err := v.tenant.Detections(c.UserContext(), models.DetectionQuery{UserID: u.ID, Simulated: &yes, Limit: 50})
	if err != nil {
		return err
	}
	waves, err := v.tenant.SimulatedWaves(c.UserContext(), u.ID)
	if err != nil {
		return err
	}
	attacks := &views.Table{Caption: "Simulated attacks", Columns: []views.Column{{Label: "Incident"}, {Label: "State"}, {Label: "Level"}, {Label: "Last seen"}}}
	for _, i := range waves {
		attacks.Rows = append(attacks.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: i.Name, Href: v.incidentBase(i.ID), Sub: "Simulated"}, p.waveState(i), levelCell(i.Level), when(i.LastAt)}})
	}
	made := &views.Table{Caption: "Simulated detections", Columns: []views.Column{{Label: "Detection"}, {Label: "Level"}, {Label: "State"}, {Label: "Time"}}}
	for _, d := range now.Items {
		made.Rows = append(made.Rows, views.Row{Cells: []views.Cell{{Text: riskTypeWord(handlers.InfoOf(c).Locale, d.Type), Href: v.base() + "/risk-detections/" + d.ID, Sub: "Simulated"}, levelCell(d.Level), riskStateBadge(d.State), when(d.DetectedAt)}})
	}
	offer := &views.Table{Caption: "Detections that can be simulated", Columns: []views.Column{{Label: "Detection"}, {Label: "What it sees"}, {Label: "When"}}, Actions: v.writesRisk()}
	for _, k := range risk.Catalogue() {
		if !k.Simulated {
			continue
		}
		name := plain(k.Name)
		if risk.WaveOf(k.Type) != "" {
			name.Sub = "With its incident"
		}
		row := views.Row{Cells: []views.Cell{name, plain(k.Sees), plain(timingWord(k.Timing))}}
		if v.writesRisk() {
			row.Actions = []views.Action{{Label: "Simulate", About: k.Name, Post: v.protectBase() + "/simulation/" + u.ID, Fields: map[string]string{"riskEventType": k.Type}}}
		}
		offer.Rows = append(offer.Rows, row)
	}
	person := views.Section{ID: "person", Title: "The test person", Summary: facts(fact("Person", views.Cell{Kind: views.Name, Text: userName(u), Href: v.userBase(u) + "/risk"}), fact("Signs in as", views.Cell{Kind: views.Name, Text: signInName(u)}),
		fact("Risk level", riskLevelCell(u)), fact("Risk state", riskStateBadge(u.Risk.State)))}
	if u.RealRisk != nil {
		person.Summary = append(person.Summary, fact("Without what is simulated", plain(riskWords(u.Real()))))
	}
	list := views.Section{ID: "simulated", Title: "What is simulated now", Table: made, Empty: "Nothing is simulated for this person."}
	if (u.RealRisk != nil || len(now.Items)+len(waves) > 0) && v.writesRisk() {
		list.Buttons = []views.Action{{Label: "Remove everything simulated", Post: v.protectBase() + "/simulation/" + u.ID + "/remove", Danger: true}}
	}
	return p.protect(c, "Simulate risk", "Produce detections for a test person.", simulationHelp(), views.Protect{Tab: tabSimulation, Rest: []views.Section{person, list, {ID: "attacks", Title: "Attacks that are simulated now", Table: attacks, Empty: "No attack is simulated for this person."}, {ID: "offer", Title: "Produce a detection", Table: offer}}}, nil,
		views.Link{Label: "Simulation", Href: v.protectBase() + "/simulation"})
}

func (p *Portal) simulate(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := p.tester(c)
	if err != nil {
		return err
	}
	d, err := v.tenant.SimulateDetection(c.UserContext(), v.actor(c), u.ID, typed(c, "riskEventType"))
	if err != nil {
		return err
	}
	return p.done(c, v.protectBase()+"/simulation/"+u.ID, "“"+riskTypeWord(handlers.InfoOf(c).Locale, d.Type)+"” is simulated. Its level is "+d.Level+".")
}

func (p *Portal) simulationRemove(c *fiber.Ctx) error {
	v := visitOf(c)
	u, err := p.tester(c)
	if err != nil {
		return err
	}
	n, err := v.tenant.RemoveSimulated(c.UserContext(), v.actor(c), u.ID)
	if err != nil {
		return err
	}
	return p.done(c, v.protectBase()+"/simulation/"+u.ID, numberWords(n, "simulated detections")+" removed; the person’s risk is what it was without.")
}
