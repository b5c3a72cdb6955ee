// Package e2e holds the tests of the whole program: the real binary, built once per run, on ports and
// data folders of its own; a real browser; other people's OpenID clients; a generic program that fills
// forms by their autocomplete tokens; two instances over Postgres; and faults on purpose. Nothing here
// reaches into the program: what a test knows, it learnt over HTTP or from the command line. Only a month that passes is
// written into the database of a program that is stopped.
//
// What a machine lacks (Chromium, Node, Postgres) is named and skipped, unless PORTICO_E2E_ALL is set,
// which makes a lack a failure; CI sets it. Screenshots go to PORTICO_E2E_SHOTS when that is set.
package e2e
