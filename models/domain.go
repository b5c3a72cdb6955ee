package models

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"portico/app/audit"
	"portico/app/fault"
	"portico/app/tenant"
)

// domain.go: the hosts of its own that a tenant answers at (ADR 0015). A claim is nothing until it is proven; two tenants may
// claim one host, and one alone answers there.

// mostHosts is how many hosts a tenant may claim.
const mostHosts = 20

// CustomDomain is a host of a tenant's own.
type CustomDomain struct {
	ID        string
	Host      string
	Record    string // name of the TXT record
	Value     string // what it must say
	ProvenAt  time.Time
	Waived    bool // the operator did without the proof
	Primary   bool // links lead there
	CheckedAt time.Time
	LostAt    time.Time // since when the record of a proven host is not found; when it is not proven any more, why
	ReachedAt time.Time // a request to it came out at this installation
	TriedAt   time.Time
	Unreached string // what was wrong with the last try, in words; "" = nothing
	CreatedAt time.Time
}

// Proven reports whether the tenant answers at the host.
func (d CustomDomain) Proven() bool { return !d.ProvenAt.IsZero() }

// LostUntil is when a proven host stops being answered at because its record is gone; zero = it is not gone.
func (d CustomDomain) LostUntil() time.Time {
	return dnsProof{proven: d.ProvenAt, lost: d.LostAt}.until()
}

func (r CustomDomainRow) value(primary string) CustomDomain {
	return CustomDomain{ID: r.ID, Host: r.Host, Record: "_portico." + r.Host, Value: "portico-domain-verification=" + r.Token, ProvenAt: timeOf(r.ProvenAt),
		Waived: r.Waived, Primary: r.ProvenAt != nil && r.Host == primary, CheckedAt: timeOf(r.CheckedAt), LostAt: timeOf(r.LostAt),
		ReachedAt: timeOf(r.ReachedAt), TriedAt: timeOf(r.TriedAt), Unreached: r.Unreached, CreatedAt: r.CreatedAt.UTC()}
}

func hostEvent(d CustomDomain, activity, operation string, changes ...audit.Change) audit.Event {
	return audit.Event{Activity: activity, Category: "DirectoryManagement", Operation: operation, Target: audit.Target{Kind: "customDomain", ID: d.ID, Name: d.Host}, Changes: changes}
}

// CustomDomains lists the hosts by name.
func (t *Tenant) CustomDomains(ctx context.Context) ([]CustomDomain, error) {
	primary, err := t.primaryHost(ctx)
	if err != nil {
		return nil, err
	}
	var rows []CustomDomainRow
	if err := t.q(ctx).Order("host, id").Find(&rows).Error; err != nil {
		return nil, err
	}
	out := make([]CustomDomain, len(rows))
	for i, r := range rows {
		out[i] = r.value(primary)
	}
	return out, nil
}

// CustomDomain reads one, by its id.
func (t *Tenant) CustomDomain(ctx context.Context, id string) (CustomDomain, error) {
	primary, err := t.primaryHost(ctx)
	if err != nil {
		return CustomDomain{}, err
	}
	var r CustomDomainRow
	if err := t.q(ctx).Where("id = ?", id).Take(&r).Error; err != nil {
		return CustomDomain{}, found(err)
	}
	return r.value(primary), nil
}

func (t *Tenant) primaryHost(ctx context.Context) (string, error) {
	self, err := t.Get(ctx)
	return self.PrimaryHost, err
}

// answering is where the tenant answers.
func (t *Tenant) answering(ctx context.Context) ([]string, error) {
	var hosts []string
	err := t.q(ctx).Model(&CustomDomainRow{}).Where("answers IS NOT NULL").Order("host").Pluck("host", &hosts).Error
	return hosts, err
}

// TenantAt finds the id of the tenant that answers at a host; fault.NotFound when none does. What is known is trusted until
// the tenant's snapshot says otherwise; what is not known is looked for each time (DESIGN §5.13).
func (s *Store) TenantAt(ctx context.Context, host string) (string, error) {
	if len(host) > 253 || !strings.Contains(host, ".") {
		return "", fault.New(fault.NotFound, "error.not_found")
	}
	if known, ok := s.directories.hosts.Load(host); ok {
		d, err := s.Directory(ctx, known.(string))
		if err == nil && slices.Contains(d.Tenant.Hosts, host) {
			return d.Tenant.ID, nil
		}
		if err != nil && !fault.Is(err, fault.NotFound) {
			return "", err
		}
		s.directories.hosts.CompareAndDelete(host, known)
	}
	var id string
	r := s.read.WithContext(ctx).Model(&CustomDomainRow{}).Where("answers = ?", host).Limit(1).Pluck("tenant_id", &id)
	if r.Error != nil {
		return "", r.Error
	}
	if id == "" {
		return "", fault.New(fault.NotFound, "error.not_found")
	}
	d, err := s.Directory(ctx, id)
	if err == nil && !slices.Contains(d.Tenant.Hosts, host) { // proven a moment ago, in another instance
		d, err = s.LatestDirectory(ctx, id)
	}
	if err != nil {
		return "", err
	}
	if !slices.Contains(d.Tenant.Hosts, host) {
		return "", fault.New(fault.NotFound, "error.not_found")
	}
	s.directories.hosts.Store(host, id)
	return id, nil
}

