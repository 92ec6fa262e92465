package channeltest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"pai-notify/shared/channel"
)

// FuzzCloud gives a channel that is a service of Alibaba Cloud, and the SDK that it calls it with, all kinds of answers: to
// sending and to the question what became of a message. Nothing may panic; what yes does not take for an acceptance may not
// pass for one; no error shows a secret, whatever the service echoes.
func FuzzCloud(f *testing.F, newChannel func(channel.Deps) channel.Channel, s Samples, yes func(status int, said map[string]any) bool) {
	f.Helper()
	for _, body := range []string{
		s.Accepted, s.Answer("Throttling.User", "too often"), s.Answer(s.Unlisted, strings.Join(s.Secrets, " ")), "", "{", "null", "<html>", `"x"`,
		`{"Code":1}`, `{"Code":"OK","Code":null}`, `{"code":"OK"}`, `{"Code":["OK"],"Message":{}}`, `{"Code":1e999}`,
		`{"Code":"OK","SmsSendDetailDTOs":{"SmsSendDetailDTO":[{"OutId":"1","SendStatus":3,"ReceiveDate":"2026-01-02 03:04:05"}]}}`,
		`{"Code":"OK","SmsSendDetailDTOs":{"SmsSendDetailDTO":[null,{"SendStatus":"2","ErrCode":{"a":1}}]}}`,
		`{"Code":"OK","SmsSendDetailDTOs":"x"}`, `{"Code":"OK","Data":"{\"state\":\"200104\",\"callId\":\"1\"}"}`, `{"Code":"OK","Data":"{"}`,
	} {
		for _, status := range []int{200, 400, 503} {
			f.Add(status, body)
		}
	}
	var status int
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body) // an answer without a body takes none
	}))
	f.Cleanup(server.Close)
	c := newChannel(channel.Deps{Now: At, Cloud: channel.NewCloud("cn-hangzhou", server.URL, Keys)})
	key := Key()
	secrets := append([]string{key.AccessKeyID, key.AccessKeySecret, key.SecurityToken}, s.Secrets...)
	to := s.Settings("")
	known := slices.DeleteFunc(slices.Clone(secrets[3:]), func(secret string) bool { return !strings.Contains(to[channel.To], secret) })
	known = append(known, secrets[:3]...) // of the message a question says only the id
	f.Fuzz(func(t *testing.T, code int, text string) {
		if code < 200 || code > 599 {
			return // net/http gives no other as an answer
		}
		status, body = code, text
		receipt, err := c.Send(t.Context(), to, Message())
		if err == nil {
			said := map[string]any{}
			if json.Unmarshal([]byte(text), &said) != nil || !yes(code, said) {
				t.Fatalf("status %d with %q was taken for an acceptance with receipt %q", code, text, receipt)
			}
		} else if outcome := channel.Classify(err); outcome.Class == channel.Delivered || outcome.Code == "" || len(outcome.Advice) < 2 {
			t.Fatalf("status %d with %q gives %+v", code, text, outcome)
		}
		check := func(secrets []string, shown string) {
			for _, secret := range secrets {
				if strings.Contains(shown, secret) {
					t.Fatalf("status %d with %q shows a secret: %s", code, text, shown)
				}
			}
		}
		check(secrets, fmt.Sprintf("%v %+v", err, channel.Classify(err)))
		if asks, ok := c.(channel.Reporter); ok {
			report, err := asks.Report(t.Context(), to, channel.Query{Receipt: receipt, ID: "1", Sent: At()})
			if err == nil && (report.Fate < channel.Pending || report.Fate > channel.Failed) {
				t.Fatalf("status %d with %q: the message's fate is %+v", code, text, report)
			}
			if err == nil && report.Fate == channel.Failed && (report.Text == "" || len(report.Advice) < 2) {
				t.Fatalf("status %d with %q: a failure without a word: %+v", code, text, report)
			}
			check(known, fmt.Sprintf("%v %+v", err, report))
		}
	})
}
