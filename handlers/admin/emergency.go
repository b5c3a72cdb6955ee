package admin

import (
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/access"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/models"
	views "portico/views/admin"
)

// Emergency accounts (F302): for the day on which nobody else gets in. They keep every rule of sign-in, a
// second factor included; what makes them special is that their use is never quiet.

// mayEmergency reports whether the admin may mark an account, or take note of its use: it concerns every tenant.
func (v *visit) mayEmergency() bool { return access.Allow(v.have, access.AllTenants, access.RoleWrite) }

// adminEmergency marks or unmarks an account.
func (p *Portal) adminEmergency(c *fiber.Ctx) error {
	v := visitOf(c)
	a, err := p.theAdmin(c)
	if err != nil {
		return err
	}
	switch over, err := p.overEverything(c, v, a); {
	case err != nil:
		return err
	case a.user.ID == v.admin.ID:
		return fault.New(fault.Denied, "admin.emergency.self")
	case !v.mayEmergency() || !over:
		return fault.New(fault.Denied, "admin.over")
	}
	on := typed(c, "on") == "yes"
	to := v.base() + "/admins/" + a.user.ID
	if _, err := p.Store.Tenant(v.session.TenantID).SetEmergency(c.UserContext(), v.actor(c), a.user.ID, on); err != nil {
		return p.refusedChange(c, to, err)
	}
	words := "“" + userName(a.user) + "” is an emergency account now. Its use is told at once to every other Global Administrator of all tenants."
	if !on {
		words = "“" + userName(a.user) + "” is no emergency account any more."
	}
	return p.done(c, to, words)
}

// emergencyNoted takes note of what the start page warns of, up to the moment that its page was drawn.
func (p *Portal) emergencyNoted(c *fiber.Ctx) error {
	v := visitOf(c)
	until, err := strconv.ParseInt(typed(c, "until"), 10, 64)
	if err != nil || !v.mayEmergency() {
		return fault.New(fault.Denied, "admin.over")
	}
	if _, err := p.Store.Tenant(v.session.TenantID).NoteEmergency(c.UserContext(), v.actor(c), time.UnixMicro(until)); err != nil {
		return err
	}
	return p.done(c, v.base(), "You have taken note of it. It stays in the audit log.")
}

// emergencyWarning stands on the start page until somebody else than the account's holder takes note.
func (p *Portal) emergencyWarning(c *fiber.Ctx, v *visit) (*views.Section, error) {
	if !v.mayEmergency() {
		return nil, nil
	}
	uses, err := p.Store.Tenant(v.session.TenantID).EmergencyUses(c.UserContext())
	if err != nil || len(uses) == 0 {
		return nil, err
	}
	s := &views.Section{ID: "emergency", Title: "An emergency account was used", Danger: true,
		Lead:  "If nobody knows why, disable the account and end its sessions now. Its password and second factor should be changed after each use.",
		Table: &views.Table{Caption: "Uses", Columns: []views.Column{{Label: "Account"}, {Label: "When"}}}}
	for _, u := range uses {
		s.Table.Rows = append(s.Table.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: u.UserName, Href: "/admin/t/" + tenant.WorkforceSlug + "/admins/" + u.UserID}, when(u.At)}})
	}
	s.Buttons = []views.Action{{Label: "I know of it", Post: v.base() + "/emergency/noted", Fields: map[string]string{"until": strconv.FormatInt(uses[0].At.UnixMicro(), 10)}}}
	return s, nil
}

// expiringSection lists the secrets and certificates that end soon, as the mails to admins do.
func (p *Portal) expiringSection(c *fiber.Ctx, v *visit) (*views.Section, error) {
	if !v.may(access.AppRead) && !v.may(access.ProviderRead) && !v.may(access.OrganizationRead) {
		return nil, nil
	}
	all, err := v.tenant.Expiring(c.UserContext())
	all = slices.DeleteFunc(all, func(x models.ExpiringCredential) bool {
		if x.Host != "" || x.Sender != "" {
			return !v.may(access.OrganizationRead)
		}
		return x.ProviderID == "" && !v.may(access.AppRead) || x.ProviderID != "" && !v.may(access.ProviderRead)
	})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	s := &views.Section{ID: "expiring", Title: "Secrets and certificates that end soon", Lead: "An application whose last secret has ended gets no more tokens: add a new one, put it into the application, then delete the old one. An identity provider whose secret has ended signs nobody in: make a new one there and enter it here.",
		Table: &views.Table{Caption: "Ending soon", Columns: []views.Column{{Label: "Of"}, {Label: "What"}, {Label: "Ends"}, {Label: "State"}}}}
	for _, x := range all {
		state := badge("warn", "Ends soon")
		if !x.ExpiresAt.After(p.Now()) {
			state = badge("danger", "Has ended")
		}
		what := "Secret"
		if x.Kind != "secret" {
			what = "Certificate"
		}
		if x.Name != "" {
			what += " “" + x.Name + "”"
		}
		place := v.base() + "/applications/" + x.ApplicationID + "#credentials"
		if x.ProviderID != "" {
			what, place = "Client secret", v.providerBase(x.ProviderID)
		}
		if x.Kind == "domain" {
			what, place = "Domain record "+x.Name, v.domainsBase()
		}
		if x.Sender != "" {
			what, place = "Sender’s domain record "+x.Name, v.mailBase()
		}
		if x.Host != "" {
			what, place = "Domain record "+x.Name, v.hostsBase()
		}
		s.Table.Rows = append(s.Table.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: x.Of(), Href: place}, plain(what), day(x.ExpiresAt), state}})
	}
	return s, nil
}

// refusedChange shows why a change of an admin was refused, on the page that it came from.
func (p *Portal) refusedChange(c *fiber.Ctx, to string, err error) error {
	if fault.Is(err, fault.NotFound) {
		return err
	}
	return p.saidConflict(c, to, err)
}
