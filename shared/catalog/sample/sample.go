// Package sample holds events as PAI might send them: every option of the catalogue and the odd cases that have been
// seen with other services. Its ids, names and accounts are made up. Only tests, previews and the demo link it.
package sample

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed samples.json
var file []byte

// Sample is one event and what should become of it.
type Sample struct {
	Name          string          `json:"name"`
	ExpectOptions []string        `json:"expectOptions"` // ids of the options that it belongs to
	Severity      string          `json:"severity"`      // info, warning, error
	Event         json.RawMessage `json:"event"`
}

// All gives every sample, in the order in which such events would be published.
func All() []Sample {
	var all []Sample
	if err := json.Unmarshal(file, &all); err != nil {
		panic(fmt.Sprintf("read embedded samples.json: %v", err)) // part of the program; a test reads it
	}
	return all
}

// Named gives one sample; ok is false if there is none of the name.
func Named(name string) (s Sample, ok bool) {
	for _, s := range All() {
		if s.Name == name {
			return s, true
		}
	}
	return Sample{}, false
}
