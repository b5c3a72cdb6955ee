package models_test

import (
	"fmt"
	"testing"

	"portico/app/fault"
	"portico/app/userflow"
	"portico/models"
	"portico/models/modelstest"
)

func complaint(err error) string {
	if err == nil {
		return ""
	}
	if f := fault.Of(err); len(f.Fields) > 0 {
		return f.Fields[0].Name + " " + f.Fields[0].Key
	}
	return fault.Of(err).Key
}

func TestDefinitionsOfATenant(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn, other := modelstest.MustTenant(t, s, ""), modelstest.MustTenant(t, s, "")
		made := modelstest.MustDefinition(t, tn, userflow.Definition{Name: " Loyalty Number ", DataType: userflow.String, Pattern: `L-\d+`, Message: "Like L-1"})
		if made.ID != userflow.DefinitionID(tn.ID, "Loyalty Number") || made.Name != "Loyalty Number" {
			t.Errorf("%+v", made)
		}
		low := int64(-1) << 62
		modelstest.MustDefinition(t, tn, userflow.Definition{Name: "Points", DataType: userflow.Int, Low: &low})
		if got, err := tn.Definition(ctx, userflow.DefinitionID(tn.ID, "Points")); err != nil || *got.Low != low {
			t.Errorf("%+v, %v", got, err)
		}
		for name, want := range map[string]string{"LOYALTY number": "name attribute.name.taken", "loyalty-number": "name attribute.name.taken", "": "name attribute.name.required", "数": "name attribute.name.letters"} {
			_, err := tn.CreateDefinition(ctx, actor, userflow.Definition{Name: name, DataType: userflow.String})
			if got := complaint(err); got != want {
				t.Errorf("%q: %s", name, got)
			}
		}
		if list, err := other.Definitions(ctx); len(list) != 0 || err != nil {
			t.Errorf("another tenant sees %v, %v", list, err)
		}
		if _, err := other.Definition(ctx, made.ID); !fault.Is(err, fault.NotFound) {
			t.Error(err)
		}
		after, err := tn.EditDefinition(ctx, actor, made.ID, func(d *userflow.Definition) error {
			d.ID, d.DataType, d.Name, d.Pattern, d.Message = "extension_other", userflow.Int, "Card number", "", ""
			return nil
		})
		if err != nil || after.ID != made.ID || after.DataType != userflow.String || after.Name != "Card number" {
			t.Errorf("%+v, %v", after, err)
		}
		version := modelstest.Must(tn.Get(ctx))(t).Version
		if _, err := tn.EditDefinition(ctx, actor, made.ID, func(*userflow.Definition) error { return nil }); err != nil || modelstest.Must(tn.Get(ctx))(t).Version != version {
			t.Errorf("changing nothing raised the version: %v", err)
		}
		d, err := s.Directory(ctx, tn.ID)
		if err != nil || d.Definitions[made.ID].Name != "Card number" {
			t.Errorf("the snapshot has %+v, %v", d.Definitions[made.ID], err)
		}
	})
}

func TestATenantHasAHundredAttributes(t *testing.T) {
	tn := modelstest.MustTenant(t, modelstest.Open(t), "")
	for i := range userflow.MaxDefinitions {
		modelstest.MustDefinition(t, tn, userflow.Definition{Name: fmt.Sprintf("Number %d", i), DataType: userflow.Boolean})
	}
	_, err := tn.CreateDefinition(t.Context(), modelstest.Actor(), userflow.Definition{Name: "One more", DataType: userflow.Boolean})
	if got := complaint(err); got != "name attribute.many" {
		t.Error(got)
	}
}

// What a flow asks for, published or draft, cannot go or become unaskable; what nobody asks for can.
func TestAttributesInUse(t *testing.T) {
	modelstest.Each(t, func(t *testing.T, s *models.Store) {
		ctx, actor := t.Context(), modelstest.Actor()
		tn := modelstest.MustTenant(t, s, "")
		size := modelstest.MustDefinition(t, tn, userflow.Definition{Name: "Size", DataType: userflow.Choice, Options: []userflow.Option{{Text: "Small", Value: "s"}, {Text: "Large", Value: "l"}}})
		colour := modelstest.MustDefinition(t, tn, userflow.Definition{Name: "Colour", DataType: userflow.String})
		flow := modelstest.MustFlow(t, tn, "Customers", userflow.EmailCode)
		modelstest.Must(tn.PublishFlow(ctx, actor, flow.ID, func(f *userflow.Flow) error {
			f.Attributes = []userflow.Attribute{{ID: size.ID, Hidden: true, Default: "l"}}
			return nil
		}))(t)
		draft := modelstest.Must(tn.SaveDraft(ctx, actor, flow.ID, 0, func(f *userflow.Flow) error {
			f.Attributes = append(f.Attributes, userflow.Attribute{ID: colour.ID, ReadOnly: true, Default: "green"})
			return nil
		}))(t)
		if draft.Attributes[0].Definition == nil || draft.Attributes[1].Definition == nil {
			t.Errorf("a draft without definitions: %+v", draft.Attributes)
		}
		for _, id := range []string{size.ID, colour.ID} {
			if err := tn.DeleteDefinition(ctx, actor, id); complaint(err) != "attribute.in_use" {
				t.Errorf("deleting %s: %v", id, err)
			}
		}
		_, err := tn.EditDefinition(ctx, actor, size.ID, func(d *userflow.Definition) error { d.Options = d.Options[:1]; return nil })
		if complaint(err) != "options attribute.breaks_flow" {
			t.Errorf("the default's option went: %v", err)
		}
		_, err = tn.EditDefinition(ctx, actor, colour.ID, func(d *userflow.Definition) error { d.Pattern, d.Message = "red|blue", "Red or blue"; return nil })
		if complaint(err) != "pattern attribute.breaks_flow" {
			t.Errorf("the draft's default does not match: %v", err)
		}
		if _, err = tn.EditDefinition(ctx, actor, size.ID, func(d *userflow.Definition) error {
			d.Options = append(d.Options, userflow.Option{Text: "Huge", Value: "x"})
			return nil
		}); err != nil {
			t.Error(err)
		}
		last, _, err := tn.Draft(ctx, flow.ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := tn.DiscardDraft(ctx, actor, flow.ID, last.Revision); err != nil {
			t.Fatal(err)
		}
		if err := tn.DeleteDefinition(ctx, actor, colour.ID); err != nil {
			t.Errorf("nobody asks for it any more: %v", err)
		}
	})
}
