package main

import (
	"context"
	"fmt"
	"net/url"

	"portico/app/access"
	"portico/app/message"
	"portico/app/tenant"
	"portico/models"
)

// tellTexts mails those who may change the limit when most, and when all, of a tenant's text messages of the day are
// used up: somebody may be having codes sent to numbers that earn them money, and from then on customers who confirm
// by text message cannot sign in.
func (s *server) tellTexts(ctx context.Context, t tenant.Tenant) error {
	if t.Disabled || !t.DeletedAt.IsZero() {
		return nil
	}
	daily := t.Settings.Methods.SMS.Daily()
	return s.store.Tenant(t.ID).TellTexts(ctx, daily, func(in *models.Tenant, sent int64, share int) error {
		staff, err := s.store.TenantBy(ctx, tenant.WorkforceSlug)
		if err != nil {
			return err
		}
		to, err := readersOf(ctx, in.In(staff.ID), t.ID, access.MethodPolicyWrite)
		if err != nil {
			return err
		}
		link := s.adminURL("/admin/t/"+url.PathEscape(t.Slug)+"/authentication-methods", nil)
		for _, u := range to {
			if u.Address() == "" {
				continue
			}
			change := message.Change{TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage}
			if err := message.PostTextsSpent(ctx, in, change, share == 100, fmt.Sprintf("%d / %d", sent, daily), link, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
}
