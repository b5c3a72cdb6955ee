package handlers

import (
	"cmp"
	"container/list"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/a-h/templ"
	"github.com/gofiber/fiber/v2"

	"portico/app/branding"
	"portico/app/tenant"
	"portico/models"
	"portico/views/hosted"
	"portico/views/ui"
)

// Brands keeps how tenants' pages look, made once per version of their configuration, theme and language, and what their
// user flows say instead of us. What nobody
// has asked for the longest goes when there is too much of it. The zero value works.
type Brands struct {
	// KeepSheet keeps a company's own style sheet where BrandFiles finds it, and gives its hash. nil, and where it fails:
	// the style sheet stands in the pages, however long it is.
	KeepSheet func(tenantID, sheet string) (hash string, err error)

	mu     sync.Mutex
	kept   map[brandKey]*list.Element
	order  list.List      // of *keptBrand, what was asked for last in front
	styles map[string]int // how many of those that are kept have a style, by its hash: it is in memory once
	bytes  int

	words     map[wordsKey]map[string]string // the texts of flows, by our own keys
	wordBytes int
}

// brandsKept is how many bytes of looks are kept in memory, and brandBytes what one takes besides its style.
const brandsKept, brandBytes = 32 << 20, 4 << 10

type brandKey struct {
	tenantID, theme, lang string
	version               int64
}

type keptBrand struct {
	brandKey
	once    sync.Once
	brand   *ui.Brand
	counted bool
	gone    bool
}

// Of is the company's look in no particular language.
func (b *Brands) Of(dir *models.Directory) *ui.Brand { return b.For(dir, "", "") }

// For gives the look of a tenant's pages for an app, named by its object id, in a language. "" is no app, and what holds
// for all languages.
func (b *Brands) For(dir *models.Directory, appID, lang string) *ui.Brand {
	t := dir.Tenant
	k := b.find(brandKey{t.ID, dir.Branding.OfApp[appID], lang, t.Version})
	k.once.Do(func() { // who asks for another look does not wait for this one
		k.brand = newBrand(t, dir.Branding.For(appID, lang), b.file(t))
		b.count(k)
	})
	return k.brand
}

// file makes style sheets of a tenant files.
func (b *Brands) file(t tenant.Tenant) func(sheet string) string {
	if b.KeepSheet == nil {
		return nil
	}
	return func(sheet string) string {
		hash, err := b.KeepSheet(t.ID, sheet)
		if err != nil {
			return ""
		}
		return SheetURL(t, hash)
	}
}

func (b *Brands) find(key brandKey) *keptBrand {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e, ok := b.kept[key]; ok {
		b.order.MoveToFront(e)
		return e.Value.(*keptBrand)
	}
	if b.kept == nil {
		b.kept, b.styles = map[brandKey]*list.Element{}, map[string]int{}
	}
	k := &keptBrand{brandKey: key}
	b.kept[key] = b.order.PushFront(k)
	return k
}

func (b *Brands) count(k *keptBrand) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if k.gone {
		return
	}
	k.counted = true
	b.bytes += brandBytes
	if b.styles[k.brand.StyleHash()]++; b.styles[k.brand.StyleHash()] == 1 {
		b.bytes += k.brand.StyleBytes()
	}
	for b.bytes > brandsKept && b.order.Len() > 1 {
		old := b.order.Remove(b.order.Back()).(*keptBrand)
		delete(b.kept, old.brandKey)
		if old.gone = true; !old.counted {
			continue
		}
		b.bytes -= brandBytes
		hash := old.brand.StyleHash()
		if b.styles[hash]--; b.styles[hash] == 0 {
			delete(b.styles, hash)
			b.bytes -= old.brand.StyleBytes()
		}
	}
}

// NewBrand makes a look ready for pages that nobody has published: everything of it is in the page.
func NewBrand(t tenant.Tenant, look branding.Look) *ui.Brand { return newBrand(t, look, nil) }

// newBrand makes a look ready for pages: what the tenant's settings say stands in where the look says nothing.
func newBrand(t tenant.Tenant, look branding.Look, file func(sheet string) string) *ui.Brand {
	return ui.LookBrand(t.Name, Linked(t, look), func(p branding.Picture) string { return PictureURL(t, p) }, file)
}

