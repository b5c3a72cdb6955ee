package admin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"portico/app/branding"
	views "portico/views/admin"
)

// elementKind says how an element is edited and said in words.
type elementKind int

const (
	lineElement elementKind = iota // a short text
	longElement                    // a text of several lines
	urlElement
	colorElement
	choiceElement
	switchElement // "yes", "no" or nothing
	pictureElement
	cssElement
)

// element is one thing that an admin sets for a look in one language (R 3.2): where it stands in the studio, and how
// it is read and written. Its id is the name that the JSON has for it.
type element struct {
	id, tab, label, hint string
	kind                 elementKind
	options              []views.Option // of a choice: value and words
	none                 string         // what there is when nobody set it, in words
	blank                bool           // may be left empty on purpose
	slot                 branding.Slot
	at                   func(e *branding.Elements) *string
	on                   func(e *branding.Elements) **bool
	hides                bool // the switch is stored as "hidden"
}

func (x element) get(e branding.Elements) string {
	switch {
	case x.slot != "":
		return e.Pictures[x.slot]
	case x.on != nil:
		on := *x.on(&e)
		if on == nil {
			return ""
		}
		return choose(*on != x.hides, "yes", "no")
	case x.id == "corners":
		return string(e.Corners)
	case x.id == "template":
		return string(e.Template)
	case x.id == "box":
		return string(e.Box)
	case strings.HasPrefix(x.id, textPrefix):
		return e.Texts[strings.TrimPrefix(x.id, textPrefix)]
	}
	return *x.at(&e)
}

func (x element) set(e *branding.Elements, v string) {
	switch {
	case x.slot != "":
		e.Pictures = putText(e.Pictures, x.slot, v)
	case x.on != nil:
		on := x.on(e)
		*on = nil
		if v == "yes" || v == "no" {
			is := (v == "yes") != x.hides
			*on = &is
		}
	case x.id == "corners":
		e.Corners = branding.Corners(v)
	case x.id == "template":
		e.Template = branding.Template(v)
	case x.id == "box":
		e.Box = branding.Box(v)
	case strings.HasPrefix(x.id, textPrefix):
		e.Texts = putText(e.Texts, strings.TrimPrefix(x.id, textPrefix), v)
	default:
		*x.at(e) = v
	}
}

// putText sets or removes an entry of a map that others may hold.
func putText[K comparable](m map[K]string, k K, v string) map[K]string {
	m = maps.Clone(m)
	if v == "" {
		delete(m, k)
		return m
	}
	if m == nil {
		m = map[K]string{}
	}
	m[k] = v
	return m
}

const textPrefix = "texts."

// Tabs of the studio (R 3.2).
const (
	tabBasics = "basics"
	tabLayout = "layout"
	tabHeader = "header"
	tabFooter = "footer"
	tabForm   = "sign-in-form"
	tabText   = "text"
	tabCSS    = "css"
	tabReview = "review"
)

func studioTabs() []views.Option {
	return []views.Option{{Value: tabBasics, Label: "Basics"}, {Value: tabLayout, Label: "Layout"}, {Value: tabHeader, Label: "Header"}, {Value: tabFooter, Label: "Footer"},
		{Value: tabForm, Label: "Sign-in form"}, {Value: tabText, Label: "Text"}, {Value: tabCSS, Label: "Custom CSS"}, {Value: tabReview, Label: "Review"}}
}

func tabLabel(id string) string {
	for _, t := range studioTabs() {
		if t.Value == id {
			return t.Label
		}
	}
	return ""
}

