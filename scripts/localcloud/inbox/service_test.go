package inbox

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pai-notify/shared/clock"
)

func fetch(t *testing.T, address string, into any) {
	t.Helper()
	response, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", address, response.Status, err)
	}
}

func TestWhatAServiceWasSentIsListedAmongTheRobotsMessages(t *testing.T) {
	t.Parallel()
	b, base := start(t, clock.Clock{})
	post(t, base+"/webhook/a", `{}`)
	if err := b.Keep(SMS, "/sms/+8613800138000", map[string]any{"to": "+8613800138000", "text": "hello"}, true, "OK"); err != nil {
		t.Fatal(err)
	}
	var list struct {
		Messages []struct {
			Seq            int
			Receiver, Code string
			Accepted       bool
			Body           struct{ To, Text string }
		}
	}
	fetch(t, base+"/api/inbox?receiver=sms", &list)
	if len(list.Messages) != 1 || list.Messages[0].Seq != 2 || !list.Messages[0].Accepted || list.Messages[0].Body.Text != "hello" {
		t.Errorf("list %+v", list)
	}
	response, err := http.Get(base + "/api/inbox?receiver=post")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("an unknown receiver: %s", response.Status)
	}
}

func TestNotesTellWhichReceiversComeToGrief(t *testing.T) {
	t.Parallel()
	b, base := start(t, clock.Clock{})
	b.Note(Note{Receiver: SMS, Name: "+8613800000001", Story: "switched off"})
	var list struct{ Notes []Note }
	fetch(t, base+"/api/notes", &list)
	if text := fmt.Sprint(list.Notes); !strings.Contains(text, "{sms +8613800000001 switched off}") || !strings.Contains(text, "{wecom key=stopped… switched off}") {
		t.Errorf("notes %s", text)
	}
}

func TestAFaultMayComeAfterTheMessageWasTaken(t *testing.T) {
	t.Parallel()
	b, base := start(t, clock.Clock{})
	for _, f := range []Fault{{Receiver: "webhook", Status: 502, Taken: true}, {Receiver: "webhook", DelayMs: 1, Taken: true}, {Receiver: "webhook", Status: 503}} {
		if err := b.AddFault(f); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []struct {
		status   int
		accepted bool
	}{{502, true}, {200, true}, {503, false}} {
		status, _ := post(t, base+"/webhook/a", `{}`)
		list := b.Messages("webhook", i)
		if status != want.status || len(list) != 1 || list[0].Accepted != want.accepted {
			t.Errorf("message %d: status %d, kept as %+v; want %+v", i+1, status, list, want)
		}
	}
}
