package signin

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"slices"
	"time"

	"portico/app/account"
	"portico/app/extension"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/limit"
	"portico/app/record"
	"portico/app/userflow"
)

// apply turns a form into the facts of its step. It decides nothing about what comes next.
func (r *run) apply(ctx context.Context, s Step, f Form) error {
	switch f.Action {
	case "cancel":
		if s.Name == Stopped { // the app hears that it may work later, or that nothing will come of it (RFC 6749 §4.1.2.1)
			r.a.Facts.Cancelled = leaving(s, r.w.Now)
			return nil
		}
		r.a.Facts.Cancelled = &Cancelled{Error: "access_denied", Note: "signin.cancelled", At: r.w.Now}
		return nil
	case "restart":
		return errStartAgain
	case "signIn": // "I have an account", on the sign-up page; "I know it", on that of a forgotten password
		if s.Name == SignUp || s.Name == Forgot {
			r.a.Request.LoginHint = f.Value("email")
			return errSignIn
		}
	}
	if f.Action == "" && f.Value("provider") != "" {
		return r.chooseProvider(ctx, s, f)
	}
	if f.Action == "passkey" && PasskeyFirst(r.a, r.w, s.Name) {
		return r.passkey(ctx, s, f)
	}
	switch s.Name {
	case Select:
		return r.selectAccount(f)
	case Identify, SignIn, SignUp, Forgot:
		return r.identify(ctx, s, f)
	case Waiting:
		r.stayHere()
	case Address:
		return r.giveAddress(ctx, f)
	case ProviderOver:
		return errStartAgain
	case Password:
		return r.password(ctx, f)
	case Code:
		return r.code(ctx, f)
	case ChoosePassword, ChangePassword, ResetPassword:
		return r.choosePassword(ctx, s, f)
	case ResetDone: // on to a fresh sign-in with the new password
		return errStartAgain
	case Enrol, Challenge:
		return r.secondFactor(ctx, s, f)
	case Recover:
		r.a.Facts.RecoverySet = &Mark{At: r.w.Now}
	case AskAttributes:
		return r.answers(ctx, s, f)
	case Stopped:
		return r.tryAgain(s, f)
	case AskRestore:
		if f.Action != "accept" {
			r.a.Facts.Cancelled = &Cancelled{Error: "access_denied", Note: noteLeft, At: r.w.Now}
			return nil
		}
		r.a.Facts.Restored = &Mark{At: r.w.Now}
	case AskTerms:
		return r.agree(s, f)
	case AskConsent:
		if f.Action != "accept" {
			r.a.Facts.Cancelled = &Cancelled{Error: "access_denied", Note: "signin.consent_declined", At: r.w.Now}
			return nil
		}
		r.a.Facts.Consent = &Consent{Scopes: s.Scopes, At: r.w.Now}
	case AskStay:
		r.a.Facts.Stay = &Stay{Yes: f.Action == "yes" || f.Action == "" && f.Value("stay") != "", At: r.w.Now}
	case Blocked:
		if f.Action == "forgot" && ResetHelps(s, r.a, r.w) {
			return errForgot
		}
		r.a.Facts.Cancelled = &Cancelled{Error: "access_denied", Note: "signin." + string(s.Name), At: r.w.Now}
	case NoAccount, Expired, InvitationOver:
		r.a.Facts.Cancelled = &Cancelled{Error: "access_denied", Note: "signin." + string(s.Name), At: r.w.Now}
	}
	return nil
}

func (r *run) selectAccount(f Form) error {
	if f.Action == "other" {
		r.a.Facts.Other = &Mark{At: r.w.Now}
		return nil
	}
	if r.w.Session == nil || f.Value("account") != r.w.Session.SID {
		return fault.New(fault.Expired, "signin.page_out_of_date")
	}
	r.a.Facts.Resumed = &Resumed{SID: r.w.Session.SID, UserID: r.w.Session.UserID, At: r.w.Now}
	if !sessionUsable(r.a, r.w) { // it cannot be gone on with (max_age, hints): prove again, under the same name
		r.a.Facts.Resumed = nil
		r.a.Facts.Other = &Mark{At: r.w.Now}
		r.a.Request.LoginHint = r.w.Holder.Mail
	}
	return nil
}

