package branding

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"portico/app/fault"
)

func readFixture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func pngOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(t testing.TB, img image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// photo is a picture of many colours.
func photo(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	r := rand.New(rand.NewPCG(1, 2))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x * 255 / w), uint8(y * 255 / h), uint8((x+y)*255/(w+h)) ^ uint8(r.IntN(8)), 255})
		}
	}
	return img
}

func decoded(t testing.TB, f PictureFile) image.Image {
	t.Helper()
	if f.Hash != HashOf(f.Data) || f.Bytes != len(f.Data) {
		t.Fatalf("facts and bytes differ: %+v", f.Picture)
	}
	img, format, err := image.Decode(bytes.NewReader(f.Data))
	if err != nil || "image/"+format != f.Media || img.Bounds().Dx() != f.Width || img.Bounds().Dy() != f.Height {
		t.Fatalf("%s %dx%d is %s %v: %v", f.Media, f.Width, f.Height, format, img.Bounds(), err)
	}
	if media, _ := bare(f.Data); media != f.Media {
		t.Fatalf("%s holds more than pixels", f.Media)
	}
	return img
}

func keyOf(err error) string {
	var f *fault.Error
	if errors.As(err, &f) && len(f.Fields) == 1 {
		return strings.TrimPrefix(f.Fields[0].Key, "branding.picture.")
	}
	return ""
}

func noted(d Developed) string {
	var out []string
	for _, n := range d.Notes {
		out = append(out, strings.TrimPrefix(n.Key, "branding.picture.note."))
	}
	return strings.Join(out, " ")
}

// near reports whether a pixel shows about a colour.
func near(c color.Color, r, g, b int) bool {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	off := func(x uint8, want int) bool { d := int(x) - want; return d > 40 || d < -40 }
	return !off(n.R, r) && !off(n.G, g) && !off(n.B, b)
}

