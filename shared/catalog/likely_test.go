package catalog

import (
	"strings"
	"testing"

	"pai-notify/shared/event"
)

func TestWhatIsUnknownIsProposedAsWhatIsMostLikeItAndKnownAfterwards(t *testing.T) {
	t.Parallel()
	c := load(t)
	for _, row := range []struct{ name, source, kind, option string }{
		{"another spelling of a source", "acs.pai-dlc", "paidlc:Job:Failed", "dlc.job.failed"},
		{"a source of which a type is known", "pai.events", "paidsw:Instance:Failed", "dsw.instance.failed"},
		{"another spelling of a type", "acs.paidlc", "pai:dlc:JobFailed", "dlc.job.failed"},
		{"another word in a type", "acs.paiflow", "paiflow:Run:Failed", "flow.run.failed"},
	} {
		e := event.Event{Source: row.source, Type: row.kind}
		u := c.Unknown(e)
		override := c.LikelyType(row.source, row.kind)
		if u.Source != "" {
			override = c.LikelySource(row.source, row.kind)
		}
		learned, err := c.Override([]byte(override))
		if override == "" || err != nil {
			t.Errorf("%s: override %q, %v", row.name, override, err)
			continue
		}
		if u := learned.Unknown(e); u.Source != "" || u.Type != "" {
			t.Errorf("%s: under %q it is still unknown: %+v", row.name, override, u)
		}
		if got := strings.Join(learned.OptionsOf(e), " "); !strings.Contains(got, row.option) {
			t.Errorf("%s: under %q it is of %s, want %s", row.name, override, got, row.option)
		}
	}
}

func TestNothingIsProposedForWhatIsLikeNothing(t *testing.T) {
	t.Parallel()
	c := load(t)
	if got := c.LikelySource("com.example.shop", "order:placed"); got != "" {
		t.Errorf("a foreign source is taken for %s", got)
	}
	for _, name := range []string{"", "::", "x", "billing:Invoice:Sent", strings.Repeat("长", 10_000)} {
		if got := c.LikelyType("acs.paidlc", name); got != "" {
			t.Errorf("type %.20q is taken for %s", name, got)
		}
	}
}

func TestAHostileNameInAProposalIsOneText(t *testing.T) {
	t.Parallel()
	c := load(t)
	hostile := "acs.paidlc\"]}\nbus: evil # \t'"
	learned, err := c.Override([]byte(c.LikelySource(hostile, "paidlc:Job:Failed")))
	if err != nil || learned.Bus("x") != "pai-system-x" || learned.Unknown(event.Event{Source: hostile, Type: "paidlc:Job:Failed"}).Source != "" {
		t.Errorf("%v, bus %q", err, learned.Bus("x"))
	}
}
