package handlers

import "net/url"

// InvitationLink is the address in an invitation's mail: a page that changes nothing until its form is
// sent, so that mail scanners and previews spend no invitation. base is the installation's public address.
func InvitationLink(base, slug, token string) string {
	return base + "/" + url.PathEscape(slug) + "/invitation/" + url.PathEscape(token)
}
