package contact

import (
	"net/mail"
	"regexp"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/aws/smithy-go"

	"pai-notify/shared/fault"
	"pai-notify/shared/message"
)

// Limits of a contact, in characters.
const (
	maxName   = 64
	MaxNote   = 256
	maxPhone  = 40 // as written
	maxEmail  = 254
	maxLocal  = 64 // of a mail address, before the @: RFC 5321
	maxChatID = 128
)

var (
	idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)
	// The ASCII part of RFC 5322's dot-atom; a quoted local part could hold what means something in a list of addresses.
	localForm  = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*$`)
	domainForm = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$`)
)

// Normal gives the contact as the [Book] keeps it, and all its faults. An empty id is none of them: the book finds one.
func (c Contact) Normal() (Contact, smithy.InvalidParamsError) {
	var faults smithy.InvalidParamsError
	add := func(field string, text fault.Text) {
		if text != nil {
			faults.Add(fault.New(field, text))
		}
	}
	c.ID = strings.TrimSpace(c.ID)
	if c.ID != "" {
		add("ID", checkID(c.ID))
	}
	if c.Name = strings.TrimSpace(c.Name); c.Name == "" {
		faults.Add(smithy.NewErrParamRequired("Name"))
	} else {
		add("Name", checkLine(c.Name, maxName))
	}
	var wrong fault.Text
	if c.Phone = strings.TrimSpace(c.Phone); len(c.Phone) > maxPhone {
		add("Phone", fault.Say("is too long for a telephone number; give one number", "过长，不是一个电话号码，请只填一个"))
	} else if c.Phone != "" {
		c.Phone, wrong = parsePhone(c.Phone)
		add("Phone", wrong)
	}
	if c.Email = strings.TrimSpace(c.Email); c.Email != "" {
		c.Email, wrong = parseEmail(c.Email)
		add("Email", wrong)
	}
	if c.Language = strings.ToLower(strings.TrimSpace(c.Language)); c.Language != "" {
		if wrong = message.CheckLanguage(c.Language); wrong != nil {
			add("Language", fault.Say("%s, or be left out for the target's", "%s，或留空以按目标的语言", wrong))
		}
	}
	if c.Zone = strings.TrimSpace(c.Zone); c.Zone != "" {
		if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "Local" || len(c.Zone) > 64 {
			add("Zone", fault.Say("is no time zone's name such as Asia/Shanghai or UTC; leave it out for the deployment's",
				"不是时区名称，应形如 Asia/Shanghai 或 UTC；留空则按部署的时区"))
		}
	}
	for _, id := range []struct {
		field string
		value *string
	}{{"dingtalk", &c.DingTalk}, {"wecom", &c.WeCom}, {"lark", &c.Lark}, {"PAIUser", &c.PAIUser}} {
		*id.value = strings.TrimSpace(*id.value)
		add(id.field, checkChatID(*id.value))
	}
	c.Note = strings.TrimSpace(c.Note)
	add("Note", checkLine(c.Note, MaxNote))
	return c, faults
}

// checkID keeps telephone numbers out of ids, because ids stand in rules, addresses of the API, and logs.
func checkID(id string) fault.Text {
	switch {
	case !idForm.MatchString(id):
		return fault.Say("must be 1 to 64 of a-z 0-9 - _ . and begin with a letter or digit; leave it out for one made of the name",
			"须为 1 至 64 个 a-z 0-9 - _ . 并以字母或数字开头；留空则由姓名生成")
	case likeNumber(id):
		return fault.Say("looks like a telephone number, and ids are shown to all and logged; choose a word",
			"像电话号码，而标识对所有人可见并写入日志，请换成文字")
	case strings.HasPrefix(id, "openapi"):
		return fault.Say("begins with openapi, which the API needs for itself; choose another", "以 openapi 开头，该前缀为 API 保留，请换一个")
	}
	return nil
}

// likeNumber holds for what is digits and signs alone, seven digits or more.
func likeNumber(id string) bool {
	digits := strings.Map(func(r rune) rune {
		if strings.ContainsRune("-_.", r) {
			return -1
		}
		return r
	}, id)
	return len(digits) >= 7 && strings.Trim(digits, "0123456789") == ""
}

func checkLine(text string, most int) fault.Text {
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		return fault.Say("is not valid UTF-8; save it again as UTF-8", "不是有效的 UTF-8，请重新保存为 UTF-8")
	case n > most:
		return fault.Say("has %d characters, at most %d are allowed; shorten it", "有 %d 个字符，最多 %d 个，请缩短", n, most)
	case strings.ContainsFunc(text, unprintable):
		return fault.Say("holds a line break or an invisible sign; write it in one line", "含有换行或不可见字符，只能写一行")
	}
	return nil
}

// unprintable are control characters, the byte order mark, and those that turn the direction of writing.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == '\ufffd' ||
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' || r == '\u061c'
}

func checkChatID(id string) fault.Text {
	if id == "" {
		return nil
	}
	if !utf8.ValidString(id) || len(id) > maxChatID || strings.ContainsFunc(id, unprintable) {
		return fault.Say("must be one id of at most %d bytes, in one line", "须为一个 ID，最多 %d 字节，写在一行", maxChatID)
	}
	return nil
}

// parseEmail reads one plain address; the domain becomes lower case.
func parseEmail(text string) (string, fault.Text) {
	if len(text) > maxEmail {
		return "", fault.Say("has %d characters, at most %d are allowed; give one address", "有 %d 个字符，最多 %d 个，请只填一个地址", len(text), maxEmail)
	}
	if strings.Contains(text, "***@") {
		return "", fault.Say("is masked; give the whole address", "已隐去部分内容，请填写完整地址")
	}
	for _, r := range text {
		if r > unicode.MaxASCII {
			return "", fault.Say("holds other signs than ASCII; write a domain of another script in its xn--… form",
				"含有 ASCII 以外的字符；非英文域名请写成 xn--… 的形式")
		}
	}
	parsed, err := mail.ParseAddress(text)
	at := strings.LastIndexByte(text, '@')
	if err != nil || at < 0 || parsed.Name != "" {
		return "", notMail()
	}
	local, domain := text[:at], strings.ToLower(text[at+1:])
	if len(local) > maxLocal || !localForm.MatchString(local) || !domainForm.MatchString(domain) {
		return "", notMail()
	}
	return local + "@" + domain, nil
}

func notMail() fault.Text {
	return fault.Say("is no mail address such as name@example.com; give one address without a name before it",
		"不是邮箱地址，应形如 name@example.com；请只填一个地址，前面不带姓名")
}
