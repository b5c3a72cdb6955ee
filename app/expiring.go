package main

import (
	"context"
	"net/url"

	"portico/app/access"
	"portico/app/message"
	"portico/app/tenant"
	"portico/models"
)

// tellExpiring mails the secrets and certificates of a tenant that end soon to those who can replace them:
// whoever may change its applications by a role made for that, and where there is nobody, its Global
// Administrators. One mail lists all of them.
func (s *server) tellExpiring(ctx context.Context, t tenant.Tenant) error {
	if t.Disabled || !t.DeletedAt.IsZero() {
		return nil
	}
	staff, err := s.store.TenantBy(ctx, tenant.WorkforceSlug)
	if err != nil {
		return err
	}
	return s.store.Tenant(t.ID).TellExpiring(ctx, func(in *models.Tenant, all []models.ExpiringCredential) error {
		to, err := readersOf(ctx, in.In(staff.ID), t.ID, access.AppWrite)
		if err != nil {
			return err
		}
		lines := make([]string, len(all))
		for i, c := range all {
			lines[i] = c.ApplicationName
			if c.Name != "" {
				lines[i] += " · " + c.Name
			}
			lines[i] += " · " + c.ExpiresAt.UTC().Format("2006-01-02")
		}
		link := s.adminURL("/admin/t/"+url.PathEscape(t.Slug)+"/applications", nil)
		for _, u := range to {
			if u.Address() == "" {
				continue
			}
			if err := message.PostExpiring(ctx, in, message.Change{TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage}, lines, link, s.now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// readersOf are the admins that mail about something of a tenant is for: whoever may change it by a role made for
// that, and where there is nobody, its Global Administrators. Emergency accounts read no mail.
func readersOf(ctx context.Context, staff *models.Tenant, tenantID string, may access.Permission) ([]models.User, error) {
	who := func(global bool) ([]models.User, error) {
		return staff.AdminsWho(ctx, func(have []access.Assignment) bool {
			for _, a := range have {
				if (a.RoleID == access.GlobalAdministratorID) == global && access.Allow([]access.Assignment{a}, tenantID, may) {
					return true
				}
			}
			return false
		})
	}
	to, err := who(false)
	if err == nil && len(to) == 0 {
		to, err = who(true)
	}
	var out []models.User
	for _, u := range to {
		if !u.Emergency {
			out = append(out, u)
		}
	}
	return out, err
}
