// Package demo serves what exists on a developer's machine only: three sample applications, the mailbox
// that shows what would have been sent, and the record of a sign-in in words.
//
// The applications are real relying parties. They know a client id, an issuer URL and, two of them, a
// secret; everything else they learn over HTTP from the public endpoints through somebody else's OpenID
// library. They must not reach into the provider: no import of openid or signin.
//
// New panics outside development, and the request stack answers these routes only to loopback peers that
// name a loopback host.
package demo
