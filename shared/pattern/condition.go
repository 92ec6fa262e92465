package pattern

import (
	"bytes"
	"errors"
	"math"
	"net/netip"
	"slices"
	"strconv"

	"pai-notify/shared/event/scan"
)

// condition is one element of a field's list.
type condition struct {
	exists presence
	tests  []test // all of which one value must pass
}

type presence int

const (
	either presence = iota
	present
	absent
)

// scalar is a value of an event that is no object and no list.
type scalar struct {
	kind byte   // of [scan.Scanner.Kind]: '"', 't', 'f', 'n', or else a number
	text []byte // of a string what it says, else as JSON spells it
}

type test func(scalar) bool

// match says whether a value, as JSON, fits; an empty one is missing.
func (f *field) match(raw []byte) bool {
	switch {
	case len(raw) == 0:
		return f.any(func(c *condition) bool { return c.exists == absent && len(c.tests) == 0 })
	case raw[0] == '{':
		return f.any(func(c *condition) bool { return c.exists == present && len(c.tests) == 0 })
	case raw[0] == '[':
		return f.matchList(raw)
	}
	v := read(raw)
	return f.any(func(c *condition) bool { return c.match(v) })
}

func (f *field) any(fits func(*condition) bool) bool {
	for i := range f.conditions {
		if fits(&f.conditions[i]) {
			return true
		}
	}
	return false
}

func (f *field) matchList(raw []byte) bool {
	matched := false
	s := scan.New(raw)
	for s.Array(); s.Element(); {
		if kind := s.Kind(); kind == '{' || kind == '[' {
			return false
		}
		v := read(s.Value())
		matched = matched || f.any(func(c *condition) bool { return c.match(v) })
	}
	return matched
}

func (c *condition) match(v scalar) bool {
	if c.exists == absent {
		return false
	}
	for _, fits := range c.tests {
		if !fits(v) {
			return false
		}
	}
	return true
}

func read(raw []byte) scalar {
	if raw[0] != '"' {
		return scalar{raw[0], raw}
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return scalar{'"', raw[1 : len(raw)-1]}
	}
	text, _ := scan.Text(raw)
	return scalar{'"', []byte(text)}
}

// equal compares as text; null equals only null.
func equal(want scalar) test {
	return func(v scalar) bool {
		return (v.kind == 'n') == (want.kind == 'n') && bytes.Equal(v.text, want.text)
	}
}

func stringTest(operand string, holds func(text, operand []byte) bool) test {
	want := []byte(operand)
	return func(v scalar) bool { return v.kind == '"' && holds(v.text, want) }
}

// but passes what none of the tests does.
func but(tests []test) test {
	return func(v scalar) bool {
		return !slices.ContainsFunc(tests, func(fits test) bool { return fits(v) })
	}
}

// compare compares with a number; differences up to a tenth of a millionth count as none.
func compare(operator string, operand float64) test {
	const tolerance = 1e-7
	holds := comparison(operator)
	return func(v scalar) bool {
		if v.kind != '-' && (v.kind < '0' || v.kind > '9') {
			return false
		}
		n, err := strconv.ParseFloat(string(v.text), 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) { // beyond the range it is infinite, which compares well
			return false
		}
		order := 0
		if math.Abs(n-operand) > tolerance {
			order = 1
			if n < operand {
				order = -1
			}
		}
		return holds(order)
	}
}

// comparison says which orders an operator accepts: -1, 0 or 1; nil if there is no such operator.
func comparison(operator string) func(order int) bool {
	switch operator {
	case "=":
		return func(order int) bool { return order == 0 }
	case "!=":
		return func(order int) bool { return order != 0 }
	case ">":
		return func(order int) bool { return order > 0 }
	case ">=":
		return func(order int) bool { return order >= 0 }
	case "<":
		return func(order int) bool { return order < 0 }
	case "<=":
		return func(order int) bool { return order <= 0 }
	}
	return nil
}

func within(network netip.Prefix) test {
	return func(v scalar) bool {
		if v.kind != '"' {
			return false
		}
		address, err := netip.ParseAddr(string(v.text))
		return err == nil && network.Contains(address)
	}
}
