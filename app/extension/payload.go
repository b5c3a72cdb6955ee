package extension

import (
	"cmp"
	"strings"
	"time"
)

// Payload is what an API is sent (R 8.3).
type Payload struct {
	Type   string `json:"type"`
	Source string `json:"source"`
	Data   Data   `json:"data"`
}

// Data is the part that differs between events.
type Data struct {
	ODataType   string       `json:"@odata.type"`
	TenantID    string       `json:"tenantId"`
	ListenerID  string       `json:"authenticationEventListenerId"`
	ExtensionID string       `json:"customAuthenticationExtensionId"`
	OTP         *otpContext  `json:"otpContext,omitempty"`
	Encrypted   string       `json:"encryptedPasswordContext,omitempty"`
	Context     eventContext `json:"authenticationContext"`
	SignUp      *signUpInfo  `json:"userSignUpInfo,omitempty"`
}

type eventContext struct {
	CorrelationID string      `json:"correlationId"`
	Client        client      `json:"client"`
	Protocol      string      `json:"protocol"`
	RequestType   RequestType `json:"requestType,omitempty"`
	App           principal   `json:"clientServicePrincipal"`
	Resource      principal   `json:"resourceServicePrincipal"`
	User          *user       `json:"user,omitempty"`
}

type client struct {
	IP     string `json:"ip"`
	Locale string `json:"locale"`
	Market string `json:"market"`
}

type principal struct {
	ID             string `json:"id"`
	AppID          string `json:"appId"`
	AppDisplayName string `json:"appDisplayName"`
	DisplayName    string `json:"displayName"`
}

type user struct {
	CompanyName       string `json:"companyName,omitempty"`
	CreatedAt         string `json:"createdDateTime,omitempty"`
	DisplayName       string `json:"displayName,omitempty"`
	GivenName         string `json:"givenName,omitempty"`
	ID                string `json:"id"`
	Mail              string `json:"mail,omitempty"`
	PreferredLanguage string `json:"preferredLanguage,omitempty"`
	Surname           string `json:"surname,omitempty"`
	UserPrincipalName string `json:"userPrincipalName,omitempty"`
	UserType          string `json:"userType"`
}

type signUpInfo struct {
	Attributes map[string]attributeValue `json:"attributes"`
	Identities []identity                `json:"identities"`
}

type attributeValue struct {
	ODataType string `json:"@odata.type"`
	Value     any    `json:"value"`
	Type      string `json:"attributeType"`
}

type identity struct {
	SignInType string `json:"signInType"`
	Issuer     string `json:"issuer"`
	AssignedID string `json:"issuerAssignedId"`
}

type otpContext struct {
	Identifier string `json:"identifier"`
	Code       string `json:"oneTimeCode"`
}

// Compose makes the payload of an occasion for a listener and its extension.
func Compose(ch Chosen, o *Occasion) (Payload, *Failure) {
	k, ok := kindOf(o.Event)
	if !ok {
		return Payload{}, fail(HandlerUnexpected, "there is no event %q", o.Event)
	}
	protocol := o.Protocol
	if protocol == "" {
		protocol = "OAUTH2.0"
	}
	resource := o.Resource
	if resource.ClientID == "" {
		resource = o.App
	}
	locale := strings.ToLower(o.Locale)
	p := Payload{Type: o.Event.WireType(), Source: "/tenants/" + o.TenantID + "/applications/" + o.App.ClientID,
		Data: Data{ODataType: o.Event.CalloutType(), TenantID: o.TenantID, ListenerID: cmp.Or(ch.Listener.ID, sampleListener),
			Context: eventContext{CorrelationID: o.CorrelationID, Client: client{o.IP, locale, locale}, Protocol: protocol,
				App: o.App.wire(), Resource: resource.wire()}}}
	if ch.Extension != nil {
		p.Data.ExtensionID = ch.Extension.ID
	}
	if o.User != nil {
		p.Data.Context.User = o.User.wire()
	}
	if f := k.fill(&p.Data, o); f != nil {
		return Payload{}, f
	}
	return p, nil
}

func (p Principal) wire() principal { return principal{p.ObjectID, p.ClientID, p.Name, p.Name} }

func (u *Person) wire() *user {
	out := &user{CompanyName: u.CompanyName, DisplayName: u.DisplayName, GivenName: u.GivenName, ID: u.ID, Mail: u.Mail,
		PreferredLanguage: u.PreferredLanguage, Surname: u.Surname, UserPrincipalName: u.UserPrincipalName, UserType: "Member"}
	if !u.CreatedAt.IsZero() {
		out.CreatedAt = u.CreatedAt.UTC().Format(time.RFC3339)
	}
	return out
}

// wire is what attribute collection sends (R 8.5.2).
func (s *SignUp) wire() *signUpInfo {
	out := &signUpInfo{Attributes: map[string]attributeValue{}, Identities: []identity{}}
	if s == nil {
		return out
	}
	for _, a := range s.Attributes {
		if a.Value == nil {
			continue
		}
		where := "directorySchemaExtension"
		if a.BuiltIn {
			where = "builtIn"
		}
		out.Attributes[a.Name] = attributeValue{"microsoft.graph." + string(a.Type) + "DirectoryAttributeValue", a.Value, where}
	}
	for _, i := range s.Identities {
		out.Identities = append(out.Identities, identity(i))
	}
	return out
}
