package access

import "testing"

func role(name string) string {
	for _, r := range Roles() {
		if r.Name == name {
			return r.ID
		}
	}
	panic("no role " + name)
}

func TestAllow(t *testing.T) {
	for _, c := range []struct {
		name   string
		role   string
		tenant string
		want   Permission
		in     string
		yes    bool
	}{
		{"a role counts in its tenant", "User Administrator", "a", UserWrite, "a", true},
		{"and in no other", "User Administrator", "a", UserWrite, "b", false},
		{"all tenants are every tenant", "User Administrator", AllTenants, UserWrite, "b", true},
		{"a write includes its read", "Application Administrator", "a", AppRead, "a", true},
		{"a read includes no write", "Global Reader", "a", AppWrite, "a", false},
		{"user administrators leave applications alone", "User Administrator", "a", AppRead, "a", false},
		{"application administrators leave people alone", "Application Administrator", "a", UserRead, "a", false},
		{"user administrators invite", "User Administrator", "a", Invite, "a", true},
		{"guest inviters invite", "Guest Inviter", "a", Invite, "a", true},
		{"and change nobody", "Guest Inviter", "a", UserWrite, "a", false},
		{"who only reads invites nobody", "Global Reader", "a", Invite, "a", false},
		{"reports readers read logs", "Reports Reader", "a", AuditRead, "a", true},
		{"reports readers read no people", "Reports Reader", "a", UserRead, "a", false},
		{"only global administrators give roles", "User Administrator", "a", RoleWrite, "a", false},
		{"global administrators give roles", "Global Administrator", "a", RoleWrite, "a", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Allow([]Assignment{{RoleID: role(c.role), TenantID: c.tenant}}, c.in, c.want); got != c.yes {
				t.Errorf("got %v", got)
			}
		})
	}
	if Allow(nil, "a", OrganizationRead) || Allow([]Assignment{{RoleID: "unknown", TenantID: "a"}}, "a", OrganizationRead) {
		t.Error("nothing, or an unknown role, grants something")
	}
}

func TestGlobalAdministratorsHoldEverything(t *testing.T) {
	for _, r := range Roles() {
		if !Covers(append(All(), TenantOperate), r.Permissions) {
			t.Errorf("%s holds what a Global Administrator does not", r.Name)
		}
	}
}

func TestNobodyGrantsWhatTheyDoNotHold(t *testing.T) {
	if Covers([]Permission{UserWrite}, []Permission{UserRead, AppRead}) {
		t.Error("a right that is not held was covered")
	}
	if !Covers([]Permission{UserWrite, AppRead}, []Permission{UserRead, AppRead}) {
		t.Error("rights that are held were not covered")
	}
}
