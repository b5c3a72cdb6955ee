package admin

import (
	"errors"
	"fmt"
	"io"
	"math"
	"mime/multipart"
	"slices"
	"strconv"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/branding"
	"portico/app/fault"
	"portico/handlers"
	views "portico/views/admin"
)

// studio is one tab of a look in one language.
type studio struct {
	look
	tab, lang string
	notes     map[string][]string // what was done to the pictures that were just sent
}

func (s studio) own() branding.Elements { return s.Draft.Languages[s.lang] }

func (p *Portal) studying(c *fiber.Ctx, lang string) (studio, error) {
	x, err := p.looking(c)
	s := studio{look: x, tab: tabOfPage(c), lang: lang}
	if err != nil {
		return s, err
	}
	if _, has := x.Draft.Languages[lang]; lang != "" && !has || tabLabel(s.tab) == "" {
		return s, fault.New(fault.NotFound, "error.not_found")
	}
	return s, nil
}

// tabOfPage is the tab that the address asks for; the first when it asks for none.
func tabOfPage(c *fiber.Ctx) string { return c.Query("tab", tabBasics) }

// layer is what an element falls back to.
type layer struct {
	name string
	branding.Elements
}

// below are the layers under a language of a look, the nearest first (R 3.1.4).
func (s studio) below() []layer {
	var out []layer
	if s.lang != "" {
		out = append(out, layer{choose(s.theme(), "this theme in all languages", "all languages"), s.Draft.Languages[""]})
	}
	if s.theme() {
		company := s.v.dir.Branding.Company
		if tag := company.Nearest(s.lang); tag != "" {
			out = append(out, layer{"the company branding in " + languageLabel(tag), company.Languages[tag]})
		}
		out = append(out, layer{"the company branding", company.Languages[""]})
	}
	return out
}

// fallback is what holds for an element that is not set here, and where that comes from.
func (s studio) fallback(x element) (value, from string) {
	for _, l := range s.below() {
		if v := x.get(l.Elements); v != "" {
			return v, l.name
		}
	}
	return "", ""
}

func (p *Portal) studioPage(c *fiber.Ctx) error {
	s, err := p.studying(c, c.Query("language"))
	if err != nil {
		return err
	}
	return p.studioShow(c, s, s.own(), nil)
}

// studioShow draws the studio with the elements e as they are typed, and what is wrong with them.
func (p *Portal) studioShow(c *fiber.Ctx, s studio, e branding.Elements, problem error) error {
	lead := "For all languages."
	if s.lang != "" {
		lead = "What differs in " + languageLabel(s.lang) + ". Empty boxes are as in all languages."
	}
	shell, err := p.shell(c, choose(s.writes(), "Edit ", "Elements of ")+choose(s.theme(), "“"+s.Name+"”", "the company’s own look"), lead, brandingHelp(), p.brandingCrumbs(s.look, views.Link{Label: s.title(), Href: s.base()})...)
	if err != nil {
		return err
	}
	shell.Primary = &views.Link{Label: "Versions", Href: s.base() + "/versions"}
	d := views.Studio{Language: languageLabel(s.lang), Current: tabLabel(s.tab), Lead: studioLead(s.tab)}
	for _, tag := range append([]string{""}, tags(s.Draft)...) {
		d.Languages = append(d.Languages, views.Link{Label: languageLabel(tag), Href: s.edit(s.tab, tag)})
	}
	if s.writes() {
		d.Languages = append(d.Languages, views.Link{Label: "Add a language", Href: s.base() + "/languages"})
	}
	for _, t := range studioTabs() {
		d.Tabs = append(d.Tabs, views.Link{Label: t.Label, Href: s.edit(t.Value, s.lang)})
	}
	if s.Changed {
		d.Bar = &views.StudioBar{By: s.DraftBy, At: s.DraftAt, Changes: lookChanges(s.Published, s.Draft), Never: s.Version == 0}
		if s.writes() {
			d.Bar.Publish, d.Bar.Discard = s.base()+"/publish", s.base()+"/discard"
		}
	}
	if d.Preview, err = p.studioPreview(c, s); err != nil {
		return err
	}
	status := fiber.StatusOK
	if s.tab == tabReview {
		d.Parts = s.review()
	} else {
		if d.Form, err = p.studioForm(c, s, e); err != nil {
			return err
		}
		if problem != nil {
			if !complainLook(c, s, d.Form, problem) {
				return problem
			}
			for i := range d.Form.Fields {
				if f := d.Form.Fields[i]; f.Error != "" {
					shell.Problems = append(shell.Problems, views.Problem{Text: f.Error, Name: f.Name})
				}
			}
			if len(shell.Problems) == 0 {
				shell.Problems = []views.Problem{{Text: d.Form.Note}}
			}
			status = fiber.StatusUnprocessableEntity
		}
	}
	if s.tab == tabBasics || s.tab == tabHeader {
		d.Check, d.Contrast = s.base()+"/contrast", s.contrast(e)
	}
	if s.tab == tabCSS {
		d.Parts = append(d.Parts, s.cssParts(handlers.InfoOf(c).Locale, e.CSS)...)
	}
	return handlers.Render(c, status, views.StudioPage(shell, d))
}

