package admin

import (
	"strings"

	"portico/app/i18n"
	"portico/app/record"
)

// stepWord names a step of the machine for an admin.
func stepWord(s string) string {
	if w, ok := map[string]string{
		"identify": "Asked for the email address", "password": "Asked for the password", "prove": "Asked for a proof",
		"signin": "Showed the sign-in page", "signup": "Showed the sign-up page", "code": "Asked for the code from the mail",
		"emailCode": "Asked for the code from the mail", "verifyEmail": "Asked to prove the address", "risk": "Assessed the risk",
		"policy": "Evaluated Conditional Access", "blocked": "Said no", "enrol": "Asked to set up a second factor",
		"challenge": "Asked for the second factor", "mfa": "Asked for the second factor", "newPassword": "Asked for a new password",
		"forgot": "Asked whose password was forgotten", "resetPassword": "Asked for a new password in place of the forgotten one",
		"resetDone": "Said that the password was changed", "invitationOver": "Said that the invitation can be used no more",
		"changePassword": "Asked for a new password", "attributes": "Asked for details of the account", "terms": "Asked to accept the terms",
		"restore": "Asked whether to keep the account, which its owner had deleted", "consent": "Asked for consent", "stay": "Asked whether to stay signed in", "kmsi": "Asked whether to stay signed in",
		"signIn": "Showed the sign-in page", "signUp": "Showed the sign-up page", "select": "Asked to choose an account", "noAccount": "Said that nobody has this address", "refused": "Went back to the application",
		"recovery": "Showed recovery codes to keep", "elsewhere": "Opened in another browser", "finished": "Had ended already", "expired": "Had run out of time",
		"issue": "Answered the application", "selectAccount": "Asked to choose an account", "session": "Found a session",
	}[s]; ok {
		return w
	}
	return humane(s)
}

// methodWord names a proof.
func methodWord(s string) string {
	if w, ok := map[string]string{
		"password": "Password", "emailCode": "Code by email", "email": "Code by email", "sms": "Code by text message", "totp": "Authenticator app",
		"passkey": "Passkey", "rememberedDevice": "Remembered device", "earlierPasskey": "Passkey, longer ago", "session": "Satisfied by an earlier sign-in", "recovery": "Recovery code", "newPassword": "New password",
		"clientSecret": "Client secret", "certificate": "Certificate",
	}[s]; ok {
		return w
	}
	return humane(s)
}

func amrWord(s string) string {
	if w, ok := map[string]string{"pwd": "password", "otp": "one-time code", "mfa": "several factors", "hwk": "device key", "swk": "passkey",
		"sms": "text message", "user": "presence", "pin": "device PIN", "fpt": "biometrics"}[s]; ok {
		return w
	}
	return s
}

func demandWord(s string) string {
	if w, ok := map[string]string{"mfa": "A second factor was demanded", "passwordChange": "A new password was demanded", "block": "Access was refused",
		"authenticationStrength": "A certain kind of second factor was demanded", "enrol": "Setting up a second factor was demanded", "terms": "Accepting the terms was demanded"}[s]; ok {
		return w
	}
	return humane(s)
}

