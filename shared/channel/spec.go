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
	known := make([]string, 0, len(fields))
	for _, field := range fields {
		known = append(known, field.Name)
		switch text := field.fault(to[field.Name]); {
		case text != "":
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

func (s Spec) unknown(known []string) string {
	if len(known) == 0 {
		return fmt.Sprintf("is not a setting of channel %s, which has none here; leave it out", s.Name)
	}
	return fmt.Sprintf("is not a setting of channel %s; its settings are %s", s.Name, strings.Join(known, ", "))
}

// fault says what is wrong with a value, nothing where nothing is.
func (f Field) fault(value string) string {
	if value == "" {
		return ""
	}
	if len(value) > maxSetting {
		return fmt.Sprintf("is %d bytes long and at most %d are allowed", len(value), maxSetting)
	}
	if f.Address != nil {
		u, err := f.Address.Parse(value)
		if err == nil {
			err = f.Address.Judge(u)
		}
		if err != nil {
			return err.Error()
		}
	} else if f.Secret && strings.ContainsFunc(value, isBlank) {
		return "holds a blank or a line break; copy it again, without what stands around it"
	}
	if len(f.Options) > 0 && !slices.Contains(f.Options, value) {
		return fmt.Sprintf("is not one of %s", strings.Join(f.Options, ", "))
	}
	if f.Check != nil {
		if err := f.Check(value); err != nil {
			return err.Error()
		}
	}
	return ""
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
