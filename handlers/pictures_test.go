package handlers

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"portico/app/branding"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/models"
)

type twoTenants struct{}

func (twoTenants) Directory(_ context.Context, segment string) (*models.Directory, error) {
	if segment != "alpha" && segment != "bravo" {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	return &models.Directory{Tenant: tenant.Tenant{ID: segment + "-id", Slug: segment, Name: segment}}, nil
}

// album holds pictures by tenant and hash.
type album struct {
	pictures map[string][]byte
	reads    int
}

func (a *album) add(tenantID string, data []byte) string {
	sum := sha256.Sum256(data)
	hash := hex.EncodeToString(sum[:])
	a.pictures[tenantID+hash] = data
	return hash
}

func (a *album) read(_ context.Context, tenantID, hash string) ([]byte, branding.Picture, error) {
	a.reads++
	data, ok := a.pictures[tenantID+hash]
	if !ok {
		return nil, branding.Picture{}, fault.New(fault.NotFound, "error.not_found")
	}
	return data, branding.Picture{Hash: hash, Media: "image/png"}, nil
}

func TestPicturesAreServedForEverAndToTheirTenantOnly(t *testing.T) {
	a := &album{pictures: map[string][]byte{}}
	hash := a.add("alpha-id", []byte("\x89PNG of alpha"))
	s := newSite(t, nil, func(app *fiber.App) {
		(&Pictures{Directories: twoTenants{}, Read: a.read}).Mount(app)
	})
	path := PictureURL(tenant.Tenant{Slug: "alpha"}, branding.Picture{Hash: hash, Media: "image/png"})
	for range 2 {
		resp, body := s.ask(t, "GET", path, "", "Cookie", "a=b", "Range", "bytes=0-1", "Accept-Encoding", "br, gzip")
		if resp.StatusCode != 200 || body != "\x89PNG of alpha" {
			t.Fatalf("%d %q", resp.StatusCode, body)
		}
		for name, want := range map[string]string{"Cache-Control": "public, max-age=31536000, immutable", "Content-Type": "image/png", "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": "default-src 'none'; sandbox", "Cross-Origin-Resource-Policy": "cross-origin", "ETag": `"` + hash + `"`, "Set-Cookie": "", "Content-Encoding": ""} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s is %q, want %q", name, got, want)
			}
		}
	}
	if a.reads != 1 {
		t.Errorf("the picture was read %d times", a.reads)
	}
	resp, body := s.ask(t, "HEAD", path, "")
	if resp.StatusCode != 200 || body != "" || resp.ContentLength != int64(len("\x89PNG of alpha")) {
		t.Errorf("HEAD: %d, %d bytes announced", resp.StatusCode, resp.ContentLength)
	}
	for _, tags := range []string{`"` + hash + `"`, `W/"` + hash + `"`, `"x", "` + hash + `"`, "*"} {
		if resp, body := s.ask(t, "GET", path, "", "If-None-Match", tags); resp.StatusCode != 304 || body != "" {
			t.Errorf("%s: %d %q", tags, resp.StatusCode, body)
		}
	}
	if resp, _ := s.ask(t, "GET", path, "", "If-None-Match", `"other"`); resp.StatusCode != 200 {
		t.Errorf("another tag: %d", resp.StatusCode)
	}
	reads := a.reads
	for _, p := range []string{"/bravo/branding/" + hash + ".png", "/nobody/branding/" + hash + ".png", "/alpha/branding/" + hash + ".jpg",
		"/alpha/branding/" + hash, "/alpha/branding/" + hash + ".png.html", "/alpha/branding/" + strings.ToUpper(hash) + ".png", "/alpha/branding/x.png",
		"/alpha/branding/" + strings.Repeat("0", 64) + ".png", "/alpha/branding/..%2f" + hash + ".png"} {
		resp, _ := s.ask(t, "GET", p, "")
		if resp.StatusCode != 404 || strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d, %s", p, resp.StatusCode, resp.Header.Get("Cache-Control"))
		}
	}
	if a.reads != reads+2 { // what cannot be a hash is not looked for
		t.Errorf("%d reads of what is not there", a.reads-reads)
	}
	if resp, _ := s.ask(t, "POST", path, ""); resp.StatusCode == 200 {
		t.Error("POST")
	}
}

