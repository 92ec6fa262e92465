package eventbridge_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fake is a strict EventBridge: it knows the parameters of each action and where large ones must be, checks signatures,
// keeps rules and their targets, and can be told to misbehave.
type fake struct {
	*httptest.Server
	t *testing.T

	mu      sync.Mutex
	buses   map[string]map[string]*fakeRule
	calls   []call
	seen    strings.Builder                                           // every byte received
	trouble func(n int, action string, w http.ResponseWriter) trouble // of the n-th call, from 0
	page    int                                                       // items of one page; 0: as asked for
	quota   int                                                       // targets of one rule
	events  []map[string]any
	roles   map[string]bool
}

type call struct {
	action string
	line   int // bytes of the request line
	p      map[string]string
}

type fakeRule struct {
	pattern, description, status string
	targets                      []map[string]any
}

// trouble is what a call meets.
type trouble int

const (
	none     trouble = iota
	answered         // the hook has answered; nothing is done
	before           // the connection breaks before anything is done
	after            // it is done, then the connection breaks
)

// known are the parameters of each action: [S] alibaba-cloud-sdk-go services/eventbridge, and for those it lacks the
// product's API pages.
func known() map[string]string {
	return map[string]string{
		"CreateEventBus": "EventBusName Description", "GetEventBus": "EventBusName", "ListEventBuses": "NamePrefix Limit NextToken",
		"CreateRule": "EventBusName RuleName FilterPattern Description Status EventTargets",
		"UpdateRule": "EventBusName RuleName FilterPattern Description Status",
		"GetRule":    "EventBusName RuleName", "EnableRule": "EventBusName RuleName", "DeleteRule": "EventBusName RuleName", "DisableRule": "EventBusName RuleName",
		"ListRules": "EventBusName Limit NextToken", "ListTargets": "EventBusName RuleName Limit NextToken",
		"PutTargets": "EventBusName RuleName Targets", "DeleteTargets": "EventBusName RuleName TargetIds",
		"PutEvents":           "EventBusName EventList",
		"CheckRoleForProduct": "ProductName", "CreateServiceLinkedRoleForProduct": "ProductName", "GetEventBridgeStatus": "",
	}
}

const (
	accessKey = "LTAI-planted-key"
	secretKey = "planted-secret-key"
	stsToken  = "planted/sts+token=="
)

func newFake(t *testing.T, buses ...string) *fake {
	t.Helper()
	f := &fake{t: t, buses: map[string]map[string]*fakeRule{}, quota: 100, roles: map[string]bool{}}
	for _, bus := range buses {
		f.buses[bus] = map[string]*fakeRule{}
	}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	return f
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.seen.WriteString(r.Method + " " + r.RequestURI + "\n" + string(body) + "\n")
	p, action := f.parse(r, body)
	n := len(f.calls)
	f.calls = append(f.calls, call{action, len(r.Method + " " + r.RequestURI + " HTTP/1.1"), p})
	trouble := none
	if f.trouble != nil {
		trouble = f.trouble(n, action, w)
	}
	switch trouble {
	case answered:
		return
	case before:
		drop(w)
		return
	}
	code, data := f.act(action, p)
	if trouble == after {
		drop(w)
		return
	}
	reply(w, code, data)
}

// drop breaks the connection off.
func drop(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if conn, _, err := hijacker.Hijack(); err == nil {
			_ = conn.Close()
		}
	}
}

func reply(w http.ResponseWriter, code string, data any) {
	w.Header().Set("Content-Type", "application/json")
	answer := map[string]any{"RequestId": "0A1B", "Code": "Success", "Success": true, "Message": "success", "Data": data}
	if code != "" {
		w.WriteHeader(http.StatusConflict)
		answer = map[string]any{"RequestId": "0A1B", "Code": code, "Message": "because of " + code, "HostId": "h"}
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		panic(err)
	}
}

