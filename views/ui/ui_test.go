package ui

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/branding"
	"portico/app/i18n"
	"portico/views/ui/check"
)

func languages(t *testing.T) map[string]context.Context {
	t.Helper()
	b, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]context.Context{"pseudo": i18n.With(context.Background(), b.Pseudo())}
	for _, tag := range b.Tags() {
		all[tag.String()] = i18n.With(context.Background(), b.Match(tag.String()))
	}
	return all
}

func TestEveryFixtureReadsWell(t *testing.T) {
	for lang, ctx := range languages(t) {
		for _, f := range Fixtures() {
			var b bytes.Buffer
			if err := f.Body.Render(ctx, &b); err != nil {
				t.Fatalf("%s – %s: %v", f.Component, f.Name, err)
			}
			if f.Component == "error summary" {
				continue // its links lead to fields of the page around it
			}
			for _, p := range check.Fragment(&b) {
				t.Errorf("%s – %s (%s): %s", f.Component, f.Name, lang, p)
			}
		}
	}
}

// The gallery is the portal's shell around every fixture: a page like any other.
func TestTheGalleryIsAPage(t *testing.T) {
	for lang, ctx := range languages(t) {
		var b bytes.Buffer
		if err := Gallery(GalleryView{Fixtures: Fixtures(), Pages: []Link{{Text: "sign-in", Href: "/dev/gallery/pages/sign-in"}}}).Render(ctx, &b); err != nil {
			t.Fatal(err)
		}
		for _, p := range check.Page(&b) {
			t.Errorf("%s: %s", lang, p)
		}
	}
}

func TestTheShellOfThePortal(t *testing.T) {
	s := SampleShell()
	s.Errors = []FieldError{{"name", "Enter a name for the app"}}
	ctx := languages(t)["en"]
	var b bytes.Buffer
	if err := together(Input(Text("name", "Name", "", "off").WithError("Enter a name for the app"))).Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := withChild(Admin(s), Input(Text("name", "Name", "", "off").WithError("Enter a name for the app"))).Render(ctx, &page); err != nil {
		t.Fatal(err)
	}
	html := page.String()
	for _, p := range check.Page(strings.NewReader(html)) {
		t.Error(p)
	}
	for _, want := range []string{"<title>Error: ", `aria-current="page"`, `href="#content"`, `popovertarget="nav"`, `name="_csrf"`, `role="status"`} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Index(html, `class="summary"`) > strings.Index(html, "<h1>") {
		t.Error("the summary of errors stands above the h1")
	}
}

func TestErrorsSayTheSameInBothPlaces(t *testing.T) {
	const words = "Enter your email address"
	var b bytes.Buffer
	errors := []FieldError{{"email", words}}
	ctx := languages(t)["en"]
	if err := ErrorSummary(errors).Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	if err := Input(Username("Email address", "<mira@").WithError(ErrorFor(errors, "email"))).Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	html := b.String()
	if strings.Count(html, words) != 2 {
		t.Errorf("the words stand %d times", strings.Count(html, words))
	}
	for _, want := range []string{`href="#f-email"`, `id="f-email"`, `aria-invalid="true"`, `aria-describedby="f-email-error"`, `role="alert"`, `tabindex="-1" autofocus role="group"`, `value="&lt;mira@"`} {
		if !strings.Contains(html, want) {
			t.Errorf("%s is missing in %s", want, html)
		}
	}
	for _, p := range check.Fragment(strings.NewReader(html)) {
		t.Error(p)
	}
}

func TestPasswordsNeverComeBack(t *testing.T) {
	f := Password("Password")
	f.Value = "correct horse"
	var b bytes.Buffer
	if err := Input(f).Render(languages(t)["en"], &b); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "correct horse") {
		t.Error("the page holds the password")
	}
}

