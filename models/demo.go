package models

import (
	"context"
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"portico/app/fault"
	"portico/app/record"
)

// DemoSessionRow is a session of one of the sample applications, which are relying parties and no part
// of a tenant. It exists in development only. ID is the SHA-256 of the cookie's secret; Data is sealed.
type DemoSessionRow struct {
	ID        string `gorm:"primaryKey;size:64"`
	App       string `gorm:"size:32;index:demo_sessions_sid,priority:1;index:demo_sessions_sub,priority:1"`
	SID       string `gorm:"column:sid;size:64;index:demo_sessions_sid,priority:2"` // the provider's session
	Subject   string `gorm:"size:255;index:demo_sessions_sub,priority:2"`
	Data      []byte
	ExpiresAt time.Time `gorm:"index:demo_sessions_expiry"`
}

func (DemoSessionRow) TableName() string { return "demo_sessions" }

func demoSessionSeal(id string) string { return "demo-session:" + id }

// SaveDemoSession writes a session whole and forgets expired ones.
func (s *Store) SaveDemoSession(ctx context.Context, r DemoSessionRow) error {
	sealed, err := s.seal.Seal(r.Data, demoSessionSeal(r.ID))
	if err != nil {
		return err
	}
	r.Data = sealed
	return s.transactions.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := tx.Where("expires_at < ?", s.Now()).Delete(&DemoSessionRow{}).Error; err != nil {
			return err
		}
		return tx.Save(&r).Error
	})
}

// DemoSession finds a live session of one application; false when there is none.
func (s *Store) DemoSession(ctx context.Context, app, id string) (DemoSessionRow, bool, error) {
	var rows []DemoSessionRow
	err := s.read.WithContext(ctx).Where("id = ? AND app = ? AND expires_at > ?", id, app, s.Now()).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return DemoSessionRow{}, false, err
	}
	if rows[0].Data, err = s.seal.Open(rows[0].Data, demoSessionSeal(id)); err != nil {
		return DemoSessionRow{}, false, nil // sealed under a former secret: as good as none
	}
	return rows[0], true, nil
}

// EndDemoSession forgets one session.
func (s *Store) EndDemoSession(ctx context.Context, app, id string) error {
	return s.write.WithContext(ctx).Where("id = ? AND app = ?", id, app).Delete(&DemoSessionRow{}).Error
}

// EndDemoSessions forgets what a back-channel logout names: the sessions of one provider session or,
// without a session id, all of a subject. It says how many there were.
func (s *Store) EndDemoSessions(ctx context.Context, app, sid, subject string) (int64, error) {
	q := s.write.WithContext(ctx).Where("app = ?", app)
	switch {
	case sid != "":
		q = q.Where("sid = ?", sid)
	case subject != "":
		q = q.Where("subject = ?", subject)
	default:
		return 0, nil
	}
	res := q.Delete(&DemoSessionRow{})
	return res.RowsAffected, res.Error
}

// SignInRecord finds the record of a sign-in, whatever its tenant: for the developer's own machine only.
func (s *Store) SignInRecord(ctx context.Context, id string) (record.SignIn, error) {
	list, err := s.signInRecords(ctx, "id = ?", id)
	if err == nil && len(list) == 0 {
		return record.SignIn{}, fault.New(fault.NotFound, "error.not_found")
	}
	if err != nil {
		return record.SignIn{}, err
	}
	return list[0], nil
}

// SignInsByCorrelation finds the records that one request of an application left, newest first, whatever
// their tenant: for the developer's own machine only.
func (s *Store) SignInsByCorrelation(ctx context.Context, correlationID string) ([]record.SignIn, error) {
	if correlationID == "" {
		return nil, nil
	}
	return s.signInRecords(ctx, "correlation_id = ?", correlationID)
}

func (s *Store) signInRecords(ctx context.Context, condition string, args ...any) ([]record.SignIn, error) {
	var rows []SignInRow
	err := s.read.WithContext(ctx).Where(condition, args...).Order("created_at DESC, id DESC").Limit(50).Find(&rows).Error
	if err != nil {
		return nil, err
	}
	list := make([]record.SignIn, len(rows))
	for i, r := range rows {
		if err := json.Unmarshal([]byte(r.Record), &list[i]); err != nil {
			return nil, badJSON("sign-in", r.ID, err)
		}
	}
	return list, nil
}
