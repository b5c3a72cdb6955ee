package ways

import (
	"bytes"
	"cmp"
	"context"
	"strings"
	"unicode/utf8"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/federation"
	"portico/app/message"
	"portico/app/signin"
	"portico/app/userflow"
)

// Offers lists the kinds of second factor that the person can still add: those that some flow knows. A trial
// has none (DESIGN §5.12): what was registered there would never be asked for.
func (v Visit) Offers() []string {
	var out []string
	if !v.Tenant.Governed() {
		return nil
	}
	for _, k := range signin.SecondKinds(v.Flows) {
		rule := v.Tenant.Settings.Methods.Rule(k)
		switch {
		case !rule.Allows(v.Groups):
		case k == factor.SMSCode: // comes with the phone number, which stands by itself
		case k == factor.EmailCode && (v.has(k) > 0 || !v.Person.MailVerified || !v.Person.HasPassword):
			// One channel is never both factors (DESIGN §5.4): without a password, mail is the first one.
		case k == factor.TOTP && v.has(k) >= mostApps, k == factor.Passkey && (v.has(k) >= mostPasskeys || v.Tenant.Settings.Methods.Passkey.SelfServiceOff):
		default:
			out = append(out, k)
		}
	}
	return out
}

func (v Visit) has(kind string) int {
	n := 0
	for _, m := range v.Person.Methods {
		if m.Kind == kind {
			n++
		}
	}
	return n
}

func (v Visit) mayAdd(kind string) error {
	if !contains(v.Offers(), kind) {
		return fault.New(fault.NotFound, "error.not_found")
	}
	return nil
}

// HasSecond reports whether somebody has an authenticator app or a passkey, which recovery codes stand in for.
func (v Visit) HasSecond() bool { return v.has(factor.TOTP)+v.has(factor.Passkey) > 0 }

// name is what a person calls a factor: trimmed, readable, short.
func name(typed, otherwise string) (string, error) {
	s := strings.TrimSpace(typed)
	switch {
	case s == "":
		return otherwise, nil
	case utf8.RuneCountInString(s) > 60 || len(s) > 64*4:
		return "", fault.BadField("name", "field.too_long", map[string]any{"max": 60})
	case !utf8.ValidString(s) || !userflow.Readable(s):
		return "", fault.BadField("name", "flow.text.invisible", nil)
	}
	return s, nil
}

type totpState struct {
	Secret []byte `json:"secret"`
}

// BeginTOTP gives the secret that an authenticator app is to learn: the same again until it is confirmed, so
// that looking at the page twice harms nothing.
func (d *Desk) BeginTOTP(ctx context.Context, v Visit) ([]byte, error) {
	if err := v.mayAdd(factor.TOTP); err != nil {
		return nil, err
	}
	var st totpState
	if _, ok, err := d.begun(ctx, v, TOTP, &st); err != nil || ok {
		return st.Secret, err
	}
	secret, err := factor.NewTOTP(d.Random)
	if err == nil {
		_, err = d.begin(ctx, v, TOTP, totpState{Secret: secret}, setUpFor)
	}
	return secret, err
}

// ConfirmTOTP registers the app that shows the right code. The step of that code is used up with it, so that
// nobody who saw it can show it again (RFC 6238 §5.2). It gives the session's new secret.
func (d *Desk) ConfirmTOTP(ctx context.Context, v Visit, code, called string) (string, error) {
	if err := v.mayAdd(factor.TOTP); err != nil {
		return "", err
	}
	var st totpState
	p, ok, err := d.begun(ctx, v, TOTP, &st)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", late()
	}
	label, err := name(called, "")
	var bad fault.Fields
	if err != nil {
		bad = append(bad, fault.Of(err).Fields...)
	}
	if strings.TrimSpace(code) == "" {
		bad.Add("code", "field.code.required", map[string]any{"count": 6})
	}
	if err := bad.Err(); err != nil {
		return "", err
	}
	step, right := factor.VerifyTOTP(st.Secret, code, 0, d.now())
	if !right {
		return "", fault.BadField("code", "field.code.wrong", nil)
	}
	secret := ""
	err = d.finish(ctx, v, p, func(s Store) error {
		c := signin.Credential{ID: newID(), Kind: factor.TOTP, Name: label, Secret: st.Secret, Counter: step}
		if err := s.Register(ctx, v.Actor, v.Person.ID, c); err != nil {
			return err
		}
		if err := d.added(ctx, s, v, factor.TOTP); err != nil {
			return err
		}
		secret, err = d.stepUp(ctx, s, v, factor.TOTP, "", "otp")
		return err
	})
	return secret, err
}

