package graph

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"portico/app/branding"
	"portico/app/fault"
	"portico/handlers/graph/odata"
	"portico/models"
)

// brandings is /beta/portico/branding: the looks with their drafts and their history, which the vendor has not. A
// document is {"languages": {"0": {…}, "fr-FR": {…}}} with the elements as Portico names them.
func (a *API) brandings() *collection[models.Branding] {
	r := &collection[models.Branding]{
		path: []string{"portico", "branding"}, name: "portico/branding", typ: "porticoBranding", beta: true,
		read: readBranding(), write: writeBranding(), normalPage: 100, largestPage: 999, order: odata.Order{Path: "name"}, counts: true,
		id: func(b *models.Branding) string { return b.ID },
	}
	r.fields = []field[models.Branding]{
		readOnly("id", func(b *models.Branding) any { return b.ID }),
		readOnly("name", func(b *models.Branding) any { return shownTheme(*b).get("name") }).sortable(func(b *models.Branding) any { return folded(b.Name) }),
		readOnly("version", func(b *models.Branding) any { return b.Version }),
		readOnly("hasDraft", func(b *models.Branding) any { return b.Changed }),
		readOnly("revision", func(b *models.Branding) any { return b.Revision }),
		readOnly("draftSavedBy", func(b *models.Branding) any {
			if !b.Changed {
				return nil
			}
			return text(b.DraftBy)
		}),
		readOnly("lastModifiedDateTime", func(b *models.Branding) any { return stamp(b.UpdatedAt) }),
		readOnly("applications", func(b *models.Branding) any { return list(b.Apps) }),
		readOnly("published", func(b *models.Branding) any { return shownDocument(b.Published) }),
	}
	r.all = func(ctx context.Context, c *call) ([]models.Branding, error) { return c.tenant.Brandings(ctx) }
	r.find = func(ctx context.Context, c *call, _, key string) (*models.Branding, error) {
		b, err := c.tenant.Branding(ctx, strings.ToLower(key))
		return &b, err
	}
	read, write := r.read, r.write
	r.actions = []action[models.Branding]{
		{method: http.MethodGet, path: "draft", need: read, run: readBrandingDraft},
		{method: http.MethodPut, path: "draft", need: write, run: saveBrandingDraft},
		{method: http.MethodPatch, path: "draft", need: write, run: saveBrandingDraft},
		{method: http.MethodDelete, path: "draft", need: write, run: func(ctx context.Context, c *call, b *models.Branding) (*response, error) {
			revision, err := brandingRevision(c, b, nil)
			if err != nil {
				return nil, err
			}
			return emptied(c.tenant.DiscardBrandingDraft(ctx, c.actor(), b.ID, revision))
		}},
		{method: http.MethodPost, path: "publish", need: write, run: publishBranding},
		{method: http.MethodGet, path: "versions", need: read, run: brandingVersions},
		{method: http.MethodGet, path: "versions/{n}", need: read, run: brandingVersions},
		{method: http.MethodPost, path: "versions/{n}/restore", need: write, run: restoreBranding},
		{method: http.MethodPost, path: "restore", need: write, run: restoreBranding},
	}
	return r
}

type lookDocument map[string]branding.Elements

// shownDocument says "0" for what holds for all languages, as Graph does.
func shownDocument(doc branding.Document) object {
	out := lookDocument{}
	for lang, e := range doc.Languages {
		out[localeID(lang)] = e
	}
	return object{{"languages", out}}
}

func readDocument(in lookDocument, property string) (branding.Document, error) {
	doc := branding.Document{Languages: map[string]branding.Elements{}}
	for said, e := range in {
		lang, err := localeOf(said, property)
		if err != nil {
			return doc, err
		}
		if _, twice := doc.Languages[lang]; twice {
			return doc, invalidValue(property, ": '"+clipped(said)+"' stands twice")
		}
		doc.Languages[lang] = e
	}
	return doc, nil
}

// documentWords names the places in a document that a complaint is about.
func documentWords(err error) error {
	return renamed(err, func(name string) string {
		if name == "languages" || name == "note" || name == "revision" {
			return name
		}
		lang, rest, ok := strings.Cut(name, ".")
		if tag, err := localeOf(lang, ""); !ok || err != nil || tag != lang {
			lang, rest = defaultLocale, name
		}
		return "languages/" + lang + "/" + strings.ReplaceAll(rest, ".", "/")
	})
}

// brandingRevision is the one that a change refers to: that of the body or of If-Match, else whichever there is.
func brandingRevision(c *call, b *models.Branding, said *int) (int, error) {
	if said != nil {
		return *said, nil
	}
	tag := strings.TrimSpace(c.header("If-Match"))
	if tag == "" || tag == "*" {
		return b.Revision, nil
	}
	if own := draftTag(b.Revision); tag != own && tag != strings.TrimPrefix(own, "W/") {
		return 0, &Error{Status: http.StatusPreconditionFailed, Code: codePrecondition, Target: "If-Match",
			Message: "The draft is not the one that If-Match names any more. Read it, then make the change again."}
	}
	return b.Revision, nil
}

func readBrandingDraft(_ context.Context, c *call, b *models.Branding) (*response, error) {
	if !b.Changed {
		return nil, notFound("draft")
	}
	return shownDraft(c, *b), nil
}

