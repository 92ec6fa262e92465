package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"pai-notify/scripts/localcloud/publish"
	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/pattern"
)

const workspace = "nlp_train"

// road is the way from an empty account to messages that arrived.
type road struct {
	cloud *cloud
	rules []madeRule
	want  map[string]int // by receiver's path: events that must be told
	sum   sum
}

// madeRule is a rule as the API answered it.
type madeRule struct {
	Name    string `json:"name"`
	Pattern string `json:"pattern"`
	Units   int    `json:"units"`
	told    []told // by its targets, one a unit
}

// told is one who is told: a channel, and the path at the inbox.
type told struct{ channel, path string }

type sum struct{ published, matched, delivered, waiting, dead int }

func (s sum) String() string {
	return fmt.Sprintf("demo: published=%d matched=%d delivered=%d waiting=%d dead=%d lost=%d",
		s.published, s.matched, s.delivered, s.waiting, s.dead, s.matched-s.delivered-s.waiting-s.dead)
}

// setUp does the one-time set-up and prints each step as it ends.
func (r *road) setUp(ctx context.Context) error {
	type answer struct {
		Steps []struct{ ID, Title, State, Text, Advice string }
	}
	path := "/setup?workspace=" + workspace
	said := map[string]bool{}
	say := func(a answer) (open int, failed error) {
		for _, s := range a.Steps {
			switch s.State {
			case "running":
				open++
			case "done":
				if !said[s.ID] {
					said[s.ID] = true
					fmt.Printf("  set-up: %-20s done     %s\n", s.ID, s.Text)
				}
			case "failed", "blocked":
				failed = fmt.Errorf("set-up: %s %s: %s %s", s.ID, s.State, s.Text, s.Advice)
			}
		}
		return open, failed
	}
	var a answer
	if err := r.cloud.call(ctx, http.MethodPost, path, map[string]any{"workspace": workspace, "activate": true}, &a); err != nil {
		return err
	}
	for {
		open, failed := say(a)
		if failed != nil {
			return failed
		}
		if open == 0 {
			return nil
		}
		if err := pause(ctx, 300*time.Millisecond); err != nil {
			return err
		}
		a = answer{}
		if err := r.cloud.call(ctx, http.MethodGet, path, nil, &a); err != nil {
			return err
		}
	}
}

// makeRules makes one rule for each event source with all its options, and one on the failures of DLC jobs beside it,
// so that some events reach one group through two rules and must be told once.
func (r *road) makeRules(ctx context.Context) error {
	var catalog struct {
		Sources []struct {
			ID      string
			Options []struct{ ID string }
		}
	}
	if err := r.cloud.call(ctx, http.MethodGet, "/catalog", nil, &catalog); err != nil {
		return err
	}
	groups := map[string][]string{"dlc": {"dingtalk", "wecom", "lark"}, "flow": {"dingtalk", "wecom"}, "dsw": {"wecom", "lark"}, "model": {"lark", "webhook"}}
	for _, source := range catalog.Sources {
		if groups[source.ID] == nil { // pai-notify's own events, of which the demo makes none
			continue
		}
		options := []string{}
		for _, o := range source.Options {
			options = append(options, o.ID)
		}
		if err := r.makeRule(ctx, source.ID+"-all", source.ID, options, source.ID, groups[source.ID]); err != nil {
			return err
		}
	}
	if err := r.makeRule(ctx, "dlc-failures", "dlc", []string{"dlc.job.failed", "dlc.job.preempted"}, "dlc", []string{"dingtalk", "lark"}); err != nil {
		return err
	}
	return r.makeOnCall(ctx)
}

// onCall is the rule that reaches people.
const onCall = "dlc-on-call"

// makeOnCall makes a rule that texts, calls and mails people: the contacts that a fresh local cloud has.
func (r *road) makeOnCall(ctx context.Context) error {
	var contacts struct {
		Items []struct{ ID, Phone, Email string }
	}
	if err := r.cloud.call(ctx, http.MethodGet, "/contacts", nil, &contacts); err != nil {
		return err
	}
	made := madeRule{}
	ids := map[string][]string{}
	for i, c := range contacts.Items {
		for channel, address := range map[string]string{"sms": c.Phone, "voice": c.Phone, "email": c.Email} {
			if channel == "voice" && i > 0 {
				continue // one of them is called
			}
			ids[channel] = append(ids[channel], c.ID)
			made.told = append(made.told, told{channel, "/" + channel + "/" + address})
		}
	}
	slices.SortFunc(made.told, func(a, b told) int { return strings.Compare(a.channel+a.path, b.channel+b.path) })
	var targets []map[string]any
	for _, channel := range []string{"sms", "voice", "email"} {
		targets = append(targets, map[string]any{"id": channel, "channel": channel, "contacts": ids[channel]})
	}
	body := map[string]any{
		"name": onCall, "description": "made by the demo", "enabled": true, "targets": targets,
		"event": map[string]any{"source": "dlc", "options": []string{"dlc.job.failed"}, "scope": map[string]any{"kind": "allInWorkspace"}},
	}
	if err := r.cloud.call(ctx, http.MethodPost, "/workspaces/"+workspace+"/rules", body, &made); err != nil {
		return err
	}
	r.rules = append(r.rules, made)
	fmt.Printf("  rule: %-14s 1 option of dlc to people by SMS, call and mail (%d of 5 units)\n", made.Name, made.Units)
	return nil
}

