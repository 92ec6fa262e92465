package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/contact"
	"pai-notify/shared/database"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
)

func TestAContactIsToldAtTheNumberItHasNowWithItsLanguageAndZone(t *testing.T) {
	t.Parallel()
	b := newPhone(t, nil)
	b.spec.Pace, b.spec.Digest = nil, false
	settings := database.Settings{Language: "en", Zone: "UTC", Channels: map[string]map[string]string{contact.SMS: {"signName": "PAI"}}}
	if err := b.db.SaveSettings(t.Context(), settings); err != nil {
		t.Fatal(err)
	}
	b.meet(t, contact.Contact{ID: "alice", Phone: number, Language: "zh", Zone: "Asia/Tokyo"})
	wantAnswer(t, b.deliver(t, b.call(t, "e1", "alice", true)), ledger.Delivered)
	b.meet(t, contact.Contact{ID: "alice", Phone: "+8613900139000"})
	wantAnswer(t, b.deliver(t, b.call(t, "e2", "alice", true)), ledger.Delivered)
	wantAnswer(t, b.deliver(t, b.call(t, "e3", "alice", true, func(t *rule.Target) { t.Language = "zh" })), ledger.Delivered)
	if got := fmt.Sprint(b.robot.to); got != fmt.Sprintf("[map[signName:PAI to:%s] map[signName:PAI to:+8613900139000] map[signName:PAI to:+8613900139000]]", number) {
		t.Errorf("sent with %s", got)
	}
	var spoken []string
	for _, m := range b.robot.sent {
		at := ""
		for _, f := range m.Facts {
			if strings.Contains(f.Value, "2026-11-24 ") && at == "" {
				at = f.Value
			}
		}
		spoken = append(spoken, m.Language+" "+at)
	}
	if !strings.Contains(spoken[0], "zh") || !strings.Contains(spoken[0], "19:00") || !strings.Contains(spoken[1], "en") ||
		!strings.Contains(spoken[1], "10:00") || !strings.Contains(spoken[2], "zh") {
		t.Errorf("told %q", spoken)
	}
	list, _, err := b.ledger.List(t.Context(), ledger.Filter{}, "", 10)
	if err != nil || len(list) != 3 || list[0].Destination == list[2].Destination || list[0].Destination == "" {
		t.Errorf("destinations %+v, %v; want another with another number", list, err)
	}
	if strings.Contains(b.out.String(), "1380013") || strings.Contains(b.out.String(), "1390013") {
		t.Errorf("the log tells a number: %s", b.out)
	}
}

func TestWhoHasAnotherNumberSinceIsToldThereByItsPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newPhone(t, nil)
		b.meet(t, contact.Contact{ID: "alice", Phone: number})
		wantAnswer(t, b.deliver(t, b.call(t, "e1", "alice", true)), ledger.Delivered)
		wantAnswer(t, b.deliver(t, b.call(t, "e2", "alice", true)), ledger.Waiting)
		b.meet(t, contact.Contact{ID: "alice", Phone: "+8613900139000"})
		wantAnswer(t, b.deliver(t, b.call(t, "e3", "alice", true)), ledger.Delivered)
		time.Sleep(5 * time.Minute)
		for range 3 {
			b.deliver(t, timerBody)
			time.Sleep(time.Minute)
		}
		if len(b.robot.to) != 3 || b.robot.to[2][channel.To] != "+8613900139000" {
			t.Errorf("sent to %v, want the one that waited at the new number", b.robot.to)
		}
	})
}

func TestAContactThatCannotBeReachedIsADeadDeliveryWithAdvice(t *testing.T) {
	t.Parallel()
	b := newPhone(t, nil)
	b.meet(t, contact.Contact{ID: "mailonly", Email: "a@example.com"})
	for id, code := range map[string]string{"nobody": "ContactGone", "mailonly": "ContactIncomplete"} {
		wantAnswer(t, b.deliver(t, b.call(t, id, id, true)), ledger.Dead)
		list, _, err := b.ledger.List(t.Context(), ledger.Filter{Event: id}, "", 10)
		if err != nil || len(list) != 1 || list[0].Code != code || list[0].Class != "misconfigured" || len(list[0].Destination) != 0 {
			t.Errorf("ledger has %+v, %v, want %s", list, err, code)
		}
	}
	for _, line := range b.lines(t, "dead") {
		if line["advice"] == "" {
			t.Errorf("the log advises nothing: %v", line)
		}
	}
	if b.robot.calls() != 0 {
		t.Error("something was sent")
	}
}

func TestACallThatIsForFailuresOnlyEndsAtOnceWithoutOne(t *testing.T) {
	t.Parallel()
	b := newPhone(t, nil)
	b.spec.Pace = nil
	b.spec.Fields = []channel.Field{{Name: "outcomes", Options: []string{"failing", "all"}}}
	b.meet(t, contact.Contact{ID: "alice", Phone: number})
	outcomes := func(value string) func(*rule.Target) {
		return func(t *rule.Target) { t.Settings = channel.Settings{"outcomes": value} }
	}
	wantAnswer(t, b.deliver(t, b.call(t, "fine", "alice", false)), ledger.Cancelled)
	wantAnswer(t, b.deliver(t, b.call(t, "fine2", "alice", false, outcomes("failing"))), ledger.Cancelled)
	wantAnswer(t, b.deliver(t, b.call(t, "all", "alice", false, outcomes("all"))), ledger.Delivered)
	wantAnswer(t, b.deliver(t, b.call(t, "bad", "alice", true)), ledger.Delivered)
	list, _, err := b.ledger.List(t.Context(), ledger.Filter{Event: "fine"}, "", 10)
	if err != nil || len(list) != 1 || list[0].Code != "NotFailing" || b.robot.calls() != 2 {
		t.Errorf("ledger has %+v, %v after %d calls", list, err, b.robot.calls())
	}
}

func TestAReplayFindsAContactThatIsThereAgain(t *testing.T) {
	t.Parallel()
	b := newPhone(t, nil)
	wantAnswer(t, b.deliver(t, b.call(t, "e1", "alice", true)), ledger.Dead)
	b.meet(t, contact.Contact{ID: "alice", Phone: number})
	d, _ := b.only(t)
	moved, err := b.ledger.Replay(t.Context(), []string{d.ID}, func(_ context.Context, e ledger.Entered) (ledger.Target, error) {
		unit, err := json.Marshal(rule.Unit{ID: e.Target, Contact: e.Contact, Channel: e.Channel})
		return ledger.Target{Channel: e.Channel, Sealed: unit}, err // who replays knows no number
	}, false)
	if err != nil || moved[0].Err != nil {
		t.Fatalf("Replay = %+v, %v", moved, err)
	}
	wantAnswer(t, b.deliver(t, timerBody), ledger.Waiting, ledger.Delivered) // moved to its destination, and told there
	want, err := b.ledger.Destination(t.Context(), channel.Destination(b.robot.spec, channel.Settings{channel.To: number}))
	if d, _ := b.only(t); err != nil || d.State != ledger.Delivered || d.Destination != want || b.robot.calls() != 1 {
		t.Errorf("it is %+v, %v after %d messages", d, err, b.robot.calls())
	}
	if strings.Contains(b.out.String(), "13800138000") {
		t.Errorf("the log tells the number: %s", b.out)
	}
}
