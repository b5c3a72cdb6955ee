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
// provider is ours to say (portico.identityProviderId); a domain is routed once its TXT record was found. The hosts of its own
// that a tenant answers at stand beside them (domains_own.go), under a right of their own.
type domains struct{ a *API }

func (domains) prefix() []string { return []string{"domains"} }

// kinds are which of both a caller may have to do with.
type kinds struct{ federated, own bool }

func (d domains) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	if keys == nil && len(rest) > 0 {
		keys, rest = map[string]string{"": rest[0].Name}, rest[1:]
	}
	reads := c.method == http.MethodGet || c.method == http.MethodHead
	may := kinds{c.caller.may(access.ProviderWrite), c.caller.may(access.OrganizationWrite)}
	if reads {
		may = kinds{c.caller.may(access.ProviderRead), c.caller.may(access.OrganizationRead)}
	}
	switch {
	case may == kinds{}:
		return nil, denied()
	case keys == nil && reads:
		return d.list(ctx, c, may)
	case keys == nil && c.method == http.MethodPost:
		return d.add(ctx, c, may)
	case keys == nil:
		return nil, wrongMethod(http.MethodGet, http.MethodPost)
	}
	one, err := d.named(ctx, c, keys[""], may)
	if err != nil {
		return nil, err
	}
	switch {
	case len(rest) == 0 && reads:
		shown, err := one.shown()
		if err != nil {
			return nil, err
		}
		return c.entity("domains/$entity", c.narrowed(shown)), nil
	case len(rest) == 0 && c.method == http.MethodDelete:
		return emptied(one.remove())
	case len(rest) == 0 && c.method == http.MethodPatch && one.change != nil:
		return emptied(one.change())
	case len(rest) == 0 && one.change != nil:
		return nil, wrongMethod(http.MethodGet, http.MethodPatch, http.MethodDelete)
	case len(rest) == 0:
		return nil, wrongMethod(http.MethodGet, http.MethodDelete)
	case len(rest) == 1 && strings.EqualFold(rest[0].Name, "verificationDnsRecords"):
		if !reads {
			return nil, wrongMethod(http.MethodGet)
		}
		return valueOf(c, "domains('"+one.name+"')/verificationDnsRecords", []object{{{"@odata.type", "#microsoft.graph.domainDnsTxtRecord"}, {"id", one.id}, {"isOptional", false},
			{"label", one.record}, {"recordType", "Txt"}, {"supportedService", one.service}, {"ttl", 3600}, {"text", one.value}}}), nil
	case len(rest) == 1 && strings.EqualFold(rest[0].Name, "verify"):
		if c.method != http.MethodPost {
			return nil, wrongMethod(http.MethodPost)
		}
		shown, err := one.verify()
		if fault.Is(err, fault.Conflict) { // Graph answers 400 where the record is not there yet
			e := asError(err, d.a.Words)
			e.Status, e.Code = http.StatusBadRequest, codeBadRequest
			return nil, e
		}
		if err != nil {
			return nil, err
		}
		return c.entity("domains/$entity", c.narrowed(shown)), nil
	}
	return nil, noSegment(rest[0].Name)
}

// claim is a domain of either kind, and what may be asked of it.
type claim struct {
	id, name      string
	record, value string // the TXT record that proves it
	service       string
	shown, verify func() (object, error) // verify looks for the record now
	remove        func() error
	change        func() error // nil = there is nothing to change
}

// named finds a domain of the kinds that the caller may have to do with.
func (d domains) named(ctx context.Context, c *call, name string, may kinds) (claim, error) {
	one, theirs, err := d.find(ctx, c, name)
	if err != nil {
		return claim{}, err
	}
	own, ours, err := d.host(ctx, c, name)
	switch {
	case err != nil:
		return claim{}, err
	case theirs && may.federated:
		return d.federatedClaim(ctx, c, one), nil
	case ours && may.own:
		return d.hostClaim(ctx, c, own), nil
	case theirs, ours:
		return claim{}, denied()
	}
	return claim{}, notFound(name)
}

func (d domains) federatedClaim(ctx context.Context, c *call, one models.ProviderDomain) claim {
	return claim{id: one.ID, name: one.Domain, record: one.Record, value: one.Value, service: "Email",
		shown:  func() (object, error) { return federated(one), nil },
		remove: func() error { return c.tenant.RemoveProviderDomain(ctx, c.actor(), one.ID) },
		verify: func() (object, error) {
			proven, err := c.tenant.ProveProviderDomain(ctx, c.actor(), one.ID, d.a.Lookup)
			return federated(proven), err
		}}
}

// find looks a company's domain up by its name, in any spelling; false when there is none.
func (domains) find(ctx context.Context, c *call, name string) (models.ProviderDomain, bool, error) {
	canonical, _ := userflow.CanonicalDomain(name)
	all, err := c.tenant.ProviderDomains(ctx, "")
	for _, d := range all {
		if d.Domain == canonical {
			return d, true, err
		}
	}
	return models.ProviderDomain{}, false, err
}

func (domains) list(ctx context.Context, c *call, may kinds) (*response, error) {
	out := []object{}
	if may.federated {
		all, err := c.tenant.ProviderDomains(ctx, "")
		if err != nil {
			return nil, err
		}
		for _, d := range all {
			out = append(out, federated(d))
		}
	}
	if may.own {
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
	}
	return c.small(ctx, "domains", out)
}

func (d domains) add(ctx context.Context, c *call, may kinds) (*response, error) {
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
	case extra.Own && extra.Provider == "" && !may.own, extra.Provider != "" && !may.federated:
		return nil, denied()
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

// federated is a domain as Graph shows one that another company signs in for.
func federated(d models.ProviderDomain) object {
	state := object{{"lastActionDateTime", stamp(d.CheckedAt)}, {"operation", "Verification"}, {"status", map[bool]string{true: "Completed", false: "InProgress"}[!d.ProvenAt.IsZero()]}}
	return object{{"id", d.Domain}, {"authenticationType", "Federated"}, {"availabilityStatus", nil}, {"isAdminManaged", true}, {"isDefault", false}, {"isInitial", false}, {"isRoot", true},
		{"isVerified", !d.ProvenAt.IsZero()}, {"supportedServices", []string{"Email"}}, {"state", state},
		{"portico", object{{"identityProviderId", d.ProviderID}, {"isWaived", d.Waived}, {"verifiedDateTime", stamp(d.ProvenAt)}, {"createdDateTime", stamp(d.CreatedAt)}}}}
}