// At is the snapshot as it is seen at one of the tenant's own hosts, "" = at the installation's address: the same value each
// time. fault.NotFound where the tenant does not answer.
func (d *Directory) At(host string) (*Directory, error) {
	if !d.Tenant.Answers(host) {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	return d.seen(host), nil
}

// seen is At without the question.
func (d *Directory) seen(host string) *Directory {
	if host == d.Tenant.Host {
		return d
	}
	if v, ok := d.views[host]; ok {
		return v
	}
	return d
}

// Issuing is the snapshot for tokens that no visitor asked for.
func (d *Directory) Issuing() *Directory { return d.seen(d.Tenant.Issuing().Host) }

// Seen is the snapshot as it is seen where a request came in; without a request, where it is at home.
func (d *Directory) Seen(ctx context.Context) (*Directory, error) {
	if host, ok := tenant.Door(ctx); ok {
		return d.At(host)
	}
	return d, nil
}

// SeenAnyway is Seen where nothing depends on whether the tenant answers there.
func (d *Directory) SeenAnyway(ctx context.Context) *Directory {
	if host, ok := tenant.Door(ctx); ok {
		return d.seen(host)
	}
	return d
}

// look makes the views, once, and leaves the snapshot as it is seen at home.
func (d *Directory) look() {
	d.views = map[string]*Directory{}
	for _, host := range append([]string{""}, d.Tenant.Hosts...) {
		if host == d.Tenant.Host {
			d.views[host] = d
			continue
		}
		v := *d
		v.Tenant = d.Tenant.At(host)
		d.views[host] = &v
	}
}

// AddCustomDomain claims a host. Nothing is answered there before it is proven, or waived: waive is for operators and
// development. own are the addresses of the installation, which nobody can claim.
func (t *Tenant) AddCustomDomain(ctx context.Context, actor audit.Actor, name string, waive bool, own ...string) (CustomDomain, error) {
	host, ok := tenant.CanonicalHost(name)
	if !ok {
		return CustomDomain{}, fault.BadField("host", "domain.bad", nil)
	}
	if err := tenant.Claimable(host, own...); err != nil {
		return CustomDomain{}, err
	}
	raw := make([]byte, 24)
	if _, err := rand.Read(raw); err != nil {
		return CustomDomain{}, err
	}
	now := t.Now()
	row := CustomDomainRow{ID: NewID(), TenantID: t.ID, Host: host, Token: base64.RawURLEncoding.EncodeToString(raw), CreatedAt: now}
	if waive {
		row.ProvenAt, row.Waived, row.Answers = &now, true, &host
	}
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		self, err := t.Get(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		if self.Kind == tenant.Workforce {
			return audit.Event{}, fault.New(fault.Conflict, "domain.workforce")
		}
		var n int64
		if err := t.q(ctx).Model(&CustomDomainRow{}).Count(&n).Error; err != nil {
			return audit.Event{}, err
		}
		if n >= mostHosts {
			return audit.Event{}, fault.BadField("host", "domain.many", map[string]any{"max": mostHosts})
		}
		if waive {
			if other, err := t.elsewhere(ctx, host); err != nil || other != nil {
				return audit.Event{}, either(err, fault.BadField("host", "domain.elsewhere", map[string]any{"host": host}))
			}
		}
		err = taken(t.w(ctx).Create(&row).Error, "host", "domain.taken", map[string]any{"host": host})
		return hostEvent(row.value(""), "Add custom domain", "Add", audit.Change{Property: "waived", New: waive}), err
	})
	return row.value(""), err
}

