package graph

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/risk"
	"portico/app/tenant"
	"portico/handlers/graph/odata"
	"portico/models"
)

// riskSettings is /beta/portico/riskSettings: which detections run and from which thresholds on. What each threshold
// means is said by /beta/portico/riskDetectionTypes.
type riskSettings struct{ a *API }

func (riskSettings) prefix() []string { return []string{"portico", "riskSettings"} }

func (s riskSettings) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	switch {
	case c.version != "beta":
		return nil, noSegment("portico")
	case keys != nil || len(rest) > 0:
		return nil, noSegment("riskSettings")
	}
	switch c.method {
	case http.MethodGet, http.MethodHead:
		if !c.caller.may(readRisks()...) {
			return nil, denied()
		}
		t, err := c.tenant.Get(ctx)
		if err != nil {
			return nil, err
		}
		return c.entity("portico/riskSettings", shownRiskSettings(t.Settings.Risk)), nil
	case http.MethodPatch:
		if !c.caller.may(access.RiskConfigure) {
			return nil, denied()
		}
		return s.patch(ctx, c)
	}
	return nil, wrongMethod(http.MethodGet, http.MethodPatch)
}

func shownRiskSettings(s risk.Settings) object {
	thresholds := object{}
	for _, f := range risk.Fields() {
		thresholds.add(f.ID, f.Of(s))
	}
	off := slices.Clone(s.Off)
	slices.Sort(off)
	return object{{"id", "riskSettings"}, {"disabledRiskEventTypes", list(off)}, {"thresholds", thresholds}}
}

// patch changes what the body names; a threshold that is null is the default again.
func (s riskSettings) patch(ctx context.Context, c *call) (*response, error) {
	d, err := c.json()
	if err != nil {
		return nil, err
	}
	var off *[]string
	given := map[string]*float64{}
	for _, name := range d.names {
		switch name {
		case "id":
		case "disabledRiskEventTypes":
			off = &[]string{}
			if err := strict(name, d.values[name], off); err != nil {
				return nil, err
			}
		case "thresholds":
			if err := json.Unmarshal(d.values[name], &given); err != nil {
				return nil, badRequest("An object of numbers was expected for property 'thresholds'.", name)
			}
		default:
			return nil, badRequest("Invalid property '"+name+"'.", name)
		}
	}
	_, err = c.tenant.Update(ctx, c.actor(), func(t *tenant.Tenant) error {
		if off != nil {
			t.Settings.Risk.Off = slices.Compact(slices.Sorted(slices.Values(*off)))
		}
		fields, was := risk.Fields(), t.Settings.Risk.UnfamiliarMedium
		for id, v := range given {
			i := slices.IndexFunc(fields, func(f risk.Field) bool { return f.ID == id })
			switch {
			case i < 0:
				return badRequest("Invalid property 'thresholds/"+id+"'.", "thresholds/"+id)
			case v == nil:
				fields[i].Set(&t.Settings.Risk, fields[i].Default)
			case math.IsNaN(*v) || math.IsInf(*v, 0):
				return invalidValue("thresholds/"+id, "")
			default:
				fields[i].Set(&t.Settings.Risk, *v)
			}
		}
		if t.Settings.Risk.UnfamiliarMedium != was { // chosen by hand: no budget stands behind it any more
			t.Settings.Risk.ChallengeShare = 0
		}
		return t.Settings.Risk.Validate()
	})
	return emptied(renamed(err, func(name string) string {
		if name = strings.TrimPrefix(name, "risk."); name == "off" {
			return "disabledRiskEventTypes"
		}
		return "thresholds/" + name
	}))
}

// riskDetectionTypes is /beta/portico/riskDetectionTypes: every kind of detection that there is, in words, and the
// thresholds that belong to it.
type riskDetectionTypes struct{ a *API }

func (riskDetectionTypes) prefix() []string { return []string{"portico", "riskDetectionTypes"} }

