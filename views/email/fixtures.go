package email

import "time"

// Sample is a letter of a kind with invented facts, as it could have been sent, for previews, trials and tests.
func Sample(kind Kind, tenant string, at time.Time) Letter {
	m := Letter{Kind: kind, Tenant: tenant, Minutes: 10}
	const page = "https://login.example/sample"
	switch kind {
	case Code, CallerCode:
		m.Code = "042317"
	case Link:
		m.URL = page
	case Invitation:
		m.URL, m.App, m.Message, m.Until = page, "Market", "Welcome aboard.\nWe look forward to seeing you.", at.AddDate(0, 0, 7)
	case Existing:
		m.URL = page
	case AdminInvitation:
		m.URL, m.Roles, m.By, m.Until = page, "User Administrator", "Mira Okafor", at.AddDate(0, 0, 1)
	case AdminRecovery:
		m.At, m.By = at, "Mira Okafor"
	case EmergencyUsed:
		m.At, m.App = at, "Emergency 1"
	case Leaving:
		m.At, m.URL, m.Until, m.Place, m.Device = at, page, at.AddDate(0, 0, 30), "Lisbon, Portugal", "Firefox on Windows"
	case CredentialsExpiring:
		m.URL, m.Message = page, "Market – client secret “Web” – "+at.AddDate(0, 0, 14).Format("2006-01-02")+"\nContoso – certificate – "+at.AddDate(0, 0, 20).Format("2006-01-02")
	case TextsSpent:
		m.URL, m.Purpose, m.Message = page, "most", "800 / 1,000"
	case UsersAtRisk:
		m.URL, m.Count, m.Message = page, 2, "mira.okafor@example.com\njonas.weber@example.com"
	case RiskWeek:
		m.URL, m.Message = page, "12 / 3 / 1"
	case IncidentOpened:
		m.URL, m.Purpose, m.Message = page, "passwordSpray", "1,204 × 203.0.113.0/24"
	case WebhookPaused:
		m.URL, m.Purpose, m.Message = page, "failing", "Newsletter: 503"
	default:
		m.At, m.URL, m.Place, m.Device = at, page, "Lisbon, Portugal", "Firefox on Windows"
		switch kind {
		case MethodAdded, MethodRemoved:
			m.Method = "totp"
		case NewSignIn:
			m.App = "Market"
		case ContactChanged, ContactConfirmed:
			m.Purpose = "email"
		case WaveMet:
			m.Purpose, m.Place, m.Device = "tried", "", ""
		}
	}
	return m
}
