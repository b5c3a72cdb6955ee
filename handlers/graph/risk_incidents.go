package graph

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/message"
	"portico/app/risk"
	"portico/handlers/graph/odata"
	"portico/models"
)

// incident is a wave of attempts that belong together.
type incident struct{ risk.Incident }

// incidents is /beta/portico/incidents: attacks under way and over, and what an administrator does about one.
func (a *API) incidents() *collection[incident] {
	r := &collection[incident]{
		path: []string{"portico", "incidents"}, name: "portico/incidents", typ: "portico.incident", beta: true, read: readRisks(), write: []access.Permission{access.RiskEventWrite},
		normalPage: 20, largestPage: 100, order: odata.Order{Path: "beganDateTime", Desc: true},
		id: func(i *incident) string { return i.ID },
	}
	at := column{kind: odata.Time, ops: opEq | opOrder}
	count := func(name string, n func(*incident) int) field[incident] {
		return readOnly(name, func(i *incident) any { return n(i) })
	}
	r.fields = []field[incident]{
		readOnly("id", func(i *incident) any { return i.ID }),
		readOnly("kind", func(i *incident) any { return i.Kind }).filterable("risk_incidents.kind", graphWord(risk.PasswordSpray, risk.CredentialStuffing, risk.SignUpBurst, risk.SMSPumping)),
		readOnly("displayName", func(i *incident) any { return i.Name }),
		readOnly("status", func(i *incident) any { return i.State }).filterable("risk_incidents.state", graphWord(risk.IncidentOpen, risk.IncidentClosed)),
		readOnly("riskLevel", func(i *incident) any { return i.Level }).filterable("risk_incidents.level", graphWord(riskLevels()...)),
		readOnly("beganDateTime", func(i *incident) any { return stamp(i.BeganAt) }).filterable("risk_incidents.began_at", at).sortable(func(i *incident) any { return i.BeganAt.UTC() }),
		readOnly("lastActivityDateTime", func(i *incident) any { return stamp(i.LastAt) }).filterable("risk_incidents.last_at", at),
		readOnly("closedDateTime", func(i *incident) any { return stampOf(i.ClosedAt) }),
		readOnly("lastUpdatedDateTime", func(i *incident) any { return stamp(i.UpdatedAt) }).filterable("risk_incidents.updated_at", at),
		readOnly("response", func(i *incident) any {
			if i.Response == "" {
				return nil
			}
			return object{{"action", i.Response}, {"untilDateTime", stampOf(i.Until)}}
		}),
		readOnly("simulated", func(i *incident) any { return i.Simulated }).filterable("risk_incidents.simulated", column{kind: odata.Bool, ops: opEq | opNe}),
		count("attempts", func(i *incident) int { return i.Attempts }), count("failures", func(i *incident) int { return i.Failures }),
		count("successes", func(i *incident) int { return i.Successes }), count("refused", func(i *incident) int { return i.Refused }),
		count("signUps", func(i *incident) int { return i.SignUps }), count("textMessages", func(i *incident) int { return i.Texts }),
		readOnly("callingCode", func(i *incident) any { return text(i.Code) }),
		count("accountsTried", func(i *incident) int { return i.Tried.Count() }), count("addressesNobodyHas", func(i *incident) int { return i.Unknown.Count() }),
		count("accountsEntered", func(i *incident) int { return len(i.Entries) }),
		readOnly("entries", func(i *incident) any {
			out := []object{}
			for _, e := range i.Entries {
				out = append(out, object{{"userId", e.UserID}, {"userDisplayName", text(e.Name)}, {"requestId", e.SignInID}, {"activityDateTime", stamp(e.At)},
					{"gotThrough", e.Through}, {"unwound", e.Unwound}, {"notified", e.Told}})
			}
			return out
		}),
		readOnly("userAgents", func(i *incident) any { return shares(i.Agents) }),
		readOnly("countries", func(i *incident) any { return shares(i.Countries) }),
		readOnly("networks", func(i *incident) any { return shares(i.Networks) }),
		readOnly("timeline", func(i *incident) any {
			out := []object{}
			for _, b := range i.Beats {
				out = append(out, object{{"startDateTime", stamp(b.At)}, {"attempts", b.Attempts}, {"failures", b.Failures}, {"entered", b.Entered}})
			}
			return object{{"stepInSeconds", i.Step}, {"steps", out}}
		}),
		readOnly("history", func(i *incident) any {
			out := []object{}
			for _, x := range i.Acts {
				out = append(out, object{{"dateTime", stamp(x.At)}, {"initiatedBy", text(x.Actor)}, {"action", x.What}, {"count", x.Count}, {"note", text(x.Note)}})
			}
			return out
		}),
	}
	counted[incident, models.RiskIncidentRow](r)
	wrap := func(rows []models.RiskIncidentRow) ([]incident, error) {
		out := make([]incident, len(rows))
		for n, row := range rows {
			i, err := row.Incident()
			if err != nil {
				return nil, err
			}
			out[n] = incident{i}
		}
		return out, nil
	}
	r.page = func(ctx context.Context, c *call, l models.Listing) ([]incident, error) {
		rows, err := models.ListRows[models.RiskIncidentRow](ctx, c.tenant, l)
		if err != nil {
			return nil, err
		}
		return wrap(rows)
	}
	r.find = func(ctx context.Context, c *call, _, key string) (*incident, error) {
		i, err := c.tenant.Incident(ctx, strings.ToLower(key))
		return &incident{i}, err
	}
	write := []access.Permission{access.RiskEventWrite}
	r.actions = []action[incident]{
		{method: http.MethodGet, path: "sources", need: readRisks(), run: incidentSources},
		{method: http.MethodPost, path: "respond", need: write, run: respondIncident(r)},
		{method: http.MethodPost, path: "close", need: write, run: func(ctx context.Context, c *call, i *incident) (*response, error) {
			var note string
			if err := c.bodyOf(map[string]any{"note": &note}); err != nil {
				return nil, err
			}
			after, err := c.tenant.CloseIncident(ctx, c.actor(), i.ID, note)
			return shownIncident(ctx, c, r, after, err)
		}},
		{method: http.MethodPost, path: "reopen", need: write, run: func(ctx context.Context, c *call, i *incident) (*response, error) {
			after, err := c.tenant.ReopenIncident(ctx, c.actor(), i.ID)
			return shownIncident(ctx, c, r, after, err)
		}},
		{method: http.MethodPost, path: "notify", need: write, run: notifyIncident(r)},
		// Unwinding confirms people as compromised and ends their sessions, so it takes the right to each.
		{method: http.MethodPost, path: "unwind", need: write, run: unwindIncident},
	}
	return r
}

