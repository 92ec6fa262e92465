package serverless

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// tool runs the real Serverless Devs. A test without it fails: nothing else proves that the file is right.
func tool(t *testing.T, dir string, getenv func(string) string, args ...string) ([]byte, error) {
	t.Helper()
	path, err := filepath.Abs("node_modules/.bin/s")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("Serverless Devs is not installed: run the tests with `make test`, or `make tools` first (%v)", err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = dir
	cmd.Env = []string{"HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")} // it writes to ~/.s
	for _, name := range []string{
		"ACCOUNT_ID", "DATABASE_URL", "SEAL_KEYS", "BOOTSTRAP_HASH", "VPC_ID", "VSWITCH_ID", "SECURITY_GROUP_ID", "REGION",
	} {
		if value := getenv(name); value != "" {
			cmd.Env = append(cmd.Env, name+"="+value)
		}
	}
	return cmd.CombinedOutput()
}

// preview renders a template.
func preview(t *testing.T, path string, getenv func(string) string) []byte {
	t.Helper()
	out, err := tool(t, filepath.Dir(path), getenv, "preview", "-t", filepath.Base(path), "-o", "json")
	if err != nil {
		t.Fatalf("s preview: %v\n%s", err, out)
	}
	if i := bytes.IndexByte(out, '{'); i >= 0 { // a warning about root may stand before it
		out = out[i:]
	}
	return out
}

func TestServerlessDevsRendersTheTemplateAsWeDo(t *testing.T) {
	t.Parallel()
	path := filepath.Join(root, "s.yaml")
	for name, getenv := range map[string]func(string) string{"everything set": settings, "nothing set": nothing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var rendered map[string]any
			if err := json.Unmarshal(preview(t, path, getenv), &rendered); err != nil {
				t.Fatal(err)
			}
			theirs, err := decode(rendered, func(path string) string { return path })
			if err != nil {
				t.Fatalf("what s rendered has faults:\n%v", err)
			}
			ours, err := Load(path, getenv)
			if err != nil {
				t.Fatal(err)
			}
			ours.Unset = nil // only the source knows
			if diff := cmp.Diff(theirs, ours); diff != "" {
				t.Errorf("s renders s.yaml differently (-s +ours):\n%s", diff)
			}
		})
	}
}

// stub is a component that deploys nothing and says what it was asked to deploy.
const stub = `module.exports = class {
  async deploy({ props }) { console.log("DEPLOY " + (props.functionName || "domain " + props.domainName)); return {}; }
};`

// deploy runs `s deploy` of the project's template with stub as its components and check in place of the check of settings.
func deploy(t *testing.T, check string) (string, error) {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile(filepath.Join(root, "s.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer(
		"component: fc3-domain\n", "component: ./stub\n", "component: fc3\n", "component: ./stub\n",
		"run: make package\n", "run: echo PACKAGE\n", "run: go run ./scripts/serverless/deployable s.yaml\n", "run: "+check+"\n",
	).Replace(string(text))
	if err := os.MkdirAll(filepath.Join(dir, "stub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"s.yaml":            changed,
		"stub/index.js":     stub,
		"stub/package.json": `{"name":"stub","main":"index.js"}`,
		"stub/publish.yaml": "Type: Component\nName: stub\nProvider: [x]\nVersion: 0.0.1\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	out, err := tool(t, dir, settings, "deploy", "-t", "s.yaml", "-a", "default", "-y")
	return string(out), err
}

func TestADeploymentPackagesOnceThenMakesTheFunctionsThenTheDomain(t *testing.T) {
	t.Parallel()
	out, err := deploy(t, "echo CHECK")
	if err != nil {
		t.Fatalf("s deploy: %v\n%s", err, out)
	}
	var got []string
	for _, line := range strings.Split(out, "\n") {
		if strings.HasPrefix(line, "PACKAGE") || strings.HasPrefix(line, "CHECK") || strings.HasPrefix(line, "DEPLOY") {
			got = append(got, line)
		}
	}
	template, err := Load(filepath.Join(root, "s.yaml"), settings)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(template.Blocks) + 3; len(got) != n || got[0] != "PACKAGE" || got[1] != "CHECK" || got[n-1] != "DEPLOY domain auto" {
		t.Errorf("it did %q, want PACKAGE, CHECK, %d functions, the domain", got, len(template.Blocks))
	}
}

func TestADeploymentThatFailsItsCheckMakesNothing(t *testing.T) {
	t.Parallel()
	out, err := deploy(t, "exit 1")
	if err == nil || strings.Contains(out, "DEPLOY") {
		t.Errorf("s deploy went on (%v):\n%s", err, out)
	}
}
