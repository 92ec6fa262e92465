package fault

import (
	"fmt"
	"slices"
	"strings"
)

// Text says what is wrong and what would be right in the languages of the console. It does not name the field: both
// languages read on from its label. As an error it is English. Nil says that nothing is wrong; [Say] makes any other.
type Text interface {
	error
	In(language string) string // zh, or else English
}

// Say makes a text of the same arguments in English and in Chinese, as fmt.Sprintf does; %[2]s and the like give them
// another order. An argument that is a text of several languages itself is told in that of the whole.
func Say(en, zh string, args ...any) Text {
	return said{fmt.Sprintf(en, in("en", args)...), fmt.Sprintf(zh, in("zh", args)...)}
}

func in(language string, args []any) []any {
	list := slices.Clone(args)
	for i, arg := range list {
		if text, ok := arg.(interface{ In(language string) string }); ok {
			list[i] = text.In(language)
		}
	}
	return list
}

// said is what [Say] made.
type said struct{ en, zh string } //nolint:errname // it is a text first

func (s said) Error() string { return s.en }

func (s said) In(language string) string {
	if language == "zh" {
		return s.zh
	}
	return s.en
}

// Names are words that stand side by side in a text, as an argument of [Say].
type Names []string

// In parts them as a language does.
func (n Names) In(language string) string {
	if language == "zh" {
		return strings.Join(n, "、")
	}
	return strings.Join(n, ", ")
}

// missing is the text of a field without a value, of which smithy.ParamRequiredError knows no more.
func missing() Text { return Say("is missing; give it a value", "不能为空，请填写") }
