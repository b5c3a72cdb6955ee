package seed

import (
	"context"
	"time"

	"portico/app/audit"
	"portico/app/risk"
	"portico/models"
)

// settled.go: what became of the risks of the invented past, each in its time: what the people did, what the company's
// administrators said, and the attack that was found at night.

// settledAfter is how old what was found must be for somebody to have dealt with it.
const settledAfter = 6 * day

// Endings of somebody's risk.
const (
	endOwnMFA = iota // they gave a second factor
	endSafe
	endDismissed
	endCompromised // it was somebody else, and they chose another password
)

// story is what is open of one person.
type story struct {
	user  string
	last  time.Time
	level string
}

// settle ends what is older. The account that is in other hands right now is for whoever looks at the portal to find.
func settle(ctx context.Context, dir *models.Tenant, victim string) error {
	var stories []*story
	by := map[string]*story{}
	err := dir.EachDetection(ctx, models.DetectionQuery{States: []string{models.RiskAtRisk}, OldestFirst: true}, func(d models.Detection) error {
		if d.UserID == victim || d.UserID == "" {
			return nil
		}
		s := by[d.UserID]
		if s == nil {
			s = &story{user: d.UserID}
			by[d.UserID], stories = s, append(stories, s)
		}
		s.last, s.level = d.DetectedAt, risk.Worse(s.level, d.Level)
		return nil
	})
	if err != nil {
		return err
	}
	compromised := false
	for n, s := range stories {
		if dir.Now().Sub(s.last) < settledAfter {
			continue
		}
		end := n % endCompromised
		if risk.Rank(s.level) >= risk.Rank(risk.Medium) && !compromised {
			end, compromised = endCompromised, true
		}
		if err := ignoreGone(s.settle(ctx, dir, end, time.Duration(20+n*47%450)*time.Minute)); err != nil {
			return err
		}
	}
	return nil
}

// settle ends the risk of one person after the last that was found: they themselves a little later, an administrator in
// the office hours of the next day.
func (s *story) settle(ctx context.Context, dir *models.Tenant, end int, later time.Duration) error {
	office := s.last.Truncate(day).Add(day + 8*time.Hour + later)
	at, who := dir.At(office), []string{s.user}
	owner := audit.Actor{Kind: audit.ActorUser, ID: s.user}
	switch end {
	case endOwnMFA:
		return dir.At(s.last.Add(later)).RemediateRisk(ctx, owner, s.user, models.RiskPassedMFA)
	case endSafe:
		return at.ConfirmSafe(ctx, admin(dir), who)
	case endDismissed:
		return at.DismissRisk(ctx, admin(dir), who)
	}
	if err := at.ConfirmCompromised(ctx, admin(dir), who); err != nil {
		return err
	}
	return dir.At(office.Add(19*time.Hour)).RemediateRisk(ctx, owner, s.user, models.RiskSetByOwner)
}

// admin is who worked for the company in the past. They have no account here any more.
func admin(dir *models.Tenant) audit.Actor {
	return audit.Actor{Kind: audit.ActorUser, ID: derivedID(dir.ID, "administrator"), Name: "Ingrid Solberg"}
}

// lookEvery is how often the engine looks at the night of the spray. It ended by itself when nothing came any more.
const lookEvery = 10 * time.Minute

// discover has the engine look for attacks as it would have while the spray went on, so that the incident is there with
// its sources and its times. What still goes on is for the job.
func (h history) discover(ctx context.Context, dir *models.Tenant) error {
	for n := 1; n > 0; {
		var err error
		if n, err = dir.FoldRisk(ctx); err != nil {
			return err
		}
	}
	spray := h.attacks(sprayDay)
	if len(spray) == 0 {
		return nil
	}
	self, err := dir.Get(ctx)
	if err != nil {
		return err
	}
	find := models.WaveFinder{Rules: self.Settings.Risk.Waves(), By: actor()}
	for at := spray[0].StartedAt.Add(lookEvery); at.Before(dir.Now()) && ctx.Err() == nil; at = at.Add(lookEvery) {
		if _, err := dir.At(at).FindIncidents(ctx, find); err != nil {
			return err
		}
		if n, err := dir.OpenIncidents(ctx, 1); err != nil || n == 0 && at.After(spray[len(spray)-1].EndedAt) {
			return err
		}
	}
	return ctx.Err()
}
