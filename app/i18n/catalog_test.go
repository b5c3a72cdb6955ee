package i18n

import "testing"

// A catalogue that does not parse stops the program at its start, so no merge may leave one behind.
func TestCataloguesLoad(t *testing.T) {
	if _, err := Load(); err != nil {
		t.Fatal(err)
	}
}
