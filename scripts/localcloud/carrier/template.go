package carrier

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What may stand for a template's variables: help.aliyun.com/document_detail/463270.html and 2806243.html for SMS,
// 414170.html for calls.
const (
	maxVariable = 35  // characters, of SMS
	maxSpoken   = 250 // characters, of all variables of a call together
	maxText     = 500 // characters of a text message with its sign name
)

var (
	placeholder = regexp.MustCompile(`\$\{(\w+)\}`)
	link        = regexp.MustCompile(`(?i)https?:|www\.|\b[a-z0-9-]+\.(?:com|cn|net|org|io)\b`)
	address     = regexp.MustCompile(`\b(?:[0-9]{1,3}\.){3}[0-9]{1,3}\b`)
	phone       = regexp.MustCompile(`(?:^|[^0-9])1[3-9][0-9]{9}(?:$|[^0-9])`)
	moment      = regexp.MustCompile(`^(?:[0-9]{4}[-/]?[0-9]{2}[-/]?[0-9]{2}|[0-9]{4}年[0-9]{1,2}月[0-9]{1,2}日)?\s?` +
		`(?:[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?|[0-9]{1,2}点[0-9]{1,2}分?)?$`)
)

// blocked stands for the words that the services do not send; the real list is not public.
const blocked = "彩票"

// variables are the names in a template, each once.
func variables(template string) []string {
	var names []string
	for _, m := range placeholder.FindAllStringSubmatch(template, -1) {
		if !slices.Contains(names, m[1]) {
			names = append(names, m[1])
		}
	}
	return names
}

// parameters reads TemplateParam or TtsParam: a JSON object of texts.
func parameters(text string) (map[string]string, *no) {
	values := map[string]string{}
	if text == "" {
		return values, nil
	}
	if err := json.Unmarshal([]byte(text), &values); err != nil || values == nil {
		return nil, refuse("isv.INVALID_JSON_PARAM", "JSON参数不合法，只接受字符串值")
	}
	return values, nil
}

// fill puts the values into a template; each was checked.
func fill(template string, values map[string]string) string {
	return placeholder.ReplaceAllStringFunc(template, func(name string) string {
		return values[strings.TrimSuffix(strings.TrimPrefix(name, "${"), "}")]
	})
}

// text is what a text message says, or why it is refused.
func (t Template) text(sign string, values map[string]string) (string, *no) {
	for _, name := range variables(t.Text) {
		value, ok := values[name]
		switch n := utf8.RuneCountInString(value); {
		case !ok:
			return "", refuse("isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值: %s", name)
		case n == 0 || n > maxVariable:
			return "", refuse("isv.PARAM_LENGTH_LIMIT", "参数超过长度限制: 变量%s应为1至%d个字符", name, maxVariable)
		case link.MatchString(value):
			return "", refuse("isv.PARAM_NOT_SUPPORT_URL", "变量%s不支持传入URL", name)
		case strings.Contains(value, blocked):
			return "", refuse("isv.BLACK_KEY_CONTROL_LIMIT", "变量%s包含黑名单关键字", name)
		case phone.MatchString(value), strings.ContainsFunc(value, isOdd):
			return "", refuse("isv.TEMPLATE_PARAMS_ILLEGAL", "传入的变量%s不符合变量规范", name)
		case slices.Contains(t.Times, name) && !moment.MatchString(value):
			return "", refuse("isv.TEMPLATE_PARAMS_ILLEGAL", "传入的变量%s不是时间", name)
		}
	}
	text := "【" + sign + "】" + fill(t.Text, values)
	if utf8.RuneCountInString(text) > maxText {
		return "", refuse("isv.SMS_CONTENT_ILLEGAL", "短信内容超过%d个字符", maxText)
	}
	return text, nil
}

// isOdd is whether a character may not stand in a text message: brackets of sign names, the underscore, symbols,
// pictures and controls. Traditional characters, which may not either, are let through.
func isOdd(r rune) bool {
	if strings.ContainsRune("【】「」『』〖〗_※•", r) {
		return true
	}
	if r < unicode.MaxASCII {
		return !unicode.IsPrint(r)
	}
	return unicode.In(r, unicode.So, unicode.Sm, unicode.Sk, unicode.No, unicode.C) || r == utf8.RuneError
}

// text is what a call says, or why it is refused.
func (s Speech) text(values map[string]string) (string, *no) {
	total := 0
	for _, name := range variables(s.Text) {
		value, ok := values[name]
		switch {
		case !ok || value == "":
			return "", refuse("isv.TEMPLATE_MISSING_PARAMETERS", "模板变量缺少对应参数值: %s", name)
		case link.MatchString(value) || address.MatchString(value):
			return "", refuse("isv.PARAM_NOT_SUPPORT_URL", "变量%s不支持传入URL", name)
		case strings.Contains(value, blocked):
			return "", refuse("isv.BLACK_KEY_CONTROL_LIMIT", "变量%s包含黑名单关键字", name)
		}
		total += utf8.RuneCountInString(value)
	}
	if total > maxSpoken {
		return "", refuse("isv.PARAM_LENGTH_LIMIT", "参数超过长度限制: 变量共%d个字符，最多%d个", total, maxSpoken)
	}
	return fill(s.Text, values), nil
}
