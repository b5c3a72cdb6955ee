package handlers

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/branding"
)

// PictureBody is the body limit of routes that take a picture: the picture, and room for the form around it.
const PictureBody = branding.MaxPictureBytes + 128<<10

// PictureRoute makes a row of a route table take a picture; its handler reads it by Picture and answers for one that
// is too large itself.
func PictureRoute(r Route) Route {
	r.BodyLimit, r.SaysTooLarge = PictureBody, true
	return r
}

// Picture gives the picture that a request carries: its body, or the file of a multipart form that field names ("" =
// the first file). What its type is said to be is not looked at. The fields of the form besides come with it. The
// complaint names the slot as a document does.
func Picture(c *fiber.Ctx, slot branding.Slot, field string) (picture io.Reader, fields map[string]string, err error) {
	if TooLarge(c) {
		return nil, nil, branding.PictureProblem(slot, "large")
	}
	fields = map[string]string{}
	body := c.Request().Body()
	kind, params, err := mime.ParseMediaType(string(c.Request().Header.ContentType()))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		if len(body) == 0 {
			return nil, fields, branding.PictureProblem(slot, "empty")
		}
		return bytes.NewReader(body), fields, nil
	}
	parts := multipart.NewReader(bytes.NewReader(body), params["boundary"])
	var found []byte
	for range 100 {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fiber.ErrBadRequest
		}
		value, err := io.ReadAll(part)
		switch {
		case err != nil:
			return nil, nil, fiber.ErrBadRequest
		case part.FileName() == "":
			fields[part.FormName()] = string(value)
		case found == nil && (field == "" || part.FormName() == field):
			found = value
		}
	}
	if len(found) == 0 {
		return nil, fields, branding.PictureProblem(slot, "empty")
	}
	return bytes.NewReader(found), fields, nil
}
