package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/model/textparse"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/annotations"

	"pai-notify/shared/clock"
)

// watched is a Prometheus that scrapes a local cloud: its parser, its query engine, and the samples in memory.
type watched struct {
	t      *testing.T
	clock  clock.Clock // the deployment's
	engine *promql.Engine
	series map[string]*scraped
	last   time.Time
}

type scraped struct {
	labels  labels.Labels
	samples []chunks.Sample
}

// reading is a value at a time.
type reading struct {
	t int64
	f float64
}

func (s reading) T() int64                      { return s.t }
func (s reading) F() float64                    { return s.f }
func (s reading) H() *histogram.Histogram       { return nil }
func (s reading) FH() *histogram.FloatHistogram { return nil }
func (s reading) Type() chunkenc.ValueType      { return chunkenc.ValFloat }
func (s reading) Copy() chunks.Sample           { return s }

func watch(c *cloud) *watched {
	c.t.Helper()
	text, err := os.ReadFile(filepath.Join(c.data, "clock"))
	if err != nil {
		c.t.Fatal(err)
	}
	w := &watched{t: c.t, series: map[string]*scraped{}, engine: promql.NewEngine(promql.EngineOpts{
		MaxSamples: 1 << 20, Timeout: time.Minute, LookbackDelta: 5 * time.Minute,
	})}
	if w.clock, err = clock.Parse(string(text)); err != nil {
		c.t.Fatal(err)
	}
	return w
}

// scrape reads the metrics and keeps them under the deployment's time.
func (w *watched) scrape(c *cloud) {
	w.t.Helper()
	w.last = w.clock.Now()
	answer := c.api(http.MethodGet, "/metrics", nil).must(w.t, http.StatusOK)
	p, err := textparse.New([]byte(answer.Text), answer.Header.Get("Content-Type"), nil, textparse.ParserOptions{})
	if err != nil {
		w.t.Fatal(err)
	}
	for {
		entry, err := p.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			w.t.Fatalf("Prometheus does not read the metrics: %v\n%s", err, answer.Text)
		}
		if entry != textparse.EntrySeries {
			continue
		}
		var of labels.Labels
		p.Labels(&of)
		_, _, value := p.Series()
		w.keep(of, value)
	}
	// What Prometheus and the blackbox exporter add.
	w.keep(labels.FromStrings("__name__", "up", "job", "pai-notify"), 1)
	w.keep(labels.FromStrings("__name__", "probe_success", "job", "pai-notify-healthz"), map[bool]float64{true: 1}[c.healthy()])
}

func (w *watched) keep(of labels.Labels, value float64) {
	s := w.series[of.String()]
	if s == nil {
		s = &scraped{labels: of}
		w.series[of.String()] = s
	}
	s.samples = append(s.samples, reading{w.last.UnixMilli(), value})
}

func (c *cloud) healthy() bool {
	c.t.Helper()
	return ask(c.t, http.MethodGet, c.API+"/healthz", nil).Status == http.StatusOK
}

// find is storage.Queryable over what was scraped.
func (w *watched) find(sorted bool, _ *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	var found matched
	for _, s := range w.series {
		if !slices.ContainsFunc(matchers, func(m *labels.Matcher) bool { return !m.Matches(s.labels.Get(m.Name)) }) {
			found.list = append(found.list, storage.NewListSeries(s.labels, s.samples))
		}
	}
	if sorted {
		slices.SortFunc(found.list, func(a, b storage.Series) int { return labels.Compare(a.Labels(), b.Labels()) })
	}
	return &found
}

// matched are the series that a selector chooses; a storage.SeriesSet.
type matched struct {
	list []storage.Series
	next int
}

func (m *matched) Next() bool                        { m.next++; return m.next <= len(m.list) }
func (m *matched) At() storage.Series                { return m.list[m.next-1] }
func (m *matched) Err() error                        { return nil }
func (m *matched) Warnings() annotations.Annotations { return nil }

// ask evaluates an expression at the last scrape.
func (w *watched) ask(expression string) (promql.Vector, error) {
	store := &storage.MockQueryable{MockQuerier: &storage.MockQuerier{SelectMockFunction: w.find}}
	query, err := w.engine.NewInstantQuery(context.Background(), store, nil, expression, w.last)
	if err != nil {
		return nil, err
	}
	defer query.Close()
	result := query.Exec(context.Background())
	if result.Err != nil {
		return nil, result.Err
	}
	vector, err := result.Vector()
	return slices.Clone(vector), err
}

// known fails the test where an expression names series that are not there.
func (w *watched) known(what, expression string) {
	w.t.Helper()
	parsed, err := parser.ParseExpr(expression)
	if err != nil {
		w.t.Errorf("%s: %v", what, err)
		return
	}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok && !w.find(false, nil, selector.LabelMatchers...).Next() {
			w.t.Errorf("%s: nothing was scraped that is %s", what, selector)
		}
		return nil
	})
}

// dashboard is what of Grafana's document says what is drawn.
type dashboard struct {
	Title, UID    string
	SchemaVersion int
	Templating    struct {
		List []struct {
			Name, Type string
			Query      any
		}
	}
	Panels []struct {
		ID          int
		Title, Type string
		GridPos     struct{ X, Y, W, H int }
		Datasource  struct{ UID string }
		Targets     []struct{ RefID, Expr string }
	}
}

func readDashboard(t *testing.T) (d dashboard) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs/watch/grafana.json"))
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func readAlerts(t *testing.T) (all []rulefmt.Rule) {
	t.Helper()
	groups, errs := rulefmt.ParseFile(filepath.Join(root, "docs/watch/prometheus-rules.yaml"), false, model.UTF8Validation)
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	for _, g := range groups.Groups {
		all = append(all, g.Rules...)
	}
	return all
}