func (f *fake) parse(r *http.Request, body []byte) (p map[string]string, action string) {
	query := r.URL.Query()
	form, err := url.ParseQuery(string(body))
	if err != nil {
		f.t.Errorf("body is no form: %v", err)
	}
	action = query.Get("Action")
	if query.Get("Version") != "2020-04-01" || query.Get("Format") != "JSON" || query.Get("RegionId") != "cn-hangzhou" {
		f.t.Errorf("%s: Version %q, Format %q, RegionId %q", action, query.Get("Version"), query.Get("Format"), query.Get("RegionId"))
	}
	if query.Get("AccessKeyId") != accessKey || query.Get("SecurityToken") != stsToken {
		f.t.Errorf("%s: signed by %q with token %q", action, query.Get("AccessKeyId"), query.Get("SecurityToken"))
	}
	all := map[string]string{}
	for _, values := range []url.Values{query, form} {
		for name, value := range values {
			if _, twice := all[name]; twice || len(value) != 1 {
				f.t.Errorf("%s: parameter %s is given twice", action, name)
			}
			all[name] = value[0]
		}
	}
	if got, want := query.Get("Signature"), signature(r.Method, all); got != want {
		f.t.Errorf("%s: signature %q, want %q", action, got, want)
	}
	allowed, there := known()[action]
	if !there {
		f.t.Errorf("unknown action %q", action)
	}
	p = map[string]string{}
	for name, value := range all {
		switch {
		case slices.Contains(strings.Fields(allowed), name):
			p[name] = value
			large := slices.Contains(strings.Fields("Targets EventTargets TargetIds FilterPattern Description Event EventPattern EventList"), name)
			if large != form.Has(name) {
				f.t.Errorf("%s: %s in the body is %v, want %v", action, name, form.Has(name), large)
			}
		case !slices.Contains(strings.Fields("Action Version Format RegionId AccessKeyId SecurityToken Signature SignatureMethod "+
			"SignatureVersion SignatureNonce SignatureType Timestamp"), name):
			f.t.Errorf("%s: unknown parameter %s", action, name)
		}
	}
	return p, action
}

// signature is RPC's: help.aliyun.com/en/sdk/product-overview/rpc-mechanism.
func signature(method string, all map[string]string) string {
	escape := func(s string) string {
		return strings.NewReplacer("+", "%20", "*", "%2A", "%7E", "~").Replace(url.QueryEscape(s))
	}
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if name != "Signature" {
			pairs = append(pairs, escape(name)+"="+escape(all[name]))
		}
	}
	mac := hmac.New(sha1.New, []byte(secretKey+"&"))
	mac.Write([]byte(method + "&%2F&" + escape(strings.Join(pairs, "&"))))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func (f *fake) act(action string, p map[string]string) (code string, data any) {
	switch action {
	case "CreateEventBus":
		if _, there := f.buses[p["EventBusName"]]; there {
			return "EventBusAlreadyExist", nil
		}
		f.buses[p["EventBusName"]] = map[string]*fakeRule{}
		return "", map[string]any{"EventBusARN": "arn"}
	case "ListEventBuses":
		var list []any
		for _, name := range slices.Sorted(maps.Keys(f.buses)) {
			if strings.HasPrefix(name, p["NamePrefix"]) {
				list = append(list, map[string]any{"EventBusName": name, "EventBusARN": "arn"})
			}
		}
		return "", f.paged("EventBuses", list, p)
	case "CheckRoleForProduct":
		return "", map[string]any{"CheckPass": f.roles[p["ProductName"]], "StsRoleName": p["ProductName"]}
	case "CreateServiceLinkedRoleForProduct":
		f.roles[p["ProductName"]] = true
		return "", nil
	case "GetEventBridgeStatus":
		return "", map[string]any{"Components": []any{map[string]any{"Name": "api", "Status": "DOWN"}, map[string]any{"Name": "bus", "Status": "UP"}}}
	}
	rules, there := f.buses[p["EventBusName"]]
	if !there {
		return "EventBusNotExist", nil
	}
	switch action {
	case "GetEventBus":
		return "", map[string]any{"EventBusName": p["EventBusName"], "EventBusARN": "arn", "CreateTimestamp": 1_700_000_000_000}
	case "PutEvents":
		var list []map[string]any
		if err := json.Unmarshal([]byte(p["EventList"]), &list); err != nil || len(list) > 16 {
			f.t.Errorf("PutEvents: %d events, %v", len(list), err)
		}
		f.events = append(f.events, list...)
		return "", map[string]any{"FailedEntryCount": 0, "EntryList": []any{}}
	case "ListRules":
		var list []any
		for _, name := range slices.Sorted(maps.Keys(rules)) {
			list = append(list, rules[name].info(name))
		}
		slices.Reverse(list)
		return "", f.paged("Rules", list, p)
	}
	return f.actOnRule(action, rules, p)
}

