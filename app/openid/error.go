package openid

import (
	"encoding/json"
	"strings"
	"time"
)

// OAuth and OpenID Connect error codes (RFC 6749 §4.1.2.1, §5.2; OpenID Connect Core §3.1.2.6; RFC 6750 §3.1).
const (
	InvalidRequest          = "invalid_request"
	InvalidClient           = "invalid_client"
	InvalidGrant            = "invalid_grant"
	InvalidScope            = "invalid_scope"
	InvalidToken            = "invalid_token"
	InsufficientScope       = "insufficient_scope"
	UnauthorizedClient      = "unauthorized_client"
	UnsupportedGrantType    = "unsupported_grant_type"
	UnsupportedResponseType = "unsupported_response_type"
	RequestNotSupported     = "request_not_supported"
	RequestURINotSupported  = "request_uri_not_supported"
	RegistrationUnsupported = "registration_not_supported"
	LoginRequired           = "login_required"
	ConsentRequired         = "consent_required"
	InteractionRequired     = "interaction_required"
	AccessDenied            = "access_denied"
	UnmetRequirements       = "unmet_authentication_requirements" // OpenID Connect Core Error Code 1.0
	ServerError             = "server_error"
	TemporarilyUnavailable  = "temporarily_unavailable"
)

// Suberrors that MSAL reads.
const (
	SubBadToken        = "bad_token"
	SubBasicAction     = "basic_action"
	SubConsentRequired = "consent_required"
	SubPasswordExpired = "user_password_expired"
)

// Error is a protocol error as the wire knows it. Number is the vendor-style code that goes into
// error_codes. Status is the HTTP status where the answer is no redirect. Mistake says to the app's
// developer what exactly is wrong; it goes to the portal, never on the wire.
type Error struct {
	Code        string
	Description string
	Number      int
	Suberror    string
	Claims      string // JSON text; only beside interaction_required
	Status      int    // 0 = 400
	Mistake     *Mistake
	Cause       error // for the log
}

// Mistake is what an app did wrong, with both strings that differ. Kind is one of models.ClientMistake.
// It never holds a secret, a code or a token.
type Mistake struct {
	ClientID string
	Kind     string
	Given    string
	Expected string
}

func (e *Error) Error() string {
	s := e.Code + ": " + e.Description
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// refuse makes an error.
func refuse(code string, number int, description string) *Error {
	return &Error{Code: code, Number: number, Description: description}
}

// mistake adds what the developer should read.
func (e *Error) mistake(clientID, kind, given, expected string) *Error {
	e.Mistake = &Mistake{ClientID: clientID, Kind: kind, Given: given, Expected: expected}
	return e
}

// failure is a fault of ours; the wire learns nothing but that.
func failure(err error) *Error {
	return &Error{Code: ServerError, Number: 90033, Status: 500, Cause: err,
		Description: "Something went wrong on our side. Try again; if it stays, tell the operator the trace id."}
}

// Missing is the error for an absent required parameter.
func Missing(name string) *Error {
	return refuse(InvalidRequest, 900144, "The request must contain the parameter '"+name+"'.")
}

// unsaid are the words that MSAL JS searches descriptions for: it takes any error that contains one as
// a wish for interaction. They may stand only in the error that means it.
func unsaid() []string {
	return []string{"interaction_required", "consent_required", "login_required", "bad_token", "ui_not_allowed", "interrupted_user"}
}

// Words is the description as it may go on the wire: printable ASCII without quote and backslash
// (RFC 6749 §5.2), and free of the words that clients would misread.
func (e *Error) Words() string {
	s := strings.Map(func(r rune) rune {
		switch {
		case r == '"', r == '\\':
			return '\''
		case r < 0x20 || r > 0x7e:
			return ' '
		}
		return r
	}, e.Description)
	for _, w := range unsaid() {
		if strings.Contains(s, w) && e.Code != w {
			s = strings.ReplaceAll(s, w, strings.ReplaceAll(w, "_", " "))
		}
	}
	return s
}

// Wire is the JSON error body (RFC 6749 §5.2) with the vendor's additions.
type Wire struct {
	Error         string `json:"error"`
	Description   string `json:"error_description"`
	Codes         []int  `json:"error_codes"`
	Timestamp     string `json:"timestamp"`
	TraceID       string `json:"trace_id"`
	CorrelationID string `json:"correlation_id"`
	Suberror      string `json:"suberror,omitempty"`
	Claims        string `json:"claims,omitempty"`
}

// JSON renders the error for an endpoint that answers JSON.
func (e *Error) JSON(now time.Time, traceID, correlationID string) []byte {
	w := Wire{Error: e.Code, Description: e.Words(), Codes: []int{}, Timestamp: now.UTC().Format("2006-01-02 15:04:05Z"),
		TraceID: traceID, CorrelationID: correlationID, Suberror: e.Suberror, Claims: e.Claims}
	if e.Number != 0 {
		w.Codes = append(w.Codes, e.Number)
	}
	b, err := json.Marshal(w)
	if err != nil {
		return []byte(`{"error":"server_error"}`)
	}
	return b
}

// HTTPStatus is the status of an answer that is no redirect.
func (e *Error) HTTPStatus() int {
	if e.Status != 0 {
		return e.Status
	}
	if e.Code == InvalidClient || e.Code == InvalidToken {
		return 401
	}
	return 400
}
