package models

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/federation"
)

// provider_trials.go: an admin's test of a provider. It belongs to the portal session that began it; the answer that
// comes to the redirect URI is laid down here, once, and only that session can have it read. Nothing of a customer's
// journey is touched, and a customer's answer finds no trial.

// Lifetimes of a trial: until the answer, and of the report.
const (
	TrialLasts       = 10 * time.Minute
	trialReportLasts = time.Hour
	mostTrials       = 20 // of one session
)

// Stages of a trial: each comes once, after the one before.
const (
	TrialAway     = "away"
	TrialAnswered = "answered"
	TrialTaken    = "taken" // being read
	TrialDone     = "done"
)

// ProviderTrial is an admin's test of a provider.
type ProviderTrial struct {
	ID         string
	ProviderID string
	Stage      string
	CreatedAt  time.Time
	TrialBody
}

// TrialBody is what is sealed of it. Before the end there is no report, and after it neither departure nor answer.
type TrialBody struct {
	Departure federation.Departure `json:"departure"`
	Before    []federation.Hop     `json:"before,omitempty"` // until the departure
	Answer    url.Values           `json:"answer,omitempty"`
	Report    *federation.Report   `json:"report,omitempty"`
}

func trialContext(id string) string { return "provider trial:" + id }

func (t *Tenant) sealTrial(id string, b TrialBody) ([]byte, error) {
	plain, err := json.Marshal(b)
	if err != nil {
		return nil, err
	}
	return t.seal.Seal(plain, trialContext(id))
}

func (t *Tenant) openTrial(r ProviderTrialRow) (ProviderTrial, error) {
	out := ProviderTrial{ID: r.ID, ProviderID: r.ProviderID, Stage: r.Stage, CreatedAt: r.CreatedAt.UTC()}
	plain, err := t.seal.Open(r.Body, trialContext(r.ID))
	if err != nil { // sealed under a secret that was lost: begin again
		return out, fault.New(fault.NotFound, "error.not_found")
	}
	if err := json.Unmarshal(plain, &out.TrialBody); err != nil {
		return out, badJSON("provider trial", r.ID, err)
	}
	return out, nil
}

// BeginTrial notes that an admin leaves for a provider. What the session tried before at the same one is forgotten.
func (t *Tenant) BeginTrial(ctx context.Context, actor audit.Actor, providerID, sessionID, state string, d federation.Departure, before []federation.Hop) (ProviderTrial, error) {
	now := t.Now()
	out := ProviderTrial{ID: NewID(), ProviderID: providerID, Stage: TrialAway, CreatedAt: now, TrialBody: TrialBody{Departure: d, Before: before}}
	sealed, err := t.sealTrial(out.ID, out.TrialBody)
	if err != nil {
		return out, err
	}
	row := ProviderTrialRow{ID: out.ID, TenantID: t.ID, ProviderID: providerID, SessionID: sessionID, StateHash: keyHash(state), Stage: TrialAway, Body: sealed, CreatedAt: now, ExpiresAt: now.Add(TrialLasts)}
	err = t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		p, err := t.IdentityProvider(ctx, providerID)
		if err != nil {
			return audit.Event{}, err
		}
		if err := t.u(ctx).Where("session_id = ? AND provider_id = ?", sessionID, providerID).Delete(&ProviderTrialRow{}).Error; err != nil {
			return audit.Event{}, err
		}
		var n int64
		if err := t.q(ctx).Model(&ProviderTrialRow{}).Where("session_id = ?", sessionID).Count(&n).Error; err != nil {
			return audit.Event{}, err
		}
		if n >= mostTrials {
			return audit.Event{}, fault.New(fault.TooMany, "error.too_many")
		}
		return providerEvent(p.Provider, "Begin test of identity provider", "Update", nil), t.w(ctx).Create(&row).Error
	})
	return out, err
}

// AnswerTrial lays down what a provider sent back, for the trial that waits for it at this provider: once, within ten
// minutes. false = nobody waits for it.
func (t *Tenant) AnswerTrial(ctx context.Context, providerID, state string, answer url.Values) (string, bool, error) {
	var rows []ProviderTrialRow
	err := t.q(ctx).Where("state_hash = ? AND provider_id = ? AND stage = ? AND expires_at > ?", keyHash(state), providerID, TrialAway, t.Now()).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return "", false, err
	}
	trial, err := t.openTrial(rows[0])
	if err != nil {
		return "", false, err
	}
	trial.Answer = answer
	sealed, err := t.sealTrial(trial.ID, trial.TrialBody)
	if err != nil {
		return "", false, err
	}
	r := t.u(ctx).Model(&ProviderTrialRow{}).Where("id = ? AND stage = ?", trial.ID, TrialAway).UpdateColumns(map[string]any{"stage": TrialAnswered, "body": sealed})
	return trial.ID, r.RowsAffected == 1, r.Error
}

// Trial reads one of a portal session; to any other there is none.
func (t *Tenant) Trial(ctx context.Context, id, providerID, sessionID string) (ProviderTrial, error) {
	var r ProviderTrialRow
	if err := t.q(ctx).Where("id = ? AND provider_id = ? AND session_id = ? AND expires_at > ?", id, providerID, sessionID, t.Now()).Take(&r).Error; err != nil {
		return ProviderTrial{}, found(err)
	}
	return t.openTrial(r)
}

// TakeTrial gives the right to read a trial's answer to one request: a code is presented once.
func (t *Tenant) TakeTrial(ctx context.Context, trial ProviderTrial) (bool, error) {
	r := t.u(ctx).Model(&ProviderTrialRow{}).Where("id = ? AND stage = ? AND expires_at > ?", trial.ID, TrialAnswered, t.Now()).UpdateColumn("stage", TrialTaken)
	return r.RowsAffected == 1, r.Error
}

// EndTrial keeps the report for its admin for an hour, and the verdict with the provider.
func (t *Tenant) EndTrial(ctx context.Context, actor audit.Actor, trial ProviderTrial, report federation.Report) error {
	sealed, err := t.sealTrial(trial.ID, TrialBody{Report: &report})
	if err != nil {
		return err
	}
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		p, err := t.IdentityProvider(ctx, trial.ProviderID)
		if err != nil {
			return audit.Event{}, err
		}
		r := t.u(ctx).Model(&ProviderTrialRow{}).Where("id = ? AND stage <> ?", trial.ID, TrialDone).
			UpdateColumns(map[string]any{"stage": TrialDone, "body": sealed, "expires_at": t.Now().Add(trialReportLasts)})
		if err := oneRow(r); err != nil {
			return audit.Event{}, err
		}
		result := audit.Change{Property: "result", New: "worked"}
		if report.Refused != "" {
			result.New = string(report.Refused)
		}
		return providerEvent(p.Provider, "Test identity provider", "Update", []audit.Change{result}), t.noteTest(ctx, p.ID, report)
	})
}
