package branding

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"

	"portico/app/fault"
)

// Slot names a place for a picture.
type Slot string

// The places (R 3.2). BannerLogoDark is ours: the banner logo on dark pages.
const (
	Favicon         Slot = "favicon"
	BackgroundImage Slot = "backgroundImage"
	HeaderLogo      Slot = "headerLogo"
	BannerLogo      Slot = "bannerLogo"
	BannerLogoDark  Slot = "bannerLogoDark"
	SquareLogo      Slot = "squareLogo"
	SquareLogoDark  Slot = "squareLogoDark"
)

// Slots lists the places in the order in which an admin meets them.
func Slots() []Slot {
	return []Slot{Favicon, BackgroundImage, HeaderLogo, BannerLogo, BannerLogoDark, SquareLogo, SquareLogoDark}
}

// Template is how a page is laid out (R 3.2.4).
type Template string

const (
	FullScreen Template = "default"       // the background behind everything; what "" means
	Split      Template = "verticalSplit" // the background beside the form
)

// Box is where the sign-in box stands.
type Box string

const (
	BoxCenter Box = "center" // what "" means
	BoxEnd    Box = "end"    // right in English, left in Arabic
)

// Limits of what an admin writes, in characters; CSS in bytes.
const (
	mostSignInText  = 1024
	mostHint        = 64
	mostText        = 256
	mostTitle       = 128
	mostDescription = 512
	mostURL         = 1024
	mostCSS         = 64 << 10
	mostTexts       = 2000
)

// Elements is what an admin set for one look in one language, or in all of them. Everything is optional: "" or nil
// falls back to the scope below. A text that is one blank is blank on the page, too, as the vendor has it.
type Elements struct {
	Color            string  `json:"color,omitempty"`            // "#rrggbb"; buttons, links, the mark
	Background       string  `json:"background,omitempty"`       // "#rrggbb"; the page behind the card, light scheme only
	HeaderBackground string  `json:"headerBackground,omitempty"` // "#rrggbb"
	Corners          Corners `json:"corners,omitempty"`

	Pictures map[Slot]string `json:"pictures,omitempty"` // the hash of the stored picture

	Template   Template `json:"template,omitempty"`
	Box        Box      `json:"box,omitempty"`
	ShowHeader *bool    `json:"showHeader,omitempty"` // not, unless it says so
	ShowFooter *bool    `json:"showFooter,omitempty"` // yes, unless it says otherwise

	Title        string `json:"title,omitempty"`
	Description  string `json:"description,omitempty"`
	UsernameHint string `json:"usernameHint,omitempty"`
	SignInText   string `json:"signInText,omitempty"` // the small Markdown of R 3.2.14

	Privacy Link  `json:"privacy,omitzero"`
	Terms   Link  `json:"terms,omitzero"`
	Support Link  `json:"support,omitzero"`
	Reset   Reset `json:"reset,omitzero"`

	CSS   string            `json:"css,omitempty"`   // as it was given; cleaned whenever it is used
	Texts map[string]string `json:"texts,omitempty"` // by the vendor's ids of strings (R 2.8.3, 3.2.17)
}

// Link is one of the links at the foot of a page.
type Link struct {
	Hidden *bool  `json:"hidden,omitempty"`
	Text   string `json:"text,omitempty"`
	URL    string `json:"url,omitempty"`
}

// Reset is how a page offers to reset a password (R 3.2.16). A URL replaces our own way.
type Reset struct {
	Hidden       *bool  `json:"hidden,omitempty"`
	URL          string `json:"url,omitempty"`
	AccountText  string `json:"accountText,omitempty"`  // on the page that asks for the address
	PasswordText string `json:"passwordText,omitempty"` // on the page that asks for the password
}

// Over gives the elements with those of below where it has none.
func (e Elements) Over(below Elements) Elements {
	for mine, theirs := range map[*string]string{
		&e.Color: below.Color, &e.Background: below.Background, &e.HeaderBackground: below.HeaderBackground,
		&e.Title: below.Title, &e.Description: below.Description, &e.UsernameHint: below.UsernameHint, &e.SignInText: below.SignInText,
		&e.Privacy.Text: below.Privacy.Text, &e.Privacy.URL: below.Privacy.URL,
		&e.Terms.Text: below.Terms.Text, &e.Terms.URL: below.Terms.URL,
		&e.Support.Text: below.Support.Text, &e.Support.URL: below.Support.URL,
		&e.Reset.URL: below.Reset.URL, &e.Reset.AccountText: below.Reset.AccountText, &e.Reset.PasswordText: below.Reset.PasswordText,
		&e.CSS: below.CSS,
	} {
		if *mine == "" {
			*mine = theirs
		}
	}
	if e.Corners == "" {
		e.Corners = below.Corners
	}
	if e.Template == "" {
		e.Template = below.Template
	}
	if e.Box == "" {
		e.Box = below.Box
	}
	for mine, theirs := range map[**bool]*bool{
		&e.ShowHeader: below.ShowHeader, &e.ShowFooter: below.ShowFooter, &e.Privacy.Hidden: below.Privacy.Hidden,
		&e.Terms.Hidden: below.Terms.Hidden, &e.Support.Hidden: below.Support.Hidden, &e.Reset.Hidden: below.Reset.Hidden,
	} {
		if *mine == nil {
			*mine = theirs
		}
	}
	e.Pictures = over(e.Pictures, below.Pictures)
	e.Texts = over(e.Texts, below.Texts)
	return e
}

