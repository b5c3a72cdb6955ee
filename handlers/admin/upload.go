package admin

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
)

// upload is a form that carries a file. Its fields stand before the file, so they are known, and the token among
// them has been checked, before a byte of the file is read.
type upload struct {
	fields map[string]string
	file   *multipart.Part // nil = none was sent
	parts  *multipart.Reader
}

const (
	uploadFields = 50      // controls of a form
	uploadTyped  = 2 << 20 // bytes of all of them
	// uploadPause is how long a sender may say nothing, uploadTime how long they may take in all.
	uploadPause = 30 * time.Second
	uploadTime  = 30 * time.Minute
	// uploadDrained is how much of a file that is too large is still read, and thrown away, so that the browser
	// shows what was wrong and not a broken connection.
	uploadDrained = 4 << 30
)

// patient gives whoever sends another while after each piece, instead of a time for the whole.
type patient struct {
	r    io.Reader
	conn net.Conn
	end  time.Time
}

func (p patient) Read(b []byte) (int, error) {
	if now := time.Now(); now.After(p.end) {
		return 0, errors.New("admin: the upload takes too long")
	} else if p.conn != nil {
		_ = p.conn.SetReadDeadline(now.Add(uploadPause))
	}
	return p.r.Read(b)
}

// openUpload reads the fields of a multipart form up to its file. A form of another kind is left alone.
func (v *visit) openUpload(c *fiber.Ctx) error {
	kind, params, err := mime.ParseMediaType(string(c.Request().Header.ContentType()))
	if err != nil || kind != fiber.MIMEMultipartForm {
		return nil
	}
	var body io.Reader = c.Context().RequestBodyStream()
	if !c.Request().IsBodyStream() {
		body = bytes.NewReader(c.Request().Body())
	}
	parts := multipart.NewReader(patient{body, c.Context().Conn(), time.Now().Add(uploadTime)}, params["boundary"])
	v.upload = &upload{fields: map[string]string{}, parts: parts}
	left := uploadTyped
	for range uploadFields {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fiber.ErrBadRequest
		}
		if part.FileName() != "" {
			v.upload.file = part
			return nil
		}
		value, err := io.ReadAll(io.LimitReader(part, int64(left)+1))
		if left -= len(value); err != nil || left < 0 {
			return fiber.ErrBadRequest
		}
		v.upload.fields[part.FormName()] = string(value)
	}
	return fiber.ErrBadRequest
}

// field reads a posted control, as typed does.
func (v *visit) field(c *fiber.Ctx, name string) string {
	if v.upload == nil {
		return typed(c, name)
	}
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(v.upload.fields[name], ""), "\x00", ""))
}

// asForm lets the fields that came with a file be read as those of any form are.
func (v *visit) asForm(c *fiber.Ctx) {
	if v.upload == nil {
		return
	}
	for name, value := range v.upload.fields {
		c.Request().PostArgs().Set(name, value)
	}
}

// whole reads a small file. Of a larger one it gives a byte too many, and the rest is thrown away, so that the browser
// shows what was wrong.
func (u *upload) whole(limit int64) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(u.file, limit+1))
	if err != nil {
		return nil, fiber.ErrBadRequest // the sender went away
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(u.file, uploadDrained))
	return body, nil
}

// send hands the file on in pieces, and gives its SHA-256. Nothing but one piece is ever in memory.
func (u *upload) send(limit int64, size int, piece func(number int, body []byte) error) (string, error) {
	sum, total := sha256.New(), int64(0)
	buffer := make([]byte, size)
	for number := 0; ; number++ {
		n, err := io.ReadFull(u.file, buffer)
		if total += int64(n); total > limit {
			_, _ = io.Copy(io.Discard, io.LimitReader(u.file, uploadDrained))
			return "", fault.BadField("file", "import.file.large", map[string]any{"size": limit >> 20})
		}
		if n > 0 {
			sum.Write(buffer[:n])
			if err := piece(number, buffer[:n]); err != nil {
				return "", err
			}
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && n < size && complete(u.file):
			if total == 0 {
				return "", fault.BadField("file", "import.file.empty", nil)
			}
			return hex.EncodeToString(sum.Sum(nil)), nil
		case err != nil:
			return "", fiber.ErrBadRequest // the sender went away
		}
	}
}

// complete reports whether the part ended as a part does, rather than in the middle of the connection:
// io.ReadFull says the same of both.
func complete(p *multipart.Part) bool {
	n, err := p.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, io.EOF)
}