// respondIncident challenges or blocks for some time; expectedAction is the response that the caller has seen.
func respondIncident(r *collection[incident]) func(context.Context, *call, *incident) (*response, error) {
	return func(ctx context.Context, c *call, i *incident) (*response, error) {
		var what, was *string
		minutes := 60
		if err := c.bodyOf(map[string]any{"action": &what, "minutes": &minutes, "expectedAction": &was}); err != nil {
			return nil, err
		}
		in := models.IncidentResponse{For: time.Duration(min(max(minutes, 0), 1<<20)) * time.Minute, Was: i.Response}
		if i.Until != nil && !c.api.Store.Now().Before(*i.Until) {
			in.Was = ""
		}
		if what != nil {
			in.Response = *what
		}
		if was != nil {
			in.Was = *was
		}
		after, err := c.tenant.RespondIncident(ctx, c.actor(), i.ID, in)
		return shownIncident(ctx, c, r, after, renamed(err, func(name string) string {
			if name == "response" {
				return "action"
			}
			return name
		}))
	}
}

// shownIncident answers with an incident after something was done about it.
func shownIncident(ctx context.Context, c *call, r *collection[incident], after risk.Incident, err error) (*response, error) {
	if err != nil {
		return nil, err
	}
	o, err := r.render(ctx, c, &incident{after}, r.fields)
	if err != nil {
		return nil, err
	}
	return c.entity(r.name+"/$entity", o), nil
}