func over[K comparable](mine, below map[K]string) map[K]string {
	if len(below) == 0 {
		return mine
	}
	out := maps.Clone(below)
	for k, v := range mine {
		if v != "" {
			out[k] = v
		}
	}
	return out
}

var pictureHash = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Validate says what an admin must mend; fields are named as the JSON names them.
func (e Elements) Validate() error {
	var bad fault.Fields
	for name, v := range map[string]string{"color": e.Color, "background": e.Background, "headerBackground": e.HeaderBackground} {
		if _, ok := ParseHex(v); v != "" && !ok {
			bad.Add(name, "branding.color.invalid", nil)
		}
	}
	switch e.Corners {
	case "", Round, Soft, Square:
	default:
		bad.Add("corners", "branding.corners.invalid", nil)
	}
	switch e.Template {
	case "", FullScreen, Split:
	default:
		bad.Add("template", "branding.template.invalid", nil)
	}
	switch e.Box {
	case "", BoxCenter, BoxEnd:
	default:
		bad.Add("box", "branding.box.invalid", nil)
	}
	known := map[Slot]bool{}
	for _, s := range Slots() {
		known[s] = true
	}
	for slot, hash := range e.Pictures {
		if !known[slot] || hash != "" && !pictureHash.MatchString(hash) {
			bad.Add("pictures."+string(slot), "branding.image.invalid", nil)
		}
	}
	for name, text := range map[string]struct {
		value string
		most  int
	}{
		"title": {e.Title, mostTitle}, "description": {e.Description, mostDescription}, "usernameHint": {e.UsernameHint, mostHint},
		"signInText": {e.SignInText, mostSignInText}, "privacy.text": {e.Privacy.Text, mostText}, "terms.text": {e.Terms.Text, mostText},
		"support.text": {e.Support.Text, mostText}, "reset.accountText": {e.Reset.AccountText, mostText}, "reset.passwordText": {e.Reset.PasswordText, mostText},
	} {
		if n := utf8.RuneCountInString(text.value); n > text.most {
			bad.Add(name, "branding.text.long", map[string]any{"most": text.most, "length": n})
		} else if !printable(text.value) {
			bad.Add(name, "branding.text.characters", nil)
		}
	}
	for name, link := range map[string]string{"privacy.url": e.Privacy.URL, "terms.url": e.Terms.URL, "support.url": e.Support.URL, "reset.url": e.Reset.URL} {
		if link != "" && !WebAddress(link) {
			bad.Add(name, "branding.link.invalid", nil)
		}
	}
	if len(e.CSS) > mostCSS {
		bad.Add("css", "branding.css.long", map[string]any{"most": mostCSS >> 10})
	} else if !utf8.ValidString(e.CSS) {
		bad.Add("css", "branding.text.characters", nil)
	}
	CheckTexts(&bad, "texts", e.Texts)
	return bad.Err()
}

// CheckTexts says which of an admin's texts no page could show; where is the field that holds them.
func CheckTexts(bad *fault.Fields, where string, texts map[string]string) {
	if len(texts) > mostTexts {
		bad.Add(where, "branding.texts.many", map[string]any{"most": mostTexts})
	}
	for id, text := range texts {
		if n := utf8.RuneCountInString(text); n > mostSignInText {
			bad.Add(where+"."+id, "branding.text.long", map[string]any{"most": mostSignInText, "length": n})
		} else if !printable(text) || !printable(id) || len(id) > 200 {
			bad.Add(where+"."+id, "branding.text.characters", nil)
		}
	}
}

// printable refuses what no page can show: control characters, and those that turn the direction of everything after.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' && r != '\n' && r != '\r' && r != '\t' || r >= 0x7f && r < 0xa0 || r >= 0x202a && r <= 0x202e
	})
}

// WebAddress reports whether a link may stand on a page: http or https with a host, or mailto.
func WebAddress(s string) bool {
	u, err := url.Parse(s)
	if err != nil || len(s) > mostURL || strings.ContainsAny(s, "\\\"'<> \n\r\t") {
		return false
	}
	switch u.Scheme {
	case "https", "http":
		return u.Host != "" && u.User == nil
	case "mailto":
		return strings.Contains(u.Opaque, "@")
	}
	return false
}

// Company is the id of the look that all apps have which have no theme of their own.
const Company = "company"

// Document is one look in all its languages.
type Document struct {
	// Languages has under "" what holds for all, else under the tag that the admin chose ("fr-FR").
	Languages map[string]Elements `json:"languages,omitempty"`
}

