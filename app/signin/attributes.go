package signin

import (
	"context"
	"maps"
	"slices"

	"portico/app/fault"
	"portico/app/userflow"
)

// Fields gives the attributes that the sign-up page shows: not hidden ones, nor the address that was
// proven already.
func Fields(f userflow.Flow) []userflow.Attribute {
	var out []userflow.Attribute
	for _, at := range f.Attributes {
		if !at.Hidden && at.ID != "email" {
			out = append(out, at)
		}
	}
	return out
}

// questions are the attributes that the person has to be asked for now: a newcomer for all of the page,
// anybody else for the required ones that their account lacks, whatever became required since (F072). A
// person is asked once in an attempt, and never for what nobody can answer.
func questions(f Facts, w World, p Person) []userflow.Attribute {
	if f.Attributes != nil && !w.NameTaken && f.sentBack() == nil {
		return nil
	}
	fields := Fields(w.Flow)
	if p.Newcomer {
		if slices.ContainsFunc(fields, func(a userflow.Attribute) bool { return !a.ReadOnly }) {
			return fields
		}
		return nil
	}
	return missing(fields, p)
}

// missing keeps the required answers that an account lacks. A user name is an identity, which an account
// does not lack. A box that has to be ticked is missing until it is.
func missing(fields []userflow.Attribute, p Person) []userflow.Attribute {
	return slices.DeleteFunc(fields, func(a userflow.Attribute) bool {
		if !a.Required || a.ReadOnly || a.ID == userflow.UserName {
			return true
		}
		have := p.Account.Value(a.ID)
		return have != nil && (a.Type() != userflow.Boolean || have == true)
	})
}

// answers takes the form of AskAttributes. Only what was asked is read: a hidden, read-only or unknown
// field is nobody's to set by a form.
func (r *run) answers(ctx context.Context, s Step, f Form) error {
	values, err := userflow.Answers(s.Fields, f.Values)
	if name, _ := values[userflow.UserName].(string); name != "" {
		if wrong := r.checkName(ctx, name); fault.Is(err, fault.Invalid) && fault.Is(wrong, fault.Invalid) {
			err = together(s.Fields, err, wrong)
		} else if wrong != nil {
			return wrong
		}
	}
	if err != nil {
		return err
	}
	r.a.Facts.Attributes = &Attributes{ID: newID(), Values: values, At: r.w.Now}
	return nil
}

// together makes one complaint of two, in the order of the page.
func together(asked []userflow.Attribute, errs ...error) error {
	var all fault.Fields
	for _, err := range errs {
		all = append(all, fault.Of(err).Fields...)
	}
	place := func(f fault.Field) int {
		return slices.IndexFunc(asked, func(a userflow.Attribute) bool { return userflow.FieldName(a.ID) == f.Name })
	}
	slices.SortStableFunc(all, func(a, b fault.Field) int { return place(a) - place(b) })
	return all.Err()
}

// profile is everything that a new account knows about its owner: what nobody is asked for, out of the flow
// and then the invitation (a name, for one), and what was answered.
func profile(f userflow.Flow, inv *Invited, said map[string]any, at *Attributes) map[string]any {
	out := f.Defaults()
	maps.Copy(out, said) // by the provider that vouched
	unasked := slices.DeleteFunc(slices.Clone(f.Attributes), func(a userflow.Attribute) bool { return !a.Hidden && !a.ReadOnly })
	for id := range userflow.Builtin() {
		if !f.Asks(id) {
			unasked = append(unasked, userflow.Attribute{ID: id})
		}
	}
	for _, a := range unasked {
		if inv == nil || inv.Values[a.ID] == nil {
			continue
		}
		if v, key := a.Read(a.Typed(inv.Values[a.ID])); key == "" {
			out[a.ID] = v
		}
	}
	if at != nil {
		maps.Copy(out, at.Values)
		maps.DeleteFunc(out, func(_ string, v any) bool { return v == nil }) // taken away
	}
	delete(out, "email")           // the proven one
	delete(out, userflow.UserName) // an identity
	return out
}

// complete stores the answers of somebody who has an account already: those that it still lacks.
func (r *run) complete(ctx context.Context, s Store, userID string, p Person) error {
	values := map[string]any{}
	if at := r.a.Facts.Attributes; at != nil {
		for _, a := range missing(Fields(r.w.Flow), p) {
			if v, ok := at.Values[a.ID]; ok {
				values[a.ID] = v
			}
		}
	}
	if len(values) == 0 {
		return nil
	}
	return s.SetAttributes(ctx, userID, values, r.visit.Signals.IP.String(), r.a.Request.CorrelationID)
}
