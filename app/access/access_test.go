package access

import (
	"slices"
	"strings"
	"testing"
)

func role(name string) Role {
	for _, r := range Roles() {
		if r.Name == name {
			return r
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
		{"user administrators leave applications alone", "User Administrator", "a", AppWrite, "a", false},
		{"application administrators leave people alone", "Application Administrator", "a", UserWrite, "a", false},
		{"user administrators invite", "User Administrator", "a", Invite, "a", true},
		{"guest inviters invite", "Guest Inviter", "a", Invite, "a", true},
		{"and change nobody", "Guest Inviter", "a", UserWrite, "a", false},
		{"who only reads invites nobody", "Global Reader", "a", Invite, "a", false},
		{"nor takes everything about a person away", "Global Reader", "a", ExportData, "a", false},
		{"reports readers read logs", "Reports Reader", "a", AuditRead, "a", true},
		{"reports readers read no people", "Reports Reader", "a", UserRead, "a", false},
		{"user administrators give no roles", "User Administrator", "a", RoleWrite, "a", false},
		{"global administrators give roles", "Global Administrator", "a", RoleWrite, "a", true},
		{"global administrators of everything are no operators", "Global Administrator", AllTenants, TenantOperate, AllTenants, false},
		{"operators are", "Installation Operator", AllTenants, TenantOperate, AllTenants, true},
		{"and see nobody", "Installation Operator", AllTenants, UserRead, "a", false},
		{"the help desk sees no lists of people", "Helpdesk Administrator", "a", UserRead, "a", false},
		{"and sets no password without a check", "Helpdesk Administrator", "a", PasswordWrite, "a", false},
		{"authentication administrators reset passwords", "Authentication Administrator", "a", PasswordWrite, "a", true},
		{"and change no profile", "Authentication Administrator", "a", UserWrite, "a", false},
		{"user administrators reset passwords", "User Administrator", "a", PasswordWrite, "a", true},
		{"and remove no sign-in methods", "User Administrator", "a", MethodWrite, "a", false},
		{"application developers register", "Application Developer", "a", AppCreate, "a", true},
		{"and change no others", "Application Developer", "a", AppWrite, "a", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Allow([]Assignment{{RoleID: role(c.role).ID, TenantID: c.tenant}}, c.in, c.want); got != c.yes {
				t.Errorf("got %v", got)
			}
		})
	}
	if Allow(nil, "a", OrganizationRead) || Allow([]Assignment{{RoleID: "unknown", TenantID: "a"}}, "a", OrganizationRead) {
		t.Error("nothing, or an unknown role, grants something")
	}
}

// TestWhatBroadRightsBring: who may do the broad thing may do the narrow ones, and never the other way.
func TestWhatBroadRightsBring(t *testing.T) {
	for broad, narrow := range map[Permission][]Permission{
		UserRead:   {UserReadBasic},
		UserWrite:  {UserRead, UserReadBasic, EnableWrite, RevokeWrite, DeleteRestore, PasswordWrite, IdentityWrite, MailWrite, PhoneWrite},
		GroupRead:  {MemberRead},
		GroupWrite: {GroupRead, MemberRead, MemberWrite},
		AppWrite:   {AppRead, AppCreate},
		PolicyRead: {ConditionalRead, MethodPolicyRead},
	} {
		for _, p := range narrow {
			if !Grants([]Permission{broad}, p) {
				t.Errorf("%s does not bring %s", broad, p)
			}
			if Grants([]Permission{p}, broad) {
				t.Errorf("%s brings %s", p, broad)
			}
		}
	}
	for _, p := range []Permission{MethodWrite, MethodRead, Invite, ExportData, HelpDesk, RoleWrite, GroupRead} {
		if Grants([]Permission{UserWrite}, p) {
			t.Errorf("%s brings %s", UserWrite, p)
		}
	}
	// One level is all that Grants looks at: what is brought along brings nothing that is not in the table.
	for _, p := range append(Known(), TenantOperate) {
		for _, q := range brings(p) {
			for _, r := range append(brings(q), readOf(q)) {
				if !Grants([]Permission{p}, r) {
					t.Errorf("%s brings %s, and that %s, which the table does not name", p, q, r)
				}
			}
		}
	}
}

