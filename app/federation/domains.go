package federation

import "slices"

// PublicMail reports whether a domain gives addresses to everybody: no enterprise speaks for it.
func PublicMail(domain string) bool {
	return slices.Contains([]string{"gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "icloud.com", "me.com", "mac.com",
		"privaterelay.appleid.com", "yahoo.com", "ymail.com", "aol.com", "proton.me", "protonmail.com", "gmx.de", "gmx.net", "gmx.com", "web.de", "mail.ru", "yandex.ru", "qq.com", "163.com"}, domain)
}

// Many reports whether a provider speaks for many companies, so that no domain is its own.
func (p Provider) Many() bool {
	return p.Kind == Microsoft && (p.Directory == "" || p.Directory == "common" || p.Directory == "organizations" || p.Directory == "consumers")
}
