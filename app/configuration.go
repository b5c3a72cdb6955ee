package main

import (
	"context"
	"fmt"

	"portico/app/audit"
	"portico/app/fault"
	"portico/handlers/graph"
)

// configuration is what export, plan and apply share: a directory and a tenant.
type configuration struct {
	Dir    string `arg:"" help:"Directory of the configuration: a folder for each kind of object, a file for each object." type:"path"`
	Tenant string `required:"" help:"Slug or id of the tenant."`
}

type (
	exportCommand struct{ configuration }
	planCommand   struct {
		configuration
		DetailedExitcode bool `help:"End with 2 when there is something to change, 0 when there is not, 1 when it fails."`
	}
	applyCommand struct{ configuration }
)

// with opens the database and finds the tenant for f.
func (c configuration) with(ctx context.Context, w world, f func(api *graph.API, tenantID string) error) error {
	p, err := openMigrated(ctx, w)
	if err != nil {
		return err
	}
	defer p.close()
	found, err := p.store.TenantBy(ctx, c.Tenant)
	if fault.Is(err, fault.NotFound) {
		return fmt.Errorf("there is no tenant %q", c.Tenant)
	}
	if err != nil {
		return err
	}
	return f(graph.New(graph.API{Store: p.store, BaseURL: p.config.BaseURL, Words: p.bundle.Match("en"), Bundle: p.bundle, Log: p.log,
		Outbound: p.outbound, Lookup: p.providers().Lookup, Elsewhere: p.config.Development(), Own: p.config.OwnAddresses(), Reach: p.reach}), found.ID)
}

// Run writes the tenant's configuration into the directory.
func (c exportCommand) Run(ctx context.Context, w world) error {
	return c.with(ctx, w, func(api *graph.API, tenantID string) error {
		files, err := api.Export(ctx, tenantID, c.Dir)
		for _, f := range files {
			fmt.Fprintln(w.stdout, f)
		}
		return err
	})
}

// Run says what apply would do, and does nothing.
func (c planCommand) Run(ctx context.Context, w world) error {
	return c.with(ctx, w, func(api *graph.API, tenantID string) error {
		changes, err := api.Plan(ctx, tenantID, c.Dir)
		if err != nil {
			return err
		}
		fmt.Fprintln(w.stdout, graph.Describe(changes))
		if c.DetailedExitcode && len(changes) > 0 {
			return exitCode(2)
		}
		return nil
	})
}

// Run makes the tenant as the directory says, and says what it did.
func (c applyCommand) Run(ctx context.Context, w world) error {
	return c.with(ctx, w, func(api *graph.API, tenantID string) error {
		changes, err := api.Apply(ctx, tenantID, c.Dir, audit.System("app apply"))
		if err == nil {
			fmt.Fprintln(w.stdout, graph.Describe(changes))
		}
		return err
	})
}
