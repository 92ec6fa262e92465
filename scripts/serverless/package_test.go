package serverless

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// project is a small project with the real package.sh and two functions.
func project(t *testing.T) (dir string, pack func(args ...string) (string, error)) {
	t.Helper()
	dir = t.TempDir()
	script, err := os.ReadFile(filepath.Join(root, "scripts/package.sh"))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, text string, mode os.FileMode) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("scripts/package.sh", string(script), 0o755)
	write("go.mod", "module small\n\ngo 1.26.0\n", 0o644)
	write("functions/rules/main.go", "package main\n\nfunc main() { println(\"rules\") }\n", 0o644)
	write("functions/deliver/lark/main.go", "package main\n\nfunc main() { println(\"lark\") }\n", 0o644)
	write(".build/gone/main", "old", 0o755)
	return dir, func(args ...string) (string, error) {
		out, err := exec.CommandContext(t.Context(), filepath.Join(dir, "scripts/package.sh"), args...).CombinedOutput()
		return string(out), err
	}
}

func TestPackagingGivesTheSameStaticBinariesWhereverItIsDone(t *testing.T) {
	t.Parallel()
	var binaries [2][]byte
	for i := range binaries {
		dir, pack := project(t)
		out, err := pack()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		for _, want := range []string{"[1/2] deliver-lark", "[2/2] rules", " MB\n"} {
			if !strings.Contains(out, want) {
				t.Errorf("it prints %q, want %q in it", out, want)
			}
		}
		if binaries[i], err = os.ReadFile(filepath.Join(dir, ".build/deliver-lark/main")); err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(binaries[i], []byte(dir)) {
			t.Error("the binary names the directory it was built in")
		}
		if bytes.Contains(binaries[i], []byte("ld-linux")) {
			t.Error("the binary is not static")
		}
		if _, err := os.Stat(filepath.Join(dir, ".build/gone")); !os.IsNotExist(err) {
			t.Errorf("a function that is no more is still packaged (%v)", err)
		}
	}
	if !bytes.Equal(binaries[0], binaries[1]) {
		t.Error("two directories give two binaries")
	}
}

func TestPackagingTakesFoldersAndNames(t *testing.T) {
	t.Parallel()
	dir, pack := project(t)
	for _, arg := range []string{"deliver/lark", "deliver-lark"} {
		if out, err := pack(arg); err != nil || !strings.Contains(out, "[1/1] deliver-lark") {
			t.Errorf("package.sh %s: %v\n%s", arg, err, out)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, ".build/rules")); !os.IsNotExist(err) {
		t.Errorf("a function that was not asked for is packaged (%v)", err)
	}
	if out, err := pack("rulez"); err == nil || !strings.Contains(out, "no function is named rulez") {
		t.Errorf("package.sh rulez: %v\n%s", err, out)
	}
}
