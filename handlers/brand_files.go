package handlers

import (
	"container/list"
	"context"
	"strings"
	"sync"

	"github.com/gofiber/fiber/v2"

	"portico/app/branding"
	"portico/app/fault"
	"portico/models"
	"portico/static"
)

// brandFilesKept is how many bytes of pictures and style sheets are kept in memory: those of a few dozen tenants whose
// pages are being looked at now.
const brandFilesKept = 8 << 20

// BrandFiles serves the pictures and style sheets of tenants' looks below /{tenant}/branding/. An address holds the hash
// of what it shows, so that caches keep it for ever; mails show pictures too.
type BrandFiles struct {
	Directories models.Directories
	Picture     func(ctx context.Context, tenantID, hash string) ([]byte, branding.Picture, error)
	StyleSheet  func(ctx context.Context, tenantID, hash string) (string, error)

	mu    sync.Mutex
	bytes int
	order list.List // of brandFile, what was asked for last in front
	kept  map[brandFileKey]*list.Element
}

type brandFileKey struct{ tenantID, hash, ext string }

type brandFile struct {
	brandFileKey
	static.Asset
}

func (f brandFile) size() int { return len(f.Plain) + len(f.Brotli) + len(f.Gzip) }

// sheetExt is how the address of a style sheet ends.
const sheetExt = "css"

// Mount puts the route in. It takes no cookie and sets none.
func (b *BrandFiles) Mount(app fiber.Router) {
	app.Get("/:tenant/branding/:hash", b.get)
}

func (b *BrandFiles) get(c *fiber.Ctx) error {
	hash, ext, _ := strings.Cut(c.Params("hash"), ".")
	if !sha256Hex(hash) || ext != "png" && ext != "jpg" && ext != sheetExt {
		return notThere()
	}
	dir, err := b.Directories.Directory(c.UserContext(), c.Params("tenant"))
	if err != nil {
		return err
	}
	file, err := b.find(c.UserContext(), brandFileKey{dir.Tenant.ID, hash, ext})
	if err != nil {
		return err
	}
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
	c.Set("Cross-Origin-Resource-Policy", "cross-origin") // mails, and the portal's previews, whose origin is nobody's
	if ext == sheetExt {
		return sendAsset(c, file.Asset)
	}
	c.Set(fiber.HeaderETag, `"`+hash+`"`)
	c.Set(fiber.HeaderContentType, file.ContentType)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	if unchanged(c.Get(fiber.HeaderIfNoneMatch), hash) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Response().SetBodyRaw(file.Plain) // nobody changes what is kept
	return nil
}

func notThere() error { return fault.New(fault.NotFound, "error.not_found") }

func sha256Hex(s string) bool {
	return len(s) == 64 && strings.Trim(s, "0123456789abcdef") == ""
}

// unchanged reads If-None-Match (RFC 9110 §13.1.2).
func unchanged(header, hash string) bool {
	for _, tag := range strings.Split(header, ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == `"`+hash+`"` || tag == "*" {
			return true
		}
	}
	return false
}

// find looks into the memory first. What is not there at all is asked for by its key, which costs next to nothing.
func (b *BrandFiles) find(ctx context.Context, key brandFileKey) (brandFile, error) {
	b.mu.Lock()
	if e, ok := b.kept[key]; ok {
		b.order.MoveToFront(e)
		b.mu.Unlock()
		return e.Value.(brandFile), nil
	}
	b.mu.Unlock()
	found, err := b.read(ctx, key)
	if err != nil {
		return brandFile{}, err
	}
	b.keep(found)
	return found, nil
}

func (b *BrandFiles) read(ctx context.Context, key brandFileKey) (brandFile, error) {
	if key.ext == sheetExt {
		sheet, err := b.StyleSheet(ctx, key.tenantID, key.hash)
		if err != nil {
			return brandFile{}, err
		}
		a := static.Asset{ContentType: "text/css; charset=utf-8", Plain: []byte(sheet)}
		a.Brotli, a.Gzip = small(a.Plain)
		return brandFile{key, a}, nil
	}
	data, facts, err := b.Picture(ctx, key.tenantID, key.hash)
	if err == nil && facts.Ext() != key.ext {
		err = notThere()
	}
	return brandFile{key, static.Asset{ContentType: facts.Media, Plain: data}}, err
}

func (b *BrandFiles) keep(f brandFile) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.kept[f.brandFileKey]; ok || f.size() > brandFilesKept/4 {
		return
	}
	if b.kept == nil {
		b.kept = map[brandFileKey]*list.Element{}
	}
	b.kept[f.brandFileKey] = b.order.PushFront(f)
	for b.bytes += f.size(); b.bytes > brandFilesKept; {
		last := b.order.Back()
		old := b.order.Remove(last).(brandFile)
		delete(b.kept, old.brandFileKey)
		b.bytes -= old.size()
	}
}
