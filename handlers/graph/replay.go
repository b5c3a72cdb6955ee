package graph

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"portico/app/access"
	"portico/app/policy"
	"portico/handlers/graph/odata"
	"portico/models"
)

// policyReplay is /beta/portico/conditionalAccess/replay: a draft of one policy over the recorded sign-ins of some
// days. A POST starts it and answers 202 with the place of its status, which holds the report in the end.
type policyReplay struct{ a *API }

func (policyReplay) prefix() []string { return []string{"portico", "conditionalAccess", "replay"} }

// replayBody: a saved policy as it is or would be (policyId with a draft), a new one (draft alone), or one that is
// taken away (policyId and remove).
type replayBody struct {
	Name     string          `json:"displayName"`
	PolicyID string          `json:"policyId"`
	Remove   bool            `json:"remove"`
	Draft    json.RawMessage `json:"policy"`
	Days     *int            `json:"days"`
}

func (p policyReplay) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if c.version != "beta" {
		return nil, noSegment("portico")
	}
	if keys == nil && len(rest) == 1 {
		keys, rest = map[string]string{"": rest[0].Name}, nil
	}
	switch {
	case len(rest) > 0:
		return nil, noSegment(rest[0].Name)
	case keys == nil && c.method == http.MethodPost:
		if !c.caller.may(access.ConditionalWrite) {
			return nil, denied()
		}
		return p.start(ctx, c)
	case c.method == http.MethodDelete && keys != nil:
		if !c.caller.may(access.ConditionalWrite) {
			return nil, denied()
		}
		return emptied(c.tenant.CancelReplay(ctx, c.actor(), strings.ToLower(keys[""])))
	case c.method != http.MethodGet && c.method != http.MethodHead:
		return nil, wrongMethod(http.MethodGet, http.MethodPost)
	case !c.caller.may(readConditional()...):
		return nil, denied()
	case keys == nil:
		all, err := c.tenant.Replays(ctx, 100)
		if err != nil {
			return nil, err
		}
		list := []object{}
		for _, r := range all {
			list = append(list, replaySummary(r))
		}
		return c.small(ctx, "portico/conditionalAccess/replay", list)
	}
	r, err := c.tenant.Replay(ctx, strings.ToLower(keys[""]))
	if err != nil {
		return nil, err
	}
	return c.entity("portico/conditionalAccess/replay/$entity", c.shownReplay(r)), nil
}

func (p policyReplay) start(ctx context.Context, c *call) (*response, error) {
	d, err := c.json()
	if err != nil {
		return nil, err
	}
	var b replayBody
	for name, into := range map[string]any{"displayName": &b.Name, "policyId": &b.PolicyID, "remove": &b.Remove, "days": &b.Days} {
		if raw, sent := d.values[name]; sent {
			if err := strict(name, raw, into); err != nil {
				return nil, err
			}
		}
	}
	for _, name := range d.names {
		switch name {
		case "displayName", "policyId", "remove", "days":
		case "policy":
			b.Draft = d.values[name]
		default:
			return nil, badRequest("Invalid property '"+name+"'.", name)
		}
	}
	for name := range d.binds {
		return nil, badRequest("Invalid property '"+name+"@odata.bind'.", name+"@odata.bind")
	}
	if b.Remove && len(b.Draft) > 0 {
		return nil, badRequest("A policy is either taken away ('remove') or changed ('policy'), not both.", "remove")
	}
	days := 7
	if b.Days != nil {
		days = *b.Days
	}
	present, err := c.tenant.Rules(ctx)
	if err != nil {
		return nil, err
	}
	draft := present
	draft.Policies = nil
	found, laid := false, false
	lay := func(base policy.Policy) error {
		resource := p.a.conditionalPolicies()
		doc, err := parseDocument(b.Draft)
		if err != nil {
			return err
		}
		before, creating := policy.Policy{}, base.CreatedAt.IsZero()
		if !creating {
			before = base
		}
		if _, err = resource.assign(ctx, c, doc, &base, creating); err != nil {
			return err
		}
		if creating {
			if err := fromTemplate(&base); err != nil {
				return err
			}
			if base.Name == "" { // what is only tried out needs no name of its own
				base.Name = cmp.Or(b.Name, "Draft")
			}
		}
		base = base.Tidied()
		// What could never be saved has no effects to tell about.
		if err := c.tenant.CheckPolicy(ctx, before, base); err != nil {
			return err
		}
		draft.Policies, laid = append(draft.Policies, base), true
		return nil
	}
	for _, one := range present.Policies {
		switch {
		case !strings.EqualFold(one.ID, b.PolicyID):
			draft.Policies = append(draft.Policies, one)
			continue
		case b.Remove:
		case len(b.Draft) > 0:
			if err := lay(one); err != nil {
				return nil, err
			}
		default:
			draft.Policies = append(draft.Policies, one)
		}
		found = true
	}
	switch {
	case b.PolicyID != "" && !found:
		return nil, notFound(b.PolicyID)
	case b.PolicyID == "" && b.Remove:
		return nil, badRequest("Which policy to take away is said by 'policyId'.", "policyId")
	case len(b.Draft) > 0 && !laid:
		base := p.a.conditionalPolicies().fresh(c)
		base.State = policy.On
		base.ID = "draft"
		if err := lay(base); err != nil {
			return nil, err
		}
	}
	r, err := c.tenant.StartReplay(ctx, c.actor(), models.ReplayDraft{Name: b.Name, PolicyID: strings.ToLower(b.PolicyID), Days: days, Present: present, Draft: draft})
	if err != nil {
		return nil, err
	}
	res := c.created("portico/conditionalAccess/replay/$entity", c.shownReplay(r), "/portico/conditionalAccess/replay/"+r.ID)
	res.status = http.StatusAccepted
	return res, nil
}

func replaySummary(r models.Replay) object {
	return object{{"id", r.ID}, {"displayName", text(r.Draft.Name)}, {"policyId", text(r.Draft.PolicyID)}, {"days", r.Draft.Days}, {"status", r.State},
		{"entriesRead", r.Read}, {"createdDateTime", stamp(r.CreatedAt)}, {"finishedDateTime", stamp(r.FinishedAt)}}
}

// shownReplay is a replay with its report. Its examples are entries of the sign-in log, for those who may read that.
func (c *call) shownReplay(r models.Replay) object {
	if !c.caller.may(access.AuditRead) {
		r.Report.Samples = nil
	}
	o := replaySummary(r)
	o.add("report", r.Report)
	return o
}
