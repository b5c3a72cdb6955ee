package models

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/record"
	"portico/app/signin"
)

// questionsMost is how many questions one person is asked in a day, whatever signs in.
const questionsMost = 10

// AskOwner keeps the question whether a sign-in was its owner's, under a token: false when they were asked about the
// device today already, or often enough.
func (t *Tenant) AskOwner(ctx context.Context, q signin.Question, token string) (bool, error) {
	day := q.AskedAt.UTC().Format(time.DateOnly)
	var asked int64
	if err := t.q(ctx).Model(&SignInQuestionRow{}).Where("user_id = ? AND day = ?", q.UserID, day).Count(&asked).Error; err != nil || asked >= questionsMost {
		return false, err
	}
	told, err := json.Marshal(q.Told)
	if err != nil {
		return false, err
	}
	known, err := t.knownDevices(ctx, q)
	if err != nil {
		return false, err
	}
	familiar, err := json.Marshal(known)
	if err != nil {
		return false, err
	}
	hash := sha256.Sum256([]byte(token))
	made := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&SignInQuestionRow{ID: q.ID, TenantID: t.ID, UserID: q.UserID, Day: day, Device: q.Device,
		SignInID: q.SignInID, Hash: hash[:], Familiar: string(familiar), Document: string(told), CreatedAt: micro(q.AskedAt), ExpiresAt: micro(q.ExpiresAt)})
	return made.RowsAffected == 1, made.Error
}

// knownDevices are the familiar devices of a question that were in use before any trouble began: seen in the sign-in log
// before the days that signin.KnownFor leaves out, where they were used within them.
func (t *Tenant) knownDevices(ctx context.Context, q signin.Question) ([]string, error) {
	out := []string{}
	for _, device := range q.Familiar {
		if !slices.Contains(q.Lately, device) {
			out = append(out, device)
			continue
		}
		value, err := json.Marshal(device)
		if err != nil {
			return nil, err
		}
		var ids []string
		err = t.q(ctx).Model(&SignInRow{}).Where("user_id = ? AND result = ? AND created_at <= ?", q.UserID, string(record.Success), q.AskedAt.Add(-signin.KnownFor).UTC()).
			Where("record LIKE ? ESCAPE '\\'", "%"+likeEscape(`"deviceId":`+string(value))+"%").Limit(1).Pluck("id", &ids).Error
		if err != nil {
			return nil, err
		}
		if len(ids) > 0 {
			out = append(out, device)
		}
	}
	return t.unquestioned(ctx, q.UserID, out)
}

// unquestioned leaves out the devices whose own sign-in nobody has owned up to: their question is open, or was answered
// with "no".
func (t *Tenant) unquestioned(ctx context.Context, userID string, devices []string) ([]string, error) {
	if len(devices) == 0 {
		return devices, nil
	}
	var doubted []string
	err := t.q(ctx).Model(&SignInQuestionRow{}).Where("user_id = ? AND device IN ?", userID, devices).
		Where("answer = ? OR answer = ? AND expires_at > ?", signin.AnswerNo, "", t.Now()).Distinct().Pluck("device", &doubted).Error
	return slices.DeleteFunc(devices, func(d string) bool { return slices.Contains(doubted, d) }), err
}

