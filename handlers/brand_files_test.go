package handlers

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
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
	hash := branding.HashOf(data)
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
		(&BrandFiles{Directories: twoTenants{}, Picture: a.read}).Mount(app)
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
	if a.reads != reads+3 { // what cannot be a hash is not looked for
		t.Errorf("%d reads of what is not there", a.reads-reads)
	}
	if resp, _ := s.ask(t, "POST", path, ""); resp.StatusCode == 200 {
		t.Error("POST")
	}
}

// wardrobe holds style sheets by tenant and hash.
type wardrobe map[string]string

func (w wardrobe) keep(tenantID, sheet string) (string, error) {
	hash := branding.HashOf([]byte(sheet))
	w[tenantID+hash] = sheet
	return hash, nil
}

func (w wardrobe) read(_ context.Context, tenantID, hash string) (string, error) {
	sheet, ok := w[tenantID+hash]
	if !ok {
		return "", notThere()
	}
	return sheet, nil
}

// longCSS is a style sheet that is too long for pages.
func longCSS(color string) string {
	return ".ext-title{color:" + color + "}" + strings.Repeat(".ext-button{margin:1px}", 200)
}

func unpacked(t *testing.T, encoding, body string) string {
	t.Helper()
	var r io.Reader = strings.NewReader(body)
	switch encoding {
	case "br":
		r = brotli.NewReader(r)
	case "gzip":
		z, err := gzip.NewReader(r)
		if err != nil {
			t.Fatal(err)
		}
		r = z
	}
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestLongStyleSheetsAreFiles: a page links what is too long for it before anything of its body, the policy lets it be
// loaded and nothing else, the file is kept for ever, and an earlier one is still there.
func TestLongStyleSheetsAreFiles(t *testing.T) {
	kept, css, version := wardrobe{}, "", int64(0)
	brands := &Brands{KeepSheet: kept.keep}
	s := newSite(t, func(w *Web) { w.ErrorPage = brands.ErrorPage }, func(app *fiber.App) {
		(&BrandFiles{Directories: twoTenants{}, StyleSheet: kept.read}).Mount(app)
		app.Get("/alpha/page", func(c *fiber.Ctx) error {
			c.Locals(directoryKey, &models.Directory{Tenant: tenant.Tenant{ID: "alpha-id", Slug: "alpha", Name: "alpha", Version: version},
				Branding: branding.Set{Company: branding.Document{Languages: map[string]branding.Elements{"": {CSS: css}}}}})
			return fiber.ErrNotFound
		})
	})
	link := regexp.MustCompile(`<link rel="stylesheet" href="([^"]+)">`)
	page := func(sheet string) (body, policy, at string) {
		css, version = sheet, version+1
		resp, body := s.ask(t, "GET", "/alpha/page", "")
		head, _, _ := strings.Cut(body, "<body")
		if m := link.FindStringSubmatch(head); m != nil {
			if strings.Index(head, "</style>") > strings.Index(head, m[0]) {
				t.Error("the company's style sheet is read before ours, whose layers it stands in")
			}
			at = m[1]
		}
		return body, resp.Header.Get("Content-Security-Policy"), at
	}
	if body, _, at := page(".ext-title{color:#0b6e4f}"); at != "" || !strings.Contains(body, branding.CompanySheet(".ext-title{color:#0b6e4f}")+"</style>") {
		t.Errorf("a short one is no file: %q %s", at, body[strings.Index(body, "</style>")-400:])
	}
	body, policy, green := page(longCSS("#0b6e4f"))
	if green == "" || strings.Contains(body, "@layer company{") || !strings.HasPrefix(green, "/alpha/branding/") {
		t.Fatalf("a long one is a file: %q in %s", green, body)
	}
	if !regexp.MustCompile(`; style-src 'self'( 'sha256-[^']+')+; `).MatchString(policy) || strings.Contains(policy, "unsafe") { // one's own origin, and what is inline
		t.Errorf("policy %s", policy)
	}
	want := branding.CompanySheet(longCSS("#0b6e4f"))
	for _, encoding := range []string{"br", "gzip", ""} {
		resp, body := s.ask(t, "GET", green, "", "Accept-Encoding", encoding, "Cookie", "a=b")
		if got := unpacked(t, encoding, body); resp.StatusCode != 200 || got != want || encoding != "" && len(body) > len(want)/4 {
			t.Errorf("%q: %d, %d of %d bytes", encoding, resp.StatusCode, len(body), len(want))
		}
		for name, want := range map[string]string{"Cache-Control": "public, max-age=31536000, immutable", "Content-Type": "text/css; charset=utf-8", "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": "default-src 'none'; sandbox", "Content-Encoding": encoding, "Vary": "Accept-Encoding", "Set-Cookie": "", "ETag": ""} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%q: %s is %q, want %q", encoding, name, got, want)
			}
		}
	}
	_, _, red := page(longCSS("#9b111e"))
	if red == green || red == "" {
		t.Errorf("another style sheet is at %s", red)
	}
	hash := strings.TrimSuffix(strings.TrimPrefix(green, "/alpha/branding/"), ".css")
	for path, want := range map[string]int{red: 200, green: 200, "/bravo/branding/" + hash + ".css": 404, "/nobody/branding/" + hash + ".css": 404, "/alpha/branding/" + strings.Repeat("0", 64) + ".css": 404,
		"/alpha/branding/" + hash + ".html": 404, "/alpha/branding/" + hash: 404} {
		if resp, _ := s.ask(t, "GET", path, ""); resp.StatusCode != want || want != 200 && strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
	brands.KeepSheet = func(string, string) (string, error) { return "", errors.New("the database is away") }
	if body, _, at := page(longCSS("#aa5500")); at != "" || !strings.Contains(body, "#aa5500") {
		t.Errorf("what cannot be a file stands in the page: %q", at)
	}
}

// TestBrandFilesKeptAreBounded: memory holds what was asked for last, and never more than its share.
func TestBrandFilesKeptAreBounded(t *testing.T) {
	a := &album{pictures: map[string][]byte{}}
	p := &BrandFiles{Directories: twoTenants{}, Picture: a.read}
	var hashes []string
	for i := range 40 {
		hashes = append(hashes, a.add("t", append([]byte(fmt.Sprint(i)), make([]byte, 1<<20)...)))
	}
	for _, h := range hashes {
		for range 2 {
			if _, err := p.find(t.Context(), brandFileKey{"t", hashes[0], "png"}); err != nil {
				t.Fatal(err)
			}
			if _, err := p.find(t.Context(), brandFileKey{"t", h, "png"}); err != nil {
				t.Fatal(err)
			}
		}
		if p.bytes > brandFilesKept || len(p.kept) != p.order.Len() {
			t.Fatalf("%d bytes are kept, %d entries, %d in order", p.bytes, len(p.kept), p.order.Len())
		}
	}
	if a.reads != len(hashes) {
		t.Errorf("%d reads", a.reads)
	}
	huge := a.add("t", make([]byte, brandFilesKept))
	if _, err := p.find(t.Context(), brandFileKey{"t", huge, "png"}); err != nil || len(p.kept) < 5 {
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
		"too large":                  {most + most[:1<<20], "image/png", "pictures.bannerLogo branding.picture.large"}, // no more than is drained, or the answer may be lost
		"a form that ends too early": {multi[:len(multi)/2], kind, ""},
	} {
		resp, body := s.ask(t, "POST", "/take", c.body, "Content-Type", c.kind)
		if c.want == "" && resp.StatusCode < 400 || c.want != "" && body != c.want {
			t.Errorf("%s: %d %.200s", name, resp.StatusCode, body)
		}
	}
}
