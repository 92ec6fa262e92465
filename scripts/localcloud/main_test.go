package main

import "testing"

func TestAFolderKeepsItsFirstClockSoThatTimeNeverGoesBack(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	machine, err := keptClock(folder, 1)
	if err != nil || machine.String() != "" {
		t.Fatalf("the clock of a new folder = %q, %v; want the machine's", machine, err)
	}
	fast, err := keptClock(folder, 100_000)
	if err != nil || fast.String() == "" {
		t.Fatalf("a fast clock = %q, %v", fast, err)
	}
	before := fast.Now()
	for _, speed := range []float64{1, 2, 100_000} {
		again, err := keptClock(folder, speed)
		if err != nil || again.String() != fast.String() || again.Now().Before(before) {
			t.Errorf("asked for speed %v the folder has clock %q, %v; want its first, %q", speed, again, err, fast)
		}
	}
}
