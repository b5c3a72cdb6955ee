package extension

import (
	"crypto"
	"time"
)

// Occasion is one event as it happened: what whoever asks knows, in our words. Each event reads what it needs.
type Occasion struct {
	Event         Event
	TenantID      string
	Tenant        string // slug: outgoing exceptions are granted by it
	CorrelationID string
	IP            string
	Locale        string // BCP 47; sent in lower case, as the vendor does
	Protocol      string // "" = OAUTH2.0
	FlowID        string
	App           Principal // that people sign in to
	Resource      Principal // whose API the token is for; zero = the app itself
	User          *Person   // nil while there is nobody: in sign-up
	RequestType   RequestType
	SignUp        *SignUp     // attribute collection
	OTP           *OTP        // OtpSend
	Password      *Submission // PasswordSubmit
	// AnyJSON are the names of claims that the app's mapping takes as any type of JSON; others are texts, or lists of them.
	AnyJSON []string
	// SignInID is the recorded sign-in that the call belongs to; "" = not known yet.
	SignInID string
	// Trial says that an admin tries a flow: the record says so, and it says nothing about how the API is doing.
	Trial bool
	// Key is the Idempotency-Key of the call, where one may be made again for the same; "" = the call's own id.
	Key string
	// PersonKey is that of the recorded call that is made again.
	PersonKey string
}

// about is whom it is about, as far as no account says so.
func (o *Occasion) about() string {
	switch {
	case o.User != nil:
		return ""
	case o.OTP != nil:
		return o.OTP.Identifier
	case o.SignUp == nil:
		return ""
	}
	out := ""
	for _, i := range o.SignUp.Identities {
		if i.SignInType == "email" {
			return i.AssignedID
		}
		out = i.Issuer + " " + i.AssignedID
	}
	return out
}

// Principal is an app registration as a payload shows it.
type Principal struct {
	ObjectID string // of the service principal
	ClientID string
	Name     string
}

// Person is who signs in.
type Person struct {
	ID                string
	DisplayName       string
	GivenName         string
	Surname           string
	Mail              string
	UserPrincipalName string
	CompanyName       string
	CreatedAt         time.Time
	PreferredLanguage string
}

// RequestType is why a code is sent.
type RequestType string

const (
	ForSignUp      RequestType = "signUp"
	ForSignIn      RequestType = "signIn"
	ForgotPassword RequestType = "forgotPassword"
)

// ValueType is what an attribute holds.
type ValueType string

const (
	String  ValueType = "string"
	Int64   ValueType = "int64"
	Boolean ValueType = "boolean"
)

// Attribute is one that the user flow collects. A nil value was not given (yet): it is not sent, and can be prefilled.
// Several values are one text with commas between them. A password is never among them.
type Attribute struct {
	Name    string
	Type    ValueType
	BuiltIn bool
	Value   any // string, int64 or bool, by Type
}

// Identity is one way in of somebody who signs up.
type Identity struct {
	SignInType string // email, federated
	Issuer     string
	AssignedID string
}

// SignUp is what is known of somebody who signs up.
type SignUp struct {
	Attributes []Attribute
	Identities []Identity
}

func (s *SignUp) attribute(name string) (Attribute, bool) {
	if s != nil {
		for _, a := range s.Attributes {
			if a.Name == name {
				return a, true
			}
		}
	}
	return Attribute{}, false
}

// OTP is a code that must reach somebody.
type OTP struct {
	Identifier string // address or number
	Code       string
}

// Submission is a password that did not fit, encrypted for the API alone.
type Submission struct {
	UserName string
	Password string
	Nonce    string           // must come back
	Key      crypto.PublicKey // *rsa.PublicKey of the API's registration; nil = what the registration says
	KeyID    string
}

// Action is an answer, as a closed set over all events.
type Action string

const (
	ProvideClaims       Action = "provideClaimsForToken"
	DefaultBehavior     Action = "continueWithDefaultBehavior"
	SetPrefillValues    Action = "setPrefillValues"
	ModifyAttributes    Action = "modifyAttributeValues"
	ShowValidationError Action = "showValidationError"
	ShowBlockPage       Action = "showBlockPage"
	MigratePassword     Action = "migratePassword"
	UpdatePassword      Action = "updatePassword"
	RetryPassword       Action = "retry"
	BlockPassword       Action = "block"
)

// Answer is what an API answered, checked: only what its action allows is filled, and texts are plain text without
// control characters, cut to what a page can show. Whoever shows them escapes them.
type Answer struct {
	Action  Action
	Claims  map[string]any    // ProvideClaims: texts and lists of texts, and any JSON where Occasion.AnyJSON says so
	Values  map[string]any    // SetPrefillValues, ModifyAttributes: string, int64 or bool by the attribute's type; known attributes only
	Errors  map[string]string // ShowValidationError, by attribute
	Title   string            // ShowBlockPage, BlockPassword
	Message string            // ShowValidationError, ShowBlockPage, BlockPassword
}
