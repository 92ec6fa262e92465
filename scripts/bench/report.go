package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// summary is the medians of a case's runs; Runs are all of them.
type summary struct {
	figures
	Runs []figures `json:"runs"`
}

func summarise(runs []figures) summary {
	s := summary{figures: runs[0], Runs: runs}
	of := func(value func(*figures) *float64) {
		list := make([]float64, len(runs))
		for i := range runs {
			list[i] = *value(&runs[i])
		}
		*value(&s.figures) = median(list)
	}
	for _, value := range values() {
		of(value)
	}
	return s
}

func values() []func(*figures) *float64 {
	return []func(*figures) *float64{
		func(f *figures) *float64 { return &f.PerSecond }, func(f *figures) *float64 { return &f.PerCPUSecond },
		func(f *figures) *float64 { return &f.Half }, func(f *figures) *float64 { return &f.P50 },
		func(f *figures) *float64 { return &f.P99 }, func(f *figures) *float64 { return &f.P999 },
		func(f *figures) *float64 { return &f.RSS }, func(f *figures) *float64 { return &f.Start },
		func(f *figures) *float64 { return &f.Allocs }, func(f *figures) *float64 { return &f.Bytes },
		func(f *figures) *float64 { return &f.Commits }, func(f *figures) *float64 { return &f.Syncs },
		func(f *figures) *float64 { return &f.ServerCPU }, func(f *figures) *float64 { return &f.Slope },
	}
}

// table is for people. What was not measured is a dash.
func table(list []summary) string {
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	_, _ = fmt.Fprintln(w, "case\t/s\t/CPU s\tof POST\tof nothing\tp50 ms\tp99\tp999\tRSS MB\tstart ms\tallocs\tcommits\tWAL syncs\tserver µs\t")
	var bare, idle float64
	for _, s := range list {
		switch {
		case s.Sender == post:
			bare = s.PerCPUSecond
		case s.Sender == nothing && s.Group == 1:
			idle = s.PerCPUSecond / float64(s.Group)
		}
	}
	number := func(v float64, format string) string {
		if v == 0 {
			return "–"
		}
		return fmt.Sprintf(format, v)
	}
	share := func(v, of float64) string {
		if of == 0 {
			return "–"
		}
		return fmt.Sprintf("%.2f", v/of)
	}
	for _, s := range list {
		_, _ = fmt.Fprintf(w, "%s\t%.0f\t%.0f\t%s\t%s\t%s\t%s\t%s\t%.1f\t%s\t%s\t%s\t%s\t%s\t\n", s.benchCase, s.PerSecond, s.PerCPUSecond,
			share(s.PerCPUSecond, bare), share(s.PerCPUSecond, idle), number(s.P50, "%.2f"), number(s.P99, "%.2f"), number(s.P999, "%.2f"),
			s.RSS, number(s.Start, "%.1f"), number(s.Allocs, "%.0f"), number(s.Commits, "%.2f"), number(s.Syncs, "%.3f"), number(s.ServerCPU, "%.0f"))
	}
	_ = w.Flush() // into memory
	for _, s := range list {
		if s.Goroutines > 0 {
			fmt.Fprintf(&text, "%s: memory grows %.0f KB a minute, %d goroutines and %d threads at the end\n", s.benchCase, s.Slope, s.Goroutines, s.Threads)
		}
		if s.Notes != "" {
			fmt.Fprintf(&text, "%s: %s\n", s.benchCase, s.Notes)
		}
	}
	return text.String()
}

// write writes the figures as JSON.
func write(path string, list []summary) error {
	if path == "" {
		return nil
	}
	text, err := json.MarshalIndent(struct {
		At    time.Time `json:"at"`
		Go    string    `json:"go"`
		CPUs  int       `json:"cpus"`
		Cases []summary `json:"cases"`
	}{time.Now().UTC(), runtime.Version(), runtime.NumCPU(), list}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o600)
}