// TestPicturesKeptAreBounded: memory holds what was asked for last, and never more than its share.
func TestPicturesKeptAreBounded(t *testing.T) {
	a := &album{pictures: map[string][]byte{}}
	p := &Pictures{Directories: twoTenants{}, Read: a.read}
	var hashes []string
	for i := range 40 {
		hashes = append(hashes, a.add("t", append([]byte(fmt.Sprint(i)), make([]byte, 1<<20)...)))
	}
	for _, h := range hashes {
		for range 2 {
			if _, err := p.find(t.Context(), pictureKey{"t", hashes[0]}); err != nil {
				t.Fatal(err)
			}
			if _, err := p.find(t.Context(), pictureKey{"t", h}); err != nil {
				t.Fatal(err)
			}
		}
		if p.bytes > picturesKept || len(p.kept) != p.order.Len() {
			t.Fatalf("%d bytes are kept, %d entries, %d in order", p.bytes, len(p.kept), p.order.Len())
		}
	}
	if a.reads != len(hashes) {
		t.Errorf("%d reads", a.reads)
	}
	huge := a.add("t", make([]byte, picturesKept))
	if _, err := p.find(t.Context(), pictureKey{"t", huge}); err != nil || len(p.kept) < 5 {
		t.Errorf("one picture drove out the others: %v", err)
	}
}

func TestPictureOfARequest(t *testing.T) {
	route := PictureRoute(Route{Method: "POST", Path: "/take"})
	s := newSite(t, func(w *Web) { w.Rows = []Route{route} }, func(app *fiber.App) {
		app.Post("/take", func(c *fiber.Ctx) error {
			r, fields, err := Picture(c, branding.BannerLogo, "file")
			if err != nil {
				f := fault.Of(err)
				if len(f.Fields) == 1 {
					return c.Status(422).SendString(f.Fields[0].Name + " " + f.Key)
				}
				return err
			}
			data, _ := io.ReadAll(r)
			return c.SendString(fmt.Sprint(len(data), " ", fields["_csrf"]))
		})
	})
	form := func(name, fileName, content string) (string, string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		_ = w.WriteField("_csrf", "token")
		part, _ := w.CreateFormFile(name, fileName)
		_, _ = part.Write([]byte(content))
		_ = w.Close()
		return b.String(), w.FormDataContentType()
	}
	multi, kind := form("file", "logo.png", "12345")
	other, otherKind := form("another", "logo.png", "12345")
	none, noneKind := form("file", "logo.png", "")
	most := strings.Repeat("x", branding.MaxPictureBytes)
	large, largeKind := form("file", "logo.png", most)
	for name, c := range map[string]struct{ body, kind, want string }{
		"a form":                     {multi, kind, "5 token"},
		"a body":                     {"1234", "image/png", "4 "},
		"a body of another kind":     {"1234", "text/html", "4 "},
		"as large as it may be":      {large, largeKind, fmt.Sprint(branding.MaxPictureBytes, " token")},
		"no file of that name":       {other, otherKind, "pictures.bannerLogo branding.picture.empty"},
		"an empty file":              {none, noneKind, "pictures.bannerLogo branding.picture.empty"},
		"nothing":                    {"", "image/png", "pictures.bannerLogo branding.picture.empty"},
		"too large":                  {most + most, "image/png", "pictures.bannerLogo branding.picture.large"},
		"a form that ends too early": {multi[:len(multi)/2], kind, ""},
	} {
		resp, body := s.ask(t, "POST", "/take", c.body, "Content-Type", c.kind)
		if c.want == "" && resp.StatusCode < 400 || c.want != "" && body != c.want {
			t.Errorf("%s: %d %.200s", name, resp.StatusCode, body)
		}
	}
}
