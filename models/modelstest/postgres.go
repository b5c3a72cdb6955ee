package modelstest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"portico/models"
)

// postgresServer is the address of a server for scratch databases: PORTICO_TEST_POSTGRES, or a
// temporary cluster that ends with this test binary.
var postgresServer = sync.OnceValues(func() (server, error) {
	if dsn := os.Getenv("PORTICO_TEST_POSTGRES"); dsn != "" {
		return server{dsn: dsn}, nil
	}
	return startCluster()
})

// server is where scratch databases are made. Guard is the pipe that keeps a temporary cluster alive;
// it must stay reachable, or the collector would close it.
type server struct {
	dsn   string
	guard io.WriteCloser
}

// postgresTemplate is the name of a migrated database that scratch databases are copied from. Its name
// carries a hash of the schema, so that test binaries of one version share it.
var postgresTemplate = sync.OnceValues(func() (string, error) {
	server, err := postgresServer()
	if err != nil {
		return "", err
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server.dsn)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	name := "portico_template_" + schemaHash()
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(4711)"); err != nil {
		return "", err
	}
	var ready bool
	err = conn.QueryRow(ctx, "SELECT datistemplate FROM pg_database WHERE datname = $1", name).Scan(&ready)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
	case err != nil:
		return "", err
	case ready:
		return name, nil
	default: // left behind half made
		if _, err := conn.Exec(ctx, "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
			return "", err
		}
	}
	// Production databases mostly sort as people do; so does this one, where the server knows how (ICU),
	// so that tests notice what relies on the order of bytes.
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"); err != nil {
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+name); err != nil {
			return "", err
		}
	}
	if err := migrate(withDatabase(server.dsn, name)); err != nil {
		return "", err
	}
	_, err = conn.Exec(ctx, "ALTER DATABASE "+name+" WITH IS_TEMPLATE true")
	return name, err
})

// schemaHash changes whenever a row type or a migration file does.
func schemaHash() string {
	h := sha256.New()
	fmt.Fprintln(h, "icu")
	fmt.Fprintln(h, models.SchemaText())
	for _, table := range models.Tables() {
		rt := reflect.TypeOf(table).Elem()
		fmt.Fprintln(h, rt.Name())
		for i := range rt.NumField() {
			f := rt.Field(i)
			fmt.Fprintln(h, f.Name, f.Type, f.Tag)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

func postgresDatabase(t testing.TB) string {
	t.Helper()
	template, err := postgresTemplate()
	if err != nil {
		t.Fatalf("no Postgres for tests: %v\nInstall the server (make test does) or set PORTICO_TEST_POSTGRES.", err)
	}
	return postgresCopy(t, template)
}

// postgresCopy makes a database from a template and drops it when the test ends.
func postgresCopy(t testing.TB, template string) string {
	t.Helper()
	server, err := postgresServer()
	if err != nil {
		t.Fatalf("no Postgres for tests: %v", err)
	}
	var random [8]byte
	_, _ = rand.Read(random[:])
	name := "portico_scratch_" + hex.EncodeToString(random[:])
	admin := func(sql string) error {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, server.dsn)
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		_, err = conn.Exec(ctx, sql)
		return err
	}
	if err := admin("CREATE DATABASE " + name + " TEMPLATE " + template); err != nil {
		t.Fatalf("scratch database: %v", err)
	}
	t.Cleanup(func() {
		if err := admin("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)"); err != nil {
			t.Errorf("drop scratch database: %v", err)
		}
	})
	return withDatabase(server.dsn, name)
}

func withDatabase(dsn, name string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return dsn
	}
	u.Path = "/" + name
	return u.String()
}

// startCluster runs a Postgres of this test binary's own on a free loopback port. A small shell waits
// on a pipe whose other end only this process holds; when the process ends, however it ends, the shell
// stops the server and deletes its files.
func startCluster() (server, error) {
	var none server
	bin, err := serverBinaries()
	if err != nil {
		return none, err
	}
	dir, err := os.MkdirTemp("", "portico-postgres-")
	if err != nil {
		return none, err
	}
	attr := &syscall.SysProcAttr{Setpgid: true}
	if os.Geteuid() == 0 { // the server refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			return none, fmt.Errorf("Postgres does not run as root and there is no user postgres: %w", err)
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			return none, err
		}
	}
	port, err := freePort()
	if err != nil {
		return none, err
	}
	data := filepath.Join(dir, "data")
	run := func(name string, args ...string) error {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.SysProcAttr, cmd.Dir = attr, dir
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, out)
		}
		return nil
	}
	if err := run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"); err != nil {
		return none, err
	}
	options := fmt.Sprintf("-p %d -k %s -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=300", port, dir)
	if err := run("pg_ctl", "-D", data, "-l", filepath.Join(dir, "log"), "-w", "-t", "180", "-o", options, "start"); err != nil {
		return none, err
	}
	guard := exec.Command("/bin/sh", "-c", `cat >/dev/null; "$1"/pg_ctl -D "$2"/data -m immediate stop >/dev/null 2>&1; rm -rf "$2"`,
		"sh", bin, dir)
	guard.SysProcAttr, guard.Dir = attr, "/"
	pipe, err := guard.StdinPipe()
	if err != nil {
		return none, err
	}
	if err := guard.Start(); err != nil {
		return none, err
	}
	dsn := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", port)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return none, err
	}
	return server{dsn: dsn, guard: pipe}, conn.Close(ctx)
}

// serverBinaries finds the folder that holds initdb: PATH first, then the newest Debian-style one.
func serverBinaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", errors.New("initdb is neither in PATH nor in /usr/lib/postgresql/*/bin")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(strings.TrimPrefix(path, "/usr/lib/postgresql/"), "/")[0])
		return n
	}
	sort.Slice(found, func(i, j int) bool { return version(found[i]) > version(found[j]) })
	return filepath.Dir(found[0]), nil
}
