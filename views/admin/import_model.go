package admin

// Import is one import of people.
type Import struct {
	Title    string // its state in words
	Running  bool   // something still comes of itself
	Percent  int
	Progress string
	Text     string // what to know or do now
	Tone     string // of Text
	Facts    []Fact
	Sections []Section
}
