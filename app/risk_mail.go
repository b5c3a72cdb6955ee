package main

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/i18n"
	"portico/app/message"
	"portico/app/risk"
	"portico/app/tenant"
	"portico/models"
)

// shownAtRisk is how many people a mail names; the portal has the others.
const shownAtRisk = 10

// perRole is how many holders of a role get mail by it, the longest-standing first (R 6.10.2).
const perRole = 20

// tellAtRisk mails who came to be at risk (R 6.10.1).
func (s *server) tellAtRisk(ctx context.Context, t tenant.Tenant) error {
	mail := t.Settings.RiskMail
	if mail.Off || !watched(t) {
		return nil
	}
	return s.store.Tenant(t.ID).TellAtRisk(ctx, mail.From(), func(in *models.Tenant, people []models.PersonAtRisk) error {
		link := s.adminURL("/admin/t/"+url.PathEscape(t.Slug)+"/risky-users", url.Values{"risk": {"open"}, "deleted": {"no"}})
		return s.toRiskReaders(ctx, in, t, func(c message.Change, l *i18n.Localizer) error {
			return message.PostAtRisk(ctx, in, c, atRiskLines(l, people), len(byPerson(people)), allSimulated(people), link, s.now())
		})
	})
}

// allSimulated reports whether there is nothing real in a mail.
func allSimulated(people []models.PersonAtRisk) bool {
	return !slices.ContainsFunc(people, func(p models.PersonAtRisk) bool { return !p.Simulated })
}

// atRiskLines name the people of a mail by what they sign in with. What they call themselves stays out: anybody can
// write there what they like.
func atRiskLines(l *i18n.Localizer, people []models.PersonAtRisk) []string {
	var lines []string
	persons := byPerson(people)
	for i, findings := range persons {
		if i == shownAtRisk {
			lines = append(lines, l.T("mail.users_at_risk.more", "count", len(persons)-shownAtRisk))
			break
		}
		line := findings[0].Address
		for n, p := range findings {
			between := " · "
			if n > 0 {
				between = " | "
			}
			types := make([]string, len(p.Types))
			for n, kind := range p.Types {
				types[n] = kind
				if k, ok := risk.KindOf(kind); ok {
					types[n] = k.Name
				}
			}
			if line += between + l.T("mail.level."+p.Level) + " · " + strings.Join(types, ", "); p.Simulated {
				line += " · " + l.T("mail.simulated")
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// byPerson puts together what is real and what is simulated about the same person, who is one of those that a mail
// counts. What is real comes first.
func byPerson(people []models.PersonAtRisk) [][]models.PersonAtRisk {
	var out [][]models.PersonAtRisk
	for _, p := range people {
		at := slices.IndexFunc(out, func(have []models.PersonAtRisk) bool { return have[0].UserID == p.UserID })
		switch {
		case at < 0:
			out = append(out, []models.PersonAtRisk{p})
		case p.Simulated:
			out[at] = append(out[at], p)
		default:
			out[at] = slices.Insert(out[at], 0, p)
		}
	}
	return out
}

// tellWeek mails the weekly digest (R 6.10.3). It also comes when nothing happened, so that its absence means
// something.
func (s *server) tellWeek(ctx context.Context, t tenant.Tenant) error {
	mail := t.Settings.RiskMail
	if mail.DigestOff || !watched(t) {
		return nil
	}
	day := time.Weekday((slices.Index(tenant.Days(), mail.Day()) + 1) % 7) // time's week begins on Sunday
	return s.store.Tenant(t.ID).TellWeek(ctx, day, t.CreatedAt, func(in *models.Tenant, w models.RiskWeek) error {
		link := s.adminURL("/admin/t/"+url.PathEscape(t.Slug)+"/protection", nil)
		return s.toRiskReaders(ctx, in, t, func(c message.Change, l *i18n.Localizer) error {
			lines := []string{weekLine(l, "people", w.People), weekLine(l, "sign_ins", w.SignIns), l.Date(w.From) + " – " + l.Date(w.To)}
			return message.PostRiskWeek(ctx, in, c, lines, link, s.now())
		})
	})
}

// weekLine says a number with its levels: "Risky sign-ins: 12 (high 2, medium 10)".
func weekLine(l *i18n.Localizer, what string, byLevel map[string]int) string {
	total, parts := 0, []string{}
	for _, level := range []string{risk.High, risk.Medium, risk.Low} {
		if n := byLevel[level]; n > 0 {
			total += n
			parts = append(parts, l.T("mail.level."+level)+" "+strconv.Itoa(n))
		}
	}
	line := l.T("mail.risk_week."+what) + ": " + strconv.Itoa(total)
	if len(parts) > 0 {
		line += " (" + strings.Join(parts, ", ") + ")"
	}
	return line
}

// watched reports whether Identity Protection looks after a tenant at all.
func watched(t tenant.Tenant) bool {
	return t.Governed() && !t.Disabled && t.DeletedAt.IsZero() && t.Kind == tenant.Customer
}

// toRiskReaders posts to everybody who is told of risk: the holders of three roles over the tenant, the first of each,
// and whom the tenant's admins added. Nobody gets it twice; emergency accounts read no mail.
func (s *server) toRiskReaders(ctx context.Context, in *models.Tenant, t tenant.Tenant, post func(message.Change, *i18n.Localizer) error) error {
	staff, err := s.store.TenantBy(ctx, tenant.WorkforceSlug)
	if err != nil {
		return err
	}
	told := map[string]bool{}
	to := func(address, locale string) error {
		key := strings.ToLower(address)
		if address == "" || told[key] {
			return nil
		}
		told[key] = true
		return post(message.Change{TenantID: t.ID, To: address, Locale: locale}, s.bundle.Match(locale, t.DefaultLocale))
	}
	for _, role := range []string{access.GlobalAdministratorID, access.SecurityAdministratorID, access.SecurityReaderID} {
		holders, err := in.In(staff.ID).AdminsWho(ctx, func(have []access.Assignment) bool {
			return slices.ContainsFunc(have, func(a access.Assignment) bool { return a.RoleID == role && a.Reaches(t.ID) })
		})
		if err != nil {
			return err
		}
		holders = slices.DeleteFunc(holders, func(u models.User) bool { return u.Emergency })
		for _, u := range holders[:min(len(holders), perRole)] {
			if err := to(u.Address(), u.PreferredLanguage); err != nil {
				return err
			}
		}
	}
	for _, address := range t.Settings.RiskMail.Also {
		if err := to(address, t.DefaultLocale); err != nil {
			return err
		}
	}
	return nil
}
