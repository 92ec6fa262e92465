package story

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pai-notify/scripts/docs"
)

// TestTheCommandsOfTheDocumentsDoWhatTheySay runs every block of commands that needs no account, as it stands but for the
// local cloud's ports and folder: those of README.md, then those of the documents below docs in the same shell, where
// the rule that the README makes is there.
func TestTheCommandsOfTheDocumentsDoWhatTheySay(t *testing.T) {
	t.Parallel()
	c := start(t, 1)
	local := strings.NewReplacer("127.0.0.1:9700", strings.TrimPrefix(c.Cloud, "http://"), "127.0.0.1:9701", strings.TrimPrefix(c.API, "http://"),
		"127.0.0.1:9702", strings.TrimPrefix(c.Inbox, "http://"), ".local/cloud/", c.data+"/")
	list, err := docs.All(root)
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	script.WriteString("set -euo pipefail\ncurl() { command curl --fail-with-body --max-time 60 \"$@\" && echo; }\n")
	add := func(d docs.Document) (blocks int) {
		for _, b := range d.Commands("") {
			fmt.Fprintf(&script, "echo '== %s:%d' >&2\n%s\n", d.Path, b.Line, local.Replace(b.Text))
			blocks++
		}
		return blocks
	}
	for _, d := range list {
		if d.Path == "README.md" && add(d) == 0 {
			t.Fatal("README.md has no commands to run")
		}
	}
	for _, d := range list {
		if strings.HasPrefix(d.Path, "docs/") {
			add(d)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	shell := exec.CommandContext(ctx, "bash")
	shell.Dir, shell.Stdin, shell.Env = root, strings.NewReader(script.String()), append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := shell.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, tail(string(out), 3000))
	}
	for _, want := range []struct{ receiver, path, job, reason string }{
		{"dingtalk", "access_token=ops", "llm-sft-7b", "CUDA out of memory"},
		{"dingtalk", "access_token=ops", "eval-7b", "NCCL timeout"},
		{"wecom", "key=team", "eval-7b", "NCCL timeout"}, // by the rule that came out of the YAML
	} {
		until(t, 60*time.Second, func() string {
			for _, m := range c.accepted(want.receiver, want.path) {
				body, err := json.Marshal(m.Body)
				if err != nil {
					return err.Error()
				}
				if strings.Contains(string(body), want.job) && strings.Contains(string(body), want.reason) {
					return ""
				}
			}
			return want.receiver + " has no message about " + want.job + "; the commands said " + tail(string(out), 2000)
		})
	}
	if _, err := os.Stat(filepath.Join(c.data, "local.json")); err != nil {
		t.Error(err)
	}
}
