package graph

import (
	"context"
	"net/http"
	"strings"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/handlers/graph/odata"
	"portico/models"
)

// domains_own.go: the hosts of its own that a tenant answers at (custom URL domains), beside the domains of its companies in
// /domains. authenticationType is Managed; isDefault is the host that links lead to.

// host finds one by its name; false when there is none.
func (domains) host(ctx context.Context, c *call, name string) (models.CustomDomain, bool, error) {
	canonical, _ := tenant.CanonicalHost(name)
	all, err := c.tenant.CustomDomains(ctx)
	for _, d := range all {
		if d.Host == canonical {
			return d, true, err
		}
	}
	return models.CustomDomain{}, false, err
}

func (d domains) serveHost(ctx context.Context, c *call, one models.CustomDomain, rest []odata.Segment) (*response, error) {
	reads := c.method == http.MethodGet || c.method == http.MethodHead
	if !reads && !c.caller.may(access.Permission("Organization.ReadWrite.All")) {
		return nil, denied()
	}
	switch {
	case len(rest) == 0 && reads:
		return d.shownHost(ctx, c, one)
	case len(rest) == 0 && c.method == http.MethodDelete:
		return emptied(c.tenant.RemoveCustomDomain(ctx, c.actor(), one.ID))
	case len(rest) == 0 && c.method == http.MethodPatch:
		return d.chooseHost(ctx, c, one)
	case len(rest) == 0:
		return nil, wrongMethod(http.MethodGet, http.MethodPatch, http.MethodDelete)
	case len(rest) == 1 && strings.EqualFold(rest[0].Name, "verificationDnsRecords"):
		if !reads {
			return nil, wrongMethod(http.MethodGet)
		}
		return valueOf(c, "domains('"+one.Host+"')/verificationDnsRecords", []object{{{"@odata.type", "#microsoft.graph.domainDnsTxtRecord"}, {"id", one.ID}, {"isOptional", false},
			{"label", one.Record}, {"recordType", "Txt"}, {"supportedService", "CustomUrlDomain"}, {"ttl", 3600}, {"text", one.Value}}}), nil
	case len(rest) == 1 && strings.EqualFold(rest[0].Name, "verify"):
		if c.method != http.MethodPost {
			return nil, wrongMethod(http.MethodPost)
		}
		return d.verifyHost(ctx, c, one)
	}
	return nil, noSegment(rest[0].Name)
}

// verifyHost looks for the record, and once it is there tries whether requests to the host come out here.
func (d domains) verifyHost(ctx context.Context, c *call, one models.CustomDomain) (*response, error) {
	if one.Waived { // the record makes it proven; without one it stays waived
		proven, err := c.tenant.ProveCustomDomain(ctx, c.actor(), one.ID, d.a.Lookup)
		if err != nil && !fault.Is(err, fault.Conflict) {
			return nil, err
		}
		if err == nil {
			one = proven
		}
	} else {
		proven, err := c.tenant.ProveCustomDomain(ctx, c.actor(), one.ID, d.a.Lookup)
		if fault.Is(err, fault.Conflict) {
			e := asError(err, d.a.Words)
			e.Status, e.Code = http.StatusBadRequest, codeBadRequest
			return nil, e
		}
		if err != nil {
			return nil, err
		}
		one = proven
	}
	if one.Proven() && d.a.Reach != nil {
		self, err := c.tenant.Get(ctx)
		if err != nil {
			return nil, err
		}
		if one, err = c.tenant.NoteReach(ctx, c.actor(), one.ID, d.a.Reach(ctx, self.Slug, one.Host)); err != nil {
			return nil, err
		}
	}
	return d.shownHost(ctx, c, one)
}

// chooseHost makes a host the one that links lead to, and says whether the installation's address is refused.
func (d domains) chooseHost(ctx context.Context, c *call, one models.CustomDomain) (*response, error) {
	self, err := c.tenant.Get(ctx)
	if err != nil {
		return nil, err
	}
	first, extra := one.Primary, struct {
		Only *bool `json:"answersAtOwnHostsOnly"`
	}{}
	if err := c.bodyOf(map[string]any{"isDefault": &first, "portico": &extra}); err != nil {
		return nil, err
	}
	primary, only := self.PrimaryHost, self.OwnHostsOnly
	if first {
		primary = one.Host
	} else if one.Primary {
		primary = ""
	}
	if extra.Only != nil {
		only = *extra.Only
	}
	if err := c.tenant.ChooseHosts(ctx, c.actor(), primary, only); err != nil {
		return nil, renamed(err, func(f string) string {
			return map[string]string{"primary": "isDefault", "only": "portico/answersAtOwnHostsOnly"}[f]
		})
	}
	return emptied(nil)
}

func (d domains) addHost(ctx context.Context, c *call, name string) (*response, error) {
	if !c.caller.may(access.Permission("Organization.ReadWrite.All")) {
		return nil, denied()
	}
	one, err := c.tenant.AddCustomDomain(ctx, c.actor(), name, d.a.Elsewhere, d.a.Own...)
	if err != nil {
		return nil, renamed(err, func(string) string { return "id" })
	}
	only, err := d.only(ctx, c)
	return c.created("domains/$entity", ownHost(one, only), "/domains/"+one.Host), err
}

func (domains) only(ctx context.Context, c *call) (bool, error) {
	self, err := c.tenant.Get(ctx)
	return self.OwnHostsOnly, err
}

func (d domains) shownHost(ctx context.Context, c *call, one models.CustomDomain) (*response, error) {
	only, err := d.only(ctx, c)
	if err != nil {
		return nil, err
	}
	return c.entity("domains/$entity", c.narrowed(ownHost(one, only))), nil
}

func ownHost(d models.CustomDomain, only bool) object {
	state := object{{"lastActionDateTime", stamp(d.CheckedAt)}, {"operation", "Verification"}, {"status", map[bool]string{true: "Completed", false: "InProgress"}[d.Proven()]}}
	return object{{"id", d.Host}, {"authenticationType", "Managed"}, {"availabilityStatus", nil}, {"isAdminManaged", true}, {"isDefault", d.Primary}, {"isInitial", false}, {"isRoot", true},
		{"isVerified", d.Proven()}, {"supportedServices", []string{"CustomUrlDomain"}}, {"state", state},
		{"portico", object{{"isWaived", d.Waived}, {"verifiedDateTime", stamp(d.ProvenAt)}, {"createdDateTime", stamp(d.CreatedAt)}, {"recordLostDateTime", stamp(d.LostAt)},
			{"reachedDateTime", stamp(d.ReachedAt)}, {"triedDateTime", stamp(d.TriedAt)}, {"unreachedReason", d.Unreached}, {"answersAtOwnHostsOnly", only}}}}
}