func studioLead(tab string) string {
	switch tab {
	case tabBasics:
		return "One colour is enough: everything else is derived from it, so that every page can be read."
	case tabLayout:
		return "Where things stand. Phones always show one column."
	case tabFooter:
		return "The links at the bottom of every page."
	case tabForm:
		return "What stands in the box. Words may differ in each language: choose or add one above."
	case tabText:
		return "Portico’s own words, one by one, by the ids that the vendor has for them. An empty box means our words, which are translated; words typed for all languages are shown in all languages."
	case tabCSS:
		return "For what the other tabs cannot do. It is cleaned whenever it is drawn."
	}
	return ""
}

// complainLook puts what is wrong beside the elements that it is about.
func complainLook(c *fiber.Ctx, s studio, f *views.StudioForm, err error) bool {
	l, e := handlers.InfoOf(c).Locale, fault.Of(err)
	switch e.Code {
	case fault.Invalid, fault.Conflict, fault.Denied, fault.Expired:
	default:
		return false
	}
	if len(e.Fields) == 0 {
		f.Note = l.T(e.Key, e.Args)
		if strings.HasPrefix(e.Key, "branding.draft.") {
			f.Note += " What you typed is still here. Saving again puts it in place of what is in the draft now; everything else of the draft stays."
		}
		return true
	}
	for _, bad := range e.Fields {
		name := bad.Name
		if s.lang != "" {
			name = strings.TrimPrefix(name, s.lang+".")
		}
		text := l.T(bad.Key, bad.Args)
		if !f.Complain(name, text) {
			f.Note = strings.TrimSpace(f.Note + " " + text)
		}
	}
	return true
}

// studioForm is one tab as controls.
func (p *Portal) studioForm(c *fiber.Ctx, s studio, e branding.Elements) (*views.StudioForm, error) {
	f := &views.StudioForm{Action: s.base() + "/edit?tab=" + s.tab, Revision: s.Revision, Language: s.lang, Submit: "Save draft", ReadOnly: !s.writes()}
	stored, err := p.pictureFacts(c, s)
	if err != nil {
		return nil, err
	}
	group := ""
	for _, x := range elementsOf(s.tab) {
		if s.tab == tabText {
			if g := stringGroup(x.id); g != group {
				group = g
				f.Fields = append(f.Fields, views.StudioField{Field: views.Field{Kind: views.Heading, Label: g}})
			}
		}
		f.Upload = f.Upload || x.kind == pictureElement || x.kind == cssElement
		f.Fields = append(f.Fields, p.studioField(s, x, e, stored))
		if x.kind == cssElement && s.writes() {
			f.Fields = append(f.Fields, views.StudioField{Field: views.Field{Name: "cssFile", Label: "Or a file", Type: "file", Hint: "It takes the place of what is typed."}})
		}
	}
	return f, nil
}

