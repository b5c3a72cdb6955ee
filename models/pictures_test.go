package models_test

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"portico/app/branding"
	"portico/app/fault"
	"portico/models"
	"portico/models/modelstest"
)

// drawn is a picture that no other number gives.
func drawn(t testing.TB, w, h, number int) *bytes.Reader {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(x), uint8(y), uint8(number), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(b.Bytes())
}

func TestPictures(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, by := t.Context(), modelstest.Actor()
		a, b := modelstest.MustTenant(t, s, "alpha"), modelstest.MustTenant(t, s, "bravo")
		d, err := a.SavePicture(ctx, by, branding.BannerLogo, drawn(t, 980, 144, 1))
		must(t, err)
		if d.Width != 490 || len(d.Smaller) != 1 || len(d.Notes) != 1 {
			t.Fatalf("%+v, %v", d.Picture, d.Notes)
		}
		data, facts, err := a.Picture(ctx, d.Hash)
		must(t, err)
		if !bytes.Equal(data, d.Files[0].Data) || facts.Media != d.Media || facts.Bytes != len(data) {
			t.Errorf("kept %d bytes, %+v", len(data), facts)
		}
		all, err := a.PictureFacts(ctx, []string{d.Hash, strings.Repeat("0", 64), "x"})
		must(t, err)
		if len(all) != 1 || len(all[d.Hash].Smaller) != 1 || all[d.Hash].Smaller[0].Hash != d.Smaller[0].Hash {
			t.Errorf("facts: %+v", all)
		}

		// Of another tenant there is nothing to see.
		for _, hash := range []string{d.Hash, d.Smaller[0].Hash, "", "x", "' OR 1=1 --"} {
			if _, _, err := b.Picture(ctx, hash); !fault.Is(err, fault.NotFound) {
				t.Errorf("another tenant reads %q: %v", hash, err)
			}
		}
		if all, err := b.PictureFacts(ctx, []string{d.Hash}); err != nil || len(all) != 0 {
			t.Errorf("another tenant learns %v: %v", all, err)
		}

		// The same upload is the same picture, and is recorded once.
		again, err := a.SavePicture(ctx, by, branding.BannerLogo, drawn(t, 980, 144, 1))
		must(t, err)
		if again.Hash != d.Hash {
			t.Error("the same upload is another picture")
		}

		// What is exported comes back under its hash, and nothing else does.
		exported, err := a.PictureData(ctx, d.Hash)
		must(t, err)
		back, err := b.ImportPicture(ctx, by, branding.BannerLogo, d.Hash, exported)
		must(t, err)
		if there, _, err := b.Picture(ctx, d.Hash); err != nil || !bytes.Equal(there, exported) || back.Hash != d.Hash {
			t.Errorf("imported: %v", err)
		}
		for _, bad := range [][]byte{append(bytes.Clone(exported), "<script>"...), exported[:len(exported)-1], nil} {
			if _, err := b.ImportPicture(ctx, by, branding.BannerLogo, d.Hash, bad); !fault.Is(err, fault.Invalid) {
				t.Errorf("imported %d bytes: %v", len(bad), err)
			}
		}

		// What cannot be taken names the slot.
		_, err = a.SavePicture(ctx, by, branding.Favicon, strings.NewReader("<svg>"))
		if f := fault.Of(err); f.Code != fault.Invalid || f.Fields[0].Name != "pictures.favicon" || f.Key != "branding.picture.svg" {
			t.Errorf("SVG: %v", err)
		}
		if _, err := a.SavePicture(ctx, by, "other", drawn(t, 10, 10, 1)); !fault.Is(err, fault.NotFound) {
			t.Errorf("another slot: %v", err)
		}
	})
}

