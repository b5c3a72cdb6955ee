package export

import "slices"

// The closed lists of Microsoft Graph. A client of the vendor reads a member that it does not know as another one
// or fails, so nothing outside of them is ever said (graph.md §10, §1.10).

// RiskLevel is a riskLevel.
func RiskLevel(s string) string { return member(s, "none", "low", "medium", "high", "hidden") }

// RiskState is a riskState.
func RiskState(s string) string { return member(s, RiskStates()...) }

// RiskStates are the states that Graph knows; the first is the default.
func RiskStates() []string {
	return []string{"none", "confirmedSafe", "remediated", "dismissed", "atRisk", "confirmedCompromised"}
}

// RiskDetail is a riskDetail. The last one of the vendor's came after its SDKs, so it is said only to whoever asked
// for unknown members.
func RiskDetail(s string, unknownToo bool) string {
	if s == "microsoftRevokedSessions" && !unknownToo {
		return Unknown
	}
	return member(s, RiskDetails()...)
}

// RiskDetails are the details that Graph knows; the first is the default.
func RiskDetails() []string {
	return []string{"none", "adminGeneratedTemporaryPassword", "userPerformedSecuredPasswordChange", "userPerformedSecuredPasswordReset",
		"adminConfirmedSigninSafe", "aiConfirmedSigninSafe", "userPassedMFADrivenByRiskBasedPolicy", "adminDismissedAllRiskForUser",
		"adminConfirmedSigninCompromised", "hidden", "adminConfirmedUserCompromised", "m365DAdminDismissedDetection",
		"adminConfirmedServicePrincipalCompromised", "adminDismissedAllRiskForServicePrincipal", "userChangedPasswordOnPremises",
		"adminDismissedRiskForSignIn", "adminConfirmedAccountSafe", "microsoftRevokedSessions"}
}

// Timing is a riskDetectionTimingType.
func Timing(s string) string {
	return member(s, "notDefined", "realtime", "nearRealtime", "offline")
}

// Activity is an activityType.
func Activity(s string) string { return member(s, "signin", "user", "servicePrincipal") }

// Unknown is what stands for a member that a list does not have.
const Unknown = "unknownFutureValue"

// member is s if the list has it, the list's first when s is empty, and Unknown otherwise.
func member(s string, list ...string) string {
	switch {
	case s == "":
		return list[0]
	case slices.Contains(list, s):
		return s
	}
	return Unknown
}
