package graph

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"portico/app/access"
	"portico/app/branding"
	"portico/app/fault"
)

// Branding as configuration (config.go): branding-pictures/ with the pictures by their hashes, branding/ with the
// company's look and branding-themes/ with the themes and the apps that have them. What is published is configuration;
// drafts and history are not.

// lookFile is a look as a file has it.
type lookFile struct {
	id, name string
	doc      branding.Document
	apps     []string // client ids
	known    map[string]string
}

func (a *API) lookFiles(plural string) *collection[lookFile] {
	r := &collection[lookFile]{path: []string{"portico", "branding"}, name: plural, typ: plural, plural: plural, id: func(l *lookFile) string { return l.id }}
	r.fields = []field[lookFile]{
		{name: "languages", get: func(l *lookFile) any { return shownDocument(l.doc).get("languages") }, set: func(l *lookFile, raw json.RawMessage) error {
			var said lookDocument
			if err := strict("languages", raw, &said); err != nil {
				return err
			}
			doc, err := readDocument(said, "languages")
			l.doc = doc
			return err
		}},
	}
	r.fresh = func(*call) lookFile { return lookFile{} }
	return r
}

// companyLook is the look of all apps that have no theme.
func (a *API) companyLook() *collection[lookFile] {
	r := a.lookFiles("branding")
	r.all = func(ctx context.Context, c *call) ([]lookFile, error) {
		b, err := c.tenant.Branding(ctx, branding.Company)
		return []lookFile{{id: b.ID, name: "company", doc: b.Published}}, err
	}
	r.update = func(ctx context.Context, c *call, _ lookFile, l *lookFile, _ func(*lookFile) error) error {
		return publishedFromFile(ctx, c, branding.Company, l.doc)
	}
	r.managing = &managing[lookFile]{key: "kind", keyOf: func(*lookFile) string { return "branding" }, name: func(*lookFile) string { return "company" }, fixed: true}
	return r
}

func publishedFromFile(ctx context.Context, c *call, id string, want branding.Document) error {
	_, err := c.tenant.EditPublishedBranding(ctx, c.actor(), id, "", func(doc *branding.Document) error {
		doc.Languages = maps.Clone(want.Languages)
		if doc.Languages == nil {
			doc.Languages = map[string]branding.Elements{}
		}
		return nil
	})
	return documentWords(err)
}

// themeFiles are the themes with their apps, by name.
func (a *API) themeFiles() *collection[lookFile] {
	r := a.lookFiles("branding-themes")
	r.fields = append(r.fields, field[lookFile]{name: "name", get: func(l *lookFile) any { return l.name }, set: setString("name", 120, func(l *lookFile) *string { return &l.name })},
		strs("applications", 10_000, 64, func(l *lookFile) *[]string { return &l.apps }))
	r.all = func(ctx context.Context, c *call) ([]lookFile, error) {
		all, err := c.tenant.Brandings(ctx)
		if err != nil {
			return nil, err
		}
		var out []lookFile
		for _, b := range all {
			if b.ID == branding.Company {
				continue
			}
			apps, err := clientsOf(ctx, c, b.Apps)
			if err != nil {
				return nil, err
			}
			out = append(out, lookFile{id: b.ID, name: b.Name, doc: b.Published, apps: apps})
		}
		return out, nil
	}
	bind := func(ctx context.Context, c *call, l *lookFile) error {
		return bindTheme(ctx, c, l.id, l.apps, "applications")
	}
	r.create = func(ctx context.Context, c *call, l *lookFile) error {
		made, err := c.tenant.CreateTheme(ctx, c.actor(), l.name)
		if err != nil {
			return err
		}
		l.id = made.ID
		if err := publishedFromFile(ctx, c, l.id, l.doc); err != nil {
			return err
		}
		return bind(ctx, c, l)
	}
	r.update = func(ctx context.Context, c *call, before lookFile, l *lookFile, _ func(*lookFile) error) error {
		if before.name != l.name {
			if err := c.tenant.RenameTheme(ctx, c.actor(), l.id, l.name); err != nil {
				return err
			}
		}
		if err := publishedFromFile(ctx, c, l.id, l.doc); err != nil {
			return err
		}
		return bind(ctx, c, l)
	}
	r.delete = func(ctx context.Context, c *call, l *lookFile) error {
		return c.tenant.DeleteTheme(ctx, c.actor(), l.id, c.caller.may(access.AppWrite))
	}
	r.managing = &managing[lookFile]{key: "name", keyOf: func(l *lookFile) string { return l.name }, name: func(l *lookFile) string { return l.name },
		// An app has one theme: those that a file takes away are free before another file takes them.
		release: func(ctx context.Context, c *call, l, want *lookFile) error {
			if want == nil {
				return nil
			}
			kept := slices.DeleteFunc(slices.Clone(l.apps), func(id string) bool {
				return !slices.ContainsFunc(want.apps, func(w string) bool { return strings.EqualFold(w, id) })
			})
			if len(kept) == len(l.apps) {
				return nil
			}
			return bindTheme(ctx, c, l.id, kept, "applications")
		}}
	return r
}