func TestPicturesNobodyRefersTo(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, sc modelstest.Scratch) {
		s := sc.Store
		ctx, by := t.Context(), modelstest.Actor()
		a, b := modelstest.MustTenant(t, s, "alpha"), modelstest.MustTenant(t, s, "bravo")
		save := func(tn *models.Tenant, number int) string {
			d, err := tn.SavePicture(ctx, by, branding.SquareLogo, drawn(t, 600, 600, number))
			must(t, err)
			return d.Hash
		}
		published, old, draft, never, theirs := save(a, 1), save(a, 2), save(a, 3), save(a, 4), save(b, 5)
		show := func(hash string, publish bool) {
			t.Helper()
			now, err := a.Branding(ctx, branding.Company)
			must(t, err)
			now, err = a.SaveBrandingDraft(ctx, by, branding.Company, branding.Document{Languages: map[string]branding.Elements{"de": {Pictures: map[branding.Slot]string{branding.SquareLogo: hash}}}}, now.Revision)
			must(t, err)
			if publish {
				_, err = a.PublishBranding(ctx, by, branding.Company, now.Revision, "")
				must(t, err)
			}
		}
		show(old, true)
		show(published, true)
		show(draft, false)
		purge := func(want int) {
			t.Helper()
			if n, err := a.PurgePictures(ctx); err != nil || n != want {
				t.Fatalf("purged %d, want %d: %v", n, want, err)
			}
		}
		there := func(tn *models.Tenant, hash string) bool {
			_, _, err := tn.Picture(ctx, hash)
			return err == nil
		}
		purge(0)
		sc.Clock.Advance(29 * 24 * time.Hour)
		purge(0)
		sc.Clock.Advance(2 * 24 * time.Hour)
		purge(2) // the one that nobody refers to, with its smaller one
		if there(a, never) || !there(a, published) || !there(a, old) || !there(a, draft) || !there(b, theirs) {
			t.Error("the wrong ones are gone")
		}
		facts, err := a.PictureFacts(ctx, []string{published, old, draft})
		must(t, err)
		for hash, p := range facts {
			if len(p.Smaller) != 1 || !there(a, p.Smaller[0].Hash) {
				t.Errorf("%s lost its smaller one", hash)
			}
		}
		// What is used again, or uploaded again, is kept on.
		now, err := a.Branding(ctx, branding.Company)
		must(t, err)
		must(t, a.DiscardBrandingDraft(ctx, by, branding.Company, now.Revision))
		purge(0)
		sc.Clock.Advance(29 * 24 * time.Hour)
		if save(a, 3) != draft {
			t.Fatal("another hash")
		}
		sc.Clock.Advance(2 * 24 * time.Hour)
		purge(0)
		if !there(a, draft) {
			t.Error("gone, though uploaded again")
		}
		// A look never refers to what is not there, or is another tenant's.
		for _, hash := range []string{never, theirs} {
			now, err = a.Branding(ctx, branding.Company)
			must(t, err)
			_, err = a.SaveBrandingDraft(ctx, by, branding.Company, branding.Document{Languages: map[string]branding.Elements{"de": {Pictures: map[branding.Slot]string{branding.SquareLogo: hash}}}}, now.Revision)
			if f := fault.Of(err); f == nil || len(f.Fields) != 1 || f.Fields[0].Name != "de.pictures.squareLogo" {
				t.Errorf("a look refers to what is not there: %v", err)
			}
		}
	})
}

func TestPicturesHaveALimit(t *testing.T) {
	s := modelstest.Open(t)
	ctx, by := t.Context(), modelstest.Actor()
	a, b := modelstest.MustTenant(t, s, "alpha"), modelstest.MustTenant(t, s, "bravo")
	d, err := a.SavePicture(ctx, by, branding.SquareLogo, drawn(t, 600, 600, 1))
	must(t, err)
	must(t, models.PretendPictureBytes(s, a.ID, d.Hash, models.MaxPicturesBytes))
	_, err = a.SavePicture(ctx, by, branding.SquareLogo, drawn(t, 600, 600, 2))
	if f := fault.Of(err); f == nil || f.Key != "branding.picture.full" || len(f.Fields) != 1 {
		t.Errorf("one too many: %v", err)
	}
	if _, err := a.SavePicture(ctx, by, branding.SquareLogo, drawn(t, 600, 600, 1)); err != nil {
		t.Errorf("one that is there: %v", err)
	}
	if _, err := b.SavePicture(ctx, by, branding.SquareLogo, drawn(t, 600, 600, 2)); err != nil {
		t.Errorf("another tenant: %v", err)
	}
}

// TestPicturesTogether: many at once, the same ones among them, all end well.
func TestPicturesTogether(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		a := modelstest.MustTenant(t, s, "alpha")
		var wg sync.WaitGroup
		errs := make([]error, 12)
		uploads := make([]*bytes.Reader, len(errs))
		for i := range uploads {
			uploads[i] = drawn(t, 500, 100, i%3)
		}
		for i := range errs {
			wg.Go(func() { _, errs[i] = a.SavePicture(t.Context(), modelstest.Actor(), branding.HeaderLogo, uploads[i]) })
		}
		wg.Wait()
		if i := slices.IndexFunc(errs, func(err error) bool { return err != nil }); i >= 0 {
			t.Error(errs[i])
		}
	})
}
