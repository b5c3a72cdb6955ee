package i18n

import "testing"

// A catalogue that does not parse would say nothing, so no merge may leave one behind.
func TestCataloguesLoad(t *testing.T) {
	b, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range b.Tags() {
		if _, err := readCatalogue("catalog/" + tag.String() + ".json"); err != nil {
			t.Error(err)
		}
	}
}