func (r *road) makeRule(ctx context.Context, name, source string, options []string, group string, channels []string) error {
	type target struct {
		ID       string            `json:"id"`
		Channel  string            `json:"channel"`
		Settings map[string]string `json:"settings"`
		Language string            `json:"language"`
	}
	languages := map[string]string{"dingtalk": "zh", "wecom": "zh", "lark": "en", "webhook": "en"}
	var targets []target
	made := madeRule{}
	for _, channel := range channels {
		path, settings := receiver(r.cloud.Inbox, channel, group)
		targets = append(targets, target{ID: channel, Channel: channel, Settings: settings, Language: languages[channel]})
		made.told = append(made.told, told{channel, path})
	}
	body := map[string]any{
		"name": name, "description": "made by the demo", "enabled": true,
		"event":   map[string]any{"source": source, "options": options, "scope": map[string]any{"kind": "allInWorkspace"}},
		"targets": targets,
	}
	if err := r.cloud.call(ctx, http.MethodPost, "/workspaces/"+workspace+"/rules", body, &made); err != nil {
		return err
	}
	r.rules = append(r.rules, made)
	fmt.Printf("  rule: %-14s %d options of %s to %s (%d of 5 units)\n", made.Name, len(options), source, strings.Join(channels, ", "), made.Units)
	return nil
}

// receiver is the path of a group's robot or endpoint at the inbox, and the settings of a target for it.
func receiver(inbox, channel, group string) (path string, settings map[string]string) {
	switch channel {
	case "dingtalk":
		path = "/dingtalk/robot/send?access_token=" + group
		return path, map[string]string{"webhook": inbox + path, "secret": "SEC-" + group}
	case "wecom":
		path = "/wecom/cgi-bin/webhook/send?key=" + group
		return path, map[string]string{"webhook": inbox + path}
	case "lark":
		path = "/lark/open-apis/bot/v2/hook/signed-" + group
		return path, map[string]string{"webhook": inbox + path, "secret": "SEC-signed-" + group}
	default:
		path = "/webhook/" + group
		return path, map[string]string{"url": inbox + path}
	}
}

// publish puts every sample event on the bus, and reckons from the rules' patterns what must arrive where: each event
// once at each receiver, whichever rules and repetitions lead there.
func (r *road) publish(ctx context.Context) error {
	r.want = map[string]int{}
	counted := map[string]bool{}
	samples := sample.All()
	for i, s := range samples {
		var e struct{ ID, Source string }
		if err := json.Unmarshal(s.Event, &e); err != nil {
			return fmt.Errorf("sample %s: %w", s.Name, err)
		}
		for _, rule := range r.rules {
			p, err := pattern.Compile(rule.Pattern)
			if err != nil {
				return fmt.Errorf("pattern of rule %s: %w", rule.Name, err)
			}
			if !p.Match(s.Event) {
				continue
			}
			for _, to := range rule.told {
				if key := e.Source + " " + e.ID + " " + to.path; !counted[key] {
					counted[key] = true
					r.want[to.path]++
					r.sum.matched++
				}
			}
		}
		if err := publish.Put(ctx, r.cloud.Cloud, "pai-system-"+workspace, s.Event); err != nil {
			return fmt.Errorf("publish %s: %w", s.Name, err)
		}
		r.sum.published++
		progress("published", i+1, len(samples), "events")
	}
	return nil
}

// progress tells how far it is: on a terminal as it moves, elsewhere once it is done.
func progress(done string, n, of int, what string) {
	info, err := os.Stdout.Stat()
	if terminal := err == nil && info.Mode()&os.ModeCharDevice != 0; terminal {
		fmt.Printf("\r  %s %d of %d %s ", done, n, of, what)
	} else if n == of {
		fmt.Printf("  %s %d of %d %s", done, n, of, what)
	}
	if n == of {
		fmt.Println()
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
