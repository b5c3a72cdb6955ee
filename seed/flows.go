package seed

import (
	"context"

	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
)

// Names of the two user flows.
const (
	flowMarket = "Shop and car"
	flowHome   = "Home by code"
)

// Names of the company's custom attributes.
const (
	newsletter  = "Newsletter"
	homeType    = "Home type"
	loyalty     = "Loyalty number"
	dateOfBirth = "Date of birth"
	store       = "Preferred store"
	household   = "People in the household"
	interests   = "Interests"
)

func sampleSettings(baseURL string) tenant.Settings {
	return tenant.Settings{SupportURL: baseURL + "/demo", PrivacyURL: baseURL + "/demo", TermsURL: baseURL + "/demo",
		BannedWords: []string{"fernhill", "ferncard", "fernhome"},
		UserNames:   tenant.UserNames{Enabled: true, Patterns: []string{`FH-[0-9]{6}`}, Message: "A customer number looks like FH-104213. It is on every invoice."}}
}

// sampleDefinitions are the company's custom attributes, one of each kind.
func sampleDefinitions(tenantID string) []userflow.Definition {
	one, twenty := int64(1), int64(20)
	list := []userflow.Definition{
		{Name: newsletter, Description: "Wants the weekly offers by mail", DataType: userflow.Boolean},
		{Name: homeType, Description: "What the customer insures", DataType: userflow.Choice,
			Options: []userflow.Option{{Text: "A flat", Value: "flat"}, {Text: "A house", Value: "house"}}},
		{Name: loyalty, Description: "Printed on the Ferncard", DataType: userflow.String, Pattern: `LC-[0-9]{6}`,
			Message: "A loyalty number looks like LC-204117. It is on the back of your Ferncard."},
		{Name: dateOfBirth, Description: "Decides the insurance rate", DataType: userflow.Date},
		{Name: store, Description: "Where the customer collects orders", DataType: userflow.Choice,
			Options: []userflow.Option{{Text: "Harbour Street", Value: "harbour"}, {Text: "Station Square", Value: "station"}, {Text: "Old Mill", Value: "mill"}, {Text: "Home delivery", Value: "home"}}},
		{Name: household, Description: "Counts for contents insurance", DataType: userflow.Int, Low: &one, High: &twenty},
		{Name: interests, Description: "Chooses what the newsletter shows first", DataType: userflow.String},
	}
	for i := range list {
		list[i].ID = userflow.DefinitionID(tenantID, list[i].Name)
	}
	return list
}

// sampleFlows ask for little that is required: a stranger should get through them in a minute.
func sampleFlows(tenantID, baseURL, terms string) []userflow.Flow {
	id := func(name string) string { return userflow.DefinitionID(tenantID, name) }
	methods := []userflow.Method{userflow.EmailCode, userflow.EmailPassword}
	return []userflow.Flow{
		{Name: flowMarket, SignUpMethod: userflow.EmailPassword, SignInMethods: methods, SignUpAllowed: true, UserNames: true, PasswordReset: true,
			Domains: userflow.Domains{RefuseDisposable: true},
			Attributes: []userflow.Attribute{
				{ID: "givenName", Required: true}, {ID: "surname", Required: true}, {ID: "city"},
				{ID: id(store), InputType: userflow.Dropdown, Hint: "We keep your orders there for a week"},
				{ID: id(loyalty), Hint: "Like LC-204117, if you have a Ferncard"},
				{ID: id(interests), Label: "What do you like to do?", InputType: userflow.CheckboxMultiSelect,
					Options: []userflow.Option{{Text: "Cooking", Value: "cooking"}, {Text: "Gardening", Value: "gardening"}, {Text: "Travelling", Value: "travelling"}}},
				{ID: id(newsletter), Label: "Send me the [weekly offers](" + baseURL + "/demo)"}},
			MFA: userflow.MFA{Enforcement: userflow.MFAOff}},
		{Name: flowHome, SignUpMethod: userflow.EmailCode, SignInMethods: []userflow.Method{userflow.EmailCode}, SignUpAllowed: true,
			Attributes: []userflow.Attribute{
				{ID: "givenName", Required: true}, {ID: "surname", Required: true}, {ID: "postalCode", Required: true, Hint: "Of the home that you want to insure"},
				{ID: id(homeType), Label: "What do you want to insure?", Required: true},
				{ID: id(household), Label: "How many people live there?"},
				{ID: id(dateOfBirth), Hint: "Young families pay less"}},
			Terms: []string{terms},
			MFA:   userflow.MFA{Enforcement: userflow.MFAConditional, Methods: homeFactors()}},
	}
}

