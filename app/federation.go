package main

import (
	"crypto/rand"
	"net"

	"portico/app/federation"
)

// providers is how identity providers are reached; whoever uses it says for which tenant.
func (p *program) providers() federation.Net {
	return federation.Net{Client: p.outbound, Cache: p.published, Now: p.now, Random: rand.Reader, Lookup: net.DefaultResolver.LookupTXT}
}
