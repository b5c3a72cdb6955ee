package graph

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"portico/app/fault"
	"portico/app/i18n"
)

// Error is a failure in Graph's words. Message is for developers and never localised.
type Error struct {
	Status  int
	Code    string
	Message string
	Target  string
	Details []Detail
	Header  map[string]string
	Cause   error // for the log only
}

// Detail is one of several complaints.
type Detail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target,omitempty"`
}

func (e *Error) Error() string {
	s := e.Code + ": " + e.Message
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// The codes that directory services use (graph.md §1.12).
const (
	codeBadRequest   = "Request_BadRequest"
	codeUnsupported  = "Request_UnsupportedQuery"
	codeExpiredPage  = "Directory_ExpiredPageToken"
	codeNotFound     = "Request_ResourceNotFound"
	codeDenied       = "Authorization_RequestDenied"
	codeToken        = "InvalidAuthenticationToken"
	codeConflict     = "Request_Conflict"
	codePrecondition = "resourceModified"
	codeTooMany      = "TooManyRequests"
	codeUnavailable  = "serviceNotAvailable"
	codeInternal     = "Service_InternalServerError"
)

func badRequest(message, target string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: codeBadRequest, Message: message, Target: target}
}

func unsupported(message string) *Error {
	return &Error{Status: http.StatusBadRequest, Code: codeUnsupported, Message: message}
}

func invalidValue(property, why string) *Error {
	return badRequest("Invalid value specified for property '"+property+"'"+why+".", property)
}

func notFound(what string) *Error {
	return &Error{Status: http.StatusNotFound, Code: codeNotFound,
		Message: "Resource '" + what + "' does not exist or one of its queried reference-property objects are not present."}
}

func noSegment(name string) *Error {
	return &Error{Status: http.StatusNotFound, Code: codeNotFound, Message: "Resource not found for the segment '" + name + "'."}
}

func denied() *Error {
	return &Error{Status: http.StatusForbidden, Code: codeDenied, Message: "Insufficient privileges to complete the operation."}
}

func wrongMethod(allow ...string) *Error {
	return &Error{Status: http.StatusMethodNotAllowed, Code: codeBadRequest,
		Message: "The method is not allowed for this resource.", Header: map[string]string{"Allow": strings.Join(allow, ", ")}}
}

func taken(property string) *Error {
	m := "Another object with the same value for property " + property + " already exists."
	return &Error{Status: http.StatusBadRequest, Code: codeBadRequest, Message: m, Target: property,
		Details: []Detail{{Code: "ObjectConflict", Message: m, Target: property}}}
}

// asError puts any error into Graph's words. Words is the English catalogue.
func asError(err error, words *i18n.Localizer) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return &Error{Status: http.StatusServiceUnavailable, Code: codeUnavailable, Cause: err,
			Message: "The request took too long. Try again.", Header: map[string]string{"Retry-After": "5"}}
	}
	f := fault.Of(err)
	say := func(key string, args map[string]any) string {
		if words == nil || !words.Has(key) {
			return key
		}
		said := words.T(key, args)
		if values, _ := args["values"].(string); values != "" && key == "field.attribute.choice" {
			said += " (" + values + ")" // a page shows the options, a caller of the API cannot see them
		}
		return said
	}
	switch f.Code {
	case fault.Invalid:
		out := badRequest(say(f.Key, f.Args), "")
		for _, field := range f.Fields {
			out.Details = append(out.Details, Detail{codeBadRequest, say(field.Key, field.Args), field.Name})
		}
		if len(out.Details) > 0 {
			out.Target, out.Message = out.Details[0].Target, "Invalid value specified for property '"+
				out.Details[0].Target+"': "+out.Details[0].Message
		}
		return out
	case fault.NotFound:
		return &Error{Status: http.StatusNotFound, Code: codeNotFound, Message: notFound("").Message, Cause: f.Cause}
	case fault.Conflict:
		switch {
		case len(f.Fields) == 0:
		case f.Fields[0].Key == "application.role.enabled": // the vendor's own code and sentence
			return (&Error{Status: http.StatusBadRequest, Code: "CannotDeleteOrUpdateEnabledEntitlement", Target: f.Fields[0].Name,
				Message: "Property '" + f.Fields[0].Name + "': permission (scope or role) cannot be deleted or updated unless disabled first."}).because(say(f.Fields[0].Key, f.Fields[0].Args))
		case f.Fields[0].Key == "import.many":
			return &Error{Status: http.StatusConflict, Code: codeConflict, Message: say(f.Fields[0].Key, f.Fields[0].Args)}
		case f.Fields[0].Key == "extension.name.taken":
			return &Error{Status: http.StatusConflict, Code: codeConflict, Message: say(f.Fields[0].Key, f.Fields[0].Args), Target: f.Fields[0].Name}
		default:
			return taken(f.Fields[0].Name).because(say(f.Fields[0].Key, f.Fields[0].Args))
		}
		return &Error{Status: http.StatusConflict, Code: codeConflict, Message: say(f.Key, f.Args), Cause: f.Cause}
	case fault.Denied:
		return &Error{Status: http.StatusForbidden, Code: codeDenied, Message: say(f.Key, f.Args), Cause: f.Cause}
	case fault.Expired:
		return badRequest(say(f.Key, f.Args), "")
	case fault.TooMany:
		return &Error{Status: http.StatusTooManyRequests, Code: codeTooMany, Message: say(f.Key, f.Args),
			Header: map[string]string{"Retry-After": seconds(f.RetryAfter, 10)}}
	case fault.Unavailable:
		return &Error{Status: http.StatusServiceUnavailable, Code: codeUnavailable, Message: say(f.Key, f.Args), Cause: f.Cause,
			Header: map[string]string{"Retry-After": seconds(f.RetryAfter, 5)}}
	}
	return &Error{Status: http.StatusInternalServerError, Code: codeInternal, Cause: err,
		Message: "An internal error occurred. The request id finds it in the log."}
}

// because keeps the sentence that clients look for and adds the product's own reason.
func (e *Error) because(reason string) *Error {
	if reason != "" {
		e.Message += " " + reason
	}
	return e
}

func seconds(d time.Duration, otherwise int) string {
	if d > 0 {
		otherwise = int(math.Ceil(d.Seconds()))
	}
	return strconv.Itoa(otherwise)
}

// body is the error object that every failure answers.
func (e *Error) body(now time.Time, requestID, clientRequestID string) object {
	inner := object{{"date", now.UTC().Format("2006-01-02T15:04:05")}, {"request-id", requestID}, {"client-request-id", clientRequestID}}
	out := object{{"code", e.Code}, {"message", e.Message}}
	if e.Target != "" {
		out.add("target", e.Target)
	}
	if len(e.Details) > 0 {
		out.add("details", e.Details)
	}
	out.add("innerError", inner)
	return object{{"error", out}}
}