// TestPictureKinds takes every kind of file by its content: red and green above blue and white, whatever it is in.
func TestPictureKinds(t *testing.T) {
	for name, note := range map[string]string{
		"quad.png": "", "cmyk.jpg": "", "plain.jpg": "", "progressive.jpg": "", "deep.png": "", "lossless.webp": "", "lossy.webp": "",
		"animated.webp": "animated", "animated.gif": "animated", "big.ico": "",
	} {
		d, err := Develop(SquareLogo, readFixture(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		img := decoded(t, d.Files[0])
		b := img.Bounds()
		at := func(x, y int) color.Color { return img.At(b.Dx()*x/8, b.Dy()*(3+2*y)/8) }
		if !near(at(2, 0), 255, 0, 0) || !near(at(6, 0), 0, 255, 0) || !near(at(2, 1), 0, 0, 255) || !near(at(6, 1), 255, 255, 255) {
			t.Errorf("%s: colours are %v %v %v %v", name, at(2, 0), at(6, 0), at(2, 1), at(6, 1))
		}
		if !strings.Contains(noted(d), note) || note == "" && strings.Contains(noted(d), "animated") {
			t.Errorf("%s: noted %q", name, noted(d))
		}
	}
	d, err := Develop(SquareLogo, readFixture(t, "alpha.webp"))
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, a := decoded(t, d.Files[0]).At(30, 20).RGBA(); a < 0x7000 || a > 0x9000 {
		t.Errorf("half transparent is %x", a)
	}
}

// TestPictureTurned: the eight orientations of EXIF all show the same picture.
func TestPictureTurned(t *testing.T) {
	upr := decodedFixture(t)
	for turn := 1; turn <= 8; turn++ {
		// What a camera would have written: the picture turned the other way, with the mark of how it lies.
		lying := image.NewNRGBA(image.Rect(0, 0, upr.Rect.Dx(), upr.Rect.Dy()))
		if turn >= 5 {
			lying = image.NewNRGBA(image.Rect(0, 0, upr.Rect.Dy(), upr.Rect.Dx()))
		}
		w, h := lying.Rect.Dx(), lying.Rect.Dy()
		for y := range h {
			for x := range w {
				tx, ty := [9][2]int{{}, {x, y}, {w - 1 - x, y}, {w - 1 - x, h - 1 - y}, {x, h - 1 - y}, {y, x}, {h - 1 - y, x}, {h - 1 - y, w - 1 - x}, {y, w - 1 - x}}[turn][0],
					[9][2]int{{}, {x, y}, {w - 1 - x, y}, {w - 1 - x, h - 1 - y}, {x, h - 1 - y}, {y, x}, {h - 1 - y, x}, {h - 1 - y, w - 1 - x}, {y, w - 1 - x}}[turn][1]
				lying.SetNRGBA(x, y, upr.NRGBAAt(tx, ty))
			}
		}
		for _, slot := range []Slot{SquareLogo, BackgroundImage} {
			d, err := Develop(slot, withExif(jpegOf(t, lying), turn))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range d.Files {
				img := decoded(t, f)
				b := img.Bounds()
				if !near(img.At(b.Dx()/6, b.Dy()/6), 255, 0, 0) || !near(img.At(b.Dx()*5/6, b.Dy()/6), 0, 255, 0) || !near(img.At(b.Dx()/6, b.Dy()*5/6), 0, 0, 255) {
					t.Errorf("%s turned by %d: %v %v %v", slot, turn, img.At(b.Dx()/6, b.Dy()/6), img.At(b.Dx()*5/6, b.Dy()/6), img.At(b.Dx()/6, b.Dy()*5/6))
				}
				if slot == SquareLogo && (b.Dx() != 120 || b.Dy() != 80) {
					t.Errorf("turned by %d it is %v", turn, b)
				}
			}
			if (turn > 1) != strings.Contains(noted(d), "turned") {
				t.Errorf("turned by %d: noted %q", turn, noted(d))
			}
		}
	}
	// Only a part of it is drawn: a wide picture cut to the middle, lying on its side.
	wide := image.NewNRGBA(image.Rect(0, 0, 1000, 4000)) // turned by 6 it is 4000×1000, its left at the bottom
	for y := range 4000 {
		for x := range 1000 {
			c := color.NRGBA{255, 0, 0, 255}
			if y >= 1700 && y < 2300 {
				c = color.NRGBA{0, 0, 255, 255}
			}
			wide.SetNRGBA(x, y, c)
		}
	}
	d, err := Develop(BackgroundImage, withExif(jpegOf(t, wide), 6))
	if err != nil {
		t.Fatal(err)
	}
	phone := decoded(t, d.Files[1])
	b := phone.Bounds()
	if b.Dx() != 960 || !near(phone.At(b.Dx()/2, b.Dy()/2), 0, 0, 255) || !near(phone.At(10, 500), 255, 0, 0) || !near(phone.At(b.Dx()-10, 500), 255, 0, 0) {
		t.Errorf("cut off the middle: %v", b)
	}
}

func decodedFixture(t *testing.T) *image.NRGBA {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(readFixture(t, "quad.png")))
	if err != nil {
		t.Fatal(err)
	}
	return shrink(img, img.Bounds(), img.Bounds().Dx(), img.Bounds().Dy())
}

// withExif puts an orientation, and a script, behind the start of a JPEG.
func withExif(data []byte, turn int) []byte {
	body := []byte("Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00")
	body = append(body, byte(turn), 0, 0, 0, 0, 0, 0)
	body = append(body, "<script>alert(1)</script>"...)
	head := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(body)+2))...)
	return append(append(head, body...), data[2:]...)
}

