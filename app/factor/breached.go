package factor

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
)

// BreachedFile is a local list of breached passwords: one upper-case SHA-1 in hex per line, sorted,
// optionally followed by ":count", which is the shape in which the public lists come.
type BreachedFile struct {
	r    io.ReaderAt
	size int64
}

// OpenBreached opens the list; it stays open for the life of the program and is searched on disk.
func OpenBreached(path string) (*BreachedFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("breached passwords: %w", err)
	}
	st, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("breached passwords: %w", err)
	}
	return &BreachedFile{r: f, size: st.Size()}, nil
}

// Contains searches by halves: about thirty small reads for a billion lines.
func (b *BreachedFile) Contains(password string) (bool, error) {
	sum := sha1.Sum([]byte(password))
	want := strings.ToUpper(hex.EncodeToString(sum[:]))
	low, high := int64(0), b.size // a line that starts in [low, high) may be the one
	for low < high {
		mid := low + (high-low)/2
		start, line, err := b.lineFrom(mid, low)
		if err != nil {
			return false, err
		}
		if start >= high || line == "" {
			high = mid
			continue
		}
		got, _, _ := strings.Cut(line, ":")
		switch got = strings.ToUpper(strings.TrimSpace(got)); {
		case got == want:
			return true, nil
		case got < want:
			low = start + int64(len(line)) + 1
		default:
			high = mid
		}
	}
	return false, nil
}

// lineFrom reads the first line that starts at or after offset; low is known to be a line's start.
func (b *BreachedFile) lineFrom(offset, low int64) (int64, string, error) {
	buf := make([]byte, 160)
	from := offset
	if offset > low {
		from = offset - 1 // so that a line starting exactly at offset counts
	}
	n, err := b.r.ReadAt(buf, from)
	if err != nil && err != io.EOF {
		return 0, "", err
	}
	buf = buf[:n]
	if offset > low {
		i := bytes.IndexByte(buf, '\n')
		if i < 0 {
			return b.size, "", nil
		}
		from, buf = from+int64(i)+1, buf[i+1:]
	}
	if i := bytes.IndexByte(buf, '\n'); i >= 0 {
		buf = buf[:i]
	}
	return from, string(buf), nil
}
