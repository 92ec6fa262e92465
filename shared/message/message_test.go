package message

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/event"
)

var china = time.FixedZone("CST", 8*3600)

func failed() (event.Event, event.View) {
	at := time.Date(2026, 11, 24, 12, 5, 0, 0, time.UTC)
	e := event.Event{ID: "5636f526", Source: "acs.paidlc", SpecVersion: "1.0", Type: "paidlc:Job:Failed", Time: at,
		Extensions: map[string]string{"aliyunregionid": "cn-wulanchabu"}, Data: json.RawMessage(`{"jobId":"dlc1"}`)}
	v := event.View{
		Source: "dlc", Kind: event.Text{"en": "DLC job", "zh": "DLC 任务"}, Known: true, What: "failed", Tone: event.Bad,
		Outcome: event.Text{"en": "Job failed", "zh": "任务失败"}, Severity: event.Error, Failing: true, Final: true,
		ID: "dlc1a2b3c4d5e6f7", Name: "llm-sft-7b", Status: "Failed", Previous: "Running",
		ReasonCode: "JobFailed", Reason: "Pod dlc1a2b3c4d5e6f7-worker-3 exited with code 137 (OOMKilled).",
		OwnerID: "200000000000000001", OwnerName: "zhang.wei", WorkspaceID: "20001", Workspace: "nlp_train",
		Region: "cn-wulanchabu", Quota: "gpu-a100-prod", ObjectType: "PyTorchJob", Restarts: "2/3",
		ConsoleLink: "https://pai.console.aliyun.com/?regionId=cn-wulanchabu&workspaceId=20001#/dlc/jobs/dlc1a2b3c4d5e6f7/overview",
		Started:     at.Add(-119 * time.Minute), Finished: at, Duration: 119 * time.Minute,
	}
	return e, v
}

func lines(m Message) string {
	var b strings.Builder
	b.WriteString(m.Title + "\n")
	for _, f := range m.Facts {
		b.WriteString(f.Name + Colon(m.Language) + f.Value + "\n")
	}
	if m.Link != "" {
		b.WriteString(m.Link + "\n")
	}
	return b.String()
}

func ExampleNew() {
	e, v := failed()
	fmt.Print(lines(New(e, v, Options{Language: "en", Zone: china, Late: 9 * time.Minute})))
	// Output:
	// Job failed: llm-sft-7b
	// Reason: Pod dlc1a2b3c4d5e6f7-worker-3 exited with code 137 (OOMKilled).
	// Exit code: 137 – out of memory (OOM)
	// Next step: Give each node more memory, or use a smaller batch and fewer data-loading workers.
	// Status: Running → Failed
	// Duration: 1 h 59 min
	// Finished: 2026-11-24 20:05:00 CST
	// Started: 2026-11-24 18:06:00 CST
	// Told late by: 9 min
	// Restarts: 2/3
	// Owner: zhang.wei
	// ID: dlc1a2b3c4d5e6f7
	// Workspace: nlp_train
	// Region: cn-wulanchabu
	// Quota: gpu-a100-prod
	// Type: PyTorchJob
	// https://pai.console.aliyun.com/?regionId=cn-wulanchabu&workspaceId=20001#/dlc/jobs/dlc1a2b3c4d5e6f7/overview
}

func ExampleNew_chinese() {
	e, v := failed()
	m := New(e, v, Options{Language: "zh", Zone: china})
	fmt.Println(m.Title)
	for _, f := range m.Facts[:3] {
		fmt.Println(f.Name + Colon("zh") + f.Value)
	}
	// Output:
	// 任务失败：llm-sft-7b
	// 原因：Pod dlc1a2b3c4d5e6f7-worker-3 exited with code 137 (OOMKilled).
	// 退出码：137：内存不足（OOM）
	// 建议：增加每个节点的内存，或减小 batch size 和数据加载进程数。
}

func TestExitCodesAreReadOutOfWords(t *testing.T) {
	t.Parallel()
	for reason, want := range map[string]string{
		"Pod w-3 exited with code 137 (OOMKilled).": "137", "exit code: 1": "1", "ExitCode=245": "245", "exit status 2": "2", "exit 126": "126",
		"节点 worker-0 退出码 1：找不到文件": "1", "退出码：139": "139", "exited after 30 minutes": "", "exit code 0": "", "exit code 12345": "",
		"will exit, 5 left": "", "exit code none": "", "existing 7": "", "Exit. 3 more": "", "first exited normally, then exit code 143": "143",
	} {
		if got := exitCode(event.View{Failing: true, Reason: reason}, reason); got != want {
			t.Errorf("exit code of %q = %q, want %q", reason, got, want)
		}
	}
	if got := exitCode(event.View{Reason: "exit code 1"}, "exit code 1"); got != "" {
		t.Errorf("an event that went well has exit code %s", got)
	}
}

