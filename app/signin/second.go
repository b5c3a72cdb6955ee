package signin

import (
	"cmp"
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/limit"
)

// prepare begins the second factor that needs no choice, so that its page can be shown: the one used last, when
// nothing has to be sent for it. A code by mail or text message is never sent unasked.
func (r *run) prepare(ctx context.Context, s Step) error {
	if s.Name != Enrol && s.Name != Challenge {
		return nil
	}
	if !UnderWay(r.a.Facts, s).At.IsZero() {
		return nil
	}
	kind := ""
	if s.Name == Enrol && len(s.Kinds) == 1 {
		kind = s.Kinds[0]
	}
	if s.Name == Challenge {
		kind = firstAsked(s.Methods)
	}
	if kind == "" || kind == factor.EmailCode || kind == factor.SMSCode && s.Name == Challenge {
		return nil
	}
	if err := r.begin(ctx, s, kind, false); err != nil && kind != factor.Passkey {
		return err
	}
	return nil // a passkey that cannot be asked for leaves the choice of the others
}

// begin starts a ceremony: draws the secret, makes the challenge, or (when send) mails the code.
func (r *run) begin(ctx context.Context, s Step, kind string, send bool) error {
	c := Ceremony{Kind: kind, Enrol: s.Name == Enrol, At: r.w.Now}
	var err error
	switch {
	case kind == factor.TOTP && c.Enrol:
		c.Secret, err = factor.NewTOTP(r.Random)
	case kind == factor.Passkey:
		var owner factor.PasskeyOwner
		if owner, err = r.owner(ctx, s.Person); err != nil {
			return err
		}
		if c.Enrol {
			c.Client, c.Server, err = r.passkeys().BeginRegister(owner, PasskeyRules(r.w.Tenant))
		} else {
			c.Client, c.Server, err = r.passkeys().BeginAssert(owner)
			if errors.Is(err, factor.ErrNoPasskey) {
				err = fault.BadField("method", "field.method.required", nil)
			}
		}
	case kind == factor.EmailCode && send:
		purpose, to := PurposeSecond, emailMethod(s)
		if c.Enrol {
			purpose, to = PurposeEnrol, s.Person.Email
		}
		err = r.mail(ctx, purpose, to, false)
	case kind == factor.SMSCode && send && !c.Enrol:
		err = r.text(ctx, s, PurposeText, textMethod(s))
	}
	if err == nil {
		r.a.Facts.Ceremonies = append(slices.Clip(r.a.Facts.Ceremonies), c)
	}
	return err
}

// secondFactor takes the forms of enrolment and challenge.
func (r *run) secondFactor(ctx context.Context, s Step, f Form) error {
	c := UnderWay(r.a.Facts, s)
	action := f.Action
	if action == "" && f.Value("method") != "" { // the buttons of the choice carry the method alone
		action = "choose"
	}
	switch action {
	case "skip":
		if s.Optional {
			r.a.Facts.Postponed = &Mark{At: r.w.Now}
		}
		return nil
	case "back":
		r.a.Facts.Ceremonies = append(slices.Clip(r.a.Facts.Ceremonies), Ceremony{Enrol: s.Name == Enrol, At: r.w.Now})
		return nil
	case "choose":
		kind := f.Value("method")
		if s.Name == Enrol && !slices.Contains(s.Kinds, kind) || s.Name == Challenge && kind != factor.Recovery &&
			!slices.ContainsFunc(s.Methods, func(m account.Method) bool { return m.Kind == kind }) {
			return fault.BadField("method", "field.method.required", nil)
		}
		if kind == factor.Recovery && !s.Recovery {
			return fault.BadField("method", "field.method.required", nil)
		}
		return r.begin(ctx, s, kind, kind == factor.EmailCode || kind == factor.SMSCode)
	case "send", "resend":
		if c.Kind == factor.SMSCode && s.Name == Enrol {
			return r.textNumber(ctx, s, c.To)
		}
		if c.Kind == factor.SMSCode {
			return r.begin(ctx, s, factor.SMSCode, true)
		}
		return r.begin(ctx, s, factor.EmailCode, true)
	}
	if c.Kind == "" {
		return fault.BadField("method", "field.method.required", nil)
	}
	if s.Name == Enrol {
		return r.enrol(ctx, s, c, f)
	}
	err := r.challenge(ctx, s, c, f)
	if err == nil && f.Value("remember") != "" && RememberDays(r.a, r.w, s.Verdict.Decision) > 0 {
		r.a.Facts.Remember = &Mark{At: r.w.Now}
	}
	return err
}

