package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"time"

	"portico/app/export"
	"portico/models"
)

// courier hands exported records over; files only below the folder that the operator named.
func (s *server) courier() (*export.Courier, error) {
	base, err := url.Parse(s.config.BaseURL)
	if err != nil {
		return nil, err
	}
	c := &export.Courier{HTTP: s.outbound, Dial: s.outbound, TLS: s.outbound.TLS, Host: base.Hostname(), Now: s.now}
	if s.config.ExportDir != "" {
		if c.Files, err = export.OpenFiles(s.config.ExportDir, s.now); err != nil {
			return nil, fmt.Errorf("PORTICO_EXPORT_DIR: %w", err)
		}
	}
	return c, nil
}

// exporting keeps the continuous exports of all tenants going.
func (s *server) exporting(m *metrics, c *export.Courier) func(context.Context) {
	english := s.bundle.Match("en")
	w := &export.Worker{Store: models.ExportStore{Store: s.store, Say: english.Evidence}, Courier: c, Owner: s.owner, Now: s.now, Jitter: rand.Float64,
		Observe: func(kind export.TargetKind, result string, records int) {
			m.exports.WithLabelValues(string(kind), result).Add(float64(records))
		},
		Failed: func(j export.Job, err error) {
			s.log.Error("export", "export", j.ID, "tenant", j.TenantID, "kind", j.Target.Kind, "failures", j.Failures, "error", err)
		}}
	return func(ctx context.Context) { w.Run(ctx, time.Second) }
}