// homeFactors are the second factors of the home insurance: its policy asks for one, and the mailbox, which is the
// first factor there, cannot be the second.
func homeFactors() []string { return []string{"sms", "email", "softwareOath", "fido2"} }

func sampleTerms(tenantID, baseURL string) userflow.Terms {
	return userflow.Terms{ID: derivedID(tenantID, "terms"), Name: "Terms of insurance", Language: "en", Texts: map[string]userflow.TermsText{
		"en": {Title: "Terms of insurance", URL: baseURL + "/demo", Body: "**In short:** we insure your home, and you tell us the truth about it.\n\n" +
			"- Cover begins on the day after your first payment.\n- Tell us within 30 days when you move.\n- You may cancel within 14 days without giving a reason.\n\n" +
			"We keep what you tell us for as long as the contract runs and the law asks for it."},
		"de": {Title: "Versicherungsbedingungen", URL: baseURL + "/demo", Body: "**Kurz gesagt:** Wir versichern Ihr Zuhause, und Sie machen wahre Angaben dazu.\n\n" +
			"- Der Schutz beginnt am Tag nach Ihrer ersten Zahlung.\n- Teilen Sie uns einen Umzug innerhalb von 30 Tagen mit.\n- Sie können innerhalb von 14 Tagen ohne Angabe von Gründen widerrufen.\n\n" +
			"Wir bewahren Ihre Angaben so lange auf, wie der Vertrag läuft und das Gesetz es verlangt."},
		"ar": {Title: "شروط التأمين", URL: baseURL + "/demo", Body: "**باختصار:** نحن نؤمّن منزلك، وأنت تقدّم معلومات صحيحة عنه.\n\n" +
			"- تبدأ التغطية في اليوم التالي لأول دفعة.\n- أبلغنا خلال 30 يومًا عند انتقالك إلى منزل آخر.\n- يمكنك الإلغاء خلال 14 يومًا من دون ذكر السبب.\n\n" +
			"نحتفظ بمعلوماتك ما دام العقد ساريًا وما دام القانون يتطلب ذلك."},
	}}
}

// ensureFlows gives the ids of the sample flows by name. Once the tenant has any flow, none is added:
// an administrator may have renamed or deleted one on purpose.
func ensureFlows(ctx context.Context, dir *models.Tenant, baseURL string) (map[string]string, error) {
	have, err := dir.Flows(ctx)
	if err != nil {
		return nil, err
	}
	ids := map[string]string{}
	for _, f := range have {
		ids[f.Name] = f.ID
	}
	if len(have) > 0 {
		return ids, nil
	}
	for _, d := range sampleDefinitions(dir.ID) {
		if _, err := dir.CreateDefinition(ctx, actor(), d); unlessTaken(err) != nil {
			return nil, err
		}
	}
	terms := sampleTerms(dir.ID, baseURL)
	if _, err := dir.CreateTerms(ctx, actor(), terms); unlessTaken(err) != nil {
		return nil, err
	}
	for _, f := range sampleFlows(dir.ID, baseURL, terms.ID) {
		f.ID = derivedID(dir.ID, f.Name)
		made, err := dir.CreateFlow(ctx, actor(), f)
		if fault.Is(err, fault.Conflict) { // another instance makes them just now
			return ensureFlows(ctx, dir, baseURL)
		}
		if err != nil {
			return nil, err
		}
		ids[f.Name] = made.ID
	}
	return ids, nil
}
