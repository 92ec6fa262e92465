package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// lookup finds secrets in the environment and in files, see [manifest.Lookup].
func (a *app) lookup(file, kind, name string) (string, error) {
	if kind == "env" {
		if value := a.Getenv(name); value != "" {
			return value, nil
		}
		return "", fmt.Errorf("names the variable %s, which is not set; set it, or leave the setting out to keep what the deployment has", name)
	}
	if !filepath.IsAbs(name) && file != stdin {
		name = filepath.Join(filepath.Dir(file), name)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return "", fmt.Errorf("names a file that cannot be read: %w", err)
	}
	value := strings.TrimRight(string(text), "\r\n")
	if value == "" {
		return "", fmt.Errorf("names the file %s, which is empty", name)
	}
	return value, nil
}
