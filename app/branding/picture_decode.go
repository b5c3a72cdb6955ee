package branding

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"

	"golang.org/x/image/webp"
)

// form is one kind of file that is taken.
type form struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
	// memory is how many bytes decoding takes for each pixel, by the file's own header.
	memory int
}

// decodePicture is the one door for foreign pictures. What a file is, its content says and nothing else; what it would
// cost is known before it is decoded.
func decodePicture(data []byte) (picture, error) {
	p := picture{turn: 1}
	if len(data) == 0 {
		return p, unfit{key: "empty"}
	}
	if len(data) > MaxPictureBytes {
		return p, unfit{key: "large", args: map[string]any{"most": MaxPictureBytes >> 20}}
	}
	var f form
	switch kind := sniff(data); kind {
	case "png":
		f = form{png.DecodeConfig, png.Decode, pngMemory(data)}
		p.animated = animatedPNG(data)
	case "jpeg":
		h := readJPEG(data)
		if h.scans > mostScans {
			return p, unfit{key: "broken"}
		}
		p.turn = h.turn
		f = form{jpeg.DecodeConfig, jpeg.Decode, h.memory()}
	case "gif":
		f = form{gif.DecodeConfig, gif.Decode, 2}
		p.animated = animatedGIF(data)
	case "webp":
		w := readWebP(data)
		p.turn, p.animated, data = w.turn, w.animated, w.still
		f = form{webp.DecodeConfig, webp.Decode, w.memory}
	case "ico":
		inner, ok := largestPNG(data)
		if !ok {
			return p, unfit{key: "ico"}
		}
		return decodePicture(inner)
	case "svg":
		return p, unfit{key: "svg"}
	case "":
		return p, unfit{key: "kind"}
	default:
		return p, unfit{key: "foreign", args: map[string]any{"kind": kind}}
	}
	cfg, err := f.config(bytes.NewReader(data))
	if err != nil || cfg.Width <= 0 || cfg.Height <= 0 {
		return p, unfit{key: "broken"}
	}
	size := map[string]any{"width": cfg.Width, "height": cfg.Height, "side": MaxPictureSide, "megapixels": MaxPicturePixels / 1_000_000}
	if cfg.Width > MaxPictureSide || cfg.Height > MaxPictureSide || cfg.Width*cfg.Height > MaxPicturePixels {
		return p, unfit{key: "pixels", args: size}
	}
	if cfg.Width*cfg.Height*f.memory > mostDecoding {
		return p, unfit{key: "heavy", args: size}
	}
	if p.image, err = decodeSafely(data, f.decode); err != nil {
		return p, unfit{key: "broken"}
	}
	p.bounds = image.Rect(0, 0, cfg.Width, cfg.Height)
	if b := p.image.Bounds(); !b.In(p.bounds) {
		return p, unfit{key: "broken"}
	}
	return p, nil
}

// decodeSafely turns a decoder's panic into what it is: a file that is broken.
func decodeSafely(data []byte, decode func(io.Reader) (image.Image, error)) (img image.Image, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("branding: decoding: %v", r)
		}
	}()
	return decode(bytes.NewReader(data))
}

