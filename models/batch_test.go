package models_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"portico/app/record"
	"portico/models"
	"portico/models/modelstest"
)

func TestBatchedWritesSucceedAndFailEachForItself(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx := t.Context()
		a, b := modelstest.MustTenant(t, s, ""), modelstest.MustTenant(t, s, "")
		boom := errors.New("boom")
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				tn := a
				if i%2 == 1 {
					tn = b
				}
				callCtx := ctx
				if i%10 == 9 {
					callCtx = cancelled
				}
				var panicked any
				err := func() (err error) {
					defer func() { panicked = recover() }()
					return tn.InBatch(callCtx, func(tn *models.Tenant) error {
						r := entry(s.Now(), func(r *record.SignIn) { r.ID = fmt.Sprintf("entry-%d", i) })
						if err := tn.RecordSignIn(callCtx, r); err != nil {
							return err
						}
						switch i % 10 {
						case 6: // fails after it wrote
							return boom
						case 7: // fails in the database
							return tn.InTx(callCtx, func(tn *models.Tenant) error {
								return tn.RecordSignIn(callCtx, record.SignIn{ID: string(make([]byte, 3))})
							})
						case 8:
							panic("bug")
						}
						return nil
					})
				}()
				switch i % 10 {
				case 6:
					if !errors.Is(err, boom) {
						t.Errorf("%d: %v", i, err)
					}
				case 8:
					if panicked != "bug" {
						t.Errorf("%d: the panic is %v", i, panicked)
					}
				case 9:
					if !errors.Is(err, context.Canceled) {
						t.Errorf("%d: %v", i, err)
					}
				case 7: // Postgres refuses the NUL, SQLite does not mind
				default:
					if err != nil || panicked != nil {
						t.Errorf("%d: %v, %v", i, err, panicked)
					}
				}
			})
		}
		wg.Wait()
		for i := range 200 {
			tn := a
			if i%2 == 1 {
				tn = b
			}
			_, err := tn.SignIn(ctx, fmt.Sprintf("entry-%d", i))
			switch i % 10 {
			case 7:
			case 6, 8, 9:
				if err == nil {
					t.Errorf("%d failed and is there", i)
				}
			default:
				if err != nil {
					t.Errorf("%d succeeded and is not there: %v", i, err)
				}
			}
		}
	})
}

func TestBatchJoinsARunningTransaction(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		tn := modelstest.MustTenant(t, s, "")
		stop := errors.New("stop")
		err := tn.InTx(t.Context(), func(tn *models.Tenant) error {
			if err := tn.LogSignIn(t.Context(), entry(s.Now(), func(r *record.SignIn) { r.ID = "inside" })); err != nil {
				return err
			}
			if _, err := tn.SignIn(t.Context(), "inside"); err != nil {
				t.Errorf("a transaction does not read what it wrote: %v", err)
			}
			return stop
		})
		if !errors.Is(err, stop) {
			t.Fatal(err)
		}
		if _, err := tn.SignIn(t.Context(), "inside"); err == nil {
			t.Error("an undone transaction left an entry")
		}
	})
}
