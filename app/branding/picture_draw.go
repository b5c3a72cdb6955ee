package branding

import (
	"image"
	"image/draw"
	"math"
)

// picture is a decoded upload. turn is the EXIF orientation, 1 to 8: how it has to be turned to stand upright.
type picture struct {
	image    image.Image
	bounds   image.Rectangle // may be larger than the image: the first frame of a GIF
	turn     int
	animated bool
}

// swapped tells that turning makes width of height.
func (p picture) swapped() bool { return p.turn >= 5 }

func (p picture) width() int {
	if p.swapped() {
		return p.bounds.Dy()
	}
	return p.bounds.Dx()
}

func (p picture) height() int {
	if p.swapped() {
		return p.bounds.Dx()
	}
	return p.bounds.Dy()
}

// draw gives a part of the upright picture in w×h pixels.
func (p picture) draw(part image.Rectangle, w, h int) *image.NRGBA {
	full := image.Pt(p.bounds.Dx(), p.bounds.Dy())
	switch p.turn { // the part as it lies in the file
	case 2, 3:
		part = image.Rect(full.X-part.Max.X, part.Min.Y, full.X-part.Min.X, part.Max.Y)
	case 5, 6, 7, 8:
		part = image.Rect(part.Min.Y, part.Min.X, part.Max.Y, part.Max.X)
	}
	switch p.turn {
	case 3, 4, 6:
		part = image.Rect(part.Min.X, full.Y-part.Max.Y, part.Max.X, full.Y-part.Min.Y)
	case 7:
		part = image.Rect(full.X-part.Max.X, full.Y-part.Max.Y, full.X-part.Min.X, full.Y-part.Min.Y)
	case 8:
		part = image.Rect(full.X-part.Max.X, part.Min.Y, full.X-part.Min.X, part.Max.Y)
	}
	if p.swapped() {
		w, h = h, w
	}
	return upright(shrink(p.image, part.Add(p.bounds.Min), w, h), p.turn)
}

// upright turns a picture by its EXIF orientation.
func upright(img *image.NRGBA, turn int) *image.NRGBA {
	if turn <= 1 {
		return img
	}
	w, h := img.Bounds().Dx(), img.Bounds().Dy()
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	if turn >= 5 {
		out = image.NewNRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			tx, ty := x, y
			switch turn {
			case 2:
				tx = w - 1 - x
			case 3:
				tx, ty = w-1-x, h-1-y
			case 4:
				ty = h - 1 - y
			case 5:
				tx, ty = y, x
			case 6:
				tx, ty = h-1-y, x
			case 7:
				tx, ty = h-1-y, w-1-x
			case 8:
				tx, ty = y, w-1-x
			}
			copy(out.Pix[out.PixOffset(tx, ty):][:4], img.Pix[img.PixOffset(x, y):][:4])
		}
	}
	return out
}

// tap is one source pixel's share in a drawn one.
type taps struct {
	first   int
	weights []float32
}

// catmullRom is the kernel of the sharpest common way to make a picture smaller.
func catmullRom(x float64) float64 {
	x = math.Abs(x)
	switch {
	case x < 1:
		return (1.5*x-2.5)*x*x + 1
	case x < 2:
		return ((-.5*x+2.5)*x-4)*x + 2
	}
	return 0
}

// tapsOf weighs, for each of to pixels, those of from pixels that it is made of.
func tapsOf(from, to int) []taps {
	scale := float64(from) / float64(to)
	spread := max(1, scale)
	out := make([]taps, to)
	for i := range out {
		center := (float64(i)+.5)*scale - .5
		first := max(0, int(math.Ceil(center-2*spread)))
		last := min(from-1, int(math.Floor(center+2*spread)))
		t := taps{first: first}
		var sum float64
		for j := first; j <= last; j++ {
			sum += catmullRom((float64(j) - center) / spread)
		}
		for j := first; j <= last; j++ {
			t.weights = append(t.weights, float32(catmullRom((float64(j)-center)/spread)/sum))
		}
		out[i] = t
	}
	return out
}

// shrink draws a part of an image in w×h pixels. It goes through the image row by row, and keeps no more of them than
// one drawn row is made of: x/image/draw would take 32 bytes for each column drawn and each row of the image.
func shrink(src image.Image, part image.Rectangle, w, h int) *image.NRGBA {
	across, down := tapsOf(part.Dx(), w), tapsOf(part.Dy(), h)
	keep := 1
	for _, t := range down {
		keep = max(keep, len(t.weights))
	}
	ring := make([][]float32, keep)
	for i := range ring {
		ring[i] = make([]float32, 4*w)
	}
	strip := image.NewRGBA(image.Rect(0, 0, part.Dx(), 1))
	next := 0 // the first row that is not yet in the ring
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	sum := make([]float32, 4*w)
	for y, t := range down {
		next = max(next, t.first)
		for ; next < t.first+len(t.weights); next++ {
			clear(strip.Pix)
			draw.Draw(strip, strip.Bounds(), src, image.Pt(part.Min.X, part.Min.Y+next), draw.Src)
			narrow(ring[next%keep], strip.Pix, across)
		}
		clear(sum)
		for i, weight := range t.weights {
			row := ring[(t.first+i)%keep]
			for c := range sum {
				sum[c] += weight * row[c]
			}
		}
		unmultiply(out.Pix[y*out.Stride:][:4*w], sum)
	}
	return out
}

// narrow draws one row.
func narrow(to []float32, from []uint8, across []taps) {
	for x, t := range across {
		var r, g, b, a float32
		pix := from[4*t.first:]
		for i, weight := range t.weights {
			p := pix[4*i : 4*i+4 : 4*i+4]
			r += weight * float32(p[0])
			g += weight * float32(p[1])
			b += weight * float32(p[2])
			a += weight * float32(p[3])
		}
		o := to[4*x : 4*x+4 : 4*x+4]
		o[0], o[1], o[2], o[3] = r, g, b, a
	}
}

// unmultiply gives colours back what their transparency took.
func unmultiply(to []uint8, from []float32) {
	for i := 0; i < len(to); i += 4 {
		a := from[i+3]
		if a < .5 {
			continue // nothing is there: all four stay 0
		}
		a = min(a, 255)
		for c := range 3 {
			to[i+c] = uint8(min(max(from[i+c]*255/a, 0), 255) + .5)
		}
		to[i+3] = uint8(a + .5)
	}
}
