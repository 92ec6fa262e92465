package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/message"
)

func TestThePageShowsEverySampleAtEveryReceiverInEveryLanguage(t *testing.T) {
	t.Parallel()
	out := filepath.Join(t.TempDir(), "made", "gallery.html")
	if err := run(out, ""); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	for _, s := range sample.All() {
		if !strings.Contains(page, `<section id="`+s.Name+`">`) {
			t.Errorf("sample %s is not on the page", s.Name)
		}
	}
	sections := strings.Split(page, "<section ")
	for _, c := range all.Channels(channel.Deps{}) {
		for _, language := range message.Languages() {
			mark, n := `data-c="`+c.Spec().Name+`" data-l="`+language+`"`, 0
			for _, section := range sections {
				n += strings.Count(section, mark)
			}
			if n < 4 {
				t.Errorf("channel %s has %d messages in %s", c.Spec().Name, n, language)
			}
		}
	}
	for _, outside := range []string{"<link", "src=\"http", "@import", "url(http"} {
		if strings.Contains(page, outside) {
			t.Errorf("the page needs something else: %s", outside)
		}
	}
}

// What a job is called must not become markup of the gallery's own page either.
func TestHostileTextStaysTextOnThePage(t *testing.T) {
	t.Parallel()
	raw, err := draw("hostile")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	for _, never := range []string{"<at", "<img", "onerror=alert(1)>", `href="https://evil`, "<b>b</b>", "\u202e"} {
		if strings.Contains(page, never) {
			t.Errorf("the page holds %q", never)
		}
	}
	if !strings.Contains(page, "＜at id=all＞") || !strings.Contains(page, "&lt;img src=x") {
		t.Error("the hostile text is not shown at all")
	}
}

func TestMarkdownIsDrawnAsRobotsClientsDo(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"### A **b** <i>": "<h3>A <b>b</b> &lt;i&gt;</h3>",
		"- one\n- two":    "<ul><li>one</li><li>two</li></ul>",
		"> a\n> b":        "<blockquote><div>a</div><div>b</div></blockquote>",
		`<font color="info">x</font> [t](https://e.example/?a=1&b) <@u1>`: `<p><span class=info>x</span> <a href="https://e.example/?a=1&amp;b">t</a> <span class=call>@u1</span><br></p>`,
		"a  \nb\nc":         "<p>a<br>b c </p>",
		"x\n\n---\ny":       "<p>x<br></p><hr><p>y<br></p>",
		"[x](javascript:1)": "<p>[x](javascript:1)<br></p>",
		"<font color=red>x": "<p>&lt;font color=red&gt;x<br></p>",
	} {
		if got := string(markdown(given, strings.HasPrefix(given, "a "))); got != want {
			t.Errorf("markdown(%q)\n got %s\nwant %s", given, got, want)
		}
	}
}

func TestAnUnknownSampleIsNamed(t *testing.T) {
	t.Parallel()
	if err := run(filepath.Join(t.TempDir(), "x.html"), "nope"); err == nil || !regexp.MustCompile(`no sample "nope"`).MatchString(err.Error()) {
		t.Errorf("run = %v", err)
	}
	if _, err := client("pigeon", "en", nil); err == nil || !strings.Contains(err.Error(), "pigeon") {
		t.Errorf("a channel without a client: %v", err)
	}
}
