package handlers

import (
	"maps"
	"slices"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/app/userflow"
	"portico/models"
)

// Languages gives the languages in which a tenant's customers are spoken to: those it offers, and those that somebody
// gave the texts of: in the company's look, or in the user flow, if there is one.
func Languages(b *i18n.Bundle, dir *models.Directory, flow *userflow.Flow) *i18n.Offer {
	var added []string
	for lang, e := range dir.Branding.Company.Languages {
		if lang != "" && len(e.Texts) > 0 {
			added = append(added, lang)
		}
	}
	if flow != nil {
		added = slices.AppendSeq(added, maps.Keys(flow.Texts))
	}
	slices.Sort(added)
	return b.Offer(dir.Tenant.Settings.Languages, slices.Compact(added), dir.Tenant.DefaultLocale)
}

// InWordsOf gives a language with the texts of a user flow in it, over those of the look.
func InWordsOf(l *i18n.Localizer, f userflow.Flow) *i18n.Localizer {
	return l.Override(branding.Words(f.TextsIn(l.Lang())))
}
