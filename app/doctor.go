package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"portico/app/config"
	"portico/app/signal"
	"portico/models"
)

type doctorCommand struct{}

// verdict is how a check ended.
type verdict string

const (
	good verdict = "ok"
	warn verdict = "warning"
	bad  verdict = "problem"
)

// finding is one sentence about one thing, with what to do when it is not good.
type finding struct {
	verdict verdict
	about   string
	text    string
}

// Run looks at settings and surroundings and says, in sentences, what is well and what to do about the
// rest. It changes nothing. The exit code is 1 when something is a problem.
func (doctorCommand) Run(ctx context.Context, w world) error {
	var all []finding
	p, err := settings(w)
	if err != nil {
		all = append(all, finding{bad, "Settings", err.Error()})
	} else {
		all = append(all, p.examine(ctx)...)
	}
	problems, warnings := 0, 0
	for _, f := range all {
		switch f.verdict {
		case bad:
			problems++
		case warn:
			warnings++
		}
		fmt.Fprintf(w.stdout, "%-8s %-14s %s\n", f.verdict, f.about, strings.ReplaceAll(f.text, "\n", "\n                        "))
	}
	switch {
	case problems > 0:
		fmt.Fprintf(w.stdout, "\n%d to mend, %d to think about.\n", problems, warnings)
		return exitCode(1)
	case warnings > 0:
		fmt.Fprintf(w.stdout, "\nPortico can work; %d to think about.\n", warnings)
	default:
		fmt.Fprintln(w.stdout, "\nAll is well.")
	}
	return nil
}

func (p *program) examine(ctx context.Context) []finding {
	c := p.config
	all := []finding{{good, "Settings", fmt.Sprintf("usable; this is %s at %s.", c.Env, c.BaseURL)}}
	for _, text := range c.Warnings() {
		all = append(all, finding{warn, "Settings", text + "."})
	}
	all = append(all, p.examineReach(ctx))
	all = append(all, p.examineDisk()...)
	all = append(all, p.examineTLS())
	all = append(all, p.examineMail(ctx))
	all = append(all, p.examineFiles()...)
	return append(all, p.examineDatabase(ctx)...)
}

// examineDatabase opens the database without creating one.
func (p *program) examineDatabase(ctx context.Context) []finding {
	if path := p.config.SQLite(); path != "" {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return []finding{{warn, "Database", fmt.Sprintf("the file %s does not exist yet; the first start makes it.", path)}}
		}
	}
	opened, err := open(p.world)
	if err != nil {
		return []finding{{bad, "Database", fmt.Sprintf("it does not open: %v\nCheck DATABASE_URL and that the server accepts connections from here.", err)}}
	}
	defer opened.close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	s := opened.store
	if err := s.Ping(ctx); err != nil {
		return []finding{{bad, "Database", fmt.Sprintf("it does not answer: %v\nCheck DATABASE_URL and that the server accepts connections from here.", err)}}
	}
	all := []finding{{good, "Database", "it answers."}}
	done, err := s.Migrated(ctx)
	switch {
	case err != nil:
		all = append(all, finding{bad, "Migrations", fmt.Sprintf("they cannot be read: %v", err)})
		return all
	case !done:
		all = append(all, finding{bad, "Migrations", "the schema is older than this program. Run: app migrate"})
		return all
	}
	all = append(all, finding{good, "Migrations", "the schema is up to date."})
	all = append(all, examineClockOf(ctx, s, p.now()))
	all = append(all, opened.examineKeys(ctx)...)
	all = append(all, examineAudits(ctx, s), examineOutbox(ctx, s), examineJobs(ctx, s, p.now()))
	return append(all, examineClients(ctx, s, p.config)...)
}

func examineClockOf(ctx context.Context, s *models.Store, now time.Time) finding {
	theirs, err := s.DatabaseTime(ctx)
	if err != nil {
		return finding{warn, "Clock", fmt.Sprintf("the database does not tell its time: %v", err)}
	}
	if d := theirs.Sub(now).Abs(); d > 5*time.Second {
		return finding{bad, "Clock", fmt.Sprintf("this machine and the database differ by %s. Codes and tokens would expire early or late; set both by NTP.", d.Round(time.Second))}
	}
	return finding{good, "Clock", "this machine and the database agree."}
}

