package models

import "gorm.io/gorm"

// engineSchema adds what only one engine has.
func (s *Store) engineSchema(tx *gorm.DB) error { return nil }
