// Package signal knows how to read what a request tells about where it came from: the client's
// address behind trusted proxies, its place and network, its browser, and the first-party device
// cookie. It parses; it decides nothing.
package signal

import "portico/app/record"

// Signals is the parsed value; it lives in record because it is stored with each sign-in.
type Signals = record.Signals
