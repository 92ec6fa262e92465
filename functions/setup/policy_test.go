package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"pai-notify/shared/httpapi"
)

var update = flag.Bool("update", false, "write docs/policy")

// TestThePoliciesOfTheDocumentsAreThoseOfTheAPI keeps what a deployment needs before there is an API to ask.
func TestThePoliciesOfTheDocumentsAreThoseOfTheAPI(t *testing.T) {
	t.Parallel()
	answer := makePolicy(httpapi.English)
	for name, p := range map[string]policy{"manager": answer.Policy, "sender": answer.Sender} {
		path := "../../docs/policy/" + name + ".json"
		want, err := json.MarshalIndent(p, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, '\n')
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not the policy of GET /api/v1/setup/policy; run go test ./functions/setup -update", path)
		}
		if len(p.Statement) == 0 {
			t.Errorf("policy %s allows nothing", name)
		}
	}
}
