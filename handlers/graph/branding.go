package graph

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"portico/app/access"
	"portico/app/branding"
	"portico/app/fault"
	"portico/app/i18n"
	"portico/app/tenant"
	"portico/handlers"
	"portico/handlers/graph/odata"
	"portico/models"
)

// brandedOrganization is /organization with what stands below …/{id}/branding (graph.md §12): the company's look, in
// other languages below localizations, and the themes of apps (beta). What is written here is published at once.
type brandedOrganization struct {
	*collection[organization]
	company, companyIn, theme *collection[look]
}

func (a *API) brandedOrganization() brandedOrganization {
	return brandedOrganization{a.organization(), a.looks("organizationalBranding"), a.looks("organizationalBrandingLocalization"), a.looks("organizationalBrandingThemeLocalization")}
}

// readBranding and writeBranding; what is no stream everybody may read of their own company.
func readBranding() []access.Permission {
	return []access.Permission{access.BrandingRead, access.OrganizationRead}
}

func writeBranding() []access.Permission {
	return []access.Permission{access.BrandingWrite, access.OrganizationWrite}
}

// look is one look in one language, as Graph has it.
type look struct {
	branding.Elements
	locale string // "" = for all
	facts  map[string]branding.Picture
	sheet  string // where the style sheet is, as pages have it; "" = nothing of it is left, or there is none
	host   string // that pictures and style sheets come from
	tenant tenant.Tenant
	words  *i18n.Localizer
}

// defaultLocale is Graph's id of what holds for all languages.
const defaultLocale = "0"

func localeID(lang string) string {
	if lang == "" {
		return defaultLocale
	}
	return lang
}

// localeOf reads the id of a localization.
func localeOf(said, property string) (string, error) {
	if said == defaultLocale || strings.EqualFold(said, "default") {
		return "", nil
	}
	tag, err := language.Parse(said)
	if err != nil || tag == language.Und {
		return "", invalidValue(property, ": '"+clipped(said)+"' is not a language; a tag such as fr-FR or de is needed")
	}
	return tag.String(), nil
}

// brandingScope is what a path below branding is about.
type brandingScope struct {
	brandedOrganization
	id    string            // of the look
	name  string            // in @odata.context
	at    string            // below the version
	shape *collection[look] // of one localization
}

func (r brandedOrganization) serve(ctx context.Context, c *call, keys map[string]string, rest []odata.Segment) (*response, error) {
	org, path := keys[""], rest
	if keys == nil && len(rest) > 0 {
		org, path = rest[0].Name, rest[1:]
	}
	if len(path) == 0 || len(keys) > 1 || !strings.EqualFold(path[0].Name, "branding") {
		return r.collection.serve(ctx, c, keys, rest)
	}
	var words []string
	for _, s := range withoutCasts(path) {
		words = append(words, s.Name)
		for _, key := range s.Keys {
			words = append(words, key)
		}
	}
	s := brandingScope{r, branding.Company, "branding", "/organization/" + c.caller.TenantID + "/branding", r.companyIn}
	words = words[1:]
	if len(words) > 0 && strings.EqualFold(words[0], "themes") {
		if c.version != "beta" {
			return nil, noSegment("themes")
		}
		return r.themes(ctx, c, org, words[1:])
	}
	return s.serve(ctx, c, org, words)
}

// here refuses other organizations than the caller's, after their rights were asked.
func here(c *call, org string) error {
	if !strings.EqualFold(org, c.caller.TenantID) {
		return notFound(org)
	}
	return nil
}

// mayBrand says whether the caller may do what the method does; a stream is not for everybody to read.
func mayBrand(c *call, stream bool) error {
	if c.method == http.MethodGet || c.method == http.MethodHead {
		if c.caller.may(readBranding()...) || c.caller.may(access.DirectoryRead) && !stream || !stream && c.caller.mine(c.caller.UserID, "User.Read") {
			return nil
		}
		return denied()
	}
	if !c.caller.may(writeBranding()...) {
		return denied()
	}
	return nil
}

