package extension

// What both events of attribute collection share (R 8.5, R 8.6).

func fillSignUp(d *Data, o *Occasion) *Failure {
	d.SignUp = o.SignUp.wire()
	return nil
}

// values reads attributes by their types. Those that the user flow does not collect are ignored: nothing can be added
// (R 8.5.4). A null says nothing.
func values(b raw, o *Occasion) (map[string]any, *Failure) {
	out := map[string]any{}
	if b.null() {
		return out, nil
	}
	fields, ok := b.object()
	if !ok {
		return nil, fail(InvalidBody, "the values are not an object")
	}
	for name, v := range fields {
		a, known := o.SignUp.attribute(name)
		if !known || v.null() {
			continue
		}
		value, ok := v.as(a.Type)
		if !ok {
			return nil, fail(InvalidBody, "the value of %s is not of type %s", clip(name, 100), a.Type)
		}
		out[name] = value
	}
	return out, nil
}

func carryOn(map[string]raw, *Occasion, *Answer) *Failure { return nil }

// blockPage reads a title and a message. Without them it is no less a no: the page has words of its own.
func blockPage(fields map[string]raw, _ *Occasion, a *Answer) *Failure {
	var ok bool
	if a.Title, ok = fields["title"].plain(maxTitle); !ok {
		return fail(InvalidBody, "title is not a text")
	}
	if a.Message, ok = fields["message"].plain(maxMessage); !ok {
		return fail(InvalidBody, "message is not a text")
	}
	return nil
}

func sampleSignUp(o *Occasion) {
	o.SignUp = &SignUp{
		Attributes: []Attribute{
			{Name: "givenName", Type: String, BuiltIn: true, Value: "Mia"},
			{Name: "surname", Type: String, BuiltIn: true, Value: "Sample"},
			{Name: "companyName", Type: String, BuiltIn: true, Value: "Sample Gardens"},
			{Name: "loyaltyNumber", Type: Int64, Value: int64(4711)},
			{Name: "newsletter", Type: Boolean, Value: true},
		},
		Identities: []Identity{{"email", "contoso.onmicrosoft.com", "mia.sample@example.com"}},
	}
}
