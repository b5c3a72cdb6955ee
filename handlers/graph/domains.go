package graph

import (
	"context"
	"net/http"
	"strings"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/userflow"
	"portico/handlers/graph/odata"
	"portico/models"
)

// domains is /domains (graph.md §14.3): the domains whose addresses belong to a company's identity provider. Which
// provider is ours to say (portico.identityProviderId); a domain is routed once its TXT record was found.
type domains struct{ a *API }

func (domains) prefix() []string { return []string{"domains"} }

func (d domains) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if keys == nil && len(rest) > 0 {
		keys, rest = map[string]string{"": rest[0].Name}, rest[1:]
	}
	reads := c.method == http.MethodGet || c.method == http.MethodHead
	switch {
	case reads && !c.caller.may(access.ProviderRead), !reads && !c.caller.may(access.ProviderWrite):
		return nil, denied()
	case keys == nil && reads:
		return d.list(ctx, c)
	case keys == nil && c.method == http.MethodPost:
		return d.add(ctx, c)
	case keys == nil:
		return nil, wrongMethod(http.MethodGet, http.MethodPost)
	}
	one, err := d.find(ctx, c, keys[""])
	if err != nil {
		if own, ok, failed := d.host(ctx, c, keys[""]); ok || failed != nil {
			if failed != nil {
				return nil, failed
			}
			return d.serveHost(ctx, c, own, rest)
		}
	}
	if err != nil {
		return nil, err
	}
	switch {
	case len(rest) == 0 && reads:
		return c.entity("domains/$entity", c.narrowed(federated(one))), nil
	case len(rest) == 0 && c.method == http.MethodDelete:
		return emptied(c.tenant.RemoveProviderDomain(ctx, c.actor(), one.ID))
	case len(rest) == 0:
		return nil, wrongMethod(http.MethodGet, http.MethodDelete)
	case len(rest) == 1 && strings.EqualFold(rest[0].Name, "verificationDnsRecords"):
		if !reads {
			return nil, wrongMethod(http.MethodGet)
		}
		return valueOf(c, "domains('"+one.Domain+"')/verificationDnsRecords", []object{{{"@odata.type", "#microsoft.graph.domainDnsTxtRecord"}, {"id", one.ID}, {"isOptional", false},
			{"label", one.Record}, {"recordType", "Txt"}, {"supportedService", "Email"}, {"ttl", 3600}, {"text", one.Value}}}), nil
	case len(rest) == 1 && strings.EqualFold(rest[0].Name, "verify"):
		if c.method != http.MethodPost {
			return nil, wrongMethod(http.MethodPost)
		}
		return d.verify(ctx, c, one)
	}
	return nil, noSegment(rest[0].Name)
}

// find looks a domain up by its name, in any spelling.
func (domains) find(ctx context.Context, c *call, name string) (models.ProviderDomain, error) {
	all, err := c.tenant.ProviderDomains(ctx, "")
	if err != nil {
		return models.ProviderDomain{}, err
	}
	canonical, _ := userflow.CanonicalDomain(name)
	for _, d := range all {
		if d.Domain == canonical {
			return d, nil
		}
	}
	return models.ProviderDomain{}, notFound(name)
}

func (domains) list(ctx context.Context, c *call) (*response, error) {
	all, err := c.tenant.ProviderDomains(ctx, "")
	if err != nil {
		return nil, err
	}
	out := []object{}
	for _, d := range all {
		out = append(out, federated(d))
	}
	own, err := c.tenant.CustomDomains(ctx)
	if err != nil {
		return nil, err
	}
	self, err := c.tenant.Get(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range own {
		out = append(out, ownHost(d, self.OwnHostsOnly))
	}
	return c.small(ctx, "domains", out)
}

func (d domains) add(ctx context.Context, c *call) (*response, error) {
	var name string
	var extra struct {
		Provider string `json:"identityProviderId"`
		Own      bool   `json:"customUrlDomain"`
	}
	if err := c.bodyOf(map[string]any{"id": &name, "portico": &extra}); err != nil {
		return nil, err
	}
	switch {
	case name == "":
		return nil, badRequest("A value is required for property 'id': the name of the domain.", "id")
	case extra.Own && extra.Provider == "":
		return d.addHost(ctx, c, name)
	case extra.Provider == "":
		return nil, badRequest("A value is required for property 'portico/identityProviderId': whose addresses they are.", "portico/identityProviderId")
	}
	added, err := c.tenant.AddProviderDomain(ctx, c.actor(), strings.ToLower(extra.Provider), name, false)
	if fault.Is(err, fault.NotFound) {
		return nil, invalidValue("portico/identityProviderId", ": there is no such identity provider")
	}
	if err != nil {
		return nil, renamed(err, func(string) string { return "id" })
	}
	return c.created("domains/$entity", federated(added), "/domains/"+added.Domain), nil
}

// verify looks for the record now. Graph answers 400 where it is not there yet.
func (d domains) verify(ctx context.Context, c *call, one models.ProviderDomain) (*response, error) {
	proven, err := c.tenant.ProveProviderDomain(ctx, c.actor(), one.ID, d.a.Lookup)
	if fault.Is(err, fault.Conflict) {
		e := asError(err, d.a.Words)
		e.Status, e.Code = http.StatusBadRequest, codeBadRequest
		return nil, e
	}
	if err != nil {
		return nil, err
	}
	return c.entity("domains/$entity", federated(proven)), nil
}

// federated is a domain as Graph shows one that another company signs in for.
func federated(d models.ProviderDomain) object {
	state := object{{"lastActionDateTime", stamp(d.CheckedAt)}, {"operation", "Verification"}, {"status", map[bool]string{true: "Completed", false: "InProgress"}[!d.ProvenAt.IsZero()]}}
	return object{{"id", d.Domain}, {"authenticationType", "Federated"}, {"availabilityStatus", nil}, {"isAdminManaged", true}, {"isDefault", false}, {"isInitial", false}, {"isRoot", true},
		{"isVerified", !d.ProvenAt.IsZero()}, {"supportedServices", []string{"Email"}}, {"state", state},
		{"portico", object{{"identityProviderId", d.ProviderID}, {"isWaived", d.Waived}, {"verifiedDateTime", stamp(d.ProvenAt)}, {"createdDateTime", stamp(d.CreatedAt)}}}}
}