func incidentSources(ctx context.Context, c *call, i *incident) (*response, error) {
	rows, err := c.tenant.IncidentSources(ctx, i.ID, 999)
	if err != nil {
		return nil, err
	}
	all := make([]object, len(rows))
	for n, s := range rows {
		all[n] = object{{"id", s.Source}, {"source", s.Source}, {"attempts", s.Attempts}, {"lastActivityDateTime", stamp(s.LastAt)}}
	}
	return c.small(ctx, "portico/incidents('"+i.ID+"')/sources", all)
}

// notifyIncident writes to the people whom a wave met. count is how many the caller means it for, as with unwinding: a
// mail that is sent cannot be taken back.
func notifyIncident(r *collection[incident]) func(context.Context, *call, *incident) (*response, error) {
	return func(ctx context.Context, c *call, i *incident) (*response, error) {
		step := models.IncidentStep{Who: models.WaveEntered, Count: -1}
		if err := c.bodyOf(map[string]any{"who": &step.Who, "count": &step.Count}); err != nil {
			return nil, err
		}
		switch {
		case step.Who != models.WaveEntered && step.Who != models.WaveTried:
			return nil, invalidValue("who", ": entered or tried is expected")
		case step.Count < 0:
			return nil, invalidValue("count", ": how many people it is for is expected")
		}
		self, err := c.tenant.Get(ctx)
		if err != nil {
			return nil, err
		}
		link := self.Base(c.api.BaseURL) + "/" + self.Slug + "/account"
		after, err := c.tenant.NotifyIncident(ctx, c.actor(), i.ID, step, func(t *models.Tenant, u models.User) error {
			return message.PostWave(ctx, t, message.Change{TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage, At: i.BeganAt}, step.Who, link, i.Simulated, c.api.now())
		})
		return shownIncident(ctx, c, r, after, err)
	}
}

// unwindIncident takes back what a wave got. count is how many people the caller means it for, so that nothing happens
// to somebody whom nobody has seen.
func unwindIncident(ctx context.Context, c *call, i *incident) (*response, error) {
	if !c.caller.may(access.RiskyUserWrite) || !c.caller.may(access.RevokeWrite) {
		return nil, denied()
	}
	count := -1
	if err := c.bodyOf(map[string]any{"count": &count}); err != nil {
		return nil, err
	}
	if count < 0 {
		return nil, invalidValue("count", ": how many people it is for is expected, as in 'entries' that are not unwound")
	}
	done, err := c.tenant.UnwindIncident(ctx, c.actor(), i.ID, count)
	if err != nil {
		return nil, err
	}
	return c.entity("portico/incidents('"+i.ID+"')/unwind", object{{"people", done.People}, {"skipped", list(done.Skipped)}}), nil
}

// shares are the values of something counted, the most frequent first.
func shares(counts map[string]int) []object {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		if n := counts[b] - counts[a]; n != 0 {
			return n
		}
		return strings.Compare(a, b)
	})
	out := []object{}
	for _, n := range names {
		out = append(out, object{{"name", n}, {"count", counts[n]}})
	}
	return out
}

// bodyOf reads the named properties of a body, which may be empty; others are refused.
func (c *call) bodyOf(into map[string]any) error {
	if len(c.body) == 0 {
		return nil
	}
	d, err := c.json()
	if err != nil {
		return err
	}
	for _, name := range d.names {
		p, known := into[name]
		if !known {
			return badRequest("Invalid property '"+name+"'.", name)
		}
		if err := strict(name, d.values[name], p); err != nil {
			return err
		}
	}
	return nil
}
