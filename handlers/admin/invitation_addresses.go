package admin

import (
	"strings"

	"github.com/gofiber/fiber/v2"

	"portico/app/account"
	"portico/app/userflow"
	views "portico/views/admin"
)

// splitAddresses splits the box of addresses: at line ends, commas and semicolons, as mail programs copy
// them. A sign inside quotation marks or angle brackets splits nothing, nor does the comma of a name:
// “Lovelace, Ada <ada@example.com>” is one person.
func splitAddresses(box string) []string {
	var out []string
	for _, line := range splitLines(box) {
		var parts []string
		start, quoted, bracketed := 0, false, false
		for i := range len(line) {
			switch c := line[i]; {
			case c == '"':
				quoted = !quoted
			case c == '<' && !quoted:
				bracketed = true
			case c == '>' && !quoted:
				bracketed = false
			case (c == ',' || c == ';') && !quoted && !bracketed:
				parts = append(parts, line[start:i])
				start = i + 1
			}
		}
		out = append(out, wholeNames(append(parts, line[start:]))...)
	}
	return out
}

// wholeNames puts a name with a comma together again.
func wholeNames(parts []string) []string {
	var out []string
	name := ""
	for _, part := range parts {
		switch {
		case name != "" && strings.Contains(part, "<"):
			part, name = name+","+part, ""
		case name != "":
			out, name = append(out, strings.TrimSpace(name)), ""
		}
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		if !strings.Contains(part, "@") {
			name = part
			continue
		}
		out = append(out, part)
	}
	if name != "" {
		out = append(out, strings.TrimSpace(name))
	}
	return out
}

// asciiDomain is the domain of an address as mail travels to it, when that is not what one reads: letters of
// other scripts can look like Latin ones (RFC 5891 §4.4; UTS #39 §4).
func asciiDomain(email string) string {
	canonical, err := account.CanonicalEmail(email)
	if err != nil {
		return ""
	}
	domain := canonical[strings.LastIndexByte(canonical, '@')+1:]
	if !strings.HasPrefix(domain, "xn--") && !strings.Contains(domain, ".xn--") {
		return ""
	}
	return domain
}

// addressWords is an address with what its domain really is, where that does not show.
func addressWords(email string) string {
	if domain := asciiDomain(email); domain != "" {
		return email + " (" + domain + ")"
	}
	return email
}

// otherPending are the invitations besides one that its person could accept as well.
func (v *visit) otherPending(c *fiber.Ctx, i userflow.Invitation) ([]userflow.Invitation, error) {
	all, err := v.tenant.PendingInvitations(c.UserContext(), i.Canonical)
	var out []userflow.Invitation
	for _, one := range all {
		if one.ID != i.ID {
			out = append(out, one)
		}
	}
	return out, err
}

// otherPendingSection says so with the way to each.
func (v *visit) otherPendingSection(list []userflow.Invitation) views.Section {
	if len(list) == 0 {
		return views.Section{}
	}
	t := &views.Table{Caption: "Other pending invitations", Columns: []views.Column{{Label: "Application"}, {Label: "Made"}, {Label: "Expires"}, {Label: "By"}}}
	for _, i := range list {
		t.Rows = append(t.Rows, views.Row{Cells: []views.Cell{{Kind: views.Name, Text: v.appName(i.ClientID), Sub: i.Email, Href: v.invitationBase(i.ID)}, when(i.CreatedAt), when(i.ExpiresAt), {Kind: views.Name, Text: i.ActorName}}})
	}
	return views.Section{ID: "others", Title: "There is another pending invitation to this address", Lead: "Each has a link of its own that works. Revoke the one that is not meant.", Table: t}
}