func TestTheCatalogue(t *testing.T) {
	ids, known := map[string]bool{}, append(Known(), TenantOperate)
	for _, r := range Roles() {
		if ids[r.ID] || ids[r.Name] || len(r.ID) != 36 || len(r.Permissions) == 0 {
			t.Errorf("%s: %s", r.Name, r.ID)
		}
		ids[r.ID], ids[r.Name] = true, true
		if !strings.HasSuffix(r.Description, ".") || strings.Contains(r.Description, ". ") {
			t.Errorf("%s is not told in one sentence: %q", r.Name, r.Description)
		}
		for _, p := range r.Permissions {
			if !slices.Contains(known, p) {
				t.Errorf("%s has %s, which nobody knows", r.Name, p)
			}
		}
		if !r.Installation && !Covers(All(), r.Permissions) {
			t.Errorf("%s holds what a Global Administrator does not", r.Name)
		}
		if r.Installation != slices.Contains(r.Permissions, TenantOperate) {
			t.Errorf("%s: of the installation is who may operate it", r.Name)
		}
	}
	for _, name := range []string{"Global Administrator", "Privileged Role Administrator", "Privileged Authentication Administrator", "Authentication Administrator",
		"Authentication Policy Administrator", "Authentication Extensibility Administrator", "Authentication Extensibility Password Administrator", "User Administrator",
		"Application Administrator", "Cloud Application Administrator", "Application Developer", "External ID User Flow Administrator",
		"External ID User Flow Attribute Administrator", "External Identity Provider Administrator", "Organizational Branding Administrator",
		"Conditional Access Administrator", "Security Administrator", "Security Operator", "Security Reader", "Reports Reader", "Global Reader",
		"Helpdesk Administrator", "Groups Administrator", "Guest Inviter", "Directory Readers"} { // R 10.2.5
		if !ids[name] {
			t.Errorf("the catalogue lacks %s", name)
		}
	}
	if !Covers(All(), Known()) {
		t.Error("there is a permission that nobody may give to an application")
	}
	if Covers(All(), []Permission{TenantOperate}) || slices.Contains(Known(), TenantOperate) {
		t.Error("the installation is operated by roles of a tenant")
	}
}

func TestNobodyGrantsWhatTheyDoNotHold(t *testing.T) {
	if Covers([]Permission{UserWrite}, []Permission{UserRead, AppRead}) {
		t.Error("a right that is not held was covered")
	}
	if !Covers([]Permission{UserWrite, AppRead}, []Permission{UserRead, AppRead}) {
		t.Error("rights that are held were not covered")
	}
	if Covers([]Permission{UserWrite}, []Permission{AsSignedIn}) || Covers([]Permission{UserWrite}, []Permission{DirectoryWrite}) {
		t.Error("a right that brings others' along was covered by a part of them")
	}
}

// have reads "Role@tenant, …".
func have(words ...string) []Assignment {
	var out []Assignment
	for _, w := range words {
		name, tenant, _ := strings.Cut(w, "@")
		id := name
		if name != "no such role" {
			id = role(name).ID
		}
		out = append(out, Assignment{RoleID: id, TenantID: tenant})
	}
	return out
}

func TestOverAndMayGrant(t *testing.T) {
	for _, c := range []struct {
		mine, theirs []Assignment
		yes          bool
	}{
		{have("Global Administrator@*"), have("User Administrator@a", "Global Administrator@b"), true},
		{have("Global Administrator@*"), have("Global Administrator@*"), true}, // equals help each other
		{have("Global Administrator@*"), have("Installation Operator@*"), false},
		{have("Global Administrator@*", "Installation Operator@*"), have("Installation Operator@*"), true},
		{have("Global Administrator@a"), have("Global Administrator@*"), false},
		{have("Global Administrator@a"), have("User Administrator@a", "Reports Reader@b"), false}, // a right elsewhere protects
		{have("Global Administrator@a"), have("User Administrator@a"), true},
		{have("Privileged Role Administrator@*"), have("Global Administrator@*"), false},
		{have("Privileged Role Administrator@*"), have("Security Reader@a"), true},
		{have("Privileged Authentication Administrator@*"), have("User Administrator@a"), false},
		{have("User Administrator@*"), have("no such role@*"), true},
		{nil, nil, true}, // a person without rights is everybody's match; the permission decides
	} {
		if Over(Rights(c.mine), c.theirs) != c.yes {
			t.Errorf("%v over %v: %v", c.mine, c.theirs, !c.yes)
		}
	}
	for _, c := range []struct {
		mine []Assignment
		give string
		yes  bool
	}{
		{have("Global Administrator@a"), "User Administrator@a", true},
		{have("Global Administrator@a"), "Global Administrator@a", true},
		{have("Global Administrator@a"), "User Administrator@b", false},
		{have("Global Administrator@a"), "User Administrator@*", false},
		{have("Global Administrator@*"), "User Administrator@b", true},
		{have("Global Administrator@*"), "Installation Operator@*", false},
		{have("Global Administrator@*", "Installation Operator@*"), "Installation Operator@*", true},
		{have("Global Administrator@*", "Installation Operator@*"), "Installation Operator@a", false},
		{have("Installation Operator@*"), "Installation Operator@*", false}, // gives no roles at all
		{have("Privileged Role Administrator@a"), "Reports Reader@a", true},
		{have("Privileged Role Administrator@a"), "User Administrator@a", false},
		{have("Privileged Role Administrator@a", "User Administrator@a"), "User Administrator@a", true},
		{have("User Administrator@a"), "User Administrator@a", false},
		{have("Global Administrator@*"), "no such role@*", false},
	} {
		if MayGrant(Rights(c.mine), have(c.give)[0]) != c.yes {
			t.Errorf("%v gives %s: %v", c.mine, c.give, !c.yes)
		}
	}
}
