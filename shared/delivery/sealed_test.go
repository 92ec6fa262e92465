package delivery

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
)

// invocation is a body, for tests to change.
type invocation struct {
	V      int             `json:"v"`
	Rule   map[string]any  `json:"rule"`
	Target map[string]any  `json:"target"`
	Event  json.RawMessage `json:"event"`
	Data   json.RawMessage `json:"data"`
}

func TestASealedTargetThatWasChangedOrMovedIsNotTold(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	parse := func(event, ruleName string) (i invocation) {
		if err := json.Unmarshal(b.body(t, event, ruleName, secret), &i); err != nil {
			t.Fatal(err)
		}
		return i
	}
	stranger := parse("e", "stranger")
	sealed, ok := stranger.Target["sealed"].(string)
	if !ok || len(sealed) < 60 {
		t.Fatalf("target %v", stranger.Target)
	}
	changes := map[string]func(*invocation){
		"another rule's target":   func(i *invocation) { i.Target = stranger.Target },
		"another rule's secret":   func(i *invocation) { i.Target["sealed"] = sealed },
		"moved to another rule":   func(i *invocation) { i.Rule["name"] = "stranger" },
		"moved to another bus":    func(i *invocation) { i.Rule["bus"] = bus + "2" },
		"moved to another target": func(i *invocation) { i.Target["id"] = "other" },
		"cut": func(i *invocation) {
			text := i.Target["sealed"].(string) //nolint:errcheck // seen above
			i.Target["sealed"] = text[:len(text)-4]
		},
	}
	for at := range len(sealed) {
		changes[fmt.Sprintf("character %d", at)] = func(i *invocation) {
			text := []byte(i.Target["sealed"].(string)) //nolint:errcheck // seen above
			if text[at] ^= 1; text[at] == '"' || text[at] == '\\' {
				text[at] = 'x'
			}
			i.Target["sealed"] = string(text)
		}
	}
	n := 0
	for name, change := range changes {
		n++
		i := parse(fmt.Sprint("e", n), "nightly")
		change(&i)
		body, err := json.Marshal(i)
		if err != nil {
			t.Fatal(err)
		}
		wantAnswer(t, b.deliver(t, body), ledger.Dead)
		if t.Failed() {
			t.Fatalf("%s was taken", name)
		}
	}
	if calls := b.robot.calls(); calls > 0 {
		t.Errorf("%d messages", calls)
	}
	list, _, err := b.ledger.List(t.Context(), ledger.Filter{}, "", 500)
	if err != nil || len(list) != n {
		t.Fatalf("%d deliveries, %v, want %d", len(list), err, n)
	}
	for _, d := range list {
		if d.Code != rule.CodeSealed || d.Class != "misconfigured" {
			t.Errorf("%s ended with %s %s", d.EventID, d.Class, d.Code)
		}
	}
	if strings.Contains(b.out.String(), "PLANTED") {
		t.Error("the log holds the secret")
	}
	wantAnswer(t, b.deliver(t, b.body(t, "whole", "nightly", secret)), ledger.Delivered)
	t.Logf("%d tries", n)
}
