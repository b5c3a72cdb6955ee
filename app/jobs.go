package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"portico/app/audit"
	"portico/app/job"
	"portico/app/openid"
	"portico/app/tenant"
	"portico/models"
)

const (
	keyAge       = 90 * 24 * time.Hour // signing keys are replaced after it
	logRetention = 90                  // days, when a tenant says nothing
	riskKept     = 365                 // days, likewise: risk detections that are closed
	replayAtOnce = 5 * time.Second     // that a replay takes before the other jobs have their turn
	purgeBatch   = 1000                // rows that one statement removes, so that writers never wait long
)

// jobs are the background work; each row says what, how often and how. All of it is safe to repeat.
func (s *server) jobs(provider *openid.Provider) []job.Job {
	by := audit.System("background job")
	return []job.Job{
		{Name: "close abandoned sign-ins", Every: time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return batches(ctx, func() (int, error) { return s.store.ExpireAttempts(ctx, purgeBatch) })
		}},
		{Name: "purge attempts, codes and sessions", Every: 15 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.store.PurgeAttempts(ctx)
		}},
		{Name: "purge grants", Every: 15 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.store.PurgeOpenID(ctx)
		}},
		{Name: "purge portal sessions", Every: 15 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.store.PurgePortalSessions(ctx)
		}},
		{Name: "purge recovery codes of the help desk", Every: time.Hour, Run: func(ctx context.Context, _ time.Time) error {
			return batches(ctx, func() (int, error) { return s.store.PurgeHandedOut(ctx, purgeBatch) })
		}},
		{Name: "purge links", Every: time.Hour, Run: func(ctx context.Context, now time.Time) error {
			return batches(ctx, func() (int, error) { return s.store.PurgeLinks(ctx, now, purgeBatch) })
		}},
		{Name: "purge questions about sign-ins", Every: time.Hour, Run: func(ctx context.Context, now time.Time) error {
			return batches(ctx, func() (int, error) { return s.store.PurgeQuestions(ctx, now, purgeBatch) })
		}},
		{Name: "purge calls of extensions", Every: time.Hour, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				return batches(ctx, func() (int, error) { return s.store.Tenant(t.ID).PurgeCalls(ctx, purgeBatch) })
			})
		}},
		{Name: "purge pictures", Every: 6 * time.Hour, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				of := s.store.Tenant(t.ID)
				_, err := of.PurgePictures(ctx)
				_, sheets := of.PurgeStyleSheets(ctx)
				return errors.Join(err, sheets)
			})
		}},
		{Name: "purge deliveries", Every: time.Hour, Run: func(ctx context.Context, now time.Time) error {
			return s.store.PurgeOutbox(ctx, now.AddDate(0, 0, -30))
		}},
		{Name: "purge deliveries of webhooks", Every: 10 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				return batches(ctx, func() (int, error) { return s.store.Tenant(t.ID).ExpireWebhookDeliveries(ctx, purgeBatch) })
			})
		}},
		{Name: "tell of webhooks that paused themselves", Every: time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return s.tellWebhooks(ctx, t) })
		}},
		{Name: "log retention", Every: time.Hour, Lease: 30 * time.Minute, Run: func(ctx context.Context, now time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				days := t.Settings.LogRetentionDays
				if days == 0 {
					days = logRetention
				}
				before, handle := now.AddDate(0, 0, -days), s.store.Tenant(t.ID)
				risks := now.AddDate(0, 0, -cmp.Or(t.Settings.RiskRetentionDays, riskKept))
				return errors.Join(
					purgeDetections(ctx, handle, by, risks),
					purgeSignIns(ctx, handle, by, before),
					batches(ctx, func() (int, error) { return handle.PurgeAudits(ctx, by, before, 10) }))
			})
		}},
		{Name: "count sign-ins for risk", Every: 2 * time.Second, Lease: 10 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				return batches(ctx, func() (int, error) { return s.store.Tenant(t.ID).FoldRisk(ctx) })
			})
		}},
		{Name: "count activity", Every: 5 * time.Second, Lease: 10 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				return batches(ctx, func() (int, error) { return s.store.Tenant(t.ID).FoldActivity(ctx) })
			})
		}},
		{Name: "roll up months of activity", Every: time.Hour, Lease: 30 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				handle := s.store.Tenant(t.ID)
				_, err := handle.RollMonths(ctx)
				return errors.Join(err, batches(ctx, func() (int, error) { return handle.PurgeActivity(ctx, purgeBatch) }))
			})
		}},
		{Name: "learn people from the log", Every: 10 * time.Minute, Lease: time.Hour, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return s.learnLog(ctx, t) })
		}},
		{Name: "let old risks go", Every: time.Hour, Lease: 30 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				handle := s.store.Tenant(t.ID)
				return errors.Join(batches(ctx, func() (int, error) { return handle.AgeDetections(ctx, purgeBatch) }), handle.PruneRisk(ctx))
			})
		}},
		{Name: "seal the audit log", Every: time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return s.sealAudits(ctx, t) })
		}},
		{Name: verifyJob, Every: 24 * time.Hour, Lease: 30 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return s.verifyAudits(ctx, t) })
		}},
		// Only while PORTICO_SECRET_PREVIOUS is set is there anything to do.
		{Name: "seal anew after a rotation", Every: 15 * time.Minute, Lease: 30 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			n, err := s.store.Reseal(ctx)
			if n > 0 {
				s.log.Info("sealed anew with PORTICO_SECRET", "values", n)
			}
			return err
		}},
		{Name: "maintain the database", Every: 24 * time.Hour, Run: func(ctx context.Context, _ time.Time) error {
			return s.store.Maintain(ctx)
		}},
		{Name: "purge deleted people, applications and policies", Every: time.Hour, Lease: 30 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				handle := s.store.Tenant(t.ID)
				return errors.Join(
					batches(ctx, func() (int, error) { return handle.PurgeDeletedUsers(ctx, by, 100) }),
					batches(ctx, func() (int, error) { return handle.PurgeDeletedApplications(ctx, by, 100) }),
					batches(ctx, func() (int, error) { return handle.PurgePolicies(ctx, by) }))
			})
		}},
		{Name: "purge deleted tenants", Every: time.Hour, Lease: 30 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			_, err := s.store.PurgeTenants(ctx, by, purgeBatch)
			return err
		}},
		{Name: "end imports that nobody goes on with", Every: time.Hour, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return s.store.Tenant(t.ID).PurgeImports(ctx, by) })
		}},
		{Name: "change people in bulk", Every: 2 * time.Second, Lease: 10 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.store.RunBulks(ctx)
		}},
		{Name: "replay policies", Every: 2 * time.Second, Lease: time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.store.RunReplays(ctx, replayAtOnce)
		}},
		{Name: "count what policies did", Every: time.Minute, Lease: 10 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				return batches(ctx, func() (int, error) { return s.store.Tenant(t.ID).FoldEffects(ctx) })
			})
		}},
		{Name: "purge reports about policies", Every: time.Hour, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				return errors.Join(s.store.Tenant(t.ID).PurgeReplays(ctx), s.store.Tenant(t.ID).PurgeEffects(ctx))
			})
		}},
		{Name: "tell of secrets that end soon", Every: time.Hour, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return s.tellExpiring(ctx, t) })
		}},
		{Name: "look for the records of proven domains", Every: time.Hour, Lease: 30 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				return s.store.Tenant(t.ID).WatchProviderDomains(ctx, by, s.providers().Lookup)
			})
		}},
		{Name: "look for the records of tenants' own hosts", Every: time.Hour, Lease: 30 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return s.watchHosts(ctx, t, by) })
		}},
		{Name: "look for the records of senders' domains", Every: time.Hour, Lease: 30 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				return s.store.Tenant(t.ID).WatchMailSender(ctx, by, s.providers().Lookup)
			})
		}},
		{Name: "tell of text messages used up", Every: time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return s.tellTexts(ctx, t) })
		}},
		{Name: "tell of people at risk", Every: models.RiskMailGap, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return s.tellAtRisk(ctx, t) })
		}},
		{Name: "tell of the week's risk", Every: 10 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return s.tellWeek(ctx, t) })
		}},
		{Name: "work out members by rule", Every: 5 * time.Second, Lease: 10 * time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error {
				return batches(ctx, func() (int, error) { return s.store.Tenant(t.ID).StepGroupRules(ctx, by) })
			})
		}},
		{Name: "find attacks", Every: 5 * time.Second, Lease: time.Minute, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return s.findIncidents(ctx, t, by) })
		}},
		{Name: "purge incidents", Every: time.Hour, Run: func(ctx context.Context, now time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return s.purgeIncidents(ctx, t, now) })
		}},
		{Name: "rotate signing keys", Every: 6 * time.Hour, Run: func(ctx context.Context, _ time.Time) error {
			return s.eachTenant(ctx, func(t tenant.Tenant) error { return provider.MaintainKeys(ctx, t.ID, keyAge) })
		}},
	}
}

