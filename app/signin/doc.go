// Package signin knows the sign-in machine (DESIGN §4): an attempt is a bag of facts, each added once
// and none edited; Next works out the first thing that is still missing; a small shell loads, decides,
// saves by compare-and-swap and, at the end, commits everything in one transaction with the caller's
// Issuer. It never imports a protocol, the store, the web or a template.
package signin
