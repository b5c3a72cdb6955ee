package hosted

import (
	"context"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/views/ui"
)

func t(ctx context.Context, key string, args ...any) string { return ui.T(ctx, key, args...) }

// way gives the words of another way on.
func (p Page) way(ctx context.Context, w Way) string {
	switch {
	case w.Text == "" && w.Event == Cancel && p.App != "":
		return t(ctx, "way.cancel_app", "app", p.App)
	case w.Text == "" && w.Event == Cancel:
		return t(ctx, "way.cancel")
	}
	return w.words(i18n.From(ctx))
}

func current(links []Language, other string) string {
	for _, l := range links {
		if l.Current {
			return l.Text
		}
	}
	return other
}

func (p Page) toApp(ctx context.Context) string {
	if p.App == "" {
		return ""
	}
	return t(ctx, "identify.lead", "app", p.App)
}

// suffix tells mail from SMS where the words differ.
func (v CodeView) titleKey() string {
	if v.Why == ToConfirm {
		return "code.title.confirm_" + v.channel()
	}
	return "code.title." + string(v.Why)
}

func (v CodeView) leadKey() string {
	if v.Why == ToConfirm {
		return "code.lead.confirm_" + v.channel()
	}
	if v.To == "" {
		return "code.lead." + string(v.Why) + "_name"
	}
	return "code.lead." + string(v.Why)
}

func (v CodeView) channel() string {
	if v.Channel == "sms" {
		return "sms"
	}
	return "email"
}

func (v CodeView) lifetimeKey() string {
	if v.channel() == "sms" {
		return "code.lifetime_sms"
	}
	return "code.lifetime"
}

func scopeWords(ctx context.Context, s Scope) string {
	if l := i18n.From(ctx); l.Has("scope." + s.Name) {
		return l.T("scope." + s.Name)
	}
	if s.Description != "" {
		return s.Description
	}
	return s.Name
}

func methodNote(ctx context.Context, m Method) string {
	switch {
	case m.Note != "" && (m.Kind == "email" || m.Kind == "sms"):
		return t(ctx, "method."+m.Kind+".note", "note", m.Note)
	case m.Note != "":
		return m.Note
	case m.Kind == "email" || m.Kind == "sms":
		return ""
	}
	return t(ctx, "method."+m.Kind+".note")
}

func methodIcon(kind string) string {
	switch kind {
	case "totp", "sms":
		return "phone"
	case "passkey":
		return "passkey"
	case "email":
		return "mail"
	}
	return "key"
}

// qrPath draws the picture as one path of unit squares, runs joined. It returns the side with its quiet
// zone of four modules (ISO/IEC 18004 §6.3.8).
func qrPath(text string) (side int, d string) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return 8, ""
	}
	size := code.Bounds().Dx()
	dark := func(x, y int) bool { r, _, _, _ := code.At(x, y).RGBA(); return r == 0 }
	var b strings.Builder
	for y := 0; y < size; y++ {
		for x := 0; x < size; x++ {
			if !dark(x, y) {
				continue
			}
			start := x
			for x < size && dark(x, y) {
				x++
			}
			b.WriteString("M" + itoa(start+4) + " " + itoa(y+4) + "h" + itoa(x-start) + "v1h-" + itoa(x-start) + "z")
		}
	}
	return size + 8, b.String()
}

func itoa(n int) string { return strconv.Itoa(n) }

func identifyTitle(ctx context.Context, p Page, v IdentifyView) string {
	return t(ctx, v.titleKey(), "tenant", p.Brand.Name)
}

func attributesTitle(ctx context.Context, v AttributesView) string {
	if v.Missing {
		return t(ctx, "attributes.missing_title")
	}
	return t(ctx, "attributes.title")
}

func attributesLead(ctx context.Context, p Page, v AttributesView) string {
	if v.Missing {
		return missingLead(ctx, p, len(v.Attributes))
	}
	if p.App == "" {
		return t(ctx, "attributes.lead")
	}
	return t(ctx, "attributes.lead_app", "app", p.App)
}

