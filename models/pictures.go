package models

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"runtime/debug"
	"slices"
	"time"

	"gorm.io/gorm/clause"

	"portico/app/audit"
	"portico/app/branding"
	"portico/app/fault"
)

const (
	// MaxPicturesBytes is how much a tenant's pictures take in all.
	MaxPicturesBytes = 200 << 20
	// pictureUnusedFor is how long a picture is kept that no look refers to any more.
	pictureUnusedFor = 30 * 24 * time.Hour
	// pictureWait is how long an upload waits for its turn to be decoded.
	pictureWait = 10 * time.Second
)

// PictureRow is one picture in one size, by the SHA-256 of its bytes. Smaller lists, as JSON, the hashes of the same
// picture in other sizes.
type PictureRow struct {
	TenantID  string `gorm:"primaryKey;size:36"`
	Hash      string `gorm:"primaryKey;size:64"`
	Media     string `gorm:"size:32"`
	Width     int
	Height    int
	Bytes     int
	Smaller   string     `gorm:"type:text"`
	Data      []byte     // as it is sent
	UnusedAt  *time.Time // since when no look refers to it
	CreatedAt time.Time
}

func (PictureRow) TableName() string { return "pictures" }

func (r PictureRow) facts() branding.Picture {
	return branding.Picture{Hash: r.Hash, Media: r.Media, Width: r.Width, Height: r.Height, Bytes: r.Bytes}
}

func (r PictureRow) smaller() ([]string, error) {
	var out []string
	if r.Smaller == "" {
		return nil, nil
	}
	if err := json.Unmarshal([]byte(r.Smaller), &out); err != nil {
		return nil, badJSON("picture", r.Hash, err)
	}
	return out, nil
}

// SavePicture makes an upload ready for its place and keeps it. A look shows it once its document refers to its hash.
// What was done to it stands in the notes. The complaint about an upload that cannot be taken names the slot.
func (t *Tenant) SavePicture(ctx context.Context, actor audit.Actor, slot branding.Slot, upload io.Reader) (branding.Developed, error) {
	if !slices.Contains(branding.Slots(), slot) {
		return branding.Developed{}, fault.New(fault.NotFound, "error.not_found")
	}
	data, err := io.ReadAll(io.LimitReader(upload, branding.MaxPictureBytes+1))
	if err != nil {
		return branding.Developed{}, fault.Wrap(fault.Invalid, "branding.picture.broken_off", err)
	}
	return t.keepPicture(ctx, actor, slot, "Upload picture", func() (branding.Developed, error) { return branding.Develop(slot, data) })
}

// ImportPicture keeps a picture that was exported. Its bytes must have the hash and be what Portico itself writes: its
// smaller ones are made from it anew.
func (t *Tenant) ImportPicture(ctx context.Context, actor audit.Actor, slot branding.Slot, hash string, data []byte) (branding.Developed, error) {
	if !slices.Contains(branding.Slots(), slot) {
		return branding.Developed{}, fault.New(fault.NotFound, "error.not_found")
	}
	return t.keepPicture(ctx, actor, slot, "Import picture", func() (branding.Developed, error) { return branding.Imported(slot, hash, data) })
}

// keepPicture develops and writes. One picture at a time is decoded in the whole program: that is what bounds its memory.
func (t *Tenant) keepPicture(ctx context.Context, actor audit.Actor, slot branding.Slot, activity string, develop func() (branding.Developed, error)) (branding.Developed, error) {
	d, err := t.inTurn(ctx, develop)
	if err != nil {
		return d, err
	}
	return d, t.audited(ctx, actor, func(t *Tenant) (audit.Event, error) {
		added, err := t.addPictures(ctx, slot, d)
		if err != nil || added == 0 {
			return audit.Event{}, err
		}
		return audit.Event{Activity: activity, Category: "Branding", Operation: "Add", Target: audit.Target{Kind: "picture", ID: d.Hash, Name: string(slot)},
			Changes: []audit.Change{{Property: "width", New: d.Width}, {Property: "height", New: d.Height}, {Property: "bytes", New: added}}}, nil
	})
}

