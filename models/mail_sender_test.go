package models_test

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"

	"portico/app/audit"
	"portico/app/tenant"
	"portico/models"
	"portico/models/modelstest"
)

// A sender whose record vanished goes on for seven days, with notice; then mails come from the installation's address. A name
// server that does not answer changes nothing, and a look about a domain that was left meanwhile says nothing about the next.
func TestSendersWhoseRecordVanishes(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, actor, job := t.Context(), modelstest.Actor(), audit.System("job")
		tn, other := modelstest.MustTenant(t, s.Store, "shop"), modelstest.MustTenant(t, s.Store, "other")
		save := func(tn *models.Tenant, address string) models.MailSender {
			t.Helper()
			must(t, tn.SaveMail(ctx, actor, tenant.Mail{Address: address}, "", func(tenant.Mail) error { return nil }))
			return modelstest.Must(tn.MailSender(ctx))(t)
		}
		mine, theirs := save(tn, "hello@shop.example"), save(other, "hello@other.example")
		records := map[string][]string{mine.Record: {" " + mine.Value + "\n"}, theirs.Record: {"v=spf1 -all", theirs.Value}}
		var asked []string
		dns := func(_ context.Context, name string) ([]string, error) {
			asked = append(asked, name)
			if r := records[name]; r != nil {
				return r, nil
			}
			return nil, &net.DNSError{Err: "no such host", IsNotFound: true}
		}
		broken := func(context.Context, string) ([]string, error) {
			return nil, &net.DNSError{Err: "server misbehaving", IsTemporary: true}
		}
		modelstest.Must(tn.ProveMailSender(ctx, actor, dns))(t)
		modelstest.Must(other.ProveMailSender(ctx, actor, dns))(t)
		told := 0
		look := func(what string, lookup func(context.Context, string) ([]string, error), from string, lost bool) {
			t.Helper()
			s.Clock.Advance(25 * time.Hour)
			must(t, tn.WatchMailSender(ctx, job, lookup))
			must(t, other.WatchMailSender(ctx, job, dns))
			now := modelstest.Must(tn.MailSender(ctx))(t)
			if now.From() != from || !now.LostAt.IsZero() != lost || (from != "" && lost) != !now.LostUntil().IsZero() {
				t.Errorf("%s: %+v", what, now)
			}
			if x := modelstest.Must(other.MailSender(ctx))(t); x.From() != "hello@other.example" || !x.LostAt.IsZero() {
				t.Errorf("%s: the other directory's: %+v", what, x)
			}
			must(t, tn.TellExpiring(ctx, func(_ *models.Tenant, all []models.ExpiringCredential) error {
				for _, x := range all {
					if x.Kind != "sender" || x.Of() != "hello@shop.example" {
						t.Errorf("%s: told of %+v", what, x)
					}
				}
				told += len(all)
				return nil
			}))
		}
		look("it is there", dns, "hello@shop.example", false)
		before := len(asked)
		must(t, tn.WatchMailSender(ctx, job, dns))
		if len(asked) != before {
			t.Error("looked twice in a day")
		}
		look("nobody knows", broken, "hello@shop.example", false)
		if _, err := tn.ProveMailSender(ctx, actor, broken); refusal(err) != "sender.missing" {
			t.Error(err)
		}
		look("an admin looked in vain", broken, "hello@shop.example", false)
		value := records[mine.Record]
		delete(records, mine.Record)
		look("it is gone", dns, "hello@shop.example", true)
		if told != 1 {
			t.Errorf("told %d times", told)
		}
		records[mine.Record] = value
		look("it is back", dns, "hello@shop.example", false)
		delete(records, mine.Record)
		for range 7 {
			look("gone again", dns, "hello@shop.example", true)
		}
		look("a week later", dns, "", true)
		if told < 3 {
			t.Errorf("told %d times", told)
		}
		records[mine.Record] = value
		look("back, and nobody has proven it", dns, "", true)
		modelstest.Must(tn.ProveMailSender(ctx, actor, dns))(t)
		look("proven anew", dns, "hello@shop.example", false)

		var said []string
		for _, e := range modelstest.Must(tn.Audits(ctx, models.AuditQuery{Limit: 100}))(t).Items {
			said = append(said, e.Activity)
		}
		for activity, times := range map[string]int{"Miss record of mail sender": 2, "Find record of mail sender again": 1, "End mail sender": 1} {
			if n := len(slices.DeleteFunc(slices.Clone(said), func(a string) bool { return a != activity })); n != times {
				t.Errorf("%q is recorded %d times, want %d: %q", activity, n, times, said)
			}
		}

		// While the name server answers about one domain, an admin proves another.
		s.Clock.Advance(25 * time.Hour)
		must(t, tn.WatchMailSender(ctx, job, func(context.Context, string) ([]string, error) {
			next := save(tn, "hello@next.example")
			records[next.Record] = []string{next.Value}
			modelstest.Must(tn.ProveMailSender(ctx, actor, dns))(t)
			return nil, &net.DNSError{IsNotFound: true}
		}))
		if now := modelstest.Must(tn.MailSender(ctx))(t); now.From() != "hello@next.example" || !now.LostAt.IsZero() {
			t.Errorf("the next domain: %+v", now)
		}
		if err := tn.WatchMailSender(ctx, job, func(context.Context, string) ([]string, error) { return nil, errors.New("never asked") }); err != nil {
			t.Error(err)
		}
	})
}
