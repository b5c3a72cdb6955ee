package models

import (
	"context"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/fault"
)

// ApplicationMistakeRow is the last thing that an app did wrong, so that the "Connect your app" panel
// can name it. One row per app: a stranger who sends bad requests can grow nothing.
type ApplicationMistakeRow struct {
	ApplicationID string `gorm:"primaryKey;size:36"`
	TenantID      string `gorm:"size:36;index:application_mistakes_tenant"`
	At            time.Time
	Key           string // message key, e.g. "connect.redirect_uri"
	Sent          string // what the app sent
	Registered    string // what is registered instead
}

func (ApplicationMistakeRow) TableName() string { return "application_mistakes" }

// Mistake is the last thing that an app did wrong.
type Mistake struct {
	At         time.Time
	Key        string
	Sent       string
	Registered string
}

const mistakeLength = 2000

// NoteMistake remembers an app's last wrong request, at most one a second for each app and process.
func (t *Tenant) NoteMistake(ctx context.Context, clientID string, m Mistake) error {
	key, now := "mistake:"+clientID, t.Now()
	if last, ok := t.seen.Load(key); ok && now.Sub(last.(time.Time)) < time.Second {
		return nil
	}
	a, err := t.ApplicationByClient(ctx, clientID)
	if fault.Is(err, fault.NotFound) {
		return nil // an unknown client has no panel, and must not fill the memory
	}
	if err != nil {
		return err
	}
	t.seen.Store(key, now)
	return t.w(ctx).Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "application_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"at", "key", "sent", "registered"})}).
		Create(&ApplicationMistakeRow{ApplicationID: a.ID, TenantID: t.ID, At: now, Key: m.Key, Sent: cut(m.Sent, mistakeLength),
			Registered: cut(m.Registered, mistakeLength)}).Error
}

// LastMistake gives an app's last wrong request; false when it made none.
func (t *Tenant) LastMistake(ctx context.Context, applicationID string) (Mistake, bool, error) {
	var r ApplicationMistakeRow
	err := t.q(ctx).Where("application_id = ?", applicationID).Take(&r).Error
	if isNotFound(err) {
		return Mistake{}, false, nil
	}
	return Mistake{At: r.At.UTC(), Key: r.Key, Sent: r.Sent, Registered: r.Registered}, err == nil, err
}

// cut shortens text to n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