func TestTheDashboardIsOneThatGrafanaDraws(t *testing.T) {
	t.Parallel()
	d := readDashboard(t)
	if d.Title == "" || d.UID == "" || d.SchemaVersion < 36 || len(d.Panels) == 0 || len(d.Templating.List) == 0 {
		t.Errorf("the dashboard is %q, %q, version %d with %d panels", d.Title, d.UID, d.SchemaVersion, len(d.Panels))
	}
	taken := map[[2]int]string{}
	ids := map[int]bool{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || p.Datasource.UID != "${source}" || len(p.Targets) == 0 {
			t.Errorf("panel %d %q has no number, title, source or query of its own", p.ID, p.Title)
		}
		ids[p.ID] = true
		if p.GridPos.X+p.GridPos.W > 24 || p.GridPos.W == 0 || p.GridPos.H == 0 {
			t.Errorf("panel %q is at %+v, outside the grid's 24 columns", p.Title, p.GridPos)
		}
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				if other := taken[at]; other != "" {
					t.Fatalf("panels %q and %q lie on one another", other, p.Title)
				}
				taken[at] = p.Title
			}
		}
	}
}

func TestEveryAlertSaysHowBadItIsAndWhatToDo(t *testing.T) {
	t.Parallel()
	for _, r := range readAlerts(t) {
		if !strings.HasPrefix(r.Alert, "PaiNotify") || !slices.Contains([]string{"critical", "warning"}, r.Labels["severity"]) ||
			r.Annotations["summary"] == "" || r.Annotations["action"] == "" {
			t.Errorf("alert %q lacks a severity, a summary or an action", r.Alert)
		}
	}
}

func TestDashboardAndAlertsFindTheirDataInALiveRun(t *testing.T) {
	t.Parallel()
	s := newStandIn(t, func(m told) reply {
		switch m.Token {
		case "dead":
			return reply{refuse: true, body: `{"code":19021,"msg":"sign match fail"}`}
		case "closed":
			return reply{refuse: true, body: `{"errcode":130101,"errmsg":"send too fast"}`}
		case "failing":
			return reply{refuse: true, status: http.StatusServiceUnavailable}
		}
		return reply{}
	})
	c := start(t, 60, s.allow())
	c.setUp("nlp_train")
	c.makeRule(grouped("model", 0, s.target(c, "told", "webhook", "told")))
	c.makeRule(grouped("model", 1, s.target(c, "failing", "webhook", "failing")))
	c.makeRule(grouped("dlc", 2, s.target(c, "dead", "lark", "dead")))
	c.makeRule(grouped("dlc", 3, s.target(c, "closed", "dingtalk", "closed")))
	c.makeRule(grouped("dlc", 4, s.target(c, "paced", "wecom", "paced")))
	w := watch(c)
	w.scrape(c)
	first := w.last
	sources := []string{"model", "model", "dlc", "dlc", "dlc"}
	stop := c.load(25*time.Millisecond, func(n int) (string, json.RawMessage) { // for the last group more than its pace
		g := min(n%10, len(sources)-1)
		return numbered(t, sources[g], g, n)
	})
	fires := map[string]bool{}
	rules := readAlerts(t)
	until(t, 3*time.Minute, func() string {
		if next := w.last.Add(15 * time.Second); w.clock.Now().Before(next) { // as Prometheus scrapes, on this clock
			return "the next scrape is not due"
		}
		w.scrape(c)
		for _, r := range rules {
			result, err := w.ask(r.Expr)
			if err != nil {
				t.Fatalf("%s: %v", r.Alert, err)
			}
			fires[r.Alert] = fires[r.Alert] || len(result) > 0
		}
		if span := w.last.Sub(first); span < 8*time.Minute {
			return fmt.Sprintf("scraped for %s", span)
		}
		for _, name := range []string{"PaiNotifyDeliveriesDied", "PaiNotifyReceiversFailing", "PaiNotifyReceiversClosed"} {
			if !fires[name] {
				return "nothing has fired " + name
			}
		}
		for _, name := range []string{"destinations_paced", "pace_wait_seconds"} { // the last group is asked for too much
			if got, err := w.ask("max_over_time(pai_notify_" + name + "[10m])"); err != nil || len(got) != 1 || got[0].F <= 0 {
				return fmt.Sprintf("%s is %v, %v", name, got, err)
			}
		}
		return ""
	})
	stop()
	for _, name := range []string{"PaiNotifyPaused", "PaiNotifyNoMetrics"} {
		if fires[name] {
			t.Errorf("%s fired without its cause", name)
		}
	}
	for _, r := range rules {
		w.known(r.Alert, r.Expr)
	}
	variables := strings.NewReplacer("$__rate_interval", "4m", "$channel", ".*")
	queries := 0
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			queries++
			what := fmt.Sprintf("panel %q, query %s", p.Title, target.RefID)
			expression := variables.Replace(target.Expr)
			w.known(what, expression)
			result, err := w.ask(expression)
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
			if !slices.ContainsFunc(result, func(s promql.Sample) bool { return !math.IsNaN(s.F) && !math.IsInf(s.F, 0) }) {
				t.Errorf("%s: %s gives no value: %v", what, expression, result)
			}
		}
	}
	t.Logf("%d queries of the dashboard and %d alerts over %d series, scraped for %s", queries, len(rules), len(w.series), w.last.Sub(first))
}
