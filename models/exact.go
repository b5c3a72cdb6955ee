package models

import (
	"encoding/json"
	"fmt"
	"strings"
)

// unmarshalExact is json.Unmarshal that loses no digit of a number: in values of type any they are
// json.Number until exact has seen them.
func unmarshalExact(text string, v any) error {
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	return dec.Decode(v)
}

// exact makes the numbers of a person's attributes what they were when they were stored: whole ones int64,
// others float64.
func exact(values map[string]any) error {
	for id, v := range values {
		n, ok := v.(json.Number)
		if !ok {
			continue
		}
		if whole, err := n.Int64(); err == nil {
			values[id] = whole
		} else if values[id], err = n.Float64(); err != nil {
			return fmt.Errorf("%s: %w", id, err)
		}
	}
	return nil
}