// Validate says what an admin must mend, each field after its language: "fr-FR.title".
func (d Document) Validate() error {
	var bad fault.Fields
	for lang, e := range d.Languages {
		if lang != "" {
			if tag, err := language.Parse(lang); err != nil || tag.String() != lang {
				bad.Add("languages", "branding.language.unknown", map[string]any{"language": lang})
				continue
			}
		}
		err := e.Validate()
		if err == nil {
			continue
		}
		for _, f := range fault.Of(err).Fields {
			name := f.Name
			if lang != "" {
				name = lang + "." + name
			}
			bad.Add(name, f.Key, f.Args)
		}
	}
	return bad.Err()
}

// In gives what the look has for a language: its own over what holds for all. A visitor's "fr" gets what is there for
// "fr", else for "fr-FR" or another French one.
func (d Document) In(lang string) Elements {
	var own Elements
	if tag := d.Nearest(lang); tag != "" {
		own = d.Languages[tag]
	}
	return own.Over(d.Languages[""])
}

// Nearest gives the tag of the look's own elements that a visitor with the wish lang gets; "" when it has none for it.
func (d Document) Nearest(lang string) string {
	if _, ok := d.Languages[lang]; ok {
		return lang
	}
	wish, err := language.Parse(lang)
	if err != nil {
		return ""
	}
	base, _ := wish.Base()
	script, _ := wish.Script()
	best := ""
	for tag := range d.Languages {
		if tag == "" {
			continue
		}
		t, err := language.Parse(tag)
		if err != nil {
			continue
		}
		b, _ := t.Base()
		s, _ := t.Script()
		if b == base && s == script && (best == "" || nearer(wish, t, tag, best)) {
			best = tag
		}
	}
	return best
}

// nearer prefers the region that the wish names or implies, then the first by name, so that the choice is always the same.
func nearer(wish, t language.Tag, tag, best string) bool {
	region, _ := wish.Region()
	r, _ := t.Region()
	other, _ := language.Parse(best)
	o, _ := other.Region()
	if (r == region) != (o == region) {
		return r == region
	}
	return tag < best
}

// Pictures lists the hashes of all pictures that the look uses.
func (d Document) Pictures() []string {
	var out []string
	for _, e := range d.Languages {
		for _, hash := range e.Pictures {
			if hash != "" {
				out = append(out, hash)
			}
		}
	}
	return out
}

// Set is everything that a tenant has published.
type Set struct {
	Company  Document
	Themes   map[string]Document
	OfApp    map[string]string  // an app's object id → the theme it has
	Pictures map[string]Picture // facts by hash
}

// Picture is what is known of a stored picture besides its bytes.
type Picture struct {
	Hash    string    `json:"hash"`
	Media   string    `json:"media"` // image/png or image/jpeg
	Width   int       `json:"width"`
	Height  int       `json:"height"`
	Bytes   int       `json:"bytes"`
	Smaller []Picture `json:"smaller,omitempty"` // the same picture in other sizes, the largest first
}

// Ext is how the picture's address ends.
func (p Picture) Ext() string {
	if p.Media == "image/jpeg" {
		return "jpg"
	}
	return "png"
}

// Look is what one app's pages look like in one language.
type Look struct {
	Elements
	Theme    string           // the id of the app's theme, "" when it has none
	Language string           // the tag that was asked for
	Stored   map[Slot]Picture // the pictures that are there
}

// For resolves what an app's pages look like, element by element: the theme in the language, the theme, the company in
// the language, the company (R 3.1.4).
func (s Set) For(appID, lang string) Look {
	look := Look{Theme: s.OfApp[appID], Language: lang}
	look.Elements = s.Company.In(lang)
	if theme, ok := s.Themes[look.Theme]; ok && look.Theme != "" {
		look.Elements = theme.In(lang).Over(look.Elements)
	} else {
		look.Theme = ""
	}
	for slot, hash := range look.Elements.Pictures {
		if p, ok := s.Pictures[hash]; ok {
			if look.Stored == nil {
				look.Stored = map[Slot]Picture{}
			}
			look.Stored[slot] = p
		}
	}
	return look
}

// Languages lists the languages that an app's look differs in, and those of them that somebody wrote texts of pages in.
func (s Set) Languages(appID string) (looks, written []string) {
	for _, d := range []Document{s.Company, s.Themes[s.OfApp[appID]]} {
		for lang, e := range d.Languages {
			if lang == "" {
				continue
			}
			if looks = append(looks, lang); len(e.Texts) > 0 {
				written = append(written, lang)
			}
		}
	}
	slices.Sort(looks)
	slices.Sort(written)
	return slices.Compact(looks), slices.Compact(written)
}

// Colors gives what the page's style sheet is made of.
func (e Elements) Colors() Theme {
	return Theme{Color: e.Color, Background: e.Background, Corners: e.Corners}
}

// Text gives an element as it is to be shown: one blank means blank.
func Text(s string) string { return strings.TrimSpace(s) }

// Is gives a switch, or what it is when nobody set it.
func Is(set *bool, otherwise bool) bool {
	if set == nil {
		return otherwise
	}
	return *set
}