// sealAudits seals what is new. The hash goes into the program's log too, which is kept elsewhere: who
// rewrites the database cannot rewrite that.
func (s *server) sealAudits(ctx context.Context, t tenant.Tenant) error {
	for ctx.Err() == nil {
		block, made, err := s.store.Tenant(t.ID).SealAudits(ctx)
		if err != nil || !made {
			return err
		}
		s.log.Info("audit log sealed", "tenant", t.Slug, "block", block.Number, "rows", block.Rows, "hash", block.Hash)
	}
	return nil
}

// verifyJob is the job whose failure the portal's start page shows.
const verifyJob = models.VerifyAuditsJob

// verifiedDaily is how many of the newest blocks are compared each day; app audit verify compares all.
const verifiedDaily = 2000

// verifyAudits looks at the newest part of a tenant's audit log. Whoever changed the database by hand cannot
// keep this line from the program's log, and the start page shows it until it is looked into.
func (s *server) verifyAudits(ctx context.Context, t tenant.Tenant) error {
	found, err := s.store.Tenant(t.ID).CheckAudits(ctx, models.AuditCheck{Newest: verifiedDaily})
	if err != nil || found.Problem == nil {
		return err
	}
	s.log.Error("the audit log was changed after it was sealed", "tenant", t.Slug, "block", found.Problem.Block, "problem", found.Problem.Text)
	return fmt.Errorf("%s: %w", t.Slug, found.Problem)
}