func either(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

// elsewhere is another tenant's claim that is proven; nil when there is none.
func (t *Tenant) elsewhere(ctx context.Context, host string) (*CustomDomainRow, error) {
	var rows []CustomDomainRow
	err := t.w(ctx).Where("answers = ? AND tenant_id <> ?", host, t.ID).Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return &rows[0], nil
}

// ProveCustomDomain looks for the TXT record, outside of any transaction, and notes what it found. Where another tenant
// answers at the host, its own record decides: while that stands, it stays; where it does not, the host has changed hands, and
// whoever can put records there now has it.
func (t *Tenant) ProveCustomDomain(ctx context.Context, actor audit.Actor, id string, lookup func(ctx context.Context, name string) ([]string, error)) (CustomDomain, error) {
	d, err := t.CustomDomain(ctx, id)
	if err != nil {
		return d, err
	}
	said, sure := foundRecord(ctx, d.Record, d.Value, lookup)
	other, err := t.elsewhere(ctx, d.Host)
	if err != nil {
		return d, err
	}
	asked, gone := "", false // the claim whose record was looked for, and whether it is surely not there
	if other != nil && said {
		theirs := other.value("")
		there, known := foundRecord(ctx, theirs.Record, theirs.Value, lookup)
		asked, gone = other.ID, known && !there
	}
	held := false
	err = t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		var row CustomDomainRow
		if err := t.lock(ctx).Where("id = ?", id).Take(&row).Error; err != nil {
			return audit.Event{}, found(err)
		}
		now := t.Now()
		row.CheckedAt = &now
		columns := map[string]any{"checked_at": now}
		event := hostEvent(row.value(""), "Check custom domain", "Update", audit.Change{Property: "found", New: said})
		other, err := t.elsewhere(ctx, row.Host)
		if err != nil {
			return audit.Event{}, err
		}
		switch {
		case said && other != nil && (other.ID != asked || !gone || !sure): // whoever has it since then keeps it until somebody asks again
			held = true
		case said && other != nil:
			if err := t.In(other.TenantID).losesHost(ctx, actor, *other); err != nil {
				return audit.Event{}, err
			}
		}
		switch {
		case held:
			event.Changes = append(event.Changes, audit.Change{Property: "answeredByAnother", New: true})
		case said && (row.ProvenAt == nil || row.Waived):
			columns["proven_at"], columns["waived"], columns["answers"] = now, false, row.Host
			row.ProvenAt, row.Waived = &now, false
			event.Activity = "Verify custom domain"
		}
		switch {
		case said:
			columns["lost_at"], row.LostAt = nil, nil
		case sure && row.ProvenAt != nil && !row.Waived && row.LostAt == nil:
			columns["lost_at"], row.LostAt = now, &now
		}
		primary, err := t.primaryHost(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		d = row.value(primary)
		return event, taken(t.u(ctx).Model(&CustomDomainRow{}).Where("id = ?", id).Updates(columns).Error, "host", "domain.elsewhere", map[string]any{"host": row.Host})
	})
	switch {
	case err != nil:
	case held:
		err = fault.New(fault.Conflict, "domain.held")
	case !said:
		err = fault.New(fault.Conflict, "provider.domain.missing")
	}
	return d, err
}

// losesHost ends a tenant's claim because the host has changed hands, in the transaction of whoever has proven it. The tenant
// has the entry in its own log.
func (t *Tenant) losesHost(ctx context.Context, actor audit.Actor, row CustomDomainRow) error {
	now := t.Now()
	columns := map[string]any{"proven_at": nil, "answers": nil, "waived": false, "lost_at": now}
	if err := oneRow(t.u(ctx).Model(&CustomDomainRow{}).Where("id = ? AND answers IS NOT NULL", row.ID).Updates(columns)); err != nil {
		return err
	}
	changes, err := t.withoutHost(ctx, row.Host)
	if err != nil {
		return err
	}
	system := audit.System("domains")
	system.CorrelationID = actor.CorrelationID
	if err := t.writeAudit(ctx, system, hostEvent(row.value(""), "End custom domain that another directory has proven", "Update", changes...)); err != nil {
		return err
	}
	t.afterCommit(func() { t.directories.forget(t.ID) })
	return t.bumpVersion(ctx)
}

// withoutHost takes back what rests on a host that the tenant answers at no more: it is nobody's primary, and with the last
// one gone the installation's address is open again.
func (t *Tenant) withoutHost(ctx context.Context, host string) ([]audit.Change, error) {
	self, err := t.Get(ctx)
	if err != nil {
		return nil, err
	}
	columns := map[string]any{}
	var changes []audit.Change
	if self.PrimaryHost == host {
		columns["primary_host"] = ""
		changes = append(changes, audit.Change{Property: "primaryHost", Old: host, New: ""})
	}
	left, err := t.answering(ctx)
	if err != nil {
		return nil, err
	}
	left = slices.DeleteFunc(left, func(h string) bool { return h == host })
	if self.OwnHostsOnly && len(left) == 0 {
		columns["own_hosts_only"] = false
		changes = append(changes, audit.Change{Property: "ownHostsOnly", Old: true, New: false})
	} else if self.OwnHostsOnly && self.PrimaryHost == host { // links must lead somewhere
		columns["primary_host"] = left[0]
		changes[len(changes)-1].New = left[0]
	}
	if len(columns) == 0 {
		return nil, nil
	}
	return changes, oneRow(t.w(ctx).Model(&TenantRow{}).Where("id = ?", t.ID).Updates(columns))
}

