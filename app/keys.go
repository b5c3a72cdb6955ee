package main

import (
	"context"
	"fmt"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/openid"
)

type keysCommand struct {
	Rotate keysRotate `cmd:"" help:"Replace a tenant's signing keys: with an overlap that no app notices, or at once when somebody else may know them."`
}

type keysRotate struct {
	Tenant string `required:"" help:"Slug or id of the tenant."`
	Now    bool   `help:"The keys may be known to others: sign with new ones at once and refuse everything that the former signed."`
}

// Run rotates the keys; a running server follows within a second.
func (k keysRotate) Run(ctx context.Context, w world) error {
	p, err := openMigrated(ctx, w)
	if err != nil {
		return err
	}
	defer p.close()
	found, err := p.store.TenantBy(ctx, k.Tenant)
	if fault.Is(err, fault.NotFound) {
		return fmt.Errorf("there is no tenant %q", k.Tenant)
	}
	if err != nil {
		return err
	}
	provider := openid.New(openid.Options{Stores: p.store, MAC: p.store.Sealer().MAC, Now: p.now})
	if err := provider.RotateKeys(ctx, audit.System("app keys rotate"), found.ID, k.Now); err != nil {
		return p.say(err)
	}
	keys, err := provider.Keys(ctx, found.ID)
	if err != nil {
		return p.say(err)
	}
	if len(keys) == 0 {
		fmt.Fprintf(w.stdout, "%s has no signing keys yet; its first sign-in makes them.\n", found.Slug)
		return nil
	}
	now := p.now()
	for _, key := range keys {
		fmt.Fprintf(w.stdout, "%s  %s  %s\n", key.ID, key.Alg, keyState(key, now))
	}
	return nil
}

// keyState says in words what a key is good for.
func keyState(k openid.KeyInfo, now time.Time) string {
	day := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	switch {
	case !k.RetireAt.IsZero() && !k.RetireAt.After(k.CreatedAt):
		return "revoked: nothing that it signed counts"
	case !k.RetireAt.IsZero() && !now.Before(k.RetireAt):
		return "retired " + day(k.RetireAt)
	case now.Before(k.SignFrom):
		return "published, signs from " + day(k.SignFrom)
	case !k.RetireAt.IsZero():
		return "signs until its successor does, published until " + day(k.RetireAt)
	}
	return "signs"
}
