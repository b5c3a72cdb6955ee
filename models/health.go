package models

import "context"

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
