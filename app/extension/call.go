package extension

import (
	"time"

	"portico/app/record"
)

// Call is the whole record of one call: what the sign-in's trace sums up, and what the recorder keeps for a while.
// Secrets are masked in it.
type Call struct {
	ID            string        `json:"id"`
	Event         Event         `json:"event"`
	ListenerID    string        `json:"listenerId"`
	ExtensionID   string        `json:"extensionId"`
	Name          string        `json:"name"`
	URL           string        `json:"url"` // values of its query are masked: some APIs have their key there
	At            time.Time     `json:"at"`
	Duration      time.Duration `json:"duration"`
	Attempts      []Attempt     `json:"attempts,omitempty"`  // none = it was not called at all
	Status        int           `json:"status,omitempty"`    // of the last attempt; 0 = there was no answer
	Code          Code          `json:"code,omitempty"`      // 0 = the answer counted
	Detail        string        `json:"detail,omitempty"`    // what was wrong, for admins
	OnFailure     OnFailure     `json:"onFailure,omitempty"` // what was done instead of an answer
	Action        Action        `json:"action,omitempty"`
	Changed       []string      `json:"changed,omitempty"` // names of claims or attributes that it gave
	Circuit       State         `json:"circuit,omitempty"` // before the call
	Request       string        `json:"request,omitempty"`
	Response      string        `json:"response,omitempty"` // at most maxKept of it
	Trial         bool          `json:"trial,omitempty"`    // an admin tried it
	Sample        bool          `json:"sample,omitempty"`   // a trial with a pretend person: it holds nobody's data
	CorrelationID string        `json:"correlationId,omitempty"`
	SignInID      string        `json:"signInId,omitempty"`
	AppID         string        `json:"appId,omitempty"`
	UserID        string        `json:"userId,omitempty"`
	// About is whom it is about, while they have no account that it could name: an address, a number, or what a provider
	// calls them. PersonKey is its keyed hash, all that is kept of it: by it the call goes when they are erased.
	About     string `json:"-"`
	PersonKey string `json:"-"`
}

// Attempt is one request of a call.
type Attempt struct {
	Status   int           `json:"status,omitempty"`
	Code     Code          `json:"code,omitempty"`
	Duration time.Duration `json:"duration"`
}

// maxKept is how much of a body the recorder keeps.
const maxKept = 16 << 10

// Retries is how often it was asked again.
func (c *Call) Retries() int { return max(0, len(c.Attempts)-1) }

// Asked reports whether the API was asked at all. It was not while its circuit is open, and when too much was under way:
// another time it may be.
func (c *Call) Asked() bool { return len(c.Attempts) > 0 || c.Code != Throttled && c.Code != Blocked }

// Record is the call as a sign-in's trace keeps it.
func (c *Call) Record() record.Call {
	out := record.Call{ID: c.ID, Name: c.Name, Event: string(c.Event), Listener: c.ListenerID, Status: c.Status, Duration: c.Duration, Retries: c.Retries(),
		Code: int(c.Code), OnFailure: string(c.OnFailure), Action: string(c.Action), Changed: c.Changed}
	if c.Code != 0 {
		out.Error = c.Code.Name()
	}
	return out
}

// Result is what came of asking.
type Result struct {
	Answer  Answer    // of an answer that counts
	Failure OnFailure // "" = it counts; else what the tenant declared for this case
	Call    Call      // to be kept, whatever happened
}

// Answered reports whether there is an answer to act on.
func (r *Result) Answered() bool { return r.Failure == "" }
