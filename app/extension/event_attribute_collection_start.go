package extension

// attributeCollectionStart asks before the page with attributes is drawn (R 8.5). It prefills; whoever uses it as a gate
// declares block.
func attributeCollectionStart() kind {
	return kind{event: AttributeCollectionStart, label: "Attribute collection start", wire: "attributeCollectionStart",
		callout: "onAttributeCollectionStartCalloutData", response: "onAttributeCollectionStartResponseData",
		failures: []OnFailure{Continue, Block},
		consequence: map[OnFailure]string{
			Continue: "If this API is down, customers sign up without prefilled values, and nobody is turned away.",
			Block:    "If this API is down, customers cannot sign up.",
		},
		fill: fillSignUp,
		actions: []action{
			{DefaultBehavior, "attributeCollectionStart.continueWithDefaultBehavior", carryOn},
			{SetPrefillValues, "attributeCollectionStart.setPrefillValues", func(fields map[string]raw, o *Occasion, a *Answer) *Failure {
				var f *Failure
				a.Values, f = values(fields["inputs"], o)
				return f
			}},
			{ShowBlockPage, "attributeCollectionStart.showBlockPage", blockPage},
		},
		sample: sampleSignUp,
	}
}
