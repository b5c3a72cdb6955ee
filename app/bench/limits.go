package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/argon2"
	_ "modernc.org/sqlite"

	"portico/app/factor"
)

// machine is what this machine can do at all, all cores together unless said.
type machine struct {
	hashes  float64       // argon2id (19 MiB, t=2, p=1) a second, by the program's own hasher with nothing else to do
	plain   float64       // the same by the library's one function, which takes fresh memory for each hash
	hash    time.Duration // processor time of one hash, with every core busy
	es256   float64       // signatures a second
	commits float64       // durable SQLite commits a second, one writer
}

func (m machine) print() {
	fmt.Printf("This machine: %.1f argon2id/s on all cores (%s of a core each; %.1f/s by the library's plain function), %.0f ES256 signatures/s, %.0f durable SQLite commits/s one at a time\n\n",
		m.hashes, m.hash.Round(100*time.Microsecond), m.plain, m.es256, m.commits)
}

func measureLimits(p plan, dir string) (machine, error) {
	var m machine
	var hashes, plain, signs, commits, each []float64
	hasher := factor.NewHasher(factor.DefaultArgon(), runtime.NumCPU(), 64)
	salt := []byte("sixteen byte salt")
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return m, err
	}
	digest := sha256.Sum256([]byte("a token"))
	for range p.rounds {
		before := ownCPU()
		n, rate := onAllCores(2*p.span, func() { _, _ = hasher.Hash(context.Background(), "correct horse battery") })
		hashes, each = append(hashes, rate), append(each, float64(ownCPU()-before)/float64(n))
		_, rate = onAllCores(p.span, func() { argon2.IDKey([]byte("correct horse battery"), salt, 2, 19<<10, 1, 32) })
		plain = append(plain, rate)
		_, rate = onAllCores(p.span/2, func() { _, _ = ecdsa.SignASN1(rand.Reader, key, digest[:]) })
		signs = append(signs, rate)
		if rate, err = commitRate(p.span/2, filepath.Join(dir, fmt.Sprintf("commits-%d.db", len(commits)))); err != nil {
			return m, err
		}
		commits = append(commits, rate)
	}
	m.hashes, m.plain, m.es256, m.commits = median(hashes), median(plain), median(signs), median(commits)
	m.hash = time.Duration(median(each))
	return m, nil
}

// ownCPU is the processor time that the generator itself has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// onAllCores is how often all cores together can do something in a second.
func onAllCores(span time.Duration, f func()) (int64, float64) {
	var n atomic.Int64
	var wait sync.WaitGroup
	begin := time.Now()
	for range runtime.NumCPU() {
		wait.Go(func() {
			for time.Since(begin) < span {
				f()
				n.Add(1)
			}
		})
	}
	wait.Wait()
	return n.Load(), float64(n.Load()) / time.Since(begin).Seconds()
}

// commitRate is how many transactions of one row a single writer makes durable in a second.
func commitRate(span time.Duration, path string) (float64, error) {
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return 0, err
	}
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	if _, err := db.Exec("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)"); err != nil {
		return 0, err
	}
	n, begin := 0, time.Now()
	for time.Since(begin) < span {
		if _, err := db.Exec("INSERT INTO t (v) VALUES ('a row of about this length, as a log has them')"); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}
