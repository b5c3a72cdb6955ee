package models

import (
	"context"
	"encoding/json"
	"net/netip"

	"portico/app/record"
)

// forgetSignIns takes name, addresses and network addresses out of the sign-in log's entries about a person who is
// erased, unless the tenant keeps them whole until their time is over (tenant.Settings.KeepSignInsOfDeleted).
// What reports count stays: when, which app, how, with what result. Entries of the audit log are left alone: they
// are sealed, and go when their own time is over.
// former are the accounts that went into theirs.
func (t *Tenant) forgetSignIns(ctx context.Context, u User, former ...string) error {
	self, err := t.Get(ctx)
	if err != nil || self.Settings.KeepSignInsOfDeleted {
		return err
	}
	for _, id := range append([]string{u.ID}, former...) {
		if err := t.stripSignIns(ctx, "user_id = ?", id); err != nil {
			return err
		}
	}
	for _, typed := range addressesOf(u) { // also what was tried before the account was there
		if err := t.stripSignIns(ctx, "user_id = '' AND identifier = ?", typed); err != nil {
			return err
		}
	}
	return nil
}

// addressesOf are a person's identities as the log compares them.
func addressesOf(u User) []string {
	var out []string
	seen := map[string]bool{"": true}
	for _, i := range u.Identities {
		for _, s := range []string{fold(i.Value), fold(i.Canonical)} {
			if !seen[s] {
				seen[s] = true
				out = append(out, s)
			}
		}
	}
	return out
}

// stripSignIns rewrites the entries that match, a bounded number at a time.
func (t *Tenant) stripSignIns(ctx context.Context, where string, value string) error {
	for last := ""; ; {
		var rows []SignInRow
		if err := t.q(ctx).Select("id", "tenant_id", "record", "count").Where(where+" AND id > ?", value, last).Order("id").Limit(500).Find(&rows).Error; err != nil {
			return err
		}
		for _, row := range rows {
			last = row.ID
			r, err := row.SignIn()
			if err != nil {
				return err
			}
			r.Count = 0 // the column counts
			r = stripped(r)
			body, err := json.Marshal(r)
			if err != nil {
				return err
			}
			if err := t.u(ctx).Model(&SignInRow{}).Where("id = ?", row.ID).
				UpdateColumns(map[string]any{"user_name": "", "identifier": "", "ip": "", "record": string(body), "decision": decisionOf(r)}).Error; err != nil {
				return err
			}
		}
		if len(rows) < 500 {
			return nil
		}
	}
}

// stripped is a sign-in without who it was and where exactly they sat.
func stripped(r record.SignIn) record.SignIn {
	r.User.Name, r.Identifier = "", ""
	r.Signals.IP, r.Signals.Region, r.Signals.City, r.Signals.UserAgent, r.Signals.DeviceID = netip.Addr{}, "", "", "", ""
	for i := range r.Risk {
		r.Risk[i].Evidence = nil
	}
	return r
}
