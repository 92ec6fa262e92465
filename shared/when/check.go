package when

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/smithy-go"

	"pai-notify/shared/fault"
)

// Limits of a target's When.
const (
	MaxQuiet = 10      // spans
	MaxGap   = 24 * 60 // minutes
	maxZone  = 64      // bytes of a zone's name
)

// Check finds everything that is wrong.
func (w When) Check() smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	if w.Pass != "" && w.Pass != PassFailing {
		faults.Add(fault.New("Pass", fault.Say("must be failing, or be left out so that nothing passes quiet hours",
			"只能为 failing，或留空表示全部遵守免打扰")))
	}
	if w.GapMinutes < 0 || w.GapMinutes > MaxGap {
		faults.Add(fault.New("GapMinutes", fault.Say("must be 0 to %d minutes; 0 for none", "须为 0 至 %d 分钟，0 表示不限", MaxGap)))
	}
	if n := len(w.Quiet); n > MaxQuiet {
		faults.Add(fault.New("Quiet", fault.Say("has %d entries, at most %d are allowed; put days with the same hours together",
			"有 %d 个时段，最多 %d 个，请合并时段相同的日子", n, MaxQuiet)))
		return faults
	}
	for i, q := range w.Quiet {
		faults.AddNested(fmt.Sprintf("Quiet[%d]", i), q.check())
	}
	if faults.Len() == 0 && w.always() {
		faults.Add(fault.New("Quiet", fault.Say("leave no time at which what was held could be told; shorten them, or disable the rule instead",
			"覆盖了全部时间，暂缓的消息永远无法发送；请缩短，或停用规则")))
	}
	return faults
}

// always says whether quiet hours never end, in winter or in summer. The receiver's zone, which is not known yet, is taken
// for UTC: whatever it is, [When.Hold] holds nothing for ever.
func (w When) always() bool {
	for _, month := range []time.Month{time.January, time.July} {
		now := time.Date(2026, month, 5, 12, 0, 0, 0, time.UTC)
		if w.end(now, time.UTC).Sub(now) >= longest {
			return true
		}
	}
	return false
}

func (q Quiet) check() smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	for i, day := range q.Days {
		field := fmt.Sprintf("Days[%d]", i)
		switch {
		case i >= 7:
			faults.Add(fault.New("Days", fault.Say("has more days than a week", "超过七天")))
		case !slices.Contains(weekdays(), day):
			faults.Add(fault.New(field, fault.Say("must be one of %s", "须为 %s 之一", fault.Names(weekdays()))))
		case slices.Contains(q.Days[:i], day):
			faults.Add(fault.New(field, fault.Say("is named before; each day is named once", "重复，每天只写一次")))
		}
		if i >= 7 {
			break
		}
	}
	from, okFrom := minutes(q.From)
	to, okTo := minutes(q.To)
	switch {
	case q.From == "":
		faults.Add(smithy.NewErrParamRequired("From"))
	case !okFrom || from == 24*60:
		faults.Add(fault.New("From", fault.Say("must be a time of the day, 00:00 to 23:59, as in 22:00", "须为 00:00 至 23:59 的时刻，例如 22:00")))
	}
	switch {
	case q.To == "":
		faults.Add(smithy.NewErrParamRequired("To"))
	case !okTo:
		faults.Add(fault.New("To", fault.Say("must be a time of the day, 00:00 to 24:00, as in 08:00", "须为 00:00 至 24:00 的时刻，例如 08:00")))
	case okFrom && from == to:
		faults.Add(fault.New("To", fault.Say("is also when they begin; for a whole day write 00:00 to 24:00", "与开始时刻相同；全天请写 00:00 至 24:00")))
	}
	if _, err := location(q.Zone); q.Zone != "" && err != nil {
		faults.Add(fault.New("Zone", fault.Say("is no time zone; write an IANA name such as Asia/Shanghai or Europe/Berlin, or leave it out",
			"不是时区，请填写 IANA 名称，例如 Asia/Shanghai、Europe/Berlin，或留空")))
	}
	return faults
}

// location finds a zone. Local is none: it would be that of whichever machine looks.
func location(name string) (*time.Location, error) {
	if len(name) > maxZone || strings.EqualFold(name, "local") {
		return nil, errors.New("no zone of that name")
	}
	return time.LoadLocation(name)
}
