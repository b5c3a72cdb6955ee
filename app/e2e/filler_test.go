package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"portico/app/e2e/formfill"
)

// filler is a form filler that reads its codes in the development mailbox and fails the test.
type filler struct {
	*formfill.Filler
	t    testing.TB
	base string
	seen map[string]bool
}

// newFiller is a new browser with a new person.
func newFiller(t testing.TB, s *server, email, password string) *filler {
	t.Helper()
	f := &filler{t: t, base: s.base, seen: map[string]bool{},
		Filler: newPerson(s.client(t), email)}
	f.Answers = formfill.Person(email, password)
	f.Code = f.code
	for _, to := range []string{email, f.Answers["tel"]} { // what was sent before is somebody else's
		for _, m := range mails(t, f.Client, f.base, to) {
			f.seen[m.ID] = true
		}
	}
	return f
}

func newPerson(client *http.Client, email string) *formfill.Filler {
	return &formfill.Filler{Client: client, Answers: formfill.Person(email, password)}
}

// walk goes from an address to the stop prefix and gives the address it would leave for.
func (f *filler) walk(start, stop string) string {
	f.t.Helper()
	left, err := f.Walk(start, stop)
	if err != nil {
		f.t.Fatalf("%v\npages: %s", err, strings.Join(f.Titles, " → "))
	}
	return left
}

// code waits for a code that was not used before, in the mailbox or among the texts to the telephone.
func (f *filler) code() (string, error) {
	deadline := time.Now().Add(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for time.Now().Before(deadline) {
		for _, to := range []string{f.Answers["email"], f.Answers["tel"]} {
			list, err := mailbox(f.Client, f.base, to)
			if err != nil {
				return "", err
			}
			for _, m := range list {
				if m.Code != "" && !f.seen[m.ID] {
					f.seen[m.ID] = true
					return m.Code, nil
				}
			}
		}
		<-tick.C
	}
	return "", fmt.Errorf("no code arrived for %s", f.Answers["email"])
}

type mail struct {
	ID, To, Channel, Subject, Text, HTML, Code string
	CreatedDateTime                            time.Time
}

// mails asks the development mailbox (DESIGN §7).
func mails(t testing.TB, client *http.Client, base, to string) []mail {
	t.Helper()
	list, err := mailbox(client, base, to)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// mailbox is mails for whoever may meet a server that is being killed.
func mailbox(client *http.Client, base, to string) ([]mail, error) {
	res, err := client.Get(base + "/dev/mailbox.json?to=" + url.QueryEscape(to))
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	var list []mail
	if err := json.NewDecoder(res.Body).Decode(&list); err != nil {
		return nil, fmt.Errorf("mailbox.json answers %d: %w", res.StatusCode, err)
	}
	return list, nil
}
