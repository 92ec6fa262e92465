package aliyun_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/aliyun"
	"pai-notify/shared/channel/channeltest"
)

const own = `[
  {"signal": "code", "code": "OK", "class": "delivered", "meaning": "accepted", "advice": {"en": "a", "zh": "b"}, "source": "[I]"},
  {"signal": "code", "code": "isv.NO_MONEY", "class": "misconfigured", "meaning": "no money", "advice": {"en": "pay", "zh": "充值"}, "source": "[I]"}
]`

func spec() channel.Spec {
	return channel.Spec{Name: "pager", Contacts: true, Shared: []channel.Field{{Name: "sender", Required: true}}}
}

func settings() channel.Settings {
	return channel.Settings{"sender": "x", channel.To: "+8613800138000"}
}

// call makes one call and tells what Judge makes of the answer.
func call(t *testing.T, d channel.Deps, to channel.Settings) error {
	t.Helper()
	api := aliyun.New(d, spec(), []byte(own))
	return api.Do(t.Context(), to, aliyun.Call{
		Request: dysmsapi.CreateSendSmsRequest(), Host: "dysmsapi.aliyuncs.com",
		Form: map[string]string{"PhoneNumbers": "13800138000", "Empty": "", "Odd": "a b+c&d=~*'()%任务\n"}, Private: []string{"private text"},
	}, func(status int, _ http.Header, body []byte) error {
		answer, _ := aliyun.Read(status, body)
		return api.Judge(answer)
	})
}

func TestSignedParametersArriveWhateverTheirSigns(t *testing.T) {
	t.Parallel()
	g := channeltest.NewGateway(t, func(form url.Values) (int, string) {
		if form.Get("Odd") != "a b+c&d=~*'()%任务\n" || form.Has("Empty") || form.Get("RegionId") != "cn-hangzhou" {
			t.Errorf("parameters %v", form)
		}
		return http.StatusOK, `{"Code":"OK"}`
	}, "13800138000", "任务")
	for range 3 {
		if err := call(t, g.Deps(), settings()); err != nil {
			t.Error(err)
		}
	}
	nonces := map[string]bool{}
	for _, form := range g.Calls() {
		nonces[form.Get("SignatureNonce")+form.Get("Signature")] = true
	}
	if len(nonces) != 3 {
		t.Errorf("three calls have %d nonces and signatures", len(nonces))
	}
}

func TestAnswersAtWhichTheSDKPanicsOrLiesHaveAClass(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status int
		body   string
		class  channel.Class
		code   string
	}{
		"a numeric code":             {400, `{"Code":40404,"Message":"x"}`, channel.Rejected, "40404"},
		"a numeric code and a 200":   {200, `{"Code":200}`, channel.Unknown, "200"},
		"a numeric code and a 503":   {503, `{"Code":503}`, channel.Unavailable, "HTTP 503"},
		"a code that is an object":   {400, `{"Code":{"a":1}}`, channel.Rejected, `{"a":1}`},
		"a code that is null":        {400, `{"Code":null,"Message":null}`, channel.Unknown, "HTTP 400"},
		"a page with 200":            {200, "<html>", channel.Unknown, "HTTP 200"},
		"an empty object":            {200, "{}", channel.Unknown, "HTTP 200"},
		"nothing":                    {200, "", channel.Unknown, "HTTP 200"},
		"null":                       {200, "null", channel.Unknown, "HTTP 200"},
		"a page with 502":            {502, "<html>", channel.Unavailable, "HTTP 502"},
		"a page with 404":            {404, "<html>", channel.Unknown, "HTTP 404"},
		"no with HTTP 200":           {200, `{"Code":"isv.NO_MONEY"}`, channel.Misconfigured, "isv.NO_MONEY"},
		"yes with HTTP 500":          {500, `{"Code":"OK"}`, channel.Unavailable, "HTTP 500"},
		"the gateway's own":          {404, `{"Code":"InvalidAccessKeyId.NotFound"}`, channel.Misconfigured, "InvalidAccessKeyId.NotFound"},
		"a new fault of the service": {200, `{"Code":"isp.NEW"}`, channel.Unavailable, "isp.NEW"},
		"a new limit":                {400, `{"Code":"Throttling.New"}`, channel.Throttled, "Throttling.New"},
		"a family that is none":      {200, `{"Code":"http.x"}`, channel.Unknown, "http.x"},
	} {
		g := channeltest.NewGateway(t, func(url.Values) (int, string) { return c.status, c.body })
		got := channel.Classify(call(t, g.Deps(), settings()))
		if got.Class != c.class || got.Code != c.code || got.Advice["en"] == "" || got.Advice["zh"] == "" {
			t.Errorf("%s: %+v, want %s with code %s", name, got, c.class, c.code)
		}
	}
}

