package bus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/eventbridge"

	"pai-notify/scripts/localcloud/rpc"
	"pai-notify/shared/clock"
)

const (
	testAccount = "1234567890123456"
	testRegion  = "cn-hangzhou"
	testBus     = "pai-system-nlp_train"
	testARN     = "acs:fc:" + testRegion + ":" + testAccount + ":functions/deliver"
)

// functions is an Invoker that records what it was called with.
type functions struct {
	mu     sync.Mutex
	bodies []string
	names  []string
	fail   func(n int) error // by the number of the call, from 1
}

func (f *functions) Invoke(_ context.Context, name string, body []byte) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.bodies, f.names = append(f.bodies, string(body)), append(f.names, name)
	if f.fail != nil {
		return nil, f.fail(len(f.bodies))
	}
	return []byte("null"), nil
}

func (f *functions) calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.bodies...)
}

// local is a bus with its server and a client of the real SDK.
type local struct {
	*Bus
	functions *functions
	url       string
	client    *eventbridge.Client
	common    *sdk.Client
	t         testing.TB
}

func start(tb testing.TB, change func(*Options)) *local {
	tb.Helper()
	f := &functions{}
	o := Options{Dir: tb.TempDir(), Region: testRegion, Account: testAccount, Invoker: f, Clock: fast(tb, 10_000),
		Credentials: func(id string) (rpc.Credential, bool) {
			return rpc.Credential{AccessKeyID: "LTAI-local", Secret: "local-secret", Name: "root"}, id == "LTAI-local"
		}}
	if change != nil {
		change(&o)
	}
	b, err := New(o)
	if err != nil {
		tb.Fatal(err)
	}
	web := httptest.NewServer(b)
	tb.Cleanup(func() {
		web.Close()
		if err := b.Close(context.Background()); err != nil && !strings.Contains(err.Error(), "closed") {
			tb.Error(err)
		}
	})
	l := &local{Bus: b, functions: f, url: web.URL, t: tb}
	credential := credentials.NewAccessKeyCredential("LTAI-local", "local-secret")
	if l.client, err = eventbridge.NewClientWithOptions(testRegion, sdk.NewConfig(), credential); err != nil {
		tb.Fatal(err)
	}
	if l.common, err = sdk.NewClientWithOptions(testRegion, sdk.NewConfig(), credential); err != nil {
		tb.Fatal(err)
	}
	return l
}

// ready is a bus that is activated and has the role for functions.
func ready(tb testing.TB, change func(*Options)) *local {
	tb.Helper()
	l := start(tb, change)
	if _, err := l.Activate(context.Background()); err != nil {
		tb.Fatal(err)
	}
	if _, err := l.AddRole(context.Background(), RoleSendToFunction, "s", ""); err != nil {
		tb.Fatal(err)
	}
	return l
}

func fast(tb testing.TB, speed float64) clock.Clock {
	tb.Helper()
	now := time.Now().UTC().Format(time.RFC3339Nano)
	c, err := clock.Parse(fmt.Sprintf("%g@%s=%s", speed, now, now))
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// aim makes a request go to the local cloud.
func aim[R interface {
	SetDomain(string)
	SetScheme(string)
}](l *local, request R) R {
	request.SetScheme("http")
	request.SetDomain(strings.TrimPrefix(l.url, "http://"))
	return request
}

// do calls an action by name with form parameters.
func (l *local) do(action string, params ...string) (map[string]any, error) {
	l.t.Helper()
	q := requests.NewCommonRequest()
	aim(l, q)
	q.Method, q.Version, q.ApiName, q.Product = "POST", Version, action, "eventbridge"
	for i := 0; i < len(params); i += 2 {
		q.FormParams[params[i]] = params[i+1]
	}
	response, err := l.common.ProcessCommonRequest(q)
	if err != nil {
		return nil, err
	}
	var answer map[string]any
	if err := json.Unmarshal(response.GetHttpContentBytes(), &answer); err != nil {
		l.t.Fatalf("%s answered %q: %v", action, response.GetHttpContentString(), err)
	}
	return answer, nil
}

// must does an action that has to succeed and gives its data.
func (l *local) must(action string, params ...string) map[string]any {
	l.t.Helper()
	answer, err := l.do(action, params...)
	if err != nil || answer["Success"] != true {
		l.t.Fatalf("%s: %v, %v", action, answer, err)
	}
	data, _ := answer["Data"].(map[string]any)
	return data
}

// code is the code of an action that is refused, in either shape.
func (l *local) code(action string, params ...string) string {
	l.t.Helper()
	answer, err := l.do(action, params...)
	var e *sdkerrors.ServerError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	if err != nil {
		l.t.Fatal(err)
	}
	if answer["Success"] == true {
		return "Success"
	}
	code, _ := answer["Code"].(string)
	return code
}

// rule makes a rule for events of source "test" with targets given as JSON.
func (l *local) rule(name string, targets ...string) {
	l.t.Helper()
	l.must("CreateRule", "EventBusName", testBus, "RuleName", name, "FilterPattern", `{"source":["test"]}`)
	if len(targets) > 0 {
		data := l.must("PutTargets", "EventBusName", testBus, "RuleName", name, "Targets", "["+strings.Join(targets, ",")+"]")
		if data["ErrorEntriesCount"] != 0.0 {
			l.t.Fatalf("targets: %v", data)
		}
	}
}

// fcTarget is a target in JSON with further members.
func fcTarget(id string, more string) string {
	return fmt.Sprintf(`{"Id":%q,"Type":"acs.fc.function","Endpoint":%q,"ParamList":[{"ResourceKey":"Body","Form":"ORIGINAL"}%s`, id, testARN, more)
}

// event is one of source "test".
func event(id string) string {
	return fmt.Sprintf(`{"Id":%q,"Source":"test","Type":"test:Thing:Done","Data":"{\"n\":1}"}`, id)
}

func (l *local) put(events ...string) {
	l.t.Helper()
	data := l.must("PutEvents", "EventBusName", testBus, "EventList", "["+strings.Join(events, ",")+"]")
	if data["FailedEntryCount"] != 0.0 {
		l.t.Fatalf("put: %v", data)
	}
}

func (l *local) settled() Counts {
	l.t.Helper()
	return l.wait("settled", func(c Counts) bool { return c.Pending == 0 })
}

func (l *local) wait(what string, wanted func(Counts) bool) Counts {
	l.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	counts, err := l.Wait(ctx, wanted)
	if err != nil {
		l.t.Fatalf("%s: %+v, %v", what, counts, err)
	}
	return counts
}

func (l *local) statuses(id string) []string {
	l.t.Helper()
	traces, err := l.Traces(context.Background(), testBus, id)
	if err != nil {
		l.t.Fatal(err)
	}
	var list []string
	for _, t := range traces {
		if t.Action == "PushEvent" {
			list = append(list, t.NotifyStatus)
		}
	}
	return list
}
