package graph

import (
	"encoding/json"
	"strings"
	"testing"

	"portico/app/userflow"
	"portico/models"
)

// FuzzParseDocument: whatever a body is, what remains of it is JSON without annotations and with each
// name once.
func FuzzParseDocument(f *testing.F) {
	for _, s := range []string{`{"a":1}`, `{"@odata.type":"#microsoft.graph.user","a":{"@odata.type":"x","b":[{"c@odata.type":1}]}}`, `{"a":1,"a":2}`, `{`, `[]`, `{"a":"\ud800"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := parseDocument(b)
		if err != nil {
			return
		}
		if len(d.names) != len(d.values) {
			t.Errorf("%q: %d names, %d values", b, len(d.names), len(d.values))
		}
		for name, raw := range d.values {
			var v any
			if err := json.Unmarshal(raw, &v); err != nil {
				t.Errorf("%q: %s is not JSON: %v", b, name, err)
			}
			if strings.Contains(name, "@odata.") {
				t.Errorf("%q keeps %s", b, name)
			}
		}
	})
}

// FuzzOptions: reading a query string never fails in another way than by a refusal.
func FuzzOptions(f *testing.F) {
	for _, s := range []string{"$filter=a%20eq%201&$top=5", "select=a,b&$orderby=a desc", "%24search=%22a:b%22%20OR%20%22c%22", "$skiptoken=AAAA"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		o, err := parseOptions(s)
		if err == nil && o.top < 0 {
			t.Errorf("%q: top %d", s, o.top)
		}
	})
}

// FuzzSkipToken: nothing but what was made here opens.
func FuzzSkipToken(f *testing.F) {
	f.Add("AAAA")
	f.Add("")
	sealer, err := models.NewSealer([]byte(strings.Repeat("k", 32)), nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		c := &call{request: &request{version: "v1.0", path: "/users"}, caller: &Caller{TenantID: "t"}, opts: options{values: map[string]string{"skiptoken": s}}}
		if p, err := c.openSkip(sealer); err == nil && p != nil {
			t.Errorf("%q opened as %v", s, *p)
		}
	})
}

// FuzzSignUpPage: whatever a page is that is taken, sending back what is shown of it changes nothing.
func FuzzSignUpPage(f *testing.F) {
	for _, s := range []string{`{"attributes":[{"id":"city"}]}`, `{"attributeCollectionPage":{"views":[{"inputs":[{"attribute":"country","inputType":"text"},{"attribute":"extension_plan","inputType":"radioSingleSelect",
		"options":[{"label":"A","value":"a"}]}]},{"inputs":[{"attribute":"extension_born","inputType":"Text","defaultValue":"2000-01-01","hidden":true}]}]}}`, `null`, `[]`} {
		f.Add(s, "country", "text")
		f.Add(s, "extension_plan", "dropdown")
	}
	definitions := map[string]userflow.Definition{"extension_born": {ID: "extension_born", Name: "Born", DataType: userflow.Date},
		"extension_plan": {ID: "extension_plan", Name: "Plan", DataType: userflow.Choice, Options: []userflow.Option{{Text: "A", Value: "a"}, {Text: "B", Value: "b"}}}}
	a := &API{}
	f.Fuzz(func(t *testing.T, page, attribute, control string) {
		x := &flow{definitions: definitions, UserFlow: models.UserFlow{Flow: userflow.Flow{Name: "x", SignUpMethod: userflow.EmailPassword,
			SignInMethods: []userflow.Method{userflow.EmailPassword}, UserNames: true, MFA: userflow.MFA{Enforcement: userflow.MFAOff}}}}
		if setCollection(x, json.RawMessage(page)) != nil {
			return
		}
		if setOwnInputs(x, []flowOwnInput{{Attribute: attribute, Hint: "h", InputType: control}}) != nil || x.Validate() != nil {
			return
		}
		show := func() string {
			b, err := encode(object{{"page", a.shownCollection(x)}, {"portico", shownPorticoFlow(x)}})
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		before := show()
		raw, err := encode(a.shownCollection(x))
		if err == nil {
			raw, err = withoutAnnotations(raw)
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := setCollection(x, raw); err != nil {
			t.Fatalf("%s is not taken back: %v", raw, err)
		}
		if after := show(); after != before {
			t.Errorf("%s\nbecame\n%s", before, after)
		}
	})
}
