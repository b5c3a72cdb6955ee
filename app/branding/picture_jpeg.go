package branding

import (
	"bytes"
	"encoding/binary"
)

// mostScans is how often a JPEG may go over its pixels. Ten are usual; thousands fit into 5 MB and take minutes.
const mostScans = 64

// jpegHeader is what has to be known of a JPEG before it is decoded.
type jpegHeader struct {
	turn  int
	scans int
	bare  bool // nothing but tables and pixels, and nothing behind them

	progressive, rgb, adobe bool
	parts                   int // components
	samples                 int // of all components, in quarters of one for each pixel
}

// readJPEG goes through the segments of a JPEG (ITU T.81, B.1).
func readJPEG(data []byte) jpegHeader {
	h := jpegHeader{turn: 1, samples: 16}
	pure := true
	at := 2
	for at+4 <= len(data) {
		if data[at] != 0xff {
			at++
			pure = false
			continue
		}
		marker := data[at+1]
		if marker == 0xff {
			at++
			continue
		}
		if marker == 0 || marker == 1 || marker >= 0xd0 && marker <= 0xd8 {
			at += 2
			continue
		}
		if marker == 0xd9 {
			break
		}
		size := int(binary.BigEndian.Uint16(data[at+2:]))
		if size < 2 || at+2+size > len(data) {
			return h
		}
		body := data[at+4 : at+2+size]
		at += 2 + size
		switch marker {
		case 0xc0, 0xc1, 0xc2:
			h.frame(marker == 0xc2, body)
		case 0xc4, 0xdb, 0xdd: // tables
		case 0xda:
			h.scans++
			at = behindScan(data, at)
		case 0xe1:
			pure = false
			if exif, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok {
				h.turn = exifTurn(exif)
			}
		case 0xee:
			pure = false
			if bytes.HasPrefix(body, []byte("Adobe")) && len(body) >= 12 {
				h.adobe = true
				h.rgb = h.rgb || body[11] == 0
			}
		default:
			pure = false
		}
	}
	h.bare = pure && h.scans > 0 && at+2 == len(data) && data[at] == 0xff && data[at+1] == 0xd9
	return h
}

// behindScan skips the pixels of a scan: they end at a marker that is none of theirs.
func behindScan(data []byte, at int) int {
	for {
		i := bytes.IndexByte(data[min(at, len(data)):], 0xff)
		if i < 0 || at+i+1 >= len(data) {
			return len(data)
		}
		at += i
		if m := data[at+1]; m == 0 || m >= 0xd0 && m <= 0xd7 {
			at += 2
		} else if m == 0xff {
			at++
		} else {
			return at
		}
	}
}

// frame reads how many samples there are for each pixel.
func (h *jpegHeader) frame(progressive bool, body []byte) {
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return
	}
	h.progressive, h.parts = progressive, int(body[5])
	across, down, sum := 1, 1, 0
	ids := ""
	for i := range h.parts {
		part := body[6+3*i:]
		ids += string(rune(part[0]))
		x, y := max(1, int(part[1]>>4)), max(1, int(part[1]&15))
		across, down, sum = max(across, x), max(down, y), sum+x*y
	}
	h.samples = (4*sum + across*down - 1) / (across * down)
	h.rgb = h.rgb || ids == "RGB"
}

// memory counts the samples, of progressive pictures their coefficients as well, and the copy that is made of colours
// that are not the usual ones.
func (h jpegHeader) memory() int {
	quarters := h.samples
	if h.progressive {
		quarters *= 5
	}
	if h.parts == 4 || h.rgb {
		quarters += 32
	}
	return (quarters + 3) / 4
}

// exifTurn reads the orientation of a picture (EXIF 2.32, tag 0x0112) from its TIFF header; 1 when there is none.
func exifTurn(tiff []byte) int {
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(tiff[:2]) == "MM" {
		order = binary.BigEndian
	} else if string(tiff[:2]) != "II" {
		return 1
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 1
	}
	for i := range uint64(order.Uint16(tiff[at:])) {
		entry := at + 2 + 12*i
		if entry+12 > uint64(len(tiff)) {
			return 1
		}
		if order.Uint16(tiff[entry:]) == 0x0112 {
			if turn := int(order.Uint16(tiff[entry+8:])); turn >= 1 && turn <= 8 {
				return turn
			}
			return 1
		}
	}
	return 1
}
