package main

import (
	"context"
	"net/url"

	"portico/app/access"
	"portico/app/message"
	"portico/app/tenant"
	"portico/models"
)

// tellExpiring mails the secrets and certificates of a tenant that end soon to those who can replace them: whoever may
// change its applications, its identity providers, or its hosts and sender, by a role made for that, and where there is nobody, its Global
// Administrators. One mail lists everything that its reader can replace.
func (s *server) tellExpiring(ctx context.Context, t tenant.Tenant) error {
	if t.Disabled || !t.DeletedAt.IsZero() {
		return nil
	}
	staff, err := s.store.TenantBy(ctx, tenant.WorkforceSlug)
	if err != nil {
		return err
	}
	return s.store.Tenant(t.ID).TellExpiring(ctx, func(in *models.Tenant, all []models.ExpiringCredential) error {
		var to []models.User
		lines, link := map[string][]string{}, map[string]string{} // by reader
		for _, own := range []struct {
			may  access.Permission
			page string
			is   func(models.ExpiringCredential) bool
		}{
			{access.AppWrite, "/applications", func(c models.ExpiringCredential) bool { return c.ProviderID == "" && c.Host == "" && c.Sender == "" }},
			{access.ProviderWrite, "/identity-providers", func(c models.ExpiringCredential) bool { return c.ProviderID != "" }},
			{access.OrganizationWrite, "/settings/custom-domains", func(c models.ExpiringCredential) bool { return c.Host != "" }},
			{access.OrganizationWrite, "/settings/mail", func(c models.ExpiringCredential) bool { return c.Sender != "" }},
		} {
			theirs := linesOf(all, own.is)
			if len(theirs) == 0 {
				continue
			}
			readers, err := readersOf(ctx, in.In(staff.ID), t.ID, own.may)
			if err != nil {
				return err
			}
			for _, u := range readers {
				if lines[u.ID] == nil {
					to, link[u.ID] = append(to, u), s.adminURL("/admin/t/"+url.PathEscape(t.Slug)+own.page, nil)
				}
				lines[u.ID] = append(lines[u.ID], theirs...)
			}
		}
		for _, u := range to {
			if u.Address() == "" {
				continue
			}
			if err := message.PostExpiring(ctx, in, message.Change{TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage}, lines[u.ID], link[u.ID], s.now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// linesOf writes credentials out: of what, which, and their last day.
func linesOf(all []models.ExpiringCredential, is func(models.ExpiringCredential) bool) (out []string) {
	for _, c := range all {
		if !is(c) {
			continue
		}
		line := c.Of()
		if c.Name != "" {
			line += " · " + c.Name
		}
		out = append(out, line+" · "+c.ExpiresAt.UTC().Format("2006-01-02"))
	}
	return out
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
