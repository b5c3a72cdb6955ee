package models

import (
	"context"
	"slices"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
)

// MostTesters bounds the test persons of a tenant.
const MostTesters = 100

// MarkTester makes somebody a test person, for whom detections may be simulated (F222), and says whether they were none
// before.
func (t *Tenant) MarkTester(ctx context.Context, actor audit.Actor, userID string) (bool, error) {
	added := false
	err := t.InTx(ctx, func(t *Tenant) error {
		u, err := t.User(ctx, userID)
		if err != nil {
			return err
		}
		if !u.DeletedAt.IsZero() {
			return fault.New(fault.NotFound, "error.not_found")
		}
		_, err = t.Update(ctx, actor, func(x *tenant.Tenant) error {
			list := x.Settings.RiskTesters
			if slices.Contains(list, u.ID) {
				return nil
			}
			if len(list) >= MostTesters { // those who are gone for good take nobody's place
				if list, err = t.known(ctx, list); err != nil {
					return err
				}
			}
			if len(list) >= MostTesters {
				return fault.BadField("person", "risk.testers_many", map[string]any{"max": MostTesters})
			}
			added, x.Settings.RiskTesters = true, append(slices.Clone(list), u.ID)
			return nil
		})
		return err
	})
	return added && err == nil, err
}

// known are those of some ids that are people of the tenant, in their order.
func (t *Tenant) known(ctx context.Context, ids []string) ([]string, error) {
	var there []string
	if err := t.byID(ctx, ids).Model(&UserRow{}).Pluck("id", &there).Error; err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return !slices.Contains(there, id) }), nil
}

// UnmarkTester makes somebody no test person any more, and takes away whatever is simulated of them.
func (t *Tenant) UnmarkTester(ctx context.Context, actor audit.Actor, userID string) error {
	return t.InTx(ctx, func(t *Tenant) error {
		if _, err := t.RemoveSimulated(ctx, actor, userID); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
		_, err := t.Update(ctx, actor, func(x *tenant.Tenant) error {
			x.Settings.RiskTesters = slices.DeleteFunc(slices.Clone(x.Settings.RiskTesters), func(id string) bool { return id == userID })
			return nil
		})
		return err
	})
}

// SimulateForTester is SimulateDetection for whoever asks for it alone: it makes the person a test person in the same
// transaction when they are none, and says that it did.
func (t *Tenant) SimulateForTester(ctx context.Context, actor audit.Actor, userID, riskEventType string) (d Detection, marked bool, err error) {
	err = t.InTx(ctx, func(t *Tenant) error {
		if marked, err = t.MarkTester(ctx, actor, userID); err != nil {
			return err
		}
		d, err = t.SimulateDetection(ctx, actor, userID, riskEventType)
		return err
	})
	return d, marked && err == nil, err
}