func TestIDsAreStableAndSafe(t *testing.T) {
	for name, want := range map[string]string{"email": "f-email", "attributes[extension_x_y]": "f-attributes-extension_x_y", "newPassword": "f-newPassword", `a"b c`: "f-a-b-c"} {
		if got := ID(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

func TestScales(t *testing.T) {
	for _, row := range []struct{ max, top, step float64 }{
		{0, 4, 1}, {1, 1, 1}, {3, 3, 1}, {4, 4, 1}, {7, 8, 2}, {10, 10, 5}, {860, 1000, 500}, {4310, 6000, 2000}, {100, 100, 50}, {.8, .8, .2},
	} {
		s := NewScale(row.max)
		if d := s.Max - row.top; d > 1e-9 || d < -1e-9 || s.Step-row.step > 1e-9 || row.step-s.Step > 1e-9 {
			t.Errorf("up to %v: %+v, want top %v in steps of %v", row.max, s, row.top, row.step)
		}
	}
	c := Chart{Labels: []string{"a", "b"}, Series: []Series{{"x", []float64{0, 4}}}, Lines: true}
	if got := c.Line(c.Series[0]); got != "M191 174L485 12" {
		t.Errorf("path %s", got)
	}
	days := Chart{ID: "g", Labels: make([]string, 30), Series: []Series{{"x", make([]float64, 30)}, {"Medium", make([]float64, 30)}}, Lines: true}
	for _, d := range []struct {
		c      Chart
		width  float64
		labels int // a phone has room for fewer
	}{{days, 640, 8}, {days.narrowed(), 300, 4}} {
		n := 0
		for i := range d.c.Labels {
			if d.c.labelled(i) {
				n++
			}
		}
		if n > d.labels || n < 3 || d.c.X(29) > d.c.right() || d.c.right() > d.width-40 || d.c.box() != "0 0 "+num(d.width)+" 200" {
			t.Errorf("%d labels, the last point at %v of %v in %s", n, d.c.X(29), d.c.right(), d.c.box())
		}
	}
	if days.narrowed().ID == days.ID {
		t.Error("two drawings of one page have one id")
	}
	for v, want := range map[float64]string{0: "0", 999: "999", 1000: "1,000", 4310.5: "4,310.5", -1234567: "-1,234,567"} {
		if got := Figure(v); got != want {
			t.Errorf("%v reads %s", v, got)
		}
	}
}

func TestTimesCarryTheirZone(t *testing.T) {
	var b bytes.Buffer
	at := time.Date(2026, 5, 14, 13, 5, 9, 0, time.UTC)
	if err := Moment(at, time.FixedZone("CEST", 7200)).Render(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != `<time class="nowrap" datetime="2026-05-14T13:05:09Z">14 May 2026, 15:05:09 CEST</time>` {
		t.Error(got)
	}
}

func TestTheStyleHashIsThatOfTheStyle(t *testing.T) {
	b := NewBrand("Fernhill", branding.Theme{Color: "#0b6e4f"})
	css := strings.TrimSuffix(strings.TrimPrefix(b.style, "<style>"), "</style>")
	if b.StyleHash() != CSPHash(css) || strings.Contains(css, "</") {
		t.Error("the policy would not allow the page's own style")
	}
}

// TestTabsGetASmallIcon: the large one is for home screens.
func TestTabsGetASmallIcon(t *testing.T) {
	kept := branding.Picture{Hash: "big", Width: 180, Height: 180, Smaller: []branding.Picture{{Hash: "mid", Width: 48, Height: 48}, {Hash: "small", Width: 32, Height: 32}}}
	icons := iconsOf(kept, func(p branding.Picture) string { return "/" + p.Hash })
	want := []TabIcon{{"icon", "/small", "32x32"}, {"icon", "/mid", "48x48"}, {"apple-touch-icon", "/big", "180x180"}}
	if !slices.Equal(icons, want) {
		t.Errorf("%v", icons)
	}
	if one := iconsOf(branding.Picture{Hash: "tiny", Width: 32, Height: 32}, func(p branding.Picture) string { return p.Hash }); len(one) != 1 {
		t.Errorf("a small picture: %v", one)
	}
}
