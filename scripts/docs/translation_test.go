package docs

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestTheChineseREADMEIsInStepWithTheEnglishOne compares all that is not prose: headings, blocks of code but for their
// comments, the code and the numbers in each row of each table, and where links lead.
func TestTheChineseREADMEIsInStepWithTheEnglishOne(t *testing.T) {
	t.Parallel()
	english, err := Read(root, "README.md")
	if err != nil {
		t.Fatal(err)
	}
	chinese, err := Read(root, "README.zh.md")
	if err != nil {
		t.Fatal(err)
	}
	same := func(what string, english, chinese []string) {
		t.Helper()
		for i := range max(len(english), len(chinese)) {
			var e, c string
			if i < len(english) {
				e = english[i]
			}
			if i < len(chinese) {
				c = chinese[i]
			}
			if e != c {
				t.Errorf("%s %d differs; change README.md and README.zh.md together:\n  README.md     %s\n  README.zh.md  %s", what, i+1, e, c)
				return
			}
		}
	}
	same("heading", levels(english), levels(chinese))
	same("block of code", code(english), code(chinese))
	same("row of a table", rows(english), rows(chinese))
	same("link", targets(english), targets(chinese))
	same("piece of code in the text, sorted,", inline(english), inline(chinese))
	for _, h := range chinese.Headings() {
		if h.Level > 1 && h.Text != "API" && !regexp.MustCompile(`\p{Han}`).MatchString(h.Text) {
			t.Errorf("README.zh.md: heading %q is not translated", h.Text)
		}
	}
}

func levels(d Document) (list []string) {
	for _, h := range d.Headings() {
		list = append(list, strings.Repeat("#", h.Level))
	}
	return list
}

// code are the blocks without comments; of what is no language, the first word of each line.
func code(d Document) (list []string) {
	for _, b := range d.Blocks() {
		text := b.Text
		switch b.Language {
		case "sh":
			text = regexp.MustCompile(`(?m)(?:^| +)# .*$`).ReplaceAllString(text, "")
		case "":
			text = regexp.MustCompile(`(?m)^(\S+).*$`).ReplaceAllString(text, "$1")
		}
		list = append(list, b.Language+" "+b.Info+"\n"+text)
	}
	return list
}

// figure is code or a number.
var figure = regexp.MustCompile("`[^`]+`" + `|\d+(?:[.,]\d+)*`)

func rows(d Document) (list []string) {
	for _, table := range d.Tables() {
		for _, row := range table {
			found := figure.FindAllString(strings.Join(row.Cells, " | "), -1)
			slices.Sort(found)
			list = append(list, strings.Join(found, " · "))
		}
		list = append(list, "end of a table")
	}
	return list
}

// inline is the code in the text but for plain words, which a language may say otherwise; sorted, since it orders otherwise.
func inline(d Document) (list []string) {
	text := ""
	d.prose(func(_ int, line string) { text += line + " " })
	for _, m := range quoted.FindAllStringSubmatch(text, -1) {
		if token := strings.Join(strings.Fields(m[1]), " "); regexp.MustCompile(`[^a-z]`).MatchString(token) {
			list = append(list, token)
		}
	}
	slices.Sort(list)
	return list
}

func targets(d Document) (list []string) {
	for _, l := range d.Links() {
		list = append(list, strings.Replace(l.Target, "README.zh.md", "README.md", 1))
	}
	return list
}
