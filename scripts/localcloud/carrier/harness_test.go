package carrier_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dm"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dyvmsapi"

	"pai-notify/scripts/localcloud/carrier"
	"pai-notify/scripts/localcloud/inbox"
	"pai-notify/scripts/localcloud/rpc"
	"pai-notify/shared/clock"
)

// fast is a clock on which half an hour passes in a second, so that reports come at once; still is one on which next to
// nothing does, so that limits are counted within one moment.
const (
	fast  = "2000"
	still = "0.001"
)

func clockOf(t *testing.T, speed string) clock.Clock {
	t.Helper()
	c, err := clock.Parse(speed + "@" + time.Now().UTC().Format(time.RFC3339Nano) + "=" + time.Now().UTC().Format(time.RFC3339Nano))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// events are what was put on the default bus.
type events struct {
	mu      sync.Mutex
	list    []receipt
	changed chan struct{}
}

type receipt struct {
	ID, Source, Type string
	Data             struct {
		EnvID   string `json:"env_id"`
		From    string `json:"from"`
		Rcpt    string `json:"rcpt"`
		Status  string `json:"status"`
		ErrCode string `json:"err_code"`
	}
}

func (e *events) publish(_ context.Context, event []byte) error {
	var r receipt
	if err := json.Unmarshal(event, &r); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, r)
	e.changed <- struct{}{}
	return nil
}

// world is the services behind a gateway, and clients of the real SDK.
type world struct {
	t      *testing.T
	dir    string
	clock  clock.Clock
	inbox  *inbox.Inbox
	events *events
	host   string
	sms    *dysmsapi.Client
	voice  *dyvmsapi.Client
	mail   *dm.Client
}

func start(t *testing.T, speed string) *world {
	t.Helper()
	w := &world{t: t, dir: t.TempDir(), clock: clockOf(t, speed)}
	w.run(t)
	return w
}

