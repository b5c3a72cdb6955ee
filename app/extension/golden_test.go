package extension

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// documented is the vendor's documented payload (R 8.3): the parts in brackets differ between events.
const documented = `{
  "type": "microsoft.graph.authenticationEvent.[event]",
  "source": "/tenants/aaaabbbb-0000-cccc-1111-dddd2222eeee/applications/00001111-aaaa-2222-bbbb-3333cccc4444",
  "data": {
    "@odata.type": "microsoft.graph.[callout]",
    "tenantId": "aaaabbbb-0000-cccc-1111-dddd2222eeee",
    "authenticationEventListenerId": "11112222-bbbb-3333-cccc-4444dddd5555",
    "customAuthenticationExtensionId": "22223333-cccc-4444-dddd-5555eeee6666",[before]
    "authenticationContext": {
      "correlationId": "aaaa0000-bb11-2222-33cc-444444dddddd",
      "client": {"ip": "127.0.0.1", "locale": "en-us", "market": "en-us"},
      "protocol": "OAUTH2.0",[context]
      "clientServicePrincipal": {"id": "aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb", "appId": "00001111-aaaa-2222-bbbb-3333cccc4444", "appDisplayName": "My Test application", "displayName": "My Test application"},
      "resourceServicePrincipal": {"id": "bbbbbbbb-1111-2222-3333-cccccccccccc", "appId": "11112222-bbbb-3333-cccc-4444dddd5555", "appDisplayName": "My API", "displayName": "My API"}[user]
    }[after]
  }
}`

const (
	documentedUser = `,"user": {"companyName": "Casey Jensen", "createdDateTime": "2023-08-16T00:00:00Z", "displayName": "Casey Jensen", "givenName": "Casey", "id": "00aa00aa-bb11-cc22-dd33-44ee44ee44ee",
		"mail": "casey@contoso.com", "preferredLanguage": "en-us", "surname": "Jensen", "userPrincipalName": "casey@contoso.com", "userType": "Member"}`
	documentedSignUp = `,"userSignUpInfo": {
      "attributes": {
        "givenName": {"@odata.type": "microsoft.graph.stringDirectoryAttributeValue", "value": "Larissa Price", "attributeType": "builtIn"},
        "companyName": {"@odata.type": "microsoft.graph.stringDirectoryAttributeValue", "value": "Contoso University", "attributeType": "builtIn"},
        "extension_0ef7_universityGroups": {"@odata.type": "microsoft.graph.stringDirectoryAttributeValue", "value": "Alumni,Faculty", "attributeType": "directorySchemaExtension"},
        "extension_0ef7_graduationYear": {"@odata.type": "microsoft.graph.int64DirectoryAttributeValue", "value": 2010, "attributeType": "directorySchemaExtension"},
        "extension_0ef7_onMailingList": {"@odata.type": "microsoft.graph.booleanDirectoryAttributeValue", "value": true, "attributeType": "directorySchemaExtension"}
      },
      "identities": [{"signInType": "email", "issuer": "contoso.onmicrosoft.com", "issuerAssignedId": "larissa.price@contoso.onmicrosoft.com"}]
    }`
)

// contract is what an event's documents say: its payload, and each of its answers.
type contract struct {
	event    Event
	name     string
	callout  string
	parts    map[string]string // of documented
	occasion func(o *Occasion)
	response string
	answers  []documentedAnswer
}

type documentedAnswer struct {
	action string // what stands in actions
	want   Answer
}