// elements are all there are, in the order of the studio.
func elements() []element {
	type E = branding.Elements
	text := func(id, tab, label, hint, none string, kind elementKind, at func(*E) *string) element {
		return element{id: id, tab: tab, label: label, hint: hint, none: none, kind: kind, at: at}
	}
	may := func(x element) element { x.blank = true; return x }
	picture := func(slot branding.Slot, tab, label, hint, none string) element {
		return element{id: "pictures." + string(slot), tab: tab, label: label, hint: hint, none: none, kind: pictureElement, slot: slot}
	}
	flag := func(id, tab, label, hint, none string, hides bool, on func(*E) **bool) element {
		return element{id: id, tab: tab, label: label, hint: hint, none: none, kind: switchElement, hides: hides, on: on}
	}
	pick := func(id, tab, label, hint, none string, options ...views.Option) element {
		return element{id: id, tab: tab, label: label, hint: hint, none: none, kind: choiceElement, options: options}
	}
	const pictureHint = "PNG, JPEG, GIF or WebP, up to 5 MB. "
	list := []element{
		text("color", tabBasics, "Colour of the brand", "Of buttons, links and the mark. Six hexadecimal digits after a #, like #0b6e4f.", "a neutral dark blue", colorElement, func(e *E) *string { return &e.Color }),
		pick("corners", tabBasics, "Corners", "Of boxes, buttons and fields.", "round", views.Option{Value: string(branding.Round), Label: "Round"}, views.Option{Value: string(branding.Soft), Label: "A little round"}, views.Option{Value: string(branding.Square), Label: "Square"}),
		text("background", tabBasics, "Colour of the page", "Behind the box, until the background image is there or in its place. Dark pages get a dark shade of it.", "a neutral light grey", colorElement, func(e *E) *string { return &e.Background }),
		picture(branding.Favicon, tabBasics, "Favicon", pictureHint+"Square, at least 48 × 48. It stands in the tab of the browser.", "none"),
		picture(branding.BackgroundImage, tabBasics, "Background image", pictureHint+"About 1920 × 1080. It is scaled and cropped, so its edges may not be seen; phones get a smaller one.", "none"),

		pick("template", tabLayout, "Template", "", "full-screen background", views.Option{Value: string(branding.FullScreen), Label: "Full-screen background", Hint: "The image or colour lies behind everything."}, views.Option{Value: string(branding.Split), Label: "Partial-screen background", Hint: "The image stands beside the box where there is room for it."}),
		pick("box", tabLayout, "Where the box stands", "", "in the middle", views.Option{Value: string(branding.BoxCenter), Label: "In the middle"}, views.Option{Value: string(branding.BoxEnd), Label: "At the end of the line", Hint: "On the right, and on the left in Arabic and Hebrew."}),
		flag("showHeader", tabLayout, "Header", "A strip at the top, with the header logo.", "hidden", false, func(e *E) **bool { return &e.ShowHeader }),
		flag("showFooter", tabLayout, "Footer", "The links at the bottom.", "shown", false, func(e *E) **bool { return &e.ShowFooter }),

		picture(branding.HeaderLogo, tabHeader, "Header logo", pictureHint+"At least 490 × 72, with a transparent ground. It is seen when the header is shown (Layout).", "none"),
		text("headerBackground", tabHeader, "Colour of the header", "", "as the page", colorElement, func(e *E) *string { return &e.HeaderBackground }),
	}
	for _, l := range []struct {
		id, name, url string
		of            func(*E) *branding.Link
	}{{"privacy", "Privacy & cookies", "of the tenant’s settings", func(e *E) *branding.Link { return &e.Privacy }}, {"terms", "Terms of use", "of the tenant’s settings", func(e *E) *branding.Link { return &e.Terms }}, {"support", "Help", "of the tenant’s settings", func(e *E) *branding.Link { return &e.Support }}} {
		hint := ""
		if l.id == "terms" {
			hint = "A link is no agreement: to have people agree, use Terms of use of the user flow."
		}
		list = append(list,
			flag(l.id+".hidden", tabFooter, l.name+": link", hint, "shown, when there is an address", true, func(e *E) **bool { return &l.of(e).Hidden }),
			text(l.id+".text", tabFooter, l.name+": words of the link", "", "our own, in the language of the page", lineElement, func(e *E) *string { return &l.of(e).Text }),
			text(l.id+".url", tabFooter, l.name+": address", "https://…", l.url, urlElement, func(e *E) *string { return &l.of(e).URL }))
	}
	list = append(list,
		picture(branding.BannerLogo, tabForm, "Banner logo", pictureHint+"At least 490 × 72, with a transparent ground. It stands at the top of the box; without it, the name of the company does.", "the name of the company"),
		picture(branding.BannerLogoDark, tabForm, "Banner logo on dark pages", pictureHint+"As the banner logo, in colours for a dark ground.", "the banner logo"),
		picture(branding.SquareLogo, tabForm, "Square logo", pictureHint+"At least 240 × 240. It is used where a banner is too wide.", "none"),
		picture(branding.SquareLogoDark, tabForm, "Square logo on dark pages", pictureHint+"As the square logo, in colours for a dark ground.", "the square logo"),
		may(text("title", tabForm, "Title", "The heading of the first page, in place of “Sign in to …”; up to 128 characters.", "none", lineElement, func(e *E) *string { return &e.Title })),
		may(text("description", tabForm, "Description", "Below the title.", "none", lineElement, func(e *E) *string { return &e.Description })),
		may(text("usernameHint", tabForm, "Hint in the box for the address", "Such as “name@company.com”, up to 64 characters. It stands in the empty box, besides the label above.", "none", lineElement, func(e *E) *string { return &e.UsernameHint })),
		may(text("signInText", tabForm, "Text below the form", "Up to 1,024 characters, which everybody can read. [words](address) is a link, **bold**, *italic*, ++underlined++; an empty line begins a paragraph.", "none", longElement, func(e *E) *string { return &e.SignInText })),
		flag("reset.hidden", tabForm, "Link to reset a password", "", "shown, when the user flow lets people reset it", true, func(e *E) **bool { return &e.Reset.Hidden }),
		text("reset.url", tabForm, "Own page for it", "Leads there in place of Portico’s own pages. https://…", "Portico’s own pages", urlElement, func(e *E) *string { return &e.Reset.URL }),
		text("reset.accountText", tabForm, "Its words where the address is asked for", "", "our own, in the language of the page", lineElement, func(e *E) *string { return &e.Reset.AccountText }),
		text("reset.passwordText", tabForm, "Its words where the password is asked for", "", "our own, in the language of the page", lineElement, func(e *E) *string { return &e.Reset.PasswordText }),
	)
	for _, id := range customStrings() {
		list = append(list, element{id: textPrefix + id, tab: tabText, label: id, kind: lineElement, none: "our own words"})
	}
	return append(list, text("css", tabCSS, "Style sheet", "Up to 64 KB, of which up to 20 KB may be left once it is cleaned. Only the selectors of the template are honoured, and only properties that can neither hide a warning nor lead elsewhere; everything else is left out, and listed.", "none", cssElement, func(e *E) *string { return &e.CSS }))
}

