package models

import (
	"reflect"
	"slices"
	"testing"
)

// A new table that names a person cannot be forgotten: it is either in the download or explained here.
func TestWhatIsHeldAboutAPersonCanBeDownloaded(t *testing.T) {
	// Where each table that tells of a person is found in what they can download.
	personal := map[string]string{
		"UserRow": "Profile", "IdentityRow": "Identities", "CredentialRow": "Methods", "AcceptanceRow": "Terms", "InvitationRow": "Invitations",
		"SignInRow": "SignIns", "AuditRow": "Changes", "PortalSessionRow": "Sessions", "RoleAssignmentRow": "AdminRoles", "OneTimeLinkRow": "Links",
		"OpenIDGrantRow": "Grants", "OpenIDConsentRow": "Consents", "SessionRow": "Sessions", "SessionClientRow": "Sessions", "RememberedDeviceRow": "Devices", "GroupMemberRow": "Groups",
		"AppRoleAssignmentRow": "AppRoles", "PendingRow": "Pending", "SignInReportRow": "Reports", "SignInQuestionRow": "Questions", "SavedViewRow": "SavedViews", "CallerCheckRow": "Checks", "EmergencyUseRow": "Emergencies",
		"RiskPersonRow": "Usual", "RiskDetectionRow": "Detections", "RiskEventRow": "RiskHistory", "RiskUndoRow": "RiskHistory", "RiskMailRow": "RiskHistory", "LeakedAddressRow": "Leaks",
		"MergeRow": "Merged", "ExtensionCallRow": "Calls",
		"ActivityPersonRow": "SignIns", // a number, by which the days of their sign-ins are known
	}
	sections := reflect.TypeFor[PersonalData]()
	for _, table := range Tables() {
		row := reflect.TypeOf(table).Elem()
		where, listed := personal[row.Name()]
		names := slices.ContainsFunc([]string{"UserID", "OwnerID", "MemberID", "PrincipalID", "AcceptedBy"}, func(field string) bool {
			_, ok := row.FieldByName(field)
			return ok
		})
		if names && !listed {
			t.Errorf("%s names a person and is in no section of PersonalData", row.Name())
		}
		if _, ok := sections.FieldByName(where); listed && !ok {
			t.Errorf("%s is said to be in %q, which is not there", row.Name(), where)
		}
	}
}