func shownDraft(c *call, b models.Branding) *response {
	head := object{{"@odata.etag", draftTag(b.Revision)}, {"revision", b.Revision}, {"baseVersion", b.Version}, {"hasDraft", b.Changed},
		{"savedDateTime", stamp(b.DraftAt)}, {"savedBy", text(b.DraftBy)}}
	return c.entity("portico/branding('"+b.ID+"')/draft/$entity", append(head, shownDocument(b.Draft)...)).set("ETag", draftTag(b.Revision))
}

// saveBrandingDraft replaces the draft (PUT), or lays the languages and elements of the body over it (PATCH; null
// removes).
func saveBrandingDraft(ctx context.Context, c *call, b *models.Branding) (*response, error) {
	d, err := c.json()
	if err != nil {
		return nil, err
	}
	var revision *int
	var said lookDocument
	for _, name := range d.names {
		switch name {
		case "revision":
			err = strict(name, d.values[name], &revision)
		case "languages":
			raw := d.values[name]
			if c.method == http.MethodPatch {
				if raw, err = patchedLanguages(b.Draft, raw); err != nil {
					return nil, err
				}
			}
			err = strict(name, raw, &said)
		case "hasDraft", "baseVersion", "savedDateTime", "savedBy": // what was read can be sent back
		default:
			err = badRequest("Invalid property '"+name+"'.", name)
		}
		if err != nil {
			return nil, err
		}
	}
	if said == nil {
		return nil, badRequest("A value is required for property 'languages'.", "languages")
	}
	at, err := brandingRevision(c, b, revision)
	if err != nil {
		return nil, err
	}
	doc, err := readDocument(said, "languages")
	if err != nil {
		return nil, err
	}
	saved, err := c.tenant.SaveBrandingDraft(ctx, c.actor(), b.ID, doc, at)
	if err != nil {
		return nil, documentWords(err)
	}
	return shownDraft(c, saved), nil
}

func patchedLanguages(have branding.Document, raw json.RawMessage) (json.RawMessage, error) {
	before, err := decoded(shownDocument(have).get("languages"))
	if err != nil {
		return nil, err
	}
	patch, err := decoded(raw)
	if _, ok := patch.(map[string]any); err != nil || !ok {
		return nil, badRequest("An object was expected for property 'languages'.", "languages")
	}
	return encode(withoutNulls(merged(before, patch)))
}

func withoutNulls(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	maps.DeleteFunc(m, func(_ string, inner any) bool { return inner == nil })
	for k, inner := range m {
		m[k] = withoutNulls(inner)
	}
	return m
}

// publishBranding shows the draft to customers. It names the revision that was looked at: what somebody else saved
// meanwhile is never published unseen.
func publishBranding(ctx context.Context, c *call, b *models.Branding) (*response, error) {
	var revision *int
	var note string
	if err := c.bodyOf(map[string]any{"revision": &revision, "note": &note}); err != nil {
		return nil, err
	}
	if revision == nil && c.header("If-Match") == "" && b.Changed {
		return nil, badRequest("Name the revision of the draft that you have seen, in 'revision' or by If-Match.", "revision")
	}
	at, err := brandingRevision(c, b, revision)
	if err != nil {
		return nil, err
	}
	made, err := c.tenant.PublishBranding(ctx, c.actor(), b.ID, at, note)
	if err != nil {
		return nil, documentWords(err)
	}
	return c.entity("portico/branding/$entity", object{{"id", b.ID}, {"version", made.Version}, {"revision", made.Revision}}), nil
}

func brandingVersions(ctx context.Context, c *call, b *models.Branding) (*response, error) {
	versions, err := c.tenant.BrandingVersions(ctx, b.ID)
	if err != nil {
		return nil, err
	}
	out := []object{}
	for _, v := range versions {
		o := object{{"version", v.Version}, {"isPublished", v.Version == b.Version}, {"publishedDateTime", stamp(v.CreatedAt)}, {"publishedBy", text(v.ActorName)}, {"note", text(v.Note)}}
		if c.params["n"] == strconv.Itoa(v.Version) {
			return c.entity("portico/branding('"+b.ID+"')/versions/$entity", append(o, shownDocument(v.Document)...)), nil
		}
		out = append(out, o)
	}
	if n := c.params["n"]; n != "" {
		return nil, notFound(n)
	}
	return valueOf(c, "portico/branding('"+b.ID+"')/versions", out), nil
}

// restoreBranding makes an earlier version the draft; nothing is published by it.
func restoreBranding(ctx context.Context, c *call, b *models.Branding) (*response, error) {
	var revision *int
	var version int
	if err := c.bodyOf(map[string]any{"revision": &revision, "version": &version}); err != nil {
		return nil, err
	}
	if n, ok := c.params["n"]; ok {
		var err error
		if version, err = strconv.Atoi(n); err != nil {
			return nil, notFound(n)
		}
	}
	at, err := brandingRevision(c, b, revision)
	if err != nil {
		return nil, err
	}
	saved, err := c.tenant.RestoreBranding(ctx, c.actor(), b.ID, version, at)
	switch {
	case fault.Is(err, fault.NotFound):
		return nil, notFound(strconv.Itoa(version))
	case err != nil:
		return nil, documentWords(err)
	}
	return shownDraft(c, saved), nil
}

// hashesOf lists the pictures of looks, each with a place that it stands in.
func hashesOf(all []models.Branding) (hashes []string, slots map[string]branding.Slot) {
	slots = map[string]branding.Slot{}
	for _, slot := range branding.Slots() {
		for _, b := range all {
			for _, e := range b.Published.Languages {
				if hash := e.Pictures[slot]; hash != "" && slots[hash] == "" {
					slots[hash] = slot
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(slots)), slots
}
