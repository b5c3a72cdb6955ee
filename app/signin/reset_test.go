package signin

import (
	"slices"
	"strings"
	"testing"
	"time"

	"portico/app/account"
	"portico/app/factor"
	"portico/app/userflow"
)

// The words of resets, user names, domains and invitations.
func mayReset(s *scene) { s.w.Flow.PasswordReset = true }
func forgetful(s *scene) {
	mayReset(s)
	s.a.Facts.Reset = &Mark{At: noon}
}
func resetMailed(s *scene) {
	s.a.Facts.Codes = append(s.a.Facts.Codes, Mailed{ID: "r", Purpose: PurposeReset, To: annaMail, At: noon})
}
func resetShown(s *scene) {
	resetMailed(s)
	s.a.Facts.Email = &EmailProof{Address: annaMail, At: noon}
}
func replaced(s *scene) { // everything proven earlier has ended
	at := noon.Add(time.Second)
	s.a.Facts.Changed = &NewPassword{Stored: true, At: at}
	s.w.Account.SessionsValidFrom = at
}
func revokedAfterwards(s *scene) { s.w.Account.SessionsValidFrom = noon.Add(time.Hour) }
func byName(s *scene) {
	s.w.Flow.UserNames = true
	s.a.Facts.Identified = &Identified{Typed: "Anna", Canonical: "anna", Type: account.SignInUserName, At: noon}
}
func denies(domain string) change {
	return func(s *scene) { s.w.Flow.Domains.Deny = []string{domain} }
}
func invited(s *scene) {
	s.a.Request.Protocol, s.a.Request.LoginHint = Invite, annaMail
	s.a.Request.Invitation = &Invited{ID: "i", Email: annaMail, Canonical: annaMail}
	s.w.Invitation = userflow.Invitation{ID: "i", ExpiresAt: noon.Add(24 * time.Hour)}
	named(s)
	mailed(s)
}
func spent(s *scene)      { s.w.Invitation.AcceptedAt = noon }
func takenBack(s *scene)  { s.w.Invitation.RevokedAt = noon }
func ranOut(s *scene)     { s.w.Invitation.ExpiresAt = noon }
func nameTakenW(s *scene) { s.w.NameTaken = true }

