package signin

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"portico/app/account"
	"portico/app/extension"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
)

// extension_ask.go: a question of the machine's goes to the tenant's API, between two transactions and in none. The
// first keeps that it is asked, so that whoever comes meanwhile waits for the answer; the second keeps the answer.

// chosen says who is asked at which event of the attempt's app. Nobody has a say about administrators.
func (r *run) chosen() map[extension.Event]extension.Chosen {
	if r.Extensions == nil || r.place.Extensions == nil || r.place.Tenant.Kind == tenant.Workforce || r.a.Request.Protocol == Portal {
		return nil
	}
	out := map[extension.Event]extension.Chosen{}
	for _, e := range []extension.Event{extension.AttributeCollectionStart, extension.AttributeCollectionSubmit, extension.PasswordSubmit} {
		if to, ok := r.place.Extensions.Choose(e, r.a.Request.ClientID, r.a.FlowID); ok {
			out[e] = to
		}
	}
	return out
}

// goesOn reports whether a step is none for a person: whoever finds it due goes on by itself.
func (r *run) goesOn(s Step) bool {
	return s.Name == Issue || s.Name == Refused || s.Name == Calling && !r.answerAwaited(s)
}

// answerAwaited reports whether another request of this visit has just asked what the step is to ask.
func (r *run) answerAwaited(s Step) bool {
	about := ""
	if s.Event == extension.AttributeCollectionSubmit {
		about = r.a.Facts.Attributes.id()
	}
	return r.a.Facts.onTheWay(s.Event, about, r.w.Now)
}

// counselled gives what is due once the APIs that have a say were asked.
func (r *run) counselled(ctx context.Context) (Step, error) {
	for {
		step := Next(r.a, r.w)
		if step.Name != Calling || r.answerAwaited(step) {
			return step, nil
		}
		if err := r.consult(ctx, step); err != nil {
			return step, err
		}
	}
}

// tryAgain takes the button of the page of a failure.
func (r *run) tryAgain(s Step, f Form) error {
	if f.Action != "again" || !s.Retryable() {
		return fault.New(fault.Expired, "signin.page_out_of_date")
	}
	r.a.Facts.Again = &Retried{ID: s.Advised.ID, At: r.w.Now}
	return nil
}

// leaving is what the app is told by somebody who was stopped.
func leaving(s Step, now time.Time) *Cancelled {
	if s.Retryable() {
		return &Cancelled{Error: "temporarily_unavailable", Note: s.Reason, At: now}
	}
	return &Cancelled{Error: "access_denied", Note: s.Reason, At: now}
}

// stoppedCode is the number of a stop: of the failure, or the one that stands for an API's own no.
func stoppedCode(t *Advised) int {
	if t == nil || t.Call.Code == 0 {
		return codeStopped
	}
	return t.Call.Code
}

// consult asks about the event of a step and adds the answer to the facts.
func (r *run) consult(ctx context.Context, s Step) error {
	f := &r.a.Facts
	to, about := r.w.Chosen[s.Event], ""
	if s.Event == extension.AttributeCollectionSubmit {
		about = f.Attributes.id()
	}
	q := Asked{ID: newID(), Event: s.Event, Listener: to.Listener.ID, About: about, At: r.w.Now}
	f.Asked = append(slices.Clip(f.Asked), q)
	if _, err := r.save(ctx, s); err != nil {
		return err
	}
	r.effects = nil // they are written
	var c Counsel
	if len(f.Asked) > mostAsked {
		c.Failure = &extension.Failure{Code: extension.Throttled, Detail: "more questions than one visit may ask"}
		c.Call.Event, c.Call.Name = string(s.Event), nameOf(to)
	} else {
		c = r.Extensions.Ask(ctx, r.place.Extensions, to, r.signUp(s))
	}
	t := r.heard(q, to, c)
	r.w.Now = r.Now().UTC().Truncate(time.Microsecond)
	t.At = r.w.Now
	f.Advised = append(slices.Clip(f.Advised), t)
	_, err := r.save(ctx, s)
	return err
}

func nameOf(c extension.Chosen) string {
	if c.Extension == nil {
		return ""
	}
	return c.Extension.Name
}

// occasion is what every question says.
func (r *run) occasion(e extension.Event) extension.Occasion {
	q := r.a.Request
	return extension.Occasion{Event: e, TenantID: r.a.TenantID, Tenant: r.w.Tenant.Slug, CorrelationID: cmp.Or(q.CorrelationID, r.a.ID),
		IP: r.visit.Signals.IP.String(), Locale: r.visit.Locale, FlowID: r.a.FlowID, App: r.place.App, Trial: r.a.Request.Test}
}

// signUp tells an API what is known of a newcomer: of the flow's attributes what was answered, what their provider or
// their invitation said, or what nobody is asked for. Never a password.
func (r *run) signUp(s Step) extension.Occasion {
	o := r.occasion(s.Event)
	known := profile(r.w.Flow, r.a.Request.Invitation, offeredAttributes(r.w.Flow, arrival(r.a, r.w)), r.a.Facts.Attributes)
	if inv := r.a.Request.Invitation; inv != nil && r.a.Facts.Attributes == nil {
		more := map[string]any{}
		maps.Copy(more, inv.Values)
		maps.Copy(more, known)
		known = more
	}
	o.SignUp = &extension.SignUp{}
	for _, a := range r.w.Flow.Attributes {
		if !tellable(a) {
			continue
		}
		one := extension.Attribute{Name: a.ID, Type: valueType(a), BuiltIn: a.Definition == nil}
		if v, ok := known[a.ID]; ok {
			one.Value = valueOf(one.Type, v)
		}
		o.SignUp.Attributes = append(o.SignUp.Attributes, one)
	}
	if v := arrival(r.a, r.w); v != nil {
		o.SignUp.Identities = append(o.SignUp.Identities, extension.Identity{SignInType: "federated", Issuer: v.Identity.Issuer, AssignedID: v.Identity.Subject})
	}
	if s.Person.Email != "" {
		o.SignUp.Identities = append(o.SignUp.Identities, extension.Identity{SignInType: "email", Issuer: r.w.Tenant.Domain(r.BaseURL), AssignedID: s.Person.Email})
	}
	return o
}