func (s *Store) inTurn(ctx context.Context, develop func() (branding.Developed, error)) (branding.Developed, error) {
	wait, cancel := context.WithTimeout(ctx, pictureWait)
	defer cancel()
	select {
	case s.developing <- struct{}{}:
	case <-wait.Done():
		return branding.Developed{}, &fault.Error{Code: fault.Unavailable, Key: "branding.picture.busy", RetryAfter: pictureWait}
	}
	defer func() {
		debug.FreeOSMemory() // an idle program is small again at once
		<-s.developing
	}()
	return develop()
}

// addPictures writes the rows that are not there yet, and says how many bytes they have.
func (t *Tenant) addPictures(ctx context.Context, slot branding.Slot, d branding.Developed) (int, error) {
	var hashes []string
	for _, f := range d.Files {
		hashes = append(hashes, f.Hash)
	}
	var there []PictureRow
	if err := t.lock(ctx).Omit("data").Where("hash IN ?", hashes).Find(&there).Error; err != nil {
		return 0, err
	}
	var used int64
	if err := t.q(ctx).Model(&PictureRow{}).Select("COALESCE(SUM(bytes), 0)").Scan(&used).Error; err != nil {
		return 0, err
	}
	added := 0
	for i, f := range d.Files {
		row := PictureRow{TenantID: t.ID, Hash: f.Hash, Media: f.Media, Width: f.Width, Height: f.Height, Bytes: f.Bytes, Data: f.Data, CreatedAt: t.Now()}
		at := slices.IndexFunc(there, func(r PictureRow) bool { return r.Hash == f.Hash })
		var smaller []string
		if at >= 0 {
			var err error
			if smaller, err = there[at].smaller(); err != nil {
				return 0, err
			}
		}
		if i == 0 { // what has the same bytes in another place may have other sizes besides
			for _, h := range hashes[1:] {
				if !slices.Contains(smaller, h) {
					smaller = append(smaller, h)
				}
			}
		}
		if len(smaller) > 0 {
			list, err := json.Marshal(smaller)
			if err != nil {
				return 0, err
			}
			row.Smaller = string(list)
		}
		if at >= 0 { // 30 days begin anew
			err := t.u(ctx).Model(&PictureRow{}).Where("hash = ?", f.Hash).Updates(map[string]any{"smaller": row.Smaller, "unused_at": nil}).Error
			if err != nil {
				return 0, err
			}
			continue
		}
		if used += int64(f.Bytes); used > MaxPicturesBytes {
			return 0, &fault.Error{Code: fault.Conflict, Key: "branding.picture.full", Args: map[string]any{"most": MaxPicturesBytes >> 20},
				Fields: []fault.Field{{Name: branding.PictureField(slot), Key: "branding.picture.full", Args: map[string]any{"most": MaxPicturesBytes >> 20}}}}
		}
		if err := t.w(ctx).Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
			return 0, err
		}
		added += f.Bytes
	}
	return added, nil
}

var pictureHash = regexp.MustCompile(`[0-9a-f]{64}`)

// Picture reads the bytes of one picture with what is known of it, without its other sizes; fault.NotFound when the
// tenant has none of that hash.
func (t *Tenant) Picture(ctx context.Context, hash string) ([]byte, branding.Picture, error) {
	if len(hash) != 64 || !pictureHash.MatchString(hash) {
		return nil, branding.Picture{}, fault.New(fault.NotFound, "error.not_found")
	}
	var row PictureRow
	if err := t.q(ctx).Where("hash = ?", hash).Take(&row).Error; err != nil {
		return nil, branding.Picture{}, found(err)
	}
	return row.Data, row.facts(), nil
}

// PictureData reads the bytes of one picture, for an export.
func (t *Tenant) PictureData(ctx context.Context, hash string) ([]byte, error) {
	data, _, err := t.Picture(ctx, hash)
	return data, err
}

// PictureFacts tells of pictures, by hash, with their other sizes; those that are not there are left out.
func (t *Tenant) PictureFacts(ctx context.Context, hashes []string) (map[string]branding.Picture, error) {
	out := make(map[string]branding.Picture, len(hashes))
	if len(hashes) == 0 {
		return out, nil
	}
	rows, err := t.pictureRows(ctx, hashes)
	if err != nil {
		return nil, err
	}
	var all []string
	of := map[string][]string{}
	for _, r := range rows {
		out[r.Hash] = r.facts()
		if of[r.Hash], err = r.smaller(); err != nil {
			return nil, err
		}
		all = append(all, of[r.Hash]...)
	}
	if len(all) == 0 {
		return out, nil
	}
	others, err := t.pictureRows(ctx, all)
	if err != nil {
		return nil, err
	}
	for hash, smaller := range of {
		p := out[hash]
		for _, r := range others {
			if slices.Contains(smaller, r.Hash) {
				p.Smaller = append(p.Smaller, r.facts())
			}
		}
		slices.SortFunc(p.Smaller, func(a, b branding.Picture) int { return b.Width*b.Height - a.Width*a.Height })
		out[hash] = p
	}
	return out, nil
}

