package channel_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"pai-notify/shared/channel"
	"pai-notify/shared/message"
)

func TestMarkdownKeepsNamesReadable(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"llm_sft_7b (copy).py":           "llm_sft_7b (copy).py",
		"任务_一":                           "任务_一",
		"_a_ __b__":                      "＿a＿ ＿＿b＿＿",
		"<at id=all></at>":               "＜at id=all＞＜/at＞",
		"@all @13800138000":              "＠all ＠13800138000",
		"[x](https://evil.example/)":     "［x］(https://evil.example/)",
		"**b** `c` ~d~ # e | f \\ &lt;g": "＊＊b＊＊ ｀c｀ ～d～ ＃ e ｜ f ＼ ＆lt;g",
		"two\r\nlines":                   "two  lines",
	} {
		if got := channel.Markdown(text); got != want {
			t.Errorf("Markdown(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzMarkdownHasNoMarkup(f *testing.F) {
	f.Add("<at id=all></at>")
	f.Add("_\u202e_\xff[\u2028](")
	f.Fuzz(func(t *testing.T, text string) {
		got := channel.Markdown(text)
		if strings.ContainsAny(got, "[]*~`#<>@|\\&\r\n\x00\u202e\u2028") || !utf8.ValidString(got) {
			t.Errorf("Markdown(%q) = %q", text, got)
		}
		if strings.HasPrefix(got, "_") || strings.HasSuffix(got, "_") || strings.Contains(got, "__") {
			t.Errorf("Markdown(%q) = %q has an underscore that is markup", text, got)
		}
	})
}

func TestShortIsOneLineOfAtMost200Bytes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + strings.Repeat(rapid.String().Draw(t, "text"), 40)
		got := channel.Short(text)
		if len(got) > 200 || !utf8.ValidString(got) || strings.ContainsAny(got, "\r\n\x00\x1b") {
			t.Fatalf("Short(%q) = %q", text, got)
		}
	})
	long := strings.Repeat("错", 100)
	if got := channel.Short(long); !strings.HasSuffix(got, "错…") || len(got) < 195 {
		t.Errorf("Short = %q", got)
	}
}

func TestLinkOpensOnlyHTTPSAndCannotEndEarly(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://pai.console.aliyun.com/?a=b&c=d#/x/y": "https://pai.console.aliyun.com/?a=b&c=d#/x/y",
		"https://h/a)b(c[d]e":                          "https://h/a%29b%28c%5Bd%5De",
		"https://h/<at id=all>":                        "https://h/%3Cat%20id=all%3E",
		"http://h/":                                    "",
		"javascript:alert(1)":                          "",
		"//h/":                                         "",
		"https://user@h/":                              "",
		"":                                             "",
	} {
		if got := channel.Link(address); got != want {
			t.Errorf("Link(%q) = %q, want %q", address, got, want)
		}
	}
}

func TestMembersReadsOnlyWhatCannotBeMisread(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`{"errcode":0,"errmsg":"ok"}`:              "0",
		` {"a":{"errcode":1},"errcode" : 310000} `: "310000",
		`{"errcode":"0"}`:                          `"0"`,
		`{"errcode":null}`:                         "",
		`{"ErrCode":0}`:                            "",
		`{}`:                                       "",
		`{"errcode":0}{}`:                          "no",
		`{"errcode":0,"errcode":1}`:                "no",
		`{"errcode":null,"errcode":0}`:             "no",
		`{"errcode":0`:                             "no",
		`[{"errcode":0}]`:                          "no",
		`"errcode"`:                                "no",
		``:                                         "no",
		`<html>`:                                   "no",
		strings.Repeat("[", 20000):                 "no",
		strings.Repeat(`{"a":`, 20000):             "no",
		"{\"errcode\":0,\"errmsg\":\"\xff\"}":      "0",
		`{"errmsg":"{\"errcode\":0}","errcode":40035}`: "40035",
	} {
		values, ok := channel.Members([]byte(body), "errcode")
		got := string(values[0])
		if !ok {
			got = "no"
		}
		if got != want {
			t.Errorf("Members(%.40q) = %s, want %s", body, got, want)
		}
	}
}

func TestFitSaysWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	render := func(m message.Message) ([]byte, error) {
		return json.Marshal([]any{m.Title, m.Facts, m.Items, message.MoreText("zh", m.More)})
	}
	rapid.Check(t, func(t *rapid.T) {
		m := message.Message{Title: rapid.StringN(0, 300, 400).Draw(t, "title"), Language: "zh"}
		for range rapid.IntRange(0, 40).Draw(t, "facts") {
			m.Facts = append(m.Facts, message.Fact{Name: "n", Value: rapid.StringN(0, 3000, 4000).Draw(t, "value")})
		}
		for range rapid.IntRange(0, 30).Draw(t, "items") {
			m.Items = append(m.Items, message.Item{Title: rapid.StringN(0, 50, 80).Draw(t, "item")})
		}
		limit := rapid.IntRange(1200, 20_000).Draw(t, "limit")
		before, err := render(m)
		if err != nil {
			t.Fatal(err)
		}
		got, err := channel.Fit(m, limit, render)
		if err != nil || len(got) > limit {
			t.Fatalf("Fit gave %d bytes of %d, %v", len(got), limit, err)
		}
		if len(before) <= limit && string(got) != string(before) {
			t.Fatal("Fit changed what had room")
		}
		if len(before) > limit && !strings.Contains(string(got), "…") {
			t.Fatalf("Fit left something out without a word: %s", got)
		}
		if after, err := render(m); err != nil || string(after) != string(before) {
			t.Fatal("Fit changed the message it was given")
		}
	})
}

func BenchmarkMarkdown(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		channel.Markdown("JobFailed: Pod dlc1a2b3c4d5e6f7-worker-3 exited with code 137 (OOMKilled) <GPU 0>.")
	}
}
