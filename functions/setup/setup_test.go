package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"pai-notify/shared/environment"
	"pai-notify/shared/ledger"
	"pai-notify/shared/seal"
)

const (
	sealKeys = "k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	nlpBus   = "pai-system-nlp_train"
	ownARN   = "acs:fc:cn-hangzhou:1234567890123456:functions/pai-notify-"
)

func TestNoRouteAnswersWithoutAKey(t *testing.T) {
	t.Parallel()
	for _, d := range []*deployment{fresh(t), opened(t)} {
		for _, key := range []string{"", "x", "pnk_aaaaaaaaaa_" + strings.Repeat("a", 52), d.bootstrap.Hash} {
			d.key = key
			for _, route := range append(d.api.Paths(), "GET /api/v1/setup/openapi.json", "GET /api/v1/nothing",
				"DELETE /api/v1/setup") {
				method, path, _ := strings.Cut(route, " ")
				if response, body := d.raw(method, path, ""); response.StatusCode != 401 {
					t.Errorf("%s with key %q = %d %s, want 401", route, key, response.StatusCode, body)
				}
			}
		}
	}
}

func TestTheBootstrapTokenMakesTheFirstKeyAndDies(t *testing.T) {
	t.Parallel()
	d := fresh(t)
	if s := d.get(""); s["database"].State != Needed || s["keys"].State != Done {
		t.Errorf("before: %+v", s)
	}
	if response, _ := d.raw("GET", "/api/v1/settings", ""); response.StatusCode != 403 {
		t.Errorf("the token reads settings: %d, want 403", response.StatusCode)
	}
	status, body := d.call("POST", "/api/v1/setup", "")
	if status != 200 || !strings.HasPrefix(body.Key, "pnk_") || byID(body.Steps)["database"].State != Done {
		t.Fatalf("POST = %d %+v", status, body)
	}
	for _, method := range []string{"GET", "POST"} {
		response, text := d.raw(method, "/api/v1/setup", "", "Accept-Language", "zh")
		if response.StatusCode != 401 || !strings.Contains(string(text), "make keys") {
			t.Errorf("%s with the used token = %d %s, want 401 and what to do", method, response.StatusCode, text)
		}
	}
	d.key = body.Key
	if status, again := d.call("POST", "/api/v1/setup", "{}"); status != 200 || again.Key != "" {
		t.Errorf("POST with the key = %d, key %q; want 200 without a key", status, again.Key)
	}
}

func TestOfManyFirstCallsOneGetsAKey(t *testing.T) {
	t.Parallel()
	d := fresh(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	keys := 0
	for range 8 {
		wg.Go(func() {
			response, text := d.raw("POST", "/api/v1/setup", "{}")
			var body answerBody
			if err := json.Unmarshal(text, &body); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if body.Key != "" {
				keys++
			} else if response.StatusCode != 401 {
				t.Errorf("= %d %s, want a key or 401", response.StatusCode, text)
			}
		})
	}
	wg.Wait()
	if keys != 1 {
		t.Errorf("%d keys were made, want 1", keys)
	}
}

func TestDryRunChangesNothing(t *testing.T) {
	t.Parallel()
	d := fresh(t)
	s := d.post(`{"workspace":"nlp_train","activate":true,"createBus":true,"dryRun":true}`)
	if s["database"].State != Needed || s["activation"].State != Needed || d.cloud.writes != 0 {
		t.Errorf("dry run: %+v, %d writes", s, d.cloud.writes)
	}
	if !strings.Contains(s["database"].Text, "POST without dryRun") {
		t.Errorf("dry run does not say what would be done: %+v", s["database"])
	}
	if status, body := d.call("POST", "/api/v1/setup", "{}"); status != 200 || body.Key == "" {
		t.Errorf("the token is gone after a dry run: %d", status)
	}
}

func TestActivationIsExplainedAndOrderedOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	d := opened(t)
	for _, s := range []map[string]Step{d.get("nlp_train"), d.post(`{"workspace":"nlp_train"}`)} {
		a := s["activation"]
		if a.State != Needed || !strings.Contains(a.Text, "ServiceNotEnable") || !strings.Contains(a.Advice,
			`"activate": true`) {
			t.Errorf("activation = %+v", a)
		}
		if s["bus"].State != Blocked || !strings.Contains(s["bus"].Text, "Activation") {
			t.Errorf("bus = %+v, want it to wait for the activation", s["bus"])
		}
	}
	if d.cloud.active {
		t.Fatal("an order was placed that nobody asked for")
	}
	d.cloud.activating = true
	if s := d.post(`{"activate":true}`); s["activation"].State != Running || !d.cloud.active {
		t.Errorf("activation = %+v", s["activation"])
	}
	d.cloud.activating = false
	if s := d.get(""); s["activation"].State != Done {
		t.Errorf("activation = %+v", s["activation"])
	}
}

