package scan

// Step is one step of a path: to a member of an object by its literal name, or to an element of a list.
type Step struct {
	Name  string
	Index int  // from 0; of a list
	List  bool // Index counts, not Name
}

// Span is where a value stands in a text; To is 0 where there is none.
type Span struct{ From, To int }

// Tree finds the values of many paths in one pass. Build it with [Tree.Slot]; from then on it is safe for concurrent
// use.
type Tree struct {
	root  node
	slots int
}

// node is a place that paths lead to or through.
type node struct {
	members  map[string]*node
	elements []*node // nil where no path leads
	slot     int     // from 1; 0 of the root unless the empty path was asked for
}

// Slot is the place of a path's value in what [Tree.Fill] fills, from 0; the same path has the same slot.
func (t *Tree) Slot(path ...Step) int {
	n := &t.root
	for _, step := range path {
		n = n.child(step)
		t.number(n) // also places on the way, so that Fill sees whether it has been there
	}
	t.number(n)
	return n.slot - 1
}

func (t *Tree) number(n *node) {
	if n.slot == 0 {
		t.slots++
		n.slot = t.slots
	}
}

func (n *node) child(step Step) *node {
	if !step.List {
		if n.members == nil {
			n.members = map[string]*node{}
		}
		if n.members[step.Name] == nil {
			n.members[step.Name] = new(node)
		}
		return n.members[step.Name]
	}
	for len(n.elements) <= step.Index {
		n.elements = append(n.elements, nil)
	}
	if n.elements[step.Index] == nil {
		n.elements[step.Index] = new(node)
	}
	return n.elements[step.Index]
}

// Len is how many slots there are.
func (t *Tree) Len() int { return t.slots }

// Fill finds the values in a text. Spans must hold [Tree.Len] zero spans. Of a member given twice the last counts. An
// error is an [*Error]: the text is no JSON, and the spans are worth nothing.
func (t *Tree) Fill(text []byte, spans []Span) error {
	s := New(text)
	t.root.fill(&s, spans)
	return s.End()
}

func (n *node) fill(s *Scanner, spans []Span) {
	start := s.at
	switch {
	case n.members != nil && s.Object():
		for name, ok := s.Member(); ok; name, ok = s.Member() {
			if inner := n.members[string(name)]; inner != nil {
				if spans[inner.slot-1].To > 0 { // given twice
					inner.clear(spans)
				}
				inner.fill(s, spans)
			} else {
				s.Value()
			}
		}
	case n.elements != nil && s.Array():
		for i := 0; s.Element(); i++ {
			if i < len(n.elements) && n.elements[i] != nil {
				n.elements[i].fill(s, spans)
			} else {
				s.Value()
			}
		}
	default:
		s.Value()
	}
	if n.slot > 0 {
		spans[n.slot-1] = Span{start, s.end}
	}
}

// clear forgets what an earlier member of the same name has filled below it.
func (n *node) clear(spans []Span) {
	for _, inner := range n.members {
		inner.forget(spans)
	}
	for _, inner := range n.elements {
		if inner != nil {
			inner.forget(spans)
		}
	}
}

func (n *node) forget(spans []Span) {
	if n.slot > 0 {
		spans[n.slot-1] = Span{}
	}
	n.clear(spans)
}
