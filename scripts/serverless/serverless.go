// Package serverless reads s.yaml as strictly as Serverless Devs reads it leniently: upstream takes a misspelt property, a
// memory size Function Compute does not have or 5 KB of environment without a word, and the mistake shows in the cloud.
// Here every fault is named, all at once, with its line, its path and what is right.
//
// It renders the file itself, for the local cloud and for tests need no Node; a test holds its rendering against that of
// the real tool. Of the tool's language it knows what s.yaml uses: anchors, `extend` of one template, and the variables
// ${env('NAME')}, ${env('NAME', 'default')}, ${vars.…}, ${this.name}, ${this.props.…} and ${resources.BLOCK.props.…}.
package serverless

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Template is what s.yaml deploys.
type Template struct {
	Name    string
	Prefix  string     // of every function's name, hyphen included: pai-notify-
	Region  string     // of everything
	Blocks  []Function // one a function, sorted by name
	Domain  Domain
	Actions map[string][]Action // by what they come before or after, such as pre-deploy
	Unset   []string            // settings without a value, as "NAME: what it is"; nothing can be deployed while there are any
}

// Function is one block of the component fc3.
type Function struct {
	Name string // the block's, which is that of the function's folder with - for /
	FunctionProps
}

// Function finds a function by its block's name or its name in the cloud.
func (t *Template) Function(name string) (Function, bool) {
	name = strings.TrimPrefix(name, t.Prefix)
	i := slices.IndexFunc(t.Blocks, func(f Function) bool { return f.Name == name })
	if i < 0 {
		return Function{}, false
	}
	return t.Blocks[i], true
}

// Functions are the functions' names, sorted.
func (t *Template) Functions() []string {
	names := make([]string, 0, len(t.Blocks))
	for _, f := range t.Blocks {
		names = append(names, f.Name)
	}
	return names
}

// Load reads the template at path, with getenv for its ${env(…)}. The error joins all faults; none repeats a value that
// came from the environment.
func Load(path string, getenv func(string) string) (*Template, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	return Parse(filepath.Base(path), text, getenv)
}

// Parse is [Load] for a text; name is that of the file, for faults.
func Parse(name string, text []byte, getenv func(string) string) (*Template, error) {
	source, err := read(name, text)
	if err != nil {
		return nil, err
	}
	tree, unset, err := source.render(getenv)
	if err != nil {
		return nil, err
	}
	t, err := decode(tree, source.where)
	if err != nil {
		return nil, err
	}
	t.Unset = unset
	return t, nil
}

// decode checks a rendered tree and takes the types out of it. where says how to name a path in a fault.
func decode(tree map[string]any, where func(path string) string) (*Template, error) {
	c := &checker{where: where}
	c.strict(tree)
	if err := c.err(); err != nil {
		return nil, err // a tree of the wrong shape has nothing more to say
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return nil, fmt.Errorf("read the rendered template: %w", err)
	}
	var doc document
	if err := json.NewDecoder(bytes.NewReader(text)).Decode(&doc); err != nil {
		return nil, fmt.Errorf("read the rendered template: %w", err)
	}
	t := c.template(doc)
	return t, c.err()
}

// checker gathers faults.
type checker struct {
	where  func(path string) string
	faults []error
}

func (c *checker) fault(path, format string, args ...any) {
	c.faults = append(c.faults, fmt.Errorf("%s: %w", c.where(path), fmt.Errorf(format, args...)))
}

func (c *checker) err() error { return errors.Join(c.faults...) }