// identify takes the address or user name, and on the one-form page the password and "stay signed in"
// with it.
func (r *run) identify(ctx context.Context, s Step, f Form) error {
	switch {
	case f.Action == "signUp" && r.w.Flow.SignUpAllowed:
		r.a.Facts.SignUp = &Mark{At: r.w.Now}
		if typed := f.Value("email"); typed != "" { // nothing typed is lost on the way to the next page
			r.a.Request.LoginHint = typed
		}
		return nil
	case f.Action == "forgot" && s.Name != SignUp && Resettable(r.w.Flow):
		return r.forgot(ctx, f.Value("email"))
	}
	var bad fault.Fields
	id, err := r.named(f.Value("email"), s.Name != SignUp)
	if err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	} else if s.Name == SignUp {
		// Said about every address alike: whoever has an account there signs in and is not asked.
		if why := refuses(r.a, r.w, id.Canonical); why != "" {
			bad.Add("email", why, nil)
		}
	}
	if s.Name == SignIn && f.Value("password") == "" {
		bad.Add("password", "field.password.required", nil)
	}
	if err := bad.Err(); err != nil {
		return err
	}
	if r.a.Facts.Identified != nil {
		return errStartAgain
	}
	if s.Name == Forgot {
		return r.mailReset(ctx, id)
	}
	if p := r.w.routed(r.a.Facts, id.Canonical); p != nil && r.a.Request.Invitation == nil && id.Type != account.SignInUserName {
		r.a.Request.LoginHint = id.Typed
		return r.depart(ctx, s, *p, id.Typed)
	}
	who, err := r.find(ctx, r.store, id)
	if err != nil {
		return err
	}
	switch {
	case s.Name == SignIn:
		if err := r.checkPassword(ctx, who, id.Canonical, f.Value("password")); err != nil {
			return err
		}
		if !r.w.Tenant.Settings.StayedSignedInOff && !r.a.ownPages() {
			r.a.Facts.Stay = &Stay{Yes: f.Value("stay") != "", At: r.w.Now}
		}
	case s.Name == SignUp, !r.w.Flow.Accepts(userflow.EmailPassword):
		if err := r.mailTo(ctx, PurposeProve, who, id, r.decoy(who)); err != nil {
			return err
		}
	}
	r.a.Facts.Identified, r.w.Account = id, who
	return nil
}

// decoy: a code for an address that nobody has, where nobody new may come in, is not delivered. (A domain
// that may not sign up gets its code: it hears why only once the mailbox is proven.)
func (r *run) decoy(who account.Account) bool {
	return who.ID == "" && !r.w.Flow.SignUpAllowed && r.a.Request.Invitation == nil
}

// address is where a code goes: the identity as it is stored, else as it was typed.
func address(who account.Account, typed, canonical string) string {
	for _, i := range who.Identities {
		if i.Canonical == canonical {
			return i.Value
		}
	}
	return canonical
}

func (r *run) password(ctx context.Context, f Form) error {
	id := r.a.Facts.Identified
	switch {
	case f.Action == "code" && r.w.Flow.Accepts(userflow.EmailCode) && r.a.Facts.Email == nil && id.Type != account.SignInUserName:
		return r.mailTo(ctx, PurposeProve, r.w.Account, id, r.decoy(r.w.Account))
	case f.Action == "forgot" && Resettable(r.w.Flow):
		r.a.Facts.Reset = &Mark{At: r.w.Now}
		if r.a.Facts.Email != nil { // a code has just shown the mailbox
			return nil
		}
		return r.mailReset(ctx, id)
	}
	if f.Value("password") == "" {
		return fault.BadField("password", "field.password.required", nil)
	}
	return r.checkPassword(ctx, r.w.Account, id.Canonical, f.Value("password"))
}

