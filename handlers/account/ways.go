package account

// wayRoutes are the pages about how somebody gets in, and who else may act for them.
func (p *Pages) wayRoutes() []row { return nil }