func TestABusIsMadeOnlyForAWorkspaceThatExistsAndOnlyWhenAskedFor(t *testing.T) {
	t.Parallel()
	d := opened(t)
	d.cloud.active = true
	if s := d.post(`{"workspace":"nlp_train"}`)["bus"]; s.State != Needed || !strings.Contains(s.Advice, "createBus") {
		t.Errorf("bus = %+v", s)
	}
	if s := d.post(`{"workspace":"nlp_trian","createBus":true}`)["bus"]; s.State != Blocked ||
		!strings.Contains(s.Text, "nlp_train, cv_lab") {
		t.Errorf("bus of a misspelt workspace = %+v", s)
	}
	d.cloud.forbid["Workspaces"] = true
	if s := d.get("nlp_train")["bus"]; s.State != Needed || !strings.Contains(s.Advice, "could not be checked") {
		t.Errorf("bus where workspaces cannot be listed = %+v", s)
	}
	if len(d.cloud.buses) != 0 {
		t.Fatalf("buses %v were made that nobody asked for", d.cloud.buses)
	}
	if s := d.post(`{"workspace":"nlp_train","createBus":true}`); s["bus"].State != Done || s["targets"].State != Done {
		t.Errorf("bus = %+v", s["bus"])
	}
}

func TestWhatTheRoleMayNotCallIsListed(t *testing.T) {
	t.Parallel()
	d := working(t)
	for _, method := range []string{"PAIRole", "ListRules", "GetFunctionRule"} {
		d.cloud.forbid = map[string]bool{method: true}
		s := d.get("nlp_train")["permissions"]
		if s.State != Failed || !strings.Contains(s.Text, "Fake "+method) || !strings.Contains(s.Advice,
			"/setup/policy") {
			t.Errorf("permissions without %s = %+v", method, s)
		}
	}
}

func TestStepsSpeakTheLanguageAskedFor(t *testing.T) {
	t.Parallel()
	d := opened(t)
	_, en := d.call("GET", "/api/v1/setup?workspace=nlp_train", "")
	_, zh := d.call("GET", "/api/v1/setup?workspace=nlp_train", "", "Accept-Language", "zh-CN")
	for i := range en.Steps {
		if e, z := en.Steps[i], zh.Steps[i]; e.Title == z.Title || e.Text == z.Text {
			t.Errorf("step %s says the same in both languages: %q, %q", e.ID, e.Title, e.Text)
		}
		if s := zh.Steps[i]; s.State != Done && s.Advice == "" {
			t.Errorf("step %s is %s and has no advice", s.ID, s.State)
		}
	}
}

func TestBadOrdersNameAllFaults(t *testing.T) {
	t.Parallel()
	d := opened(t)
	response, body := d.raw("POST", "/api/v1/setup",
		`{"workspace":"a/b","steps":["bus","fly"],"paiUser":"me","activate":"yes","x":1}`)
	for _, path := range []string{`"workspace"`, `"steps[1]"`, `"paiUser"`, `"activate"`, `"x"`} {
		if !strings.Contains(string(body), `"path":`+path) {
			t.Errorf("%d %s lacks %s", response.StatusCode, body, path)
		}
	}
	if response, _ := d.raw("GET", "/api/v1/setup?workspace=a%2Fb", ""); response.StatusCode != 422 {
		t.Errorf("GET of a bad workspace = %d", response.StatusCode)
	}
}