func TestEmptyFactsAreHidden(t *testing.T) {
	t.Parallel()
	m := New(event.Event{}, event.View{Known: true, Outcome: event.Text{"en": "Job failed"}, ID: "dlc1"}, Options{})
	if diff := cmp.Diff([]Fact{{Name: "ID", Value: "dlc1", Field: "id", Detail: true}}, m.Facts); diff != "" {
		t.Error(diff)
	}
	if m.Title != "Job failed: dlc1" {
		t.Errorf("title %q: want the id where the name is missing", m.Title)
	}
}

func TestFurtherValuesAreToldInWordsOfTheLanguage(t *testing.T) {
	t.Parallel()
	v := event.View{Known: true, ID: "dlc1", Duration: time.Hour, Resource: "ECS", Extra: map[string]json.RawMessage{
		"exitCode": json.RawMessage(`137`), "failedPod": json.RawMessage(`"dlc1-worker-3"`), "willRestart": json.RawMessage(`true`),
		"limitMinutes": json.RawMessage(`90`), "keptUntil": json.RawMessage(`"2026-11-24T12:05:00Z"`), "uri": json.RawMessage(`{"a":1}`),
		"switchInSeconds": json.RawMessage(`"soon"`), "maxIdleMinutes": json.RawMessage(`1e300`), "notTold": json.RawMessage(`1`),
		"failedPods": json.RawMessage(`[{"a":[1,2]},{},3]`), "queueCause": json.RawMessage(`"user_limit"`), "gpus": json.RawMessage(`"64"`),
		"nodes": json.RawMessage(`8`), "failedNode": json.RawMessage(`"n7"`),
	}}
	want := `失败 Pod：worker-3（另 2 个），退出码 137：被强制终止，多为内存不足（SIGKILL）
排队原因：创建者已达到该配额的单用户上限
时长：1小时（时限：1小时30分）
失败节点：n7
自动重启：是
保留至：2026-11-24 20:05:00 CST
空闲时限：1e300
切换节点倒计时：soon
ID：dlc1
资源：64 × GPU，8 × 节点，ECS
`
	m := New(event.Event{}, v, Options{Language: "zh", Zone: china})
	if diff := cmp.Diff(m.Title+"\n"+want, lines(m)); diff != "" {
		t.Error(diff)
	}
}

func TestAnUnknownEventIsStillTold(t *testing.T) {
	t.Parallel()
	e := event.Event{Source: "acs.new", Type: "new:Thing:Exploded", Subject: "acs:new:thing/1",
		Data: json.RawMessage(`{"thing":"boiler","degrees":12345678901234567890,"ok":false,"nested":{"a":1},"none":null,"note":"two\nlines"}`)}
	want := `PAI event: new:Thing:Exploded
Event type: new:Thing:Exploded
Event source: acs.new
Subject: acs:new:thing/1
thing: boiler
degrees: 12345678901234567890
ok: false
note: two lines
`
	if diff := cmp.Diff(want, lines(New(e, event.View{}, Options{}))); diff != "" {
		t.Error(diff)
	}
	e.Data = json.RawMessage(`"just text"`)
	if got := lines(New(e, event.View{}, Options{})); !strings.Contains(got, "Data: just text\n") {
		t.Errorf("text as data is not told: %s", got)
	}
	e.Data = json.RawMessage(`{"broken`)
	if got := New(e, event.View{}, Options{}).Title; got == "" {
		t.Error("broken data leave no title")
	}
	unknownType := event.View{Source: "dlc", Kind: event.Text{"en": "DLC job"}, ID: "dlc1", Name: "llm", Status: "Hibernating"}
	if got, want := New(e, unknownType, Options{}).Title, "DLC job Hibernating: llm"; got != want {
		t.Errorf("title = %q, want %q", got, want)
	}
	if got := New(event.Event{}, event.View{}, Options{Language: "zh"}).Title; got != "PAI 事件" {
		t.Errorf("title of nothing = %q", got)
	}
}

