package rule_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/aws/smithy-go"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/rule"
	"pai-notify/shared/rule/ruletest"
	"pai-notify/shared/seal"
)

// choices stands for the catalogue: it knows source dlc, one option and two scopes.
type choices struct{}

func (choices) Check(c catalog.Choice) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	if c.Source != "dlc" && c.Source != "model" {
		faults.Add(fault.New("Source", fault.Say("is unknown", "不存在")))
	}
	for i, option := range c.Options {
		if option != c.Source+".job.failed" {
			faults.Add(fault.New(fmt.Sprintf("Options[%d]", i), fault.Say("is unknown", "不存在")))
		}
	}
	if c.Scope.Kind == "createdByMe" && c.PAIUser == "" {
		faults.Add(fault.New("Scope.Kind", fault.Say("needs a PAI user", "需要 PAI 用户")))
	}
	return faults
}

func (choices) Pattern(c catalog.Choice) (string, error) {
	return fmt.Sprintf(`{"source":["%s"],"type":%q,"data":{"user":["%s"]}}`, c.Source, c.Options, c.PAIUser), nil
}

func (choices) Bus(workspace string) string { return "pai-system-" + workspace }

func specs() []channel.Spec {
	robot := []channel.Field{{Name: "webhook", Required: true, Secret: true}, {Name: "secret", Secret: true}}
	return []channel.Spec{
		{Name: "dingtalk", Fields: robot},
		{Name: "lark", Fields: robot},
		{Name: "webhook", Fields: []channel.Field{{Name: "url", Required: true, Secret: true}, {Name: "mode"}}, Sources: []string{"model"}},
		{Name: "sms", Contacts: true, Sources: []string{"dlc", "flow", "dsw"}},
	}
}

func keyset(tb testing.TB, id string) *seal.Keyset {
	tb.Helper()
	keys, err := seal.ParseKeys(id + ":" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte(id[:1]), 32)))
	if err != nil {
		tb.Fatal(err)
	}
	return keys
}

func TestMemoryKeepsTheContractOfStore(t *testing.T) {
	t.Parallel()
	ruletest.Run(t, func(t *testing.T) ruletest.Setup {
		t.Helper()
		m := &rule.Memory{Workspaces: []string{"nlp_train"}, Catalog: choices{}, Specs: specs(), Keys: keyset(t, "k1")}
		return ruletest.Setup{
			Store: m, Workspace: "nlp_train", Missing: "elsewhere",
			Foreign: func(t *testing.T, name string) {
				t.Helper()
				if err := m.PlantForeign("nlp_train", name); err != nil {
					t.Fatal(err)
				}
			},
			Open: func(t *testing.T, name, target string) rule.Target {
				t.Helper()
				opened, err := m.Open(context.Background(), "nlp_train", name, target)
				if err != nil {
					t.Fatal(err)
				}
				return opened
			},
		}
	})
}
