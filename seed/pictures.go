package seed

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"io"
	"math"
)

// The sample company's pictures are drawn here, out of shapes: nobody else's drawings are needed.

// shade gives the colour of a point; the alpha of nothing is 0.
type shade func(x, y float64) color.NRGBA

// draw makes a picture of what a shade says, with four samples for each pixel.
func draw(w, h, samples int, of shade) io.Reader {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for py := range h {
		for px := range w {
			var r, g, b, a float64
			for i := range samples * samples {
				x := float64(px) + (float64(i%samples)+.5)/float64(samples)
				y := float64(py) + (float64(i/samples)+.5)/float64(samples)
				c := of(x, y)
				k := float64(c.A)
				r, g, b, a = r+k*float64(c.R), g+k*float64(c.G), b+k*float64(c.B), a+k
			}
			if a > 0 {
				img.SetNRGBA(px, py, color.NRGBA{uint8(r / a), uint8(g / a), uint8(b / a), uint8(a / float64(samples*samples))})
			}
		}
	}
	var out bytes.Buffer
	_ = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, img) // a buffer takes everything
	return &out
}

// leaf is a fern leaf in a square of the given side: a stem with leaflets that get shorter.
func leaf(x, y, side float64) bool {
	x, y = x/side, y/side
	if x < .1 || x > .9 || y < .08 || y > .94 {
		return false
	}
	at := (y - .08) / .86 // from the tip to the foot
	if math.Abs(x-.5) < .012+.012*at {
		return true
	}
	if at > .88 {
		return false
	}
	reach := .06 + .34*math.Sin(math.Pi*math.Min(1, .12+at*.95))
	across := math.Abs(x - .5)
	slant := at*9 + across*3.2 // leaflets point upwards
	within := math.Abs(slant-math.Floor(slant)-.5) * 2
	return across < reach && within > .22+.78*across/reach*.8
}

// glyphs are the letters of the company's name, as strokes between points of a grid of 4 by 6.
func glyphs() map[rune][][4]float64 {
	return map[rune][][4]float64{
		'F': {{0, 0, 0, 6}, {0, 0, 4, 0}, {0, 3, 3, 3}},
		'E': {{0, 0, 0, 6}, {0, 0, 4, 0}, {0, 3, 3, 3}, {0, 6, 4, 6}},
		'R': {{0, 0, 0, 6}, {0, 0, 3, 0}, {3, 0, 4, 1}, {4, 1, 4, 2}, {4, 2, 3, 3}, {3, 3, 0, 3}, {2, 3, 4, 6}},
		'N': {{0, 0, 0, 6}, {0, 0, 4, 6}, {4, 6, 4, 0}},
		'H': {{0, 0, 0, 6}, {4, 0, 4, 6}, {0, 3, 4, 3}},
		'I': {{2, 0, 2, 6}},
		'L': {{0, 0, 0, 6}, {0, 6, 4, 6}},
		'A': {{0, 6, 2, 0}, {2, 0, 4, 6}, {1, 4, 3, 4}},
		'U': {{0, 0, 0, 5}, {0, 5, 1, 6}, {1, 6, 3, 6}, {3, 6, 4, 5}, {4, 5, 4, 0}},
		'T': {{0, 0, 4, 0}, {2, 0, 2, 6}},
		'O': {{1, 0, 3, 0}, {3, 0, 4, 1}, {4, 1, 4, 5}, {4, 5, 3, 6}, {3, 6, 1, 6}, {1, 6, 0, 5}, {0, 5, 0, 1}, {0, 1, 1, 0}},
	}
}

// stroked reports whether a point is on the strokes of a word whose letters are high by h.
func stroked(word string, x, y, h, thick float64) bool {
	unit, shapes := h/6, glyphs()
	for i, letter := range word {
		left := float64(i) * unit * 6
		if x < left-thick || x > left+4*unit+thick {
			continue
		}
		for _, s := range shapes[letter] {
			if distance(x, y, left+s[0]*unit, s[1]*unit, left+s[2]*unit, s[3]*unit) < thick {
				return true
			}
		}
	}
	return false
}

// distance is that of a point from a line between two points.
func distance(x, y, x1, y1, x2, y2 float64) float64 {
	dx, dy := x2-x1, y2-y1
	t := math.Max(0, math.Min(1, ((x-x1)*dx+(y-y1)*dy)/(dx*dx+dy*dy)))
	return math.Hypot(x-x1-t*dx, y-y1-t*dy)
}

// banner is the mark with the name beside it, 490 by 72.
func banner(word string, mark, name color.NRGBA) io.Reader {
	return draw(490, 72, 3, func(x, y float64) color.NRGBA {
		switch {
		case leaf(x, y, 72):
			return mark
		case stroked(word, x-92, y-20, 32, 2.6):
			return name
		}
		return color.NRGBA{}
	})
}

// badge is the mark in a rounded square.
func badge(side int, ground, mark color.NRGBA) io.Reader {
	s := float64(side)
	return draw(side, side, 3, func(x, y float64) color.NRGBA {
		r := s * .2
		cx, cy := math.Max(r, math.Min(s-r, x)), math.Max(r, math.Min(s-r, y))
		switch {
		case math.Hypot(x-cx, y-cy) > r:
			return color.NRGBA{}
		case leaf(x-s*.08, y-s*.08, s*.84):
			return mark
		}
		return ground
	})
}

// hills is a landscape: a sky, and ranges of hills that get darker towards us.
func hills(sky, far, near color.NRGBA) io.Reader {
	const w, h, ranges = 1280, 800, 6
	mix := func(a, b color.NRGBA, t float64) color.NRGBA {
		at := func(x, y uint8) uint8 { return uint8(float64(x) + (float64(y)-float64(x))*t) }
		return color.NRGBA{at(a.R, b.R), at(a.G, b.G), at(a.B, b.B), 255}
	}
	var edge [ranges][w + 1]float64
	for i := range ranges {
		k := float64(i)
		for x := range w + 1 {
			t := float64(x) / w
			edge[i][x] = h * (.34 + .11*k + .05*math.Sin(t*(5+k*1.7)+k*2.3) + .025*math.Sin(t*(13+k*3)+k))
		}
	}
	return draw(w, h, 1, func(x, y float64) color.NRGBA {
		for i := ranges - 1; i >= 0; i-- {
			if y > edge[i][int(x)] {
				return mix(far, near, float64(i)/(ranges-1))
			}
		}
		return mix(sky, far, .55*y/h)
	})
}