// tellable: the address stands among the identities, and a user name is an identity that nobody else chooses.
func tellable(a userflow.Attribute) bool { return a.ID != "email" && a.ID != userflow.UserName }

func valueType(a userflow.Attribute) extension.ValueType {
	switch a.Type() {
	case userflow.Boolean:
		return extension.Boolean
	case userflow.Int:
		return extension.Int64
	}
	return extension.String
}

// valueOf gives a stored value in the type that goes over the line; nil when it is none of it.
func valueOf(t extension.ValueType, v any) any {
	switch v := v.(type) {
	case string:
		if t == extension.String {
			return v
		}
	case bool:
		if t == extension.Boolean {
			return v
		}
	case int64:
		if t == extension.Int64 {
			return v
		}
	}
	return nil
}

// heard makes a fact of an answer: what it says is held to what somebody could have typed. Values of the right type that
// no form would take fill nothing in, and are no correction either: that answer counts as a failure.
func (r *run) heard(q Asked, to extension.Chosen, c Counsel) Advised {
	t := Advised{ID: q.ID, Event: q.Event, About: q.About, Action: c.Answer.Action, Title: c.Answer.Title, Message: c.Answer.Message, Call: c.Call}
	if c.Failure == nil {
		switch c.Answer.Action {
		case extension.SetPrefillValues:
			t.Values, _ = readAll(slices.DeleteFunc(Fields(r.w.Flow), func(a userflow.Attribute) bool { return a.ReadOnly || a.MustTick() }), c.Answer.Values, false)
			t.Call.Changed = changedNames(nil, t.Values)
		case extension.ModifyAttributes:
			t.Values, c.Failure = readAll(r.w.Flow.Attributes, c.Answer.Values, true)
			t.Call.Changed = changedNames(r.a.Facts.Attributes, t.Values)
		case extension.ShowValidationError:
			t.Fields = c.Answer.Errors
			if len(Fields(r.w.Flow)) == 0 { // there is no page to say it on
				t.Action, t.Fields = extension.ShowBlockPage, nil
			}
		}
	}
	if c.Failure != nil {
		t.Values, t.Fields, t.Title, t.Message, t.Call.Changed = nil, nil, "", "", nil
		t.Call.Code, t.Call.Error = int(c.Failure.Code), c.Failure.Code.Name()
		t.Action, t.Call.OnFailure = failed, string(to.Listener.Failure())
		t.Often = len(r.a.Facts.Asked) > mostAsked
		// What a customer can bring about is no failure of the API: nobody gets past its checks by asking until we ask no more.
		ours := t.Often || c.Failure.Code == extension.Throttled && q.Event == extension.AttributeCollectionSubmit
		if to.Listener.Failure() != extension.Block && !ours {
			t.Action = extension.DefaultBehavior
		}
	}
	return t
}

// readAll reads an API's values as if they had been typed: those of the right attributes that can be taken, and a failure
// when one cannot. An empty text says nothing; in a correction it takes away what need not be there (nil).
func readAll(of []userflow.Attribute, values map[string]any, corrects bool) (map[string]any, *extension.Failure) {
	out := map[string]any{}
	var bad *extension.Failure
	for _, a := range of {
		v, said := values[a.ID]
		if v == "" && corrects && said && !a.Required && tellable(a) {
			out[a.ID] = nil
			continue
		}
		if !said || v == "" || !tellable(a) {
			continue
		}
		value, key := a.Read(a.Typed(v))
		if key != "" {
			bad = &extension.Failure{Code: extension.InvalidBody, Detail: "the value of " + a.ID + " is not one that the attribute takes"}
			continue
		}
		out[a.ID] = value
	}
	return out, bad
}

// changedNames are the attributes that an answer made different, by name alone: the values stand in the recorder.
func changedNames(before *Attributes, after map[string]any) []string {
	var out []string
	for id, v := range after {
		if before == nil || before.Values[id] != v {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// personOf is somebody who has an account, as an API is told about them.
func personOf(who account.Account) *extension.Person {
	company, _ := who.Value("companyName").(string)
	return &extension.Person{ID: who.ID, DisplayName: who.DisplayName, GivenName: who.GivenName, Surname: who.Surname, Mail: who.Address(), UserPrincipalName: who.Address(),
		CompanyName: company, PreferredLanguage: who.PreferredLanguage, CreatedAt: who.CreatedAt}
}

// codeOrigin is what a tenant's own provider is told about a code; zero where none is ever asked: nobody's has a say about
// administrators. A second factor is a sign-in to the vendor's APIs, which know no other word.
func (r *run) codeOrigin(purpose string) CodeOrigin {
	if r.a.Request.Protocol == Portal || r.place.Tenant.Kind == tenant.Workforce {
		return CodeOrigin{}
	}
	out := CodeOrigin{Request: extension.ForSignIn, ClientID: r.a.Request.ClientID, FlowID: r.a.FlowID,
		Correlation: cmp.Or(r.a.Request.CorrelationID, r.a.ID), IP: r.visit.Signals.IP.String(), Test: r.a.Request.Test}
	switch {
	case purpose == PurposeReset:
		out.Request = extension.ForgotPassword
	case r.a.wantsSignUp(), r.a.Request.Invitation != nil: // what was asked for, never whether there is an account
		out.Request = extension.ForSignUp
	}
	return out
}
