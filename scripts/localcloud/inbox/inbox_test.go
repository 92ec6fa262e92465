package inbox

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/clock"
)

func start(t *testing.T, c clock.Clock) (*Inbox, string) {
	t.Helper()
	b := New(c)
	server := httptest.NewServer(b)
	t.Cleanup(server.Close)
	return b, server.URL
}

func post(t *testing.T, address, body string, headers ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		return response.StatusCode, err.Error()
	}
	return response.StatusCode, string(answer)
}

func TestRobotsAnswerAsTheRealOnes(t *testing.T) {
	t.Parallel()
	now := time.Now()
	ms := strconv.FormatInt(now.UnixMilli(), 10)
	sign := func(token string) string {
		return "&timestamp=" + ms + "&sign=" + url.QueryEscape(signed("SEC-"+token, ms+"\nSEC-"+token))
	}
	text := `{"msgtype":"text","text":{"content":"hello"}}`
	markdown := `{"msgtype":"markdown","markdown":{"title":"a","text":"b","content":"c"}}`
	larkText := `{"msg_type":"text","content":{"text":"hello"}}`
	old := strconv.FormatInt(now.Add(-2*time.Hour).UnixMilli(), 10)
	_, base := start(t, clock.Clock{})
	for name, c := range map[string]struct{ path, body, want string }{
		"dingtalk signed":              {"/dingtalk/robot/send?access_token=a" + sign("a"), markdown, `"errcode":0`},
		"dingtalk unsigned":            {"/dingtalk/robot/send?access_token=a", text, `"errcode":310000`},
		"dingtalk doubled parameters":  {"/dingtalk/robot/send?access_token=a" + sign("a") + sign("a"), text, `"errcode":310000`},
		"dingtalk stale":               {"/dingtalk/robot/send?access_token=a&timestamp=" + old + "&sign=" + url.QueryEscape(signed("SEC-a", old+"\nSEC-a")), text, `签名过期`},
		"dingtalk other robot's sign":  {"/dingtalk/robot/send?access_token=a" + sign("b"), text, `sign not match`},
		"dingtalk unknown token":       {"/dingtalk/robot/send?access_token=unknown1", text, `"errcode":300005`},
		"dingtalk empty token":         {"/dingtalk/robot/send?access_token=", text, `"errcode":40035`},
		"dingtalk keyword missing":     {"/dingtalk/robot/send?access_token=keyword1", text, `keywords not in content`},
		"dingtalk too long":            {"/dingtalk/robot/send?access_token=a" + sign("a"), strings.Repeat("x", 20_001), `"errcode":460101`},
		"dingtalk unknown type":        {"/dingtalk/robot/send?access_token=a" + sign("a"), `{"msgtype":"poem"}`, `"errcode":400105`},
		"dingtalk no JSON":             {"/dingtalk/robot/send?access_token=a" + sign("a"), `{`, `"errcode":40035`},
		"wecom markdown":               {"/wecom/cgi-bin/webhook/send?key=k", markdown, `"errcode":0`},
		"wecom unknown key":            {"/wecom/cgi-bin/webhook/send?key=unknown", markdown, `"errcode":93000`},
		"wecom 4097 bytes":             {"/wecom/cgi-bin/webhook/send?key=k", `{"msgtype":"markdown","markdown":{"content":"` + strings.Repeat("x", 4097) + `"}}`, `exceed max length 4096`},
		"wecom escaped letters":        {"/wecom/cgi-bin/webhook/send?key=k", `{"msgtype":"markdown","markdown":{"content":"\u003cfont"}}`, `"errcode":40033`},
		"wecom no type":                {"/wecom/cgi-bin/webhook/send?key=k", `{}`, `"errcode":40008`},
		"lark unsigned":                {"/lark/open-apis/bot/v2/hook/t", larkText, `"code":0`},
		"lark must be signed":          {"/lark/open-apis/bot/v2/hook/signed1", larkText, `"code":19021`},
		"lark unknown token, any body": {"/lark/open-apis/bot/v2/hook/unknown", `no json`, `"code":19001`},
		"lark no type":                 {"/lark/open-apis/bot/v2/hook/t", `{}`, `"code":19002`},
		"lark card without elements":   {"/lark/open-apis/bot/v2/hook/t", `{"msg_type":"interactive","card":{}}`, `"code":11246`},
		"webhook unsigned":             {"/webhook/any", `{}`, `received`},
		"webhook must be signed":       {"/webhook/signed-a", `{}`, `webhook-id`},
	} {
		t.Run(name, func(t *testing.T) {
			if _, got := post(t, base+c.path, c.body); !strings.Contains(got, c.want) {
				t.Errorf("answer = %s, want it to hold %s", got, c.want)
			}
		})
	}
}

// The vectors come from other implementations than ours: DingTalk's and Lark's signatures as several public libraries
// compute them, and the Standard Webhooks specification's own example.
func TestSignaturesAreThoseOfIndependentVectors(t *testing.T) {
	t.Parallel()
	if got, want := signed("SECtest0123456789abcdef", "1700000000000\nSECtest0123456789abcdef"), "/lfnxUUu80FwVTsIlv2F1cMGBb+PxEKAwYh/bsRxXcc="; got != want {
		t.Errorf("DingTalk signature = %s, want %s", got, want)
	}
	if got, want := signed("1599360473\ndemo", ""), "l1N0gAcBjdwBvGm1xMjOF0XSyaLRpR7tuO5dHfhAYc8="; got != want {
		t.Errorf("Lark signature = %s, want %s", got, want)
	}
}

