package pattern_test

import (
	"fmt"
	"strings"
	"testing"

	"pai-notify/shared/pattern"
)

// event is as long as a usual one, and the rules below all look at its attributes and data.
const event = `{"id":"0723ccef-616b-51ea-ac3f-4b589f59df54","source":"acs.example","specversion":"1.0","type":"example:Job:Failed",` +
	`"datacontenttype":"application/json;charset=utf-8","subject":"acs:example:cn-wulanchabu:1234567890123456:workspace/20001/job/1",` +
	`"time":"2026-11-24T10:01:00Z","aliyunaccountid":"1234567890123456","aliyuneventbusname":"bus","aliyunregionid":"cn-wulanchabu",` +
	`"data":{"regionId":"cn-wulanchabu","workspaceId":"20001","jobId":"job1a2b3c4d5e6f7","displayName":"llm-sft-7b","status":"Failed",` +
	`"userId":"200000000000000001","userName":"zhang.wei","priority":5,"duration":7140,"reason":"worker exited with code 137 (OOMKilled)."}}`

// rules makes n patterns, of which one in ten fits the event.
func rules(tb testing.TB, n int) []*pattern.Pattern {
	tb.Helper()
	made := make([]*pattern.Pattern, n)
	for i := range made {
		p, err := pattern.Compile(fmt.Sprintf(`{"source":["acs.example"],"type":["example:Job:Stopped","example:Job:Failed"],`+
			`"data":{"workspaceId":["%d"],"status":[{"anything-but":"Running"}],"displayName":[{"prefix":"llm-"}]}}`, 20001+i%10))
		if err != nil {
			tb.Fatal(err)
		}
		made[i] = p
	}
	return made
}

func BenchmarkMatchOne(b *testing.B) {
	p := rules(b, 1)[0]
	b.ReportAllocs()
	for b.Loop() {
		if !p.Match([]byte(event)) {
			b.Fatal("no match")
		}
	}
}

func BenchmarkSet(b *testing.B) {
	for _, n := range []int{1, 10, 50, 500} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			set := pattern.NewSet(rules(b, n)...)
			text := []byte(event)
			b.ReportAllocs()
			for b.Loop() {
				if len(set.Match(text)) != (n+9)/10 {
					b.Fatal("wrong matches")
				}
			}
		})
	}
}

func BenchmarkCompile(b *testing.B) {
	text := `{"source":["acs.example"],"type":[` + strings.Repeat(`"example:Job:Failed",`, 10) + `"x"],"data":{"userId":["1"],"name":[{"prefix":"llm-"}]}}`
	for b.Loop() {
		if _, err := pattern.Compile(text); err != nil {
			b.Fatal(err)
		}
	}
}
