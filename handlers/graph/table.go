package graph

// resources is the route table: one row per resource, each in a file of its own. Paths are found by
// their longest match.
func (a *API) resources() []resource {
	users := a.users()
	return []resource{
		users,
		me{users},
	}
}