// serve answers what is below a look: itself, its localizations, and streams of either.
func (s brandingScope) serve(ctx context.Context, c *call, org string, path []string) (*response, error) {
	localized := len(path) > 0 && strings.EqualFold(path[0], "localizations")
	below := path
	if localized {
		below = path[min(2, len(path)):]
	}
	stream, isStream := "", false
	if len(below) > 0 {
		stream, isStream = streamNamed(below[0])
	}
	if err := mayBrand(c, isStream); err != nil {
		return nil, err
	}
	if err := here(c, org); err != nil {
		return nil, err
	}
	b, err := c.tenant.Branding(ctx, s.id)
	if err != nil {
		return nil, absent(err, s.id)
	}
	if len(below) > 1 || len(below) == 1 && !isStream && s.shape.rank(below[0]) == len(s.shape.fields) {
		return nil, noSegment(below[len(below)-1])
	}
	switch {
	case localized && len(path) == 1:
		return s.list(ctx, c, b)
	case localized:
		lang, err := localeOf(path[1], "id")
		if err != nil {
			return nil, notFound(path[1])
		}
		if isStream {
			return s.stream(ctx, c, b, lang, stream)
		}
		return s.one(ctx, c, b, lang, below, s.shape)
	}
	lang, err := s.asked(c, b)
	switch {
	case err != nil:
		return nil, err
	case isStream:
		return s.stream(ctx, c, b, lang, stream)
	case s.id != branding.Company:
		return nil, noSegment(strings.Join(path, "/"))
	}
	return s.one(ctx, c, b, lang, below, s.company)
}

// asked is the language that the request means by Accept-Language. A client that lists what its person reads gets the
// first that there is, as does one that asks for a single language that there is not: what holds for all.
func (s brandingScope) asked(c *call, b models.Branding) (string, error) {
	said := strings.TrimSpace(c.header("Accept-Language"))
	if said == "" || said == "*" {
		return "", nil
	}
	if !strings.ContainsAny(said, ",;") {
		lang, err := localeOf(said, "Accept-Language")
		if err != nil {
			return "", err
		}
		_, there := b.Published.Languages[lang]
		if c.method != http.MethodGet && c.method != http.MethodHead || there {
			return lang, nil
		}
		return "", nil
	}
	if c.method != http.MethodGet && c.method != http.MethodHead {
		return "", nil
	}
	tags, _, err := language.ParseAcceptLanguage(said)
	if err != nil {
		return "", nil
	}
	for _, tag := range tags {
		if _, there := b.Published.Languages[tag.String()]; there {
			return tag.String(), nil
		}
	}
	return "", nil
}

// view is a localization as it is shown, with the address of its style sheet.
func (s brandingScope) view(ctx context.Context, c *call, doc branding.Document, lang string) (look, error) {
	l, err := s.look(ctx, c, doc, lang)
	sheet := branding.CompanySheet(l.CSS)
	if err != nil || sheet == "" {
		return l, err
	}
	hash, err := c.tenant.KeepStyleSheet(ctx, sheet) // what pages have inline nobody has kept yet
	l.sheet = handlers.SheetURL(l.tenant, hash)
	return l, err
}

// look is a localization with what reading and writing it needs.
func (s brandingScope) look(ctx context.Context, c *call, doc branding.Document, lang string) (look, error) {
	l := look{Elements: doc.Languages[lang], locale: lang, words: c.api.Words}
	facts, err := c.tenant.PictureFacts(ctx, doc.Pictures())
	if err != nil {
		return l, err
	}
	l.facts = facts
	_, l.host, _ = strings.Cut(c.base, "://")
	l.tenant, err = c.tenant.Get(ctx)
	return l, err
}

