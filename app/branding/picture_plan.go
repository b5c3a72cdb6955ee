package branding

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
)

// extent is a size in pixels and how many bytes it may have.
type extent struct{ w, h, most int }

// plan is what a place needs: sizes from the largest to the smallest.
type plan struct {
	sizes  []extent
	cover  bool   // fills the size and is cut off beyond it; else it stands whole within it
	square bool   // padded to a square
	flat   bool   // never transparent
	small  extent // below it a picture is not sharp everywhere
}

// planOf gives the sizes of R 3.2 twice, for screens with two pixels where there was one, and once.
func planOf(slot Slot) plan {
	switch slot {
	case Favicon:
		return plan{sizes: []extent{{180, 180, 64 << 10}, {48, 48, 16 << 10}, {32, 32, 8 << 10}}, square: true, small: extent{w: 32, h: 32}}
	case BackgroundImage: // the second is for phones held upright
		return plan{sizes: []extent{{1920, 1080, 300 << 10}, {960, 1280, 150 << 10}}, cover: true, flat: true, small: extent{w: 1280, h: 720}}
	case SquareLogo, SquareLogoDark:
		return plan{sizes: []extent{{480, 480, 150 << 10}, {240, 240, 50 << 10}}, small: extent{w: 240, h: 240}}
	}
	return plan{sizes: []extent{{490, 72, 100 << 10}, {245, 36, 50 << 10}}, small: extent{w: 245, h: 36}}
}

// sized draws the picture for a size, never larger than it is; cut tells that parts were left out.
func (p picture) sized(to extent, by plan) (img *image.NRGBA, cut bool) {
	w, h := p.width(), p.height()
	from := image.Rect(0, 0, w, h)
	switch {
	case by.cover:
		scale := min(1, max(float64(to.w)/float64(w), float64(to.h)/float64(h)))
		keepW, keepH := min(w, round(float64(to.w)/scale)), min(h, round(float64(to.h)/scale))
		cut = keepW < w-1 || keepH < h-1
		from = image.Rect(0, 0, keepW, keepH).Add(image.Pt((w-keepW)/2, (h-keepH)/2))
		w, h = min(to.w, round(float64(keepW)*scale)), min(to.h, round(float64(keepH)*scale))
	default:
		scale := min(1, float64(to.w)/float64(w), float64(to.h)/float64(h))
		w, h = round(float64(w)*scale), round(float64(h)*scale)
	}
	img = p.draw(from, w, h)
	if by.square && w != h {
		side := max(w, h)
		padded := image.NewNRGBA(image.Rect(0, 0, side, side))
		x, y := (side-w)/2, (side-h)/2
		for row := range h {
			copy(padded.Pix[padded.PixOffset(x, y+row):], img.Pix[row*img.Stride:row*img.Stride+4*w])
		}
		img = padded
	}
	return img, cut
}

func round(x float64) int { return max(1, int(x+.5)) }

// encode writes a picture in the form that suits it, within a number of bytes if that is possible at all: first by
// quality, then by size.
func (by plan) encode(img *image.NRGBA, most int) (PictureFile, error) {
	for {
		file, err := by.encodeOnce(img, most)
		w, h := img.Bounds().Dx(), img.Bounds().Dy()
		if err != nil || file.Bytes <= most || w <= 16 || h <= 16 {
			return file, err
		}
		img = picture{image: img, bounds: img.Bounds()}.draw(img.Bounds(), w*5/6, h*5/6)
	}
}

func (by plan) encodeOnce(img *image.NRGBA, most int) (PictureFile, error) {
	if by.flat {
		flatten(img)
	}
	opaque := img.Opaque()
	drawn, few := fewColors(img)
	var b bytes.Buffer
	if few || !by.flat {
		if err := png.Encode(&b, drawn); err != nil {
			return PictureFile{}, err
		}
	}
	lossless := bytes.Clone(b.Bytes())
	if !opaque || few && len(lossless) <= most {
		return fileOf("image/png", img, lossless), nil
	}
	for quality := 88; quality >= 46; quality -= 7 {
		b.Reset()
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
			return PictureFile{}, err
		}
		if b.Len() <= most {
			break
		}
	}
	// Letters and edges stay sharp in a PNG: it may be twice as large.
	if len(lossless) > 0 && len(lossless) <= min(most, 2*b.Len()) {
		return fileOf("image/png", img, lossless), nil
	}
	return fileOf("image/jpeg", img, bytes.Clone(b.Bytes())), nil
}

func fileOf(media string, img *image.NRGBA, data []byte) PictureFile {
	return PictureFile{Picture: Picture{Hash: HashOf(data), Media: media, Width: img.Bounds().Dx(), Height: img.Bounds().Dy(), Bytes: len(data)}, Data: data}
}

// flatten puts a picture on white.
func flatten(img *image.NRGBA) {
	for i := 0; i < len(img.Pix); i += 4 {
		if a := int(img.Pix[i+3]); a < 255 {
			for c := range 3 {
				img.Pix[i+c] = uint8((int(img.Pix[i+c])*a + 255*(255-a) + 127) / 255)
			}
			img.Pix[i+3] = 255
		}
	}
}

// fewColors gives a picture of at most 256 colours by a palette, which is much smaller, in the order in which they
// come.
func fewColors(img *image.NRGBA) (image.Image, bool) {
	index := map[[4]uint8]uint8{}
	var palette color.Palette
	for i := 0; i < len(img.Pix); i += 4 {
		p := [4]uint8(img.Pix[i : i+4])
		if _, ok := index[p]; ok {
			continue
		}
		if len(palette) == 256 {
			return img, false
		}
		index[p] = uint8(len(palette))
		palette = append(palette, color.NRGBA{p[0], p[1], p[2], p[3]})
	}
	out := image.NewPaletted(img.Bounds(), palette)
	for i := range out.Pix {
		out.Pix[i] = index[[4]uint8(img.Pix[4*i:4*i+4])]
	}
	return out, true
}