// checkPictures refuses a document that refers to a picture that the tenant has not.
func (t *Tenant) checkPictures(ctx context.Context, doc branding.Document) error {
	hashes := doc.Pictures()
	if len(hashes) == 0 {
		return nil
	}
	// Held until the document is written: PurgePictures locks all of them before it looks who refers to what.
	some, list := t.anyOf(hashes)
	var held []string
	if err := t.lock(ctx).Model(&PictureRow{}).Where("hash "+some, list).Order("hash").Pluck("hash", &held).Error; err != nil {
		return err
	}
	there, err := t.PictureFacts(ctx, hashes)
	if err != nil {
		return err
	}
	var bad fault.Fields
	for lang, e := range doc.Languages {
		for slot, hash := range e.Pictures {
			if _, ok := there[hash]; !ok && hash != "" {
				name := branding.PictureField(slot)
				if lang != "" {
					name = lang + "." + name
				}
				bad.Add(name, "branding.picture.missing", nil)
			}
		}
	}
	return bad.Err()
}

func (t *Tenant) pictureRows(ctx context.Context, hashes []string) ([]PictureRow, error) {
	some, list := t.anyOf(hashes)
	var rows []PictureRow
	err := t.q(ctx).Omit("data").Where("hash "+some, list).Find(&rows).Error
	return rows, err
}

// PurgePictures forgets pictures that no look, draft or kept version has referred to for 30 days, and says how many
// there were.
func (t *Tenant) PurgePictures(ctx context.Context) (int, error) {
	gone := 0
	err := t.InTx(ctx, func(t *Tenant) error {
		var rows []PictureRow
		if err := t.lock(ctx).Omit("data").Order("hash").Find(&rows).Error; err != nil || len(rows) == 0 {
			return err
		}
		used, err := t.usedPictures(ctx)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if used[r.Hash] {
				smaller, err := r.smaller()
				if err != nil {
					return err
				}
				for _, h := range smaller {
					used[h] = true
				}
			}
		}
		var again, unused, old []string
		for _, r := range rows {
			switch {
			case used[r.Hash] && r.UnusedAt != nil:
				again = append(again, r.Hash)
			case used[r.Hash]:
			case r.UnusedAt == nil:
				unused = append(unused, r.Hash)
			case t.Now().Sub(*r.UnusedAt) >= pictureUnusedFor:
				old = append(old, r.Hash)
			}
		}
		gone = len(old)
		of := func(hashes []string) (string, any) {
			some, list := t.anyOf(hashes)
			return "hash " + some, list
		}
		var errs []error
		if len(again) > 0 {
			where, list := of(again)
			errs = append(errs, t.u(ctx).Model(&PictureRow{}).Where(where, list).Update("unused_at", nil).Error)
		}
		if len(unused) > 0 {
			where, list := of(unused)
			errs = append(errs, t.u(ctx).Model(&PictureRow{}).Where(where, list).Update("unused_at", t.Now()).Error)
		}
		if len(old) > 0 {
			where, list := of(old)
			errs = append(errs, t.u(ctx).Where(where, list).Delete(&PictureRow{}).Error)
		}
		return errors.Join(errs...)
	})
	return gone, err
}

// usedPictures are the hashes that stand in the tenant's looks, their drafts and their kept versions.
func (t *Tenant) usedPictures(ctx context.Context) (map[string]bool, error) {
	used := map[string]bool{}
	var looks []BrandingRow
	if err := t.q(ctx).Select("draft", "published").Find(&looks).Error; err != nil {
		return nil, err
	}
	var documents []string
	if err := t.q(ctx).Model(&BrandingVersionRow{}).Pluck("document", &documents).Error; err != nil {
		return nil, err
	}
	for _, l := range looks {
		documents = append(documents, l.Draft, l.Published)
	}
	for _, d := range documents {
		for _, hash := range pictureHash.FindAllString(d, -1) {
			used[hash] = true
		}
	}
	return used, nil
}
