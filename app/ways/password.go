package ways

import (
	"context"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"portico/app/factor"
	"portico/app/fault"
	"portico/app/limit"
	"portico/app/message"
	"portico/app/signin"
)

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// Rules are what the tenant asks of a password.
func (d *Desk) Rules(v Visit) factor.Rules {
	x := v.Tenant.Settings
	return factor.Rules{Min: x.PasswordMinLength, ThreeOfFour: x.PasswordThreeOfFour, Banned: x.BannedWords, Breached: d.Breached}
}

// AsksPassword reports whether a new password is set with the present one: it is not where there is none. One
// that a report has made worthless is asked for all the same, because a session alone, which may be stolen,
// must never be enough to set another.
func (v Visit) AsksPassword() bool { return v.Person.HasPassword }

// ChangePassword puts a new password in place of the old one, or gives the person their first. elsewhere ends
// every other session and whatever was proven with the old password. The session that goes on gets a new
// secret, which is given back.
func (d *Desk) ChangePassword(ctx context.Context, v Visit, old, password string, elsewhere bool) (string, error) {
	if !v.TakesPasswords() {
		return "", fault.New(fault.NotFound, "error.not_found")
	}
	var bad fault.Fields
	if v.AsksPassword() && old == "" {
		bad.Add("password", "field.password.required", nil)
	}
	if err := d.Rules(v).Check(password, d.names(v)...); err != nil {
		e := fault.Of(err)
		if len(e.Fields) == 0 {
			return "", err
		}
		for _, f := range e.Fields {
			bad.Add("newPassword", f.Key, f.Args)
		}
	}
	if err := bad.Err(); err != nil {
		return "", err
	}
	s := d.store(v)
	if v.AsksPassword() {
		if err := d.checkOld(ctx, s, v, old); err != nil {
			return "", err
		}
		if old == password {
			return "", fault.BadField("newPassword", "field.new_password.same", nil)
		}
	}
	hash, err := d.Hasher.Hash(ctx, password)
	if err != nil {
		return "", err
	}
	secret, err := d.secret()
	if err != nil {
		return "", err
	}
	now := d.now()
	err = s.Together(ctx, func(s Store) error {
		// The session first: StorePassword ends what was proven before now.
		if err := s.RenewSession(ctx, v.Session.SID, secret, SessionChange{AuthTime: now}); err != nil {
			return err
		}
		if err := s.StorePassword(ctx, v.Actor, v.Person.ID, hash, elsewhere, now); err != nil {
			return err
		}
		if elsewhere {
			if err := s.KeepOnly(ctx, v.Actor, v.Person.ID, v.Session, now, false); err != nil {
				return err
			}
		}
		if !v.Person.HasPassword {
			return d.added(ctx, s, v, factor.Password)
		}
		return d.tell(ctx, s, v, message.Notice{Kind: message.PasswordChanged})
	})
	return secret, err
}

// names are what a password must not contain.
func (d *Desk) names(v Visit) []string {
	local, _, _ := strings.Cut(v.Person.Address(), "@")
	return []string{v.Person.GivenName, v.Person.Surname, v.Person.DisplayName, local, v.Tenant.Name}
}

// checkOld counts first and verifies then, like a sign-in (DESIGN §9.3).
func (d *Desk) checkOld(ctx context.Context, s Store, v Visit, old string) error {
	if len(old) > 4*factor.MaxPassword {
		return fault.BadField("password", "account.password.wrong", nil)
	}
	if err := d.Hasher.Room(); err != nil { // an overload is refused before it costs a write
		return err
	}
	now, set := d.now(), v.Tenant.Settings
	key := signin.OwnLock(d.MAC, v.Tenant.ID, v.Person.ID)
	ticket, until, admitted, err := s.BeginTry(ctx, key, limit.LockRules{Threshold: set.LockoutThreshold, First: time.Duration(set.LockoutSeconds) * time.Second}, now)
	if err != nil {
		return err
	}
	if !admitted {
		return signin.Locked("password", until.Sub(now))
	}
	hash, err := s.PasswordHash(ctx, v.Person.ID)
	if err != nil {
		return err
	}
	right, _, err := d.Hasher.Verify(ctx, factor.Former(hash), old)
	if err != nil {
		if err2 := s.RefundTry(ctx, key, ticket); err2 != nil {
			return err2
		}
		return err
	}
	if !right {
		if err := s.FailTry(ctx, key, ticket, d.MAC("lockout.password", append(slices.Clone(key), old...))); err != nil {
			return err
		}
		return fault.BadField("password", "account.password.wrong", nil)
	}
	return s.ClearTries(ctx, key)
}

// RemovePassword takes the password away from somebody who gets in without it.
func (d *Desk) RemovePassword(ctx context.Context, v Visit) error {
	return d.store(v).Together(ctx, func(s Store) error {
		if err := s.DropPassword(ctx, v.Actor, v.Person.ID, v.stillIn("password")); err != nil {
			return err
		}
		return d.removed(ctx, s, v, factor.Password)
	})
}
