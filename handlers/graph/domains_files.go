package graph

import (
	"context"
	"encoding/json"
	"strings"

	"portico/app/tenant"
)

// domains_files.go: the hosts of a tenant's own as configuration. A file claims a host; that it is the tenant's is proven in
// each installation anew. What has no file stays: hosts differ between installations, and removing one ends an issuer.

type hostFiles struct{ d domains }

const hostFolder = "customDomains"

func (hostFiles) folder() string { return hostFolder }

func (hostFiles) last() bool { return false }

func (hostFiles) export(ctx context.Context, c *call) ([]exported, error) {
	all, err := c.tenant.CustomDomains(ctx)
	out := make([]exported, len(all))
	for i, d := range all {
		out[i] = exported{key: d.Host, name: d.Host, object: object{{"id", d.Host}}}
	}
	return out, err
}

// named reads the host of each file.
func (hostFiles) named(files []configFile) ([]string, error) {
	out := make([]string, len(files))
	seen := map[string]string{}
	for i, f := range files {
		var name string
		if raw, ok := f.doc.values["id"]; !ok || json.Unmarshal(raw, &name) != nil || strings.TrimSpace(name) == "" {
			return nil, &FileError{f.path, "id", "is missing; it says which host the file is about"}
		}
		for _, property := range f.doc.names {
			if property != "id" {
				return nil, &FileError{f.path, property, "is not known, or cannot be set"}
			}
		}
		host, ok := tenant.CanonicalHost(name)
		if !ok {
			host = name // refused with the reason when it is claimed
		}
		if other, twice := seen[host]; twice {
			return nil, &FileError{f.path, "id", "is the same as in " + other}
		}
		seen[host], out[i] = f.path, host
	}
	return out, nil
}

func (h hostFiles) settle(ctx context.Context, c *call, files []configFile) ([]Change, error) {
	hosts, err := h.named(files)
	if err != nil {
		return nil, err
	}
	var out []Change
	for i, host := range hosts {
		_, there, err := h.d.host(ctx, c, host)
		if err != nil {
			return nil, err
		}
		if there {
			continue
		}
		d, err := c.tenant.AddCustomDomain(ctx, c.actor(), host, false, h.d.a.Own...)
		if err != nil {
			return nil, c.inFile(renamed(err, func(string) string { return "id" }), files[i].path)
		}
		out = append(out, Change{Action: "create", Kind: hostFolder, Name: d.Host, Key: d.Host, File: files[i].path,
			Notes: []string{"it is only claimed: put the TXT record that the portal shows into the DNS, then verify it"}})
	}
	return out, nil
}

func (h hostFiles) prune(_ context.Context, _ *call, files []configFile) ([]Change, error) {
	_, err := h.named(files)
	return nil, err
}
