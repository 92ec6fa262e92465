package eventbridge_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/eventbridge"
	"pai-notify/shared/rule"
	"pai-notify/shared/rule/ruletest"
)

func wantCode(t *testing.T, what string, err error, code string, words ...string) {
	t.Helper()
	var e *rule.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Errorf("%s = %v, want a *rule.Error %s", what, err, code)
		return
	}
	if e.Advice["en"] == "" || e.Advice["zh"] == "" {
		t.Errorf("%s: no advice in two languages with %v", what, err)
	}
	text := err.Error() + e.Advice["en"]
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s: %q is not in the error and its advice: %s", what, word, text)
		}
	}
	for _, secret := range []string{accessKey, secretKey, stsToken, "planted%2Fsts", ruletest.PlantedToken, ruletest.PlantedSecret, "Signature=", "http://"} {
		if strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error holds %q: %v", what, secret, err)
		}
	}
}

func TestEveryFailureSaysWhatItIsAndWhatToDo(t *testing.T) {
	t.Parallel()
	text := func(status int, body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { w.WriteHeader(status); _, _ = w.Write([]byte(body)) }
	}
	cases := map[string]struct {
		answer func(http.ResponseWriter)
		code   string
		words  []string
	}{
		"not activated":    {text(403, `{"Code":"ServiceNotEnable","Message":"Service not enable","RequestId":"R-1"}`), rule.CodeNotActivated, []string{"R-1", "activate: true"}},
		"access denied":    {text(403, `{"Code":"ServiceAccessDenied","Message":"has not enabled"}`), rule.CodeNotActivated, []string{"activate: true"}},
		"no permission":    {text(403, `{"Code":"AccessDenied","Message":"no"}`), rule.CodeForbidden, []string{"eventbridge:GetRule", "acs:eventbridge:cn-hangzhou:1234567890123456:eventbus/pai-system-nlp_train/rule/r1", "setup/policy"}},
		"403 without code": {text(403, `{}`), rule.CodeForbidden, []string{"eventbridge:GetRule"}},
		"403 as HTML":      {text(403, `<html>no</html>`), rule.CodeUnavailable, []string{"HTTP 403", "no JSON"}},
		"old token":        {text(403, `{"Code":"StsAccessIdExpired","Message":"x"}`), rule.CodeForbidden, []string{"credentials"}},
		"no such key":      {text(404, `{"Code":"InvalidAccessKeyId.NotFound","Message":"x"}`), rule.CodeForbidden, []string{"credentials"}},
		"no such account":  {text(403, `{"Code":"AccountIdNotExist","Message":"x"}`), rule.CodeForbidden, []string{"credentials"}},
		"bad signature, key echoed": {text(400, fmt.Sprintf(`{"Code":"SignatureDoesNotMatch","Message":"server string to sign is: POST&AccessKeyId=%s&SecurityToken=%s %s"}`,
			accessKey, "planted%2Fsts%2Btoken%3D%3D", secretKey)), rule.CodeForbidden, []string{"***"}},
		"429":                  {text(429, `{"Code":"TooManyRequests","Message":"slow down"}`), rule.CodeThrottled, []string{"slow down", "again in a minute"}},
		"throttled by user":    {text(400, `{"Code":"Throttling.User","Message":"x"}`), rule.CodeThrottled, nil},
		"429 as text":          {text(429, `slow`), rule.CodeUnavailable, []string{"HTTP 429"}},
		"500":                  {text(500, `{"Code":"InternalError","Message":"oops"}`), rule.CodeUnavailable, []string{"HTTP 500", "oops"}},
		"502 as HTML":          {text(502, `<html>bad gateway</html>`), rule.CodeUnavailable, []string{"HTTP 502"}},
		"200 as HTML":          {text(200, `<html>welcome</html>`), rule.CodeUnavailable, []string{"no JSON"}},
		"200 and empty":        {text(200, ``), rule.CodeUnavailable, []string{"no JSON"}},
		"200 and {}":           {text(200, `{}`), rule.CodeRefusedByBus, []string{"HTTP 200"}},
		"200 and a list":       {text(200, `[1]`), rule.CodeUnavailable, []string{"no JSON"}},
		"Success=false":        {text(200, `{"Success":false,"Code":"EventRuleFilterPatternSchemaError","Message":"The filter pattern is invalid!"}`), rule.CodeRefusedByBus, []string{"filter pattern is invalid", "error-codes"}},
		"Success as text":      {text(200, `{"Success":"false","Code":"EventBusNotExist"}`), rule.CodeNoWorkspace, nil},
		"bus, status 200":      {text(200, `{"Success":false,"Code":"EventBusNotExist"}`), rule.CodeNoWorkspace, []string{"pai-system-nlp_train", "createBus"}},
		"bus, status 409":      {text(409, `{"Code":"EventBusNotExist"}`), rule.CodeNoWorkspace, nil},
		"too many rules":       {text(409, `{"Code":"EventRuleCountExceedLimit","Message":"50"}`), rule.CodeQuota, []string{"Quota Center"}},
		"numeric code":         {text(403, `{"Code":403,"Message":17}`), rule.CodeForbidden, []string{"HTTP 403 403", "17"}},
		"code is a list":       {text(400, `{"Code":["a"],"Message":{"b":1}}`), rule.CodeRefusedByBus, []string{"HTTP 400"}},
		"Data of another form": {text(200, `{"Success":true,"Code":"200","Data":"none"}`), rule.CodeUnavailable, []string{"another form"}},
		"redirect": {func(w http.ResponseWriter) {
			w.Header().Set("Location", "https://evil.example/")
			w.WriteHeader(http.StatusTemporaryRedirect)
		}, rule.CodeUnavailable, []string{"HTTP 307", "redirect"}},
		"cut off": {func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", "1000")
			_, _ = w.Write([]byte(`{"Success":true`))
		}, rule.CodeUnavailable, []string{"read the answer", "had been written"}},
		"endless": {func(w http.ResponseWriter) {
			chunk := []byte(strings.Repeat(" ", 1<<20))
			for range 9 {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, rule.CodeUnavailable, []string{"more than"}},
		"a long message": {text(400, `{"Code":"X","Message":"`+strings.Repeat("长", 10_000)+`"}`), rule.CodeRefusedByBus, []string{"…"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, f := setup(t)
			f.misbehave(func(_ int, _ string, w http.ResponseWriter) trouble { c.answer(w); return answered })
			_, err := s.Get(context.Background(), workspace, "r1")
			wantCode(t, "Get", err, c.code, c.words...)
			if len(err.Error()) > 2000 {
				t.Errorf("the error has %d bytes", len(err.Error()))
			}
			var operation *smithy.OperationError
			if !errors.As(err, &operation) || operation.OperationName != "GetRule" {
				t.Errorf("error %v names no operation", err)
			}
			_, err = s.Put(context.Background(), workspace, ruletest.Draft("r1", ruletest.DingTalk("ops")), "")
			wantCode(t, "Put", err, c.code)
		})
	}
}

func TestEntriesThatFailAreAnErrorAndSoAreQuotas(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	s, f := setup(t)
	mustPut(t, s, ruletest.Draft("r1", dingtalks("t", 3)...))
	f.misbehave(func(_ int, action string, w http.ResponseWriter) trouble {
		if action == "PutTargets" {
			reply(w, "", map[string]any{"ErrorEntriesCount": 1, "ErrorEntries": []any{
				map[string]any{"EntryId": "2", "ErrorCode": "EventTargetParamInvalid", "ErrorMessage": "Endpoint is invalid"},
			}})
			return answered
		}
		return none
	})
	_, err := s.Put(ctx, workspace, ruletest.Draft("r1", dingtalks("t", 3)...), "")
	wantCode(t, "Put", err, rule.CodeRefusedByBus, "slot 2", "Endpoint is invalid")
	f.misbehave(func(_ int, action string, w http.ResponseWriter) trouble {
		if action == "DeleteTargets" {
			reply(w, "", map[string]any{"ErrorEntriesCount": 1})
			return answered
		}
		return none
	})
	_, err = s.Put(ctx, workspace, ruletest.Draft("r1", dingtalks("t", 1)...), "")
	wantCode(t, "Put", err, rule.CodeRefusedByBus, "DeleteTargets", "1 targets refused")
	f.forget()
	f.quota = 3
	_, err = s.Put(ctx, workspace, ruletest.Draft("r1", dingtalks("t", 5)...), "")
	wantCode(t, "Put", err, rule.CodeQuota, "5 targets a rule")
}

func TestACallEndsWithItsContextAndSaysWhetherItWasWritten(t *testing.T) {
	t.Parallel()
	f := newFake(t, bus)
	c := config(t, f)
	arrived := make(chan struct{}, 1)
	hang := make(chan struct{})
	t.Cleanup(func() { close(hang) })
	server := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-hang:
		case <-r.Context().Done():
		}
	})
	f.Config.Handler = server
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		<-arrived
		cancel()
	}()
	_, err := eventbridge.New(c).Get(ctx, workspace, "r1")
	wantCode(t, "Get that is cancelled", err, rule.CodeUnavailable)
	var failed *eventbridge.CallError
	if !errors.Is(err, context.Canceled) || !errors.As(err, &failed) || !failed.Written {
		t.Errorf("error %v: want context.Canceled and that the request was written", err)
	}
	c.Timeout = 20 * time.Millisecond
	_, err = eventbridge.New(c).Get(context.Background(), workspace, "r1")
	wantCode(t, "Get that takes too long", err, rule.CodeUnavailable)
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v: want context.DeadlineExceeded", err)
	}
}

