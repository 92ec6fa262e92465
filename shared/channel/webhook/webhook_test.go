package webhook

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"pai-notify/shared/catalog"
	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/channeltest"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	address = "https://hooks.example.com/models?tenant=7"
	secret  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" // that of the specification's own examples
)

var at = time.Unix(1614265330, 0)

func approved() message.Message {
	e := event.Event{
		ID: "43fbe586-7f44-5681-8994-1b91ecf9fd0d", Source: "acs.aiworkspace", SpecVersion: "1.0",
		Type: "aiworkspace:ModelVersion:Approved", DataContentType: "application/json;charset=utf-8",
		Time:       time.Date(2026, 11, 24, 10, 5, 0, 0, time.UTC),
		Extensions: map[string]string{"aliyunregionid": "cn-wulanchabu", "aliyuneventbusname": "pai-system-nlp_train"},
		Data:       json.RawMessage(`{"modelId":"model-1123abcd","note":"<b>&\u4efb务</b>","big":12345678901234567890.50}`),
	}
	v := event.View{
		Source: "model", Known: true, Outcome: event.Text{"en": "Model version approved"}, Final: true,
		ID: "model-1123abcd", Name: "chat-reranker <at id=all></at>", Version: "0.3.0", Status: "Approved", Previous: "Pending",
		OwnerID: "200000000000000002", WorkspaceID: "20001", Workspace: "nlp_train",
		ConsoleLink: "https://pai.console.aliyun.com/?regionId=cn-wulanchabu&workspaceId=20001#/models/model-1123abcd/versions/0.3.0",
		Extra: map[string]json.RawMessage{
			"uri": json.RawMessage(`"oss://example-bucket/models/reranker/0.3.0/"`), "formatType": json.RawMessage(`"SavedModel"`),
			"frameworkType": json.RawMessage(`"Pytorch"`), "sourceType": json.RawMessage(`"PAIFlow"`),
			"inferenceSpec": json.RawMessage(`{"processor":"pytorch_gpu_2.3"}`), "metrics": json.RawMessage(`{"Results":[{"auc":0.912}]}`),
		},
	}
	return message.New(e, v, message.Options{Language: "en", ID: "pai-0123456789abcdef"})
}

func request(t *testing.T, to channel.Settings, m message.Message, at time.Time) (*http.Request, []byte) {
	t.Helper()
	req, err := newWire(channel.Deps{}).Request(to, m, at)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	return req, body
}

func TestRequestsAreAsTheGoldenFiles(t *testing.T) {
	t.Parallel()
	bare := approved()
	bare.View = event.View{Known: true, ID: "model-min", Status: "Approved"}
	bare.Link, bare.Event.Extensions, bare.Event.Time = "", nil, time.Time{}
	to := func(mode string) channel.Settings {
		return channel.Settings{"url": address, "secret": secret, "mode": mode}
	}
	channeltest.Golden(t, newWire(channel.Deps{}), *update, map[string]channeltest.Case{
		"cloudevents":      {To: to(""), Message: approved()},
		"pai":              {To: to(modePAI), Message: approved()},
		"pai-bare":         {To: to(modePAI), Message: bare},
		"cloudevents-test": {To: to(modeCloudEvents), Message: message.Connectivity("en", "Webhook", at)},
		"pai-test":         {To: to(modePAI), Message: message.Connectivity("zh", "Webhook", at)},
		"message":          {To: to(modeMessage), Message: approved()},
		"message-test":     {To: to(modeMessage), Message: message.Connectivity("zh", "Webhook", at)},
	})
}

