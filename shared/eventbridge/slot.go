package eventbridge

import (
	"slices"
	"strconv"

	"pai-notify/shared/rule"
)

// assign gives the units of a rule their slots, the ids of EventBridge targets, among 1..n for n units. A unit that has
// such a slot keeps it, so that overwriting slots one after the other never leaves it out. Slots that foreign targets
// hold are passed over. Leftover are the slots of ours that no unit has any more.
func assign(now map[string]rule.Envelope, foreign []string, next []rule.Envelope) (slots []string, leftover []string) {
	type unit struct{ target, contact string }
	of := func(e rule.Envelope) unit { return unit{e.Target.ID, e.Target.Contact} }
	allowed := make([]string, 0, len(next))
	for i := 1; len(allowed) < len(next); i++ {
		if slot := strconv.Itoa(i); !slices.Contains(foreign, slot) {
			allowed = append(allowed, slot)
		}
	}
	kept := map[unit]string{}
	for _, slot := range allowed {
		if e, there := now[slot]; there {
			if _, twice := kept[of(e)]; !twice {
				kept[of(e)] = slot
			}
		}
	}
	slots = make([]string, len(next))
	taken := map[string]bool{}
	for i, e := range next {
		slots[i] = kept[of(e)]
		taken[slots[i]] = true
	}
	free := slices.DeleteFunc(slices.Clone(allowed), func(slot string) bool { return taken[slot] })
	for i := range slots {
		if slots[i] == "" {
			slots[i], free = free[0], free[1:]
		}
	}
	for slot := range now {
		if !slices.Contains(slots, slot) {
			leftover = append(leftover, slot)
		}
	}
	slices.SortFunc(leftover, bySlot)
	return slots, leftover
}

// bySlot orders slots by number.
func bySlot(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}
