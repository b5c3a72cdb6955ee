package extension

import "slices"

// kind is all that differs between events. Each stands in a file of its own.
type kind struct {
	event    Event
	label    string      // for admins
	wire     string      // after microsoft.graph.authenticationEvent.
	callout  string      // @odata.type of the data that is sent
	response string      // @odata.type of the data that comes back
	failures []OnFailure // what a listener may declare; the first is the default
	// consequence says in words what each of failures means to customers.
	consequence map[OnFailure]string
	// fill adds what the event sends besides the common envelope.
	fill func(d *Data, o *Occasion) *Failure
	// actions are the closed set of answers.
	actions []action
	// verify checks the whole answer before its action is looked at (the nonce of PasswordSubmit); nil = nothing.
	verify func(data map[string]raw, o *Occasion) *Failure
	// sample is an occasion with a value everywhere, for generated payloads.
	sample func(o *Occasion)
}

// action is one answer that an event knows.
type action struct {
	name  Action
	wire  string // @odata.type, compared without letter case: the vendor's own samples differ in it
	parse func(fields map[string]raw, o *Occasion, a *Answer) *Failure
}

// kinds are the events in the order in which they happen. A new one is a file and a line here.
func kinds() []kind {
	return []kind{attributeCollectionStart(), attributeCollectionSubmit(), otpSend(), passwordSubmit(), tokenIssuanceStart()}
}

func kindOf(e Event) (kind, bool) {
	all := kinds()
	i := slices.IndexFunc(all, func(k kind) bool { return k.event == e })
	if i < 0 {
		return kind{}, false
	}
	return all[i], true
}

// Events lists what an extension can be asked about.
func Events() []Event {
	var out []Event
	for _, k := range kinds() {
		out = append(out, k.event)
	}
	return out
}

// Known reports whether there is such an event.
func (e Event) Known() bool { _, ok := kindOf(e); return ok }

// Label is the event in an admin's words.
func (e Event) Label() string { k, _ := kindOf(e); return k.label }

// Failures are what a listener of the event may declare; the first is the default.
func (e Event) Failures() []OnFailure { k, _ := kindOf(e); return k.failures }

// Consequence says what a declared failure means: "if this API is down, …".
func (e Event) Consequence(f OnFailure) string { k, _ := kindOf(e); return k.consequence[f] }

// Actions are the answers that the event knows.
func (e Event) Actions() []Action {
	k, _ := kindOf(e)
	var out []Action
	for _, a := range k.actions {
		out = append(out, a.name)
	}
	return out
}

// WireType is the type of the event in a payload.
func (e Event) WireType() string {
	k, _ := kindOf(e)
	return "microsoft.graph.authenticationEvent." + k.wire
}

// CalloutType is the @odata.type of the data that is sent.
func (e Event) CalloutType() string { k, _ := kindOf(e); return "microsoft.graph." + k.callout }

// ResponseType is the @odata.type of the data that must come back.
func (e Event) ResponseType() string { k, _ := kindOf(e); return "microsoft.graph." + k.response }

// WireAction is an answer as it is written in @odata.type.
func (e Event) WireAction(a Action) string {
	k, _ := kindOf(e)
	for _, one := range k.actions {
		if one.name == a {
			return "microsoft.graph." + one.wire
		}
	}
	return ""
}
