package main

import (
	"context"
	"fmt"
	"time"
)

// startScreen tells a developer where to look. In production a log line does.
func (s *server) startScreen(_ context.Context, started time.Time) error {
	took := s.now().Sub(started).Round(time.Millisecond)
	if !s.config.Development() {
		s.log.Info("serving", "url", s.config.BaseURL, "port", s.config.Port, "took", took)
		return nil
	}
	base := s.config.BaseURL
	fmt.Fprintf(s.stdout, "\n  Portico is running at %s (ready in %s)\n\n", base, took)
	line := func(what, where string) { fmt.Fprintf(s.stdout, "  %-18s %s\n", what, where) }
	line("Try it", base+"/demo/")
	line("Mailbox", base+"/dev/mailbox   (every mail and code lands here)")
	line("Admin portal", base+"/admin")
	if s.config.TLS == "local" {
		line("Trust this once", "data/ca.pem   (the local certificate authority)")
	}
	line("Stop", "Ctrl-C; your data stays in data/")
	fmt.Fprintln(s.stdout)
	return nil
}
