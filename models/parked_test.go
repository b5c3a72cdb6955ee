package models_test

import (
	"fmt"
	"net/url"
	"sync"
	"testing"
	"time"

	"portico/models/modelstest"
)

// A departure keeps its latest five posted answers, however many come and however much at once; those of another one stay.
func TestParkedAnswersStayFew(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		tn, ctx := modelstest.MustTenant(t, s.Store, ""), t.Context()
		put := func(digest string) error { return tn.ParkAnswer(ctx, "p1", digest, url.Values{"code": {digest}}) }
		if err := put("other.1"); err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 20 {
			wg.Go(func() {
				if err := put(fmt.Sprint("trip.", i)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s.Clock.Advance(time.Second)
		if err := put("trip.last"); err != nil {
			t.Fatal(err)
		}
		kept := 0
		for i := range 20 {
			if _, found, err := tn.TakeParked(ctx, "p1", fmt.Sprint("trip.", i)); err != nil {
				t.Fatal(err)
			} else if found {
				kept++
			}
		}
		if kept != 4 {
			t.Errorf("%d older ones are kept", kept)
		}
		for _, digest := range []string{"trip.last", "other.1"} {
			if form, found, err := tn.TakeParked(ctx, "p1", digest); err != nil || !found || form.Get("code") != digest {
				t.Errorf("%s: %v %v %v", digest, form, found, err)
			}
		}
	})
}
