package message

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func ExampleCut() {
	fmt.Println(Cut("Pod worker-3 exited with code 137 because it ran out of memory", "en", 48))
	fmt.Println(CutMiddle("Traceback: a long way down the stack, and at the very end of it: CUDA out of memory", "en", 60))
	fmt.Println(Cut("任务因为显存不足而失败，请检查批大小并减小之后重新提交", "zh", 60))
	// Output:
	// Pod worker-3 exited … (42 characters left out)
	// Traceback… (55 characters left out) … CUDA out of memory
	// 任务因为显存不足而失…（省略 17 个字符）
}

func TestACutTextFitsIsAPartOfTheTextAndSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		if rapid.Bool().Draw(t, "bytes") {
			s = string(rapid.SliceOf(rapid.Byte()).Draw(t, "raw"))
		}
		language := rapid.SampledFrom([]string{"en", "zh", "xx", ""}).Draw(t, "language")
		limit := rapid.IntRange(-5, 300).Draw(t, "limit")
		for name, f := range map[string]func(string, string, int) string{"Cut": Cut, "CutMiddle": CutMiddle} {
			got := f(s, language, limit)
			if len(got) > max(limit, 0) {
				t.Fatalf("%s(%q, %d) has %d bytes", name, s, limit, len(got))
			}
			if len(s) <= limit && got != s {
				t.Fatalf("%s(%q, %d) = %q, want it unchanged", name, s, limit, got)
			}
			if utf8.ValidString(s) && !utf8.ValidString(got) {
				t.Fatalf("%s(%q, %d) = %q splits a rune", name, s, limit, got)
			}
			if len(s) > limit && limit >= len(ellipsis) && !strings.Contains(got, ellipsis) {
				t.Fatalf("%s(%q, %d) = %q is cut silently", name, s, limit, got)
			}
			checkCounts(t, s, language, got)
		}
	})
}

// checkCounts takes the notice out and finds what is left at both ends of the text, and as many characters missing as
// the notice says.
func checkCounts(t *rapid.T, s, language, got string) {
	if got == s || strings.Contains(s, ellipsis) {
		return
	}
	head, rest, _ := strings.Cut(got, ellipsis)
	if !strings.HasPrefix(s, head) {
		t.Fatalf("%q does not start with %q", s, head)
	}
	for n := range utf8.RuneCountInString(s) + 1 {
		for _, atEnd := range []bool{true, false} {
			if mark := strings.TrimPrefix(notice(language, n, atEnd), ellipsis); rest != "" && strings.HasPrefix(rest, mark) {
				tail := rest[len(mark):]
				if strings.HasPrefix(tail, ellipsis) || strings.HasPrefix(tail, " "+ellipsis) {
					continue
				}
				if !strings.HasSuffix(s, tail) {
					t.Fatalf("%q does not end with %q", s, tail)
				}
				if whole := utf8.RuneCountInString(head) + n + utf8.RuneCountInString(tail); whole != utf8.RuneCountInString(s) {
					t.Fatalf("%q of %q accounts for %d characters", got, s, whole)
				}
				return
			}
		}
	}
	if rest != "" {
		t.Fatalf("%q has no notice", got)
	}
}

func FuzzLineIsOneVisibleLine(f *testing.F) {
	f.Add("a\nb\x1b[31m\u202e")
	f.Add("\x1b")
	f.Add("\xff\xfe")
	f.Fuzz(func(t *testing.T, s string) {
		got := Line(s)
		if strings.ContainsAny(got, "\n\r\t\x00\x1b\u2028\u2029\u0085\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c") {
			t.Errorf("Line(%q) = %q", s, got)
		}
		if !utf8.ValidString(got) {
			t.Errorf("Line(%q) = %q is no UTF-8", s, got)
		}
		if again := Line(got); again != got {
			t.Errorf("Line(%q) = %q, and once more %q", s, got, again)
		}
	})
}

func BenchmarkCutMiddle(b *testing.B) {
	s := strings.Repeat("显存不足 out of memory\n", 600)
	b.ReportAllocs()
	for b.Loop() {
		_ = CutMiddle(s, "zh", maxReason)
	}
}
