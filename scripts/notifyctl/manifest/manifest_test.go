package manifest

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func lookup(_, kind, name string) (string, error) {
	if name == "GONE" {
		return "", errors.New("names the variable GONE, which is not set")
	}
	return kind + ":" + name, nil
}

const good = `# rules of the night shift
version: 1
workspace: nlp_train
rules:
  - name: dlc-failed
    event: &event {source: dlc, options: [dlc.job.failed], scope: {kind: allInWorkspace}}
    targets:
      - id: ops
        channel: dingtalk
        settings: {webhook: {env: HOOK}, secret: {file: secret}}
---
version: 1
workspace: cv_lab
rules:
  - name: dlc-failed
    enabled: false
    event: {source: dlc, options: [dlc.job.failed], scope: {kind: objects, ids: [b, a]}}
    targets: [{id: ops, channel: sms, contacts: [tony, alice], when: {gapMinutes: 10}}]
`

func TestASecretComesFromWhatItRefersTo(t *testing.T) {
	t.Parallel()
	set, err := Read([]Source{{"a.yaml", []byte(good)}}, lookup)
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(set.Workspaces) != "[cv_lab nlp_train]" || len(set.Rules) != 2 {
		t.Fatalf("read %v, %d rules", set.Workspaces, len(set.Rules))
	}
	if got := fmt.Sprint(set.Rules[1].Body["targets"]); !strings.Contains(got, "webhook:env:HOOK") || !strings.Contains(got, "secret:file:secret") {
		t.Errorf("targets = %s", got)
	}
}

func TestEveryFaultHasItsLineAndColumn(t *testing.T) {
	t.Parallel()
	const broken = `version: 2
workspace: nlp_train
rules:
  - name: dlc-failed
    titel: night shift
    enabled: yes please
    event:
      source: dlc
      scope: {kind: allInWorkspace}
    targets:
      - id: ops
        channel: dingtalk
        settings:
          webhook: {env: GONE}
          secret: [a]
      - channel: [1]
        id: second
        when: {gapMinutes: soon}
  - name: DLC-failed
    event: {source: dlc, options: [], scope: {kind: allInWorkspace}}
    targets: []
---
version: 1
rules: [
---
version: 1
workspace: "no good"
rules: []
`
	_, err := Read([]Source{{"b.yaml", []byte(broken)}}, lookup)
	var faults FaultErrors
	if !errors.As(err, &faults) {
		t.Fatalf("Read = %v", err)
	}
	for _, want := range []string{
		"b.yaml:1:10: version ",
		"b.yaml:5:12: rules[0].titel is no member",
		"b.yaml:6:14: rules[0].enabled is text and must be true or false",
		"b.yaml:7:5: rules[0].event.options is missing",
		"b.yaml:14:11: rules[0].targets[0].settings.webhook names the variable GONE",
		"b.yaml:15:11: rules[0].targets[0].settings.secret must be text",
		"b.yaml:16:9: rules[0].targets[1].channel is a list and must be text",
		"b.yaml:18:28: rules[0].targets[1].when.gapMinutes is text and must be a whole number",
		"b.yaml:19:11: rules[1].name \"DLC-failed\" is in workspace nlp_train twice; the first one is at b.yaml:4:11",
		"b.yaml:24:8: is no YAML",
		"b.yaml:27:12: workspace ",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no fault %q", want)
		}
	}
	if len(faults) != 11 {
		t.Errorf("%d faults, want 11:\n%v", len(faults), err)
	}
}

func TestASecretThatIsWrittenOutIsAFault(t *testing.T) {
	t.Parallel()
	text := strings.Replace(good, "{env: HOOK}", "https://hidden", 1)
	set, err := Read([]Source{{"a.yaml", []byte(text)}}, lookup)
	if err != nil {
		t.Fatal(err)
	}
	secret := func(channel, _ string) bool { return channel == "dingtalk" }
	got := Together(set.Rules[1].InClear(secret))
	if got == nil || !strings.HasPrefix(got.Error(), "a.yaml:10:29: rules[0].targets[0].settings.webhook is a secret") || strings.Contains(got.Error(), "hidden") {
		t.Errorf("InClear = %v", got)
	}
}

func TestWhatMeansTheSameIsNoDifference(t *testing.T) {
	t.Parallel()
	none := func(string, string) bool { return false }
	set, err := Read([]Source{{"a.yaml", []byte(good)}}, lookup)
	if err != nil {
		t.Fatal(err)
	}
	written, err := Write("cv_lab", []Exported{{Body: set.Rules[0].Body}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Read([]Source{{"c.yaml", written}}, lookup)
	if err != nil {
		t.Fatalf("%v in\n%s", err, written)
	}
	same := Canonical(map[string]any{
		"name": "dlc-failed", "enabled": false, "description": "", "units": 2.0, "pattern": "{}", "created": "now",
		"event": map[string]any{"source": "dlc", "options": []any{"dlc.job.failed"}, "paiUser": "1", "scope": map[string]any{"kind": "objects", "ids": []any{"a", "b"}}},
		"targets": []any{map[string]any{"id": "ops", "channel": "sms", "contacts": []any{"alice", "tony"}, "language": "",
			"when": map[string]any{"gapMinutes": 10.0, "quiet": nil}, "mentions": map[string]any{"all": false}}},
	}, none)
	if list := Compare(Canonical(again.Rules[0].Body, none), same); len(list) > 0 {
		t.Errorf("differences %v in\n%s", list, written)
	}
	list := Compare(same, map[string]any{"enabled": true, "event.scope.ids": []any{"a", "c"}})
	text := fmt.Sprint(list)
	for _, want := range []string{"~ enabled: false → true", `~ event.scope.ids: -"b" +"c"`, `- targets[ops].channel: "sms"`} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
}

func TestAnExportTellsNoSecret(t *testing.T) {
	t.Parallel()
	r := Exported{Body: map[string]any{"name": "r", "targets": []any{map[string]any{"id": "ops", "channel": "lark", "secrets": map[string]any{"x": 1}}}},
		Secrets: map[string]map[string]Held{"ops": {"webhook": {"open.feishu.cn", "beef", "12345678"}}}}
	left, err := Write("nlp_train", []Exported{r}, Options{})
	if err != nil || !strings.Contains(string(left), "channel: lark # kept in the deployment: webhook (open.feishu.cn …beef #12345678)") {
		t.Errorf("Write = %v\n%s", err, left)
	}
	named, err := Write("nlp_train", []Exported{r}, Options{References: true})
	if err != nil || !strings.Contains(string(named), "env: NLP_TRAIN_R_OPS_WEBHOOK") {
		t.Errorf("Write with references = %v\n%s", err, named)
	}
}
