package channeltest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pai-notify/shared/catalog"
	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

// Told is a sample event as a message.
type Told struct {
	Name    string // of the sample
	Message message.Message
}

// Languages are those in which samples are told.
func Languages() []string { return message.Languages() }

// Tell tells every sample of the catalogue in a language, in the zone of China.
func Tell(tb testing.TB, language string) []Told {
	tb.Helper()
	c, err := catalog.Load()
	if err != nil {
		tb.Fatal(err)
	}
	var told []Told
	for _, s := range sample.All() {
		e, err := event.Parse(s.Event)
		if err != nil {
			tb.Fatalf("sample %s: %v", s.Name, err)
		}
		o := message.Options{Language: language, Zone: time.FixedZone("CST", 8*3600), ID: "pai-" + s.Name}
		told = append(told, Told{s.Name, message.New(e, c.View(e), o)})
	}
	return told
}

// maxAllocations is what rendering a sample may take of memory, from the message to the request: a delivery function has
// an eighth of a processor.
const maxAllocations = 60

// GoldenSamples compares what a wire makes of every sample with testdata/samples.<language>.golden, and keeps each body
// within the channel's limit and each rendering within its allocations. With update it writes the files. Shown is as in
// [Samples].
func GoldenSamples(t *testing.T, w channel.Wire, to channel.Settings, update bool, shown func(body []byte) string) {
	t.Helper()
	limit := w.Spec().MaxBytes
	for _, language := range Languages() {
		var b strings.Builder
		for _, told := range Tell(t, language) {
			body := body(t, w, to, told.Message)
			text := string(body)
			if shown != nil {
				text = shown(body)
			}
			if limit > 0 && len(text) > limit {
				t.Errorf("%s in %s: %d bytes are sent, over the limit of %d", told.Name, language, len(text), limit)
			}
			if shown == nil {
				text = readable(t, body)
			}
			fmt.Fprintf(&b, "-- %s (%d bytes) --\n%s\n", told.Name, len(body), strings.TrimSpace(text))
		}
		golden(t, "samples."+language, update, []byte(b.String()))
	}
}

// GoldenCallSamples compares the calls that a channel makes of every sample with testdata/samples.<language>.golden. With
// update it writes the files. Shown is what a person gets by a call's parameters, and what of it is over a limit.
func GoldenCallSamples(
	t *testing.T, newChannel func(channel.Deps) channel.Channel, to channel.Settings, update bool, accepted string,
	shown func(form url.Values) (text string, over error),
) {
	t.Helper()
	g := NewGateway(t, func(url.Values) (int, string) { return http.StatusOK, accepted }, to[channel.To])
	ch := newChannel(g.Deps())
	for _, language := range Languages() {
		var b strings.Builder
		for _, told := range Tell(t, language) {
			before := len(g.Calls())
			if _, err := ch.Send(t.Context(), to, told.Message); err != nil {
				t.Fatalf("%s in %s: Send: %v", told.Name, language, err)
			}
			calls := g.Calls()
			if len(calls) != before+1 {
				t.Fatalf("%s in %s: one Send made %d calls", told.Name, language, len(calls)-before)
			}
			text, err := shown(calls[before])
			if err != nil {
				t.Errorf("%s in %s: %v", told.Name, language, err)
			}
			fmt.Fprintf(&b, "-- %s --\n%s\n", told.Name, strings.TrimSpace(text))
		}
		golden(t, "samples."+language, update, []byte(b.String()))
	}
}

// Allocations checks that no sample takes more than its share of memory. Other tests must not run beside it.
func Allocations(t *testing.T, w channel.Wire, to channel.Settings) {
	t.Helper()
	c, err := catalog.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sample.All() {
		e, err := event.Parse(s.Event)
		if err != nil {
			t.Fatal(err)
		}
		v := c.View(e)
		o := message.Options{Language: "zh", Zone: time.FixedZone("CST", 8*3600), ID: "pai-0123456789abcdef", Late: time.Hour}
		n := float64(maxAllocations + 1)
		for range 50 { // the least of them, since the race detector empties pools at random
			n = min(n, testing.AllocsPerRun(1, func() {
				if _, err := w.Request(to, message.New(e, v, o), At()); err != nil {
					t.Fatal(err)
				}
			}))
		}
		if n > maxAllocations {
			t.Errorf("%s takes more than %d allocations", s.Name, maxAllocations)
		}
	}
}

// BenchSamples times the rendering of each sample, from the message to the signed request. Beside the time that passes it
// reports the processor's: that is what counts on a machine with other work.
func BenchSamples(b *testing.B, w channel.Wire, to channel.Settings) {
	b.Helper()
	c, err := catalog.Load()
	if err != nil {
		b.Fatal(err)
	}
	o := message.Options{Language: "zh", Zone: time.FixedZone("CST", 8*3600), ID: "pai-0123456789abcdef", Late: time.Hour}
	for _, s := range sample.All() {
		e, err := event.Parse(s.Event)
		if err != nil {
			b.Fatal(err)
		}
		v := c.View(e)
		b.Run(s.Name, func(b *testing.B) {
			b.ReportAllocs()
			start := processorTime(b)
			for b.Loop() {
				if _, err := w.Request(to, message.New(e, v, o), At()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((processorTime(b)-start).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}

func body(t *testing.T, w channel.Wire, to channel.Settings, m message.Message) []byte {
	t.Helper()
	req, err := w.Request(to, m, At())
	if err != nil {
		t.Fatalf("Request: %v", err)
	}
	return bodyOf(t, req)
}

func bodyOf(t *testing.T, req *http.Request) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := b.ReadFrom(req.Body); err != nil {
		t.Fatalf("read the request's body: %v", err)
	}
	return b.Bytes()
}

// readable is a JSON body with one member a line and the line breaks of its texts as such.
func readable(t *testing.T, body []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", " "); err != nil {
		t.Fatalf("the body is no JSON: %v: %s", err, body)
	}
	return strings.NewReplacer(`\\`, `\\`, `\n`, "\n    ").Replace(b.String())
}
