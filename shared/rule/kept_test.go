package rule_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pai-notify/shared/rule"
)

// Rules stay in EventBridge for years without being written again: what a release wrote must stay readable. Each file is
// such a body, and beside it what it means; files are added when envelopes get a member, and never changed.
func TestEnvelopesOfEveryReleaseStayReadable(t *testing.T) {
	t.Parallel()
	bodies, err := filepath.Glob("testdata/envelope/*.body")
	if err != nil || len(bodies) < 2 {
		t.Fatalf("%d kept envelopes, %v", len(bodies), err)
	}
	for _, name := range bodies {
		body, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(strings.TrimSuffix(name, ".body") + ".golden")
		if err != nil {
			t.Fatal(err)
		}
		got, err := rule.DecodeEnvelopes(body)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var kept []rule.Envelope
		if err := json.Unmarshal(want, &kept); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(kept, got); diff != "" || len(kept) == 0 {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
