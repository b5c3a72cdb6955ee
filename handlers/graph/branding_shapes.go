package graph

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/handlers"
)

// mostLookText and the others are lengths that Graph documents; addresses may be longer here.
const (
	mostLookText = 256
	mostLookURL  = 1024
)

// looks is the table of a look in one language. Graph has two of them for the same things: organizationalBranding, and
// with other names organizationalBrandingThemeLocalization.
func (a *API) looks(typ string) *collection[look] {
	theme := typ == "organizationalBrandingThemeLocalization"
	r := &collection[look]{typ: typ, name: typ, id: func(l *look) string { return localeID(l.locale) }}
	hidden := func(name string, p func(*look) **bool) visibility { return visibility{name, p} }
	reset := func(l *look) **bool { return &l.Reset.Hidden }
	r.fields = []field[look]{
		readOnly(map[bool]string{false: "id", true: "locale"}[theme], func(l *look) any { return localeID(l.locale) }),
		str(map[bool]string{false: "backgroundColor", true: "pageBackgroundColor"}[theme], 7, func(l *look) *string { return &l.Background }),
		pictureURL(branding.BackgroundImage), pictureURL(branding.BannerLogo),
		readOnly(map[bool]string{false: "cdnList", true: "cdnHosts"}[theme], func(l *look) any { return []string{l.host} }),
		{name: "contentCustomization", get: func(l *look) any { return shownLookTexts(l.Elements) }, set: a.setLookTexts},
		readOnly("customCSSRelativeUrl", func(l *look) any { return l.below(l.sheet) }),
		pictureURL(branding.Favicon),
		str("headerBackgroundColor", 7, func(l *look) *string { return &l.HeaderBackground }),
		pictureURL(branding.HeaderLogo),
		complexField("loginPageLayoutConfiguration", shownLayout, setLayout),
		str("signInPageText", 1024, func(l *look) *string { return &l.SignInText }),
		pictureURL(branding.SquareLogo), pictureURL(branding.SquareLogoDark),
		str("usernameHintText", 64, func(l *look) *string { return &l.UsernameHint }),
	}
	text := func(name string, p func(*look) *string) field[look] { return str(name, mostLookText, p) }
	url := func(name string, p func(*look) *string) field[look] { return str(name, mostLookURL, p) }
	if theme {
		r.fields = append(r.fields,
			visual("accountResetCredentials", nil, func(l *look) *string { return &l.Reset.URL }, reset),
			visual("cannotAccessYourAccount", func(l *look) *string { return &l.Reset.AccountText }, nil, reset),
			visual("forgotMyPassword", func(l *look) *string { return &l.Reset.PasswordText }, nil, reset),
			visual("privacyAndCookies", func(l *look) *string { return &l.Privacy.Text }, func(l *look) *string { return &l.Privacy.URL }, func(l *look) **bool { return &l.Privacy.Hidden }),
			without[look]("resetItNow", nil),
			visual("termsOfUse", func(l *look) *string { return &l.Terms.Text }, func(l *look) *string { return &l.Terms.URL }, func(l *look) **bool { return &l.Terms.Hidden }))
	} else {
		r.fields = append(r.fields,
			url("customCannotAccessYourAccountUrl", func(l *look) *string { return &l.Reset.URL }),
			url("customAccountResetCredentialsUrl", func(l *look) *string { return &l.Reset.URL }),
			text("customCannotAccessYourAccountText", func(l *look) *string { return &l.Reset.AccountText }),
			text("customForgotMyPasswordText", func(l *look) *string { return &l.Reset.PasswordText }),
			text("customPrivacyAndCookiesText", func(l *look) *string { return &l.Privacy.Text }),
			url("customPrivacyAndCookiesUrl", func(l *look) *string { return &l.Privacy.URL }),
			without[look]("customResetItNowText", nil),
			text("customTermsOfUseText", func(l *look) *string { return &l.Terms.Text }),
			url("customTermsOfUseUrl", func(l *look) *string { return &l.Terms.URL }),
			visibilities("loginPageTextVisibilitySettings", hidden("hideAccountResetCredentials", reset), hidden("hideCannotAccessYourAccount", reset), hidden("hideForgotMyPassword", reset),
				hidden("hidePrivacyAndCookies", func(l *look) **bool { return &l.Privacy.Hidden }), hidden("hideResetItNow", reset),
				hidden("hideTermsOfUse", func(l *look) **bool { return &l.Terms.Hidden })))
	}
	r.fields = append(r.fields, complexField("portico", shownLookExtra, setLookExtra))
	return r
}

// pictureURL is the read-only address of a picture, below the hosts of cdnList.
func pictureURL(slot branding.Slot) field[look] {
	return readOnly(string(slot)+"RelativeUrl", func(l *look) any { return l.address(slot) })
}

func (l *look) address(slot branding.Slot) any {
	if p, ok := l.facts[l.Pictures[slot]]; ok {
		return l.below(handlers.PictureURL(l.tenant, p))
	}
	return nil
}

