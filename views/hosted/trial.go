package hosted

// TrialView is the result of trying a user flow: who signed in and what the app would have been told, or
// the error that it would have got.
type TrialView struct {
	Name    string
	SignUp  bool
	Claims  string // the ID token's payload as JSON
	Refused string
}
