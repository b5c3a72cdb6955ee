// Package hosted knows the pages that customers see: sign-up, sign-in and everything between. A page is
// one heading, one form with one primary button, and below it other ways on. It takes the structs
// declared here and decides nothing; handlers/hosted fills them. Names of inputs are a contract, the same
// as the machine's (signin.Form):
//
//	email, password, newPassword, code, stay, credential   the standard inputs
//	givenName, surname, … and attributes[<id>]              what a flow collects
//	step, proof                                             hidden in every form
//	action                                                  what was pressed, when not the main button
//	account, method                                         the choice that a button carries
//	language                                                the language to draw the same page in
//
// Every form is a POST to Page.Action. A program that knows only autocomplete tokens can fill them.
package hosted

import (
	"context"
	"maps"
	"net/url"

	"golang.org/x/text/language"

	"portico/app/i18n"
	"portico/views/ui"
)

// Event is what a button other than the main one means: the value of "action". The main one sends none.
type Event string

const (
	SignUp       Event = "signUp"   // "Create an account"
	SignIn       Event = "signIn"   // "Sign in instead"
	Forgot       Event = "forgot"   // "Forgot your password?"
	Resend       Event = "resend"   // "Send a new code"
	Send         Event = "send"     // "Send a code by email instead", as second factor
	Change       Event = "restart"  // another address than the one typed; "Not you?"
	OtherAccount Event = "other"    // of the account chooser
	UsePassword  Event = "password" // password instead of a code
	UseCode      Event = "code"     // code instead of a password
	UsePasskey   Event = "passkey"  // carries a credential
	OtherWay     Event = "back"     // back to the choice of second factors
	Postpone     Event = "skip"     // "Not now"
	Choose       Event = "choose"   // with "method": which second factor
	Accept       Event = "accept"   // consent
	Decline      Event = "decline"
	Yes          Event = "yes" // stay signed in, sign out
	No           Event = "no"
	Cancel       Event = "cancel" // leaves: back to the app with access_denied
)

// Way is another way on from a page: a link when it has an address, otherwise a button that posts its
// event. With a Method it posts that as "method" and no action, which means Choose. The words are the
// catalogue's, by event or method, unless Text says otherwise.
type Way struct {
	Event  Event
	Method string // totp, passkey, email, sms, recovery
	Href   string
	Text   string
}

func (w Way) words(l *i18n.Localizer) string {
	if w.Text != "" {
		return w.Text
	}
	if w.Method != "" {
		return l.T("way.method." + w.Method)
	}
	return l.T("way." + string(w.Event))
}

// Page is what all pages have in common.
type Page struct {
	Brand     *ui.Brand   // made once per version of the tenant's theme
	App       string      // name of the app that asked, "" when none
	Action    string      // where the forms go
	Step      string      // hidden in every form
	Proof     string      // verifier, hidden in every form
	Fields    [][2]string // further hidden fields of every form
	Values    map[string]string
	Errors    []ui.FieldError // name "" = about the form as a whole
	Notice    string          // "We have sent a new code", in the reader's words
	Because   string          // why more is asked for, where that is not plain
	Account   string          // who is signing in, as typed or masked; shown with "Not you?"
	Ways      []Way
	Remember  int        // offer not to ask for a second factor on this device for so many days; 0 = do not
	Providers []Provider // identity providers to go on with
	Refused   string     // why a round trip to one came to nothing, in the reader's words
	Reference string     // with it, for support
	Languages []Language // language chooser. Empty = none
	Again     bool       // somebody who is signed in shows once more that it's them
	Test      bool       // an admin tries the flow: every page says so
	Preview   bool       // a picture of the page, for admins: nothing can be pressed and no script runs

	asks  bool // it has a main form (form)
	first bool // it asks for the address and for nothing else
}

// Provider is the button of an identity provider.
type Provider struct {
	ID   string
	Name string
	Kind string // google, apple, …: its mark
	Last bool   // this browser used it the last time
}

// WaitingView is a page about one provider: that is waited for, or that has proven no address.
type WaitingView struct {
	ID   string
	Name string
}

// Language is one entry of the language chooser. Where the page has a main form it is a button that posts
// its tag as "language" with everything typed; elsewhere it leads to this page in that language.
type Language struct {
	Tag     string
	Text    string // in itself
	Href    string
	Current bool
}

// asking is a page with a main form: what stands outside of it may send it.
func (p Page) asking() Page { p.asks = true; return p }

func (p Page) alone() Page { p.first = true; return p }

