package function

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// parent is a local cloud in a process of its own, with one instance in mid-invocation and one frozen.
func parent() int {
	read, err := template()
	if err != nil {
		fmt.Println(err)
		return 1
	}
	r, err := Start(Options{Template: read, Root: os.Getenv("PARENT")})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	ctx := context.Background()
	if _, err := r.Invoke(ctx, "many", []byte("{}")); err != nil {
		fmt.Println(err)
		return 1
	}
	go func() { _, _ = r.Invoke(ctx, "timed", do("hang")) }()
	if err := r.Await(ctx, func(s Status) bool { return len(s["timed"].Instances) == 1 && s["timed"].Instances[0].RequestID != "" }); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready")
	select {}
}

func TestInstancesDieWithTheLocalCloudHoweverItDies(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "cloud") // other paths than the other tests' processes have
	if err := os.CopyFS(root, os.DirFS(built)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"many", "single", "stillborn", "timed"} {
		if err := os.Chmod(filepath.Join(root, ".build", name, "main"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	command := exec.CommandContext(t.Context(), os.Args[0])
	command.Env = append(os.Environ(), "PARENT="+root)
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if strings.TrimSpace(line) != "ready" {
		t.Fatalf("the local cloud said %q, %v", line, err)
	}
	if got := processes(root); len(got) != 2 {
		t.Fatalf("%d instances run, want 2", len(got))
	}
	if err := command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = command.Wait() // it was killed
	for deadline := time.Now().Add(10 * time.Second); len(processes(root)) > 0; runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("instances outlived kill -9 of the local cloud: %v", processes(root))
		}
	}
}