// checkPassword counts first, verifies then, and answers alike for known and unknown people.
func (r *run) checkPassword(ctx context.Context, who account.Account, canonical, password string) error {
	if r.a.Facts.Password != nil {
		return errStartAgain
	}
	if len(password) > 4*factor.MaxPassword {
		return fault.BadField("password", "signin.wrong", nil)
	}
	if err := r.Hasher.Room(); err != nil { // an overload is refused before it costs a write
		return err
	}
	set := r.w.Tenant.Settings
	key := r.lockKey(who, canonical)
	ticket, until, admitted, err := r.store.BeginTry(ctx, key, limit.LockRules{Threshold: set.LockoutThreshold,
		First: time.Duration(set.LockoutSeconds) * time.Second}, r.w.Now)
	if err != nil {
		return err
	}
	if !admitted {
		return r.failed(ctx, who, canonical, factor.Password, codeLocked, locked("password", until.Sub(r.w.Now)))
	}
	hash, err := r.store.PasswordHash(ctx, who.ID) // of nobody, too
	if err != nil {
		return err
	}
	breached, unread := r.breached(ctx, password) // of a wrong one too, so that time tells nothing
	right, old, err := r.Hasher.Verify(ctx, hash, password)
	if err != nil {
		if err2 := r.store.RefundTry(ctx, key, ticket); err2 != nil {
			return err2
		}
		return err
	}
	var advised *Advised
	outdated := ""
	switch {
	case !r.w.Flow.Accepts(userflow.EmailPassword):
		right = false
	case right:
		r.migrated(who)
	default:
		if advised, err = r.elsewhere(ctx, who, canonical, password); err != nil {
			return err
		}
		right = advised != nil && (advised.Action == extension.MigratePassword || advised.Action == extension.UpdatePassword)
		if right {
			if outdated, err = r.takeOver(ctx, who, password, advised.Action == extension.UpdatePassword); err != nil {
				return err
			}
		}
		old = false
	}
	if !right {
		if err := r.store.FailTry(ctx, key, ticket, r.MAC("lockout.password", labels(string(key), password))); err != nil {
			return err
		}
		if advised != nil && blocks(advised.Action) { // its own page says why
			return nil
		}
		return r.failed(ctx, who, canonical, factor.Password, wrongCode(advised), fault.BadField("password", "signin.wrong", nil))
	}
	r.a.Facts.Password = &Passed{UserID: who.ID, Kind: factor.Password, At: r.Now().UTC().Truncate(time.Microsecond), Breached: breached, Unread: unread, Outdated: outdated}
	r.effects = append(r.effects, func(ctx context.Context, s Store) error { return s.ClearTries(ctx, key) })
	if old {
		fresh, err := r.Hasher.Hash(ctx, password)
		if err == nil { // a full queue is no reason to fail a right password
			r.effects = append(r.effects, func(ctx context.Context, s Store) error {
				return s.SetPassword(ctx, who.ID, PasswordChange{Hash: fresh, Rehash: true})
			})
		}
	}
	return nil
}

// breached looks a password up in the local list of those that are known from breaches. Only of the right one anything
// is kept. A list that cannot be read is no reason to fail anybody: the detection could not tell.
func (r *run) breached(ctx context.Context, password string) (known, unread bool) {
	if r.Breached == nil {
		return false, false
	}
	known, err := r.Breached.Contains(password)
	if err != nil {
		slog.WarnContext(ctx, "the list of breached passwords could not be read", "error", err)
	}
	return known, err != nil
}

// locked says how long nothing is tried any more, in whole minutes: the same words whoever is asked for.
func locked(field string, wait time.Duration) *fault.Error {
	minutes := map[string]any{"count": max(1, int((wait+time.Minute-1)/time.Minute))}
	return &fault.Error{Code: fault.TooMany, Key: "signin.locked", Args: minutes,
		Fields: []fault.Field{{Name: field, Key: "signin.locked", Args: minutes}}, RetryAfter: wait}
}

// lockKey names the counter: one per account for places it knows and one for all others. Addresses that
// nobody has share 2^20 counters, so that strangers cannot grow the table without end.
func (r *run) lockKey(who account.Account, canonical string) []byte {
	if who.ID == "" {
		m := r.MAC("lockout", labels(r.a.TenantID, "address", canonical))
		return []byte{'?', m[0], m[1], m[2] & 0x0f}
	}
	if r.knows(who.ID) {
		return lockOf(r.MAC, r.a.TenantID, who.ID, "familiar")
	}
	return lockOf(r.MAC, r.a.TenantID, who.ID, "elsewhere")
}

func lockOf(m MAC, tenantID, userID, what string) []byte {
	return m("lockout", labels(tenantID, "account", userID, what))[:16]
}

// LockKeys names every counter of an account: what a reset of its password clears (R 14.1.8).
func LockKeys(m MAC, tenantID, userID string) [][]byte {
	var keys [][]byte
	for _, what := range []string{"familiar", "elsewhere", "second", "passkey", "own pages"} {
		keys = append(keys, lockOf(m, tenantID, userID, what))
	}
	return keys
}

// OwnLock names the counter of wrong passwords on the account pages. It is one of its own: whoever sits in
// front of a stolen session can try there as often as anybody, and locks nobody out of signing in.
func OwnLock(m MAC, tenantID, userID string) []byte { return lockOf(m, tenantID, userID, "own pages") }

// Locked says how long nothing is tried any more.
func Locked(field string, wait time.Duration) error { return locked(field, wait) }

