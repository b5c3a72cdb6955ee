package main

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"portico/app/config"
	"portico/app/federation"
	"portico/app/i18n"
	"portico/app/outbound"
	"portico/app/signal"
	"portico/models"
)

// program is what every command works with: settings read, database open.
type program struct {
	world
	config   config.Config
	store    *models.Store
	bundle   *i18n.Bundle
	log      *slog.Logger
	proxies  signal.Proxies
	outbound *outbound.Client
	// published is what identity providers publish, read once for the whole process.
	published *federation.Cache
}

// settings reads and checks every setting, reporting all that is wrong at once.
func settings(w world) (*program, error) {
	p := &program{world: w}
	var errs []error
	var err error
	if p.config, err = config.Load(w.environ); err != nil {
		errs = append(errs, err)
	}
	if p.proxies, err = signal.ParseProxies(p.config.TrustedProxies); err != nil {
		errs = append(errs, fmt.Errorf("PORTICO_TRUSTED_PROXIES: %w", err))
	}
	allow, err := outbound.ParseAllow(p.config.OutboundAllow)
	if err != nil {
		errs = append(errs, fmt.Errorf("PORTICO_OUTBOUND_ALLOW: %w", err))
	}
	if p.config.Development() { // a developer's apps run on this machine
		local, err := outbound.ParseAllow("localhost, 127.0.0.0/8, ::1/128")
		errs = append(errs, err)
		allow = append(allow, local...)
	}
	p.outbound, p.published = &outbound.Client{Allow: allow}, &federation.Cache{Shelf: shelf{p}}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("the settings cannot work:\n  %s", strings.ReplaceAll(err.Error(), "\n", "\n  "))
	}
	p.log = newLogger(w.stderr, p.config)
	return p, nil
}

// open reads the settings and opens the database, without migrating it.
func open(w world) (*program, error) {
	p, err := settings(w)
	if err != nil {
		return nil, err
	}
	if p.bundle, err = i18n.Load(); err != nil {
		return nil, err
	}
	if path := p.config.SQLite(); path != "" {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return nil, fmt.Errorf("make the folder of the database: %w", err)
		}
	}
	sealer, err := p.sealer()
	if err != nil {
		return nil, err
	}
	if p.store, err = models.Open(p.config.DatabaseURL, sealer, w.now); err != nil {
		return nil, err
	}
	return p, nil
}

// sealer makes what seals secrets at rest; in development, where no secret is set, this machine has one
// of its own.
func (p *program) sealer() (models.Sealer, error) {
	if p.config.Secret == "" {
		secret, err := developmentSecret()
		if err != nil {
			return nil, err
		}
		p.config.Secret = secret
	}
	current, previous, err := p.config.Secrets()
	if err != nil {
		return nil, err
	}
	return models.NewSealer(current, previous)
}

func (p *program) close() {
	if err := p.store.Close(); err != nil {
		p.log.Error("closing the database", "error", err)
	}
}

// developmentSecret reads the machine's own secret, making it on the first start.
func developmentSecret() (string, error) {
	path := filepath.Join(config.DataDir, "secret")
	b, err := os.ReadFile(path)
	if err == nil {
		secret := strings.TrimSpace(string(b))
		if raw, err := base64.StdEncoding.DecodeString(secret); err != nil || len(raw) != 32 {
			return "", fmt.Errorf("%s is damaged; restore it, or delete the folder %s to start over", path, config.DataDir)
		}
		return secret, nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	if err := os.MkdirAll(config.DataDir, 0o700); err != nil {
		return "", err
	}
	secret := base64.StdEncoding.EncodeToString(randomBytes(32))
	if err := writeNew(path, []byte(secret+"\n")); err != nil {
		if errors.Is(err, fs.ErrExist) { // another process was faster
			return developmentSecret()
		}
		return "", err
	}
	return secret, nil
}

// writeNew writes a private file that must not exist yet, whole or not at all.
func writeNew(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*") // 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}
