package branding

import "testing"

func TestTheLanguagesHaveNames(t *testing.T) {
	list := Languages()
	if len(list) != 39 {
		t.Errorf("%d languages", len(list))
	}
	seen := map[string]bool{}
	for _, l := range list {
		if l.English == l.Tag || l.Own == l.Tag || seen[l.English] {
			t.Errorf("%+v", l)
		}
		seen[l.English] = true
	}
	for tag, want := range map[string]string{"fr-FR": "French (France)", "sl-SI": "Slovenian (Slovenia)", "de": "German", "nonsense!": "nonsense!"} {
		if got := LanguageOf(tag).English; got != want {
			t.Errorf("%s is %q", tag, got)
		}
	}
}
