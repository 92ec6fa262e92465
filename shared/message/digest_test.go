package message

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pai-notify/shared/event"
)

// happened is a message of one event of a job.
func happened(job string, minute int, failing bool) Message {
	e, v := failed()
	e.ID, e.Time = fmt.Sprint(job, minute), time.Date(2026, 11, 24, 12, minute, 0, 0, time.UTC)
	v.ID, v.Name, v.Failing = job, job, failing
	if !failing {
		v.Outcome, v.Severity = event.Text{"en": "Job running", "zh": "任务运行中"}, event.Info
	}
	return New(e, v, Options{Language: "en"})
}

func ExampleDigest() {
	list := []Message{happened("a", 1, false), happened("b", 2, false), happened("a", 3, true), happened("c", 2, false)}
	d := Digest(list, Options{Language: "en", Zone: china, Late: 3 * time.Minute})
	fmt.Println(d.Title)
	for _, item := range d.Items {
		fmt.Println("-", item.Title)
	}
	for _, f := range d.Facts {
		fmt.Println(f.Name + Colon("en") + f.Value)
	}
	fmt.Println(d.Link)
	// Output:
	// 4 events, 1 failed
	// - 20:01 Job running: a
	// - 20:03 Job failed: a
	// - 20:02 Job running: b
	// - 20:02 Job running: c
	// Between: 2026-11-24 20:01:00 CST and 2026-11-24 20:03:00 CST
	// Told late by: 3 min
	// https://pai.console.aliyun.com/?regionId=cn-wulanchabu&workspaceId=20001
}

func TestADigestLeavesFailuresOutLast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		var list []Message
		failures := 0
		for i := range rapid.IntRange(1, 40).Draw(r, "events") {
			failing := rapid.Bool().Draw(r, "failing")
			if failing {
				failures++
			}
			m := happened(fmt.Sprint("job", rapid.IntRange(0, 5).Draw(r, "job")), i, failing)
			list = append(list, m)
		}
		d := Digest(rapid.Permutation(list).Draw(r, "order"), Options{Language: "en"})
		if len(d.Items)+d.More != len(list) || len(d.Items) != min(10, len(list)) {
			r.Fatalf("%d shown and %d more of %d", len(d.Items), d.More, len(list))
		}
		shown, last := 0, map[string]time.Time{}
		for _, item := range d.Items {
			if strings.Contains(item.Title, "failed") {
				shown++
			}
			job := item.Title[strings.LastIndex(item.Title, " ")+1:]
			if item.At.Before(last[job]) {
				r.Fatalf("events of %s are not in order: %v", job, d.Items)
			}
			last[job] = item.At
		}
		if shown != min(10, failures) {
			r.Fatalf("%d of %d failures shown", shown, failures)
		}
		if failures > 0 && !strings.Contains(d.Title, fmt.Sprint(failures, " failed")) || !strings.HasPrefix(d.Title, fmt.Sprint(len(list), " events")) {
			r.Fatalf("title %q for %d events, %d failed", d.Title, len(list), failures)
		}
	})
}

func TestADigestCallsAllWhomItsEventsCall(t *testing.T) {
	t.Parallel()
	a, b := happened("a", 1, true), happened("b", 2, true)
	a.Mentions, b.Mentions = Mentions{Users: []string{"u1", "u2"}}, Mentions{All: true, Users: []string{"u2"}}
	b.View.WorkspaceID = "other"
	d := Digest([]Message{a, b}, Options{Language: "zh"})
	if !d.Mentions.All || fmt.Sprint(d.Mentions.Users) != "[u1 u2]" || d.Severity != event.Error {
		t.Errorf("calls %v with severity %v", d.Mentions, d.Severity)
	}
	if d.Link != "" {
		t.Errorf("link %s leads to one of two workspaces", d.Link)
	}
}
