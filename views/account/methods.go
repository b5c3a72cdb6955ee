package account

// Go is a way to add something, with a sentence about it.
type Go struct{ Icon, Title, Note, Href string }

// MethodsView lists how somebody signs in.
type MethodsView struct {
	Password  []Line
	Addresses []Line
	Linked    []Line // identities at providers
	Connect   []Go   // further providers
	Phone     []Line // nil = texts cannot be sent here, and there is no number
	Second    []Line
	Recovery  []Line
	Add       []Go // further second factors
	AddEmail  Link
	AddPhone  Link
}

// PasswordView changes a password or sets the first.
type PasswordView struct {
	Has         bool
	Void        bool   // there is one that opens nothing any more
	User        string // for password managers
	MinLength   int
	ThreeOfFour bool
	Remove      string // where it can be removed, "" = it cannot
}

// TOTPView sets up an authenticator app.
type TOTPView struct {
	URI    string
	Secret string // in groups of four
}

// PasskeyView creates a passkey. Options is the server's JSON for the browser.
type PasskeyView struct {
	Options string
	Name    string
}

// MethodView is one second factor: its name can be changed, and it can be removed.
type MethodView struct {
	Title  string
	Lines  []Line
	Action string // where the name is posted, "" = it has none
	Remove string
}

// ContactView asks for a new address or number.
type ContactView struct {
	Phone  bool
	Title  string
	Lead   string
	Old    string // what is replaced
	Of     string // its id, hidden in the form
	Remove Link
}

// ContactCodeView asks for the code that was sent there.
type ContactCodeView struct {
	Phone   bool
	To      string
	Minutes int
}

// DevicesView lists sessions.
type DevicesView struct {
	This       []Line
	Others     []Line
	EndAll     *Button // nil = there are no others
	Remembered []Line  // on which no second factor is asked for a while
}

// ActivityView lists sign-ins, newest first.
type ActivityView struct {
	Lines []Line
	// Helped is what the help desk did, latest first.
	Helped []Line
	Older  string // address of the next page
	First  string // address of the first one, on later pages
}

// AppsView lists apps and what was agreed to.
type AppsView struct {
	Apps  []Line
	Terms []Line
}

// TermsTextView is a text that was agreed to.
type TermsTextView struct {
	Title string
	Lang  string
	Said  string // when and which version, in words
	Body  string
	URL   string
}
