package extension

import "time"

// sampleListener stands in a payload that no listener had sent: APIs read it as a GUID.
const sampleListener = "00000000-0000-4000-8000-000000000002"

// Sample is an occasion of the event with a value everywhere, for payloads that an admin sends to try an API. The caller
// says which tenant, apps and moment.
func Sample(e Event) Occasion {
	o := Occasion{Event: e, CorrelationID: "00000000-0000-4000-8000-00000000c0de", IP: "192.0.2.1", Locale: "en-US"}
	if k, ok := kindOf(e); ok {
		k.sample(&o)
	}
	return o
}

func samplePerson() *Person {
	return &Person{ID: "00000000-0000-4000-8000-000000000001", DisplayName: "Mia Sample", GivenName: "Mia", Surname: "Sample", Mail: "mia.sample@example.com",
		UserPrincipalName: "mia.sample@example.com", CompanyName: "Sample Gardens", CreatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), PreferredLanguage: "en"}
}
