package story

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pai-notify/scripts/serverless"
)

// may is who may use a route.
type may struct {
	role  string // the least; open: anybody
	where string // workspace: of the workspace in its path or query; all: of every workspace; "": any
	body  string // of a request that is well formed
	query string
}

// routes are all of them: a new one without its line fails the test. A caller who may not is told so before anything
// that is wrong with the request, as far as its form is right.
func routes() map[string]may {
	const rule = `{"name":"roles","targets":[],"event":{"source":"dlc","options":[],"scope":{"kind":"createdByMe"}}}`
	const contact = `{"id":"roles","name":"roles"}`
	return map[string]may{
		"GET /healthz": {role: "open"},

		"GET /api/v1/session":    {role: "viewer"},
		"POST /api/v1/session":   {role: "viewer"},
		"DELETE /api/v1/session": {role: "viewer"},

		"GET /api/v1/session/provider":          {role: "open"},
		"GET /api/v1/session/provider/start":    {role: "open"},
		"GET /api/v1/session/provider/callback": {role: "open"},
		"GET /api/v1/session/provider/finish":   {role: "open"},

		"GET /api/v1/sessions":         {role: "admin", where: "all"},
		"DELETE /api/v1/sessions/{id}": {role: "admin", where: "all"},

		"GET /api/v1/keys":               {role: "admin"},
		"POST /api/v1/keys":              {role: "admin", body: `{"name":"","role":"viewer"}`},
		"DELETE /api/v1/keys/{id}":       {role: "admin"},
		"GET /api/v1/audit":              {role: "admin", where: "workspace", query: "?workspace=nlp_train"},
		"GET /api/v1/audit/export":       {role: "admin", where: "workspace", query: "?workspace=nlp_train"},
		"GET /api/v1/audit/verification": {role: "admin", where: "all"},

		"GET /api/v1/catalog":                               {role: "viewer"},
		"GET /api/v1/workspaces/{ws}/rules":                 {role: "viewer", where: "workspace"},
		"POST /api/v1/workspaces/{ws}/rules":                {role: "editor", where: "workspace", body: rule},
		"GET /api/v1/workspaces/{ws}/rules/{name}":          {role: "viewer", where: "workspace"},
		"PUT /api/v1/workspaces/{ws}/rules/{name}":          {role: "editor", where: "workspace", body: rule},
		"DELETE /api/v1/workspaces/{ws}/rules/{name}":       {role: "editor", where: "workspace"},
		"POST /api/v1/workspaces/{ws}/rules/{name}:enable":  {role: "editor", where: "workspace"},
		"POST /api/v1/workspaces/{ws}/rules/{name}:disable": {role: "editor", where: "workspace"},
		"POST /api/v1/workspaces/{ws}/rules/{name}:mute":    {role: "editor", where: "workspace", body: `{"until":"2099-01-01T00:00:00Z"}`},
		"POST /api/v1/workspaces/{ws}/rules/{name}:unmute":  {role: "editor", where: "workspace", body: `{}`},
		"GET /api/v1/workspaces/{ws}/events":                {role: "viewer", where: "workspace"},
		"GET /api/v1/workspaces/{ws}/unknown":               {role: "viewer", where: "workspace"},
		"POST /api/v1/workspaces/{ws}/rules:preview":        {role: "viewer", where: "workspace", body: rule},
		"POST /api/v1/workspaces/{ws}/rules:recompile":      {role: "editor", where: "workspace"},

		"POST /api/v1/connectivity": {role: "editor", body: `{"workspace":"nlp_train","rule":"roles","target":"x"}`, where: "workspace"},

		"GET /api/v1/contacts":            {role: "viewer"},
		"POST /api/v1/contacts":           {role: "editor", body: contact},
		"GET /api/v1/contacts/{id}":       {role: "viewer"},
		"PUT /api/v1/contacts/{id}":       {role: "editor", body: contact},
		"DELETE /api/v1/contacts/{id}":    {role: "editor"},
		"POST /api/v1/contacts/{id}:test": {role: "editor", body: `{"channel":"sms"}`},
		"GET /api/v1/contacts:export":     {role: "editor"},
		"POST /api/v1/contacts:import":    {role: "editor", body: `{"csv":""}`},
		"POST /api/v1/contacts:search":    {role: "editor", body: `{"q":"x"}`},

		"GET /api/v1/deliveries":              {role: "viewer", where: "workspace", query: "?workspace=nlp_train"},
		"GET /api/v1/deliveries/summary":      {role: "viewer", where: "workspace", query: "?workspace=nlp_train"},
		"GET /api/v1/deliveries/{id}":         {role: "viewer"},
		"GET /api/v1/deliveries/jobs/{id}":    {role: "viewer"},
		"POST /api/v1/deliveries/{id}:replay": {role: "editor"},
		"POST /api/v1/deliveries/{id}:cancel": {role: "editor"},
		"POST /api/v1/deliveries:replay":      {role: "editor", where: "workspace", body: `{"workspace":"nlp_train"}`},
		"POST /api/v1/deliveries:cancel":      {role: "editor", where: "workspace", body: `{"workspace":"nlp_train"}`},
		"GET /api/v1/metrics":                 {role: "viewer", where: "all"},

		"GET /api/v1/setup":        {role: "admin", where: "workspace", query: "?workspace=nlp_train"},
		"POST /api/v1/setup":       {role: "admin", where: "workspace", body: `{"workspace":"nlp_train","dryRun":true}`},
		"GET /api/v1/setup/policy": {role: "admin"},
		"GET /api/v1/settings":     {role: "viewer"},
		"PUT /api/v1/settings":     {role: "admin", where: "all", body: `{"language":"zh","zone":"Asia/Shanghai","consoleHost":""}`},
	}
}

