package extension_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"portico/app/extension"
	"portico/app/extension/contract"
)

const (
	docsFile          = "../docs/extensions.md"
	docsFrom, docsEnd = "<!-- from here on TestDocs writes -->\n", "<!-- up to here -->\n"
)

// TestDocs holds the page's part about each event to what the program sends and takes: the payload is composed here, and
// every answer on the page is read as the answer that it is. A change is written into the page by
//
//	PORTICO_WRITE_DOCS=1 go test ./app/extension -run TestDocs
func TestDocs(t *testing.T) {
	b, err := os.ReadFile(docsFile)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(b), docsFrom)
	_, after, ends := strings.Cut(rest, docsEnd)
	if !ok || !ends {
		t.Fatalf("%s lacks its marks", docsFile)
	}
	var out strings.Builder
	for _, e := range extension.Events() {
		documented(t, e, &out)
	}
	want := before + docsFrom + out.String() + docsEnd + after
	if os.Getenv("PORTICO_WRITE_DOCS") != "" {
		if err := os.WriteFile(docsFile, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(b) {
		t.Errorf("%s does not say what the program does; write it anew by PORTICO_WRITE_DOCS=1, and read what changed", docsFile)
	}
}

func documented(t *testing.T, e extension.Event, out *strings.Builder) {
	t.Helper()
	name := strings.TrimPrefix(e.WireType(), "microsoft.graph.authenticationEvent.")
	schema, ok, err := contract.Schema(name)
	if err != nil || !ok {
		t.Fatalf("%s has no schema: %v", name, err)
	}
	var about struct{ Description string }
	if err := json.Unmarshal(schema, &about); err != nil {
		t.Fatal(err)
	}
	o := extension.Sample(e)
	o.TenantID = "aaaabbbb-0000-4000-8000-dddd2222eeee"
	o.App = extension.Principal{ObjectID: "aaaaaaaa-0000-4000-8000-bbbbbbbbbbbb", ClientID: "00001111-aaaa-4000-8000-3333cccc4444", Name: "Market"}
	if o.Password != nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		o.Password.Key = key.Public()
	}
	p, f := extension.Compose(extension.Chosen{Listener: extension.Listener{ID: "11112222-bbbb-4000-8000-4444dddd5555", Event: e}, Extension: &extension.Extension{ID: "22223333-cccc-4000-8000-5555eeee6666", Event: e}}, &o)
	if f != nil {
		t.Fatal(f)
	}
	if o.Password != nil {
		p.Data.Encrypted = "eyJhbGciOiJSU0EtT0FFUC0yNTYi… (five parts)"
	}
	payload, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(out, "### %s (`%s`)\n\n%s\n\nWhat is sent:\n\n```json\n%s\n```\n\n", e.Label(), e, about.Description, payload)
	if o.Password != nil {
		inside, err := json.MarshalIndent(map[string]string{"user-password": o.Password.Password, "username": o.Password.UserName, "nonce": o.Password.Nonce}, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(out, "`encryptedPasswordContext`, once it is decrypted:\n\n```json\n%s\n```\n\n", inside)
	}
	answers, err := contract.Answers(name)
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(e.Actions()) {
		t.Errorf("%s: %d answers are documented, of %d", e, len(answers), len(e.Actions()))
	}
	for _, a := range answers {
		body := a.Body
		if o.Password != nil {
			body = []byte(strings.Replace(string(body), "the nonce of the request's encrypted part", o.Password.Nonce, 1))
		}
		got, f := extension.Parse(&o, body)
		if f != nil || !strings.HasSuffix(e.WireAction(got.Action), "."+a.Action) {
			t.Errorf("%s: the answer %s is read as %q %v", e, a.Action, got.Action, f)
		}
		fmt.Fprintf(out, "`%s`: %s\n\n```json\n%s\n```\n\n", a.Action, a.Says, body)
	}
	out.WriteString("When it gives no answer that counts, its listener says what happens (the first is the usual one):\n\n")
	for _, f := range e.Failures() {
		fmt.Fprintf(out, "- `%s`: %s\n", f, e.Consequence(f))
	}
	out.WriteString("\n")
}
