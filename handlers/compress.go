package handlers

import (
	"bytes"
	"compress/gzip"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/gofiber/fiber/v2"
)

// compressor makes pages small on their way out. Encoders are kept, because each holds large tables;
// the level is low, because a page is made for one reader once. Form tokens are masked (CSRF), so the
// size of a page tells nothing about them.
type compressor struct{ brotli, gzip sync.Pool }

// shortest is below what compression saves.
const shortest = 1 << 10

func newCompressor() *compressor {
	return &compressor{
		brotli: sync.Pool{New: func() any { return brotli.NewWriterLevel(nil, 4) }},
		gzip: sync.Pool{New: func() any {
			w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a valid one
			return w
		}},
	}
}

// encoder is what both encoders have in common.
type encoder interface {
	io.WriteCloser
	Reset(io.Writer)
}

// page compresses an HTML answer if the browser takes it. What has an encoding already, or is streamed,
// stays as it is.
func (k *compressor) page(c *fiber.Ctx) {
	r := c.Response()
	if !bytes.HasPrefix(r.Header.ContentType(), []byte("text/html")) || len(r.Header.ContentEncoding()) > 0 || r.IsBodyStream() || len(r.Body()) < shortest {
		return
	}
	c.Append(fiber.HeaderVary, fiber.HeaderAcceptEncoding)
	pool, name := &k.brotli, "br"
	if !accepts(c, name) {
		if pool, name = &k.gzip, "gzip"; !accepts(c, name) {
			return
		}
	}
	w := pool.Get().(encoder)
	defer pool.Put(w)
	out := bytes.NewBuffer(make([]byte, 0, len(r.Body())/2))
	w.Reset(out)
	if _, err := w.Write(r.Body()); err != nil {
		return
	}
	if w.Close() != nil {
		return
	}
	r.Header.SetContentEncoding(name)
	r.SetBodyRaw(out.Bytes())
}

// small is a text in both compressed forms, as small as they get; nil where that saves nothing. It is for what is sent
// many times.
func small(plain []byte) (br, gz []byte) {
	var b, g bytes.Buffer
	bw := brotli.NewWriterLevel(&b, brotli.BestCompression)
	gw, _ := gzip.NewWriterLevel(&g, gzip.BestCompression) // the level is a valid one
	for _, w := range []io.WriteCloser{bw, gw} {
		_, _ = w.Write(plain) // a buffer takes everything
		_ = w.Close()
	}
	for out, of := range map[*[]byte]*bytes.Buffer{&br: &b, &gz: &g} {
		if of.Len() < len(plain) {
			*out = of.Bytes()
		}
	}
	return br, gz
}