func TestPictureSizes(t *testing.T) {
	transparent := image.NewNRGBA(image.Rect(0, 0, 1000, 300))
	for x := 100; x < 900; x++ {
		for y := 50; y < 250; y++ {
			transparent.SetNRGBA(x, y, color.NRGBA{uint8(x), 80, uint8(y), 255})
		}
	}
	for name, c := range map[string]struct {
		slot  Slot
		img   image.Image
		sizes [][2]int
		media string
		notes string
	}{
		"a photograph behind the page":   {BackgroundImage, photo(2400, 1800), [][2]int{{1920, 1080}, {960, 1280}}, "image/jpeg", "cropped"},
		"a small one is never enlarged":  {BackgroundImage, photo(800, 600), [][2]int{{800, 600}}, "image/jpeg", "small"},
		"a wide one":                     {BackgroundImage, photo(3000, 600), [][2]int{{1920, 600}, {960, 600}}, "image/jpeg", "cropped"},
		"a logo with transparency":       {BannerLogo, transparent, [][2]int{{240, 72}, {120, 36}}, "image/png", "resized"},
		"a photograph as a logo":         {HeaderLogo, photo(980, 144), [][2]int{{490, 72}, {245, 36}}, "image/jpeg", "resized"},
		"a logo of the vendor's size":    {BannerLogo, photo(245, 36), [][2]int{{245, 36}}, "", ""},
		"a tiny logo":                    {BannerLogo, photo(60, 10), [][2]int{{60, 10}}, "", "small"},
		"a line":                         {BannerLogo, photo(5000, 1), [][2]int{{490, 1}, {245, 1}}, "", "resized"},
		"a square logo":                  {SquareLogo, photo(1000, 1000), [][2]int{{480, 480}, {240, 240}}, "image/jpeg", "resized"},
		"a favicon":                      {Favicon, photo(512, 512), [][2]int{{180, 180}, {48, 48}, {32, 32}}, "", "resized"},
		"a favicon that is not square":   {Favicon, photo(100, 50), [][2]int{{100, 100}, {48, 48}, {32, 32}}, "image/png", "padded"},
		"a favicon of the vendor's size": {Favicon, photo(32, 32), [][2]int{{32, 32}}, "", ""},
		"a favicon that is too small":    {Favicon, photo(16, 16), [][2]int{{16, 16}}, "", "small"},
	} {
		upload := pngOf(t, c.img)
		d, err := Develop(c.slot, upload)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got [][2]int
		for i, f := range d.Files {
			decoded(t, f)
			got = append(got, [2]int{f.Width, f.Height})
			if most := planOf(c.slot).sizes[i].most; f.Bytes > most {
				t.Errorf("%s: %d bytes of %d", name, f.Bytes, most)
			}
		}
		if len(d.Smaller) != len(d.Files)-1 || d.Hash != d.Files[0].Hash {
			t.Errorf("%s: facts %+v", name, d.Picture)
		}
		if len(got) != len(c.sizes) {
			t.Errorf("%s: sizes %v, want %v", name, got, c.sizes)
			continue
		}
		for i := range got {
			if got[i] != c.sizes[i] {
				t.Errorf("%s: sizes %v, want %v", name, got, c.sizes)
			}
		}
		if c.media != "" && d.Media != c.media || noted(d) != c.notes {
			t.Errorf("%s: %s, noted %q, want %s, %q", name, d.Media, noted(d), c.media, c.notes)
		}
		again, err := Develop(c.slot, upload)
		if err != nil || again.Hash != d.Hash {
			t.Errorf("%s: the same upload gave %s and %s", name, d.Hash, again.Hash)
		}
		back, err := Imported(c.slot, d.Hash, d.Files[0].Data)
		if err != nil || back.Hash != d.Hash || len(back.Smaller) != len(d.Smaller) {
			t.Errorf("%s: imported %+v: %v", name, back.Picture, err)
		}
	}
}

// TestPictureNoise: what cannot be made small enough by quality is made smaller.
func TestPictureNoise(t *testing.T) {
	noise := image.NewNRGBA(image.Rect(0, 0, 1000, 1000))
	r := rand.New(rand.NewPCG(3, 4))
	for i := range noise.Pix {
		noise.Pix[i] = uint8(r.Uint32())
	}
	for _, slot := range Slots() {
		d, err := Develop(slot, pngOf(t, noise))
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range d.Files {
			if decoded(t, f); f.Bytes > planOf(slot).sizes[i].most {
				t.Errorf("%s: %d×%d has %d bytes", slot, f.Width, f.Height, f.Bytes)
			}
		}
		if slot == BackgroundImage && !strings.Contains(noted(d), "flattened") {
			t.Errorf("%s: noted %q", slot, noted(d))
		}
	}
}

// TestPictureColors: a colour stays what it is through sizing, and nothing shows at transparent edges.
func TestPictureColors(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 900, 900))
	for i := 0; i < len(img.Pix); i += 4 {
		copy(img.Pix[i:], []uint8{0, 0, 0, 0}) // black, and not there
		if x := i / 4 % 900; x >= 450 {
			copy(img.Pix[i:], []uint8{11, 95, 255, 255})
		}
	}
	out := shrink(img, img.Bounds(), 130, 130)
	for i := 0; i < len(out.Pix); i += 4 {
		if a := out.Pix[i+3]; a > 20 && (out.Pix[i+2] < 245 || out.Pix[i] > 30) {
			t.Fatalf("the edge is %v", out.Pix[i:i+4])
		}
	}
	if got := out.NRGBAAt(120, 60); got != (color.NRGBA{11, 95, 255, 255}) {
		t.Errorf("the colour is %v", got)
	}
	same := photo(40, 30)
	if got := shrink(same, same.Bounds(), 40, 30); !bytes.Equal(got.Pix, same.Pix) {
		t.Error("a picture of the right size changed")
	}
}

