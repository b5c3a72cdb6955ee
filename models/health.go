package models

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
)

// Ping reports whether the database answers: one read on each pool.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	if err := s.read.WithContext(ctx).Raw("SELECT 1").Scan(&one).Error; err != nil {
		return err
	}
	if s.read == s.write {
		return nil
	}
	return s.write.WithContext(ctx).Raw("SELECT 1").Scan(&one).Error
}

// Migrated reports whether every migration of this program has been applied.
func (s *Store) Migrated(ctx context.Context) (bool, error) {
	if !s.read.WithContext(ctx).Migrator().HasTable("migrations") {
		return false, nil
	}
	var have []string
	if err := s.read.WithContext(ctx).Table("migrations").Pluck("id", &have).Error; err != nil {
		return false, err
	}
	applied := map[string]bool{}
	for _, id := range have {
		applied[id] = true
	}
	steps, err := s.migrations()
	if err != nil {
		return false, err
	}
	for _, m := range steps {
		if !applied[m.ID] {
			return false, nil
		}
	}
	return true, nil
}

// DatabaseTime is what time the database thinks it is. SQLite has no clock of its own.
func (s *Store) DatabaseTime(ctx context.Context) (time.Time, error) {
	if s.dialect == "sqlite" {
		return s.Now(), nil
	}
	var at time.Time
	err := s.read.WithContext(ctx).Raw("SELECT clock_timestamp()").Scan(&at).Error
	return at.UTC(), err
}

// CheckSeals opens the newest signing keys and says how many it tried: a secret that opens none of what
// is here is noticed before anybody is served. CountSeals tells which secret everything needs.
func (s *Store) CheckSeals(ctx context.Context) (int, error) {
	var keys []OpenIDKeyRow
	if err := s.read.WithContext(ctx).Order("created_at DESC").Limit(10).Find(&keys).Error; err != nil {
		return 0, err
	}
	for _, k := range keys {
		if _, err := s.seal.Open(k.Private, openIDKeySeal(k.TenantID, k.ID)); err != nil {
			return 0, fmt.Errorf("signing key %s: %w", k.ID, err)
		}
	}
	return len(keys), nil
}

// RecentAddresses lists the client addresses among the newest sign-ins that people made.
func (s *Store) RecentAddresses(ctx context.Context, newest int) (addresses []string, total int64, err error) {
	recent := func(db *gorm.DB) *gorm.DB {
		return db.Model(&SignInRow{}).Select("ip").Where("kind = ?", "interactiveUser").Order("id DESC").Limit(newest)
	}
	if err := s.read.WithContext(ctx).Table("(?) AS recent", recent(s.read)).Count(&total).Error; err != nil {
		return nil, 0, err
	}
	err = s.read.WithContext(ctx).Table("(?) AS recent", recent(s.read)).Distinct("ip").Pluck("ip", &addresses).Error
	return addresses, total, err
}
