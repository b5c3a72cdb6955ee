package graph

// resources is the route table: one row per resource, each in a file of its own. Paths are found by
// their longest match.
func (a *API) resources() []resource {
	users, applications := a.users(), a.applications()
	return []resource{
		users,
		me{users},
		applications,
		a.servicePrincipals(),
		deletedItems{a, users, applications},
		a.flows(),
		a.signIns(),
		a.directoryAudits(),
		a.organization(),
	}
}
