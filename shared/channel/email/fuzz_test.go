package email

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/channeltest"
)

func FuzzEmailAnswers(f *testing.F) {
	channeltest.FuzzCloud(f, New, samples(), func(status int, said map[string]any) bool {
		return status/100 == 2 && said["EnvId"] != nil && said["EnvId"] != "" && (said["Code"] == nil || said["Code"] == "")
	})
}

// FuzzReceiptsAreOfOurSender looks for bodies at which reading panics, that count though another sent the mail, or whose
// text shows whom it was for.
func FuzzReceiptsAreOfOurSender(f *testing.F) {
	shared := channel.Settings{"from": "pai@notify.example.com"}
	for _, data := range []string{
		`{"env_id":"1","from":"pai@notify.example.com","rcpt":"` + address + `","err_msg":"no ` + address + ` here","err_code":"554"}`,
		`{"env_id":"1","from":"news@notify.example.com"}`, `{"env_id":1,"account":["pai@notify.example.com"]}`, `null`, `"x"`, `[]`, `{"env_id":{}}`,
	} {
		for _, kind := range []string{"dm:Deliver:Succeed", "dm:Deliver:Fail", "dm:Feedback:FblReport"} {
			f.Add(fmt.Appendf(nil, `{"source":"acs.dm","type":"%s","time":"2026-01-02T03:04:05Z","data":%s}`, kind, data))
		}
	}
	reader := New(channel.Deps{}).(channel.Receipts) //nolint:errcheck // it panics then
	f.Fuzz(func(t *testing.T, body []byte) {
		r, ours := reader.ReadReceipt(shared, body)
		if !ours {
			return
		}
		var said struct{ Source, Type string }
		if err := json.Unmarshal(body, &said); err != nil || !strings.Contains(strings.ToLower(string(body)), "notify") && !strings.Contains(string(body), `\u`) {
			t.Fatalf("%q counts as ours: %v", body, err)
		}
		if r.Receipt == "" || r.Fate != channel.Arrived && r.Fate != channel.Failed || r.Fate == channel.Failed && (r.Text == "" || len(r.Advice) < 2) {
			t.Fatalf("%q is %+v", body, r)
		}
	})
}
