package branding

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"slices"

	"portico/app/fault"
)

// Limits of an uploaded picture. What a page shows is much smaller; these keep a file that expands beyond measure
// from costing anything.
const (
	MaxPictureBytes = 5 << 20
	// MaxPictureSide and MaxPicturePixels bound what is declared, before anything is decoded.
	MaxPictureSide   = 12_000
	MaxPicturePixels = 40_000_000
	// mostDecoding bounds the memory that decoding takes, as the file's own header lets it be told.
	mostDecoding = 192 << 20
)

// Note says in words what was done to a picture: a message key and its values.
type Note struct {
	Key  string
	Args map[string]any
}

// PictureFile is a picture as it is stored and sent.
type PictureFile struct {
	Picture
	Data []byte
}

// Developed is an uploaded picture made ready for its place: the facts of the main one with its smaller ones, the
// bytes of each, and what was done.
type Developed struct {
	Picture
	Files []PictureFile // the main one first
	Notes []Note
}

// Develop decodes an upload, turns it upright, sizes it for its place and encodes it anew, so that nothing but its
// pixels is left of it. The same upload gives the same bytes. It takes up to mostDecoding of memory: callers let one
// at a time do so.
func Develop(slot Slot, upload []byte) (Developed, error) {
	src, err := decodePicture(upload)
	if err != nil {
		return Developed{}, pictureFault(slot, err)
	}
	var d Developed
	if src.animated {
		d.note("animated", nil)
	}
	if src.turn > 1 {
		d.note("turned", nil)
	}
	plan := planOf(slot)
	for _, size := range plan.sizes {
		img, cut := src.sized(size, plan)
		if len(d.Files) > 0 && d.holds(img.Bounds().Dx(), img.Bounds().Dy()) {
			continue // the upload has no more pixels than that
		}
		if len(d.Files) == 0 {
			if cut {
				d.note("cropped", dims(src.width(), src.height(), img))
			} else if img.Bounds().Dx() != src.width() && !plan.square {
				d.note("resized", dims(src.width(), src.height(), img))
			} else if plan.square {
				if src.width() != src.height() {
					d.note("padded", nil)
				}
				if src.width() > size.w || src.height() > size.h {
					d.note("resized", dims(src.width(), src.height(), img))
				}
			}
			if plan.flat && !img.Opaque() {
				d.note("flattened", nil)
			}
			if small := plan.small; src.width() < small.w && src.height() < small.h {
				d.note("small", map[string]any{"width": src.width(), "height": src.height(), "wishWidth": small.w, "wishHeight": small.h})
			}
		}
		file, err := plan.encode(img, size.most)
		if err != nil {
			return Developed{}, err
		}
		d.Files = append(d.Files, file)
	}
	d.finish()
	return d, nil
}

// Imported makes a picture that was exported ready again. Its bytes stay what they were, and so does its hash: they
// are taken only when they are what this package writes, pixels and nothing else.
func Imported(slot Slot, hash string, data []byte) (Developed, error) {
	media, cfg := bare(data)
	if HashOf(data) != hash || media == "" || len(data) > MaxPictureBytes {
		return Developed{}, pictureFault(slot, unfit{key: "import"})
	}
	d, err := Develop(slot, data)
	if err != nil {
		return Developed{}, err
	}
	d.Files[0] = PictureFile{Picture: Picture{Hash: hash, Media: media, Width: cfg.Width, Height: cfg.Height, Bytes: len(data)}, Data: data}
	d.Notes = nil
	d.finish()
	return d, nil
}

func (d *Developed) note(name string, args map[string]any) {
	d.Notes = append(d.Notes, Note{Key: "branding.picture.note." + name, Args: args})
}

func dims(w, h int, img *image.NRGBA) map[string]any {
	return map[string]any{"fromWidth": w, "fromHeight": h, "width": img.Bounds().Dx(), "height": img.Bounds().Dy()}
}

func (d *Developed) holds(w, h int) bool {
	return slices.ContainsFunc(d.Files, func(f PictureFile) bool { return f.Width <= w && f.Height <= h })
}

// finish puts the facts of the files together.
func (d *Developed) finish() {
	d.Picture = d.Files[0].Picture
	d.Picture.Smaller = nil
	for _, f := range d.Files[1:] {
		d.Picture.Smaller = append(d.Picture.Smaller, f.Picture)
	}
}

// HashOf names what is kept and served by its content: pictures and style sheets.
func HashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// PictureField is what a form or a document calls the picture of a slot.
func PictureField(slot Slot) string { return "pictures." + string(slot) }

// unfit is a picture that cannot be taken: the last part of its message key.
type unfit struct {
	key  string
	args map[string]any
}

func (u unfit) Error() string { return fmt.Sprint("picture: ", u.key, " ", u.args) }

func pictureFault(slot Slot, err error) error {
	if u, ok := err.(unfit); ok {
		return fault.BadField(PictureField(slot), "branding.picture."+u.key, u.args)
	}
	return err
}

// PictureProblem is the complaint about a slot's picture by the last part of its key, for what callers find out
// themselves: "empty", "large".
func PictureProblem(slot Slot, key string) error {
	return pictureFault(slot, unfit{key: key, args: map[string]any{"most": MaxPictureBytes >> 20}})
}
