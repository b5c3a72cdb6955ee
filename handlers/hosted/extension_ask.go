package hosted

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"portico/app/extension"
	"portico/app/signin"
)

// Extensions is how the machine asks the tenants' own APIs: the caller asks, every call is kept, and how long answers take
// is remembered for those who wait in place of one (signin.Extensions).
type Extensions struct {
	Call func(ctx context.Context, c *extension.Configuration, to extension.Chosen, o *extension.Occasion) extension.Result
	Keep func(tenantID string, c extension.Call)

	mu    sync.Mutex
	paces map[string][]time.Duration // by tenant and extension, the last ones
}

var _ signin.Extensions = (*Extensions)(nil)

// How many answers a pace is drawn from, of how many extensions, and what it is while none is known.
const (
	pacesKept    = 32
	pacesOf      = 1000
	unknownPace  = 100 * time.Millisecond
	longestPause = 2 * extension.MaxTimeout
)

// Ask asks and keeps the call.
func (e *Extensions) Ask(ctx context.Context, c *extension.Configuration, to extension.Chosen, o extension.Occasion) signin.Counsel {
	r := e.Call(ctx, c, to, &o)
	e.Keep(o.TenantID, r.Call)
	out := signin.Counsel{Answer: r.Answer, Call: r.Call.Record()}
	if !r.Answered() {
		out.Failure = &extension.Failure{Code: r.Call.Code, Detail: r.Call.Detail}
	}
	if o.Event == extension.PasswordSubmit {
		e.took(o.TenantID+" "+r.Call.ExtensionID, r.Call.Duration)
	}
	return out
}

func (e *Extensions) took(key string, d time.Duration) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.paces == nil || len(e.paces) > pacesOf {
		e.paces = map[string][]time.Duration{}
	}
	list := append(e.paces[key], min(d, longestPause))
	e.paces[key] = list[max(0, len(list)-pacesKept):]
}

// Pace draws from how long the last answers took, so that the times of those who are asked about and of those who are not
// spread alike.
func (e *Extensions) Pace(tenantID, extensionID string) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := e.paces[tenantID+" "+extensionID]
	if len(list) == 0 {
		return unknownPace
	}
	return list[rand.IntN(len(list))]
}