func (s brandingScope) one(ctx context.Context, c *call, b models.Branding, lang string, property []string, shape *collection[look]) (*response, error) {
	_, there := b.Published.Languages[lang]
	if lang == "" {
		there = len(b.Published.Languages) > 0
	}
	switch c.method {
	case http.MethodGet, http.MethodHead:
		if !there {
			return nil, notFound(s.name + "/" + localeID(lang))
		}
		l, err := s.view(ctx, c, b.Published, lang)
		if err != nil {
			return nil, err
		}
		if len(property) == 1 {
			f := shape.fields[shape.rank(property[0])]
			o, err := shape.render(ctx, c, &l, []field[look]{f})
			return valueOf(c, s.name+"/"+f.name, o.get(f.name)), err
		}
		shown, err := shape.shown(ctx, c, true)
		if err != nil {
			return nil, err
		}
		o, err := shape.render(ctx, c, &l, shown)
		if err != nil {
			return nil, err
		}
		if shape == s.shape {
			return c.entity(s.name+"/localizations/$entity", o), nil
		}
		return c.entity(s.name+"/$entity", o), nil
	case http.MethodPatch:
		if len(property) == 0 {
			d, err := c.json()
			if err != nil {
				return nil, err
			}
			if lang != "" && !there {
				return nil, notFound(s.name + "/" + localeID(lang))
			}
			return emptied(s.change(ctx, c, lang, shape, d, false))
		}
	case http.MethodDelete:
		if len(property) == 0 {
			if !there {
				return nil, notFound(s.name + "/" + localeID(lang))
			}
			return emptied(s.remove(ctx, c, lang))
		}
	}
	if len(property) > 0 {
		return nil, wrongMethod(http.MethodGet)
	}
	return nil, wrongMethod(http.MethodGet, http.MethodPatch, http.MethodDelete)
}

// change lays a document over what is published in a language and publishes that.
func (s brandingScope) change(ctx context.Context, c *call, lang string, shape *collection[look], d document, creating bool) error {
	_, err := c.tenant.EditPublishedBranding(ctx, c.actor(), s.id, "", func(doc *branding.Document) error {
		l, err := s.look(ctx, c, *doc, lang)
		if err != nil {
			return err
		}
		l.Pictures, l.Texts = maps.Clone(l.Pictures), maps.Clone(l.Texts)
		if _, err := shape.assign(ctx, c, d, &l, creating); err != nil {
			return err
		}
		doc.Languages[lang] = l.Elements
		return nil
	})
	return lookWords(err, lang, shape)
}

func (s brandingScope) remove(ctx context.Context, c *call, lang string) error {
	_, err := c.tenant.EditPublishedBranding(ctx, c.actor(), s.id, "", func(doc *branding.Document) error {
		delete(doc.Languages, lang)
		if lang == "" && len(doc.Languages) > 0 {
			return badRequest("Delete the localizations first: "+strings.Join(slices.Sorted(maps.Keys(doc.Languages)), ", ")+".", "localizations")
		}
		return nil
	})
	return err
}

