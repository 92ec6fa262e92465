package pattern

import "pai-notify/shared/event/scan"

// Set matches one event against many patterns and reads it only once. It never changes and is safe for concurrent use.
type Set struct {
	patterns []*Pattern
	slots    [][]int // of each pattern's fields
	tree     scan.Tree
	data     int // slot of data itself
}

// roomy is how many fields are matched without an allocation.
const roomy = 32

// NewSet makes a set of patterns.
func NewSet(patterns ...*Pattern) *Set {
	s := &Set{patterns: patterns, slots: make([][]int, len(patterns))}
	s.data = s.tree.Slot(scan.Step{Name: "data"})
	for i, p := range patterns {
		for _, f := range p.fields {
			path := make([]scan.Step, len(f.path))
			for j, name := range f.path {
				path[j] = scan.Step{Name: name}
			}
			s.slots[i] = append(s.slots[i], s.tree.Slot(path...))
		}
	}
	return s
}

// Match gives the indices of the patterns that an event fits, in order; none if the event is no JSON object.
func (s *Set) Match(event []byte) []int {
	var room [roomy]scan.Span
	spans, err := s.read(event, room[:])
	if err != nil {
		return nil
	}
	var matched []int
	for i := range s.patterns {
		if s.mismatch(i, event, spans) < 0 {
			matched = append(matched, i)
		}
	}
	return matched
}

// first says whether the event fits the first pattern.
func (s *Set) first(event []byte) (at int, matched bool) {
	var room [roomy]scan.Span
	spans, err := s.read(event, room[:])
	if err != nil {
		return 0, false
	}
	at = s.mismatch(0, event, spans)
	return at, at < 0
}

// read finds the values of all fields in an event.
func (s *Set) read(event []byte, room []scan.Span) ([]scan.Span, error) {
	root := scan.New(event)
	if kind := root.Kind(); kind != '{' && kind != 0 {
		return nil, &scan.Error{Reason: `want an object: "{"`}
	}
	spans := room
	if n := s.tree.Len(); n > len(room) {
		spans = make([]scan.Span, n)
	}
	return spans, s.tree.Fill(event, spans)
}

// mismatch is the index of the first field of a pattern that an event does not fit; -1 if it fits all.
func (s *Set) mismatch(pattern int, event []byte, spans []scan.Span) int {
	fields, slots := s.patterns[pattern].fields, s.slots[pattern]
	for i := range fields {
		if fields[i].inData() && !s.hasData(event, spans) {
			return i
		}
		span := spans[slots[i]]
		if !fields[i].match(event[span.From:span.To]) {
			return i
		}
	}
	return -1
}

func (s *Set) value(pattern, field int, event []byte, spans []scan.Span) []byte {
	span := spans[s.slots[pattern][field]]
	return event[span.From:span.To]
}

func (s *Set) dataOf(event []byte, spans []scan.Span) []byte {
	span := spans[s.data]
	return event[span.From:span.To]
}

func (s *Set) hasData(event []byte, spans []scan.Span) bool {
	raw := s.dataOf(event, spans)
	return len(raw) > 0 && raw[0] != 'n'
}
