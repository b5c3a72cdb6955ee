package models

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"portico/app/audit"
	"portico/app/branding"
	"portico/app/fault"
)

// BrandingRow is one look: the company's, whose id is branding.Company, or a theme for some apps. Draft is what
// admins work at beside what is published; "" when there is none.
type BrandingRow struct {
	TenantID   string `gorm:"primaryKey;size:36"`
	ID         string `gorm:"primaryKey;size:36"`
	Name       string
	Draft      string `gorm:"type:text"` // branding.Document as JSON
	DraftAt    *time.Time
	DraftActor string
	Revision   int    // rises with every change of draft or published: who saves names the one that they saw
	Published  string `gorm:"type:text"`
	Version    int    // of Published; 0 = nothing is published yet
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

func (BrandingRow) TableName() string { return "brandings" }

// BrandingVersionRow keeps every published version.
type BrandingVersionRow struct {
	TenantID   string `gorm:"primaryKey;size:36"`
	BrandingID string `gorm:"primaryKey;size:36"`
	Version    int    `gorm:"primaryKey;autoIncrement:false"`
	Document   string `gorm:"type:text"`
	Note       string
	CreatedAt  time.Time
	ActorName  string
}

func (BrandingVersionRow) TableName() string { return "branding_versions" }

// BrandingAppRow gives a theme to an app.
type BrandingAppRow struct {
	TenantID   string `gorm:"primaryKey;size:36"`
	AppID      string `gorm:"primaryKey;size:36"`
	BrandingID string `gorm:"size:36"`
}

func (BrandingAppRow) TableName() string { return "branding_apps" }

// Branding is one look with its draft.
type Branding struct {
	ID, Name  string
	Published branding.Document
	Draft     branding.Document // what is published, when nobody works at it
	Changed   bool              // there is a draft
	Revision  int               // the next save names it
	Version   int               // of what is published; 0 = nothing is
	DraftAt   time.Time
	DraftBy   string
	UpdatedAt time.Time
	Apps      []string // object ids of the apps that have this theme
}

// BrandingVersion is one published version.
type BrandingVersion struct {
	branding.Document
	Version   int
	Note      string
	CreatedAt time.Time
	ActorName string
}

func (r BrandingRow) value() (Branding, error) {
	b := Branding{ID: r.ID, Name: r.Name, Revision: r.Revision, Version: r.Version, Changed: r.Draft != "",
		DraftAt: timeOf(r.DraftAt), DraftBy: r.DraftActor, UpdatedAt: r.UpdatedAt.UTC()}
	var err error
	if b.Published, err = documentOf(r.Published, r.ID); err != nil {
		return b, err
	}
	b.Draft, err = documentOf(cmp.Or(r.Draft, r.Published), r.ID)
	return b, err
}

func documentOf(text, id string) (branding.Document, error) {
	var d branding.Document
	if text == "" {
		return d, nil
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		return d, badJSON("branding", id, err)
	}
	return d, nil
}

func brandingEvent(id, name, activity, operation string, changes []audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "Branding", Operation: operation,
		Target: audit.Target{Kind: "branding", ID: id, Name: cmp.Or(name, id)}, Changes: changes}
}