type passkeyState struct {
	Options []byte `json:"options"`
	Server  []byte `json:"server"`
}

// BeginPasskey gives the options for the browser.
func (d *Desk) BeginPasskey(ctx context.Context, v Visit) ([]byte, error) {
	if err := v.mayAdd(factor.Passkey); err != nil {
		return nil, err
	}
	var st passkeyState
	if _, ok, err := d.begun(ctx, v, Passkey, &st); err != nil || ok {
		return st.Options, err
	}
	owner, err := d.owner(ctx, v)
	if err != nil {
		return nil, err
	}
	if st.Options, st.Server, err = d.Passkeys.At(v.Tenant.Host).BeginRegister(owner, signin.PasskeyRules(v.Tenant)); err != nil {
		return nil, err
	}
	_, err = d.begin(ctx, v, Passkey, st, setUpFor)
	return st.Options, err
}

// FinishPasskey registers the passkey that the browser made, and gives the session's new secret.
func (d *Desk) FinishPasskey(ctx context.Context, v Visit, answer, called string) (string, error) {
	if err := v.mayAdd(factor.Passkey); err != nil {
		return "", err
	}
	var st passkeyState
	p, ok, err := d.begun(ctx, v, Passkey, &st)
	if err != nil {
		return "", err
	}
	if !ok {
		return "", late()
	}
	label, err := name(called, "")
	if err != nil {
		return "", err
	}
	owner, err := d.owner(ctx, v)
	if err != nil {
		return "", err
	}
	reg, err := d.Passkeys.At(v.Tenant.Host).FinishRegister(owner, st.Server, []byte(answer), signin.PasskeyRules(v.Tenant))
	if err != nil {
		if _, err := d.store(v).TakePending(ctx, v.Person.ID, p.ID); err != nil { // a challenge is answered once
			return "", err
		}
		return "", signin.PasskeyRefused(err)
	}
	secret := ""
	err = d.finish(ctx, v, p, func(s Store) error {
		c := signin.Credential{ID: newID(), Kind: factor.Passkey, Name: cmp.Or(label, factor.AuthenticatorName(reg.AAGUID), v.Signals.OS), Lookup: reg.ID, Secret: reg.Stored, Counter: reg.Counter}
		if err := s.Register(ctx, v.Actor, v.Person.ID, c); err != nil {
			return err
		}
		if err := d.added(ctx, s, v, factor.Passkey); err != nil {
			return err
		}
		secret, err = d.stepUp(ctx, s, v, factor.Passkey, reg.AAGUID, "fido")
		return err
	})
	return secret, err
}

func (d *Desk) owner(ctx context.Context, v Visit) (factor.PasskeyOwner, error) {
	o := factor.PasskeyOwner{ID: v.Person.ID, Name: v.Person.Address(), DisplayName: v.Person.DisplayName}
	if o.Name == "" {
		o.Name = v.Person.DisplayName
	}
	if o.DisplayName == "" {
		o.DisplayName = o.Name
	}
	creds, err := d.store(v).Credentials(ctx, v.Person.ID, factor.Passkey)
	for _, c := range creds {
		o.Credentials = append(o.Credentials, bytes.Clone(c.Secret))
	}
	return o, err
}

// AddMail makes the person's proven address a second factor.
func (d *Desk) AddMail(ctx context.Context, v Visit) error {
	if err := v.mayAdd(factor.EmailCode); err != nil {
		return err
	}
	return d.store(v).Together(ctx, func(s Store) error {
		if err := s.Register(ctx, v.Actor, v.Person.ID, signin.Credential{ID: newID(), Kind: factor.EmailCode, Name: v.Person.Mail}); err != nil {
			return err
		}
		return d.added(ctx, s, v, factor.EmailCode)
	})
}

