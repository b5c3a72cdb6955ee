// Package limit knows the arithmetic of limits: smart lock-out of an account and sliding counts per
// destination. Everything is a pure function over a small value and a time; storing it atomically is
// the store's business.
package limit
