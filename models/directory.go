package models

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"portico/app/branding"
	"portico/app/extension"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/openid"
	"portico/app/policy"
	"portico/app/risk"
	"portico/app/tenant"
	"portico/app/userflow"
)

// Directory is an immutable snapshot of one tenant's configuration: what the doors read on every
// request without asking the database. It is replaced as a whole when the tenant's version rises, at
// once in the instance that made the change and within a second in every other (DESIGN §5.13).
type Directory struct {
	Tenant   tenant.Tenant
	Clients  map[string]*openid.Client // by client id, enabled or not, deleted ones absent
	Flows    map[string]*userflow.Flow // published version, by flow id
	FlowOf   map[string]string         // client id → flow id
	Policies *policy.Set               // Conditional Access, ready to be asked
	Contexts []string                  // authentication contexts that apps may ask for
	// Indicators are the threat indicators, ready to be matched.
	Indicators *risk.Indicators
	// Definitions are the custom attributes by API name, Terms the published terms of use by id.
	Definitions map[string]userflow.Definition
	Terms       map[string]userflow.Terms
	// Providers are the upstream identity providers by id, enabled or not; Domains says which of them an address
	// belongs to, by proven domain.
	Providers map[string]*federation.Provider
	Domains   map[string]string
	// Extensions are the custom authentication extensions with what they listen to.
	Extensions *extension.Configuration
	// Branding is how the tenant's pages look: what is published.
	Branding branding.Set

	views map[string]*Directory // the same, as it is seen at each host that the tenant answers at; "" = the installation's address
}

// Flow gives the user flow of an app, or the tenant's only fallback: false when the app has none.
func (d *Directory) Flow(clientID string) (*userflow.Flow, bool) {
	f, ok := d.Flows[d.FlowOf[clientID]]
	return f, ok
}

// Directories finds a tenant's snapshot by slug or id in any letter case; fault.NotFound when there is none.
type Directories interface {
	Directory(ctx context.Context, segment string) (*Directory, error)
}

// directoryCache holds one snapshot per tenant, found under its id and under its slug. It knows only
// tenants that exist: what it does not know is read through each time.
type directoryCache struct {
	segments sync.Map // lower-cased slug or id → *cachedDirectory
	hosts    sync.Map // host of a tenant's own → its id
}

type cachedDirectory struct {
	id      string
	loading sync.Mutex
	current atomic.Pointer[datedDirectory]
}

// datedDirectory is a snapshot and when its version was last compared with the database.
type datedDirectory struct {
	*Directory
	checked time.Time
}

// forget makes the next reader load the tenant afresh. It waits for a load that is under way, because
// that one may have read what was there before the change.
func (c *directoryCache) forget(tenantID string) {
	if found, ok := c.segments.Load(strings.ToLower(tenantID)); ok {
		e := found.(*cachedDirectory)
		e.loading.Lock()
		e.current.Store(nil)
		e.loading.Unlock()
	}
}

// drop forgets a tenant that is gone for good.
func (c *directoryCache) drop(segments ...string) {
	for _, s := range segments {
		c.segments.Delete(strings.ToLower(s))
	}
}