func elementsOf(tab string) []element {
	return slices.DeleteFunc(elements(), func(x element) bool { return x.tab != tab })
}

// words says a value to a person.
func (x element) words(v string) string {
	switch {
	case v == "":
		return x.none
	case v == " ":
		return "left empty"
	}
	switch x.kind {
	case colorElement:
		return v
	case choiceElement:
		for _, o := range x.options {
			if o.Value == v {
				return lowerFirst(o.Label)
			}
		}
	case switchElement:
		return choose(v == "yes", "shown", "hidden")
	case pictureElement:
		return "a picture"
	case cssElement:
		n := strings.Count(strings.TrimSpace(v), "\n") + 1
		return choose(n == 1, "1 line", strconv.Itoa(n)+" lines")
	}
	return "“" + shortened(v) + "”"
}

func shortened(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}

// differing are the elements that one language of a look sets.
func differing(e branding.Elements) int {
	n := 0
	for _, x := range elements() {
		if x.get(e) != "" {
			n++
		}
	}
	for id := range e.Texts { // of strings that this version of the studio does not know
		if !slices.Contains(customStrings(), id) {
			n++
		}
	}
	return n
}

func languageLabel(tag string) string {
	if tag == "" {
		return "All languages"
	}
	return branding.LanguageOf(tag).English
}

// lookChanges says in words what a document has different, element by element.
func lookChanges(was, is branding.Document) []string {
	tags := slices.Sorted(maps.Keys(was.Languages))
	for tag := range is.Languages {
		if !slices.Contains(tags, tag) {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	var out []string
	for _, tag := range tags {
		prefix := ""
		before, had := was.Languages[tag]
		after, has := is.Languages[tag]
		if tag != "" {
			prefix = languageLabel(tag) + ": "
			switch {
			case !had:
				out = append(out, languageLabel(tag)+" is added")
			case !has:
				out = append(out, languageLabel(tag)+" is removed")
				continue
			}
		}
		for _, x := range elements() {
			a, b := x.get(before), x.get(after)
			if a == b {
				continue
			}
			out = append(out, prefix+x.changed(a, b))
		}
		for _, id := range unknownTexts(before, after) {
			out = append(out, prefix+"The string "+id+" is different")
		}
	}
	return out
}

func (x element) changed(was, is string) string {
	switch {
	case is == "":
		return fmt.Sprintf("%s: the default again (was %s)", x.label, x.words(was))
	case x.kind == pictureElement:
		return x.label + choose(was == "", ": a new picture", ": another picture")
	case x.kind == cssElement:
		return x.label + ": " + x.words(is) + choose(was == "", "", ", was "+x.words(was))
	case was == "":
		return fmt.Sprintf("%s: %s", x.label, x.words(is))
	}
	return fmt.Sprintf("%s: %s, was %s", x.label, x.words(is), x.words(was))
}

func unknownTexts(a, b branding.Elements) []string {
	var out []string
	for _, m := range []map[string]string{a.Texts, b.Texts} {
		for id := range m {
			if a.Texts[id] != b.Texts[id] && !slices.Contains(customStrings(), id) && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	slices.Sort(out)
	return out
}
