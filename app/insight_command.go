package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"portico/app/audit"
	"portico/app/tenant"
)

type insightCommand struct {
	Rebuild insightRebuildCommand `cmd:"" help:"Count the activity of every tenant, or of one, anew from the sign-in log. Days that the log has no more stay as they were counted. A server may run meanwhile."`
}

type insightRebuildCommand struct {
	Tenant string `help:"Slug of the tenant; all without it."`
}

// Run has the log counted anew and does it, day by day; what it leaves undone the server's job goes on with.
func (c insightRebuildCommand) Run(ctx context.Context, w world) error {
	p, err := open(w)
	if err != nil {
		return err
	}
	defer p.close()
	if ready, err := p.store.Migrated(ctx); err != nil || !ready {
		return errors.Join(err, errors.New("the schema is not this program's; run app migrate first"))
	}
	var all []tenant.Tenant
	if c.Tenant != "" {
		t, err := p.store.TenantBy(ctx, c.Tenant)
		if err != nil {
			return err
		}
		all = append(all, t)
	} else if all, err = p.store.Tenants(ctx); err != nil {
		return err
	}
	for _, t := range all {
		handle, days, told := p.store.Tenant(t.ID), 0, w.now()
		if err := handle.RebuildActivity(ctx, audit.System("app insight rebuild")); err != nil {
			return err
		}
		if err := batches(ctx, func() (int, error) {
			n, err := handle.FoldActivity(ctx)
			if days++; w.now().Sub(told) > 5*time.Second {
				fmt.Fprintf(w.stderr, "%s: %d steps\n", t.Slug, days)
				told = w.now()
			}
			return n, err
		}); err != nil {
			return err
		}
		if _, err := handle.RollMonths(ctx); err != nil {
			return err
		}
		fmt.Fprintf(w.stdout, "%s: activity was counted anew.\n", t.Slug)
	}
	return ctx.Err()
}