// sniff tells what a file is: one of ours, "svg", "ico", the name of another well-known kind, or "".
func sniff(data []byte) string {
	has := func(prefix string) bool { return bytes.HasPrefix(data, []byte(prefix)) }
	switch {
	case has("\x89PNG\r\n\x1a\n"):
		return "png"
	case has("\xff\xd8\xff"):
		return "jpeg"
	case has("GIF87a"), has("GIF89a"):
		return "gif"
	case has("RIFF") && len(data) > 12 && string(data[8:12]) == "WEBP":
		return "webp"
	case has("\x00\x00\x01\x00"):
		return "ico"
	case has("BM"):
		return "BMP"
	case has("II*\x00"), has("MM\x00*"):
		return "TIFF"
	case has("8BPS"):
		return "Photoshop"
	case has("%PDF"):
		return "PDF"
	case has("%!PS"):
		return "EPS"
	case has("\xff\x0a"), has("\x00\x00\x00\x0cJXL "):
		return "JPEG XL"
	case len(data) > 12 && string(data[4:8]) == "ftyp":
		if brand := string(data[8:12]); strings.HasPrefix(brand, "avi") {
			return "AVIF"
		} else if strings.HasPrefix(brand, "hei") || strings.HasPrefix(brand, "hev") || brand == "mif1" || brand == "msf1" {
			return "HEIC"
		}
		return ""
	case has("\x1f\x8b"): // .svgz; nothing else that is packed is a picture
		return "svg"
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(text, []byte("<")) && bytes.Contains(bytes.ToLower(text[:min(len(text), 4096)]), []byte("<svg")) {
		return "svg"
	}
	return ""
}

// largestPNG finds the largest picture of an icon that is a PNG.
func largestPNG(data []byte) ([]byte, bool) {
	if len(data) < 6 {
		return nil, false
	}
	var best []byte
	for i := range int(binary.LittleEndian.Uint16(data[4:])) {
		at := 6 + 16*i
		if at+16 > len(data) {
			break
		}
		size, offset := uint64(binary.LittleEndian.Uint32(data[at+8:])), uint64(binary.LittleEndian.Uint32(data[at+12:]))
		if offset+size > uint64(len(data)) {
			continue
		}
		if inner := data[offset : offset+size]; sniff(inner) == "png" && len(inner) > len(best) {
			best = inner
		}
	}
	return best, best != nil
}

// pngMemory: 16 bits for a colour take twice the memory, and interlacing half as much again.
func pngMemory(data []byte) int {
	per := 4
	if len(data) > 28 {
		if data[24] == 16 {
			per = 8
		}
		if data[28] != 0 {
			per += per / 2
		}
	}
	return per
}

// chunksOf visits the chunks of a PNG until one is not whole or visit says that it has seen enough.
func chunksOf(data []byte, visit func(kind string, body []byte) bool) (rest []byte, whole bool) {
	for data = data[8:]; len(data) >= 12; {
		size := uint64(binary.BigEndian.Uint32(data))
		if 12+size > uint64(len(data)) {
			return data, false
		}
		kind := string(data[4:8])
		if !visit(kind, data[8:8+size]) {
			return data, false
		}
		if data = data[12+size:]; kind == "IEND" {
			return data, true
		}
	}
	return data, false
}

func animatedPNG(data []byte) (yes bool) {
	chunksOf(data, func(kind string, _ []byte) bool {
		yes = yes || kind == "acTL"
		return kind != "IDAT" && !yes
	})
	return yes
}

// animatedGIF reports whether there is a second frame.
func animatedGIF(data []byte) bool {
	if len(data) < 13 {
		return false
	}
	at, frames := 13, 0
	table := func(flags byte) {
		if flags&0x80 != 0 {
			at += 3 << (1 + flags&7)
		}
	}
	table(data[10])
	blocks := func() {
		for at < len(data) && data[at] != 0 {
			at += 1 + int(data[at])
		}
		at++
	}
	for at < len(data) {
		switch data[at] {
		case 0x21:
			at += 2
			blocks()
		case 0x2c:
			if frames++; frames == 2 {
				return true
			}
			if at+10 > len(data) {
				return false
			}
			flags := data[at+9]
			at += 10
			table(flags)
			at++ // the size of a code
			blocks()
		default:
			return false
		}
	}
	return false
}

// webpFile is a WebP file taken apart.
type webpFile struct {
	still    []byte // a file with nothing but the one picture, or its first
	turn     int
	animated bool
	memory   int // for each pixel
}

// readWebP takes a WebP file apart. The decoder knows no animations, so the first frame is put into a file of its own.
func readWebP(data []byte) webpFile {
	w := webpFile{turn: 1, still: data, memory: 10}
	riff(data[12:], func(kind string, body []byte) {
		switch kind {
		case "VP8 ":
			if w.memory == 10 && !w.animated {
				w.memory = 3
			}
		case "ALPH":
			w.memory = 12
		case "EXIF":
			w.turn = exifTurn(bytes.TrimPrefix(body, []byte("Exif\x00\x00")))
		case "ANMF":
			if w.animated || len(body) < 16 {
				return
			}
			w.animated, w.memory = true, 12
			extended := make([]byte, 10)
			copy(extended[4:], body[6:12]) // width and height less one, 24 bits each
			frame := body[16:]
			var alpha bool
			riff(frame, func(kind string, _ []byte) { alpha = alpha || kind == "ALPH" })
			if alpha {
				extended[0] = 0x10
			}
			inner := append([]byte("WEBPVP8X\x0a\x00\x00\x00"), extended...)
			inner = append(inner, frame...)
			w.still = append(binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(len(inner))), inner...)
		}
	})
	return w
}

// riff visits the whole chunks of a RIFF file or of what is in one.
func riff(data []byte, visit func(kind string, body []byte)) {
	for len(data) >= 8 {
		size := uint64(binary.LittleEndian.Uint32(data[4:]))
		if 8+size > uint64(len(data)) {
			return
		}
		visit(string(data[:4]), data[8:8+size])
		data = data[min(8+size+size&1, uint64(len(data))):]
	}
}

// bare gives the media type of a file as this package writes it: pixels and what they are read by, and nothing before,
// between or behind. Else it gives "".
func bare(data []byte) (string, image.Config) {
	switch sniff(data) {
	case "png":
		only := true
		rest, whole := chunksOf(data, func(kind string, _ []byte) bool {
			switch kind {
			case "IHDR", "PLTE", "tRNS", "IDAT", "IEND":
			default:
				only = false
			}
			return only
		})
		cfg, err := png.DecodeConfig(bytes.NewReader(data))
		if only && whole && len(rest) == 0 && err == nil {
			return "image/png", cfg
		}
	case "jpeg":
		h := readJPEG(data)
		cfg, err := jpeg.DecodeConfig(bytes.NewReader(data))
		if h.bare && err == nil {
			return "image/jpeg", cfg
		}
	}
	return "", image.Config{}
}
