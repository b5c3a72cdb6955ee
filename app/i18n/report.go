package i18n

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"
)

// Coverage is how well a language is translated.
type Coverage struct {
	Tag     language.Tag
	Total   int      // texts that customers may meet
	Missing []string // said in English
	Long    []string // titles, labels and buttons that are far longer than in English
	Behind  []string // the English was changed since they were translated
}

// Coverage looks a catalogue through.
func (b *Bundle) Coverage(tag language.Tag) Coverage {
	c := Coverage{Tag: tag}
	english, mine, state := b.catalogue(b.tags[0]), b.catalogue(tag), readState()
	for _, key := range b.CustomerKeys() {
		c.Total++
		m, ok := mine[key]
		switch e := english[key]; {
		case !ok:
			c.Missing = append(c.Missing, key)
		case long(e, m):
			c.Long = append(c.Long, key)
		}
		if kept, behind := state.Behind[tag.String()][key]; behind && kept == fingerprint(m) {
			c.Behind = append(c.Behind, key)
		}
	}
	return c
}

// long reports whether a short text, which has little room, is more than 1.6 times as long as in English.
func long(english, m message) bool {
	if english.forms != nil || strings.ContainsAny(english.text, ".\n") {
		return false
	}
	n, there := utf8.RuneCountInString(english.text), utf8.RuneCountInString(m.text)
	return n <= 40 && there > 24 && there*10 > n*16
}

// State is what the catalogues were like when they were last looked through (state/state.json, written by
// `go generate ./app/i18n`): English has a fingerprint of each English text, Behind the texts whose English has
// changed since, by language, with the fingerprint of the translation that was there then. A translation that was
// touched afterwards is taken for mended.
type State struct {
	English map[string]string            `json:"english"`
	Behind  map[string]map[string]string `json:"behind"`
}

func readState() State {
	var s State
	if data, err := stateFS.ReadFile("state/state.json"); err == nil {
		_ = json.Unmarshal(data, &s) // a test reads it
	}
	return s
}

// Next is the state after the catalogues have changed.
func (b *Bundle) Next(before State) State {
	after := State{English: map[string]string{}, Behind: map[string]map[string]string{}}
	english := b.catalogue(b.tags[0])
	for key, m := range english {
		after.English[key] = fingerprint(m)
	}
	for _, tag := range b.tags[1:] {
		behind := map[string]string{}
		for key, m := range b.catalogue(tag) {
			kept, was := before.Behind[tag.String()][key]
			old, known := before.English[key]
			switch {
			case Staff(key):
			case was && kept == fingerprint(m):
				behind[key] = kept
			case !was && known && old != after.English[key]:
				behind[key] = fingerprint(m)
			}
		}
		if len(behind) > 0 {
			after.Behind[tag.String()] = behind
		}
	}
	return after
}

func fingerprint(m message) string {
	text := m.text
	for _, form := range slices.Sorted(maps.Keys(m.forms)) {
		text += "\x00" + form + "\x00" + m.forms[form]
	}
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:4])
}