func TestALongReasonKeepsItsHeadAndItsLastLines(t *testing.T) {
	t.Parallel()
	e, v := failed()
	v.Reason = "Traceback (most recent call last):\n" + strings.Repeat("  File \"train.py\", line 1\n", 600) + "RuntimeError: 显存不足"
	for _, f := range New(e, v, Options{}).Facts {
		if f.Name != "Reason" {
			continue
		}
		if len(f.Value) > maxReason || !strings.HasPrefix(f.Value, "Traceback") || !strings.HasSuffix(f.Value, "RuntimeError: 显存不足") ||
			!strings.Contains(f.Value, "(595 lines left out)") || strings.Count(f.Value, "\n") != 7 {
			t.Errorf("reason of %d bytes: %q", len(f.Value), f.Value)
		}
		return
	}
	t.Error("there is no reason")
}

func TestHostileTextCannotLeaveItsLine(t *testing.T) {
	t.Parallel()
	e, v := failed()
	v.Name = "a\r\nOwner: \u202eboss\u2066\x1b[31mred\x1b[0m\x00\u200b\u2028b\xff"
	v.OwnerName = v.Name
	m := New(e, v, Options{})
	if want := "Job failed: a  Owner: bossred b\ufffd"; m.Title != want {
		t.Errorf("title = %q, want %q", m.Title, want)
	}
	for _, f := range m.Facts {
		if strings.ContainsAny(f.Value, "\n\r\x00\x1b\u202e\u2066\u200b\u2028") || !utf8.ValidString(f.Value) {
			t.Errorf("%s: %q", f.Name, f.Value)
		}
	}
	v.Name = strings.Repeat("名", 5000)
	if m = New(e, v, Options{}); len(m.Title) > 2*maxName+2 || !strings.Contains(m.Title, "characters left out") {
		t.Errorf("title of %d bytes: %q", len(m.Title), m.Title)
	}
}

func TestDurationTellsItsTwoLargestUnits(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration][2]string{
		0:                                {"", ""},
		-time.Second:                     {"", ""},
		300 * time.Millisecond:           {"under 1 s", "不到1秒"},
		45 * time.Second:                 {"45 s", "45秒"},
		time.Hour:                        {"1 h", "1小时"},
		time.Hour + 5*time.Second:        {"1 h", "1小时"},
		50*time.Hour + 59*time.Minute:    {"2 d 2 h", "2天2小时"},
		24*time.Hour + 5*time.Second:     {"1 d", "1天"},
		5*time.Minute + 1500000*1000:     {"5 min 1 s", "5分1秒"},
		100_000 * time.Hour:              {"4166 d 16 h", "4166天16小时"},
		119*time.Minute + 59*time.Second: {"1 h 59 min", "1小时59分"},
	} {
		if got := [2]string{wordsOf("en").duration(d), wordsOf("zh").duration(d)}; got != want {
			t.Errorf("duration(%v) = %q, want %q", d, got, want)
		}
	}
}

func TestATimeWithoutZoneNameShowsItsOffset(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 5, 0, 0, time.UTC)
	if got, want := moment(at, time.FixedZone("+0530", 19800)), "2026-11-24 17:35:00 UTC+05:30"; got != want {
		t.Errorf("moment = %q, want %q", got, want)
	}
	if got, want := moment(at, time.UTC), "2026-11-24 12:05:00 UTC"; got != want {
		t.Errorf("moment = %q, want %q", got, want)
	}
}

func TestATestMessageSaysThatItIsOne(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 24, 12, 5, 0, 0, time.UTC)
	for language, mark := range map[string]string{"en": "[Test]", "zh": "【测试】"} {
		m := Connectivity(language, "Ding\nTalk", at)
		if !m.Test || !strings.HasPrefix(m.Title, mark) || !strings.Contains(m.Title, "Ding Talk") || m.ID == "" || strings.Contains(m.ID, ".") {
			t.Errorf("%s: %+v", language, m)
		}
		if m.Event.Type != testType || m.Event.ID != m.ID || !json.Valid(m.Event.Data) || len(m.Facts) == 0 {
			t.Errorf("%s: event %+v", language, m.Event)
		}
	}
	if Connectivity("en", "x", at).ID == Connectivity("en", "x", at.Add(1)).ID {
		t.Error("two tests have one id")
	}
}

func BenchmarkNew(b *testing.B) {
	e, v := failed()
	o := Options{Language: "zh", Zone: china, ID: "m1", Late: time.Hour}
	b.ReportAllocs()
	for b.Loop() {
		_ = New(e, v, o)
	}
}

func BenchmarkReadEmbedded(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = readWords(embeddedTexts)
		_ = embeddedForms()
	}
}
