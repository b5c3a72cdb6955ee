package graph

import (
	"context"
	"net/http"
	"strings"

	"portico/app/access"
	"portico/app/account"
	"portico/handlers/graph/odata"
	"portico/models"
)

// userMerge is POST /beta/portico/users/{id}/merge: it makes one account of two, of which {id} stays. With dryRun it
// says what would happen and changes nothing; its revision, sent along, makes sure that nothing else happens then.
type userMerge struct{}

func (userMerge) prefix() []string { return []string{"portico", "users"} }

func (m userMerge) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if keys == nil && len(rest) == 2 {
		keys, rest = map[string]string{"": rest[0].Name}, rest[1:]
	}
	switch {
	case c.version != "beta":
		return nil, noSegment("portico")
	case keys == nil || len(rest) != 1 || !strings.EqualFold(rest[0].Name, "merge"):
		return nil, noSegment("users")
	case c.method != http.MethodPost:
		return nil, wrongMethod(http.MethodPost)
	case !c.caller.may(access.UserWrite):
		return nil, denied()
	}
	return m.merge(ctx, c, strings.ToLower(keys[""]))
}

func (userMerge) merge(ctx context.Context, c *call, into string) (*response, error) {
	var from, revision string
	var dryRun bool
	take := map[string]bool{}
	if err := c.bodyOf(map[string]any{"userId": &from, "dryRun": &dryRun, "take": &take, "revision": &revision}); err != nil {
		return nil, err
	}
	if from == "" {
		return nil, badRequest("A value is required for property 'userId': the account that vanishes.", "userId")
	}
	req := models.MergeRequest{Into: into, From: strings.ToLower(from), Take: take, Revision: revision,
		Rights: models.MergeRights{Methods: c.caller.may(access.MethodWrite), Groups: c.caller.may(access.MemberWrite), Roles: c.caller.may(access.AssignmentWrite)}}
	var plan account.Merge
	var err error
	if dryRun {
		plan, err = c.tenant.PlanMerge(ctx, req)
	} else {
		plan, err = c.tenant.MergeUsers(ctx, c.actor(), req)
	}
	if err != nil {
		return nil, renamed(err, func(name string) string {
			if name == "from" {
				return "userId"
			}
			return name
		})
	}
	return c.entity("portico/users/$entity/merge", c.shownMerge(plan, dryRun)), nil
}

func (c *call) shownMerge(m account.Merge, dryRun bool) object {
	fields := []object{}
	for _, f := range m.Fields {
		wins := "staying"
		if f.TakeFrom {
			wins = "vanishing"
		}
		fields = append(fields, object{{"property", f.ID}, {"staying", text(f.Into)}, {"vanishing", text(f.From)}, {"wins", wins}})
	}
	identities := []object{}
	for _, i := range m.Identities {
		identities = append(identities, object{{"signInType", i.SignInType}, {"issuer", text(i.Issuer)}, {"issuerAssignedId", i.Value}})
	}
	methods := func(all []account.Method) []object {
		out := []object{}
		for _, x := range all {
			out = append(out, object{{"id", x.ID}, {"kind", x.Kind}, {"name", text(x.Name)}})
		}
		return out
	}
	things := func(all []account.MergeThing) []object {
		out := []object{}
		for _, x := range all {
			out = append(out, object{{"id", x.ID}, {"displayName", x.Name}})
		}
		return out
	}
	obstacles := []object{}
	for _, o := range m.Obstacles {
		obstacles = append(obstacles, object{{"code", o.Key}, {"message", c.api.Words.T(o.Key, o.Args)}})
	}
	sentences := []string{}
	if m.Revision != "" { // "" = it was done before
		sentences = m.Sentences()
	}
	return object{{"userId", m.Into.ID}, {"mergedUserId", m.From.ID}, {"dryRun", dryRun}, {"possible", len(m.Obstacles) == 0}, {"revision", text(m.Revision)},
		{"obstacles", obstacles}, {"sentences", sentences}, {"properties", fields}, {"identities", identities}, {"methods", methods(m.Methods)}, {"methodsLeft", methods(m.Left)},
		{"groups", things(m.Groups)}, {"appRoles", things(m.Roles)}, {"consents", things(m.Consents)}, {"applications", things(m.Apps)}, {"riskLevel", text(m.Risk)}}
}