func (p Page) value(name string) string { return p.Values[name] }
func (p Page) bad(name string) string   { return ui.ErrorFor(p.Errors, name) }

// Languages are those that may be chosen: all there are, or a tenant's.
type Languages interface {
	Tags() []language.Tag
	Name(language.Tag) string
}

// Chooser makes the language chooser: each language in its own name, leading to this page with its query.
func Chooser(b Languages, current *i18n.Localizer, query url.Values) []Language {
	var list []Language
	for _, tag := range b.Tags() {
		q := maps.Clone(query)
		if q == nil {
			q = url.Values{}
		}
		q.Set("ui_locales", tag.String())
		list = append(list, Language{Tag: tag.String(), Text: b.Name(tag), Href: "?" + q.Encode(), Current: tag == current.Tag})
	}
	return list
}

// IdentifyView asks who is there.
type IdentifyView struct {
	Create    bool     // the first page of sign-up, not of sign-in
	Forgot    bool     // asks whose password was forgotten
	UserNames bool     // a user name will do as well
	Fixed     bool     // shown, not to be edited
	Passkey   *Passkey // offered in the box's suggestions where the browser can
}

// Passkey is a request to the browser. Options is the server's JSON (PublicKeyCredential*OptionsJSON,
// bare or inside publicKey); the answer comes back as the input "credential".
type Passkey struct {
	Options string
	Event   Event // of the form that carries the credential: UsePasskey, or "" on the passkey pages
}

// SignInView is address and password in one form.
type SignInView struct {
	Stay      bool // offer "Stay signed in"
	UserNames bool // a user name will do as well
	Fixed     bool // the address is shown, not to be edited
	Passkey   *Passkey
}

// PasswordView asks for the password of Page.Account.
type PasswordView struct {
	Confirmed bool // a code has just proven the address, and the account uses a password
	Stay      bool
	Existing  bool // a sign-up met an account: say so kindly, now that the address is proven
	Passkey   *Passkey
}

// CodeView asks for a code that was sent.
type CodeView struct {
	Channel string // "email" or "sms"
	To      string // masked address or number; "" = not for this page to know
	Minutes int    // how long a code works
	Why     CodeReason
	Passkey *Passkey // will do as well
}

// NumberView asks for the phone number that codes are to go to. Countries are those that text messages go to, in
// the reader's words, each with its calling code; Country is the one filled in.
type NumberView struct {
	Countries []ui.Option
	Country   string
}

// CodeReason says what the code is for; it chooses the heading and the first sentence.
type CodeReason string

const (
	ToSignIn  CodeReason = "sign_in" // same words whether the account exists or not
	ToSignUp  CodeReason = "sign_up"
	ToReset   CodeReason = "reset"
	ToConfirm CodeReason = "confirm" // a second factor
)

// NewPasswordView asks for a new password; the rules come first.
type NewPasswordView struct {
	Why         PasswordReason
	MinLength   int
	ThreeOfFour bool
	Others      bool // offers to sign out everywhere else
}

// PasswordReason says why there is a new password.
type PasswordReason string

const (
	FirstPassword  PasswordReason = "first"
	ForgotPassword PasswordReason = "forgot"
	MustChange     PasswordReason = "must"
	ToProtect      PasswordReason = "protect" // because the account may be in danger
)

// Attribute is one thing a flow collects. Built-in ids (givenName, …) get their label, token and length
// from here; custom ones bring their own label and kind.
type Attribute struct {
	ID        string
	Label     string // "" = the catalogue's, for built-in ones
	Hint      string
	Kind      string // "", number, boolean, radio, checkboxes, select, date, phone
	Value     string // filled in beforehand, as it would be typed; several choices with commas between
	Required  bool
	ReadOnly  bool // shown as text, never sent
	MaxLength int
	Options   []ui.Option
}

// Builtin reports whether the id is one of those with words and tokens here.
func (a Attribute) Builtin() bool { return autocompleteOf(a.ID) != "" }

// Name is the input's name: the id of a built-in attribute, attributes[<id>] of a custom one.
func (a Attribute) Name() string {
	if a.Builtin() {
		return a.ID
	}
	return "attributes[" + a.ID + "]"
}

// AttributesView asks for what a flow collects.
type AttributesView struct {
	Attributes []Attribute
	Missing    bool // somebody has an account and is asked for what it lacks
}

// TermsView asks to agree to texts.
type TermsView struct {
	Texts []Terms
}

// Terms is one text to agree to. Body is Markdown's small part (app/markup), URL a page with the text
// instead or as well. Value is what the box sends: what was read.
type Terms struct {
	Name, Value string
	Title       string
	Body        string
	URL         string
	Lang        string
	Since       string // an earlier version was agreed to on this day, in the reader's words; "" = none was
}