func contracts() []contract {
	user := func(o *Occasion) {
		o.User = &Person{ID: "00aa00aa-bb11-cc22-dd33-44ee44ee44ee", DisplayName: "Casey Jensen", GivenName: "Casey", Surname: "Jensen", Mail: "casey@contoso.com",
			UserPrincipalName: "casey@contoso.com", CompanyName: "Casey Jensen", CreatedAt: time.Date(2023, 8, 16, 0, 0, 0, 0, time.UTC), PreferredLanguage: "en-us"}
	}
	signUp := func(o *Occasion) {
		o.SignUp = &SignUp{Attributes: []Attribute{{"givenName", String, true, "Larissa Price"}, {"companyName", String, true, "Contoso University"},
			{"extension_0ef7_universityGroups", String, false, "Alumni,Faculty"}, {"extension_0ef7_graduationYear", Int64, false, int64(2010)},
			{"extension_0ef7_onMailingList", Boolean, false, true}, {"city", String, true, nil}},
			Identities: []Identity{{"email", "contoso.onmicrosoft.com", "larissa.price@contoso.onmicrosoft.com"}}}
	}
	values := map[string]any{"extension_0ef7_universityGroups": "Faculty", "extension_0ef7_graduationYear": int64(2010), "extension_0ef7_onMailingList": false}
	const wireValues = `{"extension_0ef7_universityGroups":"Faculty","extension_0ef7_graduationYear":2010,"extension_0ef7_onMailingList":false,"unknown":"ignored"}`
	return []contract{
		{TokenIssuanceStart, "tokenIssuanceStart", "onTokenIssuanceStartCalloutData", map[string]string{"user": documentedUser}, user, "onTokenIssuanceStartResponseData", []documentedAnswer{
			{`{"@odata.type":"microsoft.graph.tokenIssuanceStart.provideClaimsForToken","claims":{"DateOfBirth":"2000-01-01","CustomRoles":["Writer","Editor"],"apiVersion":"1.0.0"}}`,
				Answer{Action: ProvideClaims, Claims: map[string]any{"DateOfBirth": "2000-01-01", "CustomRoles": []string{"Writer", "Editor"}, "apiVersion": "1.0.0"}}}}},
		{AttributeCollectionStart, "attributeCollectionStart", "onAttributeCollectionStartCalloutData", map[string]string{"after": documentedSignUp}, signUp, "onAttributeCollectionStartResponseData", []documentedAnswer{
			{`{"@odata.type":"microsoft.graph.attributeCollectionStart.continueWithDefaultBehavior"}`, Answer{Action: DefaultBehavior}},
			{`{"@odata.type":"microsoft.graph.attributeCollectionStart.setPrefillValues","inputs":` + wireValues + `}`, Answer{Action: SetPrefillValues, Values: values}},
			{`{"@odata.type":"microsoft.graph.attributeCollectionStart.showBlockPage","title":"Hold tight...","message":"Your access request is already processing."}`,
				Answer{Action: ShowBlockPage, Title: "Hold tight...", Message: "Your access request is already processing."}}}},
		{AttributeCollectionSubmit, "attributeCollectionSubmit", "onAttributeCollectionSubmitCalloutData", map[string]string{"after": documentedSignUp}, signUp, "onAttributeCollectionSubmitResponseData", []documentedAnswer{
			{`{"@odata.type":"microsoft.graph.attributeCollectionSubmit.continueWithDefaultBehavior"}`, Answer{Action: DefaultBehavior}},
			{`{"@odata.type":"microsoft.graph.attributeCollectionSubmit.modifyAttributeValues","attributes":` + wireValues + `}`, Answer{Action: ModifyAttributes, Values: values}},
			{`{"@odata.type":"microsoft.graph.attributeCollectionSubmit.showValidationError","message":"Please fix the below errors to proceed.","attributeErrors":{"city":"City cannot contain any numbers","givenName":"Too short"}}`,
				Answer{Action: ShowValidationError, Message: "Please fix the below errors to proceed.", Errors: map[string]string{"city": "City cannot contain any numbers", "givenName": "Too short"}}},
			{`{"@odata.type":"microsoft.graph.attributeCollectionSubmit.showBlockPage","title":"Hold tight...","message":"Please contact us."}`,
				Answer{Action: ShowBlockPage, Title: "Hold tight...", Message: "Please contact us."}}}},
		{OtpSend, "emailOtpSend", "onOtpSendCalloutData", map[string]string{"before": `"otpContext":{"identifier":"casey@contoso.com","oneTimeCode":"12345678"},`, "context": `"requestType":"signUp",`},
			func(o *Occasion) { o.OTP, o.RequestType = &OTP{"casey@contoso.com", "12345678"}, ForSignUp }, "onOtpSendResponseData", []documentedAnswer{
				{`{"@odata.type":"microsoft.graph.OtpSend.continueWithDefaultBehavior"}`, Answer{Action: DefaultBehavior}}}},
		{PasswordSubmit, "passwordSubmit", "onPasswordSubmitCalloutData", map[string]string{"before": `"encryptedPasswordContext":"[jwe]",`, "user": documentedUser},
			func(o *Occasion) {
				user(o)
				o.Password = &Submission{UserName: "casey@contoso.com", Password: "a password of before", Nonce: "Zm9vYmFy"}
			},
			"onPasswordSubmitResponseData", []documentedAnswer{
				{`{"@odata.type":"microsoft.graph.passwordSubmit.MigratePassword"}`, Answer{Action: MigratePassword}},
				{`{"@odata.type":"microsoft.graph.passwordSubmit.UpdatePassword"}`, Answer{Action: UpdatePassword}},
				{`{"@odata.type":"microsoft.graph.passwordSubmit.Retry"}`, Answer{Action: RetryPassword}},
				{`{"@odata.type":"microsoft.graph.passwordSubmit.Block","title":"Not here","message":"Please call us."}`, Answer{Action: BlockPassword, Title: "Not here", Message: "Please call us."}}}},
	}
}

