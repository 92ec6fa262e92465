package eventbridge

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"pai-notify/shared/rule"
)

// drift says what of a rule in EventBridge is not as saving it again would make it. Each text says what differs; what to
// do is nearly always to save it again.
func (s *Store) drift(st state, r rule.Rule, sealed map[string]error) []string {
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }

	switch want, err := s.pattern(r); {
	case err != nil:
		add("the catalogue makes no pattern of the rule's event any more: %v; change the event", err)
	case !sameJSON(want, st.FilterPattern):
		add("the event pattern is not the one made of the rule's event now: recompile, or save the rule again")
	}

	last := st.revision()
	units, origin := 0, rule.Origin{}
	for _, slot := range slices.SortedFunc(maps.Keys(st.ours), bySlot) {
		switch e := st.ours[slot]; {
		case e.Rule.Revision != last:
			add("slot %s (target %q) is left of revision %d, the rule is at %d: a change broke off; save the rule again",
				slot, e.Target.ID, e.Rule.Revision, last)
		case units == 0:
			units, origin = 1, e.Rule
		case !reflect.DeepEqual(origin, e.Rule):
			units++
			add("slot %s (target %q) tells of another event choice than the others: it was changed outside; save the rule again",
				slot, e.Target.ID)
		default:
			units++
		}
	}
	if units != origin.Units {
		add("only %d of the %d units of revision %d are there: a change broke off, or a target was deleted outside; "+
			"save the rule again", units, origin.Units, last)
	}
	for _, id := range st.foreign {
		add("target %.64q was not made by pai-notify and is left alone", id)
	}
	for _, t := range st.targets {
		if e, ours := st.ours[t.ID]; ours {
			list = append(list, s.targetDrift(t, e)...)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(sealed)) {
		list = append(list, sealed[id].Error())
	}
	return list
}

func (s *Store) targetDrift(t target, e rule.Envelope) []string {
	if _, known := s.channel(e.Target.Channel); !known {
		return []string{fmt.Sprintf("slot %s: channel %q is not of this version", t.ID, e.Target.Channel)}
	}
	want, err := s.unitTarget(t.ID, e)
	if err != nil {
		return []string{fmt.Sprintf("slot %s: %v", t.ID, err)}
	}
	list := differences(t, want)
	for i := range list {
		list[i] = fmt.Sprintf("slot %s: %s; recompile, or save the rule again", t.ID, list[i])
	}
	return list
}

// differences says in what a target differs from the one that would be written. What is unset in an answer may only not
// have been told, but for the dead-letter queue, which a target need not have: an answer that tells the retry strategy
// would tell it too.
func differences(got, want target) []string {
	var list []string
	compare := func(name, got, want string) {
		if got != want && got != "" {
			list = append(list, fmt.Sprintf("%s is %.200q and would be %.200q", name, got, want))
		}
	}
	compare("Endpoint", got.Endpoint, want.Endpoint)
	compare("PushRetryStrategy", got.PushRetryStrategy, want.PushRetryStrategy)
	compare("ErrorsTolerance", got.ErrorsTolerance, want.ErrorsTolerance)
	if compare("DeadLetterQueue", got.deadLetter(), want.deadLetter()); got.deadLetter() == "" && want.deadLetter() != "" &&
		got.PushRetryStrategy != "" {
		list = append(list, fmt.Sprintf("it has no DeadLetterQueue and would have %.200q", want.deadLetter()))
	}
	compare("InvocationType", got.param("InvocationType").Value, want.param("InvocationType").Value)
	a, b := got.param("Body"), want.param("Body")
	if a.Form != b.Form || a.Template != b.Template || b.Value != "" && !sameJSON(a.Value, b.Value) {
		list = append(list, "its body is not the one of this version")
	}
	return list
}

// pattern is the one the catalogue makes of a rule now.
func (s *Store) pattern(r rule.Rule) (string, error) {
	if faults := s.Catalog.Check(r.Event); faults.Len() > 0 {
		texts := make([]string, 0, faults.Len())
		for _, err := range faults.Errs() {
			texts = append(texts, err.Error())
		}
		return "", fmt.Errorf("%s", strings.Join(texts, "; "))
	}
	return s.Catalog.Pattern(r.Event)
}

// sameJSON compares two texts as JSON, since EventBridge may write a pattern in its own way.
func sameJSON(a, b string) bool {
	if a == b {
		return true
	}
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}
