package hosted_test

import (
	"testing"

	"portico/app/factor"
)

// BenchmarkPasswordSignIn is a whole journey of a known person without the cost of the hash: start, page,
// form, commit.
func BenchmarkPasswordSignIn(b *testing.B) {
	s := newSite(b)
	s.settings(neverStay)
	s.user(anna)
	b.ReportAllocs()
	b.ResetTimer()
	for b.Loop() {
		s.browser().start(request{}).fill("email", anna, "password", goodPassword).signedIn()
	}
}

// BenchmarkPasswordSignInWithHash is the same at the real cost of a hash.
func BenchmarkPasswordSignInWithHash(b *testing.B) {
	s := newSite(b)
	s.settings(neverStay)
	s.hasher = factor.NewHasher(factor.DefaultArgon(), 0, 0)
	s.user(anna)
	base := s.serve(s.store)
	b.ResetTimer()
	for b.Loop() {
		c := s.browser()
		c.base = base
		c.start(request{}).fill("email", anna, "password", goodPassword).signedIn()
	}
}
