package federation

// openID is any company's provider: everything is the admin's to say.
func openID() preset {
	return preset{kind: OpenID, label: "OpenID Connect", scopes: []string{"openid", "profile", "email"}, claims: standardClaims(), byForce: true}
}
