package models

import (
	"context"
	"time"

	"portico/app/audit"
	"portico/app/record"
)

// RiskEvent is one entry of the history of a person's risk (Graph riskyUserHistoryItem).
type RiskEvent struct {
	ID        string
	UserID    string
	At        time.Time
	Level     string // none, low, medium, high
	State     string
	Detail    string
	Types     []string // riskEventTypes that led to it
	ActorID   string   // "" = the engine
	ActorName string
}

// RiskDay counts for dashboards: one kind of event of a day (UTC), by a value.
type RiskDay struct {
	Day   string // 2026-11-22
	Kind  string
	Value string
	Count int64
}

// ObserveSignIn teaches the engine what a sign-in says about what is usual for its person.
func (t *Tenant) ObserveSignIn(ctx context.Context, r record.SignIn) error { return nil }

// FoldRisk counts the next entries of the sign-in log, and says how many it read.
func (t *Tenant) FoldRisk(ctx context.Context) (int, error) { return 0, nil }

// AddDetection records what a job or a person found, and moves the levels of the person and the sign-in with it.
func (t *Tenant) AddDetection(ctx context.Context, actor audit.Actor, d Detection) (Detection, error) {
	return d, nil
}

// RiskHistoryOf lists one page of the history of a person's risk, newest first.
func (t *Tenant) RiskHistoryOf(ctx context.Context, userID, after string, limit int) (Page[RiskEvent], error) {
	return Page[RiskEvent]{}, nil
}

// RiskDays gives the counts of some days, both included.
func (t *Tenant) RiskDays(ctx context.Context, from, to time.Time) ([]RiskDay, error) { return nil, nil }

// ConfirmSignInCompromised says that somebody else made these sign-ins (R 6.7.1).
func (t *Tenant) ConfirmSignInCompromised(ctx context.Context, actor audit.Actor, ids []string) error {
	return nil
}

// ConfirmSignInSafe says that these sign-ins were the person's own (R 6.7.2).
func (t *Tenant) ConfirmSignInSafe(ctx context.Context, actor audit.Actor, ids []string) error {
	return nil
}

// DismissSignInRisk says that what was found is true and harmless (R 6.7.3).
func (t *Tenant) DismissSignInRisk(ctx context.Context, actor audit.Actor, ids []string) error {
	return nil
}

// ConfirmSafe says that these people are who they seem to be.
func (t *Tenant) ConfirmSafe(ctx context.Context, actor audit.Actor, ids []string) error { return nil }

// RiskUndo is what can still be taken back about a sign-in or a person.
type RiskUndo struct {
	Subject   string // id of the sign-in or the person
	Action    string // confirmCompromised, confirmSafe, dismiss
	At        time.Time
	ActorName string
}

// UndoableRisk says what can be taken back about some sign-ins or people, by their id.
func (t *Tenant) UndoableRisk(ctx context.Context, ids []string) (map[string]RiskUndo, error) {
	return nil, nil
}

// UndoRisk takes back what was last said about these sign-ins or people, all or none: a conflict when something
// changed since.
func (t *Tenant) UndoRisk(ctx context.Context, actor audit.Actor, ids []string) error { return nil }

// SimulateDetection makes a detection for a person that is marked as simulated.
func (t *Tenant) SimulateDetection(ctx context.Context, actor audit.Actor, userID, riskEventType string) (Detection, error) {
	return Detection{}, nil
}

// RemoveSimulated takes a person's simulated detections away, as if they had never been, and says how many there were.
func (t *Tenant) RemoveSimulated(ctx context.Context, actor audit.Actor, userID string) (int, error) {
	return 0, nil
}