// below is an address as Graph has it: without the slash that the hosts of cdnList end in.
func (l *look) below(path string) any {
	if path == "" {
		return nil
	}
	return strings.TrimPrefix(path, "/")
}

type layoutBody struct {
	Footer   *bool   `json:"isFooterShown"`
	Header   *bool   `json:"isHeaderShown"`
	Template *string `json:"layoutTemplateType"`
}

func shownLayout(l *look) *layoutBody {
	if l.ShowFooter == nil && l.ShowHeader == nil && l.Template == "" {
		return nil
	}
	out := &layoutBody{Footer: l.ShowFooter, Header: l.ShowHeader}
	if l.Template != "" {
		t := string(l.Template)
		out.Template = &t
	}
	return out
}

func setLayout(l *look, v *layoutBody) error {
	if v == nil {
		v = &layoutBody{}
	}
	l.ShowFooter, l.ShowHeader, l.Template = v.Footer, v.Header, ""
	if v.Template != nil {
		switch l.Template = branding.Template(*v.Template); l.Template {
		case branding.FullScreen, branding.Split:
		default:
			return invalidValue("loginPageLayoutConfiguration/layoutTemplateType", ": default or verticalSplit is needed")
		}
	}
	return nil
}

// visibility is one of Graph's switches. Several of them are about one thing here: the link to reset a password.
type visibility struct {
	name string
	p    func(*look) **bool
}

func visibilities(name string, all ...visibility) field[look] {
	shown := func(l *look) any {
		out, any := object{}, false
		for _, v := range all {
			set := *v.p(l)
			out.add(v.name, set)
			any = any || set != nil
		}
		if !any {
			return nil
		}
		return out
	}
	return field[look]{name: name, get: shown, merge: true, set: func(l *look, raw json.RawMessage) error {
		var said map[string]*bool
		if err := strict(name, raw, &said); err != nil {
			return err
		}
		before := map[string]*bool{}
		for _, v := range all {
			before[v.name] = *v.p(l)
		}
		for of := range said {
			if _, known := before[of]; !known {
				return badRequest("Invalid property '"+name+"/"+of+"'.", name+"/"+of)
			}
		}
		for _, v := range all {
			if now := said[v.name]; !sameSwitch(now, before[v.name]) {
				*v.p(l) = now
			}
		}
		return nil
	}}
}

func sameSwitch(a, b *bool) bool { return (a == nil) == (b == nil) && (a == nil || *a == *b) }

type visualBody struct {
	Text   *string `json:"customText"`
	URL    *string `json:"customUrl"`
	Hidden *bool   `json:"isHidden"`
}

// visual is a loginPageBrandingVisualElement; what an element has not here is nothing.
func visual(name string, textOf, urlOf func(*look) *string, hidden func(*look) **bool) field[look] {
	get := func(l *look) *visualBody {
		out := visualBody{Hidden: *hidden(l)}
		if textOf != nil && *textOf(l) != "" {
			out.Text = textOf(l)
		}
		if urlOf != nil && *urlOf(l) != "" {
			out.URL = urlOf(l)
		}
		if out == (visualBody{}) {
			return nil
		}
		return &out
	}
	return complexField(name, get, func(l *look, v *visualBody) error {
		if v == nil {
			v = &visualBody{}
		}
		for _, part := range []struct {
			name string
			said *string
			of   func(*look) *string
			most int
		}{{name + "/customText", v.Text, textOf, mostLookText}, {name + "/customUrl", v.URL, urlOf, mostLookURL}} {
			said := ""
			if part.said != nil {
				said = *part.said
			}
			if part.of == nil {
				if said != "" {
					return badRequest("Property '"+part.name+"' is not supported by this directory.", part.name)
				}
				continue
			}
			if err := checkText(part.name, said, part.most); err != nil {
				return err
			}
			*part.of(l) = said
		}
		*hidden(l) = v.Hidden
		return nil
	})
}

type keyValue struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

type textsBody struct {
	Collection    []keyValue `json:"attributeCollection"`
	CollectionURL *string    `json:"attributeCollectionRelativeUrl"`
	Campaign      []keyValue `json:"registrationCampaign"`
	CampaignURL   *string    `json:"registrationCampaignRelativeUrl"`
}

func shownLookTexts(e branding.Elements) any {
	out := textsBody{Collection: []keyValue{}, Campaign: []keyValue{}}
	for _, id := range slices.Sorted(maps.Keys(e.Texts)) {
		out.Collection = append(out.Collection, keyValue{id, e.Texts[id]})
	}
	return out
}

func (b textsBody) texts(words *i18n.Localizer) (map[string]string, error) {
	if len(b.Campaign) > 0 {
		return nil, badRequest("Property 'contentCustomization/registrationCampaign' is not supported by this directory.", "contentCustomization/registrationCampaign")
	}
	out := map[string]string{}
	for _, kv := range b.Collection {
		if _, twice := out[kv.Key]; twice || kv.Key == "" {
			return nil, invalidValue("contentCustomization/attributeCollection", ": the key '"+clipped(kv.Key)+"' is empty or stands twice")
		}
		out[kv.Key] = kv.Value
	}
	return out, checkTexts(words, out)
}

