package models_test

import (
	"encoding/json"
	"strings"
	"testing"

	"portico/app/account"
	"portico/app/fault"
	"portico/app/tenant"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

// Whoever sets an attribute, its definition decides.
func TestAttributesOfPeopleKeepToTheirDefinitions(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		low, high := int64(1), int64(1)<<62+1
		define := func(name string, kind userflow.DataType, edit func(*userflow.Definition)) string {
			d := userflow.Definition{Name: name, DataType: kind}
			if edit != nil {
				edit(&d)
			}
			return modelstest.MustDefinition(t, tn, d).ID
		}
		text := define("text", userflow.String, func(d *userflow.Definition) { d.MaxLength = 10 })
		card := define("card", userflow.String, func(d *userflow.Definition) { d.Pattern, d.Message = `L-\d+`, "Like L-1" })
		yes, whole := define("yes", userflow.Boolean, nil), define("whole", userflow.Int, func(d *userflow.Definition) { d.Low, d.High = &low, &high })
		born, phone := define("born", userflow.Date, nil), define("phone", userflow.Phone, nil)
		size := define("size", userflow.Choice, func(d *userflow.Definition) { d.Options = []userflow.Option{{Text: "Small", Value: "s"}} })
		u := modelstest.MustUser(t, tn, "ann@example.com")
		set := func(id string, v any) (any, error) {
			after, err := tn.UpdateUser(ctx, actor, u.ID, func(u *models.User) error {
				if u.Attributes == nil {
					u.Attributes = map[string]any{}
				}
				u.Attributes[id] = v
				return nil
			})
			if err == nil {
				after = modelstest.Must(tn.User(ctx, u.ID))(t)
			}
			return after.Attributes[id], err
		}
		for _, c := range []struct {
			id   string
			give any
			want any // what is stored, or the key of the complaint
			bad  bool
		}{
			{text, " short ", "short", false},
			{text, "far too long", "field.attribute.long", true},
			{text, strings.Repeat("x", 100_000), "field.attribute.long", true},
			{text, "a\u202Eb", "field.attribute.invalid", true},
			{text, 7, "field.attribute.invalid", true},
			{text, true, "field.attribute.invalid", true},
			{text, map[string]any{"a": 1}, "field.attribute.invalid", true},
			{text, "🏠", "🏠", false},
			{card, "L-42", "L-42", false},
			{card, "42", "field.attribute.pattern", true},
			{yes, true, true, false},
			{yes, false, false, false},
			{yes, "true", "field.attribute.invalid", true},
			{whole, int64(1)<<62 + 1, int64(1)<<62 + 1, false},
			{whole, json.Number("4611686018427387903"), int64(1)<<62 - 1, false},
			{whole, float64(7), int64(7), false},
			{whole, 7.5, "field.attribute.number", true},
			{whole, 1e300, "field.attribute.number", true},
			{whole, 0, "field.attribute.low", true},
			{whole, int64(1)<<62 + 2, "field.attribute.high", true},
			{whole, "7", "field.attribute.invalid", true},
			{born, "1990-02-28", "1990-02-28", false},
			{born, "1990-02-30", "field.attribute.date", true},
			{phone, "+49 (30) 123-456", "+4930123456", false},
			{phone, "123", "field.attribute.phone", true},
			{size, "s", "s", false},
			{size, "m", "field.attribute.choice", true},
			{size, "", nil, false},  // cleared
			{card, nil, nil, false}, // cleared
			{"extension_nothing", "x", "user.attribute.unknown", true},
			{"extension_nothing", nil, nil, false},
			{"department", "Sales", "Sales", false}, // a property of the management API, not ours to judge
		} {
			got, err := set(c.id, c.give)
			if c.bad {
				if err == nil || fault.Of(err).Fields[0].Key != c.want || fault.Of(err).Fields[0].Name != userflow.FieldName(c.id) {
					t.Errorf("%s = %.40v: %v", c.id, c.give, err)
				}
			} else if err != nil || got != c.want {
				t.Errorf("%s = %v: stored %v (%T), %v", c.id, c.give, got, got, err)
			}
		}
		// What was stored under other rules stays, and stands in nobody's way.
		if _, err := set(card, "L-1"); err != nil {
			t.Fatal(err)
		}
		modelstest.Must(tn.EditDefinition(ctx, actor, card, func(d *userflow.Definition) error { d.Pattern = `M-\d+`; return nil }))(t)
		if after, err := tn.UpdateUser(ctx, actor, u.ID, func(u *models.User) error { u.City = "Ulm"; return nil }); err != nil || after.Attributes[card] != "L-1" {
			t.Errorf("%v, %v", after.Attributes, err)
		}
		if _, err := tn.CreateUser(ctx, actor, person("b@example.com", func(u *models.User) { u.Attributes = map[string]any{card: "L-1"} }), ""); complaint(err) != userflow.FieldName(card)+" field.attribute.pattern" {
			t.Errorf("a new person under the old rule: %v", err)
		}
		if err := tn.ImportUsers(ctx, actor, []models.User{person("c@example.com", func(u *models.User) { u.ID, u.Attributes = models.NewID(), map[string]any{"extension_no": 1} })}); complaint(err) != "attributes[extension_no] user.attribute.unknown" {
			t.Errorf("import: %v", err)
		}
		if err := tn.DeleteDefinition(ctx, actor, card); err != nil {
			t.Fatal(err)
		}
		if after, err := tn.UpdateUser(ctx, actor, u.ID, func(u *models.User) error { u.City = "Bonn"; return nil }); err != nil || after.Attributes[card] != "L-1" {
			t.Errorf("after the attribute was deleted: %v, %v", after.Attributes, err)
		}
	})
}

