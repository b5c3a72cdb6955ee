package signin

import (
	"context"
	"maps"
	"slices"
	"time"

	"portico/app/extension"
	"portico/app/record"
)

// extension.go: APIs of the tenant's own that have a say in a visit (custom authentication extensions). A question and
// its answer are facts like any other: the question is kept before anybody is asked, so that a double click or Back asks
// nobody twice, and the answer is fetched outside of any transaction.

// Extensions asks the tenant's APIs. It is called outside of any transaction, keeps its own record of what went over the
// line, and takes no longer than the extension's own time allows. What fails is in the Counsel, not an error.
type Extensions interface {
	Ask(ctx context.Context, c *extension.Configuration, to extension.Chosen, o extension.Occasion) Counsel
	// Pace is how long an answer of an extension may take, as those of late did: whoever it is not asked about waits as
	// long (PasswordSubmit), so that time does not tell who is to be migrated.
	Pace(tenantID, extensionID string) time.Duration
}

// Counsel is what came of a question: an answer, or why there is none.
type Counsel struct {
	Answer  extension.Answer
	Failure *extension.Failure
	Call    record.Call
}

// failed stands in place of an answer where there was none that counts and nobody goes on without it.
const failed extension.Action = "failed"

// Asked is one question to an API.
type Asked struct {
	ID       string          `json:"id"`
	Event    extension.Event `json:"event"`
	Listener string          `json:"listener"`
	About    string          `json:"about,omitempty"` // AttributeCollectionSubmit: the answers that it is about (Attributes.ID)
	At       time.Time       `json:"at"`
}

// Retried says that somebody tries once more after a question came to nothing.
type Retried struct {
	ID string    `json:"id"` // of the question
	At time.Time `json:"at"`
}

// Advised is what came of a question.
type Advised struct {
	ID      string            `json:"id"` // of the question
	Event   extension.Event   `json:"event"`
	About   string            `json:"about,omitempty"`
	Action  extension.Action  `json:"action"`
	Values  map[string]any    `json:"values,omitempty"` // by attribute, read as its form's would be
	Fields  map[string]string `json:"fields,omitempty"`
	Title   string            `json:"title,omitempty"`
	Message string            `json:"message,omitempty"`
	Often   bool              `json:"often,omitempty"` // nobody was asked: the visit had asked as often as one may
	Call    record.Call       `json:"call"`
	At      time.Time         `json:"at"`
}

// Bounds of one attempt: how long a question counts as being on its way before it is asked anew, and how many there may
// be. Longer than any extension may take, and more than anybody types.
const (
	askedFor  = 15 * time.Second
	mostAsked = 30
)

// listens reports whether somebody is asked at an event.
func (w World) listens(e extension.Event) bool { return w.Chosen[e].Listener.ID != "" }

// consultation is the event at which an API has to be asked now; "" = none. Only sign-ups ask at these, and a sign-up
// without a page of questions asks all the same: what an API would have stopped must not get by it.
func consultation(f Facts, w World, p Person, pending bool) extension.Event {
	switch {
	case !p.Newcomer:
	case w.listens(extension.AttributeCollectionStart) && !f.settled(extension.AttributeCollectionStart, ""):
		return extension.AttributeCollectionStart
	case pending:
	case w.listens(extension.AttributeCollectionSubmit) && !f.settled(extension.AttributeCollectionSubmit, f.Attributes.id()):
		return extension.AttributeCollectionSubmit
	}
	return ""
}

// settled reports whether an event was answered, for these answers of the person. A failure that was tried again is none.
func (f Facts) settled(e extension.Event, about string) bool {
	return slices.ContainsFunc(f.Advised, func(t Advised) bool { return t.Event == e && t.About == about && t.Action != failed })
}

// onTheWay reports whether a question was asked a moment ago and its answer is still awaited.
func (f Facts) onTheWay(e extension.Event, about string, now time.Time) bool {
	return slices.ContainsFunc(f.Asked, func(q Asked) bool {
		return q.Event == e && q.About == about && now.Sub(q.At) < askedFor &&
			!slices.ContainsFunc(f.Advised, func(t Advised) bool { return t.ID == q.ID })
	})
}

// stopped is the answer that ends a visit; nil = none does. After a failure it may be tried again.
func stopped(f Facts) *Advised {
	if len(f.Advised) == 0 {
		return nil
	}
	last := f.Advised[len(f.Advised)-1]
	switch {
	case blocks(last.Action):
		return &last
	case last.Action == failed && (f.Again == nil || f.Again.ID != last.ID):
		return &last
	}
	return nil
}

// Why somebody was stopped, as message keys.
const (
	stoppedByAPI  = "signin.stopped.api"     // an API said so
	stoppedFailed = "signin.stopped.failure" // it could not be asked, and nobody goes on without it
	stoppedOften  = "signin.stopped.often"   // it was asked as often as one visit may
)

// blocks: both events that can end a visit with a page of the API's own words.
func blocks(a extension.Action) bool {
	return a == extension.ShowBlockPage || a == extension.BlockPassword
}

func stops(t *Advised) string {
	if t.Action == failed {
		if t.Often {
			return stoppedOften
		}
		return stoppedFailed
	}
	return stoppedByAPI
}

// Retryable reports whether the step is a stop that trying again may get over.
func (s Step) Retryable() bool { return s.Name == Stopped && s.Reason == stoppedFailed }

// sentBack is what an API finds wrong with the answers that are kept; nil = nothing.
func (f Facts) sentBack() *Advised {
	for i := len(f.Advised) - 1; i >= 0; i-- {
		if t := f.Advised[i]; t.Event == extension.AttributeCollectionSubmit && t.About == f.Attributes.id() {
			if t.Action == extension.ShowValidationError {
				return &t
			}
			return nil
		}
	}
	return nil
}

// said is what an API said that a page has to show: that ends the visit, or is wrong with the answers; nil = nothing.
func said(f Facts) *Advised {
	if last := stopped(f); last != nil {
		return last
	}
	return f.sentBack()
}

// Prefilled are the values that an API fills fields in with.
func (f Facts) Prefilled() map[string]any {
	for i := len(f.Advised) - 1; i >= 0; i-- {
		if t := f.Advised[i]; t.Event == extension.AttributeCollectionStart && t.Action == extension.SetPrefillValues {
			return t.Values
		}
	}
	return nil
}

// corrected are the answers with what an API made of them.
func (f Facts) corrected() *Attributes {
	for i := len(f.Advised) - 1; i >= 0; i-- {
		t := f.Advised[i]
		if t.Event != extension.AttributeCollectionSubmit || t.Action != extension.ModifyAttributes || t.About != f.Attributes.id() {
			continue
		}
		out := Attributes{Values: map[string]any{}, At: t.At}
		if f.Attributes != nil {
			out.ID = f.Attributes.ID
			maps.Copy(out.Values, f.Attributes.Values)
		}
		maps.Copy(out.Values, t.Values)
		return &out
	}
	return f.Attributes
}

// id names one submission of answers; "" = nobody was asked for any.
func (a *Attributes) id() string {
	if a == nil {
		return ""
	}
	return a.ID
}

// calls are all that APIs were asked, for the record.
func (f Facts) calls() []record.Call {
	var out []record.Call
	for _, t := range f.Advised {
		out = append(out, t.Call)
	}
	return out
}
