package main

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/outbound"
	"portico/app/tenant"
	"portico/handlers"
)

// hosts.go: whether a tenant's own host leads here (ADR 0015). A request goes out to it with a random challenge; what comes
// back says, under a key that only this installation has, that it came in at that very host.

// reachWithin is how long a host may take to answer.
const reachWithin = 10 * time.Second

// trialAnswer is what a host says to a challenge.
func (p *program) trialAnswer(host, challenge string) string {
	return base64.RawURLEncoding.EncodeToString(p.store.Sealer().MAC("host trial", []byte(host+"\x00"+challenge)))
}

// hostTrial answers a challenge. At the installation's own address there is nothing to try.
func (s *server) hostTrial(c *fiber.Ctx) error {
	host, _ := tenant.Door(c.UserContext())
	challenge := c.Query("challenge")
	if host == "" || len(challenge) < 16 || len(challenge) > 100 {
		return fault.New(fault.NotFound, "error.not_found")
	}
	c.Set(fiber.HeaderCacheControl, "no-store")
	return c.SendString(s.trialAnswer(host, challenge))
}

// reach tries whether requests to a host come out here, and says in words what is wrong; "" = they do.
func (p *program) reach(ctx context.Context, slug, host string) string {
	var raw [24]byte
	_, _ = rand.Read(raw[:]) // never fails (crypto/rand)
	challenge := base64.RawURLEncoding.EncodeToString(raw[:])
	at := tenant.BaseAt(p.config.BaseURL, host) + handlers.TrialPath
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at+"?challenge="+challenge, nil)
	if err != nil {
		return "The address " + at + " is not one."
	}
	r.Header.Set("User-Agent", "Portico")
	client := *p.outbound
	client.Timeout = reachWithin
	if p.config.Development() { // such a host is in no DNS; it stands for this machine
		client.Lookup = func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1})}, nil
		}
		client.Allow, _ = outbound.ParseAllow("127.0.0.1," + host)
	}
	answer, err := client.Do(ctx, slug, r)
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return host + " has no address in the DNS."
	case errors.Is(err, outbound.ErrAddress):
		return host + " leads to an address that is not on the public internet; the operator can allow it with PORTICO_OUTBOUND_ALLOW."
	case errors.Is(err, context.DeadlineExceeded):
		return host + " did not answer in time."
	case err != nil:
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err
		}
		return host + " cannot be reached: " + err.Error()
	case answer.Status >= 300 && answer.Status < 400:
		return host + " redirects. It has to pass requests on to this installation."
	case answer.Status != http.StatusOK:
		return host + " answers, but not this installation: the proxy has to pass requests on with the header Host as it came in (the answer was " + http.StatusText(answer.Status) + ")."
	case subtle.ConstantTimeCompare([]byte(strings.TrimSpace(string(answer.Body))), []byte(p.trialAnswer(host, challenge))) != 1:
		return host + " answers, but not this installation."
	}
	return ""
}

// watchHosts looks for the records of the hosts that a tenant answers at.
func (s *server) watchHosts(ctx context.Context, t tenant.Tenant, by audit.Actor) error {
	return s.store.Tenant(t.ID).WatchCustomDomains(ctx, by, s.providers().Lookup)
}
