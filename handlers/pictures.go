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
)

// picturesKept is how many bytes of pictures are kept in memory: those of a few dozen tenants whose pages are being
// looked at now.
const picturesKept = 8 << 20

// Pictures serves the pictures of tenants' looks below /{tenant}/branding/. An address holds the hash of what it shows,
// so that caches keep it for ever; mails show them too.
type Pictures struct {
	Directories models.Directories
	Read        func(ctx context.Context, tenantID, hash string) ([]byte, branding.Picture, error)

	mu    sync.Mutex
	bytes int
	order list.List // of keptPicture, what was asked for last in front
	kept  map[pictureKey]*list.Element
}

type pictureKey struct{ tenantID, hash string }

type keptPicture struct {
	pictureKey
	media string
	data  []byte
}

// Mount puts the route in. It takes no cookie and sets none.
func (p *Pictures) Mount(app fiber.Router) {
	app.Get("/:tenant/branding/:hash", p.get)
}

func (p *Pictures) get(c *fiber.Ctx) error {
	hash, ext, _ := strings.Cut(c.Params("hash"), ".")
	if !sha256Hex(hash) || ext != "png" && ext != "jpg" {
		return notThere()
	}
	dir, err := p.Directories.Directory(c.UserContext(), c.Params("tenant"))
	if err != nil {
		return err
	}
	kept, err := p.find(c.UserContext(), pictureKey{dir.Tenant.ID, hash})
	if err != nil {
		return err
	}
	if ext != (branding.Picture{Media: kept.media}).Ext() {
		return notThere()
	}
	c.Set(fiber.HeaderCacheControl, "public, max-age=31536000, immutable")
	c.Set(fiber.HeaderETag, `"`+hash+`"`)
	c.Set(fiber.HeaderContentType, kept.media)
	c.Set(fiber.HeaderXContentTypeOptions, "nosniff")
	c.Set(fiber.HeaderContentSecurityPolicy, "default-src 'none'; sandbox")
	c.Set("Cross-Origin-Resource-Policy", "cross-origin")
	if unchanged(c.Get(fiber.HeaderIfNoneMatch), hash) {
		return c.SendStatus(fiber.StatusNotModified)
	}
	c.Response().SetBodyRaw(kept.data) // nobody changes what is kept
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
func (p *Pictures) find(ctx context.Context, key pictureKey) (keptPicture, error) {
	p.mu.Lock()
	if e, ok := p.kept[key]; ok {
		p.order.MoveToFront(e)
		p.mu.Unlock()
		return e.Value.(keptPicture), nil
	}
	p.mu.Unlock()
	data, facts, err := p.Read(ctx, key.tenantID, key.hash)
	if err != nil {
		return keptPicture{}, err
	}
	found := keptPicture{key, facts.Media, data}
	p.keep(found)
	return found, nil
}

func (p *Pictures) keep(k keptPicture) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.kept[k.pictureKey]; ok || len(k.data) > picturesKept/4 {
		return
	}
	if p.kept == nil {
		p.kept = map[pictureKey]*list.Element{}
	}
	p.kept[k.pictureKey] = p.order.PushFront(k)
	for p.bytes += len(k.data); p.bytes > picturesKept; {
		last := p.order.Back()
		old := p.order.Remove(last).(keptPicture)
		delete(p.kept, old.pictureKey)
		p.bytes -= len(old.data)
	}
}
