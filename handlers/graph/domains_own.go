package graph

import (
	"context"

	"portico/app/fault"
	"portico/app/tenant"
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

func (d domains) hostClaim(ctx context.Context, c *call, one models.CustomDomain) claim {
	shown := func(one models.CustomDomain) (object, error) {
		only, err := d.only(ctx, c)
		return ownHost(one, only), err
	}
	return claim{id: one.ID, name: one.Host, record: one.Record, value: one.Value, service: "CustomUrlDomain",
		shown:  func() (object, error) { return shown(one) },
		remove: func() error { return c.tenant.RemoveCustomDomain(ctx, c.actor(), one.ID) },
		change: func() error { return d.chooseHost(ctx, c, one) },
		verify: func() (object, error) {
			proven, err := d.verifyHost(ctx, c, one)
			if err != nil {
				return nil, err
			}
			return shown(proven)
		}}
}

// verifyHost looks for the record, and once the host is proven tries whether requests to it come out here. What is waived stays
// so without a record.
func (d domains) verifyHost(ctx context.Context, c *call, one models.CustomDomain) (models.CustomDomain, error) {
	proven, err := c.tenant.ProveCustomDomain(ctx, c.actor(), one.ID, d.a.Lookup)
	if err != nil && !(one.Waived && fault.Is(err, fault.Conflict)) {
		return one, err
	}
	if err == nil {
		one = proven
	}
	if !one.Proven() || d.a.Reach == nil {
		return one, nil
	}
	self, err := c.tenant.Get(ctx)
	if err != nil {
		return one, err
	}
	return c.tenant.NoteReach(ctx, c.actor(), one.ID, d.a.Reach(ctx, self.Slug, one.Host))
}

// chooseHost makes a host the one that links lead to, and says whether the installation's address is refused.
func (d domains) chooseHost(ctx context.Context, c *call, one models.CustomDomain) error {
	self, err := c.tenant.Get(ctx)
	if err != nil {
		return err
	}
	first, extra := one.Primary, struct {
		Only *bool `json:"answersAtOwnHostsOnly"`
	}{}
	if err := c.bodyOf(map[string]any{"isDefault": &first, "portico": &extra}); err != nil {
		return err
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
	return renamed(c.tenant.ChooseHosts(ctx, c.actor(), primary, only), func(f string) string {
		return map[string]string{"primary": "isDefault", "only": "portico/answersAtOwnHostsOnly"}[f]
	})
}

func (d domains) addHost(ctx context.Context, c *call, name string) (*response, error) {
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

func ownHost(d models.CustomDomain, only bool) object {
	state := object{{"lastActionDateTime", stamp(d.CheckedAt)}, {"operation", "Verification"}, {"status", map[bool]string{true: "Completed", false: "InProgress"}[d.Proven()]}}
	return object{{"id", d.Host}, {"authenticationType", "Managed"}, {"availabilityStatus", nil}, {"isAdminManaged", true}, {"isDefault", d.Primary}, {"isInitial", false}, {"isRoot", true},
		{"isVerified", d.Proven()}, {"supportedServices", []string{"CustomUrlDomain"}}, {"state", state},
		{"portico", object{{"isWaived", d.Waived}, {"verifiedDateTime", stamp(d.ProvenAt)}, {"createdDateTime", stamp(d.CreatedAt)}, {"recordLostDateTime", stamp(d.LostAt)},
			{"reachedDateTime", stamp(d.ReachedAt)}, {"triedDateTime", stamp(d.TriedAt)}, {"unreachedReason", d.Unreached}, {"answersAtOwnHostsOnly", only}}}}
}