func (p *Portal) studioField(s studio, x element, e branding.Elements, stored map[string]branding.Picture) views.StudioField {
	value := x.get(e)
	below, from := s.fallback(x)
	f := views.StudioField{Field: views.Field{Name: x.id, Label: x.label, Hint: x.hint, Value: value}, Set: value != ""}
	words := x.words(below)
	if from != "" {
		words += ", from " + from
	} else if below == "" && s.theme() {
		words += ", as nothing is set in the company branding either"
	}
	if f.Below = "Now: " + words; value != "" {
		f.Below = "Otherwise: " + words
	}
	if x.kind == choiceElement || x.kind == switchElement { // said by the choice itself
		f.Below = ""
	}
	if x.blank {
		if value == " " {
			f.Value = ""
		}
		if _, set := s.fallback(x); set != "" || value == " " {
			f.Blank = &views.Field{Kind: views.Check, Name: x.id + ".blank", Label: "Show nothing here", Value: choose(value == " ", "yes", "")}
		}
	}
	switch x.kind {
	case longElement:
		f.Kind, f.Rows = views.TextArea, 5
	case cssElement:
		f.Kind, f.Rows, f.Code = views.TextArea, 18, true
	case urlElement:
		f.Code = true
	case colorElement:
		f.Color, f.Code, f.Swatch = true, true, swatch(value, below, x)
	case choiceElement:
		f.Kind, f.Options = views.Radios, append([]views.Option{{Value: "", Label: "Default (" + words + ")"}}, x.options...)
	case switchElement:
		f.Kind, f.Options = views.Radios, []views.Option{{Value: "", Label: "Default (" + words + ")"}, {Value: "yes", Label: "Show"}, {Value: "no", Label: "Hide"}}
	case pictureElement:
		f.Type, f.Value, f.Picture = "file", "", &views.StudioPicture{}
		hash := value
		if hash == "" {
			hash = below
		}
		if pic, ok := stored[hash]; ok {
			w, h := fitted(pic.Width, pic.Height, 320, 120)
			f.Picture = &views.StudioPicture{URL: handlers.PictureURL(s.v.dir.Tenant, pic), Width: w, Height: h, Inherited: value == "", Dark: x.slot == branding.BannerLogoDark || x.slot == branding.SquareLogoDark,
				Facts: append(s.notes[x.id], pictureWords(pic))}
		}
	}
	if strings.HasPrefix(x.id, textPrefix) {
		f.Hint = s.builtIn(p, strings.TrimPrefix(x.id, textPrefix))
	}
	return f
}

func swatch(value, below string, x element) string {
	for _, v := range []string{value, below} {
		if c, ok := branding.ParseHex(v); ok {
			return c.Hex()
		}
	}
	return choose(x.id == "color", "#252a38", "#f4f5f8")
}

// fitted is how large a picture is shown.
func fitted(w, h, mostW, mostH int) (int, int) {
	if w <= 0 || h <= 0 {
		return mostH, mostH
	}
	scale := min(1, float64(mostW)/float64(w), float64(mostH)/float64(h))
	return max(1, int(float64(w)*scale)), max(1, int(float64(h)*scale))
}

func pictureWords(p branding.Picture) string {
	words := fmt.Sprintf("Stored as %s, %d × %d, %s", strings.ToUpper(strings.TrimPrefix(p.Media, "image/")), p.Width, p.Height, kilobytes(p.Bytes))
	var more []string
	for _, s := range p.Smaller {
		more = append(more, fmt.Sprintf("%d × %d", s.Width, s.Height))
	}
	if len(more) > 0 {
		words += "; also " + strings.Join(more, " and ") + " for smaller screens"
	}
	return words
}

func kilobytes(n int) string {
	if n < 1000 {
		return strconv.Itoa(n) + " bytes"
	}
	return strconv.Itoa((n+512)>>10) + " KB"
}

// pictureFacts are what is known of the pictures that this page may show.
func (p *Portal) pictureFacts(c *fiber.Ctx, s studio) (map[string]branding.Picture, error) {
	hashes := append(s.Draft.Pictures(), s.v.dir.Branding.Company.Pictures()...)
	if len(hashes) == 0 {
		return nil, nil
	}
	return s.v.tenant.PictureFacts(c.UserContext(), hashes)
}

// contrast measures what is typed, over what holds otherwise.
func (s studio) contrast(e branding.Elements) []views.ContrastLine {
	for _, l := range s.below() {
		e = e.Over(l.Elements)
	}
	var out []views.ContrastLine
	for _, pair := range branding.Pairs(e.Color, e.Background, e.HeaderBackground) {
		line := views.ContrastLine{What: pairWords(pair), Ratio: ratioWords(pair.Ratio), Need: "At least " + ratioWords(pair.Need) + " is needed.", Tone: "ok", Of: pair.Of}
		switch {
		case pair.Passes():
		case pair.Dark: // a colour that suits both grounds is rare, and nothing has to be mended
			line.Tone, line.Says = "neutral", fmt.Sprintf("Dark pages draw %s, a lighter shade of it.", pair.Drawn.Hex())
		default:
			line.Tone = "warn"
			line.Says = fmt.Sprintf("%s on %s does not reach it. Pages draw %s in its place.", pair.Fore.Hex(), pair.Back.Hex(), pair.Drawn.Hex())
			if s.writes() {
				line.Take, line.Label = pair.Fix.Hex(), "Use "+pair.Fix.Hex()
			}
		}
		out = append(out, line)
	}
	return out
}