func TestDingTalkBlocksForTenMinutesAfterTwentyInAMinute(t *testing.T) {
	t.Parallel()
	robot := newDingTalk()
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	send := func(at time.Time) string {
		r := httptest.NewRequest(http.MethodPost, "/robot/send?access_token=keyword", nil)
		r.Header.Set("Content-Type", "application/json")
		return robot.receive(r, []byte(`{"msgtype":"text","text":{"content":"PAI"}}`), at).code
	}
	for i := range 20 {
		if got := send(now.Add(time.Duration(i) * time.Second)); got != "0" {
			t.Fatalf("message %d: code %s, want 0", i+1, got)
		}
	}
	for _, c := range []struct {
		after time.Duration
		want  string
	}{{20 * time.Second, "130101"}, {10*time.Minute + 19*time.Second, "130101"}, {10*time.Minute + 21*time.Second, "0"}} {
		if got := send(now.Add(c.after)); got != c.want {
			t.Errorf("after %s: code %s, want %s", c.after, got, c.want)
		}
	}
}

func TestFaultsAnswerSoManyTimesAndThenNoMore(t *testing.T) {
	t.Parallel()
	b, base := start(t, clock.Clock{})
	put := func(f string) {
		t.Helper()
		request, err := http.NewRequest(http.MethodPut, base+"/api/faults", strings.NewReader(f))
		if err != nil {
			t.Fatal(err)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusNoContent {
			t.Fatalf("PUT %s: %s", f, response.Status)
		}
	}
	address := base + "/wecom/cgi-bin/webhook/send?key=k"
	good := `{"msgtype":"text","text":{"content":"x"}}`
	put(`{"receiver":"wecom","path":"key=k","code":"45009","times":2}`)
	put(`{"status":429,"headers":{"Retry-After":"7"},"body":"slow down"}`)
	put(`{"reset":true}`)
	put(`{"reset":true,"status":200,"body":"{\"errcode\":0"}`)
	for i, want := range []string{"45009", "45009", "slow down", "EOF|reset", "unexpected EOF", `"errcode":0`} {
		_, got := post(t, address, good)
		found := false
		for _, w := range strings.Split(want, "|") {
			found = found || strings.Contains(got, w)
		}
		if !found {
			t.Errorf("call %d: %s, want %s", i+1, got, want)
		}
	}
	accepted := 0
	for _, m := range b.Messages("wecom", 0) {
		if m.Accepted {
			accepted++
		}
	}
	if accepted != 1 {
		t.Errorf("%d messages count as accepted, want 1", accepted)
	}
}

func TestInboxListsByReceiverAndSequence(t *testing.T) {
	t.Parallel()
	_, base := start(t, clock.Clock{})
	post(t, base+"/webhook/a?x=1", `{"n":12345678901234567890}`, "Webhook-Id", "m1")
	post(t, base+"/webhook/b", `plain`)
	post(t, base+"/lark/open-apis/bot/v2/hook/t", `{}`)
	get := func(query string) (list struct {
		Messages []struct {
			Seq                  int
			Receiver, Path, Code string
			Headers              map[string]string
			Body                 any
			Accepted             bool
		}
	}) {
		response, err := http.Get(base + "/api/inbox?" + query)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if err := json.NewDecoder(response.Body).Decode(&list); err != nil {
			t.Fatal(err)
		}
		return list
	}
	if got := get("receiver=webhook&after=1").Messages; len(got) != 1 || got[0].Path != "/webhook/b" || got[0].Body != "plain" {
		t.Errorf("receiver=webhook after=1 gives %+v, want the one to /webhook/b", got)
	}
	all := get("").Messages
	if len(all) != 3 || all[0].Headers["webhook-id"] != "m1" || all[0].Path != "/webhook/a?x=1" || all[2].Accepted {
		t.Errorf("all = %+v", all)
	}
	response, err := http.Get(base + "/api/inbox?after=x")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("after=x: %s, want 400", response.Status)
	}
}

func TestInboxSurvivesGarbage(t *testing.T) {
	t.Parallel()
	_, base := start(t, clock.Clock{})
	random := rand.New(rand.NewPCG(1, 2))
	paths := []string{"/dingtalk/robot/send?access_token=a", "/wecom/cgi-bin/webhook/send?key=k", "/lark/open-apis/bot/v2/hook/t", "/webhook/x", "/api/faults", "/%00", "/dingtalk/%2e%2e/"}
	for range 300 {
		body := make([]byte, random.IntN(2000))
		for i := range body {
			body[i] = byte(random.UintN(256))
		}
		post(t, base+paths[random.IntN(len(paths))], string(body))
	}
	post(t, base+"/lark/open-apis/bot/v2/hook/t", strings.Repeat("[", 100_000))
	post(t, base+"/wecom/cgi-bin/webhook/send?key=k", string(bytes.Repeat([]byte("x"), 2<<20)))
	if status, got := post(t, base+"/webhook/x", "{}"); status != http.StatusOK {
		t.Errorf("after the garbage: %d %s", status, got)
	}
}
