// Package seed knows what a fresh installation begins with: the workforce directory, always; and in
// development the sample company Fernhill, its applications, user flows, a few hundred customers and
// three months of sign-ins with two attacks to discover.
//
// Everything here is made from a seed number and a clock that are passed in: the same two give the same
// people, ids and sign-ins. All of it may run again at any time and changes nothing that is there.
// Addresses come from ranges that the internet sets aside for documentation and measurement, mail
// addresses from example domains, so no real network or person is ever named.
package seed
