package delivery

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/channel"
	"pai-notify/shared/contact"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
)

// The robot of these tests calls by DingTalk's ids.
func newCaller(t *testing.T, people Contacts) *bench {
	t.Helper()
	b := newBench(t, nil)
	b.robot.spec.Name = "dingtalk"
	b.robot.spec.Mention = func(id string) fault.Text {
		if strings.ContainsAny(id, "<> ") {
			return fault.Say("is no id", "不是 ID")
		}
		return nil
	}
	if people == nil {
		people = contact.New(b.db, time.Now)
	}
	b.Handler = New(Config{Channel: b.robot, DB: b.db, Catalog: b.base(t), Contacts: people, Keys: b.Handler.keys, Log: b.log})
	return b
}

// told is the message about a failed job of an owner, through a target that mentions.
func (b *bench) told(t *testing.T, event, owner string, who message.Mentions, words message.Words) message.Message {
	t.Helper()
	r := rule.Rule{Name: "nightly", Targets: []rule.Target{
		{ID: "ops", Channel: "dingtalk", Settings: channel.Settings{"webhook": secret + event}, Mentions: who, Words: words},
	}}
	text := string(body(t, r, []channel.Spec{b.spec}, b.Handler.keys, event))
	text = strings.NewReplacer(`"source":"acs.test"`, `"source":"acs.paidlc"`, "test:Job:Failed", "paidlc:Job:Failed",
		`{"name":"nightly"}`, `{"jobId":"dlc1","displayName":"<@all>","userId":`+owner+`,"userName":"li.lei"}`).Replace(text)
	before := b.robot.calls()
	b.deliver(t, []byte(text))
	if b.robot.calls() != before+1 {
		t.Fatalf("%d messages were sent, want one more than %d", b.robot.calls(), before)
	}
	return b.robot.sent[before]
}

func TestTheOwnerIsCalledByWhatAContactSays(t *testing.T) {
	t.Parallel()
	b := newCaller(t, nil)
	b.meet(t, contact.Contact{ID: "owner", PAIUser: "2001", DingTalk: "manager42"})
	b.meet(t, contact.Contact{ID: "byname", PAIUser: "li.lei", Phone: "+8613800138000"})
	b.meet(t, contact.Contact{ID: "odd", PAIUser: "2003", DingTalk: "<at all>"})
	for owner, want := range map[string][]string{`"2001"`: {"manager42"}, `"2002"`: {"13800138000"}, `2001`: {"manager42"}, `"2003"`: nil} {
		m := b.told(t, "e"+strings.Trim(owner, `"`)+owner[:1], owner, message.Mentions{Owner: true}, message.Words{})
		if !slices.Equal(m.Mentions.Users, want) || m.Mentions.All {
			t.Errorf("for owner %s it calls %+v, want %q", owner, m.Mentions, want)
		}
	}
	m := b.told(t, "listed", `"9"`, message.Mentions{Users: []string{"u1"}, Contacts: []string{"byname", "owner", "gone"}}, message.Words{})
	if !slices.Equal(m.Mentions.Users, []string{"u1", "13800138000", "manager42"}) {
		t.Errorf("it calls %q", m.Mentions.Users)
	}
}

func TestAnUnknownOwnerIsNamed(t *testing.T) {
	t.Parallel()
	b := newCaller(t, nil)
	words := message.Words{Fields: []string{"reason"}, Before: "运维 {{name}}"}
	m := b.told(t, "e1", `"2001"`, message.Mentions{Owner: true}, words)
	if m.Before != "运维 <@all>" || len(m.Mentions.Users) != 0 || m.Mentions.All {
		t.Errorf("before %q, calls %+v", m.Before, m.Mentions)
	}
	if last := m.Facts[len(m.Facts)-1]; last.Field != "owner" || last.Value != "li.lei" {
		t.Errorf("facts %+v, want the owner's name", m.Facts)
	}
}

// lost are contacts in a database that is out of reach.
type lost struct{ Contacts }

func (lost) OfOwners(context.Context, ...string) (map[string]contact.Contact, error) {
	return nil, errors.New("out of reach")
}

func TestAMessageGoesWithoutACallWhereContactsAreOutOfReach(t *testing.T) {
	t.Parallel()
	b := newCaller(t, lost{})
	m := b.told(t, "e1", `"2001"`, message.Mentions{Owner: true, Users: []string{"u1"}}, message.Words{})
	if !slices.Equal(m.Mentions.Users, []string{"u1"}) {
		t.Errorf("it calls %q", m.Mentions.Users)
	}
	if lines := b.lines(t, "contacts out of reach, nobody is called"); len(lines) != 1 {
		t.Errorf("%d lines about it, want 1", len(lines))
	}
}
