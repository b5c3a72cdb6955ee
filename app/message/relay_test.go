package message_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"portico/app/extension"
	"portico/app/message"
	"portico/app/outbox"
	"portico/app/signin"
)

func TestCodesGoToTheTenantsOwnProvider(t *testing.T) {
	dead := errors.New("down")
	signUp := signin.CodeOrigin{Request: extension.ForSignUp}
	for _, c := range []struct {
		rule    string
		note    message.Note
		taken   bool
		err     error
		relayed bool // the provider is asked
		sent    bool // we send it
	}{
		{"it takes a code", message.Note{Kind: message.Code, Origin: signUp}, true, nil, true, false},
		{"it has no say about this app, or falls back", message.Note{Kind: message.Code, Origin: signUp}, false, nil, true, true},
		{"it fails, and nobody sends it instead", message.Note{Kind: message.Code, Origin: signUp}, true, dead, true, false},
		{"who has a say cannot be read: later", message.Note{Kind: message.Code, Origin: signUp}, false, dead, true, false},
		{"a decoy is for nobody", message.Note{Kind: message.Code, Origin: signUp, Decoy: true}, true, nil, false, true},
		{"a code of an administrator's", message.Note{Kind: message.Code}, true, nil, false, true},
		{"a link", message.Note{Kind: message.Link, Origin: signUp}, true, nil, false, true},
	} {
		t.Run(c.rule, func(t *testing.T) {
			relayed, sent := false, false
			deliver := message.Relayed(func(context.Context, outbox.Item, message.Note) (bool, error) { relayed = true; return c.taken, c.err },
				func(context.Context, outbox.Item) error { sent = true; return nil })
			payload, err := json.Marshal(c.note)
			if err != nil {
				t.Fatal(err)
			}
			if err := deliver(t.Context(), outbox.Item{Payload: payload}); !errors.Is(err, c.err) {
				t.Errorf("error %v", err)
			}
			if relayed != c.relayed || sent != c.sent {
				t.Errorf("relayed %v, sent %v", relayed, sent)
			}
		})
	}
}
