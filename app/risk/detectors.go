package risk

// Detectors lists every detection that is made from a sign-in. One more is one file and one line here.
func Detectors() []Detector {
	return []Detector{
		unfamiliar(),
		newCountry(),
		impossibleTravel(),
		unlikelyTravel(),
		anonymousAddress(),
		maliciousAddress(),
		malwareAddress(),
		threatActor(),
		threatIntelligence(),
		leakedCredentials(),
		anomalousToken(),
		suspiciousSignUp(),
		passwordSpray(),
		credentialStuffing(),
		incidentResponse(),
	}
}
