package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"portico/app/config"
)

func TestSecretsStayOutOfTheLog(t *testing.T) {
	var out bytes.Buffer
	log := newLogger(&out, config.Config{Env: "production", Log: "info"})
	log.Info("x", "client_secret", "s3cret", "Password", "s3cret", "access_token", "s3cret", "code", "s3cret", "Authorization", "s3cret",
		"set_cookie", "s3cret", "code_verifier", "s3cret", "setup_link", "s3cret", "client_assertion", "s3cret", "tenant", "fernhill")
	if strings.Contains(out.String(), "s3cret") {
		t.Error(out.String())
	}
	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["tenant"] != "fernhill" {
		t.Errorf("%v %s", err, out.String())
	}
	out.Reset()
	newLogger(&out, config.Config{Env: "production", Log: "warn"}).Info("quiet")
	if out.Len() > 0 {
		t.Error("PORTICO_LOG is not heeded")
	}
}
