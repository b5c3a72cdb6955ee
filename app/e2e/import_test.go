package e2e

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestKillInTheMiddleOfAnImport cuts the power twice while many people are imported: first to the command
// that imports them, then to the server that has gone on with it. In the end everybody is there, once, and
// whoever signed up meanwhile is too.
func TestKillInTheMiddleOfAnImport(t *testing.T) {
	people := 100_000
	if os.Getenv("PORTICO_E2E_ALL") == "" {
		people = 20_000
	}
	s := boot(t)
	p := market(t, s)
	file := filepath.Join(s.dir, "people.csv")
	var b bytes.Buffer
	b.WriteString("email,displayName,passwordHash,externalId\n")
	for i := range people {
		fmt.Fprintf(&b, "moved%d@example.com,Moved %d,$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW,%d\n", i, i, i)
	}
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary(), "import", "--tenant", "fernhill", file)
	cmd.Dir, cmd.Env = s.dir, s.env
	said := &lockedBuffer{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, 60*time.Second, "the command has begun", func() error {
		if !strings.Contains(said.String(), "% ") && !strings.Contains(said.String(), " created, ") {
			return fmt.Errorf("it said %q", said)
		}
		return nil
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if strings.Contains(said.String(), "records in") {
		t.Fatalf("the import was over too soon to be cut off:\n%s", said)
	}
	// Sign-ups go on while the server takes over; then the power goes again.
	newFiller(t, s, "meanwhile@example.com", password).walk(p.authorize("prompt=create"), p.redirect)
	s.kill()
	s.start()
	newFiller(t, s, "meanwhile2@example.com", password).walk(p.authorize("prompt=create"), p.redirect)
	eventually(t, 10*time.Minute, "the import is finished", func() error {
		if !strings.Contains(s.log.String(), "an import of users was worked on") {
			return fmt.Errorf("it is not")
		}
		return nil
	})
	rows, err := csv.NewReader(strings.NewReader(s.command("export-users", "--tenant", "fernhill"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	seen, moved, meanwhile := map[string]bool{}, 0, 0
	for _, r := range rows[1:] {
		mail := r[at["email"]]
		if seen[mail] && mail != "" {
			t.Fatalf("%s is there twice", mail)
		}
		seen[mail] = true
		switch {
		case strings.HasPrefix(mail, "moved"):
			moved++
			if mail != "moved"+r[at["externalId"]]+"@example.com" {
				t.Fatalf("%s is %s", mail, r[at["externalId"]])
			}
		case strings.HasPrefix(mail, "meanwhile"):
			meanwhile++
		}
	}
	if moved != people || meanwhile != 2 {
		t.Errorf("%d of %d were moved, %d of 2 signed up meanwhile", moved, people, meanwhile)
	}
	// Whoever was moved signs in with the password of before, which then becomes one of ours.
	f := newFiller(t, s, "moved7@example.com", "U*U")
	got, err := p.redeem(f.Client, p.code(f.walk(p.authorize(), p.redirect)))
	if err != nil || got.Status != 200 {
		t.Errorf("moved7 signs in: %+v %v", got, err)
	}
}
