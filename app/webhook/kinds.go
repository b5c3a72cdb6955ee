package webhook

import "portico/app/access"

// Kind is one event that can be subscribed to.
type Kind struct {
	Name  string            // user.created; in the envelope com.portico.user.created
	Title string            // in the list of an admin
	Says  string            // when it comes, and what for
	Right access.Permission // what a subscriber must be allowed to read
	// Sample fills the data of an example, which the documentation, the portal and the test event show.
	Sample func(*Data)
}

// Names of the events.
const (
	UserCreated         = "user.created"
	UserUpdated         = "user.updated"
	UserDeleted         = "user.deleted"
	UserRestored        = "user.restored"
	UserSignedIn        = "user.signedIn"
	UserSignInBlocked   = "user.signInBlocked"
	UserSignUpBlocked   = "user.signUpBlocked"
	UserPasswordChanged = "user.passwordChanged"
	UserMethodChanged   = "user.methodChanged"
	RiskDetected        = "risk.detected"
	RiskUserChanged     = "risk.userChanged"
	PolicyChanged       = "policy.changed"
	ConsentGranted      = "consent.granted"
	ConsentRevoked      = "consent.revoked"
	SessionEnded        = "session.ended"

	// Test is what "Send a test event" sends; nobody subscribes to it.
	Test = "webhook.test"
)

// Kinds are all events, in the order in which pages list them. To add one: a line here, and whoever makes it happen
// says so (from_audit.go for what the audit log has, else a call of publish in models).
func Kinds() []Kind {
	return []Kind{
		{UserCreated, "User created", "Somebody signed up, or was added or imported by an admin.", access.UserRead, func(d *Data) { d.person(); d.Actor = &Actor{Kind: "user", ID: sampleUser} }},
		{UserUpdated, "User updated", "Properties of an account changed; it says which, not to what.", access.UserRead, func(d *Data) { d.person(); d.changed("jobTitle", "city") }},
		{UserDeleted, "User deleted", "An account was deleted. It can be restored for 30 days unless “permanent” says otherwise.", access.UserRead, func(d *Data) { d.person(); d.changed("deletedDateTime") }},
		{UserRestored, "User restored", "A deleted account is back.", access.UserRead, func(d *Data) { d.person(); d.changed("deletedDateTime") }},
		{UserSignedIn, "Signed in", "Somebody signed in to an app. Renewed tokens are no sign-ins.", access.AuditRead, func(d *Data) { d.person(); d.signIn(0, "") }},
		{UserSignInBlocked, "Sign-in blocked", "A sign-in ended because a policy, an assignment or the state of the account does not allow it.", access.AuditRead, func(d *Data) { d.person(); d.signIn(53003, "high") }},
		{UserSignUpBlocked, "Sign-up blocked", "A sign-up ended because a policy does not allow it.", access.AuditRead, func(d *Data) { d.signIn(53003, "high"); d.SignIn.SignUp = true }},
		{UserPasswordChanged, "Password changed", "Somebody changed, reset or removed a password.", access.UserRead, func(d *Data) { d.person(); d.Activity = "Change password" }},
		{UserMethodChanged, "Sign-in method changed", "A second factor, a passkey, an identity or an address to sign in with was added or removed.", access.MethodRead, func(d *Data) { d.person(); d.Activity = "Register security info" }},
		{RiskDetected, "Risk detected", "Something about a sign-in or an account is suspicious.", access.RiskEventRead, func(d *Data) {
			d.person()
			d.Risk = &Risk{DetectionID: "0198a6f0-5b1e-7c0a-9d7e-2f1f6b0c8a11", Type: "unfamiliarFeatures", Level: "medium", State: "atRisk", Detail: "none"}
		}},
		{RiskUserChanged, "Risk of a user changed", "How likely it is that an account is in the wrong hands has changed.", access.RiskyUserRead, func(d *Data) {
			d.person()
			d.Risk = &Risk{Level: "high", State: "confirmedCompromised", Detail: "adminConfirmedUserCompromised"}
		}},
		{PolicyChanged, "Policy changed", "A policy, a user flow, an identity provider or what they rest on was made, changed or deleted.", access.PolicyRead, func(d *Data) {
			d.Object = &Object{Type: "policy", ID: "0198a6f0-5b1e-7c0a-9d7e-2f1f6b0c8a12", Name: "Second factor for everyone", Operation: "Update"}
			d.Actor = &Actor{Kind: "user", ID: "0198a6f0-5b1e-7c0a-9d7e-2f1f6b0c8a13"}
			d.changed("state")
		}},
		{ConsentGranted, "Consent granted", "Somebody agreed to give an app what it asked for.", access.UserRead, func(d *Data) { d.person(); d.App = sampleApp(); d.Scopes = []string{"openid", "profile"} }},
		{ConsentRevoked, "Consent revoked", "Somebody took that back, or an admin did.", access.UserRead, func(d *Data) { d.person(); d.App = sampleApp() }},
		{SessionEnded, "Session ended", "Somebody signed out, or their sessions were ended.", access.AuditRead, func(d *Data) {
			d.person()
			d.Session = &Session{IDs: []string{"9d1f6a1c-6d3a-4c0e-a7a0-2b9b8f5f0d21"}, Reason: "signed out"}
		}},
	}
}

// KindOf finds an event by name.
func KindOf(name string) (Kind, bool) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, true
		}
	}
	return Kind{}, false
}