func (s riskDetectionTypes) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if keys == nil && len(rest) == 1 {
		keys, rest = map[string]string{"": rest[0].Name}, nil
	}
	switch {
	case c.version != "beta":
		return nil, noSegment("portico")
	case len(rest) > 0:
		return nil, noSegment(rest[0].Name)
	case c.method != http.MethodGet && c.method != http.MethodHead:
		return nil, wrongMethod(http.MethodGet)
	case !c.caller.may(readRisks()...):
		return nil, denied()
	}
	t, err := c.tenant.Get(ctx)
	if err != nil {
		return nil, err
	}
	all := []object{}
	for _, k := range risk.Catalogue() {
		thresholds := []object{}
		for _, f := range risk.Fields() {
			if f.Type == k.Type {
				thresholds = append(thresholds, object{{"id", f.ID}, {"displayName", f.Name}, {"description", f.Help}, {"unit", text(f.Unit)}, {"value", f.Of(t.Settings.Risk)},
					{"default", f.Default}, {"minimum", f.Min}, {"maximum", f.Max}})
			}
		}
		o := object{{"id", k.Type}, {"displayName", k.Name}, {"description", k.Sees}, {"riskLevels", list(k.Levels)}, {"detectionTimingType", k.Timing}, {"activity", k.Activity},
			{"mitreTechniqueId", text(k.Technique)}, {"isEnabled", t.Settings.Risk.Runs(k.Type)}, {"canBeDisabled", !k.Always}, {"canBeSimulated", k.Simulated},
			{"trustedLocationLowers", !k.Firm}, {"thresholds", thresholds}}
		if keys != nil && strings.EqualFold(keys[""], k.Type) {
			return c.entity("portico/riskDetectionTypes/$entity", o), nil
		}
		all = append(all, o)
	}
	if keys != nil {
		return nil, notFound(keys[""])
	}
	return c.small(ctx, "portico/riskDetectionTypes", all)
}

// riskSimulations is /beta/portico/riskSimulations: a detection on demand for a test person, marked as simulated, and
// all of them taken away again.
type riskSimulations struct {
	a          *API
	detections *collection[riskDetection]
}

func (riskSimulations) prefix() []string { return []string{"portico", "riskSimulations"} }

func (s riskSimulations) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if keys == nil && len(rest) == 1 {
		keys, rest = map[string]string{"": rest[0].Name}, nil
	}
	switch {
	case c.version != "beta":
		return nil, noSegment("portico")
	case len(rest) > 0:
		return nil, noSegment(rest[0].Name)
	case keys == nil && (c.method == http.MethodGet || c.method == http.MethodHead):
		return s.list(ctx, c)
	case keys == nil && c.method == http.MethodPost:
		return s.simulate(ctx, c)
	case keys != nil && c.method == http.MethodDelete:
		if !c.caller.may(access.RiskEventWrite) {
			return nil, denied()
		}
		id := strings.ToLower(keys[""])
		_, err := c.tenant.RemoveSimulated(ctx, c.actor(), id)
		return emptied(unknownID(err, []string{id}))
	case keys != nil:
		return nil, wrongMethod(http.MethodDelete)
	}
	return nil, wrongMethod(http.MethodGet, http.MethodPost)
}

// list gives the simulated detections as the others are listed.
func (s riskSimulations) list(ctx context.Context, c *call) (*response, error) {
	if !c.caller.may(readRisks()...) {
		return nil, denied()
	}
	only := *s.detections
	only.page = func(ctx context.Context, c *call, l models.Listing) ([]riskDetection, error) {
		l.Where = append(l.Where, models.Condition{SQL: "risk_detections.simulated"})
		return s.detections.page(ctx, c, l)
	}
	return only.list(ctx, c)
}

func (s riskSimulations) simulate(ctx context.Context, c *call) (*response, error) {
	if !c.caller.may(access.RiskEventWrite) {
		return nil, denied()
	}
	d, err := c.json()
	if err != nil {
		return nil, err
	}
	var userID, kind string
	for _, name := range d.names {
		into := map[string]*string{"userId": &userID, "riskEventType": &kind}[name]
		if into == nil {
			return nil, badRequest("Invalid property '"+name+"'.", name)
		}
		if err := strict(name, d.values[name], into); err != nil {
			return nil, err
		}
	}
	k, known := risk.KindOf(kind)
	switch {
	case userID == "":
		return nil, invalidValue("userId", ": whom it is about is needed")
	case !known || !k.Simulated:
		return nil, invalidValue("riskEventType", ": one of riskDetectionTypes with canBeSimulated is expected")
	}
	made, marked, err := c.tenant.SimulateForTester(ctx, c.actor(), strings.ToLower(userID), k.Type)
	if err != nil {
		return nil, unknownID(err, []string{userID})
	}
	row, err := s.detections.find(ctx, c, "", made.ID)
	if err != nil {
		return nil, err
	}
	o, err := s.detections.render(ctx, c, row, s.detections.fields)
	if err != nil {
		return nil, err
	}
	// The call alone is enough, so it makes a test person of whoever is none, and says so.
	o.add("@portico.markedAsTestPerson", marked)
	return c.created("identityProtection/riskDetections/$entity", o, "/identityProtection/riskDetections/"+made.ID), nil
}
