package carrier_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/dysmsapi"

	"pai-notify/scripts/localcloud/inbox"
)

func TestFaultsBreakAServiceBeforeOrAfterItTookTheMessage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault inbox.Fault
		taken bool
		want  func(*dysmsapi.SendSmsResponse, error) bool
	}{
		"a code of the service": {inbox.Fault{Code: "isv.OUT_OF_SERVICE"}, false,
			func(a *dysmsapi.SendSmsResponse, err error) bool { return err == nil && a.Code == "isv.OUT_OF_SERVICE" }},
		"500": {inbox.Fault{Status: 500, Code: "InternalError"}, false, hasCode("InternalError")},
		"a page": {inbox.Fault{Body: "<html>"}, false, func(_ *dysmsapi.SendSmsResponse, err error) bool {
			var e *sdkerrors.ClientError
			return errors.As(err, &e) && e.ErrorCode() == "SDK.JsonUnmarshalError"
		}},
		"nothing":                        {inbox.Fault{Status: 200}, false, func(a *dysmsapi.SendSmsResponse, err error) bool { return err == nil && a.Code == "" }},
		"{}":                             {inbox.Fault{Body: "{}"}, false, func(a *dysmsapi.SendSmsResponse, err error) bool { return err == nil && a.Code == "" }},
		"a broken connection, not taken": {inbox.Fault{Reset: true}, false, failed},
		"a broken connection, taken":     {inbox.Fault{Reset: true, Taken: true}, true, failed},
		"no answer in time, not taken":   {inbox.Fault{DelayMs: 60_000}, false, failed},
		"no answer in time, taken":       {inbox.Fault{DelayMs: 60_000, Taken: true}, true, failed},
		"a late answer": {inbox.Fault{DelayMs: 1, Taken: true}, true,
			func(a *dysmsapi.SendSmsResponse, err error) bool {
				return err == nil && a.Code == "OK" && a.BizId != ""
			}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, still)
			c.fault.Receiver, c.fault.Path = "sms", "/sms/+8613800138000"
			if err := w.inbox.AddFault(c.fault); err != nil {
				t.Fatal(err)
			}
			if code := w.text("13800138001", nil); code != "OK" {
				t.Errorf("somebody else's message: %s", code)
			}
			answer, err := w.sms.SendSms(w.textTo(somebody, func(r *dysmsapi.SendSmsRequest) {
				if c.fault.DelayMs > 1000 {
					r.SetReadTimeout(100 * time.Millisecond)
				}
			}))
			if !c.want(answer, err) {
				t.Errorf("answer %+v, error %v", answer, err)
			}
			if m, body := w.last("sms"); m.Accepted != c.taken || (body["text"] != nil) != c.taken {
				t.Errorf("in the inbox: %+v, want it taken: %v", m, c.taken)
			}
			if code := w.text(somebody, nil); code != "OK" {
				t.Errorf("the next message: %s", code)
			}
			known := len(w.details(somebody, w.clock.Now()))
			if want := map[bool]int{true: 2, false: 1}[c.taken]; known != want {
				t.Errorf("the service knows %d messages, want %d", known, want)
			}
		})
	}
}

func failed(_ *dysmsapi.SendSmsResponse, err error) bool { return err != nil }

func hasCode(code string) func(*dysmsapi.SendSmsResponse, error) bool {
	return func(_ *dysmsapi.SendSmsResponse, err error) bool {
		var e *sdkerrors.ServerError
		return errors.As(err, &e) && e.ErrorCode() == code
	}
}

// The SDK panics over a code that is a number, which its callers must survive.
func TestACodeThatIsANumberIsAnsweredAsItIs(t *testing.T) {
	t.Parallel()
	w := start(t, still)
	if err := w.inbox.AddFault(inbox.Fault{Receiver: "sms", Status: http.StatusBadRequest, Body: `{"Code":400,"Message":"m"}`}); err != nil {
		t.Fatal(err)
	}
	panicked := func() (v any) {
		defer func() { v = recover() }()
		_, err := w.sms.SendSms(w.textTo(somebody, nil))
		return fmt.Sprint("no panic but ", err)
	}()
	if _, isError := panicked.(error); !isError {
		t.Errorf("the SDK did %v, want its panic", panicked)
	}
}

func TestAFaultOfMailHasTheStatusThatDirectMailWouldGiveIt(t *testing.T) {
	t.Parallel()
	w := start(t, still)
	if err := w.inbox.AddFault(inbox.Fault{Receiver: "email", Code: "InvalidQuota"}); err != nil {
		t.Fatal(err)
	}
	if code, _ := w.post("a@example.com", nil); code != "InvalidQuota" {
		t.Errorf("code %s", code)
	}
	if m, _ := w.last("email"); m.Accepted || m.Code != "InvalidQuota" {
		t.Errorf("in the inbox: %+v", m)
	}
}
