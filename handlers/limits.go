package handlers

import (
	"net/netip"
	"strings"
	"sync"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/fault"
	"portico/app/signal"
)

// Limits are the in-process request rates of DESIGN §9.13: one token bucket per (what, who), counted
// by address and, for a tenant as a whole, by tenant. They blunt floods; the limits that guard
// accounts, codes and destinations live in the database.
type Limits struct {
	Now    func() time.Time
	Exempt func(netip.Addr) bool // loopback in development

	mu  sync.Mutex
	new map[string]*bucket // at most half of maxBuckets, then it becomes old
	old map[string]*bucket
}

type bucket struct {
	tokens float64
	at     time.Time
}

// maxBuckets bounds memory: about 100 bytes each. When there are more, the longest unused half goes.
const maxBuckets = 100_000

// Rate is so many per second with bursts of up to Burst.
type Rate struct{ PerSecond, Burst float64 }

// Rates that tenants start with (features F338).
const (
	PerAddress = 20
	PerTenant  = 200
)

// Take takes one token; when there is none it says how long until there is.
func (l *Limits) Take(key string, r Rate) (wait time.Duration, ok bool) { return l.take(key, r, 1) }

// Empty reports whether the bucket has no token left, without taking one.
func (l *Limits) Empty(key string, r Rate) (wait time.Duration, empty bool) {
	wait, ok := l.take(key, r, 0)
	return wait, !ok
}

func (l *Limits) take(key string, r Rate, n float64) (time.Duration, bool) {
	now := l.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.find(key)
	if b == nil {
		b = &bucket{tokens: r.Burst, at: now}
		if l.new == nil || len(l.new) >= maxBuckets/2 {
			l.old, l.new = l.new, map[string]*bucket{}
		}
		l.new[key] = b
	}
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.tokens, b.at = min(r.Burst, b.tokens+passed*r.PerSecond), now
	}
	if b.tokens < 1 {
		return time.Duration((1 - b.tokens) / r.PerSecond * float64(time.Second)), false
	}
	b.tokens -= n
	return 0, true
}

func (l *Limits) find(key string) *bucket {
	if b := l.new[key]; b != nil {
		return b
	}
	b := l.old[key]
	if b != nil {
		delete(l.old, key)
		if l.new == nil {
			l.new = map[string]*bucket{}
		}
		l.new[key] = b
	}
	return b
}

// Posts limits the hosted pages' POSTs per address and per tenant. perAddress gives the tenant's
// own rate, 0 = the default.
func (l *Limits) Posts(perAddress func(*fiber.Ctx) int) fiber.Handler {
	return func(c *fiber.Ctx) error {
		ip := InfoOf(c).IP
		if c.Method() != fiber.MethodPost || l.Exempt != nil && l.Exempt(ip) {
			return c.Next()
		}
		tenant := strings.ToLower(c.Params("tenant"))
		rate := float64(PerAddress)
		if perAddress != nil {
			if n := perAddress(c); n > 0 {
				rate = float64(n)
			}
		}
		total := max(PerTenant, 10*rate)
		if wait, ok := l.Take("post "+tenant+" "+signal.Bucket(ip).String(), Rate{rate, 2 * rate}); !ok {
			return tooMany(wait)
		}
		if wait, ok := l.Take("tenant "+tenant, Rate{total, 2 * total}); !ok {
			return tooMany(wait)
		}
		return c.Next()
	}
}

// ClientAuth limits failed client authentication per address: a 401 costs a token, and without one
// nothing is even looked at. Successful calls cost nothing.
func (l *Limits) ClientAuth(c *fiber.Ctx) error {
	ip := InfoOf(c).IP
	if l.Exempt != nil && l.Exempt(ip) {
		return c.Next()
	}
	key, rate := "client "+signal.Bucket(ip).String(), Rate{1, 20}
	if wait, empty := l.Empty(key, rate); empty {
		return tooMany(wait)
	}
	err := c.Next()
	if c.Response().StatusCode() == fiber.StatusUnauthorized || err != nil && Status(fault.Of(err).Code) == fiber.StatusUnauthorized {
		l.Take(key, rate)
	}
	return err
}

func tooMany(wait time.Duration) error {
	return &fault.Error{Code: fault.TooMany, Key: "error.too_many", RetryAfter: max(wait, time.Second)}
}