// QuestionByToken finds the question that a link stands for. One that is unknown or old, whose person is gone, or whose
// sign-in the log no longer has, is fault.Expired alike.
func (t *Tenant) QuestionByToken(ctx context.Context, token string) (signin.Question, error) {
	hash := sha256.Sum256([]byte(token))
	var r SignInQuestionRow
	err := t.q(ctx).Where("hash = ? AND expires_at > ?", hash[:], t.Now()).Take(&r).Error
	if isNotFound(err) {
		return signin.Question{}, fault.New(fault.Expired, "error.expired")
	}
	if err != nil {
		return signin.Question{}, err
	}
	q := signin.Question{ID: r.ID, UserID: r.UserID, SignInID: r.SignInID, Device: r.Device, AskedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), Answer: r.Answer, AnsweredAt: timeOf(r.AnsweredAt)}
	if err := json.Unmarshal([]byte(r.Document), &q.Told); err != nil {
		return q, badJSON("question", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Familiar), &q.Familiar); err != nil {
		return q, badJSON("question", r.ID, err)
	}
	if q.Familiar, err = t.unquestioned(ctx, q.UserID, q.Familiar); err != nil { // of what was said since
		return q, err
	}
	var there int64
	if err := t.q(ctx).Model(&SignInRow{}).Where("id = ?", r.SignInID).Count(&there).Error; err != nil {
		return q, err
	}
	u, err := t.User(ctx, r.UserID)
	if fault.Is(err, fault.NotFound) || err == nil && (!u.DeletedAt.IsZero() || there == 0) {
		return signin.Question{}, fault.New(fault.Expired, "error.expired")
	}
	return q, err
}

// AnswerNo notes that a person says a sign-in was not theirs: true for exactly one caller. A "yes" of before does not
// stand against it: whoever gave it may be the one whom the question is about.
func (t *Tenant) AnswerNo(ctx context.Context, questionID string) (bool, error) {
	r := t.u(ctx).Model(&SignInQuestionRow{}).Where("id = ? AND answer <> ? AND expires_at > ?", questionID, signin.AnswerNo, t.Now()).
		UpdateColumns(map[string]any{"answer": signin.AnswerNo, "answered_at": t.Now()})
	return r.RowsAffected == 1, r.Error
}

// AnswerYes notes that a person says a sign-in was theirs, and lowers its risk: what was found in it is dismissed, in
// Graph's word for what turned out to be harmless (R 6.8.5), and the like is usual for them from now on. Nothing that an
// administrator said, or that was put right otherwise, changes. It must be about their own account, and the browser one
// that they used before (signin.Question.FamiliarTo).
func (t *Tenant) AnswerYes(ctx context.Context, actor audit.Actor, q signin.Question) error {
	return t.InTx(ctx, func(t *Tenant) error {
		r := t.u(ctx).Model(&SignInQuestionRow{}).Where("id = ? AND answer = ? AND expires_at > ?", q.ID, "", t.Now()).
			UpdateColumns(map[string]any{"answer": signin.AnswerYes, "answered_at": t.Now()})
		if r.Error != nil || r.RowsAffected == 0 {
			return r.Error
		}
		return t.ownSignIn(ctx, actor, q.UserID, q.SignInID)
	})
}

// PurgeQuestions forgets up to limit questions that ended before a time.
func (s *Store) PurgeQuestions(ctx context.Context, before time.Time, limit int) (int, error) {
	old := s.write.WithContext(ctx).Model(&SignInQuestionRow{}).Select("id").Where("expires_at < ?", before.UTC()).Limit(limit)
	r := s.write.WithContext(ctx).Where("id IN (?)", old).Delete(&SignInQuestionRow{})
	return int(r.RowsAffected), r.Error
}

// RiskOwned is what a person says of a sign-in from a familiar browser: it was theirs.
const RiskOwned = "ownSignIn"

// ownSignIn dismisses what was found in a sign-in, because its owner says from a familiar browser that it was theirs.
// What administrators said, and what was found about the account itself, stays.
func (t *Tenant) ownSignIn(ctx context.Context, actor audit.Actor, userID, signInID string) error {
	row, err := t.lockSignIn(ctx, signInID)
	if err != nil {
		return err
	}
	if row.UserID != userID {
		return fault.New(fault.NotFound, "error.not_found")
	}
	if row.RiskState != RiskAtRisk {
		return nil
	}
	return t.sayOfSignIn(ctx, actor, signInID, saying{RiskOwned, "Confirm own sign-in", verdict{RiskDismissed, RiskSafeByAI}})
}