// checkTexts refuses strings that no page has: neither the vendor's, nor a key of ours that customers read.
func checkTexts(words *i18n.Localizer, texts map[string]string) error {
	unknown := branding.Unknown(texts)
	for _, id := range slices.Sorted(maps.Keys(texts)) {
		key, _, _ := strings.Cut(id, i18n.FormMark)
		if _, ok := words.Built(key); branding.Ours(id) && (!ok || i18n.Staff(key)) {
			unknown = append(unknown, id)
		}
	}
	if len(unknown) > 0 {
		return invalidValue(textStream, ": no page has these strings: "+clipped(strings.Join(unknown, ", ")))
	}
	return nil
}

func (a *API) setLookTexts(l *look, raw json.RawMessage) error {
	var v textsBody
	if err := strict(textStream, raw, &v); err != nil {
		return err
	}
	texts, err := v.texts(a.Words)
	l.Texts = texts
	return err
}

// readTexts takes the property's own shape, or the vendor's flat file of strings: id → text.
func readTexts(words *i18n.Localizer, body []byte) (map[string]string, error) {
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	if !utf8.Valid(body) {
		return nil, notUTF8()
	}
	var flat map[string]string
	if json.Unmarshal(body, &flat) == nil {
		return flat, checkTexts(words, flat)
	}
	var v textsBody
	if err := strict(textStream, body, &v); err != nil {
		return nil, err
	}
	return v.texts(words)
}

// lookExtra is what Graph has no word for.
type lookExtra struct {
	Color       string           `json:"color"`
	Corners     branding.Corners `json:"corners"`
	Box         branding.Box     `json:"box"`
	Title       string           `json:"title"`
	Description string           `json:"description"`
	Support     linkBody         `json:"support"`
	BannerDark  *string          `json:"bannerLogoDarkRelativeUrl"` // read-only
	Dropped     []droppedLine    `json:"customCSSDropped"`          // read-only: what of the style sheet no page uses
}

type linkBody struct {
	Hidden *bool  `json:"hidden"`
	Text   string `json:"text"`
	URL    string `json:"url"`
}

type droppedLine struct {
	Line int    `json:"line"`
	Text string `json:"text"`
	Why  string `json:"reason"`
}

func shownLookExtra(l *look) lookExtra {
	out := lookExtra{Color: l.Color, Corners: l.Corners, Box: l.Box, Title: l.Title, Description: l.Description,
		Support: linkBody{l.Support.Hidden, l.Support.Text, l.Support.URL}, Dropped: []droppedLine{}}
	if s, ok := l.address(branding.BannerLogoDark).(string); ok {
		out.BannerDark = &s
	}
	_, dropped := branding.CleanCSS(l.CSS)
	for _, d := range dropped {
		why := d.Why
		if l.words != nil {
			why = l.words.T(why, nil)
		}
		out.Dropped = append(out.Dropped, droppedLine{d.Line, d.Text, why})
	}
	return out
}

func setLookExtra(l *look, v lookExtra) error {
	l.Color, l.Corners, l.Box, l.Title, l.Description = v.Color, v.Corners, v.Box, v.Title, v.Description
	l.Support = branding.Link{Hidden: v.Support.Hidden, Text: v.Support.Text, URL: v.Support.URL}
	return nil
}

// lookWords names Graph's properties in a complaint about a look.
func lookWords(err error, lang string, shape *collection[look]) error {
	theme := shape.fields[0].name == "locale"
	pick := func(plain, of string) string {
		if theme {
			return of
		}
		return plain
	}
	return renamed(err, func(name string) string {
		if rest, ok := strings.CutPrefix(name, lang+"."); ok && lang != "" {
			name = rest
		}
		switch name {
		case "background":
			return pick("backgroundColor", "pageBackgroundColor")
		case "headerBackground":
			return "headerBackgroundColor"
		case "signInText":
			return "signInPageText"
		case "usernameHint":
			return "usernameHintText"
		case "privacy.text":
			return pick("customPrivacyAndCookiesText", "privacyAndCookies/customText")
		case "privacy.url":
			return pick("customPrivacyAndCookiesUrl", "privacyAndCookies/customUrl")
		case "terms.text":
			return pick("customTermsOfUseText", "termsOfUse/customText")
		case "terms.url":
			return pick("customTermsOfUseUrl", "termsOfUse/customUrl")
		case "reset.url":
			return pick("customAccountResetCredentialsUrl", "accountResetCredentials/customUrl")
		case "reset.accountText":
			return pick("customCannotAccessYourAccountText", "cannotAccessYourAccount/customText")
		case "reset.passwordText":
			return pick("customForgotMyPasswordText", "forgotMyPassword/customText")
		case "css":
			return styleStream
		case "texts":
			return textStream
		}
		if strings.HasPrefix(name, "texts.") {
			return textStream
		}
		if slot, ok := strings.CutPrefix(name, "pictures."); ok {
			return slot
		}
		return "portico/" + strings.ReplaceAll(name, ".", "/")
	})
}