func (r *run) enrol(ctx context.Context, s Step, c Ceremony, f Form) error {
	e := Enrolled{Kind: c.Kind, At: r.w.Now}
	switch c.Kind {
	case factor.TOTP:
		step, ok := factor.VerifyTOTP(c.Secret, f.Value("code"), 0, r.w.Now)
		if !ok {
			return fault.BadField("code", "field.code.wrong", nil)
		}
		e.Secret, e.Counter = c.Secret, step
	case factor.Passkey:
		owner, err := r.owner(ctx, s.Person)
		if err != nil {
			return err
		}
		reg, err := r.passkeys().FinishRegister(owner, c.Server, []byte(f.Value("credential")), PasskeyRules(r.w.Tenant))
		if err != nil {
			return PasskeyRefused(err)
		}
		e.Lookup, e.Secret, e.Counter, e.AAGUID = reg.ID, reg.Stored, reg.Counter, reg.AAGUID
		e.Name = cmp.Or(factor.AuthenticatorName(reg.AAGUID), r.visit.Signals.OS)
	case factor.EmailCode:
		if err := r.tryCode(ctx, PurposeEnrol, f.Value("code")); err != nil {
			return err
		}
		e.Name = s.Person.Email
	case factor.SMSCode:
		if c.To == "" {
			return r.askNumber(ctx, s, f)
		}
		if err := r.tryCode(ctx, PurposeTextEnrol, f.Value("code")); err != nil {
			return err
		}
		last, _ := r.a.Facts.mailed(PurposeTextEnrol) // the number that the right code went to
		e.Name = last.To
	default:
		return fault.BadField("method", "field.method.required", nil)
	}
	r.a.Facts.Enrolled = append(slices.Clip(r.a.Facts.Enrolled), e)
	return r.offerRecovery(ctx, s)
}

// offerRecovery makes a set of recovery codes with the first authenticator or passkey.
func (r *run) offerRecovery(ctx context.Context, s Step) error {
	if r.a.Facts.Recovery != nil || !r.w.recoveryAllowed() || !slices.ContainsFunc(r.a.Facts.Enrolled, func(e Enrolled) bool { return e.Kind == factor.TOTP || e.Kind == factor.Passkey }) {
		return nil
	}
	if !s.Person.Newcomer {
		have, err := r.store.Credentials(ctx, s.Person.Account.ID, factor.Recovery)
		if err != nil || len(have) > 0 {
			return err
		}
	}
	codes, err := factor.RecoveryCodes(r.Random)
	if err == nil {
		r.a.Facts.Recovery = &Recovery{Codes: codes, At: r.w.Now}
	}
	return err
}

// challenge counts first, verifies then. All second factors of a person share one counter.
func (r *run) challenge(ctx context.Context, s Step, c Ceremony, f Form) error {
	who := s.Person.Account
	passed := Passed{UserID: who.ID, Kind: c.Kind, At: r.w.Now}
	if c.Kind == factor.EmailCode || c.Kind == factor.SMSCode { // the code row counts for itself
		purpose := PurposeSecond
		if c.Kind == factor.SMSCode {
			purpose = PurposeText
		}
		if err := r.tryCode(ctx, purpose, f.Value("code")); err != nil {
			return err
		}
		last, _ := r.a.Facts.mailed(purpose)
		if passed.ID = shownBy(s.Methods, c.Kind, last.To); passed.ID != "" {
			r.effects = append(r.effects, func(ctx context.Context, s Store) error { return s.UsedCredential(ctx, who.ID, passed.ID) })
		}
		passed.Since = r.registeredAt(who, passed)
		r.a.Facts.Second = append(slices.Clip(r.a.Facts.Second), passed)
		return nil
	}
	typed := f.Value("code")
	if c.Kind != factor.Passkey && strings.TrimSpace(typed) == "" {
		return fault.BadField("code", "field.code.required", map[string]any{"count": 6})
	}
	set := r.w.Tenant.Settings
	key := lockOf(r.MAC, r.a.TenantID, who.ID, "second")
	ticket, until, admitted, err := r.store.BeginTry(ctx, key, limit.LockRules{Threshold: set.LockoutThreshold, First: time.Duration(set.LockoutSeconds) * time.Second}, r.w.Now)
	if err != nil {
		return err
	}
	if !admitted {
		return r.failed(ctx, who, s.Person.Email, c.Kind, codeLocked, locked("code", until.Sub(r.w.Now)))
	}
	creds, err := r.store.Credentials(ctx, who.ID, c.Kind)
	if err != nil {
		return err
	}
	ok, err := r.shown(ctx, who, c, f, creds, &passed)
	if err != nil {
		return err
	}
	if !ok {
		if err := r.store.FailTry(ctx, key, ticket, r.MAC("lockout.code", labels(string(key), typed, f.Value("credential")))); err != nil {
			return err
		}
		shown := fault.BadField("code", "field.code.wrong", nil)
		if c.Kind == factor.Passkey {
			shown = fault.New(fault.Invalid, "signin.passkey.failed")
		}
		return r.failed(ctx, who, s.Person.Email, c.Kind, codeMFADenied, shown)
	}
	r.effects = append(r.effects, func(ctx context.Context, st Store) error { return st.ClearTries(ctx, key) })
	if passed.Since.IsZero() {
		passed.Since = r.registeredAt(who, passed)
	}
	r.a.Facts.Second = append(slices.Clip(r.a.Facts.Second), passed)
	return nil
}

