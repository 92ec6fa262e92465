package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/fault"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// one is a store with one target, or one error.
type one struct {
	target rule.Target
	err    error
	asked  int
}

func (o *one) Open(_ context.Context, workspace, name, target string) (rule.Target, error) {
	o.asked++
	if workspace != "nlp_train" || name != "nightly" || target != "ops" {
		return rule.Target{}, rule.NotFound(workspace, name)
	}
	return o.target, o.err
}

const secret = "SEC00decade00decade00decade00decade00decade00decade00decade00decade"

func newReplayer(t *testing.T, store Store) (*Replayer, *bytes.Buffer) {
	t.Helper()
	key, err := seal.NewKey(bytes.NewReader(bytes.Repeat([]byte{7}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := seal.ParseKeys(key)
	if err != nil {
		t.Fatal(err)
	}
	base, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	specs := append(all.Specs(channel.Deps{}), channel.Spec{
		Name: "sms", Contacts: true, Fields: []channel.Field{{Name: "template"}},
	})
	return &Replayer{Store: store, Catalog: base, Specs: specs, Keys: keys, Log: slog.New(slog.NewJSONHandler(log, nil))}, log
}

func entered(contact string) ledger.Entered {
	return ledger.Entered{Delivery: ledger.Delivery{
		ID: "d", Bus: "pai-system-nlp_train", Rule: "nightly", Target: "ops", Contact: contact,
	}}
}

// renew asks for the target of some deliveries.
func (r *Replayer) renew(ctx context.Context, list ...ledger.Entered) (targets []ledger.Target, errs []error, err error) {
	_, err = renewing(ctx, r, func(ctx context.Context, renew ledger.Renew) (int, error) {
		for _, e := range list {
			t, err := renew(ctx, e)
			targets, errs = append(targets, t), append(errs, err)
		}
		return 0, ctx.Err()
	})
	return targets, errs, err
}

func TestARowHoldsTheTargetOfNowWithItsSecretsSealed(t *testing.T) {
	t.Parallel()
	store := &one{target: rule.Target{ID: "ops", Channel: "dingtalk", Language: "zh", Settings: channel.Settings{
		"webhook": "https://oapi.dingtalk.com/robot/send?access_token=abcd", "secret": secret,
	}}}
	r, log := newReplayer(t, store)
	targets, errs, err := r.renew(t.Context(), entered(""), entered(""))
	if err != nil || errs[0] != nil || errs[1] != nil {
		t.Fatal(err, errs)
	}
	got := targets[1]
	if got.Channel != "dingtalk" || got.Address == "" || bytes.Contains(got.Sealed, []byte(secret)) || strings.Contains(log.String(), secret) {
		t.Errorf("target = %+v; want an address, and no secret in clear", got)
	}
	var u rule.Unit
	if err := json.Unmarshal(got.Sealed, &u); err != nil {
		t.Fatal(err)
	}
	if settings, err := u.Open(r.Keys, "pai-system-nlp_train", "nightly"); err != nil || settings["secret"] != secret || u.Language != "zh" {
		t.Errorf("what a delivery opens lacks something: %v", err)
	}
	if store.asked != 1 {
		t.Errorf("EventBridge was asked %d times for one target", store.asked)
	}
}

func TestEachContactIsToldStill(t *testing.T) {
	t.Parallel()
	r, _ := newReplayer(t, &one{target: rule.Target{ID: "ops", Channel: "sms", Contacts: []string{"alice", "tony"}}})
	targets, errs, err := r.renew(t.Context(), entered("tony"), entered("bob"), entered(""))
	if err != nil || errs[0] != nil || !strings.Contains(string(targets[0].Sealed), `"contact":"tony"`) {
		t.Errorf("tony: %v, %v", errs[0], err)
	}
	for _, err := range errs[1:] {
		var gone *rule.Error
		if !errors.As(err, &gone) || gone.Code != CodeGone || gone.Advice["zh"] == "" {
			t.Errorf("who is told no more: %v, want %s with advice", err, CodeGone)
		}
	}
}

func TestWhatIsGoneSaysSoAndWhatPassesBreaksOff(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		err  error
		stop bool
	}{
		{rule.NotFound("nlp_train", "nightly"), false}, {rule.NoWorkspace("nlp_train"), false},
		{&rule.Error{Code: rule.CodeSealed, Text: fault.Say("sealed", "已加密")}, false},
		{&rule.Error{Code: rule.CodeUnavailable, Text: fault.Say("away", "不可用")}, true}, {&rule.Error{Code: rule.CodeThrottled, Text: fault.Say("slow", "缓慢")}, true},
		{&rule.Error{Code: rule.CodeForbidden, Text: fault.Say("no", "不可以")}, true}, {errors.New("who knows"), true},
	} {
		r, _ := newReplayer(t, &one{err: row.err})
		_, errs, err := r.renew(t.Context(), entered(""))
		if row.stop != errors.Is(err, row.err) || errs[0] == nil {
			t.Errorf("%v: broken off with %v, refused with %v", row.err, err, errs[0])
		}
	}
	r, _ := newReplayer(t, &one{})
	other := entered("")
	other.Bus = "default"
	if _, errs, err := r.renew(t.Context(), other); err != nil || errs[0] == nil {
		t.Errorf("a bus of nobody's: %v, %v", errs, err)
	}
}
