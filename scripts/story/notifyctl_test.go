package story

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// tool is the packaged notifyctl against a cloud, with an environment of its own.
type tool struct {
	c      *cloud
	binary string
	folder string
	env    []string
	code   int // how the last run ended
}

func (c *cloud) tool() *tool {
	c.t.Helper()
	w := &tool{c: c, folder: c.t.TempDir(), env: []string{"PAI_NOTIFY_API=" + c.API, "PAI_NOTIFY_KEY=" + c.Key}}
	w.binary = filepath.Join(c.t.TempDir(), "notifyctl")
	build := exec.Command("go", "build", "-o", w.binary, "./scripts/notifyctl")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		c.t.Fatalf("build notifyctl: %v\n%s", err, out)
	}
	return w
}

// try runs it; what it printed, on both streams, is what it said, and code how it ended.
func (w *tool) try(arguments ...string) string {
	w.c.t.Helper()
	command := exec.Command(w.binary, arguments...)
	command.Dir, command.Env = w.folder, w.env
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	err := command.Run()
	if command.ProcessState == nil {
		w.c.t.Fatal(err)
	}
	w.code = command.ProcessState.ExitCode()
	return said.String()
}

// run is try, of which the exit code is known.
func (w *tool) run(code int, arguments ...string) string {
	w.c.t.Helper()
	said := w.try(arguments...)
	if w.code != code {
		w.c.t.Fatalf("notifyctl %s ended with %d, want %d:\n%s", strings.Join(arguments, " "), w.code, code, said)
	}
	return said
}

func (w *tool) write(name, text string) {
	w.c.t.Helper()
	if err := os.WriteFile(filepath.Join(w.folder, name), []byte(text), 0o600); err != nil {
		w.c.t.Fatal(err)
	}
}

// edit changes a file as an editor would.
func (w *tool) edit(name string, pairs ...string) {
	w.c.t.Helper()
	text, err := os.ReadFile(filepath.Join(w.folder, name))
	if err != nil {
		w.c.t.Fatal(err)
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		if !strings.Contains(string(text), pairs[i]) {
			w.c.t.Fatalf("%s has no %q:\n%s", name, pairs[i], text)
		}
		text = []byte(strings.Replace(string(text), pairs[i], pairs[i+1], 1))
	}
	w.write(name, string(text))
}

func wantIn(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}