// registeredAt is when a factor that was shown had been registered; what is not among the person's methods was registered in this very attempt.
func (r *run) registeredAt(who account.Account, p Passed) time.Time {
	for _, m := range who.Methods {
		if m.Kind == p.Kind && (m.ID == p.ID || p.ID == "") {
			if m.HandedOut() { // the help desk has made sure who it is
				return who.CreatedAt
			}
			return m.CreatedAt
		}
	}
	return r.w.Now
}

// shown verifies, and plans the write that makes the proof good for once only.
func (r *run) shown(ctx context.Context, who account.Account, c Ceremony, f Form, creds []Credential, p *Passed) (bool, error) {
	once := func(write func(context.Context, Store) (bool, error)) {
		r.effects = append(r.effects, func(ctx context.Context, s Store) error {
			won, err := write(ctx, s)
			if err == nil && !won {
				return fault.New(fault.Conflict, "error.conflict")
			}
			return err
		})
	}
	switch c.Kind {
	case factor.TOTP:
		for _, cred := range creds {
			if step, ok := factor.VerifyTOTP(cred.Secret, f.Value("code"), lastStep(creds, cred.Secret), r.w.Now); ok {
				p.ID = cred.ID
				once(func(ctx context.Context, s Store) (bool, error) {
					return s.AdvanceCredential(ctx, who.ID, cred.ID, step, nil)
				})
				return true, nil
			}
		}
	case factor.Passkey:
		owner, err := r.owner(ctx, Person{Account: who, Email: who.Mail})
		if err != nil {
			return false, err
		}
		answer := []byte(f.Value("credential"))
		if handle, _, err := factor.Claim(answer); err == nil && handle != "" && handle != who.ID {
			keeper, err := r.keeper(ctx, r.store, handle)
			if err != nil {
				return false, err
			}
			if keeper.ID == who.ID { // it came along with an account that went into theirs
				owner.Handle = handle
			}
		}
		used, err := r.passkeys().FinishAssert(owner, c.Server, answer)
		if err != nil || !PasskeyRules(r.w.Tenant).Admits(used.PasskeyFacts) {
			return false, nil
		}
		for _, cred := range creds {
			if cred.Lookup == used.ID {
				p.ID, p.AAGUID = cred.ID, used.AAGUID
				once(func(ctx context.Context, s Store) (bool, error) {
					return s.AdvanceCredential(ctx, who.ID, cred.ID, used.Counter, used.Stored)
				})
				return true, nil
			}
		}
	case factor.Recovery:
		for _, cred := range creds {
			if factor.VerifyRecovery(cred.Secret, who.ID, f.Value("code")) {
				p.Since = r.registeredAt(who, Passed{ID: cred.ID, Kind: c.Kind})
				once(func(ctx context.Context, s Store) (bool, error) {
					return s.SpendCredential(ctx, who.ID, cred.ID)
				})
				return true, nil
			}
		}
	}
	return false, nil
}

func (r *run) owner(ctx context.Context, p Person) (factor.PasskeyOwner, error) {
	o := factor.PasskeyOwner{ID: r.accountID(p), Name: p.Email, DisplayName: p.Account.DisplayName}
	if o.Name == "" {
		o.Name = p.Account.DisplayName
	}
	if o.DisplayName == "" {
		o.DisplayName = o.Name
	}
	if p.Newcomer {
		return o, nil
	}
	creds, err := r.store.Credentials(ctx, p.Account.ID, factor.Passkey)
	for _, c := range creds {
		o.Credentials = append(o.Credentials, c.Secret)
	}
	return o, err
}

// lastStep is the last step that was used of a secret on whatever device: two apps with the same key show the same
// codes, and each code is good for once (RFC 6238 §5.2).
func lastStep(creds []Credential, secret []byte) int64 {
	var last int64
	for _, c := range creds {
		if subtle.ConstantTimeCompare(c.Secret, secret) == 1 {
			last = max(last, c.Counter)
		}
	}
	return last
}

// accountID is the person's id; a newcomer's is known before the account exists, because a passkey carries it.
func (r *run) accountID(p Person) string {
	if p.Newcomer {
		return foldID("account", r.a.ID)
	}
	return p.Account.ID
}

// emailMethod is the address that was registered as a second factor.
func emailMethod(s Step) string {
	for _, m := range s.Methods {
		if m.Kind == factor.EmailCode && strings.Contains(m.Name, "@") {
			return m.Name
		}
	}
	if s.Person.Account.Mail != "" {
		return s.Person.Account.Mail
	}
	return s.Person.Email
}
