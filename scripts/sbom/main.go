// Command sbom tells what the functions are made of: a software bill of materials in CycloneDX 1.6 JSON, the Go modules as
// cyclonedx-gomod finds them and the console's npm packages as its lock file pins them, and the list of their licences.
// A licence that is not on the list of those that may be shipped is an error. The same sources give the same bytes.
//
//	cyclonedx-gomod mod … | go run ./scripts/sbom -lock functions/console/web/package-lock.json -out .build/sbom.json -list THIRD_PARTY.md
package main

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
)

func main() {
	lock := flag.String("lock", "", "package-lock.json of the console")
	out := flag.String("out", "", "where the bill of materials goes")
	list := flag.String("list", "", "where the list of licences goes")
	flag.Parse()
	if err := run(os.Stdin, *lock, *out, *list); err != nil {
		fmt.Fprintln(os.Stderr, "sbom:", err)
		os.Exit(1)
	}
}

// allowed are licences under which a package may be part of what is deployed, by SPDX id.
func allowed() []string {
	return []string{"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "BSD-Source-Code", "ISC", "MIT", "MPL-2.0", "Unlicense"}
}

// undetected are parts that name no licence where a program finds it, with what a person found in their files.
func undetected() map[string]string {
	return map[string]string{"github.com/pressly/goose/v3": "MIT", "std": "BSD-3-Clause", "@antv/g2-extension-plot": "MIT"}
}

// component is a part, as far as this program looks at it.
type component struct {
	Type     string    `json:"type"`
	BOMRef   string    `json:"bom-ref"`
	Name     string    `json:"name"`
	Version  string    `json:"version"`
	Scope    string    `json:"scope,omitempty"`
	Hashes   []hash    `json:"hashes,omitempty"`
	Licenses []license `json:"licenses,omitempty"`
	PURL     string    `json:"purl,omitempty"`
	Evidence *evidence `json:"evidence,omitempty"`
}

type hash struct {
	Algorithm string `json:"alg"`
	Content   string `json:"content"`
}

type license struct {
	License struct {
		ID string `json:"id,omitempty"`
	} `json:"license"`
}

type evidence struct {
	Licenses []license `json:"licenses,omitempty"`
}

func (c component) licences() []string {
	all := c.Licenses
	if c.Evidence != nil {
		all = append(slices.Clone(all), c.Evidence.Licenses...)
	}
	var ids []string
	for _, l := range all {
		if l.License.ID != "" && !slices.Contains(ids, l.License.ID) {
			ids = append(ids, l.License.ID)
		}
	}
	if known := undetected()[c.Name]; len(ids) == 0 && known != "" {
		ids = []string{known}
	}
	return ids
}

func run(modules io.Reader, lock, out, list string) error {
	var bill map[string]json.RawMessage
	if err := json.NewDecoder(modules).Decode(&bill); err != nil {
		return fmt.Errorf("read what cyclonedx-gomod says: %w", err)
	}
	var parts []component
	if err := json.Unmarshal(bill["components"], &parts); err != nil {
		return fmt.Errorf("read what cyclonedx-gomod says: %w", err)
	}
	packages, err := npm(lock)
	if err != nil {
		return err
	}
	parts = append(parts, packages...)
	slices.SortFunc(parts, func(a, b component) int { return cmp.Or(cmp.Compare(a.PURL, b.PURL), cmp.Compare(a.Name, b.Name)) })
	for i := range parts {
		if len(parts[i].Licenses) == 0 && (parts[i].Evidence == nil || len(parts[i].Evidence.Licenses) == 0) {
			for _, id := range parts[i].licences() {
				parts[i].Licenses = append(parts[i].Licenses, named(id))
			}
		}
	}
	text, faults := table(parts)
	if len(faults) > 0 {
		return fmt.Errorf("not to be shipped: %s", strings.Join(faults, ", "))
	}
	if bill["components"], err = json.Marshal(parts); err != nil {
		return err
	}
	document, err := json.MarshalIndent(bill, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(out, append(document, '\n'), 0o644); err != nil {
		return err
	}
	return os.WriteFile(list, []byte(text), 0o644)
}

func named(id string) (l license) {
	l.License.ID = id
	return l
}

const modulesFolder = "node_modules/"

// npm are the packages of a lock file that are part of the page.
func npm(lock string) ([]component, error) {
	text, err := os.ReadFile(lock)
	if err != nil {
		return nil, err
	}
	var file struct {
		Packages map[string]struct {
			Version, License, Integrity string
			Dev                         bool
		}
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("%s: %w", lock, err)
	}
	var list []component
	for path, p := range file.Packages {
		at := strings.LastIndex(path, modulesFolder)
		if at < 0 || p.Dev {
			continue
		}
		name := path[at+len(modulesFolder):]
		c := component{Type: "library", Name: name, Version: p.Version, Scope: "required"}
		c.PURL = "pkg:npm/" + strings.ReplaceAll(url.PathEscape(name), "%2F", "/") + "@" + p.Version
		c.BOMRef = c.PURL
		if algorithm, sum, ok := strings.Cut(p.Integrity, "-"); ok && algorithm == "sha512" {
			raw, err := base64.StdEncoding.DecodeString(sum)
			if err != nil {
				return nil, fmt.Errorf("%s: integrity of %s: %w", lock, name, err)
			}
			c.Hashes = []hash{{"SHA-512", hex.EncodeToString(raw)}}
		}
		for id := range strings.SplitSeq(strings.Trim(p.License, "()"), " AND ") {
			if id != "" {
				c.Licenses = append(c.Licenses, named(id))
			}
		}
		if !slices.ContainsFunc(list, func(other component) bool { return other.PURL == c.PURL }) {
			list = append(list, c)
		}
	}
	return list, nil
}

// table lists parts with their licences, and names those that may not be shipped.
func table(parts []component) (text string, faults []string) {
	var b strings.Builder
	b.WriteString("# Third-party parts\n\nWhat the functions and the console are made of, and under which licences. " +
		"`make sbom` makes this list and\n`.build/sbom.json`, a bill of materials in CycloneDX form.\n\n| part | version | licence |\n|---|---|---|\n")
	for _, c := range parts {
		ids := c.licences()
		if len(ids) == 0 || slices.ContainsFunc(ids, func(id string) bool { return !slices.Contains(allowed(), id) }) {
			faults = append(faults, fmt.Sprintf("%s (licence %q)", c.Name, strings.Join(ids, " ")))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", c.Name, c.Version, strings.Join(ids, ", "))
	}
	return b.String(), faults
}
