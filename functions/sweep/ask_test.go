package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/contact"
	"pai-notify/shared/database"
	"pai-notify/shared/event"
	"pai-notify/shared/ledger"
	"pai-notify/shared/message"
)

const number = "+8613800138000"

// phone is a channel whose service says what a test wants.
type phone struct {
	mu     sync.Mutex
	answer func(channel.Query) (channel.Report, error)
	asked  []channel.Query
	to     []channel.Settings
}

func (*phone) Spec() channel.Spec {
	return channel.Spec{Name: contact.SMS, Title: event.Text{"en": "SMS"}, Contacts: true, Once: true}
}

func (*phone) Send(context.Context, channel.Settings, message.Message) (string, error) {
	return "", fmt.Errorf("sweep sends nothing")
}

func (p *phone) Report(_ context.Context, to channel.Settings, q channel.Query) (channel.Report, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked, p.to = append(p.asked, q), append(p.to, to)
	return p.answer(q)
}

func (h *harness) phone(answer func(channel.Query) (channel.Report, error)) *phone {
	h.t.Helper()
	p := &phone{answer: answer}
	h.channels[contact.SMS] = p
	settings := database.DefaultSettings()
	settings.Channels = map[string]map[string]string{contact.SMS: {"signName": "PAI"}}
	if err := h.db.SaveSettings(h.t.Context(), settings); err != nil {
		h.t.Fatal(err)
	}
	if _, err := h.book().Create(h.t.Context(), contact.Contact{ID: "alice", Name: "Alice", Phone: number}); err != nil {
		h.t.Fatal(err)
	}
	return p
}

func (h *harness) book() *contact.Book { return contact.New(h.db, h.clock) }

// marked claims text messages and marks them as one, as a process does that is killed then.
func (h *harness) marked(n int) []ledger.Delivery {
	h.t.Helper()
	var list []ledger.Delivery
	terms := ledger.Terms{Lease: time.Minute, Once: true}
	for range n {
		h.seq++
		claimed, err := h.ledger.Claim(h.t.Context(), terms, []ledger.Entry{{
			EventSource: "acs.paidlc", EventID: fmt.Sprint("e", h.seq), Bus: bus, Rule: "nightly", Target: "oncall", Contact: "alice",
			Channel: contact.SMS, Address: channel.Destination((*phone)(nil).Spec(), channel.Settings{channel.To: number}), Happened: h.now,
			Sealed: []byte("{}"), Event: []byte("{}"), Failing: true,
		}})
		if err != nil {
			h.t.Fatal(err)
		}
		list = append(list, claimed...)
	}
	if ok, err := h.ledger.Mark(h.t.Context(), list, "message-1"); err != nil || !ok {
		h.t.Fatalf("Mark = %v, %v", ok, err)
	}
	return list
}

// accepted records that the service took what was marked.
func (h *harness) accepted(list []ledger.Delivery) {
	h.t.Helper()
	results := make([]ledger.Result, len(list))
	for i, d := range list {
		results[i] = ledger.Result{Delivery: d, Reports: true, Attempts: []ledger.Attempt{{
			At: h.now, Receipt: "biz-1", Outcome: channel.Outcome{Class: channel.Delivered},
		}}}
	}
	if _, err := h.ledger.Record(h.t.Context(), results); err != nil {
		h.t.Fatal(err)
	}
}

func (h *harness) get(d ledger.Delivery) (ledger.Entered, []ledger.Tried) {
	h.t.Helper()
	got, tried, err := h.ledger.Get(h.t.Context(), d.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return got, tried
}

// minutes lets rounds go by, and counts what was announced.
func (h *harness) minutes(n int) (announced int) {
	h.t.Helper()
	for range n {
		h.now = h.now.Add(time.Minute)
		announced += h.ok().Announced
	}
	return announced
}

func TestWhatNobodyKnowsOfIsAskedForAndThenDeadAndAnnounced(t *testing.T) {
	t.Parallel()
	h := migrated(t)
	p := h.phone(func(channel.Query) (channel.Report, error) { return channel.Report{Fate: channel.Absent}, nil })
	sent := h.now
	d := h.marked(1)[0]
	if n := h.minutes(1); n != 0 || len(p.asked) != 1 {
		t.Errorf("after a minute %d announced, asked %d times", n, len(p.asked))
	}
	if n := h.minutes(5); n != 1 || len(p.asked) != 3 {
		t.Errorf("then %d announced, asked %d times; want 1 after 3", n, len(p.asked))
	}
	if q := p.asked[0]; q.ID != "message-1" || q.Receipt != "" || !q.Sent.Equal(sent) || p.to[0][channel.To] != number || p.to[0]["signName"] != "PAI" {
		t.Errorf("asked %+v with %v", q, p.to[0])
	}
	got, tried := h.get(d)
	if got.State != ledger.Dead || got.Code != ledger.CodeUnknown || !strings.Contains(tried[0].Text, "unknown whether it was sent") {
		t.Errorf("it is %+v with %+v", got, tried)
	}
	var told dead
	if events := h.cloud.of(bus, DeadType); len(events) != 1 || json.Unmarshal(events[0].Data, &told) != nil ||
		told.Code != ledger.CodeUnknown || told.Advice["zh"] == "" || told.Advice["en"] == "" {
		t.Errorf("announced %+v", told)
	}
	if strings.Contains(h.text.String(), "13800138000") {
		t.Errorf("the log tells the number: %s", h.text)
	}
}

func TestWhatItsServiceKnowsOfIsDeliveredOrDeadWithTheReason(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		report channel.Report
		want   ledger.State
	}{
		"it arrived":       {channel.Report{Fate: channel.Arrived, Receipt: "biz-9"}, ledger.Delivered},
		"it is on its way": {channel.Report{Fate: channel.Pending, Receipt: "biz-9"}, ledger.Delivered},
		"the call failed":  {channel.Report{Fate: channel.Failed, Receipt: "biz-9", Code: "200005", Text: "busy"}, ledger.Dead},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := migrated(t)
			h.phone(func(channel.Query) (channel.Report, error) { return c.report, nil })
			list := h.marked(3)
			h.minutes(2)
			for _, d := range list {
				if got, _ := h.get(d); got.State != c.want || got.Receipt != "biz-9" || got.Code != c.report.Code {
					t.Errorf("it is %+v", got)
				}
			}
		})
	}
}

