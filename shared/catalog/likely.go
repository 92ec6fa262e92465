package catalog

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// LikelyType is the override that teaches the catalogue an unknown type of a known source as what is most like it; empty
// where nothing is alike. It is a proposal: a person must look at a real event before using it.
func (c *Catalog) LikelyType(source, name string) string {
	best, of, found := 0.0, "", (*origin)(nil)
	for _, o := range c.names[source] {
		for t, k := range o.kinds {
			if like := alike(t, name); like > best || like == best && found != nil && k.id < of {
				best, of, found = like, k.id, o
			}
		}
	}
	if best < enough {
		return ""
	}
	var types []string
	for t, k := range found.kinds {
		if k.id == of {
			types = append(types, t)
		}
	}
	slices.Sort(types)
	return fmt.Sprintf("sources:\n  %s:\n    events:\n      %s: {types: %s}\n", found.id, of, list(append(types, name)))
}

// LikelySource is the same for an unknown source, of which one type may be known.
func (c *Catalog) LikelySource(source, kind string) string {
	best, found := 0.0, (*origin)(nil)
	for _, o := range c.origins {
		like := 0.0
		for _, name := range o.names {
			like = max(like, alike(name, source))
		}
		if o.kinds[kind] != nil {
			like = 1
		}
		if like > best {
			best, found = like, o
		}
	}
	if best < enough {
		return ""
	}
	return fmt.Sprintf("sources:\n  %s: {sources: %s}\n", found.id, list(append(slices.Clone(found.names), source)))
}

// list is a list of texts as YAML, which takes JSON.
func list(texts []string) string {
	raw, err := json.Marshal(texts)
	if err != nil { // a list of texts always has a form
		return "[]"
	}
	return string(raw)
}

const (
	enough   = 0.6 // of two names that are alike
	maxAlike = 80  // letters of a name that are compared
)

// alike is 1 for names that differ only in capitals and marks, and less the more letters must be changed.
func alike(a, b string) float64 {
	x, y := letters(a), letters(b)
	most := max(len(x), len(y))
	if most == 0 {
		return 0
	}
	return 1 - float64(distance(x, y))/float64(most)
}

func letters(s string) []rune {
	var kept []rune
	for _, r := range strings.ToLower(s) {
		if (unicode.IsLetter(r) || unicode.IsDigit(r)) && len(kept) < maxAlike {
			kept = append(kept, r)
		}
	}
	return kept
}

// distance is Levenshtein's: how many letters must be put in, taken out or changed.
func distance(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		before := row[0]
		row[0] = i + 1
		for j, y := range b {
			change := before
			if x != y {
				change++
			}
			before = row[j+1]
			row[j+1] = min(change, row[j]+1, before+1)
		}
	}
	return row[len(b)]
}
