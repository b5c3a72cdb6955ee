package message

import (
	"context"
	"strings"
	"time"
)

// Change tells whose password is another one, and when and from where that was done, in general words.
type Change struct {
	TenantID string
	To       string
	Locale   string
	At       time.Time
	Country  string // a code; "" = not known, or not theirs to know (an administrator did it)
	City     string
	Browser  string
	OS       string
	ClientID string // of the app where it was done
}

// PostPasswordChanged queues "your password was changed" to the account's own address, in the transaction
// that changes it: whoever did not do it learns of it at once (OWASP ASVS 5.0 §6.3.7).
func PostPasswordChanged(ctx context.Context, q Queue, c Change, now time.Time) error {
	if c.To == "" {
		return nil // an account without an address has nowhere to be told
	}
	return Post(ctx, q, change(PasswordChanged, c), now)
}

func change(k Kind, c Change) Note {
	return Note{Kind: k, Channel: "mail", TenantID: c.TenantID, To: c.To, Locale: c.Locale, At: c.At, ClientID: c.ClientID,
		Place: joined(", ", c.City, c.Country), Device: joined(" · ", c.Browser, c.OS)}
}

func joined(by string, parts ...string) string {
	var given []string
	for _, p := range parts {
		if p != "" {
			given = append(given, p)
		}
	}
	return strings.Join(given, by)
}

// Notice tells somebody what happened to their account: what, when and from where in general words, and
// where to look after it. Nothing that anybody typed is in it.
type Notice struct {
	Kind     Kind
	Purpose  string // chooses the first sentence where the catalogue has one for it
	Method   string // a way to sign in, for MethodAdded and MethodRemoved
	Channel  string // "" = mail
	TenantID string
	To       string
	Locale   string
	At       time.Time
	Country  string
	City     string
	Browser  string
	OS       string
	ClientID string // of the app where it was done
	App      string // that was signed in to
	AppKey   string // of our own pages, whose name is in the reader's language
	URL      string // of the account pages
}

// PostNotice queues a notice, in the transaction of what it tells about. An account without an address has
// nowhere to be told.
func PostNotice(ctx context.Context, q Queue, n Notice, now time.Time) error {
	if n.To == "" {
		return nil
	}
	channel := "mail"
	if n.Channel != "" {
		channel = n.Channel
	}
	return Post(ctx, q, Note{Kind: n.Kind, Purpose: n.Purpose, Method: n.Method, Channel: channel, TenantID: n.TenantID, To: n.To, Locale: n.Locale, At: n.At, ClientID: n.ClientID,
		Place: joined(", ", n.City, n.Country), Device: joined(" · ", n.Browser, n.OS), App: n.App, AppKey: n.AppKey, URL: n.URL}, now)
}
