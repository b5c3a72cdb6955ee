package extension

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestImpersonal: of every event's payload, structure and set-up stay, and no value of the person does.
func TestImpersonal(t *testing.T) {
	for _, e := range Events() {
		o := Sample(e)
		if o.Password != nil {
			continue // the payload holds a JWE, which the recorder masks as a whole
		}
		p, f := Compose(Chosen{Listener{ID: "listener", Event: e}, &Extension{ID: "extension", Event: e}}, &o)
		if f != nil {
			t.Fatal(f)
		}
		b, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		got := Call{Request: string(b), Response: `{"data":{"@odata.type":"t","actions":[{"claims":{"tier":"gold","n":7,"list":["a"]}}]}}`}.Impersonal()
		for _, personal := range []string{"example.com", "Sample", "Mia", "192.0.2", "gold", ":7", `"a"`} {
			if strings.Contains(got.Request+got.Response, personal) {
				t.Errorf("%s still holds %s: %s %s", e, personal, got.Request, got.Response)
			}
		}
		for _, kept := range []string{e.WireType(), e.CalloutType(), `"listener"`, `"tier"`} {
			if !strings.Contains(got.Request+got.Response, kept) {
				t.Errorf("%s lacks %s: %s", e, kept, got.Request)
			}
		}
	}
	if got := (Call{Request: `{"cut`, Response: "Mia"}).Impersonal(); got.Request != mask || got.Response != mask {
		t.Errorf("%+v", got)
	}
	if got := (Call{Request: `{"a":"b"}`, Sample: true}).Impersonal(); got.Request != `{"a":"b"}` {
		t.Errorf("a sample is about nobody: %+v", got)
	}
}
