package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const template = "../../../s.yaml"

func TestADeploymentWithoutItsSettingsIsRefusedByName(t *testing.T) {
	t.Parallel()
	getenv := func(name string) string {
		if name == "VPC_ID" {
			return "vpc-1"
		}
		return ""
	}
	err := run([]string{template}, getenv, new(bytes.Buffer))
	if err == nil {
		t.Fatal("it may be deployed with nothing set")
	}
	for _, want := range []string{"DATABASE_URL: postgres://", "SEAL_KEYS: make keys", "ACCOUNT_ID: ", "deploy again"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error = %v\nwant %q in it", err, want)
		}
	}
	if strings.Contains(err.Error(), "VPC_ID: ") {
		t.Errorf("error = %v\nbut VPC_ID is set", err)
	}
}

func TestACompleteDeploymentMayGoOn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := run([]string{template}, func(name string) string {
		if name == "REGION" {
			return "cn-shanghai"
		}
		return "set"
	}, &out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.HasPrefix(got, "deployable: ") || !strings.Contains(got, "cn-shanghai") {
		t.Errorf("it says %q", got)
	}
}

func TestATemplateWithAFaultIsRefused(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(template)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s.yaml")
	if err := os.WriteFile(path, bytes.Replace(text, []byte("memorySize"), []byte("memorysize"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	err = run([]string{path}, func(string) string { return "set" }, new(bytes.Buffer))
	if err == nil || !strings.Contains(err.Error(), "did you mean memorySize?") {
		t.Errorf("error = %v, want the misspelt property", err)
	}
}
