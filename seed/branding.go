package seed

import (
	"context"

	"portico/app/branding"
	"portico/models"
)

// ensureBranding gives the company its colours, once: whoever changes them later keeps what they chose.
func ensureBranding(ctx context.Context, dir *models.Tenant) error {
	have, err := dir.Branding(ctx, branding.Company)
	if err != nil || have.Revision > 0 {
		return err
	}
	doc := branding.Document{Languages: map[string]branding.Elements{"": {Color: "#0b6e4f"}}}
	saved, err := dir.SaveBrandingDraft(ctx, actor(), branding.Company, doc, have.Revision)
	if err != nil {
		return unlessTaken(err)
	}
	_, err = dir.PublishBranding(ctx, actor(), branding.Company, saved.Revision, "")
	return unlessTaken(err)
}