// list answers localizations: GET lists what is published, what holds for all first; POST adds one.
func (s brandingScope) list(ctx context.Context, c *call, b models.Branding) (*response, error) {
	switch c.method {
	case http.MethodGet, http.MethodHead:
		var rows []look
		for _, lang := range slices.Sorted(maps.Keys(withDefault(b.Published.Languages))) {
			l, err := s.view(ctx, c, b.Published, lang)
			if err != nil {
				return nil, err
			}
			rows = append(rows, l)
		}
		all, err := s.shape.renderAll(ctx, c, rows, s.shape.fields)
		if err != nil {
			return nil, err
		}
		if c.opts.selected != nil { // a name that there is not is refused
			if _, err := s.shape.shown(ctx, c, true); err != nil {
				return nil, err
			}
		}
		return c.small(ctx, s.name+"/localizations", all)
	case http.MethodPost:
		d, err := c.json()
		if err != nil {
			return nil, err
		}
		key := s.shape.fields[0].name // id or locale
		var said string
		if raw, ok := d.values[key]; !ok || json.Unmarshal(raw, &said) != nil || said == "" {
			return nil, badRequest("A value is required for property '"+key+"': the language, such as fr-FR.", key)
		}
		lang, err := localeOf(said, key)
		switch _, there := b.Published.Languages[lang]; {
		case err != nil:
			return nil, err
		case lang == "" && s.id == branding.Company:
			return nil, invalidValue(key, ": the default is at "+s.at)
		case there:
			return nil, taken(key)
		}
		if err := s.change(ctx, c, lang, s.shape, withoutKey(d, key), true); err != nil {
			return nil, err
		}
		if b, err = c.tenant.Branding(ctx, s.id); err != nil {
			return nil, err
		}
		l, err := s.view(ctx, c, b.Published, lang)
		if err != nil {
			return nil, err
		}
		o, err := s.shape.render(ctx, c, &l, s.shape.fields)
		if err != nil {
			return nil, err
		}
		return c.created(s.name+"/localizations/$entity", o, s.at+"/localizations/"+localeID(lang)), nil
	}
	return nil, wrongMethod(http.MethodGet, http.MethodPost)
}

// withDefault adds what holds for all, which is there as soon as anything is.
func withDefault(languages map[string]branding.Elements) map[string]branding.Elements {
	if len(languages) == 0 {
		return nil
	}
	out := maps.Clone(languages)
	out[""] = languages[""]
	return out
}

// streamNamed recognises the properties that are files.
func streamNamed(said string) (string, bool) {
	for _, name := range streamNames() {
		if strings.EqualFold(said, name) {
			return name, true
		}
	}
	return "", false
}

const (
	styleStream = "customCSS"
	textStream  = "contentCustomization"
)

func streamNames() []string {
	var out []string
	for _, slot := range branding.Slots() {
		out = append(out, string(slot))
	}
	return append(out, styleStream, textStream)
}

// stream reads, writes and removes one file. Where nothing is set, reading it gives nothing.
func (s brandingScope) stream(ctx context.Context, c *call, b models.Branding, lang, name string) (*response, error) {
	e, there := b.Published.Languages[lang]
	if lang != "" && !there {
		return nil, notFound(s.name + "/localizations/" + lang)
	}
	switch c.method {
	case http.MethodGet, http.MethodHead:
		if len(b.Published.Languages) == 0 && s.id == branding.Company {
			return nil, notFound(s.name)
		}
		return s.read(ctx, c, e, name)
	case http.MethodPut, http.MethodPatch:
		return emptied(s.write(ctx, c, lang, name))
	case http.MethodDelete:
		if len(b.Published.Languages) == 0 {
			return nil, notFound(s.name)
		}
		return emptied(s.edit(ctx, c, lang, name, func(e *branding.Elements) error {
			switch name {
			case styleStream:
				e.CSS = ""
			case textStream:
				e.Texts = nil
			default:
				delete(e.Pictures, branding.Slot(name))
			}
			return nil
		}))
	}
	return nil, wrongMethod(http.MethodGet, http.MethodPut, http.MethodPatch, http.MethodDelete)
}

func (s brandingScope) read(ctx context.Context, c *call, e branding.Elements, name string) (*response, error) {
	switch name {
	case styleStream:
		return &response{status: http.StatusOK, raw: []byte(e.CSS), kind: "text/css; charset=utf-8"}, nil
	case textStream:
		raw, err := encode(shownLookTexts(e))
		return &response{status: http.StatusOK, raw: raw, kind: "application/json"}, err
	}
	hash := e.Pictures[branding.Slot(name)]
	if hash == "" {
		return &response{status: http.StatusOK, raw: []byte{}, kind: "application/octet-stream"}, nil
	}
	data, facts, err := c.tenant.Picture(ctx, hash)
	if err != nil {
		return nil, absent(err, name)
	}
	return &response{status: http.StatusOK, raw: data, kind: facts.Media}, nil
}

