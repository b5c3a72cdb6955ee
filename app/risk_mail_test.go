package main

import (
	"fmt"
	"io"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"portico/app/access"
	"portico/app/account"
	"portico/app/audit"
	"portico/app/message"
	"portico/app/message/smtptest"
	"portico/app/record"
	"portico/app/risk"
	"portico/app/tenant"
	"portico/models"
)

// TestPeopleAtRiskAreMailed: from a detection to the mail server. It reaches the holders of three roles over the tenant
// and whom its admins added, each once, and nobody else; it names people by what they sign in with.
func TestPeopleAtRiskAreMailed(t *testing.T) {
	t.Chdir(t.TempDir())
	var mails smtptest.Server
	address := mails.Listen(t, false)
	now := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)
	p, err := open(world{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard, now: func() time.Time { return now },
		environ: []string{"PORT=3000", "PORTICO_DEV_MAILBOX=false", "PORTICO_MAIL_FROM=portico@example.com", "SMTP_URL=smtp://" + address}})
	must(t, err)
	t.Cleanup(p.close)
	must(t, p.store.Migrate(t.Context()))
	s, by := newServer(p), audit.System("test")
	must(t, s.wire(t.Context()))
	base, err := url.Parse("http://localhost:3000")
	must(t, err)
	row, err := p.store.TenantBy(t.Context(), tenant.WorkforceSlug)
	must(t, err)
	staff := p.store.Tenant(row.ID)
	shop, err := p.store.CreateTenant(t.Context(), by, tenant.Tenant{Slug: "shop", Name: "Shop", Settings: tenant.Settings{RiskMail: tenant.RiskMail{Also: []string{"soc@example.com", "Global@staff.example"}}}})
	must(t, err)
	other, err := p.store.CreateTenant(t.Context(), by, tenant.Tenant{Slug: "other", Name: "Other"})
	must(t, err)
	in := p.store.Tenant(shop.ID)
	admin := func(email, roleID, over string, emergency bool) {
		t.Helper()
		u, err := staff.CreateUser(t.Context(), by, models.User{Account: account.Account{DisplayName: email, Mail: email, Enabled: true, FirstFactor: "emailPassword", Emergency: emergency,
			Identities: []account.Identity{{SignInType: account.SignInEmail, Value: email}}}}, "hash:x")
		must(t, err)
		_, err = staff.AssignRole(t.Context(), by, u.ID, access.Assignment{RoleID: roleID, TenantID: over})
		must(t, err)
	}
	admin("global@staff.example", access.GlobalAdministratorID, access.AllTenants, false)
	admin("glass@staff.example", access.GlobalAdministratorID, access.AllTenants, true)
	admin("reader@staff.example", access.SecurityReaderID, shop.ID, false)
	admin("elsewhere@staff.example", access.SecurityAdministratorID, other.ID, false)
	ann, err := in.CreateUser(t.Context(), by, models.User{Account: account.Account{DisplayName: "Click here", Mail: "ann@example.com", Enabled: true, FirstFactor: "emailPassword",
		Identities: []account.Identity{{SignInType: account.SignInEmail, Value: "ann@example.com"}}}}, "hash:x")
	must(t, err)
	_, err = in.AddDetection(t.Context(), by, models.Detection{UserID: ann.ID, Type: models.UserReported, Level: risk.High, Timing: risk.Offline, Activity: models.ActivityUser})
	must(t, err)

	deliver := func() (to []string, text string) {
		t.Helper()
		was := len(mails.Mails())
		channels, err := s.mailChannels(letters{bundle: s.bundle, baseURL: base, tenant: s.tenantOf, plain: message.Plain{Bundle: s.bundle, Tenant: s.tenantName}})
		must(t, err)
		_, err = s.deliverer(newMetrics(), channels).Once(t.Context())
		must(t, err)
		for _, m := range mails.Mails()[was:] {
			to, text = append(to, strings.Trim(m.To, "<>")), m.Data
		}
		slices.Sort(to)
		return to, text
	}
	must(t, s.tellAtRisk(t.Context(), shop))
	must(t, s.tellAtRisk(t.Context(), shop))
	to, text := deliver()
	if want := []string{"global@staff.example", "reader@staff.example", "soc@example.com"}; !slices.Equal(to, want) {
		t.Errorf("mailed to %q, want %q", to, want)
	}
	if !strings.Contains(text, "ann@example.com") || strings.Contains(text, "Click here") || !strings.Contains(text, "/admin/t/shop/risky-users") {
		t.Error(text)
	}

	// Somebody with something real and something simulated is one person, in one line.
	both := []models.PersonAtRisk{{UserID: "a", Address: "simon@example.com", Level: risk.High, Types: []string{risk.PasswordSpray}, Simulated: true}, {UserID: "b", Address: "bea@example.com", Level: risk.High, Types: []string{risk.PasswordSpray}},
		{UserID: "a", Address: "simon@example.com", Level: risk.Medium, Types: []string{risk.CredentialStuffing}}}
	if lines := atRiskLines(s.bundle.Match("en"), both); len(byPerson(both)) != 2 || !slices.Equal(lines, []string{"simon@example.com · medium · Credential stuffing | high · Password spray · simulated", "bea@example.com · high · Password spray"}) {
		t.Errorf("%q", lines)
	}

	for now.Weekday() != time.Monday || now.Hour() != 7 {
		now = now.Add(time.Hour)
	}
	must(t, s.tellWeek(t.Context(), shop))
	must(t, s.tellWeek(t.Context(), shop))
	if to, text := deliver(); len(to) != 3 || !strings.Contains(text, "high 1") {
		t.Errorf("the digest went to %q: %s", to, text)
	}

	trial := shop
	trial.Plan = tenant.Trial
	if watched(trial) {
		t.Error("a trial has no Identity Protection")
	}

	// Four more weeks, the jobs every hour: what is told is what happened in between, once, and a week without anything
	// has its digest and no other mail. The drift of the challenge budget is that of the last seven days.
	share, perDay := risk.Settings{ChallengeShare: 10, UnfamiliarMedium: 4}, 100
	signIn := func(score float64, level string) {
		t.Helper()
		must(t, in.RecordSignIn(t.Context(), record.SignIn{ID: models.NewID(), Kind: record.Interactive, Protocol: "openid", StartedAt: now, EndedAt: now, User: record.Party{ID: ann.ID, Name: "Ann"},
			RiskScore: score, RiskLevel: level, Features: []record.Feature{{Name: "browser"}}, Outcome: record.Outcome{Result: record.Success}}))
	}
	for week, x := range []struct {
		challenged int    // of the sign-ins of each day
		detections int    // on its Wednesday, seconds apart
		drift      string // on the Monday after
	}{{10, 0, ""}, {30, 3, risk.MoreThanAsked}, {0, 0, risk.FarLess}, {10, 1, ""}} {
		digests, atRisk, digest := 0, 0, ""
		for hour := range 7 * 24 {
			now = now.Add(time.Hour)
			if now.Hour() == 12 {
				for n := range perDay {
					if n < x.challenged {
						signIn(5, risk.Medium)
					} else {
						signIn(1, "")
					}
				}
			}
			if hour == 53 {
				for range x.detections {
					now = now.Add(time.Second)
					_, err = in.AddDetection(t.Context(), by, models.Detection{UserID: ann.ID, Type: models.UserReported, Level: risk.High, Timing: risk.Offline, Activity: models.ActivityUser, ActivityAt: now})
					must(t, err)
				}
			}
			if now.Hour() == 12 || now.Hour() == 6 {
				for n := 1; n > 0; {
					n, err = in.FoldRisk(t.Context())
					must(t, err)
				}
			}
			must(t, s.tellAtRisk(t.Context(), shop))
			must(t, s.tellWeek(t.Context(), shop))
			if to, text := deliver(); len(to) > 0 {
				if len(to) != 3 {
					t.Errorf("week %d: mailed to %q", week, to)
				}
				if strings.Contains(text, "/risky-users") {
					atRisk++
				} else {
					digests, digest = digests+1, text
				}
			}
		}
		want := "Risky sign-ins: 0"
		if x.challenged > 0 {
			want = fmt.Sprintf("Risky sign-ins: %d (medium %d)", 7*x.challenged, 7*x.challenged)
		}
		if digests != 1 || atRisk != min(x.detections, 1) || !strings.Contains(digest, want) {
			t.Errorf("week %d: %d digests, %d mails about people, and the digest lacks %q:\n%s", week, digests, atRisk, want, digest)
		}
		rows, err := in.RiskDays(t.Context(), now.AddDate(0, 0, -7), now.AddDate(0, 0, -1))
		must(t, err)
		scores := risk.ScoreDay{Scores: map[int]int{}}
		for _, r := range rows {
			if r.Kind == models.DayScore {
				bucket, err := strconv.Atoi(r.Value)
				must(t, err)
				scores.Scores[bucket] += int(r.Count)
			}
		}
		if d := risk.DriftOf([]risk.ScoreDay{scores}, share); d.Off != x.drift || d.SignIns != 7*perDay || d.Share != float64(x.challenged)/float64(perDay) {
			t.Errorf("week %d: the drift is %+v", week, d)
		}
	}
}
