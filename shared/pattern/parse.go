package pattern

import (
	"bytes"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"pai-notify/shared/event/scan"
)

// parser reads a pattern that is known to be JSON; the first fault ends it.
type parser struct {
	fields []field
	err    *Error
}

func parse(text string) ([]field, error) {
	raw := []byte(text)
	s := scan.New(raw)
	switch {
	case len(text) > MaxBytes:
		return nil, &Error{"", fmt.Sprintf("has %d bytes; at most %d are allowed", len(text), MaxBytes)}
	case strings.TrimSpace(text) == "":
		return nil, &Error{"", "is empty; write {} to match every event"}
	case !utf8.ValidString(text):
		return nil, &Error{"", "is not UTF-8"}
	}
	if err := scan.Check(raw); err != nil {
		return nil, &Error{"", "is not JSON: " + err.Error()}
	}
	if s.Kind() != '{' {
		return nil, &Error{"", "is " + kindOf(s.Kind()) + "; want an object"}
	}
	var p parser
	p.object(s, nil)
	if p.err != nil {
		return nil, p.err
	}
	return p.fields, nil
}

func (p *parser) wrong(path, format string, args ...any) {
	if p.err == nil {
		p.err = &Error{path, fmt.Sprintf(format, args...)}
	}
}

// object reads the pattern itself, its data or an object in it.
func (p *parser) object(s scan.Scanner, path []string) {
	if len(path) > MaxDepth {
		p.wrong(pathOf(path[:1]), "nests deeper than %d objects", MaxDepth)
	}
	seen := map[string]bool{}
	s.Object()
	for name, ok := s.Member(); ok && p.err == nil; name, ok = s.Member() {
		here := append(slices.Clone(path), string(name))
		if seen[string(name)] {
			p.wrong(pathOf(here), "appears twice; put all its conditions into one list")
		}
		seen[string(name)] = true
		nests := len(path) > 0 || string(name) == "data"
		kind := s.Kind()
		switch raw := s.Value(); {
		case kind == '{' && nests:
			p.object(scan.New(raw), here)
		case kind == '[' && (len(path) > 0 || !nests):
			p.list(raw, here)
		case !nests && kind == '{':
			p.wrong(pathOf(here), `is an object, and only "data" may be; want a list of conditions`)
		case len(path) == 0 && nests:
			p.wrong("data", "is %s; want an object of fields", kindOf(kind))
		default:
			p.wrong(pathOf(here), "is %s; put it into a list: [%s]", kindOf(kind), shown(raw))
		}
	}
	if len(path) > 0 && len(seen) == 0 {
		p.wrong(pathOf(path), "is an empty object; name a field in it or leave it out")
	}
}

// list reads a field's conditions.
func (p *parser) list(raw []byte, path []string) {
	at := pathOf(path)
	f := field{path: path, want: string(raw)}
	s := scan.New(raw)
	objects := 0
	s.Array()
	for i := 0; s.Element() && p.err == nil; i++ {
		here := fmt.Sprintf("%s[%d]", at, i)
		kind := s.Kind()
		switch raw := s.Value(); kind {
		case '[':
			p.wrong(here, "is a list in a list; want a value or an object of operators")
		case '{':
			objects++
			f.conditions = append(f.conditions, p.operators(raw, here))
		default:
			f.conditions = append(f.conditions, condition{tests: []test{equal(read(raw))}})
		}
	}
	switch {
	case p.err != nil:
	case len(f.conditions) == 0:
		p.wrong(at, "is an empty list, which nothing fits; name a value or leave the field out")
	case objects > maxObjects:
		p.wrong(at, "has %d objects of operators; EventBridge allows %d expressions a field", objects, maxObjects)
	}
	p.fields = append(p.fields, f)
}

// operators reads one object of operators.
func (p *parser) operators(raw []byte, at string) condition {
	var c condition
	s := scan.New(raw)
	n := 0
	seen := map[string]bool{}
	s.Object()
	for name, ok := s.Member(); ok && p.err == nil; name, ok = s.Member() {
		n++
		operator := string(name)
		here := at + "." + operator
		if seen[operator] {
			p.wrong(here, "appears twice; put it into an object of its own")
		}
		seen[operator] = true
		raw := s.Value()
		switch operator {
		case "exists":
			c.exists = p.presence(raw, here)
		case "prefix", "suffix", "contains":
			c.tests = append(c.tests, p.stringTest(operator, raw, here))
		case "anything-but":
			c.tests = append(c.tests, p.but(raw, here))
		case "numeric":
			c.tests = append(c.tests, p.numeric(raw, here))
		case "cidr":
			c.tests = append(c.tests, p.cidr(raw, here))
		default:
			p.wrong(at, "%s is no operator; known are %s", shown(quote(name)),
				"prefix, suffix, contains, anything-but, numeric, cidr, exists")
		}
	}
	switch {
	case n == 0:
		p.wrong(at, "is an empty object; name an operator in it")
	case n > maxObjects:
		p.wrong(at, "has %d operators; at most %d are allowed", n, maxObjects)
	}
	return c
}