func TestRulesOfFourWorkspacesLiveInGit(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	c.setUp("nlp_train")
	c.setUp("cv_lab")
	workspaces := []string{"nlp_train", "cv_lab", "speech", "search"}
	for _, more := range workspaces[2:] {
		c.rpc("2020-04-01", "CreateEventBus", "EventBusName", "pai-system-"+more)
	}
	w := c.tool()
	var secrets []string
	for _, workspace := range workspaces {
		for n := range 10 {
			token := fmt.Sprintf("hidden-%s-%02d", workspace, n)
			secrets = append(secrets, token)
			r := rule(fmt.Sprintf("rule-%02d", n), c.target("ops", "dingtalk", token), c.target("second", "wecom", token))
			r["description"] = "night shift"
			c.api(http.MethodPost, "/workspaces/"+workspace+"/rules", r).must(t, http.StatusCreated)
		}
	}

	// Exported, all of them are as the files say; the files tell no secret.
	export := []string{"rules", "export", "-d", "rules"}
	for _, workspace := range workspaces {
		export = append(export, "-w", workspace)
	}
	w.run(0, export...)
	wantIn(t, w.run(0, "rules", "plan", "--check", "rules"), "No change: 40 rules are as the files say.")
	for _, workspace := range workspaces {
		text, err := os.ReadFile(filepath.Join(w.folder, "rules", workspace+".yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if strings.Contains(string(text), secret) {
				t.Errorf("the file of %s tells the secret %s", workspace, secret)
			}
		}
		wantIn(t, string(text), "name: rule-00", "kept in the deployment")
	}

	// Changed in an editor: a description, an option, a secret, a rule more and one less.
	w.edit("rules/nlp_train.yaml", "night shift", "day shift", "- dlc.job.failed", "- dlc.job.failed\n        - dlc.job.preempted")
	w.edit("rules/cv_lab.yaml", "channel: wecom", "settings:\n          webhook:\n            env: NEW_HOOK\n        channel: wecom")
	w.write("rules/more.yaml", `version: 1
workspace: search
rules:
  - name: nightly
    event: {source: dlc, options: [dlc.job.failed], scope: {kind: allInWorkspace}}
    targets: [{id: ops, channel: lark, settings: {webhook: {file: ../hook}}}]
`)
	w.write("hook", c.Inbox+"/lark/open-apis/bot/v2/hook/fresh-secret-token\n")
	w.edit("rules/speech.yaml", "name: rule-09", "name: rule-10")
	hook := c.Inbox + "/wecom/cgi-bin/webhook/send?key=another-hidden-key"
	broken := w.run(2, "rules", "plan", "rules")
	wantIn(t, broken, "NEW_HOOK, which is not set", "rules/cv_lab.yaml:")
	w.env = append(w.env, "NEW_HOOK="+hook)
	broken = w.run(2, "rules", "plan", "rules") // rule-10 is new, and its secrets are nowhere
	wantIn(t, broken, "rules[9].targets[0].settings.webhook", "rules[9].targets[1].settings.webhook", "rules/speech.yaml:")
	w.edit("rules/speech.yaml", "name: rule-10", "name: rule-09")
	planned := w.run(3, "rules", "plan", "--check", "--prune", "rules")
	wantIn(t, planned, `~ description: "night shift" → "day shift"`, `event.options: +"dlc.job.preempted"`,
		"+ nightly", "targets[second].settings.webhook", "1 to make, 2 to change, 0 to delete, 38 as they are.")
	for _, secret := range append(secrets, "another-hidden-key", "fresh-secret-token") {
		if strings.Contains(planned, secret) {
			t.Errorf("the plan tells the secret %s", secret)
		}
	}
	wantIn(t, w.run(0, "rules", "apply", "rules"), "3 applied.")
	wantIn(t, w.run(0, "rules", "apply", "rules"), "No change: 41 rules are as the files say.")

	// What the files say is what is delivered, with the secret that was not in them.
	w.write("event.json", `{"specversion":"1.0","id":"e1","source":"acs.paidlc","type":"paidlc:Job:Failed",
		"data":{"jobId":"dlc1","displayName":"a","status":"Failed"}}`)
	wantIn(t, w.run(0, "rules", "try", "rules/more.yaml", "--event", "event.json"), "nightly", "yes")

	// A rule taken out of the files stays, unless pruning is asked for.
	if err := os.Remove(filepath.Join(w.folder, "rules", "more.yaml")); err != nil {
		t.Fatal(err)
	}
	wantIn(t, w.run(0, "rules", "apply", "rules"), "? nightly", "No change")
	wantIn(t, w.run(0, "rules", "apply", "--prune", "rules"), "- nightly", "1 applied.")
	c.api(http.MethodGet, "/workspaces/search/rules/nightly", nil).must(t, http.StatusNotFound)

	// A broken file: every fault, the deployment's too, with line and column, and nothing is changed.
	w.write("broken.yaml", `version: 1
workspace: nlp_train
rules:
  - name: broken
    titel: misspelt
    event: {source: dlc, options: [dlc.job.gone], scope: {kind: allInWorkspace}}
    targets:
      - {id: ops, channel: dingtalk, settings: {webhook: 'https://oapi.dingtalk.com/robot/send?access_token=hidden-in-clear', secret: 5}}
---
version: 1
workspace: cv_lab
rules: [
`)
	faults := w.run(2, "rules", "apply", "broken.yaml")
	wantIn(t, faults, "broken.yaml:5:12: rules[0].titel", "broken.yaml:8:135: rules[0].targets[0].settings.secret", "broken.yaml:12:8: is no YAML",
		"3 faults, nothing was changed")
	w.edit("broken.yaml", "    titel: misspelt\n", "", "secret: 5", "secret: ''", "rules: [", "rules: []")
	faults = w.run(2, "rules", "apply", "broken.yaml")
	wantIn(t, faults, "broken.yaml:5:36: rules[0].event.options[0]", "broken.yaml:7:58: rules[0].targets[0].settings.webhook is a secret")
	if strings.Contains(faults, "hidden-in-clear") {
		t.Errorf("the faults tell a secret:\n%s", faults)
	}
	c.api(http.MethodGet, "/workspaces/nlp_train/rules/broken", nil).must(t, http.StatusNotFound)
	wantIn(t, w.run(0, "rules", "schema"), `"$schema"`, `"env"`)
	wantIn(t, w.run(2, "rules", "plan", "none.yaml"), "none.yaml")
	w.env[1] = "PAI_NOTIFY_KEY=pnk_aaaaaaaaaa_bbbbbbbbbbbbbbbbbbbbbbbbbb"
	wantIn(t, w.run(4, "rules", "plan", "rules"), "401")
}
