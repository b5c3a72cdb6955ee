package handlers

import (
	"maps"
	"slices"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
)

// Languages gives the languages in which a tenant's customers are spoken to on the way to an app ("" = none): those it
// offers, and those that somebody gave the texts of: in the look, or in the user flow, if there is one. It knows those,
// too, that the look differs in.
func Languages(b *i18n.Bundle, dir *models.Directory, appID string, flow *userflow.Flow) *i18n.Offer {
	looks, added := dir.Branding.Languages(appID)
	if flow != nil && len(flow.Texts) > 0 {
		added = slices.AppendSeq(added, maps.Keys(flow.Texts))
		slices.Sort(added)
		added = slices.Compact(added)
	}
	return b.Offer(dir.Tenant.Settings.Languages, added, looks, dir.Tenant.DefaultLocale)
}

// LettersIn gives the languages in which a tenant writes to its customers about an app: those it offers. Nobody gives
// letters texts of their own, so no language is added.
func LettersIn(b *i18n.Bundle, t tenant.Tenant, look branding.Set, appID string) *i18n.Offer {
	looks, _ := look.Languages(appID)
	return b.Offer(t.Settings.Languages, nil, looks, t.DefaultLocale)
}

// wordsKept is how many bytes of texts of user flows are kept ready, and wordBytes what one takes besides itself.
const wordsKept, wordBytes = 8 << 20, 64

type wordsKey struct {
	flowID, lang string
	version      int
}

// InWordsOf is the function of that name for a published flow: its texts are made ready once per version and language.
func (b *Brands) InWordsOf(l *i18n.Localizer, f userflow.Flow) *i18n.Localizer {
	if len(f.Texts) == 0 {
		return l
	}
	key := wordsKey{f.ID, l.Lang(), f.Version}
	b.mu.Lock()
	words, ok := b.words[key]
	b.mu.Unlock()
	if !ok {
		words = branding.Words(f.TextsIn(l.Lang()))
		b.keepWords(key, words)
	}
	return l.Override(words)
}

func (b *Brands) keepWords(key wordsKey, words map[string]string) {
	size := wordBytes
	for id, text := range words {
		size += wordBytes + len(id) + len(text)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.words == nil || b.wordBytes+size > wordsKept { // more than fits at once: start anew
		b.words, b.wordBytes = map[wordsKey]map[string]string{}, 0
	}
	if _, again := b.words[key]; !again { // somebody else was as quick
		b.words[key] = words
		b.wordBytes += size
	}
}

// InWordsOf gives a language with the texts of a user flow in it, over those of the look.
func InWordsOf(l *i18n.Localizer, f userflow.Flow) *i18n.Localizer {
	return l.Override(branding.Words(f.TextsIn(l.Lang())))
}