// Rename gives a factor another name.
func (d *Desk) Rename(ctx context.Context, v Visit, id, called string) error {
	label, err := name(called, "")
	if err != nil {
		return err
	}
	if label == "" {
		return fault.BadField("name", "account.method.name_required", nil)
	}
	return d.store(v).Rename(ctx, v.Actor, v.Person.ID, id, label)
}

// Remove takes a second factor away, unless it is a passkey and the last way in. Whether the next sign-in asks for
// another one says MissedAfter.
func (d *Desk) Remove(ctx context.Context, v Visit, id string) error {
	return d.store(v).Together(ctx, func(s Store) error {
		gone, err := s.DropMethod(ctx, v.Actor, v.Person.ID, id, v.stillIn("method"))
		if err != nil {
			return err
		}
		return d.removed(ctx, s, v, gone.Kind)
	})
}

// MissedAfter reports whether some app would ask to register a second factor again once this one is gone.
func (v Visit) MissedAfter(id string) bool {
	after := v.Person
	after.Methods = nil
	for _, m := range v.Person.Methods {
		if m.ID != id {
			after.Methods = append(after.Methods, m)
		}
	}
	return v.Tenant.Governed() && signin.AlwaysAsked(after.At(v.Tenant.Host), v.Flows, v.Providers)
}

// LastSecond reports whether a factor is the only one besides recovery codes.
func (v Visit) LastSecond(id string) bool {
	for _, m := range v.Person.Methods {
		if m.ID != id && m.Kind != factor.Recovery {
			return false
		}
	}
	return true
}

type recoveryState struct {
	Codes []string `json:"codes"`
}

// DraftRecovery gives a set of codes that is not in force yet: it shows the same set until it is kept or
// forgotten, so that a page that did not arrive costs nobody the codes they have.
func (d *Desk) DraftRecovery(ctx context.Context, v Visit) ([]string, error) {
	if !v.HasSecond() {
		return nil, fault.New(fault.NotFound, "error.not_found")
	}
	var st recoveryState
	if _, ok, err := d.begun(ctx, v, Recovery, &st); err != nil || ok {
		return st.Codes, err
	}
	codes, err := factor.RecoveryCodes(d.Random)
	if err == nil {
		_, err = d.begin(ctx, v, Recovery, recoveryState{Codes: codes}, setUpFor)
	}
	return codes, err
}

// KeepRecovery puts the drafted set in force; the former codes die.
func (d *Desk) KeepRecovery(ctx context.Context, v Visit) error {
	var st recoveryState
	p, ok, err := d.begun(ctx, v, Recovery, &st)
	if err != nil {
		return err
	}
	if !ok || !v.HasSecond() {
		return late()
	}
	verifiers := make([][]byte, len(st.Codes))
	for i, c := range st.Codes {
		if verifiers[i], err = factor.RecoveryVerifier(d.Random, v.Person.ID, c); err != nil {
			return err
		}
	}
	return d.finish(ctx, v, p, func(s Store) error {
		if err := s.ReplaceRecovery(ctx, v.Actor, v.Person.ID, verifiers); err != nil {
			return err
		}
		return d.added(ctx, s, v, factor.Recovery)
	})
}

// RemoveIdentity takes an address, a user name or a linked identity away.
func (d *Desk) RemoveIdentity(ctx context.Context, v Visit, id string) error {
	return d.store(v).Together(ctx, func(s Store) error {
		gone, err := s.DropIdentity(ctx, v.Actor, v.Person.ID, id, v.stillIn("identity"))
		if err != nil {
			return err
		}
		if gone.SignInType == account.SignInEmail {
			if err := d.tell(ctx, s, v, noticeTo(gone.Value, "removed")); err != nil {
				return err
			}
		}
		if gone.SignInType == account.SignInFederated {
			return d.tell(ctx, s, v, message.Notice{Kind: message.MethodRemoved, Purpose: gone.SignInType, App: v.providerName(gone.Issuer)})
		}
		return d.removed(ctx, s, v, gone.SignInType)
	})
}

// providerName is what a provider's button says, or who it is when that is gone.
func (v Visit) providerName(issuer string) string {
	if p := federation.KeeperOf(v.Providers, issuer); p != nil {
		return p.Name
	}
	return issuer
}
