package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/clock"
	"pai-notify/shared/fault"
	"pai-notify/shared/rotation"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// sealedRules are rules of one bus by the key that sealed them.
type sealedRules struct {
	by   map[string]string
	keys *seal.Keyset
	err  error
}

func noRules(*seal.Keyset) rotation.Rules { return &sealedRules{} }

func (s *sealedRules) Buses(context.Context, string) ([]string, error) {
	return []string{"pai-system-nlp_train"}, s.err
}

func (s *sealedRules) Sealings(context.Context, string) (list []rule.Sealing, err error) {
	for name, key := range s.by {
		list = append(list, rule.Sealing{Name: name, Keys: []string{key}})
	}
	return list, nil
}

func (s *sealedRules) Reseal(_ context.Context, _, name string) error {
	if !slices.Contains(s.keys.IDs(), s.by[name]) {
		return &rule.Error{Code: rule.CodeSealed, Text: fault.Say("does not open", "无法解开")}
	}
	s.by[name] = s.keys.IDs()[0]
	return nil
}

func TestAChangeOfKeysSaysWhatToDoNextUntilTheOldOneCanGo(t *testing.T) {
	t.Parallel()
	const next = "k2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
	d := opened(t)
	kept := &sealedRules{by: map[string]string{"a": "k1", "b": "k1"}}
	d.rules = func(keys *seal.Keyset) rotation.Rules {
		kept.keys = keys
		return kept
	}
	look := func(keys, method string, want State, text, advice string) {
		t.Helper()
		d.env.SealKeys = keys
		status, body := d.call(method, "/api/v1/setup", "")
		s := byID(body.Steps)["keys"]
		if status != http.StatusOK || s.State != want || !strings.Contains(s.Text, text) || !strings.Contains(s.Advice, advice) {
			t.Errorf("%s with %s: %d, step %+v, want %s, %q and %q", method, keys[:5], status, s, want, text, advice)
		}
	}
	look(sealKeys, "GET", Done, "k1", "")
	look(sealKeys+","+next, "GET", Done, `"k2" has sealed nothing yet`, "put it first")
	look(next+","+sealKeys, "GET", Needed, `"k1" has still sealed 2 rules (pai-system-nlp_train/a, pai-system-nlp_train/b)`, "POST")
	look(next, "GET", Blocked, `key "k1", which is not in SEAL_KEYS, has sealed 2 rules`, "If it is lost")
	look(next+","+sealKeys, "POST", Done, `"k1" is used by nothing any more`, `Leave key "k1" in SEAL_KEYS until 20`)
	later, err := clock.Parse("1@" + time.Now().Format(time.RFC3339) + "=" + time.Now().Add(25*time.Hour).Format(time.RFC3339))
	if err != nil {
		t.Fatal(err)
	}
	d.env.Clock = later
	look(next+","+sealKeys, "GET", Done, "k2", `Take key "k1" out`)
	kept.by["c"] = "k1" // an instance that had not been deployed yet
	look(next+","+sealKeys, "GET", Needed, "1 rules (pai-system-nlp_train/c)", "POST")
	look(next+","+sealKeys, "POST", Done, "used by nothing", "until 20")
	look(next, "GET", Done, "k2", "")
	kept.err = errors.New("EventBridge is gone")
	look(next+","+sealKeys, "GET", Failed, "", "")
}