// Account is one entry of the account chooser.
type Account struct {
	ID    string
	Name  string
	Email string
	State string // "signed in", in the reader's words, or ""
}

// SelectAccountView asks which account to go on with.
type SelectAccountView struct {
	Accounts []Account
}

// ConsentView asks whether the app may have what it asked for. Scopes are OAuth scope names; known ones
// have words in the catalogue ("scope.email"), others are shown with their own description.
type ConsentView struct {
	Scopes []Scope
}

// Scope is one permission an app asks for.
type Scope struct {
	Name        string
	Description string // the publisher's words, for scopes that are not standard
}

// RestoreView asks whether an account that its owner deleted is to be kept.
type RestoreView struct {
	On string // the day on which it is gone otherwise, in the reader's words
}

// StayView asks "Stay signed in?".
type StayView struct{}

// BlockedView is the end: what happened and what to do, without scores and rule names.
type BlockedView struct {
	Reason    string // message key below "blocked.": policy, risk, account_risk, disabled, mfa_missing, no_account, sign_up_closed, unavailable
	Host      string // passkey_elsewhere: where the passkey works
	Reference string
}

// Method is one second factor to choose: kinds totp, passkey, email, sms, recovery.
type Method struct {
	Kind string
	Note string // masked address, or the name its owner gave it
}

// ChooseMethodView offers second factors: to set one up, or to confirm with one that is there. Each is a
// button that posts its kind as "method".
type ChooseMethodView struct {
	Enrol   bool
	Methods []Method
}

// EnrolTOTPView sets up an authenticator app.
type EnrolTOTPView struct {
	URI    string // otpauth://…, drawn as a picture
	Secret string // the same as text, in groups of four
}

// EnrolPasskeyView creates a passkey.
type EnrolPasskeyView struct {
	Passkey Passkey
}

// RecoveryCodesView shows recovery codes, this once.
type RecoveryCodesView struct {
	Codes []string
}

// ChallengeView confirms with a second factor that is there: kinds totp, passkey, recovery. Codes by mail
// and SMS use CodeView with ToConfirm.
type ChallengeView struct {
	Kind    string
	Passkey *Passkey
}

// SignedOutView is the end of a session. FrontLinks are of apps that were signed out of too.
type SignedOutView struct {
	Return ui.Link // back to the app, when it said where
}

// ConfirmSignOutView asks before signing out: a request that another page could have made.
type ConfirmSignOutView struct {
	Everywhere bool // more than one app is signed in with this session
}

// DeadEndView is a page with a sentence and one way on: expired, opened elsewhere, not found, an error.
type DeadEndView struct {
	Kind      DeadEnd
	Reference string // short and speakable
	Detail    string // the application error in the reader's words, for ErrorPage
	Go        ui.Link
}

// DeadEnd names the page.
type DeadEnd string

const (
	ExpiredPage   DeadEnd = "expired"   // the attempt is over: start again
	ElsewherePage DeadEnd = "elsewhere" // it was opened in another browser
	FinishedPage  DeadEnd = "finished"  // it has done its work: Back from the app
	NotFoundPage  DeadEnd = "not_found"
	ErrorPage     DeadEnd = "error"

	InvitationAccepted DeadEnd = "invitation_accepted"
	InvitationExpired  DeadEnd = "invitation_expired"
	InvitationRevoked  DeadEnd = "invitation_revoked"
	InvitationUnknown  DeadEnd = "invitation_unknown"
	InvitationDone     DeadEnd = "invitation_done" // accepted just now, and the app has no page to go to
)

// FailureView is an error in words, with a way to send the same form once more where that may help.
type FailureView struct {
	Title, Text string
	Reference   string
	When        string
	Again       string // address to POST to, "" = no
	Fields      [][2]string
	Home        string
}

// FormPostView sends the answer to the app by a form (OAuth 2.0 Form Post Response Mode).
type FormPostView struct {
	Action string
	Fields [][2]string
}

// formPostScript submits the form at once; without script its button does.
const formPostScript = `document.forms[0].submit()`

// FormPostScriptHash allows the one inline script of the FormPost page: script-src 'sha256-…'.
func FormPostScriptHash() string { return ui.CSPHash(formPostScript) }

// proofTitle is the title of a page on which somebody proves themselves.
func (p Page) proofTitle(ctx context.Context, key string) string {
	if p.Again {
		key = "again.title"
	}
	return t(ctx, key)
}
