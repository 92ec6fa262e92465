// Package manifest holds rules as teams keep them in git: YAML documents, one workspace each, that fit the JSON Schema in
// [Schema]. [Read] finds every fault of a file at once, each with its line and column. Secrets are never in the file: a
// setting refers to a variable of the environment or to a file, and one that is left out stays as the deployment has it.
package manifest

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Version is that of the documents' form, the value of their member version.
const Version = 1

// Fault is one thing wrong with a file.
type Fault struct {
	File   string `json:"file"`
	Line   int    `json:"line"`   // from 1
	Column int    `json:"column"` // from 1, in characters
	Path   string `json:"path"`   // of the field in its document: rules[2].targets[0].settings.webhook; empty: the document
	Text   string `json:"text"`   // what is wrong and what would be right
}

// String is how compilers tell: file:line:column: path text.
func (f Fault) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, strings.TrimSpace(f.Path+" "+f.Text))
}

// FaultErrors are all of them, as an error.
type FaultErrors []Fault

// Error has a line for each fault.
func (f FaultErrors) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// sorted gives the faults in the order of the files' lines, each once.
func (f FaultErrors) sorted() FaultErrors {
	slices.SortStableFunc(f, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path))
	})
	return slices.Compact(f)
}

// Rule is one rule of a file.
type Rule struct {
	Workspace string
	Name      string
	Body      map[string]any // as the API takes it, its secrets in it

	secrets map[string]bool // paths in Body of the settings that were references
	doc     *document
	path    string // of the rule in its document: rules[2]
}

// At is a fault of the rule, by a path in its body as the API tells it: targets[0].settings.webhook.
func (r Rule) At(path, text string) Fault {
	if path != "" {
		path = "." + path
	}
	return r.doc.fault(r.path+path, text)
}

// Set are the rules of some files, by workspace and name.
type Set struct {
	Workspaces []string // that the files name, sorted
	Rules      []Rule   // sorted
}

// Source is one file.
type Source struct {
	Name string
	Text []byte
}

// Lookup finds what a secret refers to: kind env or file, and the variable's name or the path, which is relative to the
// file that names it. The error says what is missing, and never the value.
type Lookup func(file, kind, name string) (string, error)

// Read reads files. The error is [FaultErrors] with all that is wrong with them.
func Read(sources []Source, lookup Lookup) (Set, error) {
	var faults FaultErrors
	var set Set
	first := map[string]Rule{}
	for _, source := range sources {
		documents, wrong := parse(source)
		faults = append(faults, wrong...)
		for _, doc := range documents {
			rules, wrong := doc.rules(lookup)
			faults = append(faults, wrong...)
			if doc.workspace() != "" && !slices.Contains(set.Workspaces, doc.workspace()) {
				set.Workspaces = append(set.Workspaces, doc.workspace())
			}
			for _, r := range rules {
				key := r.Workspace + "/" + strings.ToLower(r.Name)
				if other, twice := first[key]; twice && r.Name != "" {
					at := other.At("name", "")
					faults = append(faults, r.At("name", fmt.Sprintf("%q is in workspace %s twice; the first one is at %s:%d:%d",
						r.Name, r.Workspace, at.File, at.Line, at.Column)))
					continue
				}
				first[key] = r
				set.Rules = append(set.Rules, r)
			}
		}
	}
	if len(faults) > 0 {
		return Set{}, faults.sorted()
	}
	slices.Sort(set.Workspaces)
	slices.SortFunc(set.Rules, func(a, b Rule) int {
		return cmp.Or(cmp.Compare(a.Workspace, b.Workspace), cmp.Compare(a.Name, b.Name))
	})
	return set, nil
}

// Together are faults that were found after reading, in order.
func Together(faults []Fault) error {
	if len(faults) == 0 {
		return nil
	}
	return FaultErrors(faults).sorted()
}