func TestTheTemplateIsFilledFromTheCatalogueAlone(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	s, ok := sample.Named("model-approved")
	if !ok {
		t.Fatal("there is no sample model-approved")
	}
	e, err := event.Parse(s.Event)
	if err != nil {
		t.Fatal(err)
	}
	_, body := request(t, channel.Settings{"url": address, "mode": modePAI}, message.New(e, c.View(e), message.Options{ID: "m"}), at)
	want := `{"SchemaVersion":"1","EventId":"43fbe586-7f44-5681-8994-1b91ecf9fd0d","EventType":"ModelVersionApprovalStatusChanged",` +
		`"EventTime":"2026-11-24T10:05:00Z","RegionId":"cn-wulanchabu","WorkspaceId":"20001","WorkspaceName":"nlp_train",` +
		`"ModelId":"model-1123abcd","ModelName":"chat-reranker","VersionName":"0.3.0","ApprovalStatus":"Approved","PreviousApprovalStatus":"Pending",` +
		`"Uri":"oss://example-bucket.oss-cn-wulanchabu-internal.aliyuncs.com/models/reranker/0.3.0/","FormatType":"SavedModel","FrameworkType":"Pytorch",` +
		`"SourceType":"PAIFlow","SourceId":"region=cn-wulanchabu,workspaceId=20001,kind=PipelineRun,id=flow-hynm2bv8wqhp5esfxq",` +
		`"InferenceSpec":{"processor":"pytorch_gpu_2.3"},"Metrics":{"Results":[{"Dataset":{"DatasetId":"d-sdkjanksaklerhfd"},"Metrics":{"auc":0.912}}]},` +
		`"OperatorId":"","OwnerId":"1234567890123456",` +
		`"ConsoleUrl":"https://pai.console.aliyun.com/?regionId=cn-wulanchabu&workspaceId=20001#/models/model-1123abcd/versions/0.3.0"}`
	if diff := cmp.Diff(want, string(body)); diff != "" {
		t.Error(diff)
	}
}

func TestSignaturesAreThoseOfTheSpecificationsLibrary(t *testing.T) {
	t.Parallel()
	key, err := parseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ id, timestamp, body, want string }{
		{"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
		{"evt_01HZX0000000000000000000", "1767323045", `{"type":"pai.dlc.job.failed","timestamp":"2026-01-02T03:04:05Z","data":{"id":"dlc1"}}`,
			"v1,AApde8I2ZqjeD7Nc4jXt3MXNGoZvWCaCPtTQk5kxFEA="},
	} {
		if got := sign(key, c.id, c.timestamp, []byte(c.body)); got != c.want {
			t.Errorf("sign(%s) = %s, want %s", c.id, got, c.want)
		}
	}
}

func TestTheSpecificationsLibraryVerifiesEveryRequest(t *testing.T) {
	t.Parallel()
	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now() // the library accepts only what is five minutes old
	for _, mode := range append(modes(), "") {
		req, body := request(t, channel.Settings{"url": address, "secret": secret, "mode": mode}, approved(), now)
		if err := verifier.Verify(body, req.Header); err != nil {
			t.Errorf("mode %q: %v", mode, err)
		}
		if err := verifier.Verify(append(body, ' '), req.Header); err == nil {
			t.Errorf("mode %q: the library accepts a changed body", mode)
		}
	}
}

func TestAttemptsShareTheIDAndDifferInTheSignature(t *testing.T) {
	t.Parallel()
	to := channel.Settings{"url": address, "secret": secret}
	first, _ := request(t, to, approved(), at)
	second, _ := request(t, to, approved(), at.Add(time.Minute))
	if first.Header.Get("webhook-id") != "pai-0123456789abcdef" || second.Header.Get("webhook-id") != first.Header.Get("webhook-id") {
		t.Errorf("ids %q and %q, want the message's twice", first.Header.Get("webhook-id"), second.Header.Get("webhook-id"))
	}
	if first.Header.Get("webhook-signature") == second.Header.Get("webhook-signature") || second.Header.Get("webhook-timestamp") != "1614265390" {
		t.Errorf("the second attempt is not signed anew: %v", second.Header)
	}
	unsigned, _ := request(t, channel.Settings{"url": address}, approved(), at)
	if unsigned.Header.Get("webhook-signature") != "" || unsigned.Header.Get("webhook-id") == "" {
		t.Errorf("without a secret: %v", unsigned.Header)
	}
}

