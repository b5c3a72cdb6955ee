// Package demo draws the pages of the sample applications and of the development mailbox over view
// models declared here. These pages are the applications' own, not Portico's: they have their own look,
// speak English to a developer, and exist in development only. They never see a store or a clock.
package demo

import (
	_ "embed"
	"strings"

	"github.com/a-h/templ"
)

// css is the one stylesheet of the sample applications; handlers/demo serves it under its hash.
//
//go:embed demo.css
var css []byte

// CSS gives the stylesheet's bytes.
func CSS() []byte { return css }

// Shell is what every page has.
type Shell struct {
	Title string
	Theme string // "portico", "market", "auto", "home", "mailbox": a class on the body
	CSS   string // URL of the stylesheet
	Nav   []Link
}

// Link is a labelled address.
type Link struct {
	Label, URL string
	Current    bool
	Note       string
}

// Landing is /demo: what to try, in an order that tells a story.
type Landing struct {
	Shell
	Apps    []AppCard
	People  []Person
	Mailbox string
	Admin   string
	Pending bool // the sample company is still being made
}

// AppCard presents one sample application.
type AppCard struct {
	Name, Claim, URL, Kind, Flow string
	Theme                        string
	SignedInAs                   string
}

// Person is a sample customer whom one can be.
type Person struct {
	Name, Email, Place string
	SignIn             string
}

// App is an application's own page, signed out or signed in.
type App struct {
	Shell
	Name, Slogan, Slug string
	CSRF               string
	SignedIn           bool
	Greeting           string
	Notice             Notice
	SignUp, SignIn     string
	Tries              []Link // sign-in with one parameter changed
	Products           []Product
	IDToken            []Claim
	AccessToken        []Claim
	AccessOpaque       bool
	AccessExpires      string
	HasRefresh         bool
	Refreshed          int
	UserInfo           []Claim
	Trace              string // address of the sign-in's record, in words
	Mailbox            string
	Others             []AppCard
	Raw                string // the ID token as it came
}

// Notice is one message above the page: Kind is "ok", "warn" or "bad".
type Notice struct{ Kind, Title, Text string }

// Product gives the application something to be about.
type Product struct{ Name, Text, Price string }

// Claim is one claim of a token in words.
type Claim struct {
	Name, Value  string
	Meaning      string // what it says
	Source       string // where it comes from
	Human        string // the value for people, when that differs ("21 November, 20:31 UTC")
	Undocumented bool
}

// Mailbox is /dev/mailbox.
type Mailbox struct {
	Shell
	To       string
	Live     bool
	Toggle   string
	Messages []Mail
}

// Mail is one captured message.
type Mail struct {
	ID, To, Channel, Subject, Text, Code, URL, HTMLURL string
	When, Ago                                          string
	HasHTML                                            bool
}

// Message is one captured message on its own page.
type Message struct {
	Shell
	Mail
	Back string
}

// SignIn is the record of one sign-in, in words.
type SignIn struct {
	Shell
	Headline string
	OK       bool
	Facts    []Fact
	Sections []Section
	Raw      string
	Others   []Link
}

// Fact is a label and its value.
type Fact struct{ Label, Value string }

// Section is a part of the story: an ordered list of sentences.
type Section struct {
	Title string
	Intro string
	Lines []Line
}

// Line is one sentence; Mark is "ok", "bad", "warn" or "".
type Line struct{ Mark, Text, Note string }

func safe(u string) templ.SafeURL { return templ.SafeURL(u) }

// claimID is the id of a claim's row; only those of the ID token have the short form.
func claimID(caption, name string) string {
	if caption == "ID token" {
		return "claim-" + name
	}
	return "claim-" + strings.ToLower(strings.ReplaceAll(caption, " ", "-")) + "-" + name
}
