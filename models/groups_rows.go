package models

import "time"

// GroupRow is a security group (Graph group). A group with a Rule has its members worked out, not listed.
type GroupRow struct {
	ID           string `gorm:"primaryKey;size:36"`
	TenantID     string `gorm:"size:36;uniqueIndex:groups_name,priority:1"`
	Name         string
	NameNorm     string `gorm:"uniqueIndex:groups_name,priority:2"` // folded; a name belongs to one group
	Description  string
	MailNickname string
	Rule         string // membership rule; "" = members are listed
	RulePaused   bool
	RuleDue      bool       // its members have to be worked out anew
	RuleCursor   string     // how far that has come: a person's id
	RuleAt       *time.Time // when that was last done
	Version      int64      // two admins at once
	CreatedAt    time.Time
	UpdatedAt    time.Time
}

func (GroupRow) TableName() string { return "groups" }

// GroupMemberRow says that a person, a group or an application (service principal) belongs to a group.
type GroupMemberRow struct {
	TenantID  string `gorm:"primaryKey;size:36;index:group_members_of,priority:1;index:group_members_time,priority:1;index:group_members_nested,priority:1,where:kind = 'group'"`
	GroupID   string `gorm:"primaryKey;size:36;index:group_members_of,priority:3;index:group_members_time,priority:2;index:group_members_nested,priority:2"`
	MemberID  string `gorm:"primaryKey;size:36;index:group_members_of,priority:2;index:group_members_time,priority:4;index:group_members_nested,priority:3"`
	Kind      string // user, group, servicePrincipal
	ByRule    bool
	CreatedAt time.Time `gorm:"index:group_members_time,priority:3"`
}

func (GroupMemberRow) TableName() string { return "group_members" }

// AppRoleAssignmentRow gives a role of an application to a person, a group or another application. RoleID
// is NoAppRole for "may use it" without a role.
type AppRoleAssignmentRow struct {
	ID            string    `gorm:"primaryKey;size:36"`
	TenantID      string    `gorm:"size:36;uniqueIndex:app_role_assignments_once,priority:1;index:app_role_assignments_app,priority:1"`
	PrincipalID   string    `gorm:"size:36;uniqueIndex:app_role_assignments_once,priority:2"`
	PrincipalKind string    // user, group, servicePrincipal
	ApplicationID string    `gorm:"size:36;uniqueIndex:app_role_assignments_once,priority:3;index:app_role_assignments_app,priority:2"`
	RoleID        string    `gorm:"size:36;uniqueIndex:app_role_assignments_once,priority:4"`
	CreatedAt     time.Time `gorm:"index:app_role_assignments_app,priority:3"`
}

func (AppRoleAssignmentRow) TableName() string { return "app_role_assignments" }

// NoAppRole is the vendor's id of the default access: assigned, without a role.
const NoAppRole = "00000000-0000-0000-0000-000000000000"