func (f *fake) actOnRule(action string, rules map[string]*fakeRule, p map[string]string) (code string, data any) {
	r, there := rules[p["RuleName"]]
	switch {
	case action == "CreateRule" && there:
		return "EventRuleAlreadyExist", nil
	case action == "CreateRule":
		r = &fakeRule{}
		if code := f.put(r, p["EventTargets"]); code != "" {
			return code, nil
		}
		rules[p["RuleName"]] = r
		r.update(p)
		return "", map[string]any{"RuleARN": "arn"}
	case !there:
		return "EventRuleNotExisted", nil
	}
	switch action {
	case "GetRule":
		return "", r.info(p["RuleName"])
	case "UpdateRule":
		r.update(p)
		return "", true
	case "EnableRule":
		r.status = "ENABLE"
		return "", true
	case "DisableRule":
		r.status = "DISABLE"
		return "", true
	case "DeleteRule":
		delete(rules, p["RuleName"])
		return "", true
	case "ListTargets":
		list := make([]any, len(r.targets))
		for i, t := range r.targets {
			list[i] = t
		}
		return "", f.paged("Targets", list, p)
	case "PutTargets":
		if code := f.put(r, p["Targets"]); code != "" {
			return code, nil
		}
	case "DeleteTargets":
		var ids []string
		if err := json.Unmarshal([]byte(p["TargetIds"]), &ids); err != nil {
			f.t.Errorf("TargetIds: %v", err)
		}
		r.targets = slices.DeleteFunc(r.targets, func(t map[string]any) bool { return slices.Contains(ids, fmt.Sprint(t["Id"])) })
	}
	return "", map[string]any{"ErrorEntriesCount": 0, "ErrorEntries": []any{}}
}

func (f *fake) put(r *fakeRule, text string) (code string) {
	var list []map[string]any
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) == 0 {
		f.t.Errorf("targets %.100s: %v", text, err)
	}
	for _, t := range list {
		for _, p := range t["ParamList"].([]any) {
			if template, _ := p.(map[string]any)["Template"].(string); len([]rune(template)) > 10_240 {
				f.t.Errorf("a template of %d characters", len(template))
			}
		}
		at := slices.IndexFunc(r.targets, func(old map[string]any) bool { return old["Id"] == t["Id"] })
		switch {
		case at >= 0:
			r.targets[at] = t
		case len(r.targets) >= f.quota:
			return "EventTargetCountExceedLimit"
		default:
			r.targets = append(r.targets, t)
		}
	}
	return ""
}

func (r *fakeRule) update(p map[string]string) {
	r.pattern, r.description, r.status = p["FilterPattern"], p["Description"], p["Status"]
}

func (r *fakeRule) info(name string) map[string]any {
	return map[string]any{
		"RuleName": name, "Description": r.description, "FilterPattern": r.pattern, "Status": r.status, "CreatedTimestamp": "1700000000000",
		"Targets": []any{},
	}
}

func (f *fake) paged(name string, list []any, p map[string]string) any {
	limit, err := strconv.Atoi(p["Limit"])
	if err != nil || limit < 1 || limit > 100 {
		f.t.Errorf("Limit %q", p["Limit"])
	}
	if f.page > 0 {
		limit = f.page
	}
	start, _ := strconv.Atoi(p["NextToken"])
	end := min(start+limit, len(list))
	data := map[string]any{name: list[start:end], "Total": fmt.Sprint(len(list)), "NextToken": ""}
	if end < len(list) {
		data["NextToken"] = fmt.Sprint(end)
	}
	return data
}

// actions are those called since, in order.
func (f *fake) actions() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for _, c := range f.calls {
		list = append(list, c.action)
	}
	return list
}

func (f *fake) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.trouble = nil, nil
}

func (f *fake) misbehave(trouble func(n int, action string, w http.ResponseWriter) trouble) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls, f.trouble = nil, trouble
}

// rule gives a rule as it is now, to look at or to meddle with.
func (f *fake) rule(bus, name string) *fakeRule {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.buses[bus][name]
}
