package story

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// services are the channels whose receivers are people, whom a service of Alibaba Cloud reaches.
var services = []string{"sms", "voice", "email"}

// once is whether a channel never sends twice.
func once(channel string) bool { return channel == "sms" || channel == "voice" }

// codeRow is a listed code of one of Alibaba Cloud's services.
func codeRow(channel string, row listed) refused {
	status := http.StatusOK
	if channel == "email" || !strings.HasPrefix(row.Code, "is") { // DirectMail and the gateway refuse with a status
		status = http.StatusBadRequest
	}
	text := strings.Split(row.Match, "|")[0]
	body, err := json.Marshal(map[string]string{"Code": row.Code, "Message": text})
	if err != nil {
		panic(err) // two texts
	}
	closed, _ := time.ParseDuration(row.After) // most have none
	return refused{
		name: strings.TrimSpace(row.Code + " " + text), class: row.Class, closed: closed,
		fault: map[string]any{"status": status, "body": string(body)},
	}
}

// serviceRefusals are all ways of a service to answer that the product promises to tell apart.
func serviceRefusals(t *testing.T, channel string) (list []refused) {
	t.Helper()
	// What proves nothing may have been accepted: a mail goes again, a text or a call never does.
	unclear := func(otherwise string) string {
		if once(channel) {
			return "uncertain"
		}
		return otherwise
	}
	add := func(name, class string, fault map[string]any) {
		taken, _ := fault["taken"].(bool)
		list = append(list, refused{name: name, class: class, fault: fault, taken: taken})
	}
	list = append(list, refused{name: "accepted", class: "delivered", success: true})
	page := "<html><body>Bad Gateway</body></html>"
	yes := map[string]string{"sms": `{"Code":"OK","BizId":"1"}`, "voice": `{"Code":"OK","CallId":"1"}`, "email": `{"EnvId":"1"}`}[channel]
	add("429 with Retry-After", "throttled", map[string]any{"status": 429, "headers": map[string]string{"Retry-After": "90"}, "body": "slow"})
	list[len(list)-1].closed = 90 * time.Second
	add("429 without Retry-After", "throttled", map[string]any{"status": 429, "body": "slow"})
	add("500", unclear("unavailable"), map[string]any{"status": 500, "body": "oops"})
	add("500 and a yes, accepted", unclear("unavailable"), map[string]any{"status": 500, "body": yes, "taken": true})
	add("502 with a page", unclear("unavailable"), map[string]any{"status": 502, "body": page})
	add("503 with a page", unclear("unavailable"), map[string]any{"status": 503, "body": page})
	add("no answer in time, not accepted", "uncertain", map[string]any{"delayMs": 60_000})
	add("no answer in time, accepted", "uncertain", map[string]any{"delayMs": 60_000, "taken": true})
	add("reset before an answer, not accepted", "uncertain", map[string]any{"reset": true})
	add("reset before an answer, accepted", "uncertain", map[string]any{"reset": true, "taken": true})
	add("reset within the answer, not accepted", "uncertain", map[string]any{"reset": true, "status": 200, "body": yes})
	add("reset within the answer, accepted", "uncertain", map[string]any{"reset": true, "status": 200, "body": yes, "taken": true})
	add("302", "misconfigured", map[string]any{"status": 302, "headers": map[string]string{"Location": "http://127.0.0.1:1/"}, "body": "moved"})
	add("404 with a page", "unknown", map[string]any{"status": 404, "body": page})
	add("200 with a page", unclear("unknown"), map[string]any{"status": 200, "body": page})
	add("200 with {}", unclear("unknown"), map[string]any{"status": 200, "body": "{}"})
	add("200 with nothing", unclear("unknown"), map[string]any{"status": 200})
	add("204", unclear("unknown"), map[string]any{"status": 204})
	add("a code that is a number, 400", "rejected", map[string]any{"status": 400, "body": `{"Code":40404,"Message":"m"}`})
	add("a code that is a number, 200", "unknown", map[string]any{"status": 200, "body": `{"Code":200,"Message":"m"}`})
	add("a code that is no text, 200", "unknown", map[string]any{"status": 200, "body": `{"Code":{"a":1}}`})
	if channel == "email" {
		add("OK without an EnvId", "unknown", map[string]any{"status": 200, "body": `{"Code":"OK"}`})
	}
	for _, row := range []listed{{Code: "isv.NEW", Class: "unknown"}, {Code: "New.Code", Class: "unknown"},
		{Code: "isp.NEW", Class: "unavailable"}, {Code: "Throttling.New", Class: "throttled"}} {
		list = append(list, codeRow(channel, row))
	}
	own := map[string]bool{}
	for _, file := range []string{channel + "/codes.json", "aliyun/gateway.json"} {
		rows := listedCodes(t, file)
		for _, row := range rows {
			if row.Signal != "code" || row.Code == "*" || row.Class == "delivered" || file == "aliyun/gateway.json" && own[row.Code] {
				continue // what is no code, and what the channel reads otherwise, is above
			}
			own[row.Code] = true
			list = append(list, codeRow(channel, row))
		}
	}
	return list
}

// person makes the contact of a way and gives where its messages go, as the inbox names it.
func person(channel, id string, n int) (line, path string) {
	switch channel {
	case "sms":
		path = fmt.Sprintf("+861391%07d", n)
	case "voice":
		path = fmt.Sprintf("+861392%07d", n)
	default:
		return fmt.Sprintf("%s,%[1]s,,%[1]s@example.com\n", id), "/email/" + id + "@example.com"
	}
	return fmt.Sprintf("%s,%[1]s,%s,\n", id, path), "/" + channel + "/" + path
}

// times is how often the fault must strike: often enough to show a message that goes once more than it may.
func (r refused) times(channel string) int {
	switch r.class {
	case "throttled", "unavailable":
		return 2
	case "uncertain":
		if !once(channel) {
			return 2
		}
	}
	return -1
}