// operations are the routes of all functions.
func operations(t *testing.T) (all []string) {
	t.Helper()
	for _, routes := range described(t) {
		all = append(all, routes...)
	}
	slices.Sort(all)
	return all
}

// described are the routes of each function as its OpenAPI document lists them.
func described(t *testing.T) map[string][]string {
	t.Helper()
	template, err := serverless.Load(filepath.Join(root, "s.yaml"), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	for _, name := range template.Functions() {
		f, _ := template.Function(name)
		if name == "console" || !slices.ContainsFunc(f.Triggers, func(t serverless.Trigger) bool { return t.HTTP != nil }) {
			continue // the console serves a page and no API
		}
		command := exec.Command(filepath.Join(root, ".build", name, "main"), "openapi")
		command.Env = []string{
			"DATABASE_URL=sqlite:" + filepath.Join(t.TempDir(), "none.db"), "REGION=cn-hangzhou", "ACCOUNT_ID=1234567890123456",
			"SEAL_KEYS=k:" + strings.Repeat("A", 43) + "=", "FUNCTION_ARN=acs:fc:x:functions/{function}",
		}
		command.Stderr = os.Stderr
		text, err := command.Output()
		if err != nil {
			t.Fatalf("describe %s: %v", name, err)
		}
		var document struct {
			Paths map[string]map[string]json.RawMessage
		}
		if err := json.Unmarshal(text, &document); err != nil {
			t.Fatalf("description of %s: %v", name, err)
		}
		for path, methods := range document.Paths {
			for method := range methods {
				found[name] = append(found[name], strings.ToUpper(method)+" "+path)
			}
		}
	}
	if len(found) < 6 {
		t.Errorf("%d functions describe an API, too few to be all", len(found))
	}
	for _, routes := range found {
		slices.Sort(routes)
	}
	return found
}

// caller is one key of the table.
type caller struct {
	role, workspace string // no workspace: all
	key             string
}

func (c caller) allowed(m may) bool {
	order := []string{"viewer", "editor", "admin"}
	if m.role == "open" {
		return true
	}
	if c.key == "" || slices.Index(order, c.role) < slices.Index(order, m.role) {
		return false
	}
	return c.workspace == "" || m.where == "" || m.where == "workspace" && c.workspace == "nlp_train"
}

func TestEachRoleMayUseItsRoutesAndNoOthers(t *testing.T) {
	t.Parallel()
	c := start(t, 20)
	c.setUp("nlp_train")
	c.setUp("cv_lab")
	callers := []caller{{}}
	for _, role := range []string{"viewer", "editor", "admin"} {
		for _, workspace := range []string{"", "nlp_train", "cv_lab"} {
			body := map[string]any{"name": role + " " + workspace, "role": role, "paiUser": "2000"}
			if workspace != "" {
				body["workspaces"] = []string{workspace}
			}
			var made struct{ Key string }
			c.api(http.MethodPost, "/keys", body).must(t, http.StatusCreated).into(t, &made)
			callers = append(callers, caller{role, workspace, made.Key})
		}
	}
	table, found := routes(), operations(t)
	for _, route := range found {
		if _, known := table[route]; !known {
			t.Errorf("%s has no line that says who may use it", route)
		}
	}
	for route := range table {
		if !slices.Contains(found, route) {
			t.Errorf("%s is in the table and in no OpenAPI document", route)
		}
	}
	asked := 0
	for _, route := range found {
		m := table[route]
		method, path, _ := strings.Cut(route, " ")
		id := strings.Repeat("a", 26)
		if strings.HasPrefix(path, "/api/v1/keys/") || strings.HasPrefix(path, "/api/v1/sessions/") {
			id = id[:10]
		}
		path = strings.NewReplacer("{ws}", "nlp_train", "{name}", "roles", "{id}", id).Replace(path)
		for _, who := range callers {
			headers := []string{"Idempotency-Key", fmt.Sprint(who.role, who.workspace, asked)}
			if who.key != "" {
				headers = append(headers, "Authorization", "Bearer "+who.key)
			}
			a := ask(t, method, c.API+path+m.query, m.body, headers...)
			asked++
			refused := a.Status == http.StatusForbidden || a.Status == http.StatusUnauthorized
			if want := who.allowed(m); want == refused {
				t.Errorf("%s by %q of %q answers %d %s, want it allowed: %v", route, who.role, who.workspace, a.Status, tail(a.Text, 200), want)
			}
			if who.key == "" && m.role != "open" && a.Status != http.StatusUnauthorized {
				t.Errorf("%s without a key answers %d, want 401", route, a.Status)
			}
			if a.Status >= 500 && a.Status != http.StatusServiceUnavailable {
				t.Errorf("%s by %q answers %d %s", route, who.role, a.Status, tail(a.Text, 200))
			}
		}
	}
	t.Logf("%d routes, %d callers, %d requests", len(found), len(callers), asked)
}
