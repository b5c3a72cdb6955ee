package main

import (
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
	"time"

	"golang.org/x/crypto/argon2"
	_ "modernc.org/sqlite"
)

// machine is what this machine can do at all, all cores together unless said.
type machine struct {
	hashes  float64       // argon2id (19 MiB, t=2, p=1) a second
	hash    time.Duration // CPU time of one, alone
	es256   float64       // signatures a second
	commits float64       // durable SQLite commits a second, one writer
}

func (m machine) print() {
	fmt.Printf("This machine: %.0f argon2id/s on all cores (%s each), %.0f ES256 signatures/s, %.0f durable SQLite commits/s\n\n",
		m.hashes, m.hash.Round(100*time.Microsecond), m.es256, m.commits)
}

func measureLimits(p plan, dir string) (machine, error) {
	var m machine
	var hashes, signs, commits []float64
	salt := []byte("sixteen byte salt")
	hash := func() { argon2.IDKey([]byte("correct horse battery"), salt, 2, 19<<10, 1, 32) }
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return m, err
	}
	digest := sha256.Sum256([]byte("a token"))
	alone := time.Now()
	for range 10 {
		hash()
	}
	m.hash = time.Since(alone) / 10
	for range p.rounds {
		hashes = append(hashes, onAllCores(p.span, hash))
		signs = append(signs, onAllCores(p.span/2, func() { _, _ = ecdsa.SignASN1(rand.Reader, key, digest[:]) }))
		rate, err := commitRate(p.span/2, filepath.Join(dir, fmt.Sprintf("commits-%d.db", len(commits))))
		if err != nil {
			return m, err
		}
		commits = append(commits, rate)
	}
	m.hashes, m.es256, m.commits = median(hashes), median(signs), median(commits)
	return m, nil
}

// onAllCores is how often all cores together can do something in a second.
func onAllCores(span time.Duration, f func()) float64 {
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
	return float64(n.Load()) / time.Since(begin).Seconds()
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
