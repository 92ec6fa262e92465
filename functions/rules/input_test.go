package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/catalog"
)

func robot(channel string, settings object) object {
	return object{"id": "x", "channel": channel, "settings": settings}
}

func TestBadInputIsRefusedWithThePathOfEachFault(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated)
	before := h.ask("GET", rules, nil).text
	model := func(targets ...object) object {
		r := draft("nightly", targets...)
		r["event"] = object{"source": "model", "options": []string{"model.version.approved"}, "scope": object{"kind": "allInWorkspace"}}
		return r
	}
	with := func(targets ...object) object { return draft("nightly", targets...) }
	const (
		bot  = "https://oapi.dingtalk.com/robot/send?access_token=x"
		send = "/robot/send?access_token=x"
		in   = "targets[0].settings.webhook"
	)
	webhook := func(channel, address string) object { return with(robot(channel, object{"webhook": address})) }
	var six []object
	for i := range 6 {
		six = append(six, dingtalk(fmt.Sprint("t", i)))
	}
	crowded := dingtalk("ops")
	users := make([]string, 50)
	for i := range users {
		users[i] = fmt.Sprint(i) + strings.Repeat("u", 60)
	}
	crowded["mentions"] = object{"users": users}
	crowded["words"] = object{"before": strings.Repeat("请", 200), "after": strings.Repeat("看", 200)}
	long := make([]string, 50)
	for i := range long {
		long[i] = fmt.Sprint(i) + strings.Repeat("x", 125)
	}
	nightly := func(value any, path ...string) object { return changed(with(dingtalk("ops")), value, path...) }
	for name, row := range map[string]struct {
		body any
		path string
	}{
		"unknown source":             {nightly("eas", "event", "source"), "event.source"},
		"unknown option":             {nightly([]string{"dlc.job.failed", "dlc.job.exploded"}, "event", "options"), "event.options[1]"},
		"another source's option":    {nightly([]string{"flow.run.failed"}, "event", "options"), "event.options[0]"},
		"an option twice":            {nightly([]string{"dlc.job.failed", "dlc.job.failed"}, "event", "options"), "event.options[1]"},
		"no options":                 {nightly([]string{}, "event", "options"), "event.options"},
		"unknown scope":              {nightly("planet", "event", "scope", "kind"), "event.scope.kind"},
		"objects without ids":        {nightly("objects", "event", "scope", "kind"), "event.scope.ids"},
		"an empty id":                {nightly(object{"kind": "objects", "ids": []string{"dlc1", ""}}, "event", "scope"), "event.scope.ids[1]"},
		"a prefix without need":      {nightly("x", "event", "scope", "prefix"), "event.scope.prefix"},
		"no event":                   {nightly(nil, "event"), "event.source"},
		"unknown channel":            {with(robot("pigeon", nil)), "targets[0].channel"},
		"unknown field":              {nightly("red", "colour"), "colour"},
		"unknown field of the event": {nightly("red", "event", "colour"), "event.colour"},
		"unknown field of the scope": {nightly("red", "event", "scope", "colour"), "event.scope.colour"},
		"unknown field of a target":  {with(object{"id": "x", "channel": "dingtalk", "colour": "red"}), "targets[0].colour"},
		"unknown setting":            {with(robot("wecom", object{"hook": "x"})), "targets[0].settings.hook"},
		"name that is a number":      {nightly(7, "name"), "name"},
		"enabled that is a text":     {nightly("yes", "enabled"), "enabled"},
		"setting that is a number":   {with(robot("wecom", object{"webhook": 7})), in},
		"targets that are no list":   {nightly(object{}, "targets"), "targets"},
		"no targets":                 {with(), "targets"},
		"description of 257":         {nightly(strings.Repeat("描", 257), "description"), "description"},
		"sixth unit":                 {with(six...), "targets"},
		"duplicate target ids":       {with(dingtalk("a"), dingtalk("a")), "targets[1].id"},
		"target without id":          {with(dingtalk("")), "targets[0].id"},
		"target with a bad id":       {with(dingtalk("a b")), "targets[0].id"},
		"language nobody has":        {with(object{"id": "x", "channel": "dingtalk", "language": "fr"}), "targets[0].language"},
		"contacts of a robot":        {with(object{"id": "x", "channel": "dingtalk", "contacts": []string{"alice"}}), "targets[0].contacts"},
		"HTTP target on a DLC rule":  {with(robot("webhook", object{"url": "https://example.com/"})), "targets[0].channel"},
		"SMS on a model rule":        {model(object{"id": "x", "channel": "sms", "contacts": []string{"alice"}}), "targets[0].channel"},
		"webhook left out":           {with(robot("lark", nil)), in},
		"webhook that is no URL":     {webhook("wecom", "hello"), in},
		"webhook over plain http":    {webhook("wecom", "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k"), in},
		"webhook of a foreign host":  {webhook("dingtalk", "https://evil.example"+send), in},
		"look-alike host":            {webhook("dingtalk", "https://oapi.dingtalk.com.evil.example"+send), in},
		"webhook with user info":     {webhook("lark", "https://u:"+plantedToken+"@open.feishu.cn/open-apis/bot/v2/hook/x"), in},
		"endpoint over plain http": {model(robot("webhook", object{"url": "http://example.com/" + plantedToken})),
			"targets[0].settings.url"},
		"signing key with blanks": {with(robot("dingtalk", object{"webhook": bot, "secret": "SEC " + plantedSecret})),
			"targets[0].settings.secret"},
		"signing key of another form": {model(robot("webhook", object{"url": "https://example.com/", "secret": plantedSecret})),
			"targets[0].settings.secret"},
		"mode nobody has": {model(robot("webhook", object{"url": "https://example.com/", "mode": "xml"})),
			"targets[0].settings.mode"},
		"target over 4,000 bytes":      {with(crowded), "targets[0]"},
		"settings over their limit":    {webhook("wecom", "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key="+strings.Repeat("k", 12_000)), in},
		"template over 10,240":         {changed(with(dingtalk("ops")), object{"kind": "objects", "ids": wide(long)}, "event", "scope"), "targets[0]"},
		"createdByMe of somebody else": {nightly(nil, "event", "scope", "kind"), "event.scope.kind"},
	} {
		t.Run(name, func(t *testing.T) {
			h := *h
			h.t = t
			h.ask("PUT", rules+"/nightly", row.body).faultAt(row.path)
			if body, ok := row.body.(object); ok && body["name"] == "nightly" {
				body["name"] = "fresh"
			}
			h.ask("POST", rules, row.body).faultAt(row.path)
		})
	}
	for _, name := range []string{"", "n", "nightly runs!", "-x", "夜间", strings.Repeat("n", 128), "default", "Default", "eventbridge-reserved-x",
		"pai-notify-observe", "a/b", "a:b", "a\nb", "${data}", "$.x"} {
		h.ask("POST", rules, draft(name, dingtalk("ops"))).faultAt("name")
	}
	if after := h.ask("GET", rules, nil).text; after != before {
		t.Errorf("refused input changed the rules: %s", after)
	}
	if log := h.log.String(); strings.Contains(log, plantedToken) || strings.Contains(log, plantedSecret) {
		t.Errorf("the log holds a secret: %s", log)
	}
}

