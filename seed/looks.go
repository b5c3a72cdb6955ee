package seed

import (
	"context"
	"image/color"
	"io"

	"portico/app/branding"
	"portico/models"
)

// Dress gives the sample company its published look: pictures, words in three languages, and a theme for the car
// insurance. It is done once; what somebody changed before stays.
func Dress(ctx context.Context, store *models.Store, c Company) error {
	return unlessTaken(ignoreGone(dress(ctx, store.Tenant(c.TenantID), c)))
}

func dress(ctx context.Context, dir *models.Tenant, c Company) error {
	have, err := dir.Branding(ctx, branding.Company)
	if err != nil || have.Version != 1 || have.Changed {
		return err
	}
	green, cream := color.NRGBA{11, 110, 79, 255}, color.NRGBA{236, 247, 241, 255}
	ink, pale := color.NRGBA{21, 43, 35, 255}, color.NRGBA{226, 240, 233, 255}
	all := branding.Elements{Color: "#0b6e4f", Background: "#eef5f1", Title: "Welcome to Fernhill",
		UsernameHint: "name@example.com", SignInText: "One account for the **market**, your *car* and your *home*."}
	for slot, picture := range map[branding.Slot]io.Reader{
		branding.BannerLogo: banner("FERNHILL", green, ink), branding.BannerLogoDark: banner("FERNHILL", color.NRGBA{107, 203, 164, 255}, pale),
		branding.Favicon: badge(180, green, cream), branding.SquareLogo: badge(240, green, cream),
		branding.BackgroundImage: hills(color.NRGBA{222, 238, 241, 255}, color.NRGBA{177, 209, 192, 255}, color.NRGBA{14, 74, 55, 255}),
	} {
		if err := keepPicture(ctx, dir, &all, slot, picture); err != nil {
			return err
		}
	}
	doc := branding.Document{Languages: map[string]branding.Elements{"": all,
		"de-DE": {Title: "Willkommen bei Fernhill", UsernameHint: "name@beispiel.de", SignInText: "Ein Konto für den **Markt**, Ihr *Auto* und Ihr *Zuhause*."},
		"fr-FR": {Title: "Bienvenue chez Fernhill", UsernameHint: "nom@exemple.fr", SignInText: "Un seul compte pour le **marché**, votre *voiture* et votre *maison*."}}}
	if err := publishLook(ctx, dir, have, doc, "Pictures, and words in German and French"); err != nil {
		return err
	}
	return dressAuto(ctx, dir, c)
}

// dressAuto is the theme of the car insurance: another colour, and the picture beside the form.
func dressAuto(ctx context.Context, dir *models.Tenant, c Company) error {
	theme, err := dir.CreateTheme(ctx, actor(), "Auto Insurance")
	if err != nil {
		return unlessTaken(err)
	}
	blue := color.NRGBA{29, 78, 137, 255}
	e := branding.Elements{Color: "#1d4e89", Background: "#eef2f8", Corners: branding.Soft, Template: branding.Split, Title: "Fernhill Auto", SignInText: "Policies, claims and your *green card*, in one place."}
	for slot, picture := range map[branding.Slot]io.Reader{
		branding.BannerLogo: banner("AUTO", blue, color.NRGBA{22, 34, 54, 255}), branding.BannerLogoDark: banner("AUTO", color.NRGBA{139, 180, 230, 255}, color.NRGBA{230, 238, 248, 255}),
		branding.BackgroundImage: hills(color.NRGBA{250, 222, 196, 255}, color.NRGBA{176, 160, 190, 255}, color.NRGBA{22, 46, 84, 255}),
	} {
		if err := keepPicture(ctx, dir, &e, slot, picture); err != nil {
			return err
		}
	}
	doc := branding.Document{Languages: map[string]branding.Elements{"": e,
		"de-DE": {Title: "Fernhill Auto", SignInText: "Verträge, Schäden und Ihre *grüne Karte* an einem Ort."},
		"fr-FR": {Title: "Fernhill Auto", SignInText: "Contrats, sinistres et votre *carte verte*, au même endroit."}}}
	if err := publishLook(ctx, dir, theme, doc, ""); err != nil {
		return err
	}
	for _, a := range c.Apps {
		if a.Slug != "auto" {
			continue
		}
		app, err := dir.ApplicationByClient(ctx, a.ClientID)
		if err != nil {
			return err
		}
		return dir.SetAppTheme(ctx, actor(), app.ID, theme.ID)
	}
	return nil
}

func keepPicture(ctx context.Context, dir *models.Tenant, e *branding.Elements, slot branding.Slot, picture io.Reader) error {
	made, err := dir.SavePicture(ctx, actor(), slot, picture)
	if err != nil {
		return err
	}
	if e.Pictures == nil {
		e.Pictures = map[branding.Slot]string{}
	}
	e.Pictures[slot] = made.Hash
	return nil
}

func publishLook(ctx context.Context, dir *models.Tenant, have models.Branding, doc branding.Document, note string) error {
	saved, err := dir.SaveBrandingDraft(ctx, actor(), have.ID, doc, have.Revision)
	if err != nil {
		return err
	}
	_, err = dir.PublishBranding(ctx, actor(), have.ID, saved.Revision, note)
	return err
}
