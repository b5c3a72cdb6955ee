package models_test

import (
	"context"
	"net"
	"testing"

	"portico/app/fault"
	"portico/models"
	"portico/models/modelstest"
)

// TestOwnHostsOnlyMovesToAHostThatIsReached: the switch is no way around the question when it is on already.
func TestOwnHostsOnlyMovesToAHostThatIsReached(t *testing.T) {
	s, ctx, by := modelstest.Open(t), t.Context(), modelstest.Actor()
	tn := modelstest.MustTenant(t, s, "shop")
	host := func(name string) models.CustomDomain {
		d, err := tn.AddCustomDomain(ctx, by, name, true)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	one, two := host("login.contoso.com"), host("id.contoso.com")
	reach := func(d models.CustomDomain) {
		if _, err := tn.NoteReach(ctx, by, d.ID, ""); err != nil {
			t.Fatal(err)
		}
	}
	reach(one)
	if err := tn.ChooseHosts(ctx, by, one.Host, true); err != nil {
		t.Fatal(err)
	}
	if err := tn.ChooseHosts(ctx, by, two.Host, true); err == nil || len(fault.Of(err).Fields) != 1 || fault.Of(err).Fields[0].Name != "only" {
		t.Errorf("moved to a host that nobody reached: %v", err)
	}
	if err := tn.ChooseHosts(ctx, by, one.Host, true); err != nil {
		t.Errorf("nothing changes: %v", err)
	}
	reach(two)
	if err := tn.ChooseHosts(ctx, by, two.Host, true); err != nil {
		t.Errorf("moved to a host that is reached: %v", err)
	}
}

// TestAHostThatChangedHandsMeanwhileStays: what was looked up about one claim ends no other.
func TestAHostThatChangedHandsMeanwhileStays(t *testing.T) {
	s, ctx, by := modelstest.Open(t), t.Context(), modelstest.Actor()
	const name = "login.contoso.com"
	claims, records := map[*models.Tenant]models.CustomDomain{}, map[string]bool{}
	tenants := []*models.Tenant{modelstest.MustTenant(t, s, "first"), modelstest.MustTenant(t, s, "second"), modelstest.MustTenant(t, s, "third")}
	for _, tn := range tenants {
		d, err := tn.AddCustomDomain(ctx, by, name, false)
		if err != nil {
			t.Fatal(err)
		}
		claims[tn] = d
	}
	said := func() (out []string) {
		for value, there := range records {
			if there {
				out = append(out, value)
			}
		}
		return out
	}
	lookup := func(context.Context, string) ([]string, error) { return said(), nil }
	prove := func(tn *models.Tenant, lookup func(context.Context, string) ([]string, error)) error {
		_, err := tn.ProveCustomDomain(ctx, by, claims[tn].ID, lookup)
		return err
	}
	first, second, third := tenants[0], tenants[1], tenants[2]
	records[claims[first].Value] = true
	if err := prove(first, lookup); err != nil {
		t.Fatal(err)
	}
	records[claims[first].Value] = false
	records[claims[second].Value], records[claims[third].Value] = true, true
	calls := 0
	err := prove(third, func(context.Context, string) ([]string, error) {
		if calls++; calls == 2 { // the first's record is not there; before the third writes, the second has it
			if err := prove(second, lookup); err != nil {
				t.Error(err)
			}
		}
		return said(), nil
	})
	if !fault.Is(err, fault.Conflict) {
		t.Errorf("taken from somebody whose record stands: %v", err)
	}
	for tn, want := range map[*models.Tenant]bool{first: false, second: true, third: false} {
		if d, err := tn.CustomDomain(ctx, claims[tn].ID); err != nil || d.Proven() != want {
			t.Errorf("%s: proven %v, %v", tn.ID, d.Proven(), err)
		}
	}
	notFound := func(context.Context, string) ([]string, error) { return nil, &net.DNSError{IsNotFound: true} }
	if err := prove(third, notFound); !fault.Is(err, fault.Conflict) {
		t.Errorf("without a record: %v", err)
	}
}