func pairWords(p branding.Pair) string {
	on := choose(p.Dark, "dark", "light")
	switch p.ID {
	case "button":
		return "Words on buttons"
	case "link":
		return "Links in the colour of the brand, on " + on + " pages"
	case "edge":
		return "Buttons against the box, on " + on + " pages"
	case "footer":
		return "Words at the foot, on the colour of the page"
	case "header":
		return "The name in the header"
	}
	return p.ID
}

// ratioWords never rounds a ratio up to one that it is not.
func ratioWords(r float64) string {
	s := strconv.FormatFloat(math.Floor(r*100+1e-9)/100, 'f', 2, 64)
	return strings.TrimSuffix(strings.TrimSuffix(s, "0"), ".0") + ":1"
}

// readElements puts what was posted of a tab over e. What the form did not carry stays.
func readElements(c *fiber.Ctx, tab string, e branding.Elements) branding.Elements {
	for _, x := range elementsOf(tab) {
		if x.kind == pictureElement || !c.Request().PostArgs().Has(x.id) && !c.Request().PostArgs().Has(x.id+".blank") {
			continue
		}
		v := typed(c, x.id)
		if x.kind == colorElement {
			v = colorText(v)
		}
		if v == "" && x.blank && ticked(c, x.id+".blank") {
			v = " "
		}
		x.set(&e, v)
	}
	return e
}

// colorText takes a colour as people write it. What is none stays, to be complained about.
func colorText(s string) string {
	for _, v := range []string{s, "#" + s} {
		if c, ok := branding.ParseHex(v); ok {
			return c.Hex()
		}
	}
	return s
}

// take is a colour that was offered and accepted.
func take(c *fiber.Ctx, e branding.Elements) branding.Elements {
	of, v, ok := strings.Cut(typed(c, "take"), "=")
	for _, x := range elements() {
		if ok && x.id == of && x.kind == colorElement {
			x.set(&e, v)
		}
	}
	if id := typed(c, "reset"); id != "" {
		for _, x := range elements() {
			if x.id == id {
				x.set(&e, "")
			}
		}
	}
	return e
}

// studioSave keeps one tab in the draft. Pictures come with it: one that is refused keeps nothing else from being saved.
func (p *Portal) studioSave(c *fiber.Ctx) error {
	v := visitOf(c)
	sent, refused, err := p.takePictures(c, v)
	if err != nil {
		return err
	}
	s, err := p.studying(c, typed(c, "language"))
	if err != nil {
		return err
	}
	revision := revised(c)
	e := s.own()
	for slot, pic := range sent.pictures {
		e.Pictures = putText(e.Pictures, slot, pic)
	}
	s.notes = sent.notes
	if len(sent.pictures) > 0 {
		if s.Branding, err = v.tenant.SaveBrandingDraft(c.UserContext(), v.actor(c), s.ID, with(s.Draft, s.lang, e), revision); err != nil {
			return p.studioRefused(c, s, readElements(c, s.tab, e), err)
		}
		revision = s.Revision
	}
	e = take(c, readElements(c, s.tab, e))
	if sent.css != nil {
		e.CSS = *sent.css
	}
	before := s.Revision
	after, err := v.tenant.SaveBrandingDraft(c.UserContext(), v.actor(c), s.ID, with(s.Draft, s.lang, e), revision)
	if err != nil {
		return p.studioRefused(c, s, e, err)
	}
	s.Branding = after
	if refused != nil {
		return p.studioShow(c, s, s.own(), refused)
	}
	words := "Draft of " + s.quoted() + " saved. Customers see it when you publish it."
	if before == after.Revision && len(sent.pictures) == 0 {
		words = "Nothing in " + s.quoted() + " is different now."
	}
	for _, id := range sent.order {
		words += " " + strings.Join(sent.notes[id], " ")
	}
	at := s.edit(s.tab, s.lang)
	if page := c.Query("page"); page != "" {
		at += "&page=" + page
	}
	return p.done(c, at, strings.TrimSpace(words))
}

