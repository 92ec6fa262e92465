package serverless

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const root = "../.."

// settings is an environment in which everything is set.
func settings(name string) string {
	return map[string]string{
		"ACCOUNT_ID":        "1234567890123456",
		"DATABASE_URL":      "postgres://pai:p&<\"'s@db/notify?sslmode=disable",
		"SEAL_KEYS":         "2026-11=abc",
		"BOOTSTRAP_HASH":    strings.Repeat("0a", 32),
		"VPC_ID":            "vpc-1",
		"VSWITCH_ID":        "vsw-1",
		"SECURITY_GROUP_ID": "sg-1",
		"REGION":            "cn-shanghai",
	}[name]
}

func nothing(string) string { return "" }

func TestTheProjectsTemplateHasNoFault(t *testing.T) {
	t.Parallel()
	got, err := Load(filepath.Join(root, "s.yaml"), settings)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"access", "connectivity", "contacts", "deliveries", "deliver-dingtalk", "deliver-lark", "deliver-webhook", "deliver-wecom", "observe", "rules", "setup", "sweep"}
	for _, name := range want {
		f, ok := got.Function(name)
		if !ok {
			t.Errorf("there is no block %s", name)
			continue
		}
		if f.EnvironmentVariables["DATABASE_URL"] != settings("DATABASE_URL") {
			t.Errorf("%s is not given the database", name)
		}
	}
	if len(got.Unset) > 0 {
		t.Errorf("with everything set, Unset = %q", got.Unset)
	}
	f, ok := got.Function("pai-notify-deliver-lark")
	if !ok || f.Name != "deliver-lark" || f.Triggers[0].Timer == nil {
		t.Errorf("Function(pai-notify-deliver-lark) = %+v, %v; want the block deliver-lark with a timer", f, ok)
	}
}

func TestAFunctionIsGivenOnlyTheEnvironmentItNeeds(t *testing.T) {
	t.Parallel()
	template, err := Load(filepath.Join(root, "s.yaml"), settings)
	if err != nil {
		t.Fatal(err)
	}
	may := map[string]string{
		"SEAL_KEYS":       "setup rules connectivity contacts deliveries sweep deliver-*",
		"BOOTSTRAP_HASH":  "setup",
		"FUNCTION_ARN":    "setup rules connectivity contacts",
		"DEAD_LETTER_ARN": "setup rules contacts",
		"ALLOW_NETWORKS":  "rules connectivity deliver-*",
		"ALLOW_RECEIVERS": "rules connectivity contacts deliveries sweep deliver-*",
	}
	for _, f := range template.Blocks {
		name := f.Name
		if strings.HasPrefix(name, "deliver-") {
			name = "deliver-*"
		}
		for variable, functions := range may {
			_, has := f.EnvironmentVariables[variable]
			if want := strings.Contains(" "+functions+" ", " "+name+" "); has != want {
				t.Errorf("%s is given %s: %v, want %v", f.Name, variable, has, want)
			}
		}
	}
}

func TestSettingsWithoutAValueAreNamedWithWhatTheyAre(t *testing.T) {
	t.Parallel()
	got, err := Load(filepath.Join(root, "s.yaml"), nothing)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ACCOUNT_ID: the number of the Alibaba Cloud account",
		"BOOTSTRAP_HASH: make keys prints it",
		"DATABASE_URL: postgres://USER:PASSWORD@HOST/NAME of the database all functions share",
		"SEAL_KEYS: make keys prints it",
		"SECURITY_GROUP_ID: a security group of that VPC",
		"VPC_ID: the VPC where the database is",
		"VSWITCH_ID: a switch of that VPC",
	}
	if diff := cmp.Diff(want, got.Unset); diff != "" {
		t.Errorf("Unset (-want +got):\n%s", diff)
	}
}