// clientsOf gives apps' client ids for their object ids.
func clientsOf(ctx context.Context, c *call, ids []string) ([]string, error) {
	out := []string{}
	for _, id := range ids {
		app, err := c.tenant.Application(ctx, id)
		if fault.Is(err, fault.NotFound) { // deleted, and may come back
			continue
		}
		if err != nil {
			return nil, err
		}
		out = append(out, app.ClientID)
	}
	slices.Sort(out)
	return out, nil
}

// bindTheme gives a theme to these apps and to no others.
func bindTheme(ctx context.Context, c *call, theme string, clients []string, property string) error {
	b, err := c.tenant.Branding(ctx, theme)
	if err != nil {
		return err
	}
	var want []string
	for _, id := range clients {
		app, err := c.tenant.ApplicationByClient(ctx, clientID(id))
		if fault.Is(err, fault.NotFound) {
			return invalidValue(property, ": there is no application '"+clipped(id)+"'")
		}
		if err != nil {
			return err
		}
		if want = append(want, app.ID); slices.Contains(b.Apps, app.ID) {
			continue
		}
		if err := c.tenant.SetAppTheme(ctx, c.actor(), app.ID, theme); err != nil {
			return err
		}
	}
	for _, id := range b.Apps {
		if slices.Contains(want, id) {
			continue
		}
		if err := c.tenant.SetAppTheme(ctx, c.actor(), id, ""); err != nil && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}

// pictureFile is a picture of a look that is published.
type pictureFile struct {
	hash string
	slot branding.Slot
	data []byte
}

// pictureFiles takes pictures that are missing. One without a file stays: nobody refers to it, and the program forgets
// it after 30 days.
type pictureFiles struct{ *collection[pictureFile] }

func (p pictureFiles) prune(_ context.Context, _ *call, files []configFile) ([]Change, error) {
	return nil, p.keyed(files)
}

// settle says of a picture that it is new, without pages of base64. Where else it stands is no change of the picture.
func (p pictureFiles) settle(ctx context.Context, c *call, files []configFile) ([]Change, error) {
	changes, err := p.collection.settle(ctx, c, files)
	var out []Change
	for _, change := range changes {
		if change.Action == "create" {
			change.Fields = nil
			out = append(out, change)
		}
	}
	return out, err
}

func (a *API) pictureFiles() *collection[pictureFile] {
	r := &collection[pictureFile]{path: []string{"portico", "brandingPictures"}, name: "branding-pictures", typ: "branding-pictures", plural: "branding-pictures",
		id: func(p *pictureFile) string { return p.hash }}
	r.fields = []field[pictureFile]{
		str("hash", 64, func(p *pictureFile) *string { return &p.hash }),
		str("place", 40, func(p *pictureFile) *string { return (*string)(&p.slot) }),
		{name: "content", createOnly: true, get: func(p *pictureFile) any { return p.data }, set: func(p *pictureFile, raw json.RawMessage) error {
			if err := json.Unmarshal(raw, &p.data); err != nil {
				return invalidValue("content", ": base64 is needed")
			}
			return nil
		}},
	}
	r.fresh = func(*call) pictureFile { return pictureFile{} }
	r.all = func(ctx context.Context, c *call) ([]pictureFile, error) {
		all, err := c.tenant.Brandings(ctx)
		if err != nil {
			return nil, err
		}
		hashes, slots := hashesOf(all)
		var out []pictureFile
		for _, hash := range hashes {
			data, _, err := c.tenant.Picture(ctx, hash)
			if err != nil {
				return nil, err
			}
			out = append(out, pictureFile{hash, slots[hash], data})
		}
		return out, nil
	}
	r.create = func(ctx context.Context, c *call, p *pictureFile) error {
		_, err := c.tenant.ImportPicture(ctx, c.actor(), p.slot, p.hash, p.data)
		if fault.Is(err, fault.NotFound) {
			return invalidValue("place", ": one of the places of pictures is needed, such as bannerLogo")
		}
		return renamed(err, func(string) string { return "content" })
	}
	// The place says only how large it may be: another one is no change of the picture.
	r.update = func(context.Context, *call, pictureFile, *pictureFile, func(*pictureFile) error) error { return nil }
	r.managing = &managing[pictureFile]{key: "hash", keyOf: func(p *pictureFile) string { return p.hash },
		name: func(p *pictureFile) string { return string(p.slot) + " " + p.hash[:min(8, len(p.hash))] }}
	return r
}
