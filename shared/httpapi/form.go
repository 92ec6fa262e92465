package httpapi

import "strings"

// inChinese tells what huma says of the form of a request, which it says in English alone; see its package validation.
// What it says of requests that only a program could send is left as it is.
func inChinese(said string) string {
	for _, one := range forms {
		if rest, ok := strings.CutPrefix(said, one.en); ok && (rest == "" || strings.HasSuffix(one.en, " ")) {
			return one.zh + strings.TrimSuffix(rest, " to be present")
		}
	}
	return said
}

// forms are beginnings of what huma says; one that ends with a blank is followed by a value.
var forms = []phrase{ //nolint:gochecknoglobals // a table that never changes
	{"unexpected property", "不是可用的字段，请去掉"},
	{"expected required property ", "缺少字段 "},
	{"expected string to be RFC 3339 date-time", "须为 RFC 3339 格式的时间，例如 2026-01-31T08:00:00Z"},
	{"expected string to match pattern ", "须符合格式 "},
	{"expected string to be ", "须为 "},
	{"expected string", "须为文字"},
	{"expected boolean", "须为 true 或 false"},
	{"expected integer", "须为整数"},
	{"expected number >= ", "不能小于 "},
	{"expected number <= ", "不能大于 "},
	{"expected number", "须为数字"},
	{"expected array", "须为列表"},
	{"expected object", "须为对象"},
	{"expected value to be one of ", "须为以下之一："},
	{"expected length <= ", "长度上限为 "},
	{"expected length >= ", "长度下限为 "},
	{"invalid integer", "须为整数"},
	{"invalid date/time ", "不是时间："},
	{"validation failed", "校验未通过"},
}
