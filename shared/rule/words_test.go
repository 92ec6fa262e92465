package rule_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
)

func TestFaultsOfWordsNameTheirColumn(t *testing.T) {
	t.Parallel()
	target := rule.Target{ID: "a", Channel: "robot", Mentions: message.Mentions{Owner: true, Users: []string{"u1", "u 2"}, Contacts: []string{"tony", "a b"}}}
	target.Words = message.Words{Fields: []string{"reason", "colour"}, Before: "请 {{owner}} 看 {{colour}}", After: "see {{link"}
	specs := []channel.Spec{{Name: "robot", Mention: func(id string) fault.Text {
		if strings.Contains(id, " ") {
			return fault.Say("is no id", "不是 ID")
		}
		return nil
	}}}
	r := rule.Rule{Name: "r1", Targets: []rule.Target{target}}
	var got []string
	for _, f := range fault.List(r.Check(rule.Limits{}, choices{}, specs)) {
		got = append(got, f.Path+" "+f.Text[:min(len(f.Text), 24)])
	}
	want := []string{
		"event.source is unknown",
		"targets[0].mentions.users[1] is no id",
		"targets[0].mentions.contacts[1] is no contact's id: 1 to",
		"targets[0].words.fields[1] is no field of a message",
		`targets[0].words.before at column 15 names "colo`,
		"targets[0].words.after at column 5 opens a plac",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	specs[0].Contacts, specs[0].Once = true, true
	list := fault.List(r.Check(rule.Limits{}, choices{}, specs))
	if last := list[len(list)-1]; last.Path != "targets[0].words" || !strings.Contains(last.Text, "template") {
		t.Errorf("a channel of few words takes words: %v", list)
	}
	specs[0] = channel.Spec{Name: "robot"}
	list = fault.List(r.Check(rule.Limits{}, choices{}, specs))
	if list[1].Path != "targets[0].mentions" {
		t.Errorf("a channel that calls nobody takes an owner to call: %v", list)
	}
}

// An envelope of an earlier release has no words; one of a later release may have members that this one does not know.
func TestWordsAndMentionsRideInTheEnvelope(t *testing.T) {
	t.Parallel()
	unit := rule.Unit{ID: "a", Channel: "robot", Mentions: message.Mentions{Owner: true, Contacts: []string{"tony"}}}
	unit.Words = message.Words{Fields: []string{"reason"}, Before: "{{owner}} $.x ${data}", After: "<b>"}
	text, err := json.Marshal(unit)
	if err != nil {
		t.Fatal(err)
	}
	var got rule.Unit
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(unit, got); diff != "" {
		t.Error(diff)
	}
	const old = `{"id":"a","channel":"robot","mentions":{"users":["u"]},"position":1}`
	if err := json.Unmarshal([]byte(old), &got); err != nil {
		t.Fatal(err)
	}
	plain := rule.Unit{ID: "a", Channel: "robot", Mentions: message.Mentions{Users: []string{"u"}}, Position: 1}
	text, err = json.Marshal(plain)
	if err != nil || string(text) != old {
		t.Errorf("a unit without words is %s, %v, want as ever %s", text, err, old)
	}
}
