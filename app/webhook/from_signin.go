package webhook

import "portico/app/record"

// OfSignIn is the event of a finished sign-in; "" = none. Renewed tokens and machines are no sign-ins of a person, and an
// admin's trial of a flow is none either. Blocked is what a rule or the state of the account does not allow; a wrong
// password or somebody who left is not.
func OfSignIn(r record.SignIn) string {
	switch {
	case r.Kind != record.Interactive || r.Test:
		return ""
	case r.Outcome.Result == record.Success:
		return UserSignedIn
	case r.Outcome.Result != record.Failure || !blocked(r.Outcome.Code):
		return ""
	case r.SignUp:
		return UserSignUpBlocked
	}
	return UserSignInBlocked
}

// blocked knows the numbers of refusals that no better answer would have changed.
func blocked(code int) bool {
	switch code {
	case 53003, // Conditional Access
		50057, // the account is off
		50105, // the app is not for this person
		50072: // a second factor is demanded and there is none
		return true
	}
	return false
}
