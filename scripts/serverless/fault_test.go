package serverless

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFaultsAreNamedWithLinePathAndAdvice changes one thing of the project's own template and reads the error.
func TestFaultsAreNamedWithLinePathAndAdvice(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(filepath.Join(root, "s.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	setup := "  setup:\n    component: fc3\n"
	rows := []struct{ name, old, new, want string }{
		{"a misspelt property of a template", "memorySize: 512", "memorySiz: 512",
			"resources.rules.props.memorySiz: no such property; did you mean memorySize?"},
		{"a misspelt property of a block", "      timeout: 120 #", "      timeOut: 120 #",
			"resources.setup.props.timeOut: no such property; did you mean timeout?"},
		{"a misspelt property beside props", setup, setup + "    acces: x\n", "resources.setup.acces: no such property; did you mean access?"},
		{"a misspelt property at the top", "\nactions:\n", "\naction:\n", "action: no such property; did you mean actions?"},
		{"a misspelt key of a trigger", "cronExpression: \"@every 1m\"", "cron: \"@every 1m\"", "triggerConfig.cron: no such property"},
		{"a misspelt key of a route", "        routes:\n          - path:", "        routes:\n          - pat:", "routes[0].pat: no such property; did you mean path?"},
		{"a trigger of an unknown kind", "triggerType: timer", "triggerType: tmer", `"tmer" is not one of http, timer and eventbridge`},
		{"memory that FC does not have", "memorySize: 512", "memorySize: 500", "memorySize: 500 is not a multiple of 64"},
		{"too little memory for the CPU", "cpu: 0.35", "cpu: 2", "cpu: 2 for 512 MB: FC wants 1 to 4 GB of memory per CPU"},
		{"a CPU that FC does not have", "cpu: 0.35", "cpu: 0.33", "0.33 is not a multiple of 0.05"},
		{"a disk that FC does not have", "diskSize: 512", "diskSize: 1024", "diskSize: 1024 is neither 512 nor 10240 MB"},
		{"a time-out of a day and more", "timeout: 120 #", "timeout: 86401 #", "timeout: 86401 is not 1 to 86400 seconds"},
		{"text where a number is wanted", "timeout: 120 #", "timeout: soon #", "timeout: is text where a whole number is wanted"},
		{"a number where text is wanted", "REGION: ${vars.region}", "REGION: 1", "environmentVariables.REGION: is a number where text is wanted; put it in quotes"},
		{"a list where a map is wanted", "    logConfig: ${vars.log}", "    logConfig: [x]", "logConfig: is a list where properties are wanted"},
		{"half a VPC", "    securityGroupId: ${env(", "    #", "vpcConfig: wants vpcId, vSwitchIds and securityGroupId, all three"},
		{"logs without a role", "    role: ${vars.role}\n", "", "observe.props.role: is missing"},
		{"a runtime that is not ours", "runtime: go1", "runtime: go2", `runtime: "go2" is not go1`},
		{"a handler that is not the binary", "handler: main", "handler: index", `handler: "index" is not main`},
		{"code outside the package", "      code: ./.build/${this.name}\n      timeout: 120", "      code: ./setup\n      timeout: 120",
			`setup.props.code: "./setup" is not ./.build/setup`},
		{"a function named by another rule", "functionName: ${vars.prefix}-${this.name}\n      description: Rules", "functionName: rules-of-mine\n      description: Rules",
			`rules.props.functionName: "rules-of-mine" does not end with -rules`},
		{"a function with another prefix", "functionName: ${vars.prefix}-${this.name}\n      description: Rules", "functionName: other-rules\n      description: Rules",
			`"other-rules" does not start with`},
		{"a name FC refuses", "prefix: pai-notify", "prefix: 1-notify", `"1-notify-setup" is not 1 to 64 letters`},
		{"a function without a cap", "    concurrencyConfig:\n      reservedConcurrency: ${vars.instances.delivery}\n", "", "deliver-lark.props.concurrencyConfig.reservedConcurrency: is missing"},
		{"a variable of FC's own", "REGION: ${vars.region}", "FC_REGION: ${vars.region}", "environmentVariables.FC_REGION: is Function Compute's own"},
		{"a variable with a bad name", "REGION: ${vars.region}", "RE-GION: ${vars.region}", "environmentVariables.RE-GION: is not letters, digits and _"},
		{"too much environment", "REGION: ${vars.region}", "REGION: " + strings.Repeat("x", 4096), "more than the 4096 of Function Compute"},
		{"a method HTTP does not have", "[GET, POST, PUT, DELETE]", "[GET, FETCH]", `methods[1]: "FETCH" is not one of GET`},
		{"a schedule that never was", `"@every 1m"`, `"@every 90s"`, `"@every 90s" is not @every with whole minutes`},
		{"a schedule of five fields", `"@every 1m"`, `"* * * * *"`, "want six fields such as"},
		{"a route to nothing", "${resources.rules.props.functionName}", "pai-notify-rulez", `"pai-notify-rulez" is no function here with an http trigger`},
		{"a route to a function without address", "${resources.rules.props.functionName}", "pai-notify-observe", `"pai-notify-observe" is no function here with an http trigger`},
		{"a route no path can take", "path: /api/v1/catalog", "path: api/*/catalog", `"api/*/catalog" is not a path such as`},
		{"a function no route leads to", "          - path: /api/v1/connectivity\n            functionName: ${resources.connectivity.props.functionName}\n          - path: /api/v1/connectivity/*\n            functionName: ${resources.connectivity.props.functionName}\n", "", "lead nowhere to connectivity"},
		{"HTTPS without a certificate", "protocol: HTTP", "protocol: HTTPS", "certConfig: wants certId"},
		{"another component", setup, "  setup:\n    component: fc\n", `resources.setup.component: "fc" is neither fc3 nor fc3-domain`},
		{"a template that is not there", "      name: manager\n", "      name: manger\n", `extend.name: there is no template "manger"`},
		{"a variable that is not there", "${vars.region}", "${vars.regoin}", "there is no vars.regoin"},
		{"a variable that refers to itself", "  region: ${env('REGION', 'cn-hangzhou')}", "  region: ${vars.region}", "vars.region refers to itself"},
		{"an environment variable without default", "${env('ACCESS', 'default')}", "${env('ACCESS')}", "access: the environment variable ACCESS is not set"},
		{"a kind of variable we do not read", "${env('ACCESS', 'default')}", "${file('x')}", "${file('x')} is not one of env('NAME')"},
		{"a block's name in no block", "prefix: pai-notify", "prefix: ${this.name}", "has a meaning only in a block"},
		{"a region that is none", "'cn-hangzhou'", "'Hangzhou!'", `region: "Hangzhou!" is not a region id`},
		{"an old edition", "edition: 3.0.0", "edition: 1.0.0", `s.yaml:13: edition: "1.0.0" is not 3.0.0`},
		{"a command of no kind", "  pre-deploy:", "  before:", "actions.before: is not pre-, post-"},
		{"a key twice", "name: pai-notify\n", "name: pai-notify\nname: x\n", `s.yaml:[15:1] mapping key "name" already defined at [14:1]`},
		{"no YAML", "edition: 3.0.0", "\tedition: [", "s.yaml:["},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			text := strings.ReplaceAll(string(whole), row.old, row.new)
			if text == string(whole) {
				t.Fatalf("s.yaml has no %q to change", row.old)
			}
			template, err := Parse("s.yaml", []byte(text), nothing)
			if err == nil {
				t.Fatalf("no fault in a template of %d functions, want %q", len(template.Blocks), row.want)
			}
			if !strings.Contains(err.Error(), row.want) {
				t.Errorf("error = %v\nwant %q in it", err, row.want)
			}
			if !strings.HasPrefix(err.Error(), "s.yaml:") {
				t.Errorf("error = %v\nwant it to start with the file and line", err)
			}
		})
	}
}