// run starts the services in the world's folder; it gives what stops them before the test ends.
func (w *world) run(t *testing.T) (stop func()) {
	t.Helper()
	w.inbox = inbox.New(w.clock)
	w.events = &events{changed: make(chan struct{}, 100)}
	c, err := carrier.New(carrier.Options{Dir: w.dir, Region: "cn-hangzhou", Account: "1234567890123456", Clock: w.clock,
		Inbox: w.inbox, Publish: w.events.publish})
	if err != nil {
		t.Fatal(err)
	}
	gateway := rpc.New(rpc.Options{Clock: w.clock, Credentials: func(id string) (rpc.Credential, bool) {
		return rpc.Credential{AccessKeyID: id, Secret: "local-secret"}, id == "LTAI-local"
	}})
	c.Register(gateway)
	web := httptest.NewServer(gateway)
	stop = sync.OnceFunc(func() {
		web.Close()
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	w.host = strings.TrimPrefix(web.URL, "http://")
	w.clients("local-secret")
	return stop
}

func (w *world) clients(secret string) {
	w.t.Helper()
	key := credentials.NewAccessKeyCredential("LTAI-local", secret)
	w.sms, w.voice, w.mail = &dysmsapi.Client{}, &dyvmsapi.Client{}, &dm.Client{}
	var faults []error // not NewClientWithOptions: it fills a map of its package, which tests in parallel would race for
	for _, client := range []*sdk.Client{&w.sms.Client, &w.voice.Client, &w.mail.Client} {
		faults = append(faults, client.InitWithOptions("cn-hangzhou", sdk.NewConfig(), key))
	}
	if err := errors.Join(faults...); err != nil {
		w.t.Fatal(err)
	}
}

// aim leads a request to the gateway.
func (w *world) aim(r interface {
	SetDomain(string)
	SetScheme(string)
	SetReadTimeout(time.Duration)
	SetConnectTimeout(time.Duration)
}) {
	r.SetScheme("http")
	r.SetDomain(w.host)
	r.SetReadTimeout(20 * time.Second)
	r.SetConnectTimeout(20 * time.Second)
}

const (
	goodText = `{"name":"job-1","status":"失败","time":"2026-11-24 15:18:21"}`
	goodCall = `{"name":"job-1","status":"失败"}`
	somebody = "13800138000"
)

// textTo is a text message as pai-notify sends it, people's data in the form body.
func (w *world) textTo(number string, change func(*dysmsapi.SendSmsRequest)) *dysmsapi.SendSmsRequest {
	r := dysmsapi.CreateSendSmsRequest()
	w.aim(r)
	r.SignName, r.TemplateCode, r.OutId = "PAI通知", "SMS_190000001", "event-1"
	form := r.GetFormParams()
	form["PhoneNumbers"], form["TemplateParam"] = number, goodText
	if change != nil {
		change(r)
	}
	return r
}

func (w *world) text(number string, change func(*dysmsapi.SendSmsRequest)) string {
	w.t.Helper()
	answer, err := w.sms.SendSms(w.textTo(number, change))
	if err != nil {
		w.t.Fatal(err)
	}
	if (answer.Code == "OK") != (answer.BizId != "") {
		w.t.Errorf("answer %s with BizId %q", answer.Code, answer.BizId)
	}
	return answer.Code
}

func (w *world) callTo(number string, change func(*dyvmsapi.SingleCallByTtsRequest)) *dyvmsapi.SingleCallByTtsRequest {
	r := dyvmsapi.CreateSingleCallByTtsRequest()
	w.aim(r)
	r.TtsCode, r.OutId, r.PlayTimes = "TTS_190000001", "event-1", requests.NewInteger(2)
	form := r.GetFormParams()
	form["CalledNumber"], form["TtsParam"] = number, goodCall
	if change != nil {
		change(r)
	}
	return r
}

func (w *world) call(number string, change func(*dyvmsapi.SingleCallByTtsRequest)) (code, id string) {
	w.t.Helper()
	answer, err := w.voice.SingleCallByTts(w.callTo(number, change))
	if err != nil {
		w.t.Fatal(err)
	}
	if (answer.Code == "OK") != (answer.CallId != "") {
		w.t.Errorf("answer %s with CallId %q", answer.Code, answer.CallId)
	}
	return answer.Code, answer.CallId
}

// post sends a mail; the code is EnvId's "OK", or that of the refusal.
func (w *world) post(to string, change func(*dm.SingleSendMailRequest)) (code, id string) {
	w.t.Helper()
	r := dm.CreateSingleSendMailRequest()
	w.aim(r)
	r.Method = requests.POST
	r.AccountName, r.AddressType, r.ReplyToAddress = "pai@notify.example.com", "1", "false"
	form := r.GetFormParams()
	form["ToAddress"], form["Subject"], form["HtmlBody"], form["TextBody"] = to, "job-1 失败", "<p>job-1</p>", "job-1"
	if change != nil {
		change(r)
	}
	answer, err := w.mail.SingleSendMail(r)
	var refused *sdkerrors.ServerError
	switch {
	case errors.As(err, &refused):
		return refused.ErrorCode(), ""
	case err != nil:
		w.t.Fatal(err)
	}
	return "OK", answer.EnvId
}

// last is the body of the last message in the inbox.
func (w *world) last(service string) (m inbox.Message, body map[string]any) {
	w.t.Helper()
	list := w.inbox.Messages(service, 0)
	if len(list) == 0 {
		w.t.Fatalf("nothing of %s in the inbox", service)
	}
	m = list[len(list)-1]
	text, err := json.Marshal(m.Body)
	if err == nil {
		err = json.Unmarshal(text, &body)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return m, body
}

// until waits for a condition, which says what is missing.
func until(t *testing.T, missing func() string) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		what := missing()
		if what == "" {
			return
		}
		select {
		case <-deadline.C:
			t.Fatal(what)
		case <-tick.C:
		}
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e *sdkerrors.ServerError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		t.Errorf("error %v, want %s", err, code)
	}
}
