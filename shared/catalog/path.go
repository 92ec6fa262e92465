package catalog

import (
	"fmt"
	"strconv"
	"strings"

	"pai-notify/shared/event/scan"
)

// step is one step of a path: to a member by name, or, where the name is empty, to an element of a list by index.
type step struct {
	name  string
	index int
}

// parsePath reads failedPods[0].exitCode.
func parsePath(path string) ([]step, error) {
	var steps []step
	for _, part := range strings.Split(path, ".") {
		name, indices, _ := strings.Cut(part, "[")
		if name == "" {
			return nil, fmt.Errorf("path %q has an empty member name; want names parted by dots", path)
		}
		steps = append(steps, step{name: name})
		if indices == "" && strings.HasSuffix(part, "[") {
			return nil, fmt.Errorf(`path %q has "[" without "]"`, path)
		}
		for rest := indices; rest != ""; {
			digits, after, closed := strings.Cut(rest, "]")
			index, err := strconv.ParseUint(digits, 10, 8)
			if !closed || err != nil {
				return nil, fmt.Errorf("path %q: want an index from 0 to 255 in brackets", path)
			}
			steps = append(steps, step{index: int(index)})
			if rest = after; rest != "" && rest[0] != '[' {
				return nil, fmt.Errorf("path %q: want a dot after an index", path)
			}
			rest = strings.TrimPrefix(rest, "[")
		}
	}
	return steps, nil
}

// top is the member of data in which a path begins.
func top(path string) string {
	if end := strings.IndexAny(path, ".["); end >= 0 {
		return path[:end]
	}
	return path
}

// node is a place in data that paths lead to or through. One walk fills the slots of all paths.
type node struct {
	members  map[string]*node
	elements []*node // by index; nil where no path leads
	slot     int     // 1 and up; 0 where no path ends
}

// slot gives the slot of a path, the same for the same path.
func (o *origin) slot(steps []step) int {
	o.known[steps[0].name] = struct{}{}
	n := o.tree
	for _, s := range steps {
		if s.name == "" {
			for len(n.elements) <= s.index {
				n.elements = append(n.elements, nil)
			}
			if n.elements[s.index] == nil {
				n.elements[s.index] = new(node)
			}
			n = n.elements[s.index]
			continue
		}
		if n.members == nil {
			n.members = map[string]*node{}
		}
		if n.members[s.name] == nil {
			n.members[s.name] = new(node)
		}
		n = n.members[s.name]
	}
	if n.slot == 0 {
		o.slots++
		n.slot = o.slots
	}
	return n.slot
}

// walker reads a text and fills the slots of the paths in it.
type walker struct {
	scan.Scanner
	text  string
	slots []string
}

func (n *node) walk(w *walker) {
	if n.slot == 0 {
		if !n.descend(w) {
			w.Value()
		}
		return
	}
	start := w.Offset()
	raw := w.Value()
	w.slots[n.slot] = w.text[start : start+len(raw)]
	if n.members != nil || n.elements != nil {
		n.descend(&walker{scan.New(raw), w.slots[n.slot], w.slots})
	}
}

// descend consumes the next value if paths lead into it.
func (n *node) descend(w *walker) bool {
	switch {
	case n.members != nil && w.Object():
		for name, ok := w.Member(); ok; name, ok = w.Member() {
			if inner := n.members[string(name)]; inner != nil {
				inner.walk(w)
			} else {
				w.Value()
			}
		}
		return true
	case n.elements != nil && w.Array():
		for i := 0; w.Element(); i++ {
			if i < len(n.elements) && n.elements[i] != nil {
				n.elements[i].walk(w)
			} else {
				w.Value()
			}
		}
		return true
	}
	return false
}
