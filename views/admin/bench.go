package admin

// Bench is one page of the test bench: the customer's page as a picture, the pretend visitor's answers
// beside it, and below what was decided so far.
type Bench struct {
	Action  string // where the forms go
	Walk    string // the sealed walk
	Chosen  []Fact
	Restart Link // with the same choices
	Change  Link // other choices
	Page    Frame
	Where   string // "Page 3: Asked for the code from the mail"
	Notice  string // something about the walk itself
	Mails   []BenchMail
	Fields  []Field
	Buttons []BenchButton
	Also    []BenchButton // of the bench itself: one step back, let time pass
	Over    *BenchEnd
	Steps   []BenchStep
}

// BenchButton is something to press. Press is the value of the button "press".
type BenchButton struct {
	Press, Label string
	Main         bool
}

// BenchMail is a message that would have been sent.
type BenchMail struct {
	To, Code, Note string
}

// BenchEnd is where the walk led.
type BenchEnd struct {
	Tone, Title string
	Lines       []string
	Claims      []BenchClaims
}

// BenchClaims is what one token would say.
type BenchClaims struct {
	Label, JSON string
}

// BenchStep is one step in words.
type BenchStep struct {
	Title    string
	Tone     string // of Mark
	Mark     string
	Did      string   // what the visitor did
	Facts    []string // what became true
	Kept     []string // what a real sign-in would have stored
	Why      []string // why the next thing is due
	Policies []PolicyTrace
}
