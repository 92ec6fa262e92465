package channel_test

import (
	"context"
	"fmt"
	"net/http"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/dingtalk"
	"pai-notify/shared/message"
)

// A robot says no with HTTP 200; its channel tells what that means and what to do.
func ExampleClassify() {
	robot := smithyhttp.ClientDoFunc(func(*http.Request) (*http.Response, error) {
		return answer(`{"errcode":310000,"errmsg":"ip 203.0.113.7 not in whitelist"}`), nil
	})
	c := dingtalk.New(channel.Deps{Client: robot})
	to := channel.Settings{"webhook": "https://oapi.dingtalk.com/robot/send?access_token=not-a-real-one"}
	_, err := c.Send(context.Background(), to, message.Message{Title: "Job failed: llm-sft-7b"})

	outcome := channel.Classify(err)
	fmt.Println(err)
	fmt.Println(outcome.Class, outcome.Step, outcome.Code)
	fmt.Println(outcome.Advice.In("en"))
	// Output:
	// operation error dingtalk: Send, refused with 310000: "ip 203.0.113.7 not in whitelist"
	// misconfigured answer 310000
	// The robot only accepts listed IP addresses. Give the function a fixed public IP (NAT gateway) and list it, or switch to signature mode.
}