// Directory gives the snapshot of a tenant named by slug or id in any letter case. An unknown, disabled
// or deleted tenant is an ordinary fault.NotFound: all its doors are closed at once.
func (s *Store) Directory(ctx context.Context, segment string) (*Directory, error) {
	d, err := s.ManagedDirectory(ctx, segment)
	if err == nil && d.Tenant.Disabled {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	return d, err
}

// ManagedDirectory is Directory for the admin portal, which opens a disabled tenant too: somebody must be
// able to enable it again.
func (s *Store) ManagedDirectory(ctx context.Context, segment string) (*Directory, error) {
	segment = strings.ToLower(segment)
	e, ok := s.directories.segments.Load(segment)
	if !ok {
		t, err := s.TenantBy(ctx, segment)
		if err != nil {
			return nil, err
		}
		e, _ = s.directories.segments.LoadOrStore(strings.ToLower(t.ID), &cachedDirectory{id: t.ID})
		s.directories.segments.Store(strings.ToLower(t.Slug), e)
	}
	d, err := s.snapshot(ctx, e.(*cachedDirectory))
	if ok && fault.Is(err, fault.NotFound) { // it was removed; another may have its slug by now
		s.directories.segments.CompareAndDelete(segment, e)
		return s.ManagedDirectory(ctx, segment)
	}
	if err != nil {
		return nil, err
	}
	if !d.Tenant.DeletedAt.IsZero() || !d.Tenant.Match(segment) {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	return d.Directory, nil
}

// LatestDirectory is Directory for a reader who misses something in it: it compares versions now, because
// what a snapshot does not know is read through (DESIGN §5.13).
func (s *Store) LatestDirectory(ctx context.Context, segment string) (*Directory, error) {
	d, err := s.Directory(ctx, segment)
	if err != nil {
		return nil, err
	}
	if e, ok := s.directories.segments.Load(strings.ToLower(d.Tenant.ID)); ok {
		entry := e.(*cachedDirectory)
		entry.loading.Lock()
		defer entry.loading.Unlock()
		latest, err := s.compare(ctx, entry, entry.current.Load())
		if err != nil {
			return nil, err
		}
		return latest.Directory, nil
	}
	return d, nil
}

// snapshot trusts what it has for half a second. Then one reader compares versions while the others go
// on with what there is for another half; past that they wait, so that nobody sees anything older than
// a second.
func (s *Store) snapshot(ctx context.Context, e *cachedDirectory) (*datedDirectory, error) {
	now := s.now()
	d := e.current.Load()
	if d != nil {
		age := now.Sub(d.checked)
		if age >= 0 && age < snapshotAge {
			return d, nil
		}
		if age >= 0 && age < 2*snapshotAge {
			if !e.loading.TryLock() {
				return d, nil
			}
			defer e.loading.Unlock()
			return s.refresh(ctx, e)
		}
	}
	e.loading.Lock()
	defer e.loading.Unlock()
	return s.refresh(ctx, e)
}

// refresh runs under the entry's lock.
func (s *Store) refresh(ctx context.Context, e *cachedDirectory) (*datedDirectory, error) {
	was := e.current.Load()
	if was != nil {
		if age := s.now().Sub(was.checked); age >= 0 && age < snapshotAge {
			return was, nil // another reader did it while this one waited
		}
	}
	return s.compare(ctx, e, was)
}

// compare keeps a snapshot whose version is still the database's and loads a new one otherwise, under
// the entry's lock.
func (s *Store) compare(ctx context.Context, e *cachedDirectory, was *datedDirectory) (*datedDirectory, error) {
	now := s.now()
	if was != nil {
		var version int64
		err := s.read.WithContext(ctx).Model(&TenantRow{}).Where("id = ?", e.id).Select("version").Take(&version).Error
		if err != nil {
			return nil, found(err)
		}
		if version == was.Tenant.Version {
			d := &datedDirectory{Directory: was.Directory, checked: now}
			e.current.Store(d)
			return d, nil
		}
	}
	loaded, err := s.loadDirectory(ctx, e.id)
	if err != nil {
		return nil, err
	}
	d := &datedDirectory{Directory: loaded, checked: now}
	e.current.Store(d)
	return d, nil
}

// loadDirectory reads the version first, so that a change in between is noticed by the next comparison.
func (s *Store) loadDirectory(ctx context.Context, id string) (*Directory, error) {
	t := s.Tenant(id)
	self, err := t.Get(ctx)
	if err != nil {
		return nil, err
	}
	d := &Directory{Tenant: self, Clients: map[string]*openid.Client{}, Flows: map[string]*userflow.Flow{}, FlowOf: map[string]string{}}
	apps, err := t.allApplications(ctx)
	if err != nil {
		return nil, err
	}
	clientOf := make(map[string]string, len(apps))
	for _, a := range apps {
		c, err := a.Client()
		if err != nil {
			return nil, err
		}
		d.Clients[a.ClientID] = c
		clientOf[a.ID] = a.ClientID
	}
	flows, err := t.Flows(ctx)
	if err != nil {
		return nil, err
	}
	if d.Definitions, err = t.definitions(ctx); err != nil {
		return nil, err
	}
	terms, err := t.AllTerms(ctx)
	if err != nil {
		return nil, err
	}
	d.Terms = make(map[string]userflow.Terms, len(terms))
	for _, one := range terms {
		d.Terms[one.ID] = one
	}
	if d.Policies, err = t.PolicySet(ctx); err != nil {
		return nil, err
	}
	if d.Providers, d.Domains, err = t.providerSet(ctx); err != nil {
		return nil, err
	}
	if d.Extensions, err = t.extensionSet(ctx, apps); err != nil {
		return nil, err
	}
	if d.Indicators, err = t.indicatorSet(ctx); err != nil {
		return nil, err
	}
	if d.Branding, err = t.brandingSet(ctx); err != nil {
		return nil, err
	}
	contexts, err := t.Contexts(ctx)
	if err != nil {
		return nil, err
	}
	for _, one := range contexts {
		if one.Available {
			d.Contexts = append(d.Contexts, one.ID)
		}
	}
	for _, f := range flows {
		flow := f.Flow
		d.Flows[flow.ID] = &flow
		for _, appID := range f.ApplicationIDs {
			if client, ok := clientOf[appID]; ok {
				d.FlowOf[client] = flow.ID
			}
		}
	}
	if d.Tenant.Hosts, err = t.answering(ctx); err != nil {
		return nil, err
	}
	d.look()
	return d, nil
}
