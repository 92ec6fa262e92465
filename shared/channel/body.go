package channel

import (
	"iter"
	"strings"
	"unicode/utf8"

	"pai-notify/shared/message"
)

// Body is a request's JSON being written. What a receiver shows is one long text inside it, made of our own markup and of
// texts of others; each method says how far its argument is trusted. The methods that escape write inside a string of
// the JSON.
type Body []byte

// Raw writes JSON, or text of our own that needs no escape in it.
func (b *Body) Raw(s string) { *b = append(*b, s...) }

// Text writes any text as it is.
func (b *Body) Text(s string) {
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= 0xe3 && c <= 0xec && i+2 < len(s) && s[i+1]&0xc0 == 0x80 && s[i+2]&0xc0 == 0x80 {
			i += 3 // U+3000 to U+CFFF, where Chinese is
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 || r == 0x2028 || r == 0x2029 {
				*b = append(*b, s[start:i]...)
				*b = append(*b, "\ufffd"...)
				start = i + size
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' {
			i++
			continue
		}
		*b = append(*b, s[start:i]...)
		switch c {
		case '\n':
			*b = append(*b, '\\', 'n')
		case '\t':
			*b = append(*b, '\\', 't')
		case '"', '\\':
			*b = append(*b, '\\', c)
		default: // a control character, for which some robots take no escape
		}
		i++
		start = i
	}
	*b = append(*b, s[start:]...)
}

// Markdown writes one line as [Markdown] makes it.
func (b *Body) Markdown(s string) { b.Text(Markdown(s)) }

// Lines writes the lines of a text as [Markdown], without empty ones, with own markup between them.
func (b *Body) Lines(s, between string) {
	for i, line := range lines(s) {
		if i > 0 {
			b.Raw(between)
		}
		b.Text(line)
	}
}

// lines are those lines with their place.
func lines(s string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		n := 0
		for line := range strings.SplitSeq(s, "\n") {
			if n == 0 {
				line = Markdown(line)
			} else {
				line = MarkdownLine(line)
			}
			if line == "" {
				continue
			}
			if !yield(n, line) {
				return
			}
			n++
		}
	}
}

// Name writes a fact's name: of a field it is ours, else an event's.
func (b *Body) Name(f *message.Fact) {
	if f.Field == "" {
		b.Markdown(f.Name)
		return
	}
	b.Raw(f.Name)
}

// Link writes a markdown link; text alone where the address is not fit for one. The text is made harmless.
func (b *Body) Link(text, address string) {
	address = Link(address)
	if address == "" {
		b.Markdown(text)
		return
	}
	b.Raw("[")
	b.Markdown(text)
	b.Raw("](")
	b.Text(address)
	b.Raw(")")
}

// Parts splits facts into those that matter at first sight and the details.
func Parts(facts []message.Fact) (lead, details []message.Fact) {
	for i, f := range facts {
		if f.Detail {
			return facts[:i], facts[i:]
		}
	}
	return facts, nil
}
