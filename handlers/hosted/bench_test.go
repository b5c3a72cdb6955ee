package hosted_test

import "testing"

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
