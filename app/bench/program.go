package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
)

// program is the running binary.
type program struct {
	binary, dir, base string
	env               []string
	cmd               *exec.Cmd
	done              chan error
	log               *bytes.Buffer
}

func newProgram(binary, dir, dsn string) (*program, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		return nil, err
	}
	p := &program{binary: binary, dir: dir, base: fmt.Sprintf("http://localhost:%d", port),
		env: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, fmt.Sprintf("PORT=%d", port), "PORTICO_LOG=error"}}
	if dsn != "" {
		p.env = append(p.env, "DATABASE_URL="+dsn)
	}
	return p, nil
}

// start runs the program and says how long it took from there to the first good answer.
func (p *program) start(ctx context.Context) (time.Duration, error) {
	p.log = &bytes.Buffer{}
	p.cmd = exec.Command(p.binary, "serve")
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.dir, p.env, p.log, p.log
	begin := time.Now()
	if err := p.cmd.Start(); err != nil {
		return 0, err
	}
	p.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait() }(p.cmd, p.done)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	client := &http.Client{Timeout: time.Second}
	for time.Since(begin) < 30*time.Second {
		select {
		case err := <-p.done:
			return 0, fmt.Errorf("the program ended: %w\n%s", err, p.log)
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-tick.C:
		}
		if res, err := client.Get(p.base + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return time.Since(begin), nil
			}
		}
	}
	return 0, errors.New("not ready within 30 seconds")
}

func (p *program) stop() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	p.cmd = nil
}

// cpu is the processor time that the program has used so far.
func (p *program) cpu() time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond // USER_HZ is 100
}

// resident is the program's memory: VmRSS all of it, RssAnon without the pages of files.
func (p *program) resident(which string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(b)) {
		var kb int64
		if n, _ := fmt.Sscanf(line, which+": %d kB", &kb); n == 1 {
			return kb << 10
		}
	}
	return 0
}

// apiClient asks the command line for a client of the management API.
func (p *program) apiClient(ctx context.Context) (c apiClient, err error) {
	cmd := exec.CommandContext(ctx, p.binary, "api-client", "create", "--tenant", "fernhill", "--name", "bench")
	cmd.Dir, cmd.Env = p.dir, p.env
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		return c, fmt.Errorf("api-client create: %w: %s", err, errs.String())
	}
	return c, json.Unmarshal(out, &c)
}

type apiClient struct {
	ClientID      string `json:"client_id"`
	ClientSecret  string `json:"client_secret"`
	TokenEndpoint string `json:"token_endpoint"`
	Scope         string `json:"scope"`
}

// scratchDatabase makes a database on the Postgres server and gives its URL.
func scratchDatabase(ctx context.Context, server string) (dsn string, drop func(), err error) {
	db, err := sql.Open("pgx", server)
	if err != nil {
		return "", nil, err
	}
	name := fmt.Sprintf("portico_bench_%d", os.Getpid())
	if _, err := db.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, errors.Join(err, db.Close())
	}
	cut := strings.LastIndexByte(server, '/')
	rest := server[cut+1:]
	query := ""
	if i := strings.IndexByte(rest, '?'); i >= 0 {
		query = rest[i:]
	}
	return server[:cut+1] + name + query, func() {
		_, _ = db.Exec("DROP DATABASE " + name + " WITH (FORCE)")
		_ = db.Close()
	}, nil
}
