package docs

import (
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pai-notify/scripts/serverless"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/database"
)

var update = flag.Bool("update", false, "write the tables that documents take from the code")

// TestTheTablesOfTheDocumentsAreThoseOfTheCode keeps what is configured described in one place: beside the code that
// reads it.
func TestTheTablesOfTheDocumentsAreThoseOfTheCode(t *testing.T) {
	t.Parallel()
	const path = "docs/deploying.md"
	d, err := Read(root, path)
	if err != nil {
		t.Fatal(err)
	}
	template, err := serverless.Load(filepath.Join(root, "s.yaml"), func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	want := d
	for name, table := range map[string]string{
		"deployment's variables": deployed(t), "functions' variables": given(t, template), "settings": settings(t),
		"channels' settings": shared(), "instances": instances(template),
	} {
		if _, ok := d.Generated(name); !ok {
			t.Errorf("%s has no marks <!-- %s -->", path, name)
		}
		want = want.With(name, table)
	}
	if want.Text == d.Text {
		return
	}
	if *update {
		if err := os.WriteFile(filepath.Join(root, path), []byte(want.Text), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("%s is not as the code has it; run go test ./scripts/docs -update", path)
}

func row(b *strings.Builder, cells ...string) {
	for i, cell := range cells {
		cells[i] = strings.ReplaceAll(cell, "|", `\|`)
	}
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func head(cells ...string) *strings.Builder {
	b := &strings.Builder{}
	row(b, slices.Clone(cells)...)
	b.WriteString(strings.Repeat("|---", len(cells)) + "|\n")
	return b
}

// deployed are the variables that s.yaml reads while it is deployed, in its order.
func deployed(t *testing.T) string {
	t.Helper()
	described := comments(t)
	b, seen := head("variable", "without it", "what it is"), map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)\$\{env\('([A-Z_]+)', '([^']*)'\)\}(?:[^\S\n]+# *(.*))?`).FindAllStringSubmatch(text(t, "s.yaml"), -1) {
		name, without, what := m[1], m[2], m[3]
		if seen[name] {
			continue
		}
		seen[name] = true
		if rest, ok := strings.CutPrefix(without, "unset; "); ok {
			without, what = "**refused**", rest
		} else if without != "" {
			without = "`" + without + "`"
		} else {
			without = "–"
		}
		if what == "" {
			what = described[name]
		}
		if what == "" {
			t.Errorf("s.yaml and shared/environment do not say what %s is: add a comment to its line", name)
		}
		row(b, "`"+name+"`", without, what)
	}
	if len(seen) < 15 {
		t.Errorf("%d variables read from s.yaml", len(seen))
	}
	return b.String()
}

// comments are what shared/environment says of each variable.
func comments(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range []string{"environment.go", "provider.go"} {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "shared/environment", file), nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if f, ok := n.(*ast.Field); ok && f.Comment != nil {
				name, what, _ := strings.Cut(strings.TrimSpace(f.Comment.Text()), ": ")
				if regexp.MustCompile(`^[A-Z][A-Z0-9_]+$`).MatchString(name) {
					found[name] = what
				}
			}
			return true
		})
	}
	return found
}

// given are the variables that functions read, and which functions s.yaml gives them to.
func given(t *testing.T, template *serverless.Template) string {
	t.Helper()
	described := comments(t)
	source := text(t, "shared/environment/environment.go") + text(t, "shared/environment/provider.go")
	var names []string
	for _, m := range regexp.MustCompile(`getenv\("([A-Z_]+)"\)|"([A-Z]+_ENDPOINT)"`).FindAllStringSubmatch(source, -1) {
		if name := m[1] + m[2]; !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	b := head("variable", "functions", "what it is")
	for _, name := range names {
		if _, ok := described[name]; !ok {
			t.Errorf("shared/environment does not say what %s is: comment its field with it", name)
		}
		var functions []string
		deliver, all := 0, 0
		for _, f := range template.Blocks {
			_, has := f.EnvironmentVariables[name]
			if strings.HasPrefix(f.Name, "deliver-") {
				all++
				if has {
					deliver++
				}
			}
			if has {
				functions = append(functions, f.Name)
			}
		}
		if deliver == all {
			functions = slices.DeleteFunc(functions, func(f string) bool { return strings.HasPrefix(f, "deliver-") })
			functions = append(functions, "deliver-*")
		}
		where := strings.Join(functions, ", ")
		if where == "" {
			where = "none: of the local cloud"
		}
		row(b, "`"+name+"`", where, described[name])
	}
	return b.String()
}

// opening is how a Go comment begins, with its field's name.
var opening = regexp.MustCompile(`^[A-Z][A-Za-z]+ (?:is|are|holds|lists,?) `)

// settings are the members of the settings document.
func settings(t *testing.T) string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "shared/database/settings.go"), nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(database.DefaultSettings())
	if err != nil {
		t.Fatal(err)
	}
	var defaults map[string]any
	if err := json.Unmarshal(document, &defaults); err != nil {
		t.Fatal(err)
	}
	b, rows, last := head("setting", "without it", "what it is"), 0, ""
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != "Settings" {
			return true
		}
		for _, f := range spec.Type.(*ast.StructType).Fields.List {
			name := regexp.MustCompile(`json:"([A-Za-z]+)`).FindStringSubmatch(f.Tag.Value)[1]
			switch {
			case f.Comment != nil:
				last = f.Comment.Text()
			case f.Doc != nil:
				last = f.Doc.Text()
			}
			without := "–"
			if v, ok := defaults[name]; ok {
				without = fmt.Sprintf("`%v`", v)
			}
			row(b, "`"+name+"`", without, opening.ReplaceAllString(strings.Join(strings.Fields(last), " "), ""))
			rows++
		}
		return false
	})
	if rows < 8 {
		t.Errorf("%d settings read", rows)
	}
	return b.String()
}

// shared are the settings of channels that all their targets share.
func shared() string {
	b := head("setting", "needed", "what it is")
	for _, spec := range all.Specs(channel.Deps{}) {
		for _, f := range spec.Shared {
			needed := "–"
			if f.Required {
				needed = "yes"
			}
			row(b, "`channels."+spec.Name+"."+f.Name+"`", needed, f.Label["en"]+". "+f.Help["en"])
		}
	}
	return b.String()
}

// instances are how many of each function may run, and what that takes of the database.
func instances(template *serverless.Template) string {
	b, sum, connections := head("function", "instances at most", "database connections", "time-out"), 0, 0
	for _, f := range template.Blocks {
		most := 0
		if f.ConcurrencyConfig != nil {
			most = f.ConcurrencyConfig.ReservedConcurrency
		}
		each := 0
		if f.EnvironmentVariables["DATABASE_URL"] != "" {
			each = most
		}
		sum, connections = sum+most, connections+each
		row(b, f.Name, fmt.Sprint(most), fmt.Sprint(each), fmt.Sprintf("%d s", f.Timeout))
	}
	row(b, "**all**", fmt.Sprintf("**%d**", sum), fmt.Sprintf("**%d**", connections), "")
	return b.String()
}
