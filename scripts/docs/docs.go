// Package docs reads the project's documents, for the tests that keep them true: that what they name exists, that their
// commands run, that their tables are those of the code.
//
// A block of shell commands says by its info string what becomes of it in `make test`:
//
//	```sh          is run as it stands, all of a document in one shell, against a local cloud (scripts/story)
//	```sh account  needs an Alibaba Cloud account
//	```sh long     takes minutes, or is what runs the tests
//
// Those that are not run are checked: see the tests here.
package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Document is one file of Markdown.
type Document struct {
	Path string // from the repository's root
	Text string
}

// Block is a fenced piece of code.
type Block struct {
	Line     int    // of its first line of code
	Language string // first word of its info string
	Info     string // the others
	Text     string
}

// Heading is a title.
type Heading struct {
	Level  int
	Text   string
	Anchor string // as GitHub makes it
}

// Link is a reference to another place.
type Link struct {
	Line   int
	Target string
}

// All reads the documents of the repository at root: those beside its Makefile, and those in docs.
func All(root string) (list []Document, err error) {
	for _, form := range []string{"*.md", "docs/*.md"} {
		paths, err := filepath.Glob(filepath.Join(root, form))
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			d, err := Read(root, strings.TrimPrefix(path, filepath.Clean(root)+"/"))
			if err != nil {
				return nil, err
			}
			list = append(list, d)
		}
	}
	return list, nil
}

// Read reads a document by its path from root.
func Read(root, path string) (Document, error) {
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		return Document{}, fmt.Errorf("read a document: %w", err)
	}
	return Document{path, string(text)}, nil
}

const fence = "```"

// Blocks are the document's blocks of code.
func (d Document) Blocks() (list []Block) {
	var open *Block
	for i, line := range strings.Split(d.Text, "\n") {
		info, fenced := strings.CutPrefix(strings.TrimSpace(line), fence)
		switch {
		case !fenced && open != nil:
			open.Text += line + "\n"
		case fenced && open != nil:
			list, open = append(list, *open), nil
		case fenced:
			language, rest, _ := strings.Cut(info, " ")
			open = &Block{Line: i + 2, Language: language, Info: rest}
		}
	}
	return list
}

// Commands are the blocks of shell commands with an info of their own: "" for those that are run.
func (d Document) Commands(info string) (list []Block) {
	for _, b := range d.Blocks() {
		if b.Language == "sh" && b.Info == info {
			list = append(list, b)
		}
	}
	return list
}

// prose gives the lines outside blocks of code to f, each with its number.
func (d Document) prose(f func(n int, line string)) {
	inside := false
	for i, line := range strings.Split(d.Text, "\n") {
		if strings.HasPrefix(strings.TrimSpace(line), fence) {
			inside = !inside
			continue
		}
		if !inside {
			f(i+1, line)
		}
	}
}

var heading = regexp.MustCompile(`^(#{1,6}) +(.+)$`)

// Headings are the document's titles in order.
func (d Document) Headings() (list []Heading) {
	seen := map[string]int{}
	d.prose(func(_ int, line string) {
		m := heading.FindStringSubmatch(line)
		if m == nil {
			return
		}
		anchor := anchorOf(m[2])
		if n := seen[anchor]; n > 0 {
			list = append(list, Heading{len(m[1]), m[2], fmt.Sprintf("%s-%d", anchor, n)})
		} else {
			list = append(list, Heading{len(m[1]), m[2], anchor})
		}
		seen[anchor]++
	})
	return list
}

// anchorOf is GitHub's: letters, digits, hyphens and underscores in lower case, blanks as hyphens.
func anchorOf(title string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(strings.ReplaceAll(title, "`", "")) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

var link = regexp.MustCompile(`\]\(([^()\s]+)\)`)

// Links are the places that the document refers to.
func (d Document) Links() (list []Link) {
	d.prose(func(n int, line string) {
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			list = append(list, Link{n, m[1]})
		}
	})
	return list
}

// Row is a line of a table.
type Row struct {
	Line  int
	Cells []string
}

// Tables are the rows of the document's tables, heads included.
func (d Document) Tables() (tables [][]Row) {
	last := -1
	d.prose(func(n int, line string) {
		if !strings.HasPrefix(line, "|") {
			return
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(strings.ReplaceAll(line, `\|`, "\x00")), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(strings.ReplaceAll(cells[i], "\x00", "|"))
		}
		if n != last+1 {
			tables = append(tables, nil)
		}
		last = n
		if strings.Trim(cells[0], "-: ") == "" && strings.Contains(cells[0], "-") {
			return // the line below the head
		}
		t := len(tables) - 1
		tables[t] = append(tables[t], Row{n, cells})
	})
	return slices.DeleteFunc(tables, func(t []Row) bool { return len(t) == 0 })
}

// Generated is the text between the marks <!-- NAME --> and <!-- /NAME -->.
func (d Document) Generated(name string) (text string, ok bool) {
	_, rest, ok := strings.Cut(d.Text, "<!-- "+name+" -->\n")
	if !ok {
		return "", false
	}
	text, _, ok = strings.Cut(rest, "<!-- /"+name+" -->")
	return text, ok
}

// With is the document with another text between the marks.
func (d Document) With(name, text string) Document {
	old, ok := d.Generated(name)
	if ok {
		open, end := "<!-- "+name+" -->\n", "<!-- /"+name+" -->"
		d.Text = strings.Replace(d.Text, open+old+end, open+text+end, 1)
	}
	return d
}