func TestResetsNamesDomainsAndInvitations(t *testing.T) {
	const always, conditional = userflow.MFAAlways, userflow.MFAConditional
	reset := and(named, known, forgetful, resetShown)
	for _, r := range []struct {
		rule string
		when change
		want Name
	}{
		{"forgotten, nobody named", forgetful, Forgot},
		{"forgotten, nobody named, several ways", and(bothFlow, forgetful), Forgot},
		{"forgotten, where the flow lets nobody reset", and(forgetful, func(s *scene) { s.w.Flow.PasswordReset = false }), SignIn},
		{"forgotten, where the flow takes no password", and(forgetful, codeFlow), Identify},
		{"named and unknown", and(named, forgetful, resetMailed), Code},
		{"named and known: the same page", and(named, known, forgetful, resetMailed), Code},
		{"named and switched off: the same page", and(named, known, disabled, forgetful, resetMailed), Code},
		{"named by a user name: the same page", and(byName, forgetful, resetMailed), Code},
		{"mailbox proven", reset, ResetPassword},
		{"mailbox proven, no password yet", and(reset, knownByCode, bothFlow), ResetPassword},
		{"somebody else's mailbox proven", and(named, known, forgetful, codeOfBob), Password},
		{"proven for a sign-in, and forgotten then", and(named, known, bothFlow, codeShown, forgetful), ResetPassword},
		{"nobody has the proven mailbox", and(named, forgetful, resetShown), NoAccount},
		{"a user name of nobody, proven by an accident", and(byName, forgetful, func(s *scene) { s.a.Facts.Email = &EmailProof{At: noon} }), Password},
		{"by user name", and(byName, known, forgetful, resetShown), ResetPassword},
		{"switched off, after the proof", and(reset, disabled), Blocked},
		{"blocked by policy", and(reset, block), Blocked},
		{"sessions revoked after the code", and(reset, revokedAfterwards), Password},
		{"chosen: on to the app", and(reset, replaced), AskStay},
		{"chosen, and revoked by somebody else since", and(reset, replaced, revokedAfterwards), Password},
		{"a temporary password is replaced by the reset", and(reset, mustChange), ResetPassword},
		{"chosen, all answered", and(reset, replaced, stayed), Issue},

		{"another factor first", and(reset, enforce(always, "softwareOath"), hasMethod(factor.TOTP)), Challenge},
		{"another factor first, demanded or not", and(reset, enforce(conditional, "softwareOath"), hasMethod(factor.TOTP)), Challenge},
		{"shown", and(reset, enforce(always, "softwareOath"), hasMethod(factor.TOTP), showed(factor.TOTP)), ResetPassword},
		{"shown and chosen", and(reset, enforce(always, "softwareOath"), hasMethod(factor.TOTP), showed(factor.TOTP), replaced, stayed), Issue},
		{"a code by mail is not another factor", and(reset, enforce(always, "email", "softwareOath"), hasMethod(factor.EmailCode), showed(factor.EmailCode)), ResetPassword},
		{"only the mailbox: the password is taken", and(reset, enforce(always, "email"), hasMethod(factor.EmailCode)), ResetPassword},
		{"only the mailbox: and then a fresh sign-in", and(reset, enforce(always, "email"), hasMethod(factor.EmailCode), replaced), ResetDone},
		{"only the mailbox, although others could be set up", and(reset, enforce(always, "email", "softwareOath"), hasMethod(factor.EmailCode), replaced), ResetDone},
		{"only the mailbox, demanded by policy", and(reset, enforce(conditional, "email", "softwareOath"), mfa, hasMethod(factor.EmailCode), replaced), ResetDone},
		{"only the mailbox, demanded because of risk", and(reset, enforce(conditional, "email", "softwareOath"), mfaForRisk, hasMethod(factor.EmailCode), replaced), ResetDone},
		{"only the mailbox, nothing demanded", and(reset, enforce(conditional, "email", "softwareOath"), hasMethod(factor.EmailCode), replaced), AskStay},
		{"only the mailbox, and the app wants more", and(reset, enforce(conditional, "email"), acr, hasMethod(factor.EmailCode), replaced), ResetDone},
		{"none yet, the mailbox could be set up: a fresh sign-in does it", and(reset, enforce(always, "email"), replaced), ResetDone},
		{"none yet, another could be set up", and(reset, enforce(always, "softwareOath")), Enrol},
		{"none, because of risk: refused as ever", and(reset, enforce(conditional, "softwareOath"), mfaForRisk), Blocked},
		{"the switch is off", and(reset, hasMethod(factor.TOTP)), ResetPassword},

		{"a user name", byName, Password},
		{"a user name that somebody has: the same page", and(byName, known), Password},
		{"a user name, both ways: the password only", and(byName, bothFlow), Password},
		{"the password of the name's owner", and(byName, known, password), AskStay},
		{"a user name makes nobody a newcomer", and(wantsSignUp, byName, codeShown, chosen), Password},
		{"the name chosen was taken a moment ago", and(wantsSignUp, named, codeShown, chosen, asksName, answered, nameTakenW), AskAttributes},

		{"a domain that may not sign up, its mailbox proven", and(wantsSignUp, named, codeShown, denies("example.com")), NoAccount},
		{"the same in a code flow", and(codeFlow, named, codeShown, denies("example.com")), NoAccount},
		{"before the code: the same page", and(codeFlow, named, mailed, denies("example.com")), Code},
		{"whoever has an account is not asked", and(named, known, password, denies("example.com")), AskStay},
		{"another domain", and(wantsSignUp, named, codeShown, denies("example.org")), ChoosePassword},

		{"invited: the code", invited, Code},
		{"invited and known: the same page", and(invited, known), Code},
		{"invited where sign-up is off", and(invited, noSignUp, codeShown), ChoosePassword},
		{"invited from a domain that may not sign up", and(invited, denies("example.com"), codeShown), ChoosePassword},
		{"invited, has an account", and(invited, known, codeShown), Password},
		{"invited, somebody else's mailbox", and(invited, codeOfBob, noSignUp), ChoosePassword}, // below: this is not theirs
		{"used", and(invited, codeShown, spent), InvitationOver},
		{"taken back", and(invited, codeShown, chosen, stayed, takenBack), InvitationOver},
		{"run out", and(invited, codeShown, chosen, stayed, ranOut), InvitationOver},
	} {
		t.Run(r.rule, func(t *testing.T) {
			s := play(r.when)
			got := s.next()
			if strings.HasPrefix(r.rule, "invited, somebody else's") {
				if got.Person.Proven || got.Name == Issue {
					t.Errorf("proven by somebody else's mailbox: %q", got.Name)
				}
				return
			}
			if got.Name != r.want {
				t.Errorf("next is %q, want %q", got.Name, r.want)
			}
		})
	}
	if s := play(named, denies("example.com"), codeFlow, codeShown).next(); s.Reason != "signup.domain.refused" {
		t.Errorf("reason %q", s.Reason)
	}
	if s := play(and(reset, enforce(always, "softwareOath"), hasMethod(factor.TOTP), showed(factor.TOTP), replaced, stayed)).next(); !slices.Contains(s.Person.AMR, "mfa") {
		t.Errorf("%v", s.Person.AMR)
	}
}