func noteWord(s string) string {
	if w, ok := map[string]string{
		"mfa_suppressed_by_user_flow":       "A policy demanded a second factor, but the user flow's switch is off, so nobody was asked",
		"no_usable_method":                  "A second factor was demanded, but the user flow offers none that this person can use",
		"risk_and_not_enrolled":             "A second factor was demanded because of risk, and the person has none: that is a refusal",
		"password_change_impossible":        "A policy demanded another password, and this person could not choose one here: that is a refusal",
		"passkey_at_another_host":           "The only second factor is a passkey that works at another host, so none could be shown or registered here",
		"registration_refused_by_policy":    "Policies about registering security information did not allow it here",
		"password_change_refused_by_policy": "Policies about changing a password did not allow it here",
		"terms_not_published":               "A policy asks for terms that are not published any more, which nobody can agree to",
		"remembered_device":                 "A second factor was shown on this device before, and the person asked not to be asked again there",
		"sign_in_risk_confirmed":            "A second factor was shown though no policy asked for it because of risk, which closes what was found",
		"user_risk_remediated":              "Another password was chosen in a secure way, which remediates the person’s risk",
		"blocked_by_incident":               "It belongs to an incident that an administrator has decided to block",
		"user_risk_simulated":               "The person’s risk was simulated for trying things out when this was decided",
		"sign_in_risk_remediated":           "The second factor was shown because of risk, which it remediates",
		"mfa_by_user_flow":                  "A second factor was asked for by the user flow: its switch is on Always on",
		"mfa_by_policy":                     "A second factor was asked for by a Conditional Access policy",
		"mfa_by_app":                        "A second factor was asked for by the application",
		"mfa_by_account_pages":              "A second factor was asked for because the account pages ask everybody who has one",
		"mfa_by_password_reset":             "A second factor was asked for before a forgotten password was replaced",
		"mfa_not_demanded":                  "No second factor was asked for: neither the user flow, a policy nor the application demanded one",
		"mfa_met_by_session":                "The second factor that was shown earlier in this session was enough",
		"mfa_met_in_attempt":                "The second factor was shown in this sign-in",
		"mfa_met_by_passkey":                "A passkey that verifies its user is both factors at once",
		"mfa_met_by_provider":               "A second factor was shown at the identity provider, which is trusted about that",
		"domain_hint_ignored":               "The application named an identity provider (domain_hint) that is not known or not switched on; the hint was ignored",
		"mfa_not_needed_alternative_met":    "The policy leaves a choice, and something else than a second factor met it",
		"acr_unsatisfied":                   "The assurance that the application asked for was not reached",
		"password_reset":                    "The person had forgotten the password and chose a new one, by a code sent to the account's address",
		"account_returned":                  "The person had deleted the account and kept it after all",
		"evaluation_skipped_trial":          "Risk and policies were skipped: this is a trial tenant",
	}[s]; ok {
		return w
	}
	if s == "" || strings.Contains(s, " ") {
		return s
	}
	return humane(strings.ReplaceAll(s, "_", " "))
}

// reasonWord is a message key in words; without an entry in the catalogue, its last part.
func reasonWord(l *i18n.Localizer, key string) string {
	if key == "" || l.Has(key) {
		if key == "" {
			return ""
		}
		return l.T(key)
	}
	parts := strings.Split(key, ".")
	if len(parts) > 1 {
		parts = parts[1:]
	}
	return humane(strings.ReplaceAll(strings.Join(parts, " "), "_", " "))
}

// outcomeWords gives the plain cause of an outcome and what an admin can do about it.
func outcomeWords(l *i18n.Localizer, o record.Outcome) (cause, do string) {
	switch o.Result {
	case record.Success:
		return "Everything that was demanded was proven.", ""
	case record.Abandoned:
		where := ""
		if o.Step != "" {
			where = " The last step was: " + strings.ToLower(stepWord(o.Step)) + "."
		}
		return "The visitor went away before the end." + where, "Nothing to do. If many stop at the same step, look at that page."
	}
	if a, ok := advice()[o.Code]; ok {
		return a[0], a[1]
	}
	cause = reasonWord(l, o.Key)
	if cause == "" {
		cause = "The sign-in stopped."
	}
	if o.Step != "" {
		cause += " It stopped here: " + strings.ToLower(stepWord(o.Step)) + "."
	}
	return cause, "Read the steps below; the last one that was not accepted is the cause."
}

