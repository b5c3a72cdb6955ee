package graph

// resources is the route table: one row per resource, each in a file of its own. Paths are found by
// their longest match. The second list are those that configuration as code manages, each after what
// it depends on.
func (a *API) resources() ([]resource, []managed) {
	users, applications, flows, organization := a.users(), a.applications(), a.flows(), a.brandedOrganization()
	attributes, terms, invitations := a.userAttributes(), a.termsOfUse(), a.invitations()
	groups, principals := a.groups(), a.servicePrincipals()
	roles := a.roleAssignments()
	conditions, locations, contexts := a.conditionalPolicies(), a.namedLocations(), a.authenticationContexts()
	strengths := a.authenticationStrengths("policies", "authenticationStrengthPolicies")
	detections, exports, hooks := a.riskDetections(), a.exports(), a.webhooks()
	extensions, listeners := a.extensions(), a.listeners()
	brandings := a.brandings()
	withThemes(listeners)
	providers := a.identityProviders()
	a.directory = directory{users: users, groups: groups, applications: applications, principals: principals}
	return []resource{
		users,
		me{users},
		groups,
		directoryObjects{a},
		applications,
		principals,
		a.claimsPolicies(),
		conditions,
		a.conditionalPoliciesAt("policies", "conditionalAccessPolicies"),
		a.deletedPolicies(),
		a.deletedLocations(),
		locations,
		strengths,
		a.authenticationStrengths("identity", "conditionalAccess", "authenticationStrength", "policies"),
		strengthRoot{},
		contexts,
		a.conditionalTemplates(),
		detections,
		a.riskyUsers(),
		undoOfPeople(),
		undoOfSignIns(),
		riskSettings{a},
		riskBudget{a},
		riskDetectionTypes{a},
		riskSimulations{a, detections},
		riskTestPersons{a},
		a.incidents(),
		a.threatIndicators(),
		a.leakedAddresses(),
		exports,
		hooks,
		a.webhookDeliveries(),
		policyReplay{a},
		methodsPolicy{a},
		evaluation{a},
		deletedItems{a, users, applications},
		providers,
		providerTypes{},
		domains{a},
		extensions,
		configurationCheck{},
		listeners,
		a.extensionCalls(),
		flows,
		a.userFlowVersions(flows),
		attributes,
		terms,
		invitations,
		invitationDoor{invitations},
		signInLog{a.signIns()},
		a.directoryAudits(),
		organization,
		brandings,
		a.tenants(),
		a.imports(),
		a.savedViews(),
		userMerge{},
		porticoMe{a},
		a.roleDefinitions(),
		roles,
		a.directoryRoles(roles, "directoryRoles", "directoryRole"),
		a.directoryRoles(roles, "directoryRoleTemplates", "directoryRoleTemplate"),
	}, []managed{organization, attributes, terms, applications, pictureFiles{a.pictureFiles()}, a.companyLook(), a.themeFiles(), providers, flows, extensions, listeners, locations, strengths, contexts, conditions, exports, hooks, hostFiles{domains{a}}}
}