func TestAnIDIsFitForHeaderAndSigning(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"", "a.b", "a\r\nX: y", "任务", strings.Repeat("a", 129), "a b", "a,b"} {
		got := identify(id, []byte("body"))
		if !strings.HasPrefix(got, "msg_") || strings.ContainsAny(got, ". \r\n,") || got != identify(id, []byte("body")) {
			t.Errorf("identify(%q) = %q", id, got)
		}
	}
	if identify("", []byte("a")) == identify("", []byte("b")) || identify("a.b", nil) == identify("a.c", nil) {
		t.Error("two messages share an id")
	}
}

func TestACloudEventIsSentLossless(t *testing.T) {
	t.Parallel()
	m := approved()
	req, body := request(t, channel.Settings{"url": address}, m, at)
	if got, want := req.Header.Get("Content-Type"), "application/cloudevents+json; charset=utf-8"; got != want {
		t.Errorf("content type %q, want %q", got, want)
	}
	if !strings.Contains(string(body), `"data":`+string(m.Event.Data)) {
		t.Errorf("the data changed: %s", body)
	}
	got, err := event.Parse(body)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.Event, got); diff != "" {
		t.Errorf("the receiver reads another event: %s", diff)
	}
}

func TestSecretsAreCheckedAndNeverRepeated(t *testing.T) {
	t.Parallel()
	encode := func(n int) string { return secretPrefix + base64.StdEncoding.EncodeToString(make([]byte, n)) }
	spec := New(channel.Deps{}).Spec()
	for _, good := range []string{"", secret, encode(24), encode(64)} {
		if faults := spec.Check(channel.Settings{"url": address, "secret": good, "mode": "pai"}); faults.Len() > 0 {
			t.Errorf("secret %q: %v", good, faults)
		}
	}
	for _, bad := range []string{"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", encode(23), encode(65), "whsec_", "whsec_%%%%", secret + " ", secret + "\n", "whsec_" + secret[6:10] + "\n" + secret[10:]} {
		faults := spec.Check(channel.Settings{"url": address, "secret": bad})
		if faults.Len() != 1 || len(bad) > 10 && strings.Contains(faults.Error(), bad[6:]) {
			t.Errorf("secret %q: %v", bad, faults)
		}
		_, err := newWire(channel.Deps{}).Request(channel.Settings{"url": address, "secret": bad}, approved(), at)
		if err == nil || len(bad) > 10 && strings.Contains(err.Error(), bad[6:]) {
			t.Errorf("request with secret %q: %v", bad, err)
		}
	}
}

func TestSettingsAllowHTTPSAnywhereAndHTTPWhereListed(t *testing.T) {
	t.Parallel()
	spec := New(channel.Deps{Allow: []string{"127.0.0.1:9702"}}).Spec()
	for _, good := range []string{address, "https://example.com", "http://127.0.0.1:9702/webhook/a", "https://例子.example/"} {
		if faults := spec.Check(channel.Settings{"url": good}); faults.Len() > 0 {
			t.Errorf("%s: %v", good, faults)
		}
	}
	for _, bad := range []string{"", "example.com", "http://example.com/", "https://user:pass@example.com/", "ftp://example.com", "https://", "https://a b/"} {
		if faults := spec.Check(channel.Settings{"url": bad, "mode": "xml"}); faults.Len() != 2 {
			t.Errorf("%q: %d faults, want 2 (url, mode): %v", bad, faults.Len(), faults)
		}
	}
	if len(spec.Sources) != 1 || spec.Sources[0] != "model" {
		t.Errorf("sources %v, want model alone", spec.Sources)
	}
	one := channel.Destination(spec, channel.Settings{"url": "HTTPS://Example.com:443/a?b=c#d", "mode": "pai"})
	if two := channel.Destination(spec, channel.Settings{"url": "https://example.com/a?b=c", "secret": secret}); one != two {
		t.Errorf("one address has two destinations: %q, %q", one, two)
	}
}