func (p *parser) presence(raw []byte, at string) presence {
	switch string(raw) {
	case "true":
		return present
	case "false":
		return absent
	}
	p.wrong(at, "is %s; want true or false", kindOf(raw[0]))
	return either
}

func (p *parser) stringTest(operator string, raw []byte, at string) test {
	operand := p.nonempty(raw, at)
	switch operator {
	case "prefix":
		return stringTest(operand, bytes.HasPrefix)
	case "suffix":
		return stringTest(operand, bytes.HasSuffix)
	}
	return stringTest(operand, bytes.Contains)
}

func (p *parser) nonempty(raw []byte, at string) string {
	text, ok := scan.Text(raw)
	switch {
	case !ok:
		p.wrong(at, "is %s; want a string", kindOf(raw[0]))
	case text == "":
		p.wrong(at, "is an empty string; give at least one character")
	}
	return text
}

func (p *parser) but(raw []byte, at string) test {
	s := scan.New(raw)
	switch raw[0] {
	case '{':
		return p.butAffix(s, at)
	case '[':
		var tests []test
		s.Array()
		for i := 0; s.Element(); i++ {
			raw := s.Value()
			if raw[0] == '{' || raw[0] == '[' {
				p.wrong(fmt.Sprintf("%s[%d]", at, i), "is %s; want a plain value", kindOf(raw[0]))
				return nil
			}
			tests = append(tests, equal(read(raw)))
		}
		return but(tests)
	}
	return but([]test{equal(read(raw))})
}

func (p *parser) butAffix(s scan.Scanner, at string) test {
	var tests []test
	s.Object()
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		operator := string(name)
		raw := s.Value()
		if operator != "prefix" && operator != "suffix" {
			p.wrong(at, "%s cannot stand in anything-but; want prefix or suffix", shown(quote(name)))
			return nil
		}
		tests = append(tests, p.stringTest(operator, raw, at+"."+operator))
	}
	if len(tests) != 1 {
		p.wrong(at, "has %d operators; want one, prefix or suffix", len(tests))
	}
	return but(tests)
}

func (p *parser) numeric(raw []byte, at string) test {
	var parts [][]byte
	if s := scan.New(raw); s.Array() {
		for s.Element() {
			parts = append(parts, s.Value())
		}
	}
	if raw[0] != '[' || len(parts) != 2 && len(parts) != 4 {
		p.wrong(at, `want a list of one or two comparisons: [">", 0, "<=", 5]`)
		return nil
	}
	var tests []test
	for i := 0; i < len(parts); i += 2 {
		operator, _ := scan.Text(parts[i])
		if comparison(operator) == nil {
			p.wrong(fmt.Sprintf("%s[%d]", at, i), "%s is no comparison; want one of = != > >= < <=", shown(parts[i]))
			return nil
		}
		operand := p.operand(parts[i+1], fmt.Sprintf("%s[%d]", at, i+1))
		tests = append(tests, compare(operator, operand))
	}
	return func(v scalar) bool {
		for _, fits := range tests {
			if !fits(v) {
				return false
			}
		}
		return true
	}
}

// operand keeps the product page's bounds of numbers.
func (p *parser) operand(raw []byte, at string) float64 {
	const most, digits, decimals = 1e9, 15, 6
	if raw[0] != '-' && (raw[0] < '0' || raw[0] > '9') {
		p.wrong(at, "is %s; want a number", kindOf(raw[0]))
		return 0
	}
	n, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || math.Abs(n) > most {
		p.wrong(at, "%s is out of range; want a number from -1000000000 to 1000000000", shown(raw))
		return 0
	}
	whole, fraction, _ := strings.Cut(strings.TrimPrefix(strconv.FormatFloat(n, 'f', -1, 64), "-"), ".")
	if len(fraction) > decimals || len(whole)+len(fraction) > digits {
		p.wrong(at, "%s is too precise; want at most %d digits, %d of them decimals", shown(raw), digits, decimals)
	}
	return n
}

func (p *parser) cidr(raw []byte, at string) test {
	const want = "want an IPv4 network or address such as 10.0.0.0/24"
	text, ok := scan.Text(raw)
	if !ok {
		p.wrong(at, "is %s; "+want, kindOf(raw[0]))
		return nil
	}
	network, err := netip.ParsePrefix(text)
	if address, single := netip.ParseAddr(text); single == nil {
		network, err = address.Prefix(address.BitLen())
	}
	if err != nil || !network.Addr().Is4() {
		p.wrong(at, "%s is none; "+want, shown(raw))
		return nil
	}
	return within(network.Masked())
}

// kindOf names a kind of JSON value by its first byte.
func kindOf(first byte) string {
	switch first {
	case '{':
		return "an object"
	case '[':
		return "a list"
	case '"':
		return "a string"
	case 't', 'f':
		return "a boolean"
	case 'n':
		return "null"
	}
	return "a number"
}

func quote(name []byte) []byte { return strconv.AppendQuote(nil, string(name)) }
