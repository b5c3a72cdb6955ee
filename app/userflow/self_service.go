package userflow

import "slices"

// SelfService is the id of the flow by which people reach their account pages. No admin designs it: it is
// made of the tenant's flows, so that whoever can sign in to an app can sign in there too.
const SelfService = "4f0a8f0e-6a1b-4a53-9d0b-6a7e5f0c9d42"

// ForSelfService makes that flow: every way to sign in that some flow has, no sign-up, no questions. Its
// second factors are authenticator apps and passkeys, which people may always register to guard these very
// pages, and whatever else some flow knows; they are asked of whoever has one (app/signin).
func ForSelfService(flows []*Flow) Flow {
	f := Flow{ID: SelfService, Name: "Account pages", MFA: MFA{Enforcement: MFAConditional, Methods: []string{"softwareOath", "fido2"}}}
	for _, other := range flows {
		for _, m := range append([]Method{other.SignUpMethod}, other.SignInMethods...) {
			if m != "" && !slices.Contains(f.SignInMethods, m) {
				f.SignInMethods = append(f.SignInMethods, m)
			}
		}
		for _, m := range other.MFA.Methods {
			if !slices.Contains(f.MFA.Methods, m) {
				f.MFA.Methods = append(f.MFA.Methods, m)
			}
		}
		for _, id := range other.Providers {
			if !slices.Contains(f.Providers, id) {
				f.Providers = append(f.Providers, id)
			}
		}
		f.UserNames = f.UserNames || other.UserNames
		f.PasswordReset = f.PasswordReset || other.PasswordReset
	}
	slices.Sort(f.SignInMethods) // whatever the order of the flows
	slices.Sort(f.MFA.Methods)
	slices.Sort(f.Providers)
	f.SignUpMethod = EmailCode
	if slices.Contains(f.SignInMethods, EmailPassword) {
		f.SignUpMethod = EmailPassword
	}
	return f
}
