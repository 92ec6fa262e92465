package aliyun

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
)

// settingRegion is the shared setting that says where a channel's API is called.
const settingRegion = "region"

var (
	regionName = regexp.MustCompile(`^[a-z]{2}-[a-z0-9-]{2,40}$`)
	e164       = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

// RegionField is the field of that setting.
func RegionField(help map[string]string) channel.Field {
	return channel.Field{
		Name:  settingRegion,
		Label: map[string]string{"en": "Region", "zh": "地域"},
		Help:  help,
		Check: func(value string) fault.Text {
			if !regionName.MatchString(value) {
				return fault.Say("is not a region id such as cn-hangzhou", "不是地域 ID，应形如 cn-hangzhou")
			}
			return nil
		},
	}
}

// missing names the shared settings without which nothing can be sent.
func missing(spec channel.Spec, to channel.Settings) error {
	var names []string
	for _, field := range spec.Shared {
		if field.Required && to[field.Name] == "" {
			names = append(names, field.Name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("the settings of %s lack %s", spec.Name, strings.Join(names, ", "))
}

// Number is a telephone number as SMS and voice take it: eleven digits in mainland China, elsewhere the country's code
// before it, and no plus sign. The error does not repeat it.
func Number(to channel.Settings) (string, error) {
	number := to[channel.To]
	if !e164.MatchString(number) {
		return "", errors.New("the contact's telephone number lacks the + and the country's code before it, or is none")
	}
	if mainland, ok := strings.CutPrefix(number, "+86"); ok {
		return mainland, nil
	}
	return number[1:], nil
}

// Template is the template for a message's language, or where there is none, the other one. Names are those of the
// settings by language.
func Template(to channel.Settings, language string, names map[string]string) string {
	if template := to[names[language]]; template != "" {
		return template
	}
	for _, other := range []string{"zh", "en"} {
		if template := to[names[other]]; template != "" {
			return template
		}
	}
	return ""
}