func TestAnEndpointOutOfReachIsTold(t *testing.T) {
	t.Parallel()
	f := newFake(t, bus)
	c := config(t, f)
	f.Close()
	_, err := eventbridge.New(c).Get(context.Background(), workspace, "r1")
	wantCode(t, "Get", err, rule.CodeUnavailable, "refused", "EVENTBRIDGE_ENDPOINT")
	var failed *eventbridge.CallError
	if errors.As(err, &failed) && failed.Written {
		t.Error("a request that was never written counts as written")
	}
	c.Endpoint = "not a URL"
	_, err = eventbridge.New(c).Get(context.Background(), workspace, "r1")
	wantCode(t, "Get", err, rule.CodeUnavailable, "no base URL")
	c.Credentials = func(context.Context) (eventbridge.Credentials, error) {
		return eventbridge.Credentials{}, errors.New("no role")
	}
	_, err = eventbridge.New(c).Get(context.Background(), workspace, "r1")
	wantCode(t, "Get", err, rule.CodeUnavailable, "no role")
}

func TestAListThatNeverEndsIsAnError(t *testing.T) {
	t.Parallel()
	s, f := setup(t)
	n := 0
	f.misbehave(func(_ int, _ string, w http.ResponseWriter) trouble {
		n++
		reply(w, "", map[string]any{"Rules": []any{map[string]any{"RuleName": "r"}}, "NextToken": fmt.Sprint(n)})
		return answered
	})
	_, err := s.List(context.Background(), workspace)
	var e *rule.Error
	if !errors.As(err, &e) || e.Code != rule.CodeUnavailable {
		t.Errorf("List = %v", err)
	}
}

func TestCredentialsPrintAsNothing(t *testing.T) {
	t.Parallel()
	c := eventbridge.Credentials{AccessKeyID: accessKey, AccessKeySecret: secretKey, SecurityToken: stsToken}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(format, c); strings.Contains(got, "planted") {
			t.Errorf("%s prints %s", format, got)
		}
	}
}
