package handlers

import (
	"runtime"
	"strconv"
	"strings"
	"testing"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/app/tenant"
	"portico/models"
)

// BenchmarkBrands makes and then asks for the looks of 200 tenants with a theme and a style sheet each, in all
// languages: what a hit costs, and how many bytes all of them hold.
func BenchmarkBrands(b *testing.B) {
	bundle, err := i18n.Load()
	if err != nil {
		b.Fatal(err)
	}
	langs := make([]string, 0, 11)
	for _, tag := range bundle.Tags() {
		langs = append(langs, tag.String())
	}
	for _, c := range []struct {
		name string
		css  int // bytes
	}{{"colours", 0}, {"a style sheet", 20 << 10}} {
		dirs := make([]*models.Directory, 200)
		for i := range dirs {
			n := strconv.Itoa(i)
			look := func(color string) branding.Document {
				own := ".ext-button{border-radius:" + n + "px}"
				return branding.Document{Languages: map[string]branding.Elements{"": {Color: color,
					CSS: own + strings.Repeat(".ext-button{margin:1px}", max(0, c.css-len(own))/23)}}}
			}
			dirs[i] = &models.Directory{Tenant: tenant.Tenant{ID: n, Slug: "t" + n, Name: "T" + n}, Branding: branding.Set{Company: look("#0b6e4f"),
				Themes: map[string]branding.Document{"red": look("#aa1122")}, OfApp: map[string]string{"app": "red"}}}
		}
		b.Run(c.name, func(b *testing.B) {
			var brands Brands
			before := live()
			for _, dir := range dirs {
				for _, lang := range langs {
					brands.For(dir, "app", lang)
				}
			}
			held := live() - before
			if brands.bytes > brandsKept {
				b.Errorf("%d bytes are counted, %d allowed", brands.bytes, brandsKept)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				brands.For(dirs[len(dirs)-1-i/len(langs)%8], "app", langs[i%len(langs)])
			}
			b.ReportMetric(float64(held), "held-B")
			b.ReportMetric(float64(brands.bytes), "counted-B")
			b.ReportMetric(float64(len(brands.kept)), "looks")
			runtime.KeepAlive(&brands)
		})
	}
}

// live is how many bytes are in use after a collection.
func live() int64 {
	runtime.GC()
	runtime.GC() // what is unique is let go by the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