// examineKeys opens the newest signing keys, and says which secret everything that is sealed needs.
func (p *program) examineKeys(ctx context.Context) []finding {
	tried, err := p.checkSecret(ctx)
	if err != nil {
		return []finding{{bad, "Keys", err.Error()}}
	}
	all := []finding{{good, "Keys", fmt.Sprintf("%d signing keys were tried and open.", tried)}}
	seals, err := p.store.CountSeals(ctx)
	if err != nil {
		return append(all, finding{bad, "Secret", err.Error()})
	}
	return append(all, p.rotation(seals))
}

// examineAudits checks that the newest sealed parts of each tenant's audit log are as they were sealed.
func examineAudits(ctx context.Context, s *models.Store) finding {
	tenants, err := s.Tenants(ctx)
	if err != nil {
		return finding{bad, "Audit log", err.Error()}
	}
	blocks := 0
	for _, t := range tenants {
		f, err := s.Tenant(t.ID).CheckAudits(ctx, models.AuditCheck{Newest: 100})
		if err == nil && f.Problem != nil {
			err = f.Problem
		}
		if err != nil {
			return finding{bad, "Audit log", fmt.Sprintf("of %s: %v\nSomebody changed the database by hand. Run app audit verify, and compare with a backup and with the hashes in the program's log.", t.Slug, err)}
		}
		blocks += f.Blocks
	}
	return finding{good, "Audit log", fmt.Sprintf("%d sealed blocks were checked.", blocks)}
}

func examineOutbox(ctx context.Context, s *models.Store) finding {
	pending, buried, err := s.OutboxBacklog(ctx)
	switch {
	case err != nil:
		return finding{bad, "Deliveries", err.Error()}
	case buried > 0:
		return finding{warn, "Deliveries", fmt.Sprintf("%d waiting, %d given up in the last 30 days. The log says why, under \"delivery\".", pending, buried)}
	}
	return finding{good, "Deliveries", fmt.Sprintf("%d waiting, none given up.", pending)}
}

func examineJobs(ctx context.Context, s *models.Store, now time.Time) finding {
	rows, err := s.Jobs(ctx)
	if err != nil {
		return finding{bad, "Jobs", err.Error()}
	}
	var sad []string
	for _, j := range rows {
		switch {
		case j.Problem != "":
			sad = append(sad, fmt.Sprintf("%q failed the last time: %s", j.Name, j.Problem))
		case now.Sub(j.DueAt) > 24*time.Hour:
			sad = append(sad, fmt.Sprintf("%q has been due since %s; is any instance running?", j.Name, j.DueAt.UTC().Format(time.RFC3339)))
		}
	}
	if len(sad) > 0 {
		return finding{warn, "Jobs", strings.Join(sad, "\n")}
	}
	return finding{good, "Jobs", fmt.Sprintf("%d known, none in trouble.", len(rows))}
}

// examineClients looks at the addresses that recent sign-ins came from: one address for everybody means
// that a proxy in front is not named in PORTICO_TRUSTED_PROXIES.
func examineClients(ctx context.Context, s *models.Store, c config.Config) []finding {
	if c.Development() {
		return nil
	}
	addresses, total, err := s.RecentAddresses(ctx, 500)
	switch {
	case err != nil:
		return []finding{{warn, "Proxies", fmt.Sprintf("the sign-in log cannot be read: %v", err)}}
	case total >= 20 && len(addresses) == 1:
		return []finding{{bad, "Proxies", fmt.Sprintf("the last %d sign-ins all came from %s, which must be a proxy. Set PORTICO_TRUSTED_PROXIES to its network, to private, or to hops=N.", total, addresses[0])}}
	}
	return []finding{{good, "Proxies", fmt.Sprintf("the last %d sign-ins came from %d addresses.", total, len(addresses))}}
}

// examineReach asks ourselves from outside; no answer is no fault, since the first start may lie ahead.
func (p *program) examineReach(ctx context.Context) finding {
	if p.config.Development() {
		return finding{good, "Reach", "this machine only."}
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodHead, p.config.BaseURL+"/healthz", nil)
	if err != nil {
		return finding{warn, "Reach", err.Error()}
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return finding{warn, "Reach", fmt.Sprintf("%s does not answer from here: %v\nThat is expected before the first start.", p.config.BaseURL, err)}
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<10))
	if resp.StatusCode != http.StatusOK {
		return finding{warn, "Reach", fmt.Sprintf("%s/healthz answers %s; is something else listening there?", p.config.BaseURL, resp.Status)}
	}
	if r, err = http.NewRequestWithContext(ctx, http.MethodHead, p.config.BaseURL+"/robots.txt", nil); err != nil {
		return finding{warn, "Reach", err.Error()}
	}
	if named, err := http.DefaultClient.Do(r); err == nil { // probes answer under any name, this does not
		named.Body.Close()
		if named.StatusCode == http.StatusNotFound {
			return finding{bad, "Reach", fmt.Sprintf("%s answers, but under that name nobody does: the proxy in front does not pass the header Host on as it came in.\nIn nginx: proxy_set_header Host $host; the log says under “host” what came instead.", p.config.BaseURL)}
		}
	}
	return finding{good, "Reach", p.config.BaseURL + " answers."}
}

