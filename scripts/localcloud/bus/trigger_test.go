package bus

import (
	"context"
	"errors"
	"strings"
	"testing"

	"pai-notify/scripts/localcloud/rpc"
)

const receiptEvent = `{"id":"1","source":"acs.dm","type":"dm:Deliver:Fail","specversion":"1.0","data":{"from":"pai@example.com"}}`

func triggers(list ...Trigger) func(*Options) { return func(o *Options) { o.Triggers = list } }

func TestATriggersFunctionIsSentTheWholeEventFromTheDefaultBus(t *testing.T) {
	t.Parallel()
	l := ready(t, triggers(Trigger{Function: "deliver", Name: "receipts", Pattern: `{"type":[{"prefix":"dm:Deliver:"}],"data":{"from":["pai@example.com"]}}`}))
	for _, event := range []string{receiptEvent, strings.Replace(receiptEvent, "pai@", "news@", 1), strings.Replace(receiptEvent, "Deliver", "Trace", 1)} {
		if err := l.PublishOwn(t.Context(), []byte(event)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	calls := l.functions.calls()
	if len(calls) != 1 || l.functions.names[0] != "deliver" || !strings.Contains(calls[0], `"type":"dm:Deliver:Fail"`) ||
		!strings.Contains(calls[0], `"aliyuneventbusname":"default"`) {
		t.Errorf("invocations %s with %q, want one with the whole event", l.functions.names, calls)
	}
}

func TestATriggerTriesAgainAsItSays(t *testing.T) {
	t.Parallel()
	l := ready(t, triggers(Trigger{Function: "deliver", Name: "receipts", Pattern: `{"source":["acs.dm"]}`, Retry: exponentialRetry}))
	l.functions.fail = func(n int) error {
		if n < 6 {
			return errors.New("the database is away")
		}
		return nil
	}
	if err := l.PublishOwn(t.Context(), []byte(receiptEvent)); err != nil {
		t.Fatal(err)
	}
	counts, err := l.Settled(t.Context())
	if err != nil || len(l.functions.calls()) != 6 || counts.Pushed != 1 {
		t.Errorf("%d invocations, counts %+v, %v; want the sixth to succeed", len(l.functions.calls()), counts, err)
	}
}

func TestNobodyHearsAServiceBeforeEventBridgeIsActivated(t *testing.T) {
	t.Parallel()
	l := start(t, triggers(Trigger{Function: "deliver", Name: "receipts", Pattern: `{"source":["acs.dm"]}`}))
	if err := l.PublishOwn(t.Context(), []byte(receiptEvent)); err != nil {
		t.Fatal(err)
	}
	if counts, err := l.Settled(t.Context()); err != nil || counts.Published != 0 {
		t.Errorf("counts %+v, %v; want nothing published", counts, err)
	}
}

func TestABadTriggerIsNamedAtTheStart(t *testing.T) {
	t.Parallel()
	for _, bad := range []Trigger{{Function: "deliver", Name: "receipts", Pattern: `{`}, {Function: "deliver", Name: "receipts", Pattern: `{}`, Retry: "SOMETIMES"}} {
		o := Options{Dir: t.TempDir(), Region: testRegion, Account: testAccount, Invoker: &functions{}, Triggers: []Trigger{bad},
			Credentials: func(string) (rpc.Credential, bool) { return rpc.Credential{}, false }}
		if b, err := New(o); err == nil {
			t.Errorf("trigger %+v was taken", bad)
			_ = b.Close(context.Background())
		} else if !strings.Contains(err.Error(), "receipts") {
			t.Errorf("error %v does not name the trigger", err)
		}
	}
}
