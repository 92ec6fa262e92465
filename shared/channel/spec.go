package channel

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/smithy-go"

	"pai-notify/shared/fault"
)

// maxSetting is how long any setting may be, in bytes: a target has room for 4,000 in EventBridge.
const maxSetting = 1024

// Check finds all faults of a target's settings at once. A fault's field is the setting's name; no fault repeats a value.
func (s Spec) Check(to Settings) smithy.InvalidParamsError { return s.check(s.Fields, to) }

// CheckShared finds all faults of what a deployment sets for all targets of a channel, in the same form.
func (s Spec) CheckShared(shared Settings) smithy.InvalidParamsError {
	return s.check(s.Shared, shared)
}

func (s Spec) check(fields []Field, to Settings) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	known := make(fault.Names, 0, len(fields))
	for _, field := range fields {
		known = append(known, field.Name)
		switch text := field.fault(to[field.Name]); {
		case text != nil:
			faults.Add(fault.New(field.Name, text))
		case to[field.Name] == "" && field.Required:
			faults.Add(smithy.NewErrParamRequired(field.Name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(to)) {
		if !slices.Contains(known, name) {
			faults.Add(fault.New(Short(name), s.unknown(known)))
		}
	}
	return faults
}

func (s Spec) unknown(known fault.Names) fault.Text {
	if len(known) == 0 {
		return fault.Say("is not a setting of channel %s, which has none here; leave it out", "不是通道 %s 的设置项，该通道在此没有设置项，请去掉", s.Name)
	}
	return fault.Say("is not a setting of channel %s; its settings are %s", "不是通道 %s 的设置项，可用：%s", s.Name, known)
}

// fault says what is wrong with a value, nil where nothing is.
func (f Field) fault(value string) fault.Text {
	if value == "" {
		return nil
	}
	if len(value) > maxSetting {
		return tooLong(len(value), maxSetting)
	}
	if f.Address != nil {
		u, err := f.Address.Parse(value)
		if err == nil {
			err = f.Address.Judge(u)
		}
		if err != nil {
			return err
		}
	} else if f.Secret && strings.ContainsFunc(value, isBlank) {
		return fault.Say("holds a blank or a line break; copy it again, without what stands around it", "含有空白或换行，请重新复制，不要带前后的内容")
	}
	if len(f.Options) > 0 && !slices.Contains(f.Options, value) {
		return fault.Say("is not one of %s", "须为 %s 之一", fault.Names(f.Options))
	}
	if f.Check != nil {
		return f.Check(value)
	}
	return nil
}

func tooLong(n, most int) fault.Text {
	return fault.Say("is %d bytes long and at most %d are allowed", "有 %d 字节，最多 %d 字节", n, most)
}

func isBlank(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
}

// Destination names the receiver of a target: one text however its address was written, so that its pace and its
// duplicates are found across rules. It holds the address with its token: hash it with a key before it is kept. Where a
// contact's address is not known, it is empty.
func Destination(s Spec, to Settings) string {
	if s.Contacts {
		if to[To] == "" {
			return ""
		}
		return s.Name + " " + strings.ToLower(to[To])
	}
	for _, field := range s.Fields {
		if field.Address == nil {
			continue
		}
		if u, err := field.Address.Parse(to[field.Name]); err == nil {
			return s.Name + " " + u.String()
		}
	}
	var b strings.Builder
	b.WriteString(s.Name)
	for _, name := range slices.Sorted(maps.Keys(to)) {
		if to[name] != "" {
			fmt.Fprintf(&b, " %s=%q", name, to[name])
		}
	}
	return b.String()
}
