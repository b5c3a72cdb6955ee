package admin

import (
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/federation"
	"portico/handlers"
	"portico/models"
	views "portico/views/admin"
)

// provider_trial.go: an admin tries an identity provider with an account of their own. The way there and back is the
// customers' way; what comes back is read here, in the portal session that left, and shown.

func (v *visit) trialBase(providerID string) string { return v.providerBase(providerID) + "/test" }

// reach opens what a round trip to a provider takes. Metadata and keys are read anew: what is shown is what is there now.
func (p *Portal) reach(c *fiber.Ctx, v *visit, x models.IdentityProvider) (federation.Connector, federation.Net, federation.Secrets, error) {
	n := p.Net
	n.Tenant, n.Cache = v.dir.Tenant.Slug, &federation.Cache{}
	connector, ok := federation.Connect(x.Kind)
	if !ok {
		return nil, n, federation.Secrets{}, fault.New(fault.NotFound, "error.not_found")
	}
	s, err := v.tenant.ProviderSecrets(c.UserContext(), x.ID)
	return connector, n, s, err
}

// tried is a provider as customers meet it: its proven domains make it authoritative.
func (v *visit) tried(x models.IdentityProvider) federation.Provider {
	p := x.Provider
	if known := v.dir.Providers[x.ID]; known != nil {
		p.Authoritative = known.Authoritative
	}
	return p
}

