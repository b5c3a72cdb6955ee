package models_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"portico/app/federation"
	"portico/app/openid"
	"portico/app/outbox"
	sso "portico/app/session"
	"portico/app/signin"
	"portico/models"
	"portico/models/modelstest"
)

// notSealed are the columns of bytes that hold something else.
var notSealed = map[string]string{
	"ApplicationCredentialRow.Hash":  "SHA-256 of a random secret",
	"OneTimeLinkRow.Hash":            "SHA-256 of a random token",
	"SignInQuestionRow.Hash":         "SHA-256 of a random token",
	"OpenIDAssertionRow.Hash":        "SHA-256 of a name",
	"OpenIDRequestRow.Hash":          "SHA-256 of a random handle",
	"OpenIDGrantRow.CodeHash":        "SHA-256 of a random code",
	"OpenIDGrantRow.RefreshHash":     "SHA-256 of a random token",
	"OpenIDGrantRow.RefreshPrevious": "SHA-256 of a random token",
	"InvitationRow.Hash":             "SHA-256 of a random token",
	"MailedCodeRow.Hash":             "MAC of a code that lives for minutes",
	"SignInRow.Decision":             "what policies were asked and said, beside the record that says the same in words",
	"RememberedDeviceRow.Hash":       "SHA-256 of a random secret",
	"ActivityRollRow.Body":           "counts and sets of numbers that name nobody",
	"RiskPersonRow.Body":             "counts of what is usual, read at each sign-in",
	"RiskSourceRow.Accounts":         "a sketch that tells a number and no name",
	"RiskSourceRow.Strangers":        "a sketch that tells a number and no name",
	"LeakedAddressRow.Hash":          "MAC of an address",
	"PictureRow.Data":                "a picture that every visitor of the sign-in page sees",
}

// carried are the files that seal what a browser carries for minutes: nothing of it is stored.
var carried = map[string]string{
	"../app/dryrun/walk.go":                  "the form of a dry run",
	"../handlers/account/flash.go":           "the notes of a session of the account pages",
	"../handlers/hosted/federation_leave.go": "where a sign-out at a provider goes on to",
	"../handlers/hosted/trial.go":            "the mark of an admin's trial",
}

// TestEverySealedColumnIsKnown finds columns and uses of Seal that the list of sealed columns has not.
func TestEverySealedColumnIsKnown(t *testing.T) {
	source, err := os.ReadFile("reseal.go")
	must(t, err)
	list := string(source)
	for _, table := range models.Tables() {
		row := reflect.TypeOf(table).Elem()
		for i := range row.NumField() {
			f := row.Field(i)
			if f.Type != reflect.TypeFor[[]byte]() || notSealed[row.Name()+"."+f.Name] != "" {
				continue
			}
			if !strings.Contains(list, "r "+row.Name()+")") || !strings.Contains(list, "r."+f.Name+",") {
				t.Errorf("%s.%s holds bytes: add it to sealedColumns() in reseal.go if it is sealed, else to notSealed here", row.Name(), f.Name)
			}
		}
	}
	calls := 0
	must(t, filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			filepath.Base(path) == "sealer.go" || filepath.Base(path) == "reseal.go" {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || f.Sel.Name != "Seal" || len(call.Args) != 2 {
				return true
			}
			calls++
			name := "something else than a function's answer"
			if c, ok := call.Args[1].(*ast.CallExpr); ok {
				if id, ok := c.Fun.(*ast.Ident); ok {
					name = id.Name
				}
			}
			if carried[filepath.ToSlash(path)] != "" {
				return true
			}
			if !strings.Contains(list, ", "+name+"(") {
				t.Errorf("%s seals under %s, which no line of sealedColumns() in reseal.go knows", path, name)
			}
			return true
		})
		return nil
	}))
	if calls < 7 {
		t.Errorf("only %d uses of Seal were found", calls)
	}
}