// code takes the mailed code that proves the address, or the mailbox of a forgotten password.
func (r *run) code(ctx context.Context, f Form) error {
	id, purpose := r.a.Facts.Identified, PurposeProve
	if Resetting(r.a, r.w) {
		purpose = PurposeReset
	}
	if f.Action == "resend" {
		if purpose == PurposeReset {
			return r.mailReset(ctx, id)
		}
		return r.mailTo(ctx, purpose, r.w.Account, id, r.decoy(r.w.Account))
	}
	if r.a.Facts.Email != nil {
		return errStartAgain
	}
	if err := r.tryCode(ctx, purpose, f.Value("code")); err != nil {
		return err
	}
	r.a.Facts.Email = &EmailProof{Address: id.mailbox(r.w.Account), At: r.w.Now}
	return nil
}

// tryCode counts, compares and plans to spend the last code of a purpose.
func (r *run) tryCode(ctx context.Context, purpose, typed string) error {
	last, sent := r.a.Facts.mailed(purpose)
	if sent == 0 {
		return fault.New(fault.Expired, "signin.page_out_of_date")
	}
	code := factor.CleanCode(typed)
	switch {
	case typed == "":
		return fault.BadField("code", "field.code.required", map[string]any{"count": factor.CodeDigits})
	case len(code) != factor.CodeDigits:
		return fault.BadField("code", "field.code.shape", map[string]any{"count": factor.CodeDigits})
	}
	row, alive, err := r.store.TryCode(ctx, last.ID, r.w.Now)
	if err != nil {
		return err
	}
	by := factor.EmailCode
	if texted(purpose) {
		by = factor.SMSCode
	}
	if !alive {
		return r.failed(ctx, r.w.Account, r.identifier(), by, codeOld, fault.BadField("code", "field.code.dead", nil))
	}
	if row.AttemptID != r.a.ID || row.Purpose != purpose || subtle.ConstantTimeCompare(row.Hash, r.codeHash(purpose, last.ID, code)) != 1 {
		return r.failed(ctx, r.w.Account, r.identifier(), by, codeWrongCode, fault.BadField("code", "field.code.wrong", nil))
	}
	r.effects = append(r.effects, func(ctx context.Context, s Store) error {
		won, err := s.SpendCode(ctx, last.ID, r.w.Now)
		if err == nil && !won {
			return fault.New(fault.Conflict, "error.conflict")
		}
		return err
	})
	return nil
}

func (r *run) codeHash(purpose, id, code string) []byte {
	return r.MAC("signin.code", labels(r.a.ID, purpose, id, code))
}

// mail plans a new code to an address.
func (r *run) mail(ctx context.Context, purpose, to string, decoy bool) error {
	canonical, err := account.CanonicalEmail(to)
	if err != nil {
		return err
	}
	return r.post(ctx, purpose, to, canonical, "", decoy)
}

// post plans a new code: the one before it stops working, limits count before anything is queued. counted is
// what the destination's limit is kept under; quiet, if any, is a further destination whose limit nobody
// sees: past it the mail is a decoy.
func (r *run) post(ctx context.Context, purpose, to, counted, quiet string, decoy bool) error {
	if err := r.cooled(purpose); err != nil {
		return err
	}
	sending := Sending{Channel: "mail", TenantID: r.a.TenantID, IP: r.visit.Signals.IP, Rate: r.w.Tenant.Settings.RequestsPerSecondPerIP,
		Relaxed: r.Relaxed, Destination: counted}
	if err := sending.Take(ctx, r.store, r.MAC, r.w.Now); err != nil {
		return err
	}
	if quiet != "" {
		_, ok, err := r.store.Take(ctx, r.MAC("limit.destination", []byte(quiet)), limit.PerDestination(), r.w.Now)
		if err != nil {
			return err
		}
		decoy = decoy || !ok
	}
	return r.sendCode(purpose, CodeMail{To: to, Decoy: decoy})
}

// cooled refuses another code of a purpose too soon after the one before.
func (r *run) cooled(purpose string) error {
	last, sent := r.a.Facts.mailed(purpose)
	if wait := last.At.Add(factor.Cooldown(sent)).Sub(r.w.Now); sent > 0 && wait > 0 {
		return &fault.Error{Code: fault.TooMany, Key: "code.too_soon", Args: map[string]any{"count": int(wait/time.Second) + 1}, RetryAfter: wait}
	}
	return nil
}

