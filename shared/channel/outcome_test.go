package channel_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/channel"
)

func TestOnlyNilIsDelivered(t *testing.T) {
	t.Parallel()
	if got := channel.Classify(nil); got.Class != channel.Delivered {
		t.Errorf("Classify(nil) = %s", got.Class)
	}
	for _, err := range []error{
		errors.New("x"), &channel.Refusal{}, &channel.Refusal{Class: channel.Delivered}, &channel.Broken{Err: errors.New("x")},
		&channel.Broken{Class: channel.Delivered, Err: errors.New("x")}, &smithy.GenericAPIError{Code: "OK"}, context.Canceled,
	} {
		if got := channel.Classify(fmt.Errorf("deliver: %w", err)); got.Class != channel.Unknown {
			t.Errorf("Classify(%#v) = %s, want unknown", err, got.Class)
		}
	}
}

func TestClassifyReadsTheClassHoweverDeepItIsWrapped(t *testing.T) {
	t.Parallel()
	refusal := &channel.Refusal{
		Code: "130101", Text: "send too fast", Class: channel.Throttled, After: 10 * time.Minute,
		Advice: channel.Advice{"en": "wait", "zh": "等待"},
	}
	err := fmt.Errorf("a: %w", errors.Join(errors.New("b"), &smithy.OperationError{ServiceID: "dingtalk", OperationName: "Send", Err: refusal}))
	got := channel.Classify(err)
	if got.Class != channel.Throttled || got.Step != channel.StepAnswer || got.Code != "130101" ||
		got.After != 10*time.Minute || got.Advice.In("zh") != "等待" || got.Advice.In("fr") != "wait" {
		t.Errorf("Classify = %+v", got)
	}
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "130101" || api.ErrorMessage() != "send too fast" || api.ErrorFault() != smithy.FaultClient {
		t.Errorf("the refusal is not found as a smithy.APIError: %v", api)
	}
}

func TestClassifyOfAStrangeErrorShowsNoURL(t *testing.T) {
	t.Parallel()
	inner := &url.Error{Op: "Post", URL: "https://host/send?access_token=SECRET", Err: context.DeadlineExceeded}
	got := channel.Classify(fmt.Errorf("x: %w", &url.Error{Op: "Get", URL: "https://host/SECRET", Err: inner}))
	if strings.Contains(got.Text, "SECRET") || got.Text == "" {
		t.Errorf("text is %q", got.Text)
	}
}

func TestClassIsAWordInJSON(t *testing.T) {
	t.Parallel()
	for _, class := range channel.Classes() {
		text, err := json.Marshal(map[string]channel.Class{"class": class})
		var back map[string]channel.Class
		if err != nil || json.Unmarshal(text, &back) != nil || back["class"] != class {
			t.Errorf("class %s is written %s and read %v (%v)", class, text, back, err)
		}
	}
	var class channel.Class
	if err := class.UnmarshalText([]byte("retry")); err == nil || class != channel.Unknown {
		t.Errorf("a word that is no class is read as %s, %v", class, err)
	}
}

func TestFaultSaysWhoseTurnItIs(t *testing.T) {
	t.Parallel()
	for class, want := range map[channel.Class]smithy.ErrorFault{
		channel.Unknown: smithy.FaultUnknown, channel.Unavailable: smithy.FaultServer, channel.Throttled: smithy.FaultClient,
		channel.Misconfigured: smithy.FaultClient, channel.Rejected: smithy.FaultClient,
	} {
		if got := (&channel.Refusal{Class: class}).ErrorFault(); got != want {
			t.Errorf("fault of %s is %s, want %s", class, got, want)
		}
	}
}
