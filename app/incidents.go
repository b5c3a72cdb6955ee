package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"portico/app/access"
	"portico/app/audit"
	"portico/app/message"
	"portico/app/risk"
	"portico/app/tenant"
	"portico/models"
)

// findIncidents looks for waves in one tenant, and goes on with what is under way. A trial has none.
func (s *server) findIncidents(ctx context.Context, t tenant.Tenant, by audit.Actor) error {
	if t.Disabled || !t.DeletedAt.IsZero() || !t.Governed() {
		return nil
	}
	handle := s.store.Tenant(t.ID)
	_, err := handle.FindIncidents(ctx, models.WaveFinder{Rules: t.Settings.Risk.Waves(), By: by,
		Tell: func(ctx context.Context, in *models.Tenant, i risk.Incident) error {
			return s.tellIncident(ctx, t, in, i)
		}})
	return errors.Join(err, batches(ctx, func() (int, error) { return handle.StepLeaked(ctx, by) }))
}

// toldSources is how many addresses a mail names.
const toldSources = 5

// tellIncident mails whoever may do something about an attack when it is noticed, once.
func (s *server) tellIncident(ctx context.Context, t tenant.Tenant, in *models.Tenant, i risk.Incident) error {
	staff, err := s.store.TenantBy(ctx, tenant.WorkforceSlug)
	if err != nil {
		return err
	}
	to, err := readersOf(ctx, in.In(staff.ID), t.ID, access.RiskEventWrite)
	if err != nil {
		return err
	}
	var from []string
	for _, k := range i.Keys {
		if risk.IsAddress(k) {
			from = append(from, k)
		}
	}
	more := len(from) - toldSources
	if more > 0 {
		from = append(from[:toldSources], fmt.Sprintf("+ %d", more))
	}
	lines := strings.Join(from, "\n")
	if i.Code != "" {
		lines = "+" + strings.TrimPrefix(i.Code, "+")
	}
	link := s.adminURL("/admin/t/"+url.PathEscape(t.Slug)+"/incidents/"+url.PathEscape(i.ID), nil)
	for _, u := range to {
		if u.Address() == "" {
			continue
		}
		change := message.Change{TenantID: t.ID, To: u.Address(), Locale: u.PreferredLanguage, At: i.BeganAt}
		if err := message.PostIncident(ctx, in, change, i.Kind, lines, link, s.now()); err != nil {
			return err
		}
	}
	return nil
}

// incidentsKept is how long closed incidents are kept.
const incidentsKept = 365 * 24 * time.Hour

// purgeIncidents forgets old incidents, indicators that ended long ago, and lists that nobody confirmed.
func (s *server) purgeIncidents(ctx context.Context, t tenant.Tenant, now time.Time) error {
	handle := s.store.Tenant(t.ID)
	return errors.Join(
		batches(ctx, func() (int, error) { return handle.PurgeIncidents(ctx, now.Add(-incidentsKept), 100) }),
		handle.PurgeIndicators(ctx, now), handle.PurgeLeaked(ctx))
}