// Brandings lists the tenant's looks: the company's first, also when nobody has touched it, then themes by name.
func (t *Tenant) Brandings(ctx context.Context) ([]Branding, error) {
	var rows []BrandingRow
	if err := t.q(ctx).Find(&rows).Error; err != nil {
		return nil, err
	}
	apps, err := t.brandingApps(ctx)
	if err != nil {
		return nil, err
	}
	out := []Branding{{ID: branding.Company}}
	for _, r := range rows {
		b, err := r.value()
		if err != nil {
			return nil, err
		}
		if b.ID == branding.Company {
			out[0] = b
			continue
		}
		for app, theme := range apps {
			if theme == b.ID {
				b.Apps = append(b.Apps, app)
			}
		}
		slices.Sort(b.Apps)
		out = append(out, b)
	}
	slices.SortFunc(out[1:], func(a, b Branding) int {
		return cmp.Or(cmp.Compare(fold(a.Name), fold(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return out, nil
}

func (t *Tenant) brandingApps(ctx context.Context) (map[string]string, error) {
	var rows []BrandingAppRow
	if err := t.q(ctx).Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make(map[string]string, len(rows))
	for _, r := range rows {
		out[r.AppID] = r.BrandingID
	}
	return out, nil
}

// Branding reads one look; fault.NotFound when there is no theme of that id. The company's is always there.
func (t *Tenant) Branding(ctx context.Context, id string) (Branding, error) {
	all, err := t.Brandings(ctx)
	if err != nil {
		return Branding{}, err
	}
	for _, b := range all {
		if b.ID == id {
			return b, nil
		}
	}
	return Branding{}, fault.New(fault.NotFound, "error.not_found")
}

const mostThemes = 500

// CreateTheme makes a theme that no app has yet and that says nothing.
func (t *Tenant) CreateTheme(ctx context.Context, actor audit.Actor, name string) (Branding, error) {
	var b Branding
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		name = strings.TrimSpace(name)
		id := uuid.NewString()
		if _, _, err := t.lockBranding(ctx, branding.Company); err != nil { // one name at a time
			return audit.Event{}, err
		}
		all, err := t.Brandings(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		if len(all) > mostThemes {
			return audit.Event{}, fault.New(fault.Conflict, "branding.themes.many")
		}
		if err := themeNameFree(all, id, name); err != nil {
			return audit.Event{}, err
		}
		row := BrandingRow{TenantID: t.ID, ID: id, Name: name, Revision: 1, CreatedAt: t.Now(), UpdatedAt: t.Now()}
		if b, err = row.value(); err != nil {
			return audit.Event{}, err
		}
		return brandingEvent(id, name, "Create theme", "Add", nil), t.w(ctx).Create(&row).Error
	})
	return b, err
}

func themeNameFree(all []Branding, id, name string) error {
	switch {
	case name == "":
		return fault.BadField("name", "branding.theme.name.empty", nil)
	case len([]rune(name)) > 120:
		return fault.BadField("name", "branding.theme.name.long", map[string]any{"most": 120})
	}
	for _, b := range all {
		if b.ID != id && b.ID != branding.Company && fold(b.Name) == fold(name) {
			return nameTaken("branding.theme.name.taken", name)
		}
	}
	return nil
}

// RenameTheme gives a theme another name. The company's look has none.
func (t *Tenant) RenameTheme(ctx context.Context, actor audit.Actor, id, name string) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		name = strings.TrimSpace(name)
		if _, _, err := t.lockBranding(ctx, branding.Company); err != nil { // one name at a time
			return audit.Event{}, err
		}
		all, err := t.Brandings(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		before, err := themeOf(all, id)
		if err != nil || before.Name == name {
			return audit.Event{}, err
		}
		if err := themeNameFree(all, id, name); err != nil {
			return audit.Event{}, err
		}
		return brandingEvent(id, name, "Rename theme", "Update", []audit.Change{{Property: "name", Old: before.Name, New: name}}),
			oneRow(t.u(ctx).Model(&BrandingRow{}).Where("id = ?", id).Updates(map[string]any{"name": name, "updated_at": t.Now()}))
	})
}

func themeOf(all []Branding, id string) (Branding, error) {
	for _, b := range all {
		if b.ID == id && id != branding.Company {
			return b, nil
		}
	}
	return Branding{}, fault.New(fault.NotFound, "error.not_found")
}

// DeleteTheme removes a theme with its history; apps that have it look like the company again, which is refused unless the
// actor may change applications too (R 3.5.2).
func (t *Tenant) DeleteTheme(ctx context.Context, actor audit.Actor, id string, mayApps bool) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		all, err := t.Brandings(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		b, err := themeOf(all, id)
		if err != nil {
			return audit.Event{}, err
		}
		if len(b.Apps) > 0 && !mayApps {
			return audit.Event{}, fault.New(fault.Denied, "branding.theme.needs_apps")
		}
		for _, of := range []any{&BrandingAppRow{}, &BrandingVersionRow{}} {
			if err := t.u(ctx).Where("branding_id = ?", id).Delete(of).Error; err != nil {
				return audit.Event{}, err
			}
		}
		var changes []audit.Change
		if len(b.Apps) > 0 {
			changes = []audit.Change{{Property: "apps", Old: b.Apps}}
		}
		return brandingEvent(id, b.Name, "Delete theme", "Delete", changes), oneRow(t.u(ctx).Where("id = ?", id).Delete(&BrandingRow{}))
	})
}

// SetAppTheme gives an app a theme, at once; "" takes it away.
func (t *Tenant) SetAppTheme(ctx context.Context, actor audit.Actor, appID, themeID string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		a, err := t.Application(ctx, appID)
		if err != nil {
			return audit.Event{}, err
		}
		all, err := t.Brandings(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		had, err := t.brandingApps(ctx)
		if err != nil || had[appID] == themeID {
			return audit.Event{}, err
		}
		if err := t.u(ctx).Where("app_id = ?", appID).Delete(&BrandingAppRow{}).Error; err != nil {
			return audit.Event{}, err
		}
		e := applicationEvent(a, "Change theme of application", "Update", []audit.Change{{Property: "theme", Old: had[appID], New: themeID}})
		if themeID == "" {
			return e, nil
		}
		if _, err := themeOf(all, themeID); err != nil {
			return audit.Event{}, fault.BadField("theme", "branding.theme.unknown", nil)
		}
		return e, t.w(ctx).Create(&BrandingAppRow{TenantID: t.ID, AppID: appID, BrandingID: themeID}).Error
	})
}