// sendCode plans a code of a purpose and the message that brings it; what limits it has counted before.
func (r *run) sendCode(purpose string, mail CodeMail) error {
	_, sent := r.a.Facts.mailed(purpose)
	code, err := factor.NewCode(r.Random)
	if err != nil {
		return err
	}
	id := newID()
	row := CodeRow{ID: id, AttemptID: r.a.ID, Purpose: purpose, Hash: r.codeHash(purpose, id, code),
		ExpiresAt: r.w.Now.Add(factor.CodeLifetime), CreatedAt: r.w.Now}
	mail.TenantID, mail.Locale, mail.Code, mail.Purpose = r.a.TenantID, r.visit.Wish, code, purpose
	mail.ClientID, mail.Origin = r.a.Request.ClientID, r.codeOrigin(purpose)
	r.a.Facts.Codes = append(slices.Clip(r.a.Facts.Codes), Mailed{ID: id, Purpose: purpose, To: mail.To, At: r.w.Now})
	r.effects = append(r.effects, func(ctx context.Context, s Store) error {
		if sent > 0 {
			if err := s.BurnCodes(ctx, r.a.ID, purpose, r.w.Now); err != nil {
				return err
			}
		}
		if err := s.AddCode(ctx, row); err != nil {
			return err
		}
		return r.Mailer.Code(ctx, s.Tx(), mail)
	})
	return nil
}

// choosePassword takes a new password: at sign-up, because a change is demanded, or in place of a forgotten
// one.
func (r *run) choosePassword(ctx context.Context, s Step, f Form) error {
	password := f.Value("newPassword")
	rules, who := r.rules(), s.Person.Account
	names := append(r.namesOfNewcomer(), who.GivenName, who.Surname, who.DisplayName, localPart(s.Person.Email), r.w.Tenant.Name)
	if err := rules.Check(password, names...); err != nil {
		e := fault.Of(err)
		for i := range e.Fields {
			e.Fields[i].Name = "newPassword"
		}
		return e
	}
	if s.Name != ChoosePassword { // it must be another one (R 2.6.2)
		now, err := r.store.PasswordHash(ctx, who.ID)
		if err != nil {
			return err
		}
		if same, _, err := r.Hasher.Verify(ctx, factor.Former(now), password); err != nil {
			return err
		} else if same {
			return fault.BadField("newPassword", "field.new_password.same", nil)
		}
		if err := r.sameAsElsewhere(ctx, password); err != nil {
			return err
		}
	}
	hash, err := r.Hasher.Hash(ctx, password)
	if err != nil {
		return err
	}
	switch s.Name {
	case ResetPassword:
		r.replace(who, hash, f.Value("everywhere") != "", s.Secure)
	case ChangePassword:
		r.a.Facts.Changed = &NewPassword{Hash: hash, At: r.w.Now}
	default:
		r.a.Facts.NewPassword = &NewPassword{Hash: hash, At: r.w.Now}
	}
	return nil
}

// namesOfNewcomer are the names of somebody who has no account yet, as far as the attempt knows them: from the
// invitation, and from answers given before. What is asked for only after the password cannot be held against
// it, since the password itself is not kept.
func (r *run) namesOfNewcomer() []string {
	var out []string
	add := func(values map[string]any) {
		for _, id := range []string{"givenName", "surname", "displayName", userflow.UserName} {
			if name, _ := values[id].(string); name != "" {
				out = append(out, name)
			}
		}
	}
	if inv := r.a.Request.Invitation; inv != nil {
		add(inv.Values)
	}
	if at := r.a.Facts.Attributes; at != nil {
		add(at.Values)
	}
	return out
}

// failed records a failed proof at once, then hands back what the form shows.
func (r *run) failed(ctx context.Context, who account.Account, identifier, method string, code int, shown *fault.Error) error {
	step := Step{Person: Person{Account: who, Email: identifier}}
	if p := person(r.a, r.w); p.Proven && p.Account.ID == who.ID && r.place.Tenant.Governed() {
		step.Verdict.Risk = r.assess(p) // a second factor failed: whoever knew the first one may be somebody else
	}
	rec := r.failure(step, code, shown.Key, method)
	if err := r.store.RecordSignIn(ctx, rec); err != nil {
		return err
	}
	return shown
}

// failure is the record of one failed proof; identical ones of an attempt fold into one with a count.
func (r *run) failure(s Step, code int, key, method string) record.SignIn {
	rec := r.record(s, record.Outcome{Result: record.Failure, Code: code, Key: key, Step: string(s.Name)})
	if method != "" {
		rec.Proofs = append(rec.Proofs, record.Proof{Method: method, At: r.w.Now, Reason: key})
	}
	rec.Identifier = s.Person.Email
	rec.ID = foldID(r.a.ID, rec.Identifier, method, key)
	return rec
}

func (r *run) identifier() string {
	if id := r.a.Facts.Identified; id != nil {
		return id.Canonical
	}
	return r.w.Holder.Mail
}
