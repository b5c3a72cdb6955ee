package main

import (
	"context"
	"runtime/debug"
	runtimemetrics "runtime/metrics"
	"time"
)

// rest tells when the program has come to rest after it worked: garbage is collected rarely (tuning), so what a start,
// the sample company's history or a busy hour left behind would stay for as long as there is little to do.
type rest struct {
	last  uint64 // bytes allocated so far, when it was asked before
	given uint64 // when memory was given back
}

// restTick is how often it is asked. In one tick an idle program allocates half of restQuiet, one sign-in with a
// password ten times as much. restWork is how much garbage is worth a collection.
const (
	restTick  = 5 * time.Second
	restQuiet = 2 << 20
	restWork  = 8 << 20
)

// due reports whether memory should be given back now; allocated only grows.
func (r *rest) due(allocated uint64) bool {
	quiet := allocated-r.last < restQuiet
	r.last = allocated
	if !quiet || allocated-r.given < restWork {
		return false
	}
	r.given = allocated
	return true
}

// giveBack returns to the system what the program does not need while it rests.
func (s *server) giveBack(ctx context.Context) {
	var r rest
	t := time.NewTicker(restTick)
	defer t.Stop()
	allocated := []runtimemetrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		if runtimemetrics.Read(allocated); !r.due(allocated[0].Value.Uint64()) {
			continue
		}
		if err := s.store.GiveBack(ctx); err != nil && ctx.Err() == nil {
			s.log.Warn("giving memory back", "error", err)
		}
		debug.FreeOSMemory()
	}
}
