package models

import (
	"context"
	"time"

	"gorm.io/gorm/clause"
)

// JobRow is the lease of one background job.
type JobRow struct {
	Name    string `gorm:"primaryKey;size:64"`
	Owner   string `gorm:"size:64"` // "" = nobody runs it
	DueAt   time.Time
	Until   time.Time // end of the owner's lease
	RanAt   *time.Time
	Problem string `gorm:"type:text"` // of the last run, "" when it went well
}

func (JobRow) TableName() string { return "jobs" }

// AcquireLease implements job.Leases.
func (s *Store) AcquireLease(ctx context.Context, job, owner string, now time.Time, lease time.Duration) (bool, error) {
	now = now.UTC().Truncate(time.Microsecond)
	var rows []JobRow
	if err := s.read.WithContext(ctx).Where("name = ?", job).Limit(1).Find(&rows).Error; err != nil {
		return false, err
	}
	if len(rows) == 0 {
		made := s.write.WithContext(ctx).Clauses(clause.OnConflict{DoNothing: true}).
			Create(&JobRow{Name: job, Owner: owner, DueAt: now, Until: now.Add(lease)})
		return made.RowsAffected == 1, made.Error
	}
	if rows[0].DueAt.After(now) || rows[0].Owner != "" && rows[0].Until.After(now) {
		return false, nil
	}
	got := s.write.WithContext(ctx).Model(&JobRow{}).
		Where("name = ? AND due_at <= ? AND (owner = '' OR until <= ?)", job, now, now).
		Updates(map[string]any{"owner": owner, "until": now.Add(lease)})
	return got.RowsAffected == 1, got.Error
}

// ReleaseLease implements job.Leases.
func (s *Store) ReleaseLease(ctx context.Context, job, owner string, due time.Time, problem string) error {
	return s.write.WithContext(ctx).Model(&JobRow{}).Where("name = ? AND owner = ?", job, owner).
		Updates(map[string]any{"owner": "", "due_at": due.UTC().Truncate(time.Microsecond), "ran_at": s.Now(), "problem": problem}).Error
}

// Jobs lists the jobs and how they last went.
func (s *Store) Jobs(ctx context.Context) ([]JobRow, error) {
	var rows []JobRow
	err := s.read.WithContext(ctx).Order("name").Find(&rows).Error
	return rows, err
}