// wide makes each id as long as the catalogue allows in bytes, and twice as long in JSON.
func wide(ids []string) []string {
	for i, id := range ids {
		ids[i] = id[:3] + strings.Repeat(`"`, catalog.MaxValue-3)
	}
	return ids
}

func TestAllFaultsComeAtOnce(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("POST", rules, draft("nightly", dingtalk("ops"), dingtalk("kept"))).must(http.StatusCreated)
	bad := draft("ni ghtly",
		object{"id": "ops", "channel": "dingtalk", "settings": object{"secret": "a b"}},                    // the webhook is kept, the secret is bad
		object{"id": "kept", "channel": "dingtalk", "size": 7},                                             // all settings are kept
		object{"id": "new", "channel": "dingtalk"},                                                         // nothing to keep
		object{"id": "ops", "channel": "lark", "settings": object{"webhook": []string{}}, "language": "x"}, // of a wrong type
		object{"id": "y", "channel": "pigeon"}, robot("wecom", object{"webhook": "x", "key": "y"}))
	bad["description"], bad["colour"] = strings.Repeat("x", 300), "red"
	bad["event"] = object{"source": "eas", "options": []string{"dlc.job.exploded"}, "scope": object{"kind": "planet"}}
	want := []string{
		"colour", "description", "event.options[0]", "event.scope.kind", "event.source", "name", "targets", "targets[0].settings.secret",
		"targets[1].size", "targets[2].settings.webhook", "targets[3].id", "targets[3].language", "targets[3].settings.webhook",
		"targets[4].channel", "targets[5].settings.key", "targets[5].settings.webhook",
	}
	paths := func(s said) []string {
		var list []string
		for _, f := range s.problem(http.StatusUnprocessableEntity, "Invalid").Errors {
			list = append(list, f.Path)
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	if diff := cmp.Diff(want, paths(h.ask("PUT", rules+"/nightly", bad))); diff != "" {
		t.Errorf("paths of the faults of a PUT (-want +got):\n%s", diff)
	}
	post := append(want, "targets[0].settings.webhook", "targets[1].settings.webhook") // nothing is kept
	slices.Sort(post)
	if diff := cmp.Diff(post, paths(h.ask("POST", rules, bad))); diff != "" {
		t.Errorf("paths of the faults of a POST (-want +got):\n%s", diff)
	}
}

func TestBodiesThatAreNoRuleAreRefused(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	h.ask("POST", rules, draft("nightly", dingtalk("ops"))).must(http.StatusCreated)
	for name, row := range map[string]struct {
		body   string
		status int
		code   string
	}{
		"0 bytes":          {"", 400, "BadRequest"},
		"10 MB":            {`{"name":"` + strings.Repeat("x", 10<<20) + `"}`, 413, "TooLarge"},
		"invalid UTF-8":    {"{\"name\":\"\xff\xfe\"}", 400, "NotJSON"},
		"deep nesting":     {strings.Repeat(`{"event":`, 100_000), 400, "NotJSON"},
		"deep in settings": {`{"targets":[{"settings":{"webhook":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}}]}`, 400, "NotJSON"},
		"a member twice":   {`{"name":"a","name":"b"}`, 400, "NotJSON"},
		"text":             {"hello", 400, "NotJSON"},
		"null":             {"null", 422, "Invalid"},
		"a list":           {"[]", 422, "Invalid"},
		"an empty object":  {"{}", 422, "Invalid"},
		"null members":     {`{"name":null,"event":null,"targets":null,"enabled":null}`, 422, "Invalid"},
		"null targets":     {`{"name":"xx","targets":[null]}`, 422, "Invalid"},
		"lone surrogates":  {`{"name":"\ud800"}`, 422, "Invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			h := *h
			h.t = t
			for _, call := range []string{"POST ", "PUT /nightly"} {
				method, path, _ := strings.Cut(call, " ")
				if strings.HasPrefix(call, "PUT") && name == "null members" {
					continue // a PUT may leave its name out
				}
				h.ask(method, rules+path, row.body).problem(row.status, row.code)
			}
		})
	}
}

func TestTextThatLooksLikeAVariableIsOnlyText(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	hostile := `${data} $.x $.data.jobId "quoted" \u0024 <b>`
	r := draft("nightly", dingtalk("ops"))
	r["description"] = hostile
	changed(r, object{"kind": "namePrefix", "prefix": "${data}$.x"}, "event", "scope")
	target, ok := r["targets"].([]object)
	if !ok {
		t.Fatal("no targets")
	}
	target[0]["words"] = object{"before": "${data}", "after": "$.x"}
	target[0]["settings"] = object{"webhook": "https://oapi.dingtalk.com/robot/send?access_token=" + plantedToken, "secret": "SEC${data}$.x"}
	made := h.ask("POST", rules, r).must(http.StatusCreated).rule()
	if made.Description != hostile || made.Event.Scope.Prefix != "${data}$.x" || made.Targets[0].Words.Before != "${data}" || made.Targets[0].Words.After != "$.x" {
		t.Errorf("texts came back as %+v", made)
	}
	opened, err := h.memory.Open(t.Context(), "nlp_train", "nightly", "ops")
	if err != nil || opened.Settings["secret"] != "SEC${data}$.x" {
		t.Errorf("the secret came back otherwise: %v", err)
	}
	for path, value := range map[string]string{"name": "${data}", "targets[0].id": "$.x", "targets[0].channel": "${data}", "event.source": "${data}",
		"event.options[0]": "$.x", "event.scope.kind": "${data}", "targets[0].language": "$.x"} {
		bad := draft("nightly", dingtalk("ops"))
		targets, ok := bad["targets"].([]object)
		if !ok {
			t.Fatal("no targets")
		}
		switch last := path[strings.LastIndexByte(path, '.')+1:]; {
		case strings.HasPrefix(path, "targets"):
			targets[0] = maps.Clone(targets[0])
			targets[0][last] = value
		case last == "options[0]":
			changed(bad, []string{value}, "event", "options")
		default:
			changed(bad, value, strings.Split(path, ".")...)
		}
		h.ask("POST", rules, bad).faultAt(path)
	}
}

func TestTheAPIDescribesItself(t *testing.T) {
	t.Parallel()
	h := newHarness(t)
	var described struct {
		Paths      map[string]map[string]any
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct {
					ReadOnly bool `json:"readOnly"`
				}
			}
		}
	}
	h.ask("GET", "/workspaces/openapi.json", nil).must(http.StatusOK).into(&described)
	if len(described.Paths) != 11 {
		t.Errorf("%d paths are described: %v", len(described.Paths), slices.Collect(maps.Keys(described.Paths)))
	}
	for _, name := range []string{"units", "pattern", "drift", "created", "foreign", "warnings", "muted"} {
		if !described.Components.Schemas["Rule"].Properties[name].ReadOnly {
			t.Errorf("member %s of a rule is not described as read-only", name)
		}
	}
}

func FuzzRulesAnswerWithAProblemOrARule(f *testing.F) {
	h := newHarness(f)
	for _, seed := range []string{`{}`, `{"name":"nightly","event":{"source":"dlc","options":["dlc.job.failed"],"scope":{"kind":"objects","ids":[""]}}}`,
		`{"targets":[{"id":"a","channel":"dingtalk","settings":{"webhook":"https://%zz@"}}]}`, `[{}]`, `{"created":"yesterday"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		h := *h
		h.t = t
		for _, call := range []string{"POST ", "PUT /nightly", "POST :preview"} {
			method, path, _ := strings.Cut(call, " ")
			answer := h.ask(method, rules+path, string(body))
			if answer.status >= 500 || !json.Valid([]byte(answer.text)) {
				t.Fatalf("%s %q = %d %s", call, body, answer.status, answer.text)
			}
		}
	})
}