// RemoveCustomDomain ends a claim, and with it everything that was given out at the host. The last host that is answered at
// stays while the installation's address is refused.
func (t *Tenant) RemoveCustomDomain(ctx context.Context, actor audit.Actor, id string) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		d, err := t.CustomDomain(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		self, err := t.Get(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		hosts, err := t.answering(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		if self.OwnHostsOnly && len(hosts) == 1 && hosts[0] == d.Host {
			return audit.Event{}, fault.New(fault.Conflict, "domain.last")
		}
		if err := oneRow(t.u(ctx).Where("id = ?", id).Delete(&CustomDomainRow{})); err != nil {
			return audit.Event{}, err
		}
		var changes []audit.Change
		if d.Proven() {
			if changes, err = t.withoutHost(ctx, d.Host); err != nil {
				return audit.Event{}, err
			}
		}
		return hostEvent(d, "Remove custom domain", "Delete", changes...), nil
	})
}

// NoteReach keeps what a try to reach a host brought: problem "" = it came out here.
func (t *Tenant) NoteReach(ctx context.Context, actor audit.Actor, id, problem string) (CustomDomain, error) {
	err := t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		d, err := t.CustomDomain(ctx, id)
		if err != nil {
			return audit.Event{}, err
		}
		now := t.Now()
		columns := map[string]any{"tried_at": now, "unreached": clipped(problem, 300)}
		if problem == "" {
			columns["reached_at"] = now
		}
		return hostEvent(d, "Try to reach custom domain", "Update", audit.Change{Property: "reached", New: problem == ""}),
			oneRow(t.u(ctx).Model(&CustomDomainRow{}).Where("id = ?", id).Updates(columns))
	})
	if err != nil {
		return CustomDomain{}, err
	}
	return t.CustomDomain(ctx, id)
}

func clipped(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// ChooseHosts says where links lead ("" = the installation's address) and whether customers are answered at the tenant's own
// hosts alone. The latter needs that the host was reached within the last few minutes, each time another one is chosen.
func (t *Tenant) ChooseHosts(ctx context.Context, actor audit.Actor, primary string, only bool) error {
	return t.configure(ctx, actor, func(t *Tenant) (audit.Event, error) {
		self, err := t.Get(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		if self.Kind == tenant.Workforce {
			return audit.Event{}, fault.New(fault.Conflict, "domain.workforce")
		}
		if primary == self.PrimaryHost && only == self.OwnHostsOnly {
			return audit.Event{}, nil
		}
		all, err := t.CustomDomains(ctx)
		if err != nil {
			return audit.Event{}, err
		}
		i := slices.IndexFunc(all, func(d CustomDomain) bool { return d.Host == primary && d.Proven() })
		switch {
		case primary != "" && i < 0:
			return audit.Event{}, fault.BadField("primary", "domain.unproven", map[string]any{"host": primary})
		case only && primary == "":
			return audit.Event{}, fault.BadField("primary", "domain.only.primary", nil)
		case only && !all[i].Reached(t.Now()): // also when it moves: something was changed, or it would have ended above
			return audit.Event{}, fault.BadField("only", "domain.only.unreached", map[string]any{"host": primary})
		}
		var d differences
		d.note("primaryHost", "primary_host", self.PrimaryHost, primary, audit.Public)
		d.note("ownHostsOnly", "own_hosts_only", self.OwnHostsOnly, only, audit.Public)
		return audit.Event{Activity: "Choose hosts", Category: "DirectoryManagement", Operation: "Update", Target: audit.Target{Kind: "tenant", ID: self.ID, Name: self.Name},
			Changes: d.changes}, oneRow(t.w(ctx).Model(&TenantRow{}).Where("id = ?", t.ID).Updates(d.columns))
	})
}

// reachCounts is how long a host that was reached counts as one that can be reached.
const reachCounts = 10 * time.Minute

// Reached reports whether the last try was a moment ago and came out here.
func (d CustomDomain) Reached(now time.Time) bool {
	return d.Unreached == "" && !d.ReachedAt.IsZero() && now.Sub(d.ReachedAt) <= reachCounts
}
