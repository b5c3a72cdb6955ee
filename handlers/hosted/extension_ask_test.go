package hosted_test

import (
	"context"
	"testing"
	"time"

	"portico/app/extension"
	"portico/handlers/hosted"
)

// Whoever is not asked about waits as long as answers took of late, and never longer than an answer may take.
func TestThePaceIsThatOfTheLastAnswers(t *testing.T) {
	took, kept := 40*time.Millisecond, 0
	e := &hosted.Extensions{Keep: func(string, extension.Call) { kept++ },
		Call: func(context.Context, *extension.Configuration, extension.Chosen, *extension.Occasion) extension.Result {
			return extension.Result{Failure: extension.Block, Call: extension.Call{ExtensionID: "x", Duration: took, Code: extension.TimedOut}}
		}}
	ask := func(event extension.Event) {
		if c := e.Ask(t.Context(), nil, extension.Chosen{}, extension.Occasion{Event: event, TenantID: "t"}); c.Failure == nil || c.Failure.Code != extension.TimedOut {
			t.Errorf("a failure is told as %+v", c)
		}
	}
	unknown := e.Pace("t", "x")
	ask(extension.PasswordSubmit)
	if unknown == 0 || e.Pace("t", "x") != took {
		t.Errorf("the pace is %v, and %v while none is known", e.Pace("t", "x"), unknown)
	}
	took = time.Hour
	ask(extension.AttributeCollectionStart) // another event's says nothing about passwords
	if e.Pace("t", "x") != 40*time.Millisecond || e.Pace("other", "x") != unknown {
		t.Error("the pace of another event or tenant is taken")
	}
	for range 40 {
		ask(extension.PasswordSubmit)
	}
	if p := e.Pace("t", "x"); p > 2*extension.MaxTimeout {
		t.Errorf("somebody waits %v", p)
	}
	if kept != 42 {
		t.Errorf("%d calls were kept", kept)
	}
}
