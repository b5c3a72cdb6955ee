package models

import (
	"bytes"
	"encoding/json"
	"io"
	"iter"
)

// WriteJSON writes everything as one JSON object. The long lists come last and are never in memory as a whole;
// when one breaks off the object stays open, so that no reader takes it for complete.
func (d PersonalData) WriteJSON(w io.Writer) error {
	head, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	if _, err := w.Write(bytes.TrimRight(head, "\n}")); err != nil {
		return err
	}
	if err := writeList(w, "signIns", d.SignIns); err != nil {
		return err
	}
	if err := writeList(w, "grants", d.Grants); err != nil {
		return err
	}
	if err := writeList(w, "changes", d.Changes); err != nil {
		return err
	}
	if err := writeList(w, "actions", d.Actions); err != nil {
		return err
	}
	_, err = io.WriteString(w, "\n}\n")
	return err
}

func writeList[T any](w io.Writer, name string, list iter.Seq2[T, error]) error {
	if _, err := io.WriteString(w, ",\n  \""+name+"\": ["); err != nil {
		return err
	}
	before := "\n    "
	for x, err := range list {
		if err != nil {
			return err
		}
		b, err := json.Marshal(x)
		if err != nil {
			return err
		}
		if _, err := w.Write(append([]byte(before), b...)); err != nil {
			return err
		}
		before = ",\n    "
	}
	_, err := io.WriteString(w, "\n  ]")
	return err
}
