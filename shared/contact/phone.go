package contact

import (
	"regexp"
	"strings"

	"pai-notify/shared/fault"
)

// mainland is the country code of mainland China.
const mainland = "+86"

const mobileDigits = 11

var shortened = regexp.MustCompile(`^[0-9.]+[eE]\+?[0-9]+$`) // as spreadsheets do with long numbers

// parsePhone reads a telephone number as people write it. Numbers of mainland China need no country code.
func parsePhone(text string) (string, fault.Text) {
	if phone, ok := e164(text); ok {
		return phone, nil
	}
	switch digits := plain(text); {
	case shortened.MatchString(text):
		return "", fault.Say("was shortened by a spreadsheet; format its column as text, and enter the number again",
			"被电子表格缩写了，请把该列设为文本格式，再重新填写")
	case strings.HasPrefix(digits, "0"):
		return "", fault.Say("is a fixed line without a country code; write it as +86 and the area code without its 0: +86 571 8888 8888",
			"是没有国家代码的固定电话，请写成 +86 加不带 0 的区号：+86 571 8888 8888")
	case strings.HasPrefix(digits, mainland), len(digits) == mobileDigits && !strings.HasPrefix(digits, "+"):
		return "", fault.Say("is no number of mainland China; a mobile one has 11 digits and begins with 13 to 19",
			"不是中国内地的号码；手机号有 11 位，以 13 至 19 开头")
	}
	return "", fault.Say("is no telephone number; write the country code before it, as in +86 138 0013 8000 or +1 415 555 2671",
		"不是电话号码，请在前面加上国家代码，例如 +86 138 0013 8000、+1 415 555 2671")
}

// e164 reads a telephone number into the form of ITU-T E.164, at most 15 digits with the country code.
func e164(text string) (phone string, ok bool) {
	digits := plain(text)
	switch {
	case len(digits) == mobileDigits && isMobile(mainland+digits):
		digits = mainland + digits
	case len(digits) == 2+mobileDigits && isMobile("+"+digits): // 86138…
		digits = "+" + digits
	case strings.HasPrefix(digits, "00"):
		digits = "+" + digits[2:]
	}
	number, international := strings.CutPrefix(digits, "+")
	switch {
	case !international, len(number) < 8, len(number) > 15, number[0] == '0', strings.Trim(number, "0123456789") != "":
		return "", false
	case strings.HasPrefix(digits, mainland) && !isMobile(digits) && !isFixed(digits[len(mainland):]):
		return "", false
	}
	return digits, true
}

// isMobile holds for +861 and ten digits, the first of them 3 to 9: MIIT's numbering plan.
func isMobile(phone string) bool {
	n, found := strings.CutPrefix(phone, mainland)
	return found && len(n) == mobileDigits && n[0] == '1' && n[1] >= '3' && n[1] <= '9' && strings.Trim(n, "0123456789") == ""
}

// isFixed holds for an area code without its 0, which is 10 or two to three digits from 2 on, and a number of 7 or 8.
func isFixed(n string) bool {
	if strings.HasPrefix(n, "10") {
		return len(n) == 10
	}
	return len(n) >= 9 && len(n) <= 11 && n[0] >= '2'
}

// plain drops what people put between digits, and takes full-width signs for what they stand for.
func plain(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '０' && r <= '９':
			return r - '０' + '0'
		case r == '＋':
			return '+'
		case strings.ContainsRune(" \u00a0\u3000-‐‑–—－().（）/", r):
			return -1
		}
		return r
	}, strings.TrimSpace(text))
}
