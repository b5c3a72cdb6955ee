package tenant

import (
	"fmt"
	"net/mail"
	"slices"
	"strings"

	"portico/app/fault"
)

// RiskMail is whom Identity Protection writes to, and about what (R 6.10). Zero values mean what the vendor does: a mail
// about people at high risk, and a digest on Mondays, to the administrators who look after security.
type RiskMail struct {
	Off       bool     `json:"off,omitempty"`       // no mail about people at risk
	Level     string   `json:"level,omitempty"`     // from which a person is worth a mail: low, medium, high ("")
	Also      []string `json:"also,omitempty"`      // addresses besides the administrators
	DigestOff bool     `json:"digestOff,omitempty"` // no weekly digest
	DigestDay string   `json:"digestDay,omitempty"` // monday ("") to sunday
}

// most is how many addresses a tenant may add.
const mostRiskMail = 20

// Days are the days of the week, in order, as settings name them.
func Days() []string {
	return []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}
}

// From is the level from which a person is worth a mail.
func (m RiskMail) From() string {
	if m.Level == "" {
		return "high"
	}
	return m.Level
}

// Day is the day of the digest.
func (m RiskMail) Day() string {
	if m.DigestDay == "" {
		return Days()[0]
	}
	return m.DigestDay
}

func (m RiskMail) tidied() RiskMail {
	m.Also = lines(m.Also, strings.ToLower)
	return m
}

// Validate says what an admin must mend, field by field.
func (m RiskMail) Validate() error {
	var bad fault.Fields
	if !slices.Contains([]string{"low", "medium", "high"}, m.From()) {
		bad.Add("riskMail.level", "risk.mail.level", nil)
	}
	if !slices.Contains(Days(), m.Day()) {
		bad.Add("riskMail.digestDay", "risk.mail.day", nil)
	}
	if len(m.Also) > mostRiskMail {
		bad.Add("riskMail.also", "risk.mail.many", map[string]any{"max": mostRiskMail})
	}
	for i, to := range m.Also {
		// Only the bare address, which no header can be smuggled into.
		if a, err := mail.ParseAddress(to); err != nil || a.Address != to || len(to) > 254 || strings.ContainsAny(to, "\r\n") {
			bad.Add(fmt.Sprintf("riskMail.also[%d]", i), "risk.mail.address", map[string]any{"address": to})
		}
	}
	return bad.Err()
}