// advice says cause and remedy for the vendor's error numbers.
func advice() map[int][2]string {
	return map[int][2]string{
		16000:   {"Several accounts are signed in at this browser and the application allowed no page to choose.", "The application should send a login hint or allow a page."},
		50011:   {"The redirect URI of the request is not registered for the application.", "Open the application's “Connect your app” page: it shows the two addresses that differ."},
		50034:   {"No account has this address.", "If the person should have one, create it or let them sign up."},
		50053:   {"Too many wrong passwords: sign-in to this account is paused for a while.", "It ends by itself. If the person did not do this, somebody guesses; look at the addresses of these sign-ins."},
		50055:   {"The password has expired.", "The person must choose a new one."},
		50056:   {"The account has no password.", "The person signs in with a code, or an admin sets a password."},
		50057:   {"The account is disabled.", "Enable the account if the person may sign in again."},
		50187:   {"Somebody signed in, but not the person, or not as strongly as, the application demanded.", "The application got an error in place of a code. It may ask the person to choose another account, or demand less."},
		50058:   {"The application asked for a silent sign-in, but nobody is signed in at this browser.", "Usual. The application should now send the person to sign in with a page."},
		50072:   {"The person must set up a second factor first.", "The person continues by setting one up. Nothing to do."},
		50074:   {"A second factor was demanded and not given.", "If the person lost it, remove their method on the user's page so that they can set up a new one."},
		50076:   {"A second factor was demanded and not given.", "If the person lost it, remove their method on the user's page so that they can set up a new one."},
		50079:   {"The person must set up a second factor first.", "The person continues by setting one up. Nothing to do."},
		50089:   {"The one-time code was used, burnt by wrong tries, or too old.", "The person asks for a new code."},
		50144:   {"The person cancelled.", "Usual. Nothing to do."},
		50173:   {"The grant or session was revoked, or the refresh token was used before.", "The application should start a new sign-in. If a refresh token was used twice, two parts of the application may share one."},
		50181:   {"The one-time code is wrong.", "The person types it again or asks for a new one."},
		50097:   {"A known device is required.", "The person should use a device that they have used before."},
		50105:   {"The person is not assigned to the application.", "Assign the person, or switch “assignment required” off."},
		50126:   {"The password is wrong, or no account has this address; both look alike to the visitor.", "If the person forgot the password, an admin can set a new one on the person’s page."},
		50140:   {"The sign-in was interrupted by “Stay signed in?”.", "Usual. Nothing to do."},
		50158:   {"Another check was demanded and not finished.", "Read the steps below."},
		53000:   {"A policy blocked this sign-in.", "See under Conditional Access which one and why."},
		53003:   {"A Conditional Access policy blocked this sign-in.", "See under Conditional Access which one and which condition. Change the policy if it should not have applied."},
		53004:   {"A second factor was demanded because of risk, and the person has none yet.", "Verify the person by other means, then dismiss the risk."},
		54005:   {"The authorization code was used before.", "The application must redeem each code once; reloading the callback page sends it twice."},
		65001:   {"The person, or nobody yet, agreed to what the application asks for.", "The person agrees on the consent page."},
		65004:   {"The person declined the consent.", "Ask the person why, or let the application ask for less."},
		70008:   {"The code or refresh token had expired.", "The application should start a new sign-in."},
		70043:   {"The refresh token is no longer good: sessions were revoked or a policy wants a newer sign-in.", "The application should start a new sign-in."},
		70011:   {"The application asked for a scope that does not exist.", "Open the application's “Connect your app” page."},
		7000112: {"The application is disabled.", "Enable the application."},
		7000218: {"The application did not prove who it is, or used the password grant.", "Open the application's “Connect your app” page."},
		700027:  {"The signed assertion of the application was refused.", "Open the application's “Connect your app” page."},
		700051:  {"The response type is not offered.", "The application should ask for a code with PKCE."},
		700084:  {"The refresh token of a single-page application lives for 24 hours, and they are over.", "The application should start a new sign-in."},
		399288:  {"A code by text message was not sent: its country is switched off, or the day’s messages are used up.", "Authentication methods shows the countries and the limit. The person can confirm another way."},
		500121:  {"The second factor was not accepted.", "The person tries again; if it is lost, remove it on the user's page so that a new one can be set up."},
		7000215: {"The client secret is wrong.", "Open the application's “Connect your app” page."},
		7000222: {"The client secret has expired.", "Make a new one and put it into the application."},
		700016:  {"The application does not exist in this tenant.", "Check the client ID and the authority of the application."},
		700082:  {"The refresh token was not used for too long.", "The application should start a new sign-in."},
	}
}
