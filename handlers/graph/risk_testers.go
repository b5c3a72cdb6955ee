package graph

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"portico/app/access"
	"portico/handlers/graph/odata"
)

// riskTestPersons is /beta/portico/riskTestPersons: the people for whom detections are simulated. A simulation marks its
// person by itself; here they are listed, marked beforehand and unmarked, which takes away what was simulated.
type riskTestPersons struct{ a *API }

func (riskTestPersons) prefix() []string { return []string{"portico", "riskTestPersons"} }

func (r riskTestPersons) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if keys == nil && len(rest) == 1 {
		keys, rest = map[string]string{"": rest[0].Name}, nil
	}
	reads := c.method == http.MethodGet || c.method == http.MethodHead
	switch {
	case c.version != "beta":
		return nil, noSegment("portico")
	case len(rest) > 0:
		return nil, noSegment(rest[0].Name)
	case keys == nil && !reads && c.method != http.MethodPost:
		return nil, wrongMethod(http.MethodGet, http.MethodPost)
	case keys != nil && c.method != http.MethodDelete:
		return nil, wrongMethod(http.MethodDelete)
	case reads && !c.caller.may(readRisks()...), !reads && !c.caller.may(access.RiskEventWrite):
		return nil, denied()
	case reads:
		return r.list(ctx, c)
	case keys != nil:
		return r.unmark(ctx, c, keys[""])
	}
	var userID string
	if err := c.bodyOf(map[string]any{"userId": &userID}); err != nil {
		return nil, err
	}
	if userID == "" {
		return nil, invalidValue("userId", ": who becomes a test person is needed")
	}
	id := strings.ToLower(userID)
	if _, err := c.tenant.MarkTester(ctx, c.actor(), id); err != nil {
		return nil, unknownID(err, []string{userID})
	}
	return c.created("portico/riskTestPersons/$entity", object{{"id", id}, {"userId", id}}, "/portico/riskTestPersons/"+id), nil
}

func (r riskTestPersons) list(ctx context.Context, c *call) (*response, error) {
	t, err := c.tenant.Get(ctx)
	if err != nil {
		return nil, err
	}
	all := []object{}
	for _, id := range t.Settings.RiskTesters {
		all = append(all, object{{"id", id}, {"userId", id}})
	}
	return c.small(ctx, "portico/riskTestPersons", all)
}

func (r riskTestPersons) unmark(ctx context.Context, c *call, key string) (*response, error) {
	t, err := c.tenant.Get(ctx)
	if err != nil {
		return nil, err
	}
	id := strings.ToLower(key)
	if !slices.Contains(t.Settings.RiskTesters, id) {
		return nil, notFound(key)
	}
	return emptied(c.tenant.UnmarkTester(ctx, c.actor(), id))
}
