package hosted

import (
	"strings"

	"portico/app/branding"
	"portico/views/ui"
)

// Looks names the looks of the gallery and the tests: what a company might make of its pages, and what an
// ugly one does.
func Looks() []string { return []string{"plain", "neutral", "full", "split", "sheet", "ugly"} }

// SampleLook is one of them, for the fixtures.
func SampleLook(name string) *ui.Brand {
	picture := func(file string, w, h int) branding.Picture {
		return branding.Picture{Hash: file, Media: "image/png", Width: w, Height: h}
	}
	at := func(p branding.Picture) string { return "/dev/gallery/pictures/" + p.Hash + "." + p.Ext() }
	yes := true
	look := branding.Look{Elements: branding.Elements{
		Color: "#0b6e4f", HeaderBackground: "#0f3d33", ShowHeader: &yes,
		Description: "One account for the shop, the bakery and the garden.", UsernameHint: "name@example.com",
		SignInText: "New here? [Read how it works](https://example.com/help).\n\nWe **never** ask for your password *by phone*.",
		Privacy:    branding.Link{URL: "/privacy", Text: "Privacy & cookies"}, Terms: branding.Link{URL: "/terms"}, Support: branding.Link{URL: "/help"},
		Reset: branding.Reset{PasswordText: "Can’t get in?"},
	}, Stored: map[branding.Slot]branding.Picture{
		branding.Favicon: picture("favicon", 32, 32), branding.BackgroundImage: picture("background", 1920, 1080), branding.HeaderLogo: picture("header", 490, 72),
		branding.BannerLogo: picture("banner", 490, 72), branding.BannerLogoDark: picture("banner-dark", 490, 72),
	}}
	switch name {
	case "neutral":
		return ui.LookBrand("Fernhill Group", branding.Look{}, at, nil)
	case "full":
		look.Box = branding.BoxEnd
	case "split":
		look.Template = branding.Split
		look.ShowHeader = nil
		delete(look.Stored, branding.HeaderLogo)
		delete(look.Stored, branding.BannerLogo)
		delete(look.Stored, branding.BannerLogoDark)
		look.Stored[branding.SquareLogo], look.Stored[branding.SquareLogoDark] = picture("square", 240, 240), picture("square-dark", 240, 240)
	case "sheet":
		look.CSS = sampleSheet
	case "ugly":
		look.Color, look.Background, look.HeaderBackground, look.Corners = "#ffff00", "#ffffff", "#ffff00", branding.Square
		look.Title, look.SignInText = strings.Repeat("Sign in ", 16), strings.Repeat("Donaudampfschifffahrtsgesellschaftskapitänsmütze ", 20)
		look.Stored = map[branding.Slot]branding.Picture{branding.BannerLogo: picture("banner", 4000, 3000)}
		return ui.LookBrand("A Company With Quite The Longest Of Names", look, at, nil)
	default:
		return SampleBrand()
	}
	return ui.LookBrand("Fernhill Group", look, at, nil)
}

// sampleSheet is the beginning of what a company writes that knows the class names.
const sampleSheet = `body { font-family: Georgia, serif; }
.ext-background-image { background-color: #e8d9c5; }
.ext-middle { padding: 8px; }
.ext-sign-in-box { max-width: 480px; background-color: #ffffff; border-radius: 0; border-top: 6px solid #8a1c4a; }
.ext-title { font-weight: 400; color: #8a1c4a; }
.ext-subtitle { color: #4a423a; }
.ext-error { font-weight: 700; }
.ext-boilerplate-text { padding: 12px; background-color: #f4efe6; }
.ext-footer { background-color: #241f1a; color: #ffffff; }
.ext-button.ext-primary { background-color: #8a1c4a; color: #ffffff; border-radius: 0; }
.ext-button.ext-primary:hover { background-color: #5c1231; }
.ext-button.ext-secondary { border: 1px solid #241f1a; border-radius: 0; }
.ext-input.ext-text-box { border: 1px solid #75695c; border-radius: 0; }`
