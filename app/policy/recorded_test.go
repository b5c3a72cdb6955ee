package policy

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"portico/app/record"
)

var began = time.Date(2026, 11, 20, 9, 30, 0, 123000, time.UTC)

// whole is a sign-in that says something about everything that a policy may ask.
func whole() record.SignIn {
	return record.SignIn{ID: "s1", User: record.Party{ID: "018f3b1e-0000-7000-8000-000000000001"}, App: record.Party{ID: "018f3b1e-0000-7000-8000-0000000000a1"},
		Protocol: "openid", StartedAt: began, EndedAt: began.Add(42 * time.Second), SignUp: true,
		Signals: record.Signals{IP: netip.MustParseAddr("203.0.113.9"), Country: "DE", Platform: "iOS", PlaceFailed: true},
		Inputs: &record.Inputs{Groups: []string{"018f3b1e-0000-7000-8000-0000000000b1", "not a uuid"}, Roles: []string{"62e90394-69f5-4237-9190-012177145e10"}, Guest: true,
			ClientApp: "browser", Transfer: "deviceCodeFlow", Action: RegisterSecurityInfo, Contexts: []string{"c1", "c99"}, SignInRisk: "low", UserRisk: "high",
			Unknown: []string{"groups"}, Switch: "conditional", Kinds: []string{"totp", "passkey"}, Enrolled: []string{"totp"}, RiskSince: began.Add(-48 * time.Hour), Former: []string{"totp"}, FormerShown: []string{"totp"}, Methods: []string{"password", "totp"},
			AAGUIDs: []string{"018f3b1e-0000-7000-8000-0000000000c1"}, AuthTime: began.Add(-time.Hour), MFATime: began.Add(30 * time.Second), PasswordChanged: true, Terms: []string{"t1"}},
		Policies: []record.Policy{{ID: "018f3b1e-0000-7000-8000-0000000000d1", Result: "success"}, {ID: "018f3b1e-0000-7000-8000-0000000000d2", Result: "reportOnlyInterrupted"}, {ID: "x", Result: "a new word"}},
		Outcome:  record.Outcome{Result: record.Success}}
}

// A packed decision is read as it was written, and is small.
func TestADecisionComesBackAsItWas(t *testing.T) {
	c := NewCodec()
	for name, edit := range map[string]func(*record.SignIn){
		"everything":   func(*record.SignIn) {},
		"nothing":      func(r *record.SignIn) { *r = record.SignIn{StartedAt: began, EndedAt: began, Inputs: &record.Inputs{}} },
		"a v6 address": func(r *record.SignIn) { r.Signals.IP = netip.MustParseAddr("2001:db8::1") },
		"a refresh":    func(r *record.SignIn) { r.Protocol = "refresh" },
		"words of its own": func(r *record.SignIn) {
			r.Inputs.ClientApp, r.Inputs.Kinds = "smoke signals", []string{strings.Repeat("x", 300)}
		},
		"no end": func(r *record.SignIn) { r.EndedAt = time.Time{} },
	} {
		r := whole()
		edit(&r)
		want, ok := RecordedOf(r)
		if !ok {
			t.Fatalf("%s: no decision", name)
		}
		packed := c.Pack(want)
		got, err := NewCodec().UnpackAll(packed)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want.TenantID = "" // whoever reads it knows the tenant
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n got %+v\nwant %+v", name, got, want)
		}
		if without, err := c.Unpack(packed); err != nil || len(without.Policies) > 0 || without.UserID != want.UserID {
			t.Errorf("%s: without policies %+v %v", name, without, err)
		}
		if name == "everything" && len(packed) > 256 {
			t.Errorf("%d bytes", len(packed))
		}
	}
	if _, ok := RecordedOf(record.SignIn{StartedAt: began}); ok {
		t.Error("a sign-in without a decision has one")
	}
}

// Every part of a decision may be missing; it is never read as another one.
func TestADamagedDecisionIsNone(t *testing.T) {
	r, _ := RecordedOf(whole())
	packed := NewCodec().Pack(r)
	for n := range packed {
		if got, err := NewCodec().UnpackAll(packed[:n]); err == nil {
			t.Errorf("%d of %d bytes were read as %+v", n, len(packed), got)
		}
	}
	if _, err := NewCodec().Unpack(append([]byte{recordedVersion + 1}, packed[1:]...)); err == nil {
		t.Error("another version was read")
	}
}

// The words' places are what the log holds: none may ever move.
func TestTheVocabularyOnlyGrows(t *testing.T) {
	for i, w := range map[int]string{0: "", 5: "browser", 13: "off", 16: "password", 27: "success", 34: "reportOnlySuccess", 45: "platform"} {
		if got := vocabulary()[i]; got != w {
			t.Errorf("word %d is %q, was %q", i, got, w)
		}
	}
	if len(vocabulary()) >= spelled {
		t.Error("too many words for a byte")
	}
}

func FuzzUnpack(f *testing.F) {
	r, _ := RecordedOf(whole())
	f.Add(NewCodec().Pack(r))
	f.Add([]byte{recordedVersion})
	f.Fuzz(func(t *testing.T, b []byte) {
		c := NewCodec()
		got, err := c.UnpackAll(b)
		if err != nil {
			return
		}
		again, err := c.UnpackAll(c.Pack(got))
		if err != nil || !reflect.DeepEqual(again, got) {
			t.Errorf("%x: %+v, then %+v %v", b, got, again, err)
		}
	})
}