func TestWhatKeepsACallFromBeingMadeIsSaidWithoutSecrets(t *testing.T) {
	t.Parallel()
	g := channeltest.NewGateway(t, func(url.Values) (int, string) { return 200, `{"Code":"OK"}` })
	refusing := func(context.Context) (channel.Credentials, error) {
		return channel.Credentials{}, errors.New("no role for +8613800138000")
	}
	for name, c := range map[string]struct {
		cloud channel.Cloud
		to    channel.Settings
		code  string
	}{
		"no credentials":      {channel.NewCloud("cn-hangzhou", g.URL, nil), settings(), "credentials"},
		"refused credentials": {channel.NewCloud("cn-hangzhou", g.URL, refusing), settings(), "credentials"},
		"a faulty endpoint":   {channel.Cloud{Region: "cn-hangzhou", Endpoint: "://x", Credentials: channeltest.Keys}, settings(), "endpoint"},
		"no sender":           {channel.NewCloud("cn-hangzhou", g.URL, channeltest.Keys), channel.Settings{channel.To: "+8613800138000"}, "settings"},
	} {
		err := call(t, channel.Deps{Cloud: c.cloud}, c.to)
		got := channel.Classify(err)
		if got.Class != channel.Misconfigured || got.Step != channel.StepAddress || got.Code != c.code || len(got.Advice) != 2 {
			t.Errorf("%s: %+v, want misconfigured with code %s", name, got, c.code)
		}
		if strings.Contains(fmt.Sprint(err), "138") {
			t.Errorf("%s: the error shows the number: %v", name, err)
		}
	}
	if calls := g.Calls(); len(calls) != 0 {
		t.Errorf("%d calls were made", len(calls))
	}
}

func TestErrorsShowNeitherKeysNorNumbersNorPrivateTexts(t *testing.T) {
	t.Parallel()
	key := channeltest.Key()
	g := channeltest.NewGateway(t, func(form url.Values) (int, string) {
		echo, err := json.Marshal(map[string]string{"Code": "New.Code", "Message": strings.Join([]string{
			"13800138000", "+8613800138000", form.Get("AccessKeyId"), form.Get("SecurityToken"), form.Get("Signature"), "private text",
			url.QueryEscape(form.Get("Signature")),
		}, " ")})
		if err != nil {
			t.Error(err)
		}
		return http.StatusBadRequest, string(echo)
	})
	err := call(t, g.Deps(), settings())
	for _, secret := range []string{"13800138000", key.AccessKeyID, key.SecurityToken, "private", g.Calls()[0].Get("Signature")} {
		if strings.Contains(fmt.Sprintf("%v %+v", err, channel.Classify(err)), secret) {
			t.Errorf("%q is shown: %v", secret, err)
		}
	}
}

func TestAnEnvironmentsProxyIsNotUsed(t *testing.T) { // it sets the environment, so it is not parallel
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"} {
		t.Setenv(name, "http://user:hunter2@%%%:1")
	}
	g := channeltest.NewGateway(t, func(url.Values) (int, string) { return 200, `{"Code":"OK"}` })
	if err := call(t, g.Deps(), settings()); err != nil {
		t.Error(err)
	}
}

func TestAdviceIsThatOfTheCodesFamily(t *testing.T) {
	t.Parallel()
	api := aliyun.New(channel.Deps{}, spec(), []byte(own))
	for code, want := range map[string]string{
		"isv.NO_MONEY": "pay", "isp.NEW": "busy", "Throttling.New": "too often", "isv.NEW": "not known here", "MissingParameter": "form",
		"HTTP 502": "busy", "credentials": "role", "settings": "settings", "unclear": "twice",
	} {
		if got := api.Advise(code, ""); !strings.Contains(got["en"], want) || got["zh"] == "" {
			t.Errorf("advice on %s is %v, want one with %q", code, got, want)
		}
	}
}

// FuzzRead looks for answers at which reading panics, or that pass for a yes without being one.
func FuzzRead(f *testing.F) {
	api := aliyun.New(channel.Deps{}, spec(), []byte(own))
	for _, body := range []string{`{"Code":"OK"}`, `{"Code":1}`, `{"Code":"OK","Code":"x"}`, `{"code":"OK"}`, "", "{", "<html>", `{"Code":["OK"]}`, `{"Code":" "}`} {
		f.Add(200, []byte(body))
		f.Add(400, []byte(body))
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if status < 100 || status > 999 {
			return // net/http gives no other
		}
		answer, _ := aliyun.Read(status, body, "BizId")
		err := api.Judge(answer)
		if err == nil {
			var said map[string]any
			if json.Unmarshal(body, &said) != nil || said["Code"] != "OK" || status/100 != 2 {
				t.Fatalf("status %d with %q was taken for success", status, body)
			}
			return
		}
		refusal, ok := err.(*channel.Refusal) //nolint:errorlint // Judge gives it bare
		if !ok || refusal.Class == channel.Delivered || refusal.Code == "" || len(refusal.Text) > 200 || len(refusal.Advice) < 2 {
			t.Fatalf("status %d with %q gives %+v", status, body, err)
		}
	})
}