// Linked is a look with the links of the tenant's settings where it has none.
func Linked(t tenant.Tenant, look branding.Look) branding.Look {
	look.Support.URL, look.Privacy.URL, look.Terms.URL = cmp.Or(look.Support.URL, t.Settings.SupportURL), cmp.Or(look.Privacy.URL, t.Settings.PrivacyURL), cmp.Or(look.Terms.URL, t.Settings.TermsURL)
	return look
}

// Wear gives a page its look: the brand of an app in the language that the visitor wishes, whose one inline style is
// allowed, and whose own words are spoken from here on.
func (b *Brands) Wear(c *fiber.Ctx, dir *models.Directory, appID string) *ui.Brand {
	i := InfoOf(c)
	if appID != "" {
		i.App = appID
	}
	brand := b.For(dir, appID, i.Locale.Look())
	if hash := brand.StyleHash(); !slices.Contains(i.StyleHashes, hash) {
		i.StyleHashes = append(i.StyleHashes, hash)
	}
	WithLocale(c, brand.Speak(i.Locale))
	return brand
}

// PictureURL is where a tenant's stored picture is served: its bytes never change.
func PictureURL(t tenant.Tenant, p branding.Picture) string {
	return "/" + t.Slug + "/branding/" + p.Hash + "." + p.Ext()
}

// SheetURL is where a tenant's own style sheet is served: its bytes never change.
func SheetURL(t tenant.Tenant, hash string) string {
	return "/" + t.Slug + "/branding/" + hash + "." + sheetExt
}

// Neutral is the look of pages that belong to no tenant.
func (b *Brands) Neutral() *ui.Brand {
	return b.For(&models.Directory{Tenant: tenant.Tenant{Name: "Portico"}}, "", "")
}

// RenderBranded renders a hosted page and allows its one inline style.
func RenderBranded(c *fiber.Ctx, status int, brand *ui.Brand, page templ.Component) error {
	i := InfoOf(c)
	i.StyleHashes = append(i.StyleHashes, brand.StyleHash())
	return Render(c, status, page)
}

// ErrorPage draws an error in the look of the tenant whose page failed (all that fails at its own host is its), in the
// portal's own look below /admin, and neutrally elsewhere. It is Web.ErrorPage.
func (b *Brands) ErrorPage(c *fiber.Ctx, v ErrorView) templ.Component {
	dir, tenant := c.Locals(directoryKey).(*models.Directory)
	if !tenant && under(c.Path(), "/admin") {
		return ui.Failure(v.Title, v.Message, v.Reference)
	}
	i := InfoOf(c)
	page := hosted.Page{Brand: b.Neutral()}
	if tenant {
		if client := dir.Clients[c.Query("client_id")]; client != nil && i.App == "" {
			i.App = client.ObjectID
		}
		page.Brand = b.Wear(c, dir, i.App)
		if query, again := repeatable(c); again && i.web != nil {
			page.Languages = hosted.Chooser(Languages(i.web.Bundle, dir, i.App, nil), i.Locale, query)
		}
	}
	i.StyleHashes = append(i.StyleHashes, page.Brand.StyleHash())
	view := hosted.FailureView{Title: v.Title, Text: v.Message, Reference: v.Reference, Again: v.Action, Fields: v.Again, Home: v.Home}
	if !v.At.IsZero() {
		view.When = i.Locale.Time(v.At)
	}
	return hosted.Failure(page, view)
}

// repeatable gives the query of a request that a link can repeat: a GET, without a handle that works once.
func repeatable(c *fiber.Ctx) (url.Values, bool) {
	if c.Method() != fiber.MethodGet {
		return nil, false
	}
	query, err := url.ParseQuery(string(c.Request().URI().QueryString()))
	if err != nil || len(query.Encode()) > 4<<10 {
		return nil, false
	}
	for name := range query {
		if strings.HasPrefix(name, "portico_") {
			return nil, false
		}
	}
	return query, true
}