func TestWhereNobodyCanBeAskedItIsDeadAtOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(h *harness){
		"no reporter": func(h *harness) { h.channels[contact.SMS] = channelOnly{h.channels[contact.SMS]} },
		"no channel":  func(h *harness) { delete(h.channels, contact.SMS) },
		"nothing to ask by": func(h *harness) {
			p, _ := h.channels[contact.SMS].(*phone)
			p.answer = func(channel.Query) (channel.Report, error) {
				return channel.Report{}, &channel.Broken{Step: channel.StepAddress, Code: "unclear", Class: channel.Uncertain, Err: errors.New("no id")}
			}
		},
		"no contact": func(h *harness) { must(h.t, h.book().Delete(h.t.Context(), "alice", 0)) },
		"another number": func(h *harness) {
			_, err := h.book().Replace(h.t.Context(), contact.Contact{ID: "alice", Name: "Alice", Phone: "+8613900139000"}, 0)
			must(h.t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := migrated(t)
			p := h.phone(func(channel.Query) (channel.Report, error) { return channel.Report{Fate: channel.Arrived}, nil })
			d := h.marked(1)[0]
			change(h)
			if n := h.minutes(1); n != 1 || len(p.asked) > 1 {
				t.Errorf("%d announced, asked %d times", n, len(p.asked))
			}
			if got, _ := h.get(d); got.State != ledger.Dead || got.Code != ledger.CodeUnknown {
				t.Errorf("it is %+v", got)
			}
		})
	}
}

// channelOnly hides what else a channel can do.
type channelOnly struct{ channel.Channel }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestReportsOfWhatWasAcceptedAreAskedForOnceAMessage(t *testing.T) {
	t.Parallel()
	h := migrated(t)
	var at time.Time
	p := h.phone(func(channel.Query) (channel.Report, error) {
		if at.IsZero() {
			return channel.Report{}, fmt.Errorf("no answer")
		}
		return channel.Report{Fate: channel.Arrived, At: at}, nil
	})
	list := h.marked(40)
	h.accepted(list)
	h.minutes(3)
	if len(p.asked) != 1 || p.asked[0].Receipt != "biz-1" || !strings.Contains(h.text.String(), "no report") {
		t.Errorf("asked %+v", p.asked)
	}
	at = h.now
	h.minutes(3)
	if len(p.asked) != 2 {
		t.Errorf("asked %d times", len(p.asked))
	}
	for _, d := range list {
		if got, tried := h.get(d); got.State != ledger.Delivered || !got.Arrived.Equal(at) || len(tried) != 1 {
			t.Errorf("it is %+v", got)
		}
	}
}

func TestAFailedCallIsDeadWithTheReasonAnnouncedAndReplayable(t *testing.T) {
	t.Parallel()
	h := migrated(t)
	h.phone(func(channel.Query) (channel.Report, error) {
		return channel.Report{Fate: channel.Failed, Code: "200005", Text: "the line was busy"}, nil
	})
	list := h.marked(1)
	h.accepted(list)
	if n := h.minutes(2); n != 1 {
		t.Errorf("%d announced", n)
	}
	var told dead
	if events := h.cloud.of(bus, DeadType); len(events) != 1 || json.Unmarshal(events[0].Data, &told) != nil || told.Text != "the line was busy" {
		t.Errorf("announced %+v", told)
	}
	moved, err := h.ledger.Replay(t.Context(), []string{list[0].ID}, func(context.Context, ledger.Entered) (ledger.Target, error) {
		return ledger.Target{Channel: contact.SMS, Sealed: []byte("{}")}, nil
	}, false)
	if err != nil || moved[0].Err != nil || moved[0].State != ledger.Waiting {
		t.Errorf("replay: %+v, %v", moved, err)
	}
}