// lockBranding reads a look for writing; the company's row comes into being here.
func (t *Tenant) lockBranding(ctx context.Context, id string) (BrandingRow, Branding, error) {
	var rows []BrandingRow
	if err := t.lock(ctx).Where("id = ?", id).Find(&rows).Error; err != nil {
		return BrandingRow{}, Branding{}, err
	}
	if len(rows) == 0 {
		if id != branding.Company {
			return BrandingRow{}, Branding{}, fault.New(fault.NotFound, "error.not_found")
		}
		rows = []BrandingRow{{TenantID: t.ID, ID: id, CreatedAt: t.Now(), UpdatedAt: t.Now()}}
		if err := t.w(ctx).Create(&rows[0]).Error; err != nil {
			return rows[0], Branding{}, taken(err, "", "branding.draft.moved", nil)
		}
	}
	b, err := rows[0].value()
	return rows[0], b, err
}

func brandingMoved(row BrandingRow, revision int) error {
	if row.Revision == revision {
		return nil
	}
	if row.DraftActor == "" {
		return fault.New(fault.Conflict, "branding.draft.moved")
	}
	return &fault.Error{Code: fault.Conflict, Key: "branding.draft.changed", Args: map[string]any{"name": row.DraftActor}}
}

// SaveBrandingDraft keeps what an admin works at; customers see nothing of it. revision is the one that the admin saw:
// fault.Conflict when somebody saved, published or discarded something in between.
func (t *Tenant) SaveBrandingDraft(ctx context.Context, actor audit.Actor, id string, doc branding.Document, revision int) (Branding, error) {
	var b Branding
	err := t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		row, before, err := t.lockBranding(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		if err := brandingMoved(row, revision); err != nil {
			return audit.Event{}, err
		}
		if err := t.checkBranding(ctx, doc); err != nil {
			return audit.Event{}, err
		}
		changes := documentChanges(before.Draft, doc)
		if len(changes) == 0 {
			b = before
			return audit.Event{}, nil
		}
		if row.Draft, err = packDocument(doc); err != nil {
			return audit.Event{}, err
		}
		if row.Draft == row.Published || row.Published == "" && row.Draft == "{}" { // nothing more than customers see
			row.Draft = ""
		}
		if b, err = t.keepBranding(ctx, actor, row); err != nil {
			return audit.Event{}, err
		}
		return brandingEvent(id, row.Name, "Save draft of branding", "Update", changes), nil
	})
	return b, err
}

// keepBranding writes a row that was locked and changed.
func (t *Tenant) keepBranding(ctx context.Context, actor audit.Actor, row BrandingRow) (Branding, error) {
	now := t.Now()
	row.Revision, row.DraftActor, row.DraftAt, row.UpdatedAt = row.Revision+1, actor.Name, &now, now
	err := oneRow(t.u(ctx).Model(&BrandingRow{}).Where("id = ?", row.ID).Updates(map[string]any{"draft": row.Draft, "draft_at": row.DraftAt,
		"draft_actor": row.DraftActor, "revision": row.Revision, "published": row.Published, "version": row.Version, "updated_at": now}))
	if err != nil {
		return Branding{}, err
	}
	return row.value()
}

// PublishBranding shows the draft to customers, as the next version.
func (t *Tenant) PublishBranding(ctx context.Context, actor audit.Actor, id string, revision int, note string) (Branding, error) {
	var b Branding
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		row, before, err := t.lockBranding(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		if err := brandingMoved(row, revision); err != nil {
			return audit.Event{}, err
		}
		if row.Draft == "" {
			return audit.Event{}, fault.New(fault.Conflict, "branding.draft.none")
		}
		note = strings.TrimSpace(note)
		if len([]rune(note)) > 500 {
			return audit.Event{}, fault.BadField("note", "branding.text.long", map[string]any{"most": 500, "length": len([]rune(note))})
		}
		if err := t.checkBranding(ctx, before.Draft); err != nil {
			return audit.Event{}, err
		}
		row.Published, row.Draft, row.Version = row.Draft, "", row.Version+1
		err = t.w(ctx).Create(&BrandingVersionRow{TenantID: t.ID, BrandingID: id, Version: row.Version, Document: row.Published,
			Note: note, CreatedAt: t.Now(), ActorName: actor.Name}).Error
		if err != nil {
			return audit.Event{}, err
		}
		if b, err = t.keepBranding(ctx, actor, row); err != nil {
			return audit.Event{}, err
		}
		changes := append([]audit.Change{{Property: "version", Old: before.Version, New: row.Version}}, documentChanges(before.Published, b.Published)...)
		return brandingEvent(id, row.Name, "Publish branding", "Update", changes), nil
	})
	return b, err
}