// bombPNG declares a size and holds rows of nought, as little as they can be.
func bombPNG(w, h int, rows int) []byte {
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	row := make([]byte, w+1)
	for range rows {
		_, _ = z.Write(row)
	}
	_ = z.Close()
	out := []byte("\x89PNG\r\n\x1a\n")
	chunk := func(kind string, body []byte) {
		out = binary.BigEndian.AppendUint32(out, uint32(len(body)))
		start := len(out)
		out = append(append(out, kind...), body...)
		out = binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[start:]))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(w)), uint32(h))
	chunk("IHDR", append(head, 8, 0, 0, 0, 0))
	chunk("IDAT", packed.Bytes())
	chunk("IEND", nil)
	return out
}

func bombGIF(w, h int) []byte {
	var b bytes.Buffer
	small := image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White})
	_ = gif.Encode(&b, small, nil)
	out := b.Bytes()
	binary.LittleEndian.PutUint16(out[6:], uint16(w))
	binary.LittleEndian.PutUint16(out[8:], uint16(h))
	return out
}

// progressiveJPEG repeats a scan.
func manyScans(t *testing.T, times int) []byte {
	data := readFixture(t, "progressive.jpg")
	first := bytes.Index(data, []byte{0xff, 0xda})
	size := int(binary.BigEndian.Uint16(data[first+2:]))
	end := behindScan(data, first+2+size)
	out := bytes.Clone(data[:first])
	for range times {
		out = append(out, data[first:end]...)
	}
	return append(out, 0xff, 0xd9)
}

// TestPictureRefused: what cannot be taken costs little and says why.
func TestPictureRefused(t *testing.T) {
	whole := readFixture(t, "quad.png")
	huge := bytes.Clone(readFixture(t, "plain.jpg"))
	at := bytes.Index(huge, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(huge[at+5:], 65000)
	binary.BigEndian.PutUint16(huge[at+7:], 65000)
	wide := bytes.Clone(readFixture(t, "progressive.jpg"))
	at = bytes.Index(wide, []byte{0xff, 0xc2})
	binary.BigEndian.PutUint16(wide[at+5:], 6300)
	binary.BigEndian.PutUint16(wide[at+7:], 6300)
	for name, c := range map[string]struct {
		data []byte
		key  string
	}{
		"nothing":                      {nil, "empty"},
		"more than five megabytes":     {make([]byte, MaxPictureBytes+1), "large"},
		"declared 30,000 px":           {bombPNG(30_000, 30_000, 1), "pixels"},
		"really 30,000 px":             {bombPNG(30_000, 30_000, 30_000), "pixels"},
		"long and thin":                {bombPNG(30_000, 1, 1), "pixels"},
		"too many pixels":              {bombPNG(10_000, 10_000, 1), "pixels"},
		"declared and not there":       {bombPNG(6_000, 6_000, 1), "broken"},
		"a GIF with a huge screen":     {bombGIF(65535, 65535), "pixels"},
		"a JPEG that says it is huge":  {huge, "pixels"},
		"progressive and large":        {wide, "heavy"},
		"progressive without an end":   {manyScans(t, 5000), "broken"},
		"SVG":                          {[]byte("\xef\xbb\xbf <?xml version='1.0'?>\n<!-- drawing --><SVG onload=alert(1)>"), "svg"},
		"packed SVG":                   {[]byte("\x1f\x8b\x08\x00"), "svg"},
		"an icon without a PNG":        {readFixture(t, "icon.ico"), "ico"},
		"an icon that is only a start": {[]byte("\x00\x00\x01\x00"), "ico"},
		"HTML":                         {[]byte("<!doctype html><script>alert(1)</script>"), "kind"},
		"HEIC":                         {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), "foreign"},
		"AVIF":                         {[]byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), "foreign"},
		"BMP":                          {[]byte("BM\x00\x00"), "foreign"},
		"a PNG that ends too early":    {whole[:len(whole)/2], "broken"},
		"only the start of a PNG":      {whole[:8], "broken"},
		"only the start of a JPEG":     {[]byte("\xff\xd8\xff"), "broken"},
		"only the start of a GIF":      {[]byte("GIF89a"), "broken"},
		"only the start of a WebP":     {[]byte("RIFF\x00\x00\x00\x00WEBPVP8 "), "broken"},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		start := time.Now()
		_, err := Develop(BannerLogo, c.data)
		took := time.Since(start)
		runtime.ReadMemStats(&after)
		if keyOf(err) != c.key {
			t.Errorf("%s: %q, want %q (%v)", name, keyOf(err), c.key, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; c.key == "pixels" && used > 1<<20 {
			t.Errorf("%s took %d KiB", name, used>>10)
		}
		if took > time.Minute {
			t.Errorf("%s took %v", name, took)
		}
	}
}

// TestPicturePolyglots: nothing but pixels is left of a file that is two things at once.
func TestPicturePolyglots(t *testing.T) {
	const script = "<script>alert(1)</script>"
	page := append(bytes.Clone(readFixture(t, "quad.png")), ("<html>" + script)...)
	text := bytes.Clone(readFixture(t, "quad.png"))
	end := len(text) - 12
	body := []byte("tEXtComment\x00" + script)
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(body)-4))
	chunk = binary.BigEndian.AppendUint32(append(chunk, body...), crc32.ChecksumIEEE(body))
	text = append(append(bytes.Clone(text[:end]), chunk...), text[end:]...)
	for name, data := range map[string][]byte{
		"HTML behind a PNG": page, "a script in a PNG's words": text, "a script in EXIF": withExif(readFixture(t, "plain.jpg"), 1),
		"a script behind a GIF": append(bytes.Clone(readFixture(t, "animated.gif")), script...),
	} {
		if !bytes.Contains(data, []byte(script)) {
			t.Fatal(name)
		}
		for _, slot := range Slots() {
			d, err := Develop(slot, data)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for _, f := range d.Files {
				if decoded(t, f); bytes.Contains(f.Data, []byte("script")) {
					t.Errorf("%s: still there", name)
				}
			}
		}
		if _, err := Imported(BannerLogo, HashOf(data), data); keyOf(err) != "import" {
			t.Errorf("%s was imported: %v", name, err)
		}
	}
	d, err := Develop(BannerLogo, page)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Imported(BannerLogo, strings.Repeat("0", 64), d.Files[0].Data); keyOf(err) != "import" {
		t.Errorf("another hash: %v", err)
	}
}