func TestUserNamesOfPeople(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		u := modelstest.MustUser(t, tn, "ann@example.com")
		name := func(id string, names ...string) error {
			_, err := tn.UpdateUser(ctx, actor, id, func(u *models.User) error {
				u.Identities = u.Identities[:1]
				for _, n := range names {
					u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInUserName, Value: n})
				}
				return nil
			})
			return err
		}
		if err := name(u.ID, "Apple", "Ann-2", "Žofie"); err != nil {
			t.Fatalf("several names: %v", err)
		}
		for canonical, known := range map[string]bool{"apple": true, "ann-2": true, "žofie": true, "ann": false} {
			if got, err := tn.UserByIdentity(ctx, account.SignInUserName, "", canonical); (err == nil) != known || known && got.ID != u.ID {
				t.Errorf("%s: %v", canonical, err)
			}
		}
		bob := modelstest.MustUser(t, tn, "bob@example.com")
		for given, want := range map[string]string{
			"APPLE": "userName user.identity.taken", "Ａｐｐｌｅ": "userName user.identity.taken", "аррӏе": "userName user.identity.taken", // Cyrillic
			"аpple": "userName field.user_name.scripts", "bob smith": "userName field.user_name.invalid", "bob@example.com": "userName field.user_name.at",
			"Z\u030Cofie": "userName user.identity.taken", "b\u202Eb": "userName field.user_name.characters", "": "userName field.user_name.required"} {
			if got := complaint(name(bob.ID, given)); got != want {
				t.Errorf("%q: %q, want %q", given, got, want)
			}
		}
		if err := name(modelstest.MustUser(t, modelstest.MustTenant(t, s, ""), "x@example.com").ID, "apple"); !fault.Is(err, fault.NotFound) {
			t.Errorf("a person of another tenant: %v", err)
		}
		modelstest.Must(tn.Update(ctx, actor, func(n *tenant.Tenant) error {
			n.Settings.UserNames = tenant.UserNames{Enabled: true, Patterns: []string{`FH-\d{4}`}, Message: "Like FH-1001"}
			return nil
		}))(t)
		err := name(bob.ID, "bobby")
		if complaint(err) != "userName field.user_name.pattern" || fault.Of(err).Fields[0].Args["message"] != "Like FH-1001" {
			t.Errorf("against the tenant's pattern: %v", err)
		}
		if err := name(bob.ID, "FH-1001"); err != nil {
			t.Error(err)
		}
		if err := name(u.ID, "Apple", "Žofie", "Ann-2"); err != nil {
			t.Errorf("names from before the pattern: %v", err)
		}
		if err := tn.DeleteUser(ctx, actor, u.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := tn.CreateUser(ctx, actor, person("eve@example.com", func(u *models.User) {
			u.Identities = append(u.Identities, account.Identity{SignInType: account.SignInUserName, Value: "FH-2002"})
		}), ""); err != nil {
			t.Error(err)
		}
	})
}
