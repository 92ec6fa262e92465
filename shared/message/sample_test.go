package message_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/catalog"
	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

var update = flag.Bool("update", false, "write the golden files")

// TestEverySampleReadsAsItsGoldenFile shows what people read of every event that PAI might send. A message of nothing
// but ids and envelope is a defect, whatever the golden file says.
func TestEverySampleReadsAsItsGoldenFile(t *testing.T) {
	t.Parallel()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, language := range []string{"en", "zh"} {
		var b strings.Builder
		for _, s := range sample.All() {
			e, err := event.Parse(s.Event)
			if err != nil {
				t.Errorf("%s: %v", s.Name, err)
				continue
			}
			m := message.New(e, c.View(e), message.Options{Language: language, Zone: time.FixedZone("CST", 8*3600)})
			if len(m.Facts) < 3 || m.Title == "" {
				t.Errorf("%s: title %q and %d facts", s.Name, m.Title, len(m.Facts))
			}
			fmt.Fprintf(&b, "-- %s (severity %d) --\n%s\n", s.Name, m.Severity, m.Title)
			for _, f := range m.Facts {
				fmt.Fprintf(&b, "  %s%s%s\n", f.Name, message.Colon(language), f.Value)
			}
			fmt.Fprintf(&b, "  %s\n", m.Link)
		}
		file := filepath.Join("testdata", "samples."+language+".golden")
		if *update {
			if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatalf("%v (go test -update writes it)", err)
		}
		if diff := cmp.Diff(string(want), b.String()); diff != "" {
			t.Errorf("%s (-want +got); go test -update accepts it:\n%s", file, diff)
		}
	}
}
