package webhook

import (
	"encoding/json"
	"time"
)

// Event is something that happened, before it is known who wants to hear of it.
type Event struct {
	Kind     string
	ID       string // the same in every delivery: a receiver drops what it has
	TenantID string
	At       time.Time
	Subject  string // id of the person or thing
	ClientID string // of the app that it is about; "" = none
	Data     Data
	Profile  *Profile // said only to subscriptions that ask for it
	Network  *Network // likewise
}

// Data is what an event says: always ids, and what is personal only where the subscription asks for it.
type Data struct {
	TenantID  string   `json:"tenantId"`
	Activity  string   `json:"activity,omitempty"` // as in the audit log
	User      *User    `json:"user,omitempty"`
	App       *App     `json:"application,omitempty"`
	Actor     *Actor   `json:"initiatedBy,omitempty"`
	Changed   []string `json:"changedProperties,omitempty"`
	Permanent bool     `json:"permanent,omitempty"`
	Object    *Object  `json:"object,omitempty"`
	Scopes    []string `json:"scopes,omitempty"`
	SignIn    *SignIn  `json:"signIn,omitempty"`
	Risk      *Risk    `json:"risk,omitempty"`
	Session   *Session `json:"session,omitempty"`
	Message   string   `json:"message,omitempty"` // of the test event
}

// User is who it is about.
type User struct {
	ID      string   `json:"id"`
	Profile *Profile `json:"profile,omitempty"`
}

// Profile is what is personal about somebody.
type Profile struct {
	DisplayName string `json:"displayName,omitempty"`
	GivenName   string `json:"givenName,omitempty"`
	Surname     string `json:"surname,omitempty"`
	Mail        string `json:"mail,omitempty"`
}

// App is an application.
type App struct {
	ClientID string `json:"appId"`
	Name     string `json:"displayName,omitempty"`
}

// Actor is who did it: user, app or system.
type Actor struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// Object is a thing of the configuration.
type Object struct {
	Type      string `json:"type"`
	ID        string `json:"id"`
	Name      string `json:"displayName,omitempty"`
	Operation string `json:"operation"` // Add, Update, Delete
}

// SignIn is how a sign-in ended; its id finds it in the sign-in log.
type SignIn struct {
	ID            string   `json:"id"`
	CorrelationID string   `json:"correlationId,omitempty"`
	SignUp        bool     `json:"isSignUp,omitempty"`
	SingleSignOn  bool     `json:"isSingleSignOn,omitempty"`
	ErrorCode     int      `json:"errorCode"`
	RiskLevel     string   `json:"riskLevel,omitempty"`
	Country       string   `json:"country,omitempty"`
	Network       *Network `json:"network,omitempty"`
}

// Network is where a request came from.
type Network struct {
	IP        string `json:"ipAddress,omitempty"`
	UserAgent string `json:"userAgent,omitempty"`
}

// Risk is a detection, or the risk of a person, in Graph's words.
type Risk struct {
	DetectionID string `json:"detectionId,omitempty"`
	Type        string `json:"riskEventType,omitempty"`
	Level       string `json:"riskLevel"`
	State       string `json:"riskState"`
	Detail      string `json:"riskDetail,omitempty"`
	SignInID    string `json:"signInId,omitempty"`
	Simulated   bool   `json:"isSimulated,omitempty"` // an admin made it up
}

// Session are single sign-on sessions (claim sid) that ended.
type Session struct {
	IDs    []string `json:"ids"`
	Reason string   `json:"reason,omitempty"`
}

// envelope is CloudEvents 1.0 in structured mode (JSON event format). The time is when it happened.
type envelope struct {
	SpecVersion     string `json:"specversion"`
	ID              string `json:"id"`
	Source          string `json:"source"`
	Type            string `json:"type"`
	Subject         string `json:"subject,omitempty"`
	Time            string `json:"time"`
	DataContentType string `json:"datacontenttype"`
	Data            Data   `json:"data"`
}

// TypePrefix begins the type of every event.
const TypePrefix = "com.portico."

// ContentType is that of a structured event (CloudEvents HTTP binding §3.2).
const ContentType = "application/cloudevents+json; charset=utf-8"

// Source names the tenant that an event comes from.
func Source(tenantID string) string { return "urn:portico:tenant:" + tenantID }

// Body is the event as it travels; profile says whether the subscription asks for what is personal.
func (e Event) Body(profile bool) ([]byte, error) {
	d := e.Data
	d.TenantID = e.TenantID
	if profile {
		if d.User != nil {
			u := *d.User
			u.Profile = e.Profile
			d.User = &u
		}
		if d.SignIn != nil {
			s := *d.SignIn
			s.Network = e.Network
			d.SignIn = &s
		}
	}
	return json.Marshal(envelope{SpecVersion: "1.0", ID: e.ID, Source: Source(e.TenantID), Type: TypePrefix + e.Kind, Subject: e.Subject,
		Time: e.At.UTC().Format("2006-01-02T15:04:05.000000Z"), DataContentType: "application/json", Data: d})
}

const (
	sampleTenant = "0198a6f0-5b1e-7c0a-9d7e-2f1f6b0c8a01"
	sampleUser   = "0198a6f0-5b1e-7c0a-9d7e-2f1f6b0c8a02"
	sampleClient = "3f0f8f3a-7c6a-4f8e-9a52-6d0f6e1f2a03"
)

func sampleApp() *App { return &App{ClientID: sampleClient, Name: "Market"} }

func (d *Data) person() { d.User = &User{ID: sampleUser} }

func (d *Data) changed(names ...string) { d.Changed = names }

func (d *Data) signIn(code int, risk string) {
	d.App = sampleApp()
	d.SignIn = &SignIn{ID: "0198a6f0-5b1e-7c0a-9d7e-2f1f6b0c8a04", CorrelationID: "5a0e3c1c-8d5e-4a52-b3b1-6a7c1e9f0d05", ErrorCode: code, RiskLevel: risk, Country: "PT"}
}

// Sample is an example of a kind of event.
func Sample(k Kind) Event {
	e := Event{Kind: k.Name, ID: "0198a6f0-5b1e-7c0a-9d7e-2f1f6b0c8a00", TenantID: sampleTenant, At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		Profile: &Profile{DisplayName: "Ana Silva", GivenName: "Ana", Surname: "Silva", Mail: "ana@example.com"}, Network: &Network{IP: "198.51.100.7", UserAgent: "Mozilla/5.0"}}
	k.Sample(&e.Data)
	switch {
	case e.Data.User != nil:
		e.Subject = e.Data.User.ID
	case e.Data.Object != nil:
		e.Subject = e.Data.Object.ID
	case e.Data.SignIn != nil:
		e.Subject = e.Data.SignIn.ID
	}
	if e.Data.App != nil {
		e.ClientID = e.Data.App.ClientID
	}
	return e
}

// TestEvent says of itself that nothing happened.
func TestEvent(tenantID, id string, at time.Time) Event {
	return Event{Kind: Test, ID: id, TenantID: tenantID, At: at, Data: Data{Message: "This is a test. Nothing happened."}}
}
