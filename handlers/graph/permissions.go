package graph

import "portico/app/access"

// Any one of a list suffices; the least privileged comes first (graph.md). A ReadWrite includes its Read.
func readUsers() []access.Permission {
	return []access.Permission{access.UserRead, access.DirectoryRead}
}

func writeUsers() []access.Permission {
	return []access.Permission{access.UserWrite, access.DirectoryWrite}
}

func readApps() []access.Permission {
	return []access.Permission{access.AppRead, access.DirectoryRead}
}

func writeApps() []access.Permission {
	return []access.Permission{access.AppWrite, access.DirectoryWrite}
}

func readFlows() []access.Permission  { return []access.Permission{access.FlowRead} }
func writeFlows() []access.Permission { return []access.Permission{access.FlowWrite} }

// The texts of a flow are for whoever looks after the branding, too (R 2.8.8).
func readTextsOf() []access.Permission {
	return []access.Permission{access.FlowRead, access.BrandingRead}
}
func writeTextsOf() []access.Permission {
	return []access.Permission{access.FlowWrite, access.BrandingWrite}
}

func readAttributes() []access.Permission  { return []access.Permission{access.AttributeRead} }
func writeAttributes() []access.Permission { return []access.Permission{access.AttributeWrite} }

func readLogs() []access.Permission { return []access.Permission{access.AuditRead} }

func readOrganization() []access.Permission {
	return []access.Permission{access.OrganizationRead, access.DirectoryRead}
}
