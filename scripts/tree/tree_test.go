// Package tree checks the shape of the repository: that every channel and function has all its pieces, and that imports
// point one way. Its failures say what is missing, so that adding a channel needs no guide.
package tree

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"pai-notify/scripts/serverless"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
)

const root = "../.."

// pieces are what a channel or a function is made of.
type pieces struct {
	tree     fs.FS    // the repository
	registry []string // names of the channels in shared/channel/all
	blocks   []string // names of the functions in s.yaml, without the deployment's prefix
}

// missing names every piece that is absent.
func (p pieces) missing() ([]string, error) {
	mains, err := fs.Glob(p.tree, "functions/*/main.go")
	if err != nil {
		return nil, err
	}
	deliver, err := fs.Glob(p.tree, "functions/deliver/*/main.go")
	if err != nil {
		return nil, err
	}
	channels, err := fs.Glob(p.tree, "shared/channel/*/codes.json")
	if err != nil {
		return nil, err
	}
	var found []string
	say := func(where, what string) { found = append(found, what+" has no "+where) }
	var functions []string
	for _, name := range append(mains, deliver...) {
		functions = append(functions, strings.ReplaceAll(path.Dir(strings.TrimPrefix(name, "functions/")), "/", "-"))
	}
	for _, name := range functions {
		if !slices.Contains(p.blocks, name) {
			say("block in s.yaml", "function "+name)
		}
	}
	for _, name := range p.blocks {
		if !slices.Contains(functions, name) {
			say("folder functions/"+strings.Replace(name, "deliver-", "deliver/", 1), "block "+name+" of s.yaml")
		}
	}
	var folders []string
	for _, name := range channels {
		folders = append(folders, path.Base(path.Dir(name)))
	}
	for _, name := range folders {
		if !slices.Contains(p.registry, name) {
			say("line in shared/channel/all", "channel "+name)
		}
		if !slices.Contains(functions, "deliver-"+name) {
			say("folder functions/deliver/"+name, "channel "+name)
		}
		if !slices.Contains(p.blocks, "deliver-"+name) {
			say("block in s.yaml named deliver-"+name, "channel "+name)
		}
	}
	for _, name := range p.registry {
		if !slices.Contains(folders, name) {
			say("folder shared/channel/"+name+" with codes.json", "registered channel "+name)
		}
	}
	return found, nil
}

func TestEveryChannelAndFunctionHasAllItsPieces(t *testing.T) {
	t.Parallel()
	template, err := serverless.Load(root+"/s.yaml", func(string) string { return "" })
	if err != nil {
		t.Fatal(err)
	}
	p := pieces{tree: os.DirFS(root), blocks: template.Functions()}
	for _, c := range all.Channels(channel.Deps{}) {
		p.registry = append(p.registry, c.Spec().Name)
	}
	found, err := p.missing()
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range found {
		t.Error(what)
	}
	if len(p.blocks) < 8 || len(p.registry) < 4 {
		t.Errorf("%d blocks and %d channels read, too few to have read all", len(p.blocks), len(p.registry))
	}
}

func TestMissingPiecesAreNamed(t *testing.T) {
	t.Parallel()
	whole := func() pieces {
		return pieces{
			tree:     fstest.MapFS{"shared/channel/tin/codes.json": {}, "functions/deliver/tin/main.go": {}, "functions/rules/main.go": {}},
			registry: []string{"tin"}, blocks: []string{"deliver-tin", "rules"},
		}
	}
	for name, c := range map[string]struct {
		cut  func(*pieces)
		want []string
	}{
		"nothing":          {func(*pieces) {}, nil},
		"registry line":    {func(p *pieces) { p.registry = nil }, []string{"channel tin has no line in shared/channel/all"}},
		"deliver folder":   {func(p *pieces) { delete(p.tree.(fstest.MapFS), "functions/deliver/tin/main.go") }, []string{"block deliver-tin of s.yaml has no folder functions/deliver/tin", "channel tin has no folder functions/deliver/tin"}},
		"channel's block":  {func(p *pieces) { p.blocks = []string{"rules"} }, []string{"function deliver-tin has no block in s.yaml", "channel tin has no block in s.yaml named deliver-tin"}},
		"channel folder":   {func(p *pieces) { delete(p.tree.(fstest.MapFS), "shared/channel/tin/codes.json") }, []string{"registered channel tin has no folder shared/channel/tin with codes.json"}},
		"function's block": {func(p *pieces) { p.blocks = []string{"deliver-tin"} }, []string{"function rules has no block in s.yaml"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := whole()
			c.cut(&p)
			got, err := p.missing()
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("missing = %q, want %q", got, c.want)
			}
		})
	}
}

// forbidden lists what a package (by prefix) must never import, directly or not, outside its tests.
func forbidden() map[string][]string {
	const shared, sdk = "pai-notify/shared/", "github.com/aliyun/alibaba-cloud-sdk-go"
	oidc := "github.com/coreos/go-oidc" // only the function access lets people in through an identity provider
	heavy := []string{"github.com/pressly/goose", "github.com/danielgtaylor/huma", "github.com/prometheus/client_golang"}
	return map[string][]string{
		shared:                          {"pai-notify/functions", "pai-notify/scripts", oidc},
		"pai-notify/functions/":         {"pai-notify/scripts"},
		"pai-notify/scripts/localcloud": {"pai-notify/functions"},
		shared + "event":                {"pai-notify/shared/pattern", shared + "catalog", shared + "message", shared + "channel", sdk},
		shared + "pattern":              {shared + "catalog", shared + "message", shared + "channel", sdk},
		shared + "message":              {shared + "channel", shared + "catalog", shared + "rule", sdk},
		shared + "channel":              {shared + "rule", shared + "ledger", shared + "delivery", shared + "database"},
		shared + "rule":                 {shared + "eventbridge", shared + "ledger", shared + "delivery", shared + "database", sdk},
		shared + "seal":                 {shared + "rule", shared + "database", shared + "ledger", shared + "channel"},
		shared + "httpapi":              {shared + "ledger", shared + "eventbridge", shared + "delivery"},
		shared + "ledger":               {shared + "delivery", shared + "eventbridge", sdk},
		"pai-notify/functions/deliver/": heavy,
		shared + "delivery":             {sdk},
		"pai-notify/functions/observe":  append(heavy, sdk),
		"pai-notify/functions/sweep":    heavy,
	}
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	command := exec.Command("go", "list", "-deps", "-json=ImportPath,Deps", "pai-notify/...")
	command.Dir = root
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, stderr.String())
	}
	decoder, seen := json.NewDecoder(bytes.NewReader(out)), 0
	for {
		var p struct {
			ImportPath string
			Deps       []string
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(p.ImportPath, "pai-notify/") || strings.HasSuffix(p.ImportPath, "test") {
			continue
		}
		seen++
		for prefix, banned := range forbidden() {
			if p.ImportPath != prefix && !strings.HasPrefix(p.ImportPath, strings.TrimSuffix(prefix, "/")+"/") {
				continue
			}
			for _, dep := range p.Deps {
				for _, b := range banned {
					if dep == b || strings.HasPrefix(dep, strings.TrimSuffix(b, "/")+"/") {
						t.Errorf("%s imports %s, which %s must not", p.ImportPath, dep, prefix)
					}
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("%d packages read, too few to be all", seen)
	}
}