// FuzzDevelop holds the one door for foreign pictures: no panic, nothing but ours comes out.
func FuzzDevelop(f *testing.F) {
	names, _ := filepath.Glob("testdata/*.*")
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(data)
		}
	}
	f.Add(bombPNG(30_000, 30_000, 1))
	f.Add(bombGIF(65535, 65535))
	f.Fuzz(func(t *testing.T, data []byte) {
		if cfg, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && cfg.Width*cfg.Height > 4_000_000 {
			t.Skip("only slow")
		}
		d, err := Develop(BannerLogo, data)
		if err != nil {
			if keyOf(err) == "" {
				t.Fatalf("not in words: %v", err)
			}
			return
		}
		for _, file := range d.Files {
			decoded(t, file)
		}
	})
}

// BenchmarkDevelop shows what the largest pictures that are taken cost, peak/MB of it at once.
func BenchmarkDevelop(b *testing.B) {
	plain := photo(6000, 4000)
	deep := image.NewNRGBA64(image.Rect(0, 0, 4000, 4000))
	for i := range deep.Pix {
		deep.Pix[i] = uint8(i >> 9)
	}
	big := bombPNG(7000, 5700, 5700)
	for name, data := range map[string][]byte{"jpeg24": jpegOf(b, plain), "png16bit": pngOf(b, deep), "png40": big} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				runtime.GC()
				var peak uint64
				stop := make(chan struct{})
				done := make(chan uint64)
				go func() {
					var m runtime.MemStats
					for {
						runtime.ReadMemStats(&m)
						peak = max(peak, m.HeapInuse)
						select {
						case <-stop:
							done <- peak
							return
						case <-time.After(5 * time.Millisecond):
						}
					}
				}()
				if _, err := Develop(BackgroundImage, data); err != nil {
					b.Fatal(err)
				}
				close(stop)
				b.ReportMetric(float64(<-done)/1e6, "peak/MB")
			}
		})
	}
}