func TestWithoutSealKeysTheStepSaysHowToMakeThem(t *testing.T) {
	t.Parallel()
	for _, keys := range []string{"", "k1:short", "hunter2"} {
		d := opened(t, func(e *environment.Environment) { e.SealKeys = keys })
		if s := d.get("")["keys"]; s.State != Blocked || !strings.Contains(s.Advice, "make keys") ||
			strings.Contains(s.Text, "hunter2") {
			t.Errorf("keys of %q = %+v", keys, s)
		}
	}
}

func TestTheLedgersOwnKeyIsSealedAnewAfterAChangeOfKeys(t *testing.T) {
	t.Parallel()
	const next = "k2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
	d := opened(t)
	ledgerOf := func(keys string) *ledger.Ledger {
		set, err := seal.ParseKeys(keys)
		if err != nil {
			t.Fatal(err)
		}
		return ledger.New(d.db, set, d.env.Clock.Now)
	}
	before, err := ledgerOf(sealKeys).Destination(t.Context(), "somebody")
	if err != nil {
		t.Fatal(err)
	}
	look := func(keys, method string, want State, text string) {
		t.Helper()
		d.env.SealKeys = keys
		status, body := d.call(method, "/api/v1/setup", "")
		if s := byID(body.Steps)["keys"]; status != http.StatusOK || s.State != want || !strings.Contains(s.Text, text) {
			t.Errorf("%s with %s: %d, step %+v, want %s and %q", method, keys, status, s, want, text)
		}
	}
	look(sealKeys, "GET", Done, "k1")
	look(next, "POST", Blocked, `sealed by key "k1", which is not in SEAL_KEYS`)
	look(next+","+sealKeys, "GET", Needed, `key "k1" has still sealed the ledger's own key`)
	look(next+","+sealKeys, "POST", Done, "k2, k1")
	look(next, "GET", Done, "k2")
	if after, err := ledgerOf(next).Destination(t.Context(), "somebody"); err != nil || after != before {
		t.Errorf("with the new key alone a receiver is %q, %v; want it as before, %q", after, err, before)
	}
}

func TestATargetThatIsNotAsItShouldBeIsMended(t *testing.T) {
	t.Parallel()
	d := opened(t)
	d.post(`{"workspace":"nlp_train","activate":true,"createBus":true}`)
	changed := d.cloud.rules[nlpBus]
	changed.Differences = []string{"it has no DeadLetterQueue"}
	d.cloud.rules[nlpBus] = changed
	if s := d.get("nlp_train")["targets"]; s.State != Needed || !strings.Contains(s.Text, "it has no DeadLetterQueue") {
		t.Errorf("step of a target without its dead-letter queue: %+v", s)
	}
	if s := d.post(`{"workspace":"nlp_train"}`)["targets"]; s.State != Done || d.cloud.rules[nlpBus].Differences != nil {
		t.Errorf("step after POST: %+v", s)
	}
}

