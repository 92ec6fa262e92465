package docs

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/goccy/go-yaml"
)

// TestIssueFormsAreWhatGitHubTakes reads the forms strictly: GitHub shows none that has a fault, and says so to nobody
// (docs.github.com, "Syntax for issue forms").
func TestIssueFormsAreWhatGitHubTakes(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(root, ".github/ISSUE_TEMPLATE/*.yml"))
	if err != nil {
		t.Fatal(err)
	}
	forms := 0
	for _, path := range paths {
		if filepath.Base(path) == "config.yml" {
			continue
		}
		forms++
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var form struct {
			Name        string   `yaml:"name"`
			Description string   `yaml:"description"`
			Labels      []string `yaml:"labels"`
			Body        []struct {
				Type       string `yaml:"type"`
				ID         string `yaml:"id"`
				Attributes struct {
					Label       string `yaml:"label"`
					Description string `yaml:"description"`
					Placeholder string `yaml:"placeholder"`
					Render      string `yaml:"render"`
					Value       string `yaml:"value"`
					Options     []any  `yaml:"options"`
				} `yaml:"attributes"`
				Validations struct {
					Required bool `yaml:"required"`
				} `yaml:"validations"`
			} `yaml:"body"`
		}
		if err := yaml.UnmarshalWithOptions(content, &form, yaml.Strict()); err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if form.Name == "" || form.Description == "" || len(form.Body) < 3 {
			t.Errorf("%s lacks a name, a description or a body", path)
		}
		var ids []string
		for i, part := range form.Body {
			a := part.Attributes
			switch part.Type {
			case "markdown":
				if a.Value == "" {
					t.Errorf("%s: body[%d] has no value", path, i)
				}
				continue
			case "textarea", "input":
			case "dropdown", "checkboxes":
				if len(a.Options) == 0 {
					t.Errorf("%s: body[%d] has no options", path, i)
				}
			default:
				t.Errorf("%s: body[%d] has the type %q", path, i, part.Type)
			}
			if a.Label == "" || part.ID == "" || slices.Contains(ids, part.ID) {
				t.Errorf("%s: body[%d] has no label, or no id of its own", path, i)
			}
			ids = append(ids, part.ID)
		}
	}
	if forms < 2 {
		t.Errorf("%d forms read", forms)
	}
}
