package models

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/signin"
	"portico/app/userflow"
)

// provider_people.go: who would be shut out if a provider went.

// peopleAtOnce is how many accounts are read at a time.
const peopleAtOnce = 500

// comesBackWithout refuses to let a provider go while somebody signs in by it alone. Whoever has switched it off has seen
// what that means and can take it back, so nobody is in the way of a provider that is off: that is also how a provider
// that is not to be trusted any more is closed at once. now is the provider as it is to be, when its identities are to be
// kept under another issuer; nil when it goes.
func (t *Tenant) comesBackWithout(ctx context.Context, p federation.Provider, now *federation.Provider) error {
	if !p.Enabled {
		return nil
	}
	flows, err := t.flowsInUse(ctx)
	if err != nil {
		return err
	}
	flows = slices.DeleteFunc(flows, func(f userflow.Flow) bool { return !slices.Contains(f.Providers, p.ID) })
	if len(flows) == 0 {
		return nil
	}
	before, _, err := t.providerSet(ctx)
	if err != nil {
		return err
	}
	after := mapWithout(before, p.ID)
	refused := &fault.Error{Code: fault.Conflict, Key: "provider.last_way", Args: map[string]any{"name": p.Name}}
	if now != nil {
		after[p.ID] = now
		refused.Key = "provider.last_way.issuer"
		refused.Fields = []fault.Field{{Name: issuerField(p.Kind), Key: refused.Key, Args: refused.Args}}
	}
	self, err := t.Get(ctx)
	if err != nil {
		return err
	}
	if self.Hosts, err = t.answering(ctx); err != nil {
		return err
	}
	return t.eachLinked(ctx, p, func(who account.Account) error {
		for _, f := range flows {
			if who.Usable() && signin.ShutsOut(self, func(host string) (int, int) {
				return len(signin.WaysIn(who.At(host), f, before)), len(signin.WaysIn(who.At(host), f, after))
			}) {
				return refused
			}
		}
		return nil
	})
}

func mapWithout[V any](m map[string]V, key string) map[string]V {
	out := make(map[string]V, len(m))
	for k, v := range m {
		if k != key {
			out[k] = v
		}
	}
	return out
}

// flowsInUse is Directory.FlowsInUse of what the transaction sees.
func (t *Tenant) flowsInUse(ctx context.Context) ([]userflow.Flow, error) {
	all, err := t.Flows(ctx)
	if err != nil {
		return nil, err
	}
	d := Directory{Flows: map[string]*userflow.Flow{}, FlowOf: map[string]string{}}
	for _, f := range all {
		d.Flows[f.ID] = &f.Flow
		for _, app := range f.ApplicationIDs {
			d.FlowOf[app] = f.ID
		}
	}
	return d.FlowsInUse(), nil
}

// eachLinked calls f with everybody who has an identity of a provider.
func (t *Tenant) eachLinked(ctx context.Context, p federation.Provider, f func(account.Account) error) error {
	kept := federation.StoredIssuers(p)
	ofProvider := func() *gorm.DB {
		q := t.r(ctx).Model(&IdentityRow{}).Select("user_id").Where("tenant_id = ? AND sign_in_type = ?", t.ID, account.SignInFederated)
		if before, _, many := strings.Cut(kept, "{tenantid}"); many {
			return q.Where("substr(issuer, 1, ?) = ?", len(before), before)
		}
		return q.Where("issuer = ?", kept)
	}
	for last := ""; ; {
		var rows []UserRow
		if err := t.q(ctx).Where("deleted_at IS NULL AND id > ? AND id IN (?)", last, ofProvider()).Order("id").Limit(peopleAtOnce).Find(&rows).Error; err != nil || len(rows) == 0 {
			return err
		}
		people, err := t.usersOf(ctx, rows)
		if err != nil {
			return err
		}
		for _, u := range people {
			if err := f(u.Account); err != nil {
				return err
			}
		}
		last = rows[len(rows)-1].ID
	}
}
