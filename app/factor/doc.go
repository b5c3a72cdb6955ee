// Package factor knows what a person can prove and how: passwords, one-time codes by mail and text message,
// time-based codes (RFC 6238), passkeys (WebAuthn Level 3) and recovery codes. It hashes, verifies, scores and
// draws; it never stores, and it never knows who is asking or why.
package factor

// Kinds of a registered method or a proof.
const (
	Password  = "password"
	EmailCode = "email"
	SMSCode   = "sms"
	TOTP      = "totp"
	Passkey   = "passkey"
	Recovery  = "recovery"
	Federated = "federated" // an upstream identity provider said who it is
)

// KindOf gives the kind behind a name of a user flow's MFA methods; "" when there is none.
func KindOf(flowMethod string) string {
	switch flowMethod {
	case "email":
		return EmailCode
	case "sms":
		return SMSCode
	case "softwareOath":
		return TOTP
	case "fido2":
		return Passkey
	}
	return ""
}
