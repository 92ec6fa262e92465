// Package load makes what the benchmark's senders are invoked with: envelopes as EventBridge sends them, each with an
// event of its own, for many destinations in turn, so that no receiver's pace is reached.
package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"pai-notify/shared/catalog"
	"pai-notify/shared/catalog/sample"
	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// Bus is the bus that all events come from.
const Bus = "pai-system-bench"

// Mark precedes the number of an event, seven digits, in the name of what it is about, which every message shows.
const Mark = "benchN"

// Source makes bodies. It is safe for concurrent use.
type Source struct {
	heads []string // of envelopes up to the event, one for each destination
	data  string   // of the event, up to the mark's number
	tail  string
	size  int
}

// New makes a source of invocations of a channel's function.
//
// Receivers are at an address such as 127.0.0.1:9702, where paths and tokens tell destinations apart. Padding adds bytes to the
// event's data. A group is a list of that many envelopes, 1 a single one.
func New(channelName, receiver string, keys *seal.Keyset, destinations, group, padding int) (*Source, error) {
	specs := all.Specs(channel.Deps{Allow: []string{receiver}})
	s := &Source{size: group}
	for d := range destinations {
		settings, err := address(channelName, receiver, d)
		if err != nil {
			return nil, err
		}
		r := rule.Rule{Name: "bench", Event: catalog.Choice{Source: "dlc", Options: []string{"dlc.job.failed"}},
			Targets: []rule.Target{{ID: "ops", Channel: channelName, Settings: settings, Language: "en"}}}
		envelopes, err := r.Envelopes(Bus, 1, specs, keys)
		if err != nil {
			return nil, err
		}
		template, err := envelopes[0].Template()
		if err != nil {
			return nil, err
		}
		head, _, found := strings.Cut(template, `,"event":`)
		if !found {
			return nil, errors.New("the envelope's template has no event")
		}
		s.heads = append(s.heads, head)
	}
	return s, s.readSample(padding)
}

func address(channelName, receiver string, n int) (channel.Settings, error) {
	base := url.URL{Scheme: "http", Host: receiver}
	key := fmt.Sprintf("%08d-0000-4000-8000-000000000000", n)
	switch channelName {
	case "dingtalk":
		base.Path, base.RawQuery = "/robot/send", "access_token="+strings.ReplaceAll(key, "-", "")
		return channel.Settings{"webhook": base.String(), "secret": "SEC" + strings.ReplaceAll(key, "-", "")}, nil
	case "wecom":
		base.Path, base.RawQuery = "/cgi-bin/webhook/send", "key="+key
		return channel.Settings{"webhook": base.String()}, nil
	case "lark":
		base.Path = "/open-apis/bot/v2/hook/" + key
		return channel.Settings{"webhook": base.String(), "secret": "bench-secret"}, nil
	case "webhook":
		base.Path = "/hook/" + key
		return channel.Settings{"url": base.String()}, nil
	}
	return nil, fmt.Errorf("no destinations are known for channel %q: take dingtalk, wecom, lark or webhook", channelName)
}

// readSample takes a failed job of the catalogue's samples apart around its name.
func (s *Source) readSample(padding int) error {
	taken, ok := sample.Named("dlc-failed-oom")
	if !ok {
		return errors.New("the sample of a failed job is gone")
	}
	var event struct {
		Source string         `json:"source"`
		Type   string         `json:"type"`
		Time   string         `json:"time"`
		Data   map[string]any `json:"data"`
	}
	if err := json.Unmarshal(taken.Event, &event); err != nil {
		return fmt.Errorf("read the sample of a failed job: %w", err)
	}
	event.Data["displayName"] = Mark + "@@"
	if padding > 0 {
		event.Data["padding"] = strings.Repeat("x", padding)
	}
	data, err := json.Marshal(event.Data)
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`,"event":{"id":"8a3c9e1f-@@","source":%q,"specversion":"1.0","type":%q,"subject":"","time":%q,`+
		`"datacontenttype":"application/json","dataschema":"","aliyuneventbusname":%q,"aliyunregionid":"cn-hangzhou",`+
		`"aliyunaccountid":"1234567890123456","aliyunpublishtime":"%s"},"data":[%s]}`,
		event.Source, event.Type, event.Time, Bus, event.Time, data)
	parts := strings.Split(text, "@@")
	if len(parts) != 3 {
		return fmt.Errorf("the event has %d places for its number, want 2", len(parts)-1)
	}
	s.data, s.tail = parts[0]+"\x00"+parts[1], parts[2]
	return nil
}

// Group is how many events an invocation has.
func (s *Source) Group() int { return s.size }

// Body is an invocation with events first to first+group.
func (s *Source) Body(first int) []byte {
	before, between, _ := strings.Cut(s.data, "\x00")
	body := make([]byte, 0, s.size*(len(s.heads[0])+len(s.data)+len(s.tail)+24))
	if s.size > 1 {
		body = append(body, '[')
	}
	for i := range s.size {
		if i > 0 {
			body = append(body, ',')
		}
		n := first + i
		body = append(body, s.heads[n%len(s.heads)]...)
		body = append(body, before...)
		body = fmt.Appendf(body, "%07d", n)
		body = append(body, between...)
		body = fmt.Appendf(body, "%07d", n)
		body = append(body, s.tail...)
	}
	if s.size > 1 {
		body = append(body, ']')
	}
	return body
}
