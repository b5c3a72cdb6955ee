package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/factor"
	"portico/app/tuning"
)

type serveCommand struct{}

// drainTime bounds how long requests in flight may still take after SIGTERM.
const drainTime = 20 * time.Second

// server is a running program: the web application, its workers, and whether it takes new requests.
type server struct {
	*program
	owner    string // this process in leases
	hasher   *factor.Hasher
	app      *fiber.App
	workers  []func(context.Context) // each returns soon after its context ends
	draining atomic.Bool
	// settle is how long readiness fails before connections are refused, so that balancers notice.
	settle time.Duration
}

func newServer(p *program) *server {
	s := &server{program: p, owner: instance(), hasher: factor.NewHasher(factor.DefaultArgon(), 0, 0)}
	if !p.config.Development() {
		s.settle = 2 * time.Second
	}
	return s
}

// Run serves until the context ends (SIGTERM, Ctrl-C), then drains (LIBRARIES §6.1.12): readiness fails,
// requests in flight finish, workers stop, the database closes.
func (serveCommand) Run(ctx context.Context, w world) error {
	started := w.now()
	tuning.Collector(w.environ, runtime.GOMAXPROCS(0)).Apply()
	p, err := open(w)
	if err != nil {
		return err
	}
	defer p.close()
	if !p.config.Development() { // a platform collects what is printed; the start screen is not
		p.log = newLogger(w.stdout, p.config)
	}
	for _, warning := range p.config.Warnings() {
		p.log.Warn(warning)
	}
	if err := p.store.Migrate(ctx); err != nil {
		return err
	}
	if _, err := p.checkSecret(ctx); err != nil {
		return err
	}
	s := newServer(p)
	certificate, err := p.tlsConfig()
	if err != nil {
		return err
	}
	if err := s.wire(ctx); err != nil {
		return err
	}
	listeners, err := p.listen(certificate)
	if err != nil {
		return err
	}
	return s.run(ctx, listeners, started)
}

func (s *server) run(ctx context.Context, listeners []net.Listener, started time.Time) error {
	working, stopWorkers := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWorkers()
	done := make(chan struct{})
	go func() {
		defer close(done)
		together(working, s.workers)
	}()
	s.app.Handler() // prepares the routes
	failed := make(chan error, len(listeners))
	for _, ln := range listeners {
		go func() { failed <- s.app.Server().Serve(ln) }()
	}
	if err := s.startScreen(ctx, started); err != nil {
		s.log.Error("start screen", "error", err)
	}
	if s.ready != nil {
		s.ready(listeners[0].Addr().String())
	}
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	s.draining.Store(true)
	s.log.Info("draining: no new work, finishing what has begun")
	if s.settle > 0 && err == nil {
		time.Sleep(s.settle)
	}
	if stop := s.app.ShutdownWithTimeout(drainTime); stop != nil && !errors.Is(stop, context.DeadlineExceeded) {
		err = errors.Join(err, stop)
	}
	stopWorkers()
	<-done
	s.log.Info("stopped")
	return err
}

// together runs the workers until all have returned.
func together(ctx context.Context, workers []func(context.Context)) {
	ended := make(chan struct{}, len(workers))
	for _, work := range workers {
		go func() {
			work(ctx)
			ended <- struct{}{}
		}()
	}
	for range workers {
		<-ended
	}
}

// listen opens the port: on this machine's loopback addresses only in development, else everywhere;
// with TLS when a certificate is given or the local authority is asked for.
func (p *program) listen(certificate *tls.Config) ([]net.Listener, error) {
	port := strconv.Itoa(p.config.Port)
	hosts := []string{""}
	if p.config.Development() {
		hosts = []string{"127.0.0.1", "::1"}
	}
	var out []net.Listener
	for _, host := range hosts {
		ln, err := net.Listen("tcp", net.JoinHostPort(host, port))
		if err != nil {
			if host == "::1" { // a machine without IPv6
				continue
			}
			return nil, fmt.Errorf("port %s is not free: %w\nSet PORT to another one, for example PORT=%d", port, err, p.config.Port+1)
		}
		if certificate != nil {
			ln = tls.NewListener(ln, certificate)
		}
		out = append(out, ln)
	}
	return out, nil
}
