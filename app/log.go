package main

import (
	"crypto/rand"
	"io"
	"log/slog"
	"strings"

	"portico/app/config"
)

// newLogger writes lines for people in development and JSON in production. Values under names that
// sound secret are never written, whoever logs them.
func newLogger(w io.Writer, c config.Config) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.Log)); err != nil { // config refused it before
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level, ReplaceAttr: redact}
	if c.Development() {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

func redact(_ []string, a slog.Attr) slog.Attr {
	name := strings.ToLower(a.Key)
	for _, word := range []string{"secret", "password", "token", "code", "authorization", "cookie", "proof", "verifier", "link", "assertion"} {
		if strings.Contains(name, word) {
			return slog.String(a.Key, "[redacted]")
		}
	}
	return a
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails (crypto/rand)
	return b
}
