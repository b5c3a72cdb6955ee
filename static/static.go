// Package static holds what browsers load besides pages: the style sheet of the admin portal, the
// scripts, the favicon; and the style sheet of the hosted pages, which goes inline. Everything is built
// beforehand (go generate ./static), embedded, named by the hash of its content and already compressed.
// It knows nothing of HTTP frameworks: package handlers serves the table.
package static

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"path"
	"strings"
	"sync"
)

//go:generate go run ./build

//go:embed dist
var dist embed.FS

// Prefix is where the assets are served.
const Prefix = "/static/"

// Asset is one file with its compressed forms. URL holds the hash of the content, so it may be cached
// for ever.
type Asset struct {
	Name, URL, ContentType string
	Plain, Brotli, Gzip    []byte
}

var table = sync.OnceValue(func() map[string]Asset {
	byName := map[string]Asset{}
	entries, err := fs.ReadDir(dist, "dist")
	if err != nil {
		panic("static: " + err.Error())
	}
	read := func(name string) []byte {
		b, _ := fs.ReadFile(dist, "dist/"+name) // an absent compressed form is an ordinary nil
		return b
	}
	for _, e := range entries {
		name, ext := e.Name(), path.Ext(e.Name())
		if ext == ".br" || ext == ".gz" {
			continue
		}
		plain := read(name)
		sum := sha256.Sum256(plain)
		byName[name] = Asset{
			Name: name, Plain: plain, Brotli: read(name + ".br"), Gzip: read(name + ".gz"),
			URL:         Prefix + strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext,
			ContentType: contentType(ext),
		}
	}
	return byName
})

func contentType(ext string) string {
	switch ext {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

// Assets is the table by name.
func Assets() map[string]Asset { return table() }

// URL is the fingerprinted address of an asset. Asking for one that does not exist is a defect.
func URL(name string) string {
	a, ok := table()[name]
	if !ok {
		panic("static: no asset " + name)
	}
	return a.URL
}

// HostedCSS is the style sheet that every hosted page carries inline.
func HostedCSS() string { return string(table()["hosted.css"].Plain) }

// BrandCSS is what those pages carry besides whose company has more of a look than a colour and a name.
func BrandCSS() string { return string(table()["brand.css"].Plain) }