func TestAFaultIsOnItsLineEvenWhenInherited(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile(filepath.Join(root, "s.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(whole), "diskSize: 512", "diskSize: 1", 1)
	_, err = Parse("s.yaml", []byte(text), nothing)
	if err == nil {
		t.Fatal("no fault")
	}
	want := 1 + strings.Count(text[:strings.Index(text, "diskSize: 1")], "\n")
	for _, line := range strings.Split(err.Error(), "\n") {
		if !strings.HasPrefix(line, "s.yaml:"+itoa(want)+": resources.") {
			t.Errorf("fault %q, want it on line %d, where the template says so", line, want)
		}
	}
	functions := strings.Count(text, "component: fc3\n")
	if got := strings.Count(err.Error(), "\n") + 1; got != functions {
		t.Errorf("%d faults, want one of each of %d functions:\n%v", got, functions, err)
	}
}

func TestNoFaultShowsWhatCameFromTheEnvironment(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "s.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	planted := func(name string) string {
		switch name {
		case "SEAL_KEYS", "DATABASE_URL", "BOOTSTRAP_HASH":
			return "PLANTED" + strings.Repeat("x", 2000)
		}
		return ""
	}
	_, err = Parse("s.yaml", text, planted)
	if err == nil || !strings.Contains(err.Error(), "more than the 4096") {
		t.Fatalf("error = %v, want the environment's size as fault", err)
	}
	if strings.Contains(err.Error(), "PLANTED") {
		t.Errorf("a secret is in the error: %.200v", err)
	}
}