// eachTenant goes on with the others when one fails.
func (s *server) eachTenant(ctx context.Context, f func(tenant.Tenant) error) error {
	all, err := s.store.Tenants(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, t := range all {
		if ctx.Err() != nil {
			break
		}
		errs = append(errs, f(t))
	}
	return errors.Join(errs...)
}

// batches repeats a bounded piece of work until nothing is left.
func batches(ctx context.Context, piece func() (int, error)) error {
	for {
		n, err := piece()
		if err != nil || n == 0 || ctx.Err() != nil {
			return err
		}
	}
}

// learnLog learns what is usual for people from the log of before an upgrade, once, and says how far it has come.
func (s *server) learnLog(ctx context.Context, t tenant.Tenant) error {
	people, told := 0, s.now()
	err := batches(ctx, func() (int, error) {
		n, err := s.store.Tenant(t.ID).LearnLog(ctx)
		if people += n; s.now().Sub(told) > 10*time.Second {
			s.log.InfoContext(ctx, "learning what is usual for people from the sign-in log", "tenant", t.ID, "people", people)
			told = s.now()
		}
		return n, err
	})
	if people > 0 {
		s.log.InfoContext(ctx, "learnt what is usual for people from the sign-in log", "tenant", t.ID, "people", people)
	}
	return err
}

// purgeDetections forgets risk detections that were closed before, and says once how many there were.
func purgeDetections(ctx context.Context, t *models.Tenant, by audit.Actor, before time.Time) error {
	gone := 0
	err := batches(ctx, func() (int, error) {
		n, err := t.PurgeDetections(ctx, before, purgeBatch)
		gone += n
		return n, err
	})
	if gone == 0 {
		return err
	}
	return errors.Join(err, t.WriteAudit(context.WithoutCancel(ctx), by, audit.Event{Activity: "Purge risk detections", Category: "IdentityProtection", Operation: "Delete",
		Target: audit.Target{Kind: "riskDetections", ID: t.ID}, Changes: []audit.Change{{Property: "entries", Old: gone}, {Property: "before", New: before.UTC()}}}))
}

// purgeSignIns forgets what is older than the tenant keeps, and says once how much it was.
func purgeSignIns(ctx context.Context, t *models.Tenant, by audit.Actor, before time.Time) error {
	gone := 0
	err := batches(ctx, func() (int, error) {
		n, err := t.PurgeSignIns(ctx, before, purgeBatch)
		gone += n
		return n, err
	})
	if gone == 0 {
		return err
	}
	return errors.Join(err, t.WriteAudit(context.WithoutCancel(ctx), by, audit.Event{Activity: "Purge sign-in log", Category: "Policy", Operation: "Delete",
		Target: audit.Target{Kind: "signInLog", ID: t.ID}, Changes: []audit.Change{{Property: "entries", Old: gone}, {Property: "before", New: before.UTC()}}}))
}
