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

// InWordsOf gives a language with the texts of a user flow in it, over those of the look.
func InWordsOf(l *i18n.Localizer, f userflow.Flow) *i18n.Localizer {
	return l.Override(branding.Words(f.TextsIn(l.Lang())))
}
