package graph

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/fault"
	"portico/handlers/graph/odata"
	"portico/models"
)

// riskyUsers is /identityProtection/riskyUsers (graph.md §10.2): people whose risk was ever set, and the two
// things that an administrator says about them. Detections come with Identity Protection.
type riskyUsers struct{ a *API }

const mostRiskyAtOnce = 60

func (riskyUsers) prefix() []string { return []string{"identityProtection", "riskyUsers"} }

func readRisky() []access.Permission {
	return []access.Permission{access.RiskyUserRead, access.RiskyUserWrite}
}

func (r riskyUsers) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if rest = withoutCasts(rest); keys == nil && len(rest) == 1 {
		for _, name := range []string{"confirmCompromised", "dismiss"} {
			if isFunction(rest[0], name) {
				return r.say(ctx, c, name)
			}
		}
		keys, rest = map[string]string{"": rest[0].Name}, nil
	}
	switch {
	case len(rest) > 0:
		return nil, noSegment(rest[0].Name)
	case c.method != http.MethodGet && c.method != http.MethodHead:
		return nil, wrongMethod(http.MethodGet)
	case !c.caller.may(readRisky()...):
		return nil, denied()
	case keys == nil:
		return r.list(ctx, c)
	}
	u, err := c.tenant.User(ctx, strings.ToLower(keys[""]))
	if err != nil || u.Risk.At.IsZero() {
		return nil, missing(err, keys[""])
	}
	return c.entity("identityProtection/riskyUsers/$entity", riskyUser(u)), nil
}

func (r riskyUsers) list(ctx context.Context, c *call) (*response, error) {
	var all []object
	q := models.RiskQuery{Limit: 999}
	for { // each page is small, and few people are at risk; the options are applied to what is answered
		page, err := c.tenant.RiskyUsers(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, u := range page.Items {
			all = append(all, riskyUser(u))
		}
		if q.After = page.Next; q.After == "" || len(all) >= 20_000 {
			return c.small(ctx, "identityProtection/riskyUsers", all)
		}
	}
}

func riskyUser(u models.User) object {
	level, state, detail := u.Risk.Level, u.Risk.State, u.Risk.Detail
	if level == "" {
		level = "none"
	}
	if state == "" {
		state = "none"
	}
	if detail == "" {
		detail = "none"
	}
	return object{{"id", u.ID}, {"isDeleted", !u.DeletedAt.IsZero()}, {"isProcessing", false}, {"riskDetail", detail}, {"riskLastUpdatedDateTime", stamp(u.Risk.At)},
		{"riskLevel", level}, {"riskState", state}, {"userDisplayName", u.DisplayName}, {"userPrincipalName", text(u.Mail)}}
}

// say takes the word of an administrator about up to 60 people at once.
func (r riskyUsers) say(ctx context.Context, c *call, what string) (*response, error) {
	if c.method != http.MethodPost {
		return nil, wrongMethod(http.MethodPost)
	}
	if !c.caller.may(access.RiskyUserWrite) {
		return nil, denied()
	}
	d, err := c.json()
	if err != nil {
		return nil, err
	}
	var ids []string
	if err := strict("userIds", d.values["userIds"], &ids); err != nil {
		return nil, err
	}
	if len(ids) == 0 || len(ids) > mostRiskyAtOnce {
		return nil, invalidValue("userIds", ": one to 60 ids are expected")
	}
	for i, id := range ids {
		ids[i] = strings.ToLower(id)
		if _, err := c.tenant.User(ctx, ids[i]); fault.Is(err, fault.NotFound) {
			return nil, notFound(id)
		} else if err != nil {
			return nil, err
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if what == "dismiss" {
		return emptied(c.tenant.DismissRisk(ctx, c.actor(), ids))
	}
	return emptied(c.tenant.ConfirmCompromised(ctx, c.actor(), ids))
}