// TestDocumentedContracts: for each event, the payload that we compose is the documented one, no field more and none less,
// and each documented answer is read to what it says.
func TestDocumentedContracts(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	all := contracts()
	if len(all) != len(Events()) {
		t.Fatalf("%d events have a document, of %d", len(all), len(Events()))
	}
	for _, k := range all {
		t.Run(k.name, func(t *testing.T) {
			o := Occasion{Event: k.event, TenantID: "aaaabbbb-0000-cccc-1111-dddd2222eeee", CorrelationID: "aaaa0000-bb11-2222-33cc-444444dddddd", IP: "127.0.0.1", Locale: "en-US",
				App:      Principal{"aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb", "00001111-aaaa-2222-bbbb-3333cccc4444", "My Test application"},
				Resource: Principal{"bbbbbbbb-1111-2222-3333-cccccccccccc", "11112222-bbbb-3333-cccc-4444dddd5555", "My API"}}
			k.occasion(&o)
			if o.Password != nil {
				o.Password.Key = &key.PublicKey
			}
			p, f := Compose(Chosen{Listener{ID: "11112222-bbbb-3333-cccc-4444dddd5555"}, &Extension{ID: "22223333-cccc-4444-dddd-5555eeee6666"}}, &o)
			if f != nil {
				t.Fatal(f)
			}
			if k.event == PasswordSubmit {
				openedAsDocumented(t, key, p.Data.Encrypted)
				p.Data.Encrypted = "[jwe]"
			}
			want := strings.NewReplacer("[event]", k.name, "[callout]", k.callout, "[before]", k.parts["before"], "[context]", k.parts["context"], "[user]", k.parts["user"], "[after]", k.parts["after"]).Replace(documented)
			same(t, "payload", decoded(t, want), decoded(t, text(p)))
			for _, a := range k.answers {
				nonce := ""
				if o.Password != nil {
					nonce = fmt.Sprintf(`"nonce":%q,`, o.Password.Nonce)
				}
				got, f := Parse(&o, []byte(`{"data":{"@odata.type":"microsoft.graph.`+k.response+`",`+nonce+`"actions":[`+a.action+`]}}`))
				if f != nil || !reflect.DeepEqual(got, a.want) {
					t.Errorf("%s is read as %+v %v, want %+v", a.action, got, f, a.want)
				}
			}
		})
	}
}

// openedAsDocumented: five parts for the RSA key, which hold exactly three fields (R 8.8.2).
func openedAsDocumented(t *testing.T, key *rsa.PrivateKey, jwe string) {
	t.Helper()
	if n := strings.Count(jwe, "."); n != 4 {
		t.Errorf("%d parts", n+1)
	}
	parsed, err := jose.ParseEncryptedCompact(jwe, []jose.KeyAlgorithm{jose.RSA_OAEP_256}, []jose.ContentEncryption{jose.A256GCM})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := parsed.Decrypt(key)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "encryptedPasswordContext", decoded(t, `{"user-password":"a password of before","username":"casey@contoso.com","nonce":"Zm9vYmFy"}`), decoded(t, string(plain)))
}

func decoded(t *testing.T, s string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(s), &v); err != nil {
		t.Fatalf("%v in %s", err, s)
	}
	return v
}

// same compares field by field, so that a failure names the field.
func same(t *testing.T, at string, want, got any) {
	t.Helper()
	w, isObject := want.(map[string]any)
	g, ok := got.(map[string]any)
	if !isObject || !ok {
		if !reflect.DeepEqual(want, got) {
			t.Errorf("%s is %v, documented %v", at, got, want)
		}
		return
	}
	for name := range w {
		if _, there := g[name]; !there {
			t.Errorf("%s/%s is not sent", at, name)
			continue
		}
		same(t, at+"/"+name, w[name], g[name])
	}
	for name := range g {
		if _, there := w[name]; !there {
			t.Errorf("%s/%s is sent and not documented", at, name)
		}
	}
}