// providerTry sends the admin to the provider.
func (p *Portal) providerTry(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.IdentityProvider(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	connector, n, secrets, err := p.reach(c, v, x)
	if err != nil {
		return err
	}
	state, err := federation.TrialState(n.Random)
	if err != nil {
		return err
	}
	way, d, refused := connector.Begin(c.UserContext(), n, v.tried(x), secrets, federation.Ask{State: state, RedirectURI: p.redirectURI(v.tenant.ID, x.ID), Locale: "en"})
	d.ProviderID, d.State, d.At = x.ID, state, p.Now()
	trial, err := v.tenant.BeginTrial(c.UserContext(), v.actor(c), x.ID, v.session.ID, state, d, way.Hops)
	if err != nil {
		return err
	}
	if refused != nil {
		report, err := p.refusalReport(refused)
		if err == nil {
			err = v.tenant.EndTrial(c.UserContext(), v.actor(c), trial, report)
		}
		if err != nil {
			return err
		}
		return c.Redirect(v.trialBase(x.ID)+"/"+trial.ID, fiber.StatusSeeOther)
	}
	return p.leave(c, x, way)
}

// leave shows the way out. Browsers hold form-action against redirects that follow a form, and where a provider's sign-in
// page leads to nobody knows beforehand; so the page goes on by itself instead.
func (p *Portal) leave(c *fiber.Ctx, x models.IdentityProvider, way federation.Way) error {
	v := visitOf(c)
	s, err := p.shell(c, "Leaving for “"+x.Name+"”", "This page goes on by itself.", views.Help{}, append(v.providerCrumbs(), views.Link{Label: x.Name, Href: v.providerBase(x.ID)})...)
	if err != nil {
		return err
	}
	l := views.Leave{Name: x.Name, Href: way.Redirect, Action: way.Action, Fields: way.Fields, Back: v.providerBase(x.ID)}
	c.Set(fiber.HeaderCacheControl, "no-store")
	if way.Action != "" {
		s.Lead = "Press the button to go on."
		if u, err := url.Parse(way.Action); err == nil && u.Host != "" {
			info := handlers.InfoOf(c)
			info.FormActions = append(info.FormActions, u.Scheme+"://"+u.Host)
		}
	} else {
		c.Set("Refresh", "0;url="+way.Redirect)
	}
	return handlers.Render(c, fiber.StatusOK, views.LeavePage(s, l))
}

// refusalReport makes a report of what a connector could not do. What is no refusal is our own fault.
func (p *Portal) refusalReport(err error) (federation.Report, error) {
	var r *federation.Refusal
	if !errors.As(err, &r) {
		return federation.Report{}, err
	}
	return federation.ReportedRefusal(r, p.Now()), nil
}

// providerTried shows what came of a test. The first look at an answer has it read: the code is presented once, whatever
// else asks.
func (p *Portal) providerTried(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.IdentityProvider(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	trial, err := v.tenant.Trial(c.UserContext(), c.Params("trial"), x.ID, v.session.ID)
	if fault.Is(err, fault.NotFound) {
		return p.doneWith(c, v.providerBase(x.ID), models.PortalFlash{Kind: "warn", Text: "That test is over, or was begun in another session. Test the connection again."})
	}
	if err != nil {
		return err
	}
	if trial.Stage == models.TrialAnswered {
		if trial, err = p.readAnswer(c, v, x, trial); err != nil {
			return err
		}
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return p.trialPage(c, x, trial)
}

func (p *Portal) readAnswer(c *fiber.Ctx, v *visit, x models.IdentityProvider, trial models.ProviderTrial) (models.ProviderTrial, error) {
	mine, err := v.tenant.TakeTrial(c.UserContext(), trial)
	if err != nil {
		return trial, err
	}
	if !mine { // another request of this browser reads it at this moment
		trial.Stage = models.TrialTaken
		return trial, nil
	}
	connector, n, secrets, err := p.reach(c, v, x)
	if err != nil {
		return trial, err
	}
	start := p.Now()
	arrival, refused := connector.Finish(c.UserContext(), n, v.tried(x), secrets, federation.Answer{Values: trial.Answer, RedirectURI: p.redirectURI(v.tenant.ID, x.ID), Departure: trial.Departure})
	var report federation.Report
	if refused == nil {
		report = federation.Reported(arrival, p.Now())
	} else if report, err = p.refusalReport(refused); err != nil {
		slog.ErrorContext(c.UserContext(), "test of identity provider", "provider", x.ID, "error", refused)
		report = federation.Report{At: p.Now(), Refused: federation.Unreachable, Reason: "an error of ours: see the program’s log"}
	}
	away := federation.Hop{What: "authorize", Duration: start.Sub(trial.Departure.At).Round(time.Second), Verdict: "ok"}
	report.Hops = append(append(trial.Before, away), report.Hops...)
	trial.Stage, trial.Report = models.TrialDone, &report
	return trial, v.tenant.EndTrial(c.UserContext(), v.actor(c), trial, report)
}

func (p *Portal) trialPage(c *fiber.Ctx, x models.IdentityProvider, trial models.ProviderTrial) error {
	v := visitOf(c)
	at := v.providerBase(x.ID)
	s, err := p.shell(c, "Test of “"+x.Name+"”", "What a sign-in by it gives, seen with your own account there.", trialHelp(), append(v.providerCrumbs(), views.Link{Label: x.Name, Href: at})...)
	if err != nil {
		return err
	}
	again := views.Action{Label: "Test again", Post: v.trialBase(x.ID), About: x.Name}
	if trial.Report == nil {
		d := views.Detail{Sections: []views.Section{{ID: "test", Title: "No answer yet", Lead: "Sign in at “" + x.Name + "” in the window that went there. An answer is taken for ten minutes.", Buttons: []views.Action{again}}}, Refresh: trial.Stage == models.TrialTaken}
		return p.detail(c, s, d)
	}
	r := *trial.Report
	d := views.Detail{Notices: []views.Notice{trialVerdict(x, r)}}
	if r.Identity != nil {
		d.Sections = append(d.Sections, trialIdentity(x.Provider, *r.Identity))
		first, err := p.trialFirst(c, v, x, *r.Identity)
		if err != nil {
			return err
		}
		d.Sections = append(d.Sections, first...)
	}
	d.Sections = append(d.Sections, trialHops(r.Hops))
	if len(r.Claims) > 0 {
		d.Sections = append(d.Sections, trialClaims(r.Claims))
	}
	end := views.Section{ID: "next", Title: "Next", Lead: "This page is kept for an hour, for you alone. No account was made or changed.", Buttons: []views.Action{again, {Label: "Back to the provider", Href: at}}}
	if r.Refused != "" {
		end.Buttons = append(end.Buttons, views.Action{Label: "Edit provider", Href: at + "/edit"})
	} else if !x.Enabled {
		end.Buttons = append(end.Buttons, views.Action{Label: "Turn on", Post: at + "/enabled", Fields: map[string]string{"enabled": "yes"}, About: x.Name})
	}
	d.Sections = append(d.Sections, end)
	return p.detail(c, s, d)
}

// providerInspect looks at the settings without anybody's signing in.
func (p *Portal) providerInspect(c *fiber.Ctx) error {
	v := visitOf(c)
	x, err := v.tenant.IdentityProvider(c.UserContext(), c.Params("id"))
	if err != nil {
		return err
	}
	at := v.providerBase(x.ID)
	connector, n, secrets, err := p.reach(c, v, x)
	if err != nil {
		return err
	}
	inspector, ok := connector.(federation.Inspector)
	if !ok {
		return p.doneWith(c, at, models.PortalFlash{Kind: "warn", Text: "Providers of this kind can only be tested by signing in: choose “Test connection”."})
	}
	s, err := p.shell(c, "Settings of “"+x.Name+"”", "What can be seen without signing in.", trialHelp(), append(v.providerCrumbs(), views.Link{Label: x.Name, Href: at})...)
	if err != nil {
		return err
	}
	seen := inspector.Inspect(c.UserContext(), n, v.tried(x), secrets, p.redirectURI(v.tenant.ID, x.ID))
	d := views.Detail{}
	if seen.Refusal != nil {
		advice := federation.Advise(seen.Refusal)
		d.Notices = append(d.Notices, views.Notice{Tone: "danger", Title: advice.Title, Text: advice.Do + " The reason: " + sentence(seen.Refusal.Reason)})
	}
	found := views.Section{ID: "findings", Title: "Findings", Table: &views.Table{Caption: "Findings", Columns: []views.Column{{Label: "What"}, {Label: "State"}}}}
	worst := "ok"
	for _, note := range seen.Notes {
		word := map[string]string{"ok": "Good", "warn": "Look at it", "danger": "Wrong"}[note.Tone]
		if note.Tone == "danger" || note.Tone == "warn" && worst == "ok" {
			worst = note.Tone
		}
		found.Table.Rows = append(found.Table.Rows, views.Row{Cells: []views.Cell{plain(note.Text), badge(note.Tone, or(word, "Open"))}})
	}
	if seen.Refusal == nil {
		d.Notices = append(d.Notices, map[string]views.Notice{"ok": {Tone: "ok", Title: "The settings look right", Text: "Now test the connection: only a sign-in shows whether the redirect URI is registered and which claims come."},
			"warn": {Tone: "warn", Title: "Something needs a look", Text: "See the findings below."}, "danger": {Tone: "danger", Title: "Nobody can sign in with these settings", Text: "See the findings below."}}[worst])
	}
	if len(found.Table.Rows) > 0 {
		d.Sections = append(d.Sections, found)
	}
	d.Sections = append(d.Sections, trialHops(seen.Hops), views.Section{ID: "next", Title: "Next", Buttons: []views.Action{{Label: "Test connection", Post: v.trialBase(x.ID), About: x.Name}, {Label: "Edit provider", Href: at + "/edit", About: x.Name}, {Label: "Back to the provider", Href: at}}})
	c.Set(fiber.HeaderCacheControl, "no-store")
	return p.detail(c, s, d)
}

func sentence(s string) string {
	if s = strings.TrimSpace(s); s == "" || strings.HasSuffix(s, ".") {
		return s
	}
	return s + "."
}