// missingLead says why somebody who has an account is asked something.
func missingLead(ctx context.Context, p Page, count int) string {
	if p.App == "" {
		return t(ctx, "attributes.missing", "count", count)
	}
	return t(ctx, "attributes.missing_app", "app", p.App, "count", count)
}

func termsLead(ctx context.Context, p Page, v TermsView) string {
	if p.App == "" {
		return t(ctx, "terms.lead", "count", len(v.Texts))
	}
	return t(ctx, "terms.lead_app", "app", p.App, "count", len(v.Texts))
}

func chooseTitle(ctx context.Context, v ChooseMethodView) string {
	if v.Enrol {
		return t(ctx, "enrol.choose.title")
	}
	return t(ctx, "mfa.choose.title")
}

func goWords(ctx context.Context, p Page, v DeadEndView) string {
	switch {
	case v.Go.Text != "":
		return v.Go.Text
	case p.App != "" && v.Kind != ExpiredPage && v.Kind != ElsewherePage:
		return t(ctx, "end.go_back", "app", p.App)
	}
	return t(ctx, "end.start_again")
}

// banner is what every page of a flow that an admin tries says at its top.
func banner(ctx context.Context, p Page) string {
	if !p.Test {
		return ""
	}
	return t(ctx, "test.banner")
}

// scripts is at most one file, so that a page is two requests (DESIGN §8).
func scripts(password bool, passkey *Passkey) []string {
	switch {
	case password && passkey != nil:
		return []string{"sign-in.js"}
	case password:
		return []string{"show-password.js"}
	case passkey != nil:
		return []string{"passkey.js"}
	}
	return nil
}

func (w Way) name() string {
	if w.Method != "" {
		return "method"
	}
	return "action"
}

func (w Way) value() string {
	if w.Method != "" {
		return w.Method
	}
	return string(w.Event)
}

// challenged is a page with a main form, unless a passkey is asked for.
func (p Page) challenged(v ChallengeView) Page {
	if v.Kind == "passkey" {
		return p
	}
	return p.asking()
}

// leaving words the way out of a page where nothing is left to cancel.
func (p Page) leaving(ctx context.Context) Page {
	ways := make([]Way, len(p.Ways))
	copy(ways, p.Ways)
	for i, w := range ways {
		if w.Event == Cancel && w.Text == "" && p.App != "" {
			ways[i].Text = t(ctx, "end.go_back", "app", p.App)
		}
	}
	p.Ways = ways
	return p
}

func trialTitle(ctx context.Context, v TrialView) string {
	if v.SignUp {
		return t(ctx, "trial.signed_up")
	}
	return t(ctx, "trial.signed_in")
}

// newPasswordLead says more about why there is a new password, where that needs saying.
func newPasswordLead(ctx context.Context, v NewPasswordView) string {
	if v.Why != ToProtect {
		return ""
	}
	return t(ctx, "newpassword.lead.protect")
}

// shown are the ways on as the company's look has them: how it offers to reset a password is its own affair
// (R 3.2.16).
func (p Page) shown() []Way {
	r := p.Brand.Reset
	if r == (branding.Reset{}) {
		return p.Ways
	}
	var list []Way
	for _, w := range p.Ways {
		if w.Event == Forgot {
			if branding.Is(r.Hidden, false) {
				continue
			}
			w.Href = r.URL
			if text := strings.TrimSpace(resetText(r, p.first)); text != "" {
				w.Text = text
			}
		}
		list = append(list, w)
	}
	return list
}

func resetText(r branding.Reset, first bool) string {
	if first {
		return r.AccountText
	}
	return r.PasswordText
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// blank: an admin's text of one blank stands for none.
func blank(s string) bool { return strings.TrimSpace(s) == "" }

func extKind(kind string) string {
	if kind == "button--primary" {
		return "ext-primary"
	}
	return "ext-secondary"
}
