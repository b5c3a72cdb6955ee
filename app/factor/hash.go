package factor

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"portico/app/fault"
)

// Argon are the costs of argon2id (RFC 9106).
type Argon struct {
	MemoryKiB uint32
	Time      uint32
	Threads   uint8
}

// DefaultArgon are the costs of DESIGN §5.8: 19 MiB, two passes, one lane.
func DefaultArgon() Argon { return Argon{MemoryKiB: 19 * 1024, Time: 2, Threads: 1} }

// Hasher hashes and verifies passwords, one per core at a time. Whoever finds the queue full is told to
// come back, so that a flood costs waiting, not memory.
type Hasher struct {
	cost  Argon
	slots chan struct{} // running
	queue chan struct{} // running or waiting
	dummy string
}

// NewHasher makes a hasher with a number of workers (0 = one per core) and a waiting room (0 = 24 each).
func NewHasher(cost Argon, workers, waiting int) *Hasher {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	if waiting <= 0 {
		waiting = 24 * workers
	}
	h := &Hasher{cost: cost, slots: make(chan struct{}, workers), queue: make(chan struct{}, workers+waiting)}
	h.dummy = h.encode(random(16), random(32))
	return h
}

// Hash makes the PHC string of a password.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	salt := random(16)
	return h.encode(salt, h.key(salt, password, h.cost, 32)), nil
}

// void stands before a hash that opens nothing any more.
const void = "!"

// Void makes a hash worthless without forgetting it: Verify takes it like nobody's, and Former still tells
// whether a new password is the old one again.
func Void(hash string) string { return void + strings.TrimPrefix(hash, void) }

// IsVoid reports whether a hash was made worthless.
func IsVoid(hash string) bool { return strings.HasPrefix(hash, void) }

// Former is a hash as it was: for asking whether a new password differs, never for letting anybody in.
func Former(hash string) string { return strings.TrimPrefix(hash, void) }

// Room says whether somebody could join the queue now: the cheap question to ask before anything is
// written for a try that would be refused.
func (h *Hasher) Room() error {
	if len(h.queue) == cap(h.queue) {
		return busy(nil)
	}
	return nil
}

// Verify compares a password with a stored hash: argon2id as PHC string, or what Foreign.Adopt took over. An
// empty hash, and a void one, is compared with a dummy of the same cost, so that unknown people take as long as known ones.
// Stale says that the hash deserves to be made again with today's costs.
func (h *Hasher) Verify(ctx context.Context, hash, password string) (ok, stale bool, err error) {
	leave, err := h.enter(ctx)
	if err != nil {
		return false, false, err
	}
	defer leave()
	if hash == "" || IsVoid(hash) {
		h.compare(h.dummy, password)
		return false, false, nil
	}
	if !strings.HasPrefix(hash, "$argon2id$") {
		matches, err := parseForeign(hash)
		if err != nil {
			return false, false, fmt.Errorf("factor: a stored password hash is not usable: %w", errPHC)
		}
		ok = matches(password)
		if !ok && quick(hash) { // no quicker than for nobody: the answer must not tell that somebody was moved here
			h.compare(h.dummy, password)
		}
		return ok, ok, nil
	}
	ok, cost, err := h.compare(hash, password)
	if err == nil && !ok && norm.NFKC.String(password) != password { // other products hash what was typed
		_, salt, key, _ := parsePHC(hash)
		ok = same(argon2.IDKey([]byte(password), salt, cost.Time, cost.MemoryKiB, cost.Threads, uint32(len(key))), key)
		return ok, ok, nil
	}
	return ok, ok && cost != h.cost, err
}

func (h *Hasher) compare(hash, password string) (bool, Argon, error) {
	cost, salt, key, err := parsePHC(hash)
	if err != nil {
		return false, cost, err
	}
	return subtle.ConstantTimeCompare(key, h.key(salt, password, cost, uint32(len(key)))) == 1, cost, nil
}

func (h *Hasher) key(salt []byte, password string, c Argon, n uint32) []byte {
	return argon2.IDKey([]byte(norm.NFKC.String(password)), salt, c.Time, c.MemoryKiB, c.Threads, n)
}

// enter takes a place in the queue and then a worker.
func (h *Hasher) enter(ctx context.Context) (func(), error) {
	select {
	case h.queue <- struct{}{}:
	default:
		return nil, busy(nil)
	}
	select {
	case h.slots <- struct{}{}:
		return func() { <-h.slots; <-h.queue }, nil
	case <-ctx.Done():
		<-h.queue
		return nil, busy(ctx.Err())
	}
}

func busy(cause error) error {
	return &fault.Error{Code: fault.Unavailable, Key: "error.busy", RetryAfter: 2 * time.Second, Cause: cause}
}

func (h *Hasher) encode(salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.MemoryKiB, h.cost.Time,
		h.cost.Threads, b.EncodeToString(salt), b.EncodeToString(key))
}

var errPHC = errors.New("factor: not an argon2id PHC string")

func parsePHC(s string) (c Argon, salt, key []byte, err error) {
	parts := strings.Split(s, "$")
	var version int
	if len(parts) != 6 || parts[1] != "argon2id" {
		return c, nil, nil, errPHC
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return c, nil, nil, errPHC
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.MemoryKiB, &c.Time, &c.Threads); err != nil {
		return c, nil, nil, errPHC
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return c, nil, nil, errPHC
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil {
		return c, nil, nil, errPHC
	}
	if c.MemoryKiB < 8 || c.MemoryKiB > 1<<20 || c.Time < 1 || c.Time > 64 || c.Threads < 1 || len(salt) < 8 || len(key) < 16 || len(key) > 128 {
		return c, nil, nil, errPHC
	}
	return c, salt, key, nil
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails since Go 1.24
	return b
}