// DiscardBrandingDraft forgets what was not published.
func (t *Tenant) DiscardBrandingDraft(ctx context.Context, actor audit.Actor, id string, revision int) error {
	return t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		row, before, err := t.lockBranding(ctx, id)
		if err != nil || row.Draft == "" {
			return audit.Event{}, err
		}
		if err := brandingMoved(row, revision); err != nil {
			return audit.Event{}, err
		}
		row.Draft = ""
		if _, err := t.keepBranding(ctx, actor, row); err != nil {
			return audit.Event{}, err
		}
		return brandingEvent(id, row.Name, "Discard draft of branding", "Update", documentChanges(before.Draft, before.Published)), nil
	})
}

// BrandingVersions lists what was published, newest first.
func (t *Tenant) BrandingVersions(ctx context.Context, id string) ([]BrandingVersion, error) {
	var rows []BrandingVersionRow
	if err := t.q(ctx).Where("branding_id = ?", id).Order("version DESC").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]BrandingVersion, len(rows))
	for i, r := range rows {
		doc, err := documentOf(r.Document, r.BrandingID)
		if err != nil {
			return nil, err
		}
		out[i] = BrandingVersion{Document: doc, Version: r.Version, Note: r.Note, CreatedAt: r.CreatedAt.UTC(), ActorName: r.ActorName}
	}
	return out, nil
}

// RestoreBranding makes an earlier version the draft; customers see it when it is published.
func (t *Tenant) RestoreBranding(ctx context.Context, actor audit.Actor, id string, version, revision int) (Branding, error) {
	versions, err := t.BrandingVersions(ctx, id)
	if err != nil {
		return Branding{}, err
	}
	for _, v := range versions {
		if v.Version == version {
			return t.SaveBrandingDraft(ctx, actor, id, v.Document, revision)
		}
	}
	return Branding{}, fault.New(fault.NotFound, "error.not_found")
}

// checkBranding refuses a document that no page can draw.
func (t *Tenant) checkBranding(ctx context.Context, doc branding.Document) error {
	if err := doc.Validate(); err != nil {
		return err
	}
	return t.checkPictures(ctx, doc)
}

// packDocument leaves out languages that say nothing.
func packDocument(doc branding.Document) (string, error) {
	kept := branding.Document{Languages: map[string]branding.Elements{}}
	for lang, e := range doc.Languages {
		if b, err := json.Marshal(e); err != nil {
			return "", err
		} else if string(b) != "{}" || lang != "" { // a language that was added stays, also while it says nothing
			kept.Languages[lang] = e
		}
	}
	b, err := json.Marshal(kept)
	return string(b), err
}

// documentChanges compares two documents element by element. A style sheet is named by its size and hash: the audit
// log is no place for pages of text.
func documentChanges(old, new branding.Document) []audit.Change {
	languages := slices.Sorted(maps.Keys(old.Languages))
	for lang := range new.Languages {
		if _, ok := old.Languages[lang]; !ok {
			languages = append(languages, lang)
		}
	}
	slices.Sort(languages)
	var d differences
	for _, lang := range languages {
		prefix := ""
		if lang != "" {
			prefix = lang + "/"
			_, was := old.Languages[lang]
			_, is := new.Languages[lang]
			if was != is {
				d.changes = append(d.changes, audit.Change{Property: "languages", Old: thereAs(was, lang), New: thereAs(is, lang)})
			}
		}
		a, b := old.Languages[lang], new.Languages[lang]
		a.CSS, b.CSS = shortCSS(a.CSS), shortCSS(b.CSS)
		d.fields(prefix, a, b)
	}
	return d.changes
}

func thereAs(there bool, lang string) any {
	if there {
		return lang
	}
	return nil
}

func shortCSS(css string) string {
	if css == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(css))
	return fmt.Sprintf("%d bytes, sha256 %s", len(css), hex.EncodeToString(sum[:8]))
}

// brandingSet reads what is published, for the snapshot.
func (t *Tenant) brandingSet(ctx context.Context) (branding.Set, error) {
	s := branding.Set{Themes: map[string]branding.Document{}}
	all, err := t.Brandings(ctx)
	if err != nil {
		return s, err
	}
	for _, b := range all {
		if b.ID == branding.Company {
			s.Company = b.Published
		} else if b.Version > 0 {
			s.Themes[b.ID] = b.Published
		}
	}
	if s.OfApp, err = t.brandingApps(ctx); err != nil {
		return s, err
	}
	hashes := s.Company.Pictures()
	for _, d := range s.Themes {
		hashes = append(hashes, d.Pictures()...)
	}
	s.Pictures, err = t.PictureFacts(ctx, hashes)
	return s, err
}
