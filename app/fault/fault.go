// Package fault knows the one error that Portico's own code returns: a code that a machine can
// act on, a message key that becomes words in the reader's language at the last moment, the fields
// of a form that it belongs to, and the private cause.
//
// It must not know about HTTP: the table code → status stands in package handlers. OAuth wire errors
// are another type (openid.Error).
package fault

import (
	"errors"
	"fmt"
	"time"
)

// Code is what went wrong, as a closed set.
type Code string

const (
	Invalid     Code = "invalid"     // the input is wrong; Fields say where
	NotFound    Code = "not_found"   // no such thing, or not visible to the asker
	Conflict    Code = "conflict"    // it exists already, or somebody else changed it first
	Denied      Code = "denied"      // the asker may not
	Expired     Code = "expired"     // it was valid once (link, code, attempt)
	TooMany     Code = "too_many"    // a limit is reached; RetryAfter says for how long
	Unavailable Code = "unavailable" // a dependency does not answer; trying again may help
	Internal    Code = "internal"    // a defect; the reader sees a reference number only
)

// Field is one input that is wrong. Name is the form field's or JSON property's name.
type Field struct {
	Name string
	Key  string         // message key in the catalogue
	Args map[string]any // values for the message's {names}
}

// Error is an application error. Key and Args are for the reader, Cause is for the log.
type Error struct {
	Code       Code
	Key        string
	Args       map[string]any
	Fields     []Field
	RetryAfter time.Duration
	Cause      error
}

func (e *Error) Error() string {
	s := string(e.Code)
	if e.Key != "" {
		s += " " + e.Key
	}
	for _, f := range e.Fields {
		s += fmt.Sprintf(" [%s: %s]", f.Name, f.Key)
	}
	if e.Cause != nil {
		s += ": " + e.Cause.Error()
	}
	return s
}

func (e *Error) Unwrap() error { return e.Cause }

// New makes an error with a code and a message key.
func New(code Code, key string) *Error { return &Error{Code: code, Key: key} }

// Wrap keeps a cause for the log below a code and a message key for the reader.
func Wrap(code Code, key string, cause error) *Error {
	return &Error{Code: code, Key: key, Cause: cause}
}

// BadField is an Invalid error about one field.
func BadField(name, key string, args map[string]any) *Error {
	return &Error{Code: Invalid, Key: key, Args: args, Fields: []Field{{Name: name, Key: key, Args: args}}}
}

// Of returns the application error inside err; anything unrecognised is Internal with err as its cause.
func Of(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Code: Internal, Key: "error.internal", Cause: err}
}

// Is reports whether err carries the code.
func Is(err error, code Code) bool { return err != nil && Of(err).Code == code }

// Fields collects the complaints of a validation; Err is nil while it is empty.
type Fields []Field

// Add notes one complaint.
func (f *Fields) Add(name, key string, args map[string]any) {
	*f = append(*f, Field{Name: name, Key: key, Args: args})
}

// Err is the collected error, or nil.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Key: "error.form", Fields: f}
}
