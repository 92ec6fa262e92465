package contact

import (
	"errors"
	"fmt"
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
	add := func(field string, err error) {
		if err != nil {
			faults.Add(fault.New(field, err.Error()))
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
	var err error
	if c.Phone = strings.TrimSpace(c.Phone); len(c.Phone) > maxPhone {
		add("Phone", errors.New("is too long for a telephone number; give one number"))
	} else if c.Phone != "" {
		c.Phone, err = parsePhone(c.Phone)
		add("Phone", err)
	}
	if c.Email = strings.TrimSpace(c.Email); c.Email != "" {
		c.Email, err = parseEmail(c.Email)
		add("Email", err)
	}
	if c.Language = strings.ToLower(strings.TrimSpace(c.Language)); c.Language != "" {
		if err := message.CheckLanguage(c.Language); err != nil {
			add("Language", fmt.Errorf("%w, or be left out for the target's", err))
		}
	}
	if c.Zone = strings.TrimSpace(c.Zone); c.Zone != "" {
		if _, err := time.LoadLocation(c.Zone); err != nil || c.Zone == "Local" || len(c.Zone) > 64 {
			add("Zone", errors.New("is no time zone's name such as Asia/Shanghai or UTC; leave it out for the deployment's"))
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
func checkID(id string) error {
	switch {
	case !idForm.MatchString(id):
		return errors.New("must be 1 to 64 of a-z 0-9 - _ . and begin with a letter or digit; leave it out for one made of the name")
	case likeNumber(id):
		return errors.New("looks like a telephone number, and ids are shown to all and logged; choose a word")
	case strings.HasPrefix(id, "openapi"):
		return errors.New("begins with openapi, which the API needs for itself; choose another")
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

func checkLine(text string, most int) error {
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(text):
		return errors.New("is not valid UTF-8; save it again as UTF-8")
	case n > most:
		return fmt.Errorf("has %d characters, at most %d are allowed; shorten it", n, most)
	case strings.ContainsFunc(text, unprintable):
		return errors.New("holds a line break or an invisible sign; write it in one line")
	}
	return nil
}

// unprintable are control characters, the byte order mark, and those that turn the direction of writing.
func unprintable(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff' || r == '\ufffd' ||
		r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' || r == '\u061c'
}

func checkChatID(id string) error {
	if id == "" {
		return nil
	}
	if !utf8.ValidString(id) || len(id) > maxChatID || strings.ContainsFunc(id, unprintable) {
		return fmt.Errorf("must be one id of at most %d bytes, in one line", maxChatID)
	}
	return nil
}

// parseEmail reads one plain address; the domain becomes lower case.
func parseEmail(text string) (string, error) {
	if len(text) > maxEmail {
		return "", fmt.Errorf("has %d characters, at most %d are allowed; give one address", len(text), maxEmail)
	}
	if strings.Contains(text, "***@") {
		return "", errors.New("is masked; give the whole address")
	}
	for _, r := range text {
		if r > unicode.MaxASCII {
			return "", errors.New("holds other signs than ASCII; write a domain of another script in its xn--… form")
		}
	}
	parsed, err := mail.ParseAddress(text)
	at := strings.LastIndexByte(text, '@')
	if err != nil || at < 0 || parsed.Name != "" {
		return "", errors.New("is no mail address such as name@example.com; give one address without a name before it")
	}
	local, domain := text[:at], strings.ToLower(text[at+1:])
	if len(local) > maxLocal || !localForm.MatchString(local) || !domainForm.MatchString(domain) {
		return "", errors.New("is no mail address such as name@example.com; give one address without a name before it")
	}
	return local + "@" + domain, nil
}
