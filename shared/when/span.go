package when

import (
	"slices"
	"time"
)

// weekdays are the names of days, as time.Weekday counts them.
func weekdays() []string { return []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} }

// span is a Quiet that was read.
type span struct {
	days     []time.Weekday // none: all
	from, to int            // minutes of the wall's day; to is more than 1440 where it is of the next day
	zone     *time.Location
}

// spans reads the quiet hours; what is wrong with them, which [When.Check] tells, is left out.
func (w When) spans(zone *time.Location) []span {
	list := make([]span, 0, len(w.Quiet))
	for _, q := range w.Quiet {
		s := span{zone: zone}
		if q.Zone != "" {
			own, err := location(q.Zone)
			if err != nil { // the machine does not know it any more
				own = zone
			}
			s.zone = own
		}
		from, okFrom := minutes(q.From)
		to, okTo := minutes(q.To)
		if !okFrom || !okTo {
			continue
		}
		if s.from, s.to = from, to; to <= from {
			s.to += 24 * 60
		}
		for _, day := range q.Days {
			if i := slices.Index(weekdays(), day); i >= 0 {
				s.days = append(s.days, time.Weekday(i))
			}
		}
		list = append(list, s)
	}
	return list
}

// until is when the span of a moment ends; the zero time where none is.
func (s span) until(now time.Time) (end time.Time) {
	for day := -2; day <= 0; day++ { // a span lasts 24 hours and what a clock is put back
		if from, to := s.on(now, day); !now.Before(from) && now.Before(to) && to.After(end) {
			end = to
		}
	}
	return end
}

// on is the span that begins so many days after the day of now; both are zero where none does.
func (s span) on(now time.Time, day int) (from, to time.Time) {
	y, m, d := now.In(s.zone).Date()
	date := time.Date(y, m, d+day, 0, 0, 0, 0, time.UTC)
	if len(s.days) > 0 && !slices.Contains(s.days, date.Weekday()) {
		return time.Time{}, time.Time{}
	}
	at := func(minute int, last bool) time.Time {
		return onWall(date.Add(time.Duration(minute)*time.Minute), s.zone, last)
	}
	return at(s.from, false), at(s.to, true)
}

// onWall is the moment at which the wall's clock in a zone shows a time, which is given as of UTC: of two the first or the
// last, and where the clock skips the time, the moment at which it does.
func onWall(wall time.Time, zone *time.Location, last bool) time.Time {
	y, m, d := wall.Date()
	near := time.Date(y, m, d, wall.Hour(), wall.Minute(), 0, 0, zone) // in one of the offsets around wall
	before, after := near.ZoneBounds()
	var found time.Time
	try := func(at time.Time) {
		_, offset := at.Zone()
		t := wall.Add(-time.Duration(offset) * time.Second).In(zone)
		if _, same := t.Zone(); same == offset && (found.IsZero() || t.After(found) == last) {
			found = t
		}
	}
	try(near)
	for _, edge := range []time.Time{before, after} {
		if edge.IsZero() {
			continue
		}
		try(edge.Add(-time.Nanosecond))
		try(edge)
	}
	if !found.IsZero() {
		return found
	}
	for _, edge := range []time.Time{before, after} {
		if edge.IsZero() {
			continue
		}
		_, old := edge.Add(-time.Nanosecond).Zone()
		_, next := edge.Zone()
		if !wall.Add(-time.Duration(old)*time.Second).Before(edge) && wall.Add(-time.Duration(next)*time.Second).Before(edge) {
			return edge
		}
	}
	return near
}

// minutes reads 22:30 as minutes of the day; 24:00 is its end.
func minutes(text string) (n int, ok bool) {
	if len(text) != 5 || text[2] != ':' {
		return 0, false
	}
	for _, i := range []int{0, 1, 3, 4} {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
	}
	hour, minute := int(text[0]-'0')*10+int(text[1]-'0'), int(text[3]-'0')*10+int(text[4]-'0')
	n = hour*60 + minute
	return n, minute < 60 && n <= 24*60
}
