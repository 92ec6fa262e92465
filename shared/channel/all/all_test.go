package all_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
)

func TestEveryChannelFolderHasItsRegistryLine(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../*/codes.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no channel folders: %v", err)
	}
	var listed []string
	for _, spec := range all.Specs(channel.Deps{}) {
		if slices.Contains(listed, spec.Name) {
			t.Errorf("channel %s is listed twice", spec.Name)
		}
		listed = append(listed, spec.Name)
		if _, err := os.Stat(filepath.Join("..", spec.Name)); err != nil {
			t.Errorf("channel %s is listed and has no folder of its name: %v", spec.Name, err)
		}
	}
	for _, file := range files {
		if name := filepath.Base(filepath.Dir(file)); !slices.Contains(listed, name) {
			t.Errorf("channel folder %s has no line in all.go", name)
		}
	}
}

func BenchmarkChannels(b *testing.B) {
	for b.Loop() {
		all.Channels(channel.Deps{})
	}
}
