package main

import (
	"context"
	"crypto/subtle"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/gofiber/fiber/v2/middleware/adaptor"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"portico/handlers"
)

// probes are the operator's doors: alive, ready, figures.
func (s *server) probes(m *metrics) {
	s.app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendString("ok\n") })
	s.app.Get("/readyz", s.readyz)
	s.app.Get(handlers.TrialPath, s.hostTrial)
	s.app.Get("/", s.root)
	s.app.Get("/robots.txt", func(c *fiber.Ctx) error { return c.SendString("User-agent: *\nDisallow: /\n") })
	s.app.Get("/metrics", s.metricsGuard, adaptor.HTTPHandler(m.handler()))
}

// root helps whoever typed the bare address: a developer to the sample applications, an administrator
// to the portal. Customers come through their applications; there is nothing here for them.
func (s *server) root(c *fiber.Ctx) error {
	switch {
	case s.config.Development():
		return c.Redirect("/demo", fiber.StatusSeeOther)
	case s.config.AdminHost != "" && strings.EqualFold(string(c.Request().Host()), s.config.AdminHost):
		return c.Redirect("/admin", fiber.StatusSeeOther)
	}
	return fiber.ErrNotFound
}

// readyz says whether this instance should get requests: it is not draining, the database answers, and
// what is sealed there opens with our secret.
func (s *server) readyz(c *fiber.Ctx) error {
	if s.draining.Load() {
		return c.Status(fiber.StatusServiceUnavailable).SendString("draining\n")
	}
	if err := s.healthy(c.UserContext()); err != nil {
		s.log.Error("not ready", "error", err)
		return c.Status(fiber.StatusServiceUnavailable).SendString("not ready; the log says why\n")
	}
	return c.SendString("ready\n")
}

// metricsGuard lets in whoever has the token or, when there is none, this machine only. A request
// that a proxy forwarded is not this machine's.
func (s *server) metricsGuard(c *fiber.Ctx) error {
	if token := s.config.MetricsToken; token != "" {
		given := strings.TrimPrefix(c.Get(fiber.HeaderAuthorization), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(given), []byte(token)) != 1 {
			return fiber.ErrUnauthorized
		}
		return c.Next()
	}
	if !handlers.InfoOf(c).IP.IsLoopback() || c.Get(fiber.HeaderXForwardedFor) != "" || !c.Context().RemoteIP().IsLoopback() {
		return fiber.ErrNotFound
	}
	return c.Next()
}

// metrics are the figures for Prometheus. Labels are bounded: routes are patterns, never paths.
type metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	jobs     *prometheus.CounterVec
	outbox   *prometheus.CounterVec
	exports  *prometheus.CounterVec
	calls    *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portico_http_requests_total", Help: "Answered requests by route pattern and status."}, []string{"method", "route", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "portico_http_request_duration_seconds", Help: "Time to answer by route pattern.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"route"}),
		jobs:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portico_job_runs_total", Help: "Background job runs by result."}, []string{"job", "result"}),
		outbox:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portico_outbox_deliveries_total", Help: "Delivery attempts by kind and result."}, []string{"kind", "result"}),
		calls:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portico_extension_calls_total", Help: "Questions to custom authentication extensions by event and outcome."}, []string{"event", "outcome"}),
		exports: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "portico_exported_records_total", Help: "Records of continuous exports by kind of target and result."}, []string{"kind", "result"}),
	}
	m.registry.MustRegister(m.requests, m.duration, m.jobs, m.outbox, m.exports, m.calls, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewBuildInfoCollector())
	return m
}

// backlog shows what waits for delivery and what was given up, asked when somebody looks.
func (m *metrics) backlog(count func(context.Context) (pending, buried int64, err error)) {
	gauge := func(name, help string, pick func(pending, buried int64) int64) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
			defer cancel()
			pending, buried, err := count(ctx)
			if err != nil {
				return math.NaN()
			}
			return float64(pick(pending, buried))
		}))
	}
	gauge("portico_outbox_pending", "Deliveries that wait.", func(pending, _ int64) int64 { return pending })
	gauge("portico_outbox_buried", "Deliveries given up in the last 30 days.", func(_, buried int64) int64 { return buried })
}

// counts shows a number that only grows and is counted elsewhere.
func (m *metrics) counts(name, help string, count func() uint64) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(count()) }))
}

func (m *metrics) observe(o handlers.Observation) {
	m.requests.WithLabelValues(o.Method, o.Route, strconv.Itoa(o.Status)).Inc()
	m.duration.WithLabelValues(o.Route).Observe(o.Duration.Seconds())
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// healthy checks what every request needs.
func (s *server) healthy(ctx context.Context) error {
	if err := s.store.Ping(ctx); err != nil {
		return err
	}
	_, err := s.store.CheckSeals(ctx)
	return err
}