func (p *program) examineDisk() []finding {
	dir := config.DataDir
	if path := p.config.SQLite(); path != "" {
		dir = filepath.Dir(path)
	} else if !p.config.Development() {
		return nil // nothing is kept on this machine
	}
	var fs syscall.Statfs_t
	if err := syscall.Statfs(dir, &fs); err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		return []finding{{warn, "Disk", fmt.Sprintf("%s: %v", dir, err)}}
	}
	free := fs.Bavail * uint64(fs.Bsize)
	const mb = 1 << 20
	text := fmt.Sprintf("%d MB free at %s.", free/mb, dir)
	switch {
	case free < 100*mb:
		return []finding{{bad, "Disk", text + " Make room: SQLite stops when the disk is full."}}
	case free < 1024*mb:
		return []finding{{warn, "Disk", text + " Make room soon."}}
	}
	return []finding{{good, "Disk", text}}
}

func (p *program) examineTLS() finding {
	c := p.config
	if c.TLSCert == "" {
		if c.Development() {
			return finding{good, "TLS", "not used, or the local authority's."}
		}
		return finding{good, "TLS", "ends in front of Portico."}
	}
	cert, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
	if err != nil {
		return finding{bad, "TLS", fmt.Sprintf("PORTICO_TLS_CERT and PORTICO_TLS_KEY do not load: %v", err)}
	}
	left := cert.Leaf.NotAfter.Sub(p.now())
	text := fmt.Sprintf("the certificate is valid until %s.", cert.Leaf.NotAfter.UTC().Format(time.DateOnly))
	switch {
	case left <= 0:
		return finding{bad, "TLS", text + " Renew it."}
	case left < 14*24*time.Hour:
		return finding{warn, "TLS", text + " Renew it soon."}
	}
	return finding{good, "TLS", text}
}

func (p *program) examineMail(ctx context.Context) finding {
	smtp, err := p.mailSender()
	switch {
	case err != nil:
		return finding{bad, "Mail", err.Error()}
	case smtp == nil:
		return finding{good, "Mail", "goes to the development mailbox only; SMTP_URL is not set."}
	}
	if err := smtp.Reach(ctx); err != nil {
		return finding{bad, "Mail", fmt.Sprintf("the server of SMTP_URL is not usable: %v\nCheck host, port, user name and password, and that this machine may connect.", err)}
	}
	return finding{good, "Mail", "the server of SMTP_URL accepts us."}
}

func (p *program) examineFiles() []finding {
	var all []finding
	if p.config.GeoIP != "" {
		places := signal.OpenPlaces(p.config.GeoIP)
		if err := places.Broken(); err != nil {
			all = append(all, finding{bad, "Places", fmt.Sprintf("%v\nUntil then no sign-in has a country.", err)})
		} else {
			all = append(all, finding{good, "Places", "every file of PORTICO_GEOIP opens."})
		}
		_ = places.Close()
	}
	for _, l := range signal.OpenLists(p.config.IPLists, p.now).Status() {
		if l.Err != nil {
			all = append(all, finding{bad, "Lists", fmt.Sprintf("PORTICO_IP_LISTS: %s: %v\nUntil it is read, detections that need it say that they could not tell.", l.Path, l.Err)})
			continue
		}
		all = append(all, finding{good, "Lists", fmt.Sprintf("%s: %d entries (%s).", l.Path, l.Entries, l.Kind)})
	}
	if file := p.config.BreachedPasswords; file != "" {
		if _, err := os.Stat(strings.TrimSpace(file)); err != nil {
			all = append(all, finding{bad, "Lists", fmt.Sprintf("PORTICO_BREACHED_PASSWORDS: %v", err)})
		}
	}
	return all
}
