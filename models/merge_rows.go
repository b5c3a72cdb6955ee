package models

import "time"

// MergeRow remembers an account that went into another one: logs speak of it by its id, and passkeys that came along
// carry it (the user handle, WebAuthn §5.4.3). It goes with the person whom it belongs to.
type MergeRow struct {
	TenantID  string `gorm:"primaryKey;size:36;index:user_merges_into,priority:1"`
	FromID    string `gorm:"primaryKey;size:36"`
	UserID    string `gorm:"size:36;index:user_merges_into,priority:2"` // whom it belongs to now
	CreatedAt time.Time
}

func (MergeRow) TableName() string { return "user_merges" }

// mergeRule says what becomes of the rows of one table that speak of a person who vanishes in another one.
type mergeRule struct {
	row    any
	column string
	// once are the columns that, with the person, are unique: what the staying person has already is not doubled.
	once []string
	does mergeDoes
}

type mergeDoes string

const (
	mergeMoves mergeDoes = "moves" // belongs to the staying person from now on
	mergeDrops mergeDoes = "drops" // means nothing, or too much, for the staying person
	mergeKeeps mergeDoes = "keeps" // a log: it goes on speaking of the old account
	mergeStaff mergeDoes = "staff" // of administrators, who are never merged
	mergeOwn   mergeDoes = "own"   // has rules of its own (mergeWays, mergeConsents)
)

// mergeRules knows every table that names a person. A new one has to be decided about here: a test says so.
func mergeRules() []mergeRule {
	const user = "user_id"
	return []mergeRule{
		{&IdentityRow{}, user, nil, mergeMoves},
		{&CredentialRow{}, user, nil, mergeOwn},
		{&GroupMemberRow{}, "member_id", []string{"group_id"}, mergeMoves},
		{&AppRoleAssignmentRow{}, "principal_id", []string{"application_id", "role_id"}, mergeMoves},
		{&OpenIDConsentRow{}, user, nil, mergeOwn},
		{&AcceptanceRow{}, user, []string{"terms_id", "version"}, mergeMoves},
		{&InvitationRow{}, "accepted_by", nil, mergeMoves},
		{&SignInReportRow{}, user, nil, mergeMoves},
		{&SignInQuestionRow{}, user, []string{"day", "device"}, mergeMoves},
		{&RiskDetectionRow{}, user, nil, mergeMoves},
		{&RiskEventRow{}, user, nil, mergeMoves},
		{&RiskPersonRow{}, user, []string{}, mergeMoves}, // who has habits of their own keeps them
		{&MergeRow{}, user, nil, mergeMoves},
		{&ExtensionCallRow{}, user, nil, mergeMoves}, // goes when the person is erased

		{&SessionRow{}, user, nil, mergeDrops},
		{&OpenIDGrantRow{}, user, nil, mergeDrops},
		{&RememberedDeviceRow{}, user, nil, mergeDrops},
		{&PendingRow{}, user, nil, mergeDrops},
		{&OneTimeLinkRow{}, user, nil, mergeDrops},
		{&CallerCheckRow{}, user, nil, mergeDrops}, // the caller proved to be the owner of one account, not of the other
		{&RiskUndoRow{}, user, nil, mergeDrops},
		{&RiskMailRow{}, user, nil, mergeDrops},
		{&LeakedAddressRow{}, user, nil, mergeOwn},
		{&ActivityPersonRow{}, user, nil, mergeDrops}, // two people were active while they were two

		{&SignInRow{}, user, nil, mergeKeeps},
		{&BulkPersonRow{}, "person_id", nil, mergeKeeps},
		{&AuditRow{}, "actor_id", nil, mergeKeeps},
		{&AuditRow{}, "target_id", nil, mergeKeeps},
		{&RiskEventRow{}, "actor_id", nil, mergeStaff},
		{&RiskUndoRow{}, "actor_id", nil, mergeStaff},

		{&PortalSessionRow{}, user, nil, mergeStaff},
		{&RoleAssignmentRow{}, user, nil, mergeStaff},
		{&EmergencyUseRow{}, user, nil, mergeStaff},
		{&CallerCheckRow{}, "admin_id", nil, mergeStaff},
		{&ReplayRow{}, "admin_id", nil, mergeStaff},
		{&SavedViewRow{}, "owner_id", nil, mergeStaff},
		{&ImportRow{}, "actor_id", nil, mergeStaff},
		{&BulkRow{}, "actor_id", nil, mergeStaff},
		{&LeakedImportRow{}, "actor_id", nil, mergeStaff},
		{&EmergencyUseRow{}, "noted_by", nil, mergeStaff},
	}
}
