package extension

// attributeCollectionSubmit asks after the page was submitted (R 8.6). It is where entries are validated, so without it
// accounts would be made that it would refuse.
func attributeCollectionSubmit() kind {
	return kind{event: AttributeCollectionSubmit, label: "Attribute collection submit", wire: "attributeCollectionSubmit",
		callout: "onAttributeCollectionSubmitCalloutData", response: "onAttributeCollectionSubmitResponseData",
		failures: []OnFailure{Block, Continue},
		consequence: map[OnFailure]string{
			Block:    "If this API is down, customers cannot sign up.",
			Continue: "If this API is down, customers sign up without its checks.",
		},
		fill: fillSignUp,
		actions: []action{
			{DefaultBehavior, "attributeCollectionSubmit.continueWithDefaultBehavior", carryOn},
			{ModifyAttributes, "attributeCollectionSubmit.modifyAttributeValues", func(fields map[string]raw, o *Occasion, a *Answer) *Failure {
				var f *Failure
				a.Values, f = values(fields["attributes"], o)
				return f
			}},
			{ShowValidationError, "attributeCollectionSubmit.showValidationError", validationError},
			{ShowBlockPage, "attributeCollectionSubmit.showBlockPage", blockPage},
		},
		sample: sampleSignUp,
	}
}

// validationError reads a message and texts by attribute. Those of attributes that are not collected are ignored. One
// that says nothing is no less a no: the page has words of its own.
func validationError(fields map[string]raw, o *Occasion, a *Answer) *Failure {
	var ok bool
	if a.Message, ok = fields["message"].plain(maxMessage); !ok {
		return fail(InvalidBody, "message is not a text")
	}
	a.Errors = map[string]string{}
	if !fields["attributeErrors"].null() {
		errors, ok := fields["attributeErrors"].object()
		if !ok {
			return fail(InvalidBody, "attributeErrors is not an object")
		}
		for name, v := range errors {
			text, ok := v.plain(maxFieldError)
			if !ok {
				return fail(InvalidBody, "the error of %s is not a text", clip(name, 100))
			}
			if _, known := o.SignUp.attribute(name); known && text != "" {
				a.Errors[name] = text
			}
		}
	}
	return nil
}
