package message

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"portico/app/factor"
	"portico/app/outbox"
	"portico/app/signin"
)

// queue keeps what was queued.
type queue struct{ items []outbox.Item }

func (q *queue) EnqueueOutbox(_ context.Context, it outbox.Item) error {
	q.items = append(q.items, it)
	return nil
}

// letters renders the note's code and nothing else.
type letters struct{}

func (letters) Render(_ context.Context, n Note) (Letter, error) {
	return Letter{Subject: n.Purpose, Text: n.Code}, nil
}

// tray keeps what was sent, or fails.
type tray struct {
	sent []Letter
	err  error
}

func (t *tray) Send(_ context.Context, l Letter) error {
	if t.err == nil {
		t.sent = append(t.sent, l)
	}
	return t.err
}

func TestCodesAreQueued(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	codes := Codes{Now: func() time.Time { return now }}
	q := &queue{}
	if err := codes.Code(t.Context(), q, signin.CodeMail{TenantID: "t", To: "ann@example.com", Code: "123456", Purpose: "prove"}); err != nil {
		t.Fatal(err)
	}
	it := q.items[0]
	if it.Kind != outbox.Mail || it.TenantID != "t" || !it.NotAfter.Equal(now.Add(factor.CodeLifetime)) {
		t.Errorf("queued %+v", it)
	}
	if err := codes.Code(t.Context(), "no transaction", signin.CodeMail{}); err == nil {
		t.Error("a code without a queue was accepted")
	}
}

func TestChannel(t *testing.T) {
	down := errors.New("down")
	cases := []struct {
		name         string
		decoy        bool
		attempts     int
		send         *tray
		copies       bool
		sent, copied int
		err          error
	}{
		{"sent", false, 0, &tray{}, false, 1, 0, nil},
		{"sent with a copy", false, 0, &tray{}, true, 1, 1, nil},
		{"the copy is there although sending fails", false, 0, &tray{err: down}, true, 0, 1, down},
		{"the second try makes no second copy", false, 1, &tray{}, true, 1, 0, nil},
		{"the mailbox alone is enough", false, 2, nil, true, 0, 1, nil},
		{"a decoy goes nowhere", true, 0, &tray{}, true, 0, 0, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			q := &queue{}
			if err := Post(t.Context(), q, Note{Kind: Code, Channel: "mail", To: "ann@example.com", Code: "123456", Decoy: c.decoy}, time.Now()); err != nil {
				t.Fatal(err)
			}
			it := q.items[0]
			it.ID, it.Attempts = "item", c.attempts
			var send Sender
			if c.send != nil {
				send = c.send
			}
			box := &tray{}
			var copies []Sender
			if c.copies {
				copies = append(copies, box)
			}
			if err := Channel(letters{}, send, copies...)(t.Context(), it); !errors.Is(err, c.err) {
				t.Errorf("got %v", err)
			}
			sent := 0
			if c.send != nil {
				sent = len(c.send.sent)
			}
			if sent != c.sent || len(box.sent) != c.copied {
				t.Errorf("sent %d, copied %d; want %d, %d", sent, len(box.sent), c.sent, c.copied)
			}
			if c.copied > 0 && (box.sent[0].To != "ann@example.com" || box.sent[0].Code != "123456" || box.sent[0].ID != "item") {
				t.Errorf("copied %+v", box.sent[0])
			}
		})
	}
	if err := Channel(letters{}, nil)(t.Context(), outbox.Item{Payload: []byte("{}")}); err == nil {
		t.Error("nothing can be sent, yet nobody says so")
	}
}

func TestNotesDoNotLeakIntoLogs(t *testing.T) {
	n := Note{Kind: Code, Channel: "mail", To: "ann@example.com", Code: "123456", URL: "https://x/secret"}
	if s := fmt.Sprint(n.LogValue()); strings.Contains(s, "123456") || strings.Contains(s, "ann@") || strings.Contains(s, "secret") {
		t.Errorf("logged as %s", s)
	}
}

// TestNoticesOfMethods: whoever did not register a second factor hears of it at the account's own address.
func TestNoticesOfMethods(t *testing.T) {
	codes, q := Codes{Now: time.Now}, &queue{}
	if err := codes.MethodAdded(t.Context(), q, signin.ChangeMail{TenantID: "t", To: "ann@example.com", Method: "totp"}); err != nil {
		t.Fatal(err)
	}
	if err := codes.MethodAdded(t.Context(), q, signin.ChangeMail{TenantID: "t", Method: "totp"}); err != nil { // nowhere to be told
		t.Fatal(err)
	}
	if len(q.items) != 1 || !strings.Contains(string(q.items[0].Payload), `"method":"totp"`) || !strings.Contains(string(q.items[0].Payload), `"method_added"`) {
		t.Errorf("%+v", q.items)
	}
	if err := codes.MethodAdded(t.Context(), "no transaction", signin.ChangeMail{To: "ann@example.com"}); err == nil {
		t.Error("a notice without a queue was accepted")
	}
}
