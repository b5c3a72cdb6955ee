package modelstest_test

import (
	"testing"

	"portico/models"
	"portico/models/modelstest"
)

func TestScratchDatabasesAreMigratedAndApart(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatalf("migrating twice: %v", err)
		}
	})
}
