package signin

import (
	"context"
	"encoding/base64"
	"io"
	"slices"
	"time"

	"portico/app/account"
	"portico/app/extension"
	"portico/app/factor"
	"portico/app/fault"
	"portico/app/userflow"
)

// extension_password.go: passwords that another system still keeps (PasswordSubmit, R 8.8). Its API is asked about a
// password that does not fit, of people who are to be migrated, and of nobody else; whoever it is not asked about waits as
// long, so that time does not tell who they are. The try has been counted before: an API that says "wrong" or nothing at
// all counts like any other wrong password.

// ToBeMigrated is the name of the boolean attribute that says it where a listener names none.
const ToBeMigrated = "toBeMigrated"

// migration is the attribute by which a listener tells who is to be migrated.
func migration(tenantID string, l extension.Listener) string {
	if l.Attribute != "" {
		return l.Attribute
	}
	return userflow.DefinitionID(tenantID, ToBeMigrated)
}

// migrates reports whether somebody's password is still kept elsewhere.
func migrates(tenantID string, l extension.Listener, who account.Account) bool {
	return who.Usable() && !who.PasswordVoid && who.Value(migration(tenantID, l)) == true
}

// elsewhere asks about a password that does not fit. nil = nobody was asked.
func (r *run) elsewhere(ctx context.Context, who account.Account, name, password string) (*Advised, error) {
	to, ok := r.w.Chosen[extension.PasswordSubmit]
	if !ok {
		return nil, nil
	}
	if !migrates(r.a.TenantID, to.Listener, who) {
		if r.Wait != nil && to.Extension != nil {
			r.Wait(ctx, r.Extensions.Pace(r.a.TenantID, to.Extension.ID))
		}
		return nil, nil
	}
	nonce := make([]byte, 24)
	if _, err := io.ReadFull(r.Random, nonce); err != nil {
		return nil, err
	}
	o := r.occasion(extension.PasswordSubmit)
	o.User = personOf(who)
	o.Password = &extension.Submission{UserName: name, Password: password, Nonce: base64.RawURLEncoding.EncodeToString(nonce)}
	q := Asked{ID: newID(), Event: extension.PasswordSubmit, Listener: to.Listener.ID, At: r.w.Now}
	a := r.heard(q, to, r.Extensions.Ask(ctx, r.place.Extensions, to, o))
	a.At = r.Now().UTC().Truncate(time.Microsecond)
	r.a.Facts.Asked = append(slices.Clip(r.a.Facts.Asked), q)
	r.a.Facts.Advised = append(slices.Clip(r.a.Facts.Advised), a)
	return &a, nil
}

// takeOver stores a password that an API has just confirmed, and forgets that it is kept elsewhere. One that would not be
// accepted here, and one that the API calls out of date, proves who it is and has to be replaced at once.
func (r *run) takeOver(ctx context.Context, who account.Account, password string, replace bool) (outdated string, err error) {
	hash, err := r.Hasher.Hash(ctx, password)
	if err != nil {
		return "", err
	}
	if !replace {
		replace = r.rules().Check(password, who.GivenName, who.Surname, who.DisplayName, localPart(who.Address()), r.w.Tenant.Name) != nil
	}
	if replace { // the new one is stored when the attempt commits
		return hash, nil
	}
	ip, correlation := r.visit.Signals.IP.String(), r.a.Request.CorrelationID
	r.effects = append(r.effects, func(ctx context.Context, s Store) error {
		return s.SetPassword(ctx, who.ID, PasswordChange{Hash: hash, IP: ip, Correlation: correlation})
	})
	r.migrated(who)
	return "", nil
}

// migrated forgets that somebody's password is kept elsewhere: it fits here now.
func (r *run) migrated(who account.Account) {
	to, ok := r.w.Chosen[extension.PasswordSubmit]
	if !ok || !migrates(r.a.TenantID, to.Listener, who) {
		return
	}
	r.effects = append(r.effects, func(ctx context.Context, s Store) error { return r.notElsewhere(ctx, s, who) })
}

func (r *run) notElsewhere(ctx context.Context, s Store, who account.Account) error {
	to, ok := r.w.Chosen[extension.PasswordSubmit]
	if !ok || !migrates(r.a.TenantID, to.Listener, who) {
		return nil
	}
	return s.SetAttributes(ctx, who.ID, map[string]any{migration(r.a.TenantID, to.Listener): false},
		r.visit.Signals.IP.String(), r.a.Request.CorrelationID)
}

// outdated reports whether the password that was shown has to be replaced, because an API said so or it is too weak here.
func outdated(a Attempt, p Person) bool {
	return a.Facts.Password != nil && a.Facts.Password.Outdated != "" && a.Facts.Password.UserID == p.Account.ID && a.Facts.Changed == nil && !p.Newcomer
}

// sameAsElsewhere refuses the very password that has to be replaced.
func (r *run) sameAsElsewhere(ctx context.Context, password string) error {
	if r.a.Facts.Password == nil || r.a.Facts.Password.Outdated == "" {
		return nil
	}
	same, _, err := r.Hasher.Verify(ctx, r.a.Facts.Password.Outdated, password)
	if err == nil && same {
		err = fault.BadField("newPassword", "field.new_password.same", nil)
	}
	return err
}

// wrongCode is the number of a wrong password: of what kept its API from answering, where it was asked.
func wrongCode(a *Advised) int {
	if a == nil || a.Call.Code == 0 {
		return codeWrong
	}
	return a.Call.Code
}

// rules are what a password has to keep to here.
func (r *run) rules() factor.Rules {
	set := r.w.Tenant.Settings
	return factor.Rules{Min: set.PasswordMinLength, ThreeOfFour: set.PasswordThreeOfFour, Banned: set.BannedWords, Breached: r.Breached}
}