func TestAnAdministratorOfOneWorkspaceSetsUpNoOther(t *testing.T) {
	t.Parallel()
	d := opened(t)
	err := d.db.Write(t.Context(), true, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(t.Context(), `update api_key set workspaces = '["nlp_train"]'`)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, method := range []string{"GET", "POST"} {
		for workspace, want := range map[string]int{"nlp_train": http.StatusOK, "cv_lab": http.StatusForbidden} {
			response, text := d.raw(method, "/api/v1/setup?workspace="+workspace, map[string]string{"POST": `{"workspace":"` + workspace + `"}`}[method])
			if response.StatusCode != want {
				t.Errorf("%s for %s = %d %s, want %d", method, workspace, response.StatusCode, text, want)
			}
		}
	}
}

func TestThePolicyIsTheProductsAndWhatIsBeyondItHasReasons(t *testing.T) {
	t.Parallel()
	d := opened(t)
	response, body := d.raw("GET", "/api/v1/setup/policy", "")
	var p policyAnswer
	if err := json.Unmarshal(body, &p); err != nil || response.StatusCode != 200 {
		t.Fatalf("%d %s", response.StatusCode, body)
	}
	first := p.Policy.Statement[0]
	if len(first.Action) != 15 || first.Resource != "acs:eventbridge:*:*:eventbus/*" || p.Policy.Version != "1" {
		t.Errorf("first statement = %+v", first)
	}
	if len(p.Reasons) != len(p.Policy.Statement) {
		t.Errorf("%d reasons for %d statements", len(p.Reasons), len(p.Policy.Statement))
	}
	seen := map[string]bool{}
	for _, r := range p.Reasons {
		if r.Reason == "" || len(r.Actions) == 0 {
			t.Errorf("statement %d has no reason", r.Statement)
		}
		for _, a := range r.Actions {
			if seen[a] && a != "ram:CreateServiceLinkedRole" {
				t.Errorf("action %s is granted twice", a)
			}
			seen[a] = true
		}
	}
	for _, a := range []string{"dysms:SendSms", "dysms:QuerySendDetails", "dyvms:SingleCallByTts", "dyvms:QueryCallDetailByCallId", "dm:SingleSendMail"} {
		if !seen[a] {
			t.Errorf("%s is not granted, which contacts or sweep calls", a)
		}
	}
	var send []string
	for _, s := range p.Sender.Statement {
		send = append(send, s.Action...)
	}
	slices.Sort(send)
	if want := []string{"dm:SingleSendMail", "dysms:SendSms", "dyvms:SingleCallByTts"}; !slices.Equal(send, want) || p.Sender.Version != "1" {
		t.Errorf("those that only send are granted %v, want %v", send, want)
	}
}

func TestSettingsAreCheckedWholeAndKept(t *testing.T) {
	t.Parallel()
	d := opened(t)
	response, body := d.raw("PUT", "/api/v1/settings",
		`{"language":"fr","zone":"Mars/Olympus","consoleHost":"https://x","catalogOverride":"sources:\n  dlc:\n    events: 7\n",
		"links":{"dlc":"https://evil.example/{id}"},"nope":1}`)
	for _, path := range []string{"language", "zone", "consoleHost", "catalogOverride", "links.dlc", "nope"} {
		if !strings.Contains(string(body), `"path":"`+path+`"`) {
			t.Errorf("%d %s lacks %s", response.StatusCode, body, path)
		}
	}
	good := `{"language":"en","zone":"UTC","consoleHost":"","links":{"dlc":"https://{host}/#/{id}"},"catalogOverride":"sources:\n  dlc:\n    sources: [acs.new]\n"}`
	if response, body := d.raw("PUT", "/api/v1/settings", good); response.StatusCode != 200 {
		t.Errorf("PUT = %d %s", response.StatusCode, body)
	}
	if _, body := d.raw("GET", "/api/v1/settings", ""); !strings.Contains(string(body), `"zone":"UTC"`) {
		t.Errorf("GET = %s", body)
	}
}

func TestAnOverrideMayRenameTheBuses(t *testing.T) {
	t.Parallel()
	d := opened(t)
	d.cloud.active = true
	settings := `{"language":"en","zone":"UTC","catalogOverride":"bus: other-\n"}`
	if response, body := d.raw("PUT", "/api/v1/settings", settings); response.StatusCode != 200 {
		t.Fatalf("PUT = %d %s", response.StatusCode, body)
	}
	if s := d.get("nlp_train")["bus"]; !strings.Contains(s.Text, "other-nlp_train") {
		t.Errorf("bus = %+v", s)
	}
}

func TestADatabaseOutOfReachIsSaidInAStep(t *testing.T) {
	t.Parallel()
	d := fresh(t, func(e *environment.Environment) {
		e.DatabaseURL = "postgres://u:hunter2@127.0.0.1:1/x?connect_timeout=1"
	})
	response, body := d.raw("POST", "/api/v1/setup", "{}")
	if response.StatusCode != 503 || strings.Contains(string(body), "hunter2") || !strings.Contains(string(body),
		"DATABASE_URL") {
		t.Errorf("= %d %s, want 503 with advice and no password", response.StatusCode, body)
	}
}

func TestAnswersAreOfTheFormPromised(t *testing.T) {
	t.Parallel()
	d := opened(t)
	_, body := d.raw("GET", "/api/v1/setup", "")
	var form struct {
		Steps []map[string]any `json:"steps"`
	}
	if err := json.NewDecoder(strings.NewReader(string(body))).Decode(&form); err != nil && !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	for _, s := range form.Steps {
		for _, member := range []string{"id", "title", "state", "text"} {
			if s[member] == "" || s[member] == nil {
				t.Errorf("step %v lacks %s", s, member)
			}
		}
	}
}
