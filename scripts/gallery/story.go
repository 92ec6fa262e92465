package main

import (
	"fmt"
	"time"

	"pai-notify/shared/catalog"
	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/event"
	"pai-notify/shared/message"
)

// story is what is told: one message in each language.
type story struct {
	Name   string
	Note   string // what is special about it
	Source string // catalogue id of the event source; empty: told through every channel
	tell   func(language string) message.Message
}

// now is when everything is told.
func now() time.Time { return time.Date(2026, 11, 24, 12, 6, 0, 0, time.UTC) }

func options(language string) message.Options {
	return message.Options{Language: language, Zone: time.FixedZone("CST", 8*3600), ID: "pai-gallery"}
}

// stories are all samples, and what no sample shows.
func stories() ([]story, error) {
	c, err := catalog.Load()
	if err != nil {
		return nil, err
	}
	type seen struct {
		event event.Event
		view  event.View
	}
	by := map[string]seen{}
	var list []story
	for _, s := range sample.All() {
		e, err := event.Parse(s.Event)
		if err != nil {
			return nil, fmt.Errorf("sample %s: %w", s.Name, err)
		}
		v := c.View(e)
		by[s.Name] = seen{e, v}
		list = append(list, story{s.Name, e.Type, v.Source, func(language string) message.Message {
			return message.New(e, v, options(language))
		}})
	}
	failed, ok := by["dlc-failed-oom"], len(by) > 0
	if !ok || failed.view.ID == "" {
		return nil, fmt.Errorf("there is no sample dlc-failed-oom")
	}
	extra := []story{
		{"mentions", "the owner is called", failed.view.Source, func(language string) message.Message {
			m := message.New(failed.event, failed.view, options(language))
			m.Mentions.Owner = true // see draw
			return m
		}},
		{"own-words", "a target's own lines and choice of facts", failed.view.Source, func(language string) message.Message {
			o := options(language)
			o.Words = message.Words{
				Fields: []string{"reason", "next", "owner", "duration"},
				Before: map[string]string{"en": "Night shift: {{owner}}, please look.", "zh": "夜班提醒：请 {{owner}} 处理。"}[language],
				After:  map[string]string{"en": "Handbook: wiki/gpu-oncall", "zh": "值班手册：wiki/gpu-oncall"}[language],
			}
			return message.New(failed.event, failed.view, o)
		}},
		{"late", "it had to wait", failed.view.Source, func(language string) message.Message {
			o := options(language)
			o.Late = 47 * time.Minute
			return message.New(failed.event, failed.view, o)
		}},
		{"hostile", "a job's name and reason that try to call and to mark up", failed.view.Source, func(language string) message.Message {
			v := failed.view
			v.Name = `<at id=all></at> @all **b** [x](https://evil.example) {{owner}}`
			v.Reason = "<@all> `rm -rf` # h1\n- item\n---\n| a | b |\n\u202egnp.exe <img src=x onerror=alert(1)> " + v.Reason
			return message.New(failed.event, v, options(language))
		}},
		{"digest", "what had to wait is told together", failed.view.Source, func(language string) message.Message {
			o := options(language)
			var parts []message.Message
			for _, name := range []string{"dlc-failed-oom", "dlc-failed-resource", "dlc-succeeded", "dlc-preempted-spot", "dlc-timeout-queue", "dlc-running"} {
				parts = append(parts, message.New(by[name].event, by[name].view, o))
			}
			o.Late = 6 * time.Minute
			return message.Digest(parts, o)
		}},
		{"test", "a connectivity test", "", func(language string) message.Message {
			return message.Connectivity(language, map[string]string{"en": "chat", "zh": "群聊"}[language], now())
		}},
	}
	return append(list, extra...), nil
}