func (s brandingScope) edit(ctx context.Context, c *call, lang, name string, change func(*branding.Elements) error) error {
	_, err := c.tenant.EditPublishedBranding(ctx, c.actor(), s.id, "", func(doc *branding.Document) error {
		e, there := doc.Languages[lang]
		if lang != "" && !there {
			return notFound(s.name + "/localizations/" + lang)
		}
		e.Pictures = maps.Clone(e.Pictures)
		if e.Pictures == nil {
			e.Pictures = map[branding.Slot]string{}
		}
		if err := change(&e); err != nil {
			return err
		}
		doc.Languages[lang] = e
		return nil
	})
	return renamed(err, func(string) string { return name })
}

func (s brandingScope) write(ctx context.Context, c *call, lang, name string) error {
	media, _, _ := strings.Cut(c.header("Content-Type"), ";")
	media = strings.ToLower(strings.TrimSpace(media))
	takes := func(kinds ...string) error {
		if media == "" || media == "application/octet-stream" || slices.ContainsFunc(kinds, func(k string) bool { return media == k || strings.HasSuffix(k, "/") && strings.HasPrefix(media, k) }) {
			return nil
		}
		return &Error{Status: http.StatusUnsupportedMediaType, Code: codeBadRequest, Target: name,
			Message: "The media type '" + clipped(media) + "' is not supported for '" + name + "'; send " + strings.Join(kinds, " or ") + "."}
	}
	if len(bytes.TrimSpace(c.body)) == 0 {
		return badRequest("The content of '"+name+"' is needed in the body; DELETE removes it.", name)
	}
	switch name {
	case styleStream:
		if err := takes("text/css", "text/plain"); err != nil {
			return err
		}
		return s.edit(ctx, c, lang, name, func(e *branding.Elements) error { e.CSS = string(c.body); return nil })
	case textStream:
		if err := takes("application/json", "text/json", "text/plain"); err != nil {
			return err
		}
		texts, err := readTexts(c.api.Words, c.body)
		if err != nil {
			return err
		}
		return s.edit(ctx, c, lang, name, func(e *branding.Elements) error { e.Texts = texts; return nil })
	}
	if media == "image/svg+xml" {
		return pictureWords(branding.PictureProblem(branding.Slot(name), "svg"), c, name)
	}
	if err := takes("image/png", "image/jpeg", "image/"); err != nil {
		return err
	}
	made, err := c.tenant.SavePicture(ctx, c.actor(), branding.Slot(name), bytes.NewReader(c.body))
	if err != nil {
		return pictureWords(err, c, name)
	}
	return s.edit(ctx, c, lang, name, func(e *branding.Elements) error { e.Pictures[branding.Slot(name)] = made.Hash; return nil })
}

// pictureWords gives a complaint about an upload the status that HTTP has for it.
func pictureWords(err error, c *call, name string) error {
	f := fault.Of(err)
	if f.Code != fault.Invalid || len(f.Fields) == 0 {
		return err
	}
	e := asError(renamed(err, func(string) string { return name }), c.api.Words)
	switch strings.TrimPrefix(f.Fields[0].Key, "branding.picture.") {
	case "large":
		e.Status = http.StatusRequestEntityTooLarge
	case "svg", "kind", "foreign", "ico":
		e.Status = http.StatusUnsupportedMediaType
	}
	return e
}

// pictureLimit is how large a body may be, on the wire and inflated, by its path.
func pictureLimit(path string) (limit int, pictures bool) {
	path = strings.ToLower(path)
	if strings.HasPrefix(path, "/organization") && strings.Contains(path, "/branding/") {
		return handlers.PictureBody, true
	}
	return maxBody, false
}