// studioRefused shows what was typed over the newest draft, so that it can be sent again.
func (p *Portal) studioRefused(c *fiber.Ctx, s studio, e branding.Elements, problem error) error {
	now, err := p.studying(c, s.lang)
	if err != nil {
		return err
	}
	// Pictures are those of the newest draft, with the ones that were just sent.
	pictures := now.own().Pictures
	for _, x := range elementsOf(s.tab) {
		if hash := e.Pictures[x.slot]; x.slot != "" && hash != "" {
			pictures = putText(pictures, x.slot, hash)
		}
	}
	e.Pictures = pictures
	return p.studioShow(c, now, e, problem)
}

// received is what came as files.
type received struct {
	pictures map[branding.Slot]string
	notes    map[string][]string
	order    []string
	css      *string
}

// takePictures reads the files of a form, whatever stands before, between and behind them, and keeps the pictures. What
// is wrong with one is told at its field.
func (p *Portal) takePictures(c *fiber.Ctx, v *visit) (received, error, error) {
	out := received{pictures: map[branding.Slot]string{}, notes: map[string][]string{}}
	var bad fault.Fields
	if v.upload == nil {
		return out, nil, nil
	}
	if v.upload.file != nil {
		err := v.upload.each(func(part *multipart.Part) error {
			name := part.FormName()
			if name == "cssFile" {
				body, err := io.ReadAll(io.LimitReader(part, 1<<20))
				if text := strings.ReplaceAll(string(body), "\r\n", "\n"); err == nil {
					out.css = &text
				}
				return err
			}
			slot := branding.Slot(strings.TrimPrefix(name, "pictures."))
			if !slices.Contains(branding.Slots(), slot) || !slices.ContainsFunc(elementsOf(tabOfPage(c)), func(x element) bool { return x.slot == slot }) {
				return fiber.ErrBadRequest
			}
			made, err := v.tenant.SavePicture(c.UserContext(), v.actor(c), slot, part)
			if err != nil {
				e := fault.Of(err)
				switch {
				case e == nil || e.Code != fault.Invalid && e.Code != fault.Conflict:
					return err
				case len(e.Fields) > 0:
					bad.Add(name, e.Fields[0].Key, e.Fields[0].Args)
				default:
					bad.Add(name, e.Key, e.Args)
				}
				return nil
			}
			out.pictures[slot] = made.Hash
			for _, n := range made.Notes {
				out.notes[name] = append(out.notes[name], handlers.InfoOf(c).Locale.T(n.Key, n.Args))
			}
			out.order = append(out.order, name)
			return nil
		})
		if err != nil {
			return out, nil, err
		}
	}
	v.asForm(c)
	return out, bad.Err(), nil
}

// each hands over the file that was met first and every one behind it; the fields between them are kept.
func (u *upload) each(take func(*multipart.Part) error) error {
	left := uploadTyped
	for part := u.file; ; {
		if part.FileName() == "" {
			value, err := io.ReadAll(io.LimitReader(part, int64(left)+1))
			if left -= len(value); err != nil || left < 0 || len(u.fields) > 5*uploadFields {
				return fiber.ErrBadRequest
			}
			u.fields[part.FormName()] = string(value)
		} else {
			if err := take(part); err != nil {
				return err
			}
			if _, err := io.Copy(io.Discard, io.LimitReader(part, uploadDrained)); err != nil {
				return fiber.ErrBadRequest
			}
		}
		next, err := u.parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fiber.ErrBadRequest
		}
		part = next
	}
}

// review sums up what a language of the look sets, tab by tab.
func (s studio) review() []views.Section {
	var out []views.Section
	changes := lookChanges(s.Published, s.Draft)
	diff := views.Section{ID: "changes", Title: "What publishing would change", Says: changes}
	if len(changes) == 0 {
		diff.Says, diff.Empty = nil, "Nothing: customers see all of it already."
	} else if s.writes() {
		diff.Buttons = []views.Action{{Label: "Publish…", Href: s.base() + "/publish"}}
	}
	out = append(out, diff)
	own := s.own()
	for _, t := range studioTabs() {
		var list []views.Fact
		for _, x := range elementsOf(t.Value) {
			v := x.get(own)
			below, from := s.fallback(x)
			if t.Value == tabText && v == "" {
				continue
			}
			cell := plain(x.words(v))
			if v == "" {
				cell = views.Cell{Text: x.words(below), Tone: "soft", Sub: choose(from == "", "", "from "+from)}
			}
			list = append(list, views.Fact{Label: x.label, Value: cell, Change: choose(s.writes(), s.edit(t.Value, s.lang), "")})
		}
		if len(list) > 0 {
			out = append(out, views.Section{ID: "review-" + t.Value, Title: t.Label, Summary: list})
		}
	}
	return out
}