func TestReplyKeepsLittleOfWhatAnEndpointSays(t *testing.T) {
	t.Parallel()
	w := newWire(channel.Deps{})
	got := channel.Classify(w.Reply(404, http.Header{}, []byte(strings.Repeat("secret of the owner\n", 1000))))
	if len(got.Text) > 200 || strings.Contains(got.Text, "\n") || got.Class != channel.Misconfigured {
		t.Errorf("outcome %+v", got)
	}
	if got := channel.Classify(w.Reply(503, http.Header{}, nil)); got.Text != "Service Unavailable" || got.Class != channel.Unavailable {
		t.Errorf("outcome %+v", got)
	}
	if got := channel.Classify(w.Reply(299, http.Header{}, []byte("<html>error</html>"))); got.Class != channel.Delivered {
		t.Errorf("a 2xx with any body is %v, want delivered", got.Class)
	}
}

func FuzzReplyTakesOnlyStatus2xxForSuccess(f *testing.F) {
	channeltest.FuzzReply(f, newWire(channel.Deps{}), func(status int, _ []byte) bool { return status >= 200 && status < 300 })
}

func TestChannelKeepsTheContract(t *testing.T) {
	t.Parallel()
	channeltest.Run(t, New, channeltest.Samples{
		Settings: func(base string) channel.Settings {
			return channel.Settings{"url": base + "/webhook/fake-path-token?key=fake-query-token", "secret": secret}
		},
		Secrets:  []string{"fake-path-token", "fake-query-token", secret},
		Codes:    codes,
		Accepted: `thanks`,
		Data:     true,
	})
}

func BenchmarkRequest(b *testing.B) {
	w, m := newWire(channel.Deps{}), approved()
	for _, mode := range modes() {
		b.Run(mode, func(b *testing.B) {
			to := channel.Settings{"url": address, "secret": secret, "mode": mode}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Request(to, m, at); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestEverySampleReadsAsItsGoldenFile(t *testing.T) {
	t.Parallel()
	channeltest.GoldenSamples(t, newWire(channel.Deps{}), channel.Settings{"url": address, "mode": modeMessage}, *update, nil)
}

func TestASampleTakesItsShareOfMemoryAndNoMore(t *testing.T) {
	for _, mode := range modes() {
		channeltest.Allocations(t, newWire(channel.Deps{}), channel.Settings{"url": address, "secret": secret, "mode": mode})
	}
}

func TestNoEventBreaksTheData(t *testing.T) {
	t.Parallel()
	for _, mode := range modes() {
		channeltest.Harmless(t, newWire(channel.Deps{}), channel.Settings{"url": address, "mode": mode}, nil, nil, true)
	}
}

// Programs get what an event says as it is: nothing is replaced, so that they can compare.
func TestTheDataOfAMessageIsPlain(t *testing.T) {
	t.Parallel()
	const hostile = `<at id=all></at> @all [x](https://evil) **b** & "q" \\ {{x}} ${y} 显存🔥`
	m := approved()
	m = message.New(m.Event, event.View{Source: "model", Known: true, What: "approved", Name: hostile, Reason: hostile}, message.Options{})
	_, body := request(t, channel.Settings{"url": address, "mode": modeMessage}, m, at)
	var got told
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if got.Data.Object.Name != hostile || got.Data.Facts[0].Value != hostile || got.Data.Facts[0].Field != "reason" || got.Type != "pai.model.approved" {
		t.Errorf("data %+v", got)
	}
}

func BenchmarkSamples(b *testing.B) {
	for _, mode := range modes() {
		b.Run(mode, func(b *testing.B) {
			channeltest.BenchSamples(b, newWire(channel.Deps{}), channel.Settings{"url": address, "secret": secret, "mode": mode})
		})
	}
}
