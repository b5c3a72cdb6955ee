// Package contract describes what an extension's API is sent and what it may answer, as JSON Schema (draft 2020-12), one
// document for each event (R 8.3 to 8.8). Developers download it: their tests can hold what they write against it. It
// reads nothing and calls nobody.
package contract

import (
	"encoding/json"
	"slices"
)

// The events, by the last part of the type of their payloads.
const (
	TokenIssuanceStart        = "tokenIssuanceStart"
	AttributeCollectionStart  = "attributeCollectionStart"
	AttributeCollectionSubmit = "attributeCollectionSubmit"
	EmailOtpSend              = "emailOtpSend"
	PasswordSubmit            = "passwordSubmit"
)

// draft names the dialect, so that tools need not guess.
const draft = "https://json-schema.org/draft/2020-12/schema"

const graph = "microsoft.graph."

// Schema is the document of an event: $defs/request is what is posted, $defs/response what may be answered. The whole
// document describes the answer, since that is what the API's author writes. ok is false for an event that there is not.
func Schema(event string) (document []byte, ok bool, err error) {
	e, ok := events()[event]
	if !ok {
		return nil, false, nil
	}
	doc := node{
		"$schema": draft, "title": "Answer to " + event, "description": e.about, "$ref": "#/$defs/response",
		"$defs": node{"request": request(e), "response": response(e)},
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	return append(b, '\n'), true, err
}

// Answer is one of the answers that an event takes, filled in.
type Answer struct {
	Action string // the last part of its type
	Says   string // what it does, in a sentence
	Body   []byte
}

// Answers are the answers that an event takes, one example of each.
func Answers(event string) ([]Answer, error) {
	e := events()[event]
	var out []Answer
	for _, a := range e.actions {
		act := node{"@odata.type": graph + e.prefix + "." + a.name}
		for name, value := range a.sample {
			act[name] = value
		}
		data := node{"@odata.type": graph + e.response, "actions": []any{act}}
		if e.nonce {
			data["nonce"] = "the nonce of the request's encrypted part"
		}
		b, err := json.MarshalIndent(node{"data": data}, "", "  ")
		if err != nil {
			return nil, err
		}
		out = append(out, Answer{Action: a.name, Says: a.says, Body: b})
	}
	return out, nil
}

// node is a JSON object; encoding/json writes its names in order, so that a schema is the same each time.
type node map[string]any

// event is what differs between events.
type event struct {
	about             string
	kind              string // last part of the payload's type
	callout, response string
	prefix            string // of the actions' types
	signUp            bool   // somebody without an account: no user, but what they typed
	user              bool
	more              node // further properties of the request's data
	actions           []action
	nonce             bool // the answer says the request's nonce again
}

type action struct {
	name, says string
	properties node
	required   []string
	sample     node
}

func text(about string) node  { return node{"type": "string", "description": about} }
func exactly(s string) node   { return node{"const": s} }
func ref(name string) node    { return node{"$ref": "#/$defs/response/$defs/" + name} }
func oneOf(list ...node) node { return node{"oneOf": list} }

func object(required []string, properties node) node {
	o := node{"type": "object", "properties": properties}
	if len(required) > 0 {
		slices.Sort(required)
		o["required"] = required
	}
	return o
}

// request is the envelope of R 8.3 with the event's own part. More properties may come later, so none are forbidden.
func request(e event) node {
	party := object([]string{"id", "appId"}, node{"id": text("Of the service principal."), "appId": text("The client ID."), "appDisplayName": text(""), "displayName": text("")})
	context := node{
		"correlationId": text("The same in the sign-in log."),
		"client":        object(nil, node{"ip": text("The visitor's address."), "locale": text("For example en-us."), "market": text("For example en-us.")}),
		"protocol":      text("OAUTH2.0 or SAML."), "requestType": text("What the visitor is doing: signUp, signIn or forgotPassword."),
		"clientServicePrincipal": party, "resourceServicePrincipal": party,
	}
	if e.user {
		context["user"] = object([]string{"id"}, node{"id": text("The person's object ID."), "displayName": text(""), "givenName": text(""), "surname": text(""), "mail": text(""),
			"userPrincipalName": text(""), "companyName": text(""), "createdDateTime": text(""), "preferredLanguage": text(""), "userType": text("Member or Guest.")})
	}
	data := node{
		"@odata.type": exactly(graph + e.callout), "tenantId": text("The directory."), "authenticationEventListenerId": text("Which listener made the call."),
		"customAuthenticationExtensionId": text("Which extension is called."), "authenticationContext": object([]string{"correlationId"}, context),
	}
	required := []string{"@odata.type", "authenticationContext", "customAuthenticationExtensionId", "tenantId"}
	if e.signUp {
		data["userSignUpInfo"] = signUpInfo()
		required = append(required, "userSignUpInfo")
	}
	for name, value := range e.more {
		data[name] = value
		required = append(required, name)
	}
	return object([]string{"data", "source", "type"}, node{"type": exactly(graph + "authenticationEvent." + e.kind), "source": text("/tenants/{tenant}/applications/{app}"), "data": object(required, data)})
}

// signUpInfo is what a visitor has typed so far (R 8.5.2).
func signUpInfo() node {
	attribute := func(kind string, value node) node {
		return object([]string{"@odata.type", "value"}, node{"@odata.type": exactly(graph + kind + "DirectoryAttributeValue"), "value": value, "attributeType": node{"enum": []string{"builtIn", "directorySchemaExtension"}}})
	}
	return object(nil, node{
		"attributes": node{"type": "object", "additionalProperties": oneOf(attribute("string", node{"type": []string{"string", "null"}}), attribute("int64", node{"type": []string{"integer", "null"}}), attribute("boolean", node{"type": []string{"boolean", "null"}}))},
		"identities": node{"type": "array", "items": object([]string{"signInType"}, node{"signInType": text("email, emailAddress or federated."), "issuer": text(""), "issuerAssignedId": text("")})},
	})
}

// response takes exactly one action of the event's set.
func response(e event) node {
	var actions []node
	for _, a := range e.actions {
		properties := node{"@odata.type": exactly(graph + e.prefix + "." + a.name)}
		for name, value := range a.properties {
			properties[name] = value
		}
		one := object(append([]string{"@odata.type"}, a.required...), properties)
		one["title"], one["description"] = a.name, a.says
		actions = append(actions, one)
	}
	required := []string{"@odata.type", "actions"}
	data := node{"@odata.type": exactly(graph + e.response), "actions": node{"type": "array", "minItems": 1, "maxItems": 1, "items": oneOf(actions...)}}
	if e.nonce {
		data["nonce"] = text("The nonce of the request's encrypted part, said again.")
		required = append(required, "nonce")
	}
	out := object([]string{"data"}, node{"data": object(required, data)})
	out["$defs"] = node{"values": values()}
	return out
}

// values are what attributes can be given (R 8.5.4): the type must be the attribute's own.
func values() node {
	return node{"type": "object", "description": "By the attributes' names. Names that the user flow does not ask for are ignored.", "additionalProperties": node{"type": []string{"string", "integer", "boolean"}}}
}