// TestResealEndsARotation: after Reseal nothing needs the former secret any more, and everything opens.
func TestResealEndsARotation(t *testing.T) {
	modelstest.EachScratch(t, func(t *testing.T, s modelstest.Scratch) {
		ctx, now := t.Context(), s.Clock.Now()
		under := func(secret, previous string) *models.Store {
			t.Helper()
			st, err := models.Open(s.DSN, sealer(t, secret, previous), s.Clock.Now)
			must(t, err)
			t.Cleanup(func() { _ = st.Close() })
			return st
		}
		old := under("a", "")
		tn := modelstest.MustTenant(t, old, "")
		staff := modelstest.MustTenant(t, old, "workforce")
		u := modelstest.MustUserWithPassword(t, tn, "ann@example.com", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNoaGFzaA")
		must(t, tn.AddOpenIDKey(ctx, modelstest.Actor(), openid.StoredKey{ID: "kid", Alg: "ES256", Private: []byte("private key"), CreatedAt: now, SignFrom: now}))
		const factors = 450 // more than two batches
		must(t, tn.InTx(ctx, func(tn *models.Tenant) error {
			for range factors {
				if _, err := tn.AddCredential(ctx, modelstest.Actor(), models.Credential{UserID: u.ID, Kind: models.KindTOTP, Secret: []byte("totp secret")}); err != nil {
					return err
				}
			}
			return nil
		}))
		must(t, tn.EnqueueOutbox(ctx, outbox.Item{Kind: outbox.Mail, Payload: []byte("a letter")}))
		attempt := signin.Attempt{ID: models.NewID(), TenantID: tn.ID, Browser: "b", Request: signin.Request{ClientID: "app"}, StartedAt: now, ExpiresAt: now.Add(time.Hour)}
		modelstest.Must(models.SignInStores{Store: old}.SignIns(tn.ID).SaveAttempt(ctx, attempt))(t)
		must(t, tn.ParkOpenIDRequest(ctx, []byte("handle"), "a request", now, now.Add(time.Minute)))
		must(t, staff.BeginPortalSession(ctx, models.PortalSessionRow{UserID: "u"}, "code", "browser"))
		session, err := staff.ClaimPortalSession(ctx, "code", "browser", "secret")
		must(t, err)
		must(t, staff.SetFlash(ctx, session.ID, models.PortalFlash{Path: "/admin", Text: "a notice"}))
		must(t, old.SaveDemoSession(ctx, models.DemoSessionRow{ID: "demo", App: "market", Data: []byte("a session"), ExpiresAt: now.Add(time.Hour)}))
		x := modelstest.Must(tn.CreateProvider(ctx, modelstest.Actor(), googleProvider("Google"), models.ProviderSecret{Client: "a client secret"}, asIs))(t)
		apple := federation.Provider{Kind: federation.Apple, Name: "Apple", ClientID: "com.example.web", TeamID: "TEAM123456", KeyID: "KEY1234567"}
		_, key := privateKey(t)
		y := modelstest.Must(tn.CreateProvider(ctx, modelstest.Actor(), apple, models.ProviderSecret{Key: key}, asIs))(t)
		must(t, tn.ParkAnswer(ctx, x.ID, "digest", url.Values{"code": {"posted"}}))
		must(t, tn.PutSession(ctx, sso.Session{SID: "sid", TenantID: tn.ID, UserID: u.ID, AuthTime: now, CreatedAt: now, Upstream: sso.Upstream{Provider: x.ID, SID: "there"}}, "cookie", "", signin.SessionInfo{ExpiresAt: now.Add(time.Hour)}))
		const all = 10 + factors

		seals := func(st *models.Store, want models.Seals) {
			t.Helper()
			if got, err := st.CountSeals(ctx); err != nil || got != want {
				t.Errorf("sealed values: %+v, %v; want %+v", got, err, want)
			}
		}
		seals(old, models.Seals{Current: all})
		seals(under("c", ""), models.Seals{Passing: 6, Lost: all - 6})
		if n, err := old.Reseal(ctx); n != 0 || err != nil {
			t.Errorf("without a former secret %d values were sealed anew, %v", n, err)
		}
		both := under("b", "a")
		seals(both, models.Seals{Previous: all})
		if n, err := both.CheckSeals(ctx); n != 1 || err != nil {
			t.Errorf("%d keys open, %v", n, err)
		}
		if n, err := both.Reseal(ctx); n != all || err != nil {
			t.Errorf("%d values were sealed anew, %v; want %d", n, err, all)
		}
		seals(both, models.Seals{Current: all})
		if n, err := both.Reseal(ctx); n != 0 || err != nil {
			t.Errorf("the second time %d values were sealed anew, %v", n, err)
		}

		only := under("b", "")
		tn, staff = only.Tenant(tn.ID), only.Tenant(staff.ID)
		if keys, err := tn.OpenIDKeys(ctx); err != nil || len(keys) != 1 || string(keys[0].Private) != "private key" {
			t.Errorf("signing keys: %v, %v", keys, err)
		}
		creds, err := tn.Credentials(ctx, u.ID, models.KindTOTP)
		if err != nil || len(creds) != factors || string(creds[factors-1].Secret) != "totp secret" {
			t.Errorf("%d factors, %v", len(creds), err)
		}
		if hash, err := tn.Password(ctx, u.ID); err != nil || !strings.HasPrefix(hash, "$argon2id$") {
			t.Errorf("the password is %q, %v", hash, err)
		}
		if items, err := only.ClaimOutbox(ctx, "me", now, time.Minute, 5); err != nil || len(items) != 1 || string(items[0].Payload) != "a letter" {
			t.Errorf("outbox: %v, %v", items, err)
		}
		if a, err := (models.SignInStores{Store: only}).SignIns(tn.ID).Attempt(ctx, attempt.ID); err != nil || a.Request.ClientID != "app" {
			t.Errorf("attempt: %+v, %v", a, err)
		}
		if body, ok, err := tn.TakeOpenIDRequest(ctx, []byte("handle"), now); err != nil || !ok || body != "a request" {
			t.Errorf("parked request: %q, %v", body, err)
		}
		if got, err := tn.ProviderSecrets(ctx, x.ID); err != nil || got.Client != "a client secret" {
			t.Errorf("client secret: %q, %v", got.Client, err)
		}
		if got, err := tn.ProviderSecrets(ctx, y.ID); err != nil || got.Key == nil {
			t.Errorf("private key: %v", err)
		}
		if got, live, err := tn.Session(ctx, "cookie", now); err != nil || !live || got.Upstream.SID != "there" {
			t.Errorf("session at the provider: %+v, %v", got.Upstream, err)
		}
		if form, ok, err := tn.TakeParked(ctx, x.ID, "digest"); err != nil || !ok || form.Get("code") != "posted" {
			t.Errorf("parked answer: %v, %v", form, err)
		}
		if row, err := staff.PortalSession(ctx, "secret", true); err != nil {
			t.Error(err)
		} else if f, err := staff.TakeFlash(ctx, row, "/admin"); err != nil || f == nil || f.Text != "a notice" {
			t.Errorf("notice: %+v, %v", f, err)
		}
		if row, ok, err := only.DemoSession(ctx, "market", "demo"); err != nil || !ok || string(row.Data) != "a session" {
			t.Errorf("sample session: %q, %v", row.Data, err)
		}
	})
}
