package eventbridge

import (
	"context"

	"pai-notify/shared/rule"
)

// FunctionRule is a rule that gives a function whole events: what setup makes for its canary and for observing a bus.
type FunctionRule struct {
	Name        string // begins with [rule.ReservedPrefix], so that no user's rule has it
	Description string
	Pattern     string // JSON
	FunctionARN string
	Enabled     bool
	Differences []string // in which its target is not as [Store.PutFunctionRule] would write it for that function
}

// GetFunctionRule reads a rule with one target that gives a function whole events. One that does not exist is a
// *[rule.Error] with CodeNotFound; one of another kind has no FunctionARN.
func (s *Store) GetFunctionRule(ctx context.Context, bus, name string) (FunctionRule, error) {
	st, err := s.read(ctx, bus, name)
	if err != nil {
		return FunctionRule{}, err
	}
	if !st.there {
		e := rule.NotFound("", name)
		e.Text = noRule(bus, name)
		return FunctionRule{}, e
	}
	return s.functionRule(st), nil
}

func (s *Store) functionRule(st state) FunctionRule {
	f := FunctionRule{Name: st.RuleName, Description: st.Description, Pattern: st.FilterPattern, Enabled: st.enabled()}
	if len(st.targets) == 1 && st.targets[0].Type == "acs.fc.function" && st.targets[0].param("Body").Form == "ORIGINAL" {
		f.FunctionARN = st.targets[0].Endpoint
		f.Differences = differences(st.targets[0], s.wholeTarget(f.FunctionARN))
	}
	return f
}

// wholeTarget gives a function whole events.
func (s *Store) wholeTarget(functionARN string) target {
	return s.functionTarget("1", functionARN, param{ResourceKey: "Body", Form: "ORIGINAL"})
}

// PutFunctionRule makes or repairs a rule that gives a function whole events, enabled, and says whether anything had to
// be changed.
func (s *Store) PutFunctionRule(ctx context.Context, bus, name, pattern, functionARN string) (changed bool, err error) {
	ctx, unlock, err := s.lock(ctx, bus, name)
	if err != nil {
		return false, err
	}
	defer unlock()
	st, err := s.read(ctx, bus, name)
	if err != nil {
		return false, err
	}
	wanted := s.wholeTarget(functionARN)
	rest := params{
		"EventBusName": bus, "RuleName": name, "FilterPattern": pattern, "Status": enabled,
		"Description": "made by pai-notify's setup; it makes it again when it is changed",
	}
	if !st.there {
		return true, s.create(ctx, rest, []target{wanted})
	}
	now := s.functionRule(st)
	if now.Enabled && now.FunctionARN == functionARN && sameJSON(now.Pattern, pattern) && len(now.Differences) == 0 {
		return false, nil
	}
	var others []string
	for _, t := range st.targets {
		if t.ID != wanted.ID {
			others = append(others, t.ID)
		}
	}
	if err := s.replace(ctx, bus, name, []target{wanted}, others); err != nil {
		return false, err
	}
	return true, s.call(ctx, "UpdateRule", rest, nil)
}
