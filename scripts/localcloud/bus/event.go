package bus

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// Attributes that EventBridge sets: help.aliyun.com/en/eventbridge/product-overview/event-overview.
const (
	attributeBus      = "aliyuneventbusname"
	attributeRegion   = "aliyunregionid"
	attributeAccount  = "aliyunaccountid"
	attributeOriginal = "aliyunoriginalaccountid"
	attributeTime     = "aliyunpublishtime"
	attributeAddress  = "aliyunpublishaddr"
)

// cloudEvent is an event by its attributes, in the JSON they came in.
type cloudEvent map[string]json.RawMessage

func parseEvent(text []byte) (cloudEvent, error) {
	var e cloudEvent
	d := json.NewDecoder(bytes.NewReader(text))
	if err := d.Decode(&e); err != nil {
		return nil, fmt.Errorf("event is not a JSON object: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) || e == nil {
		return nil, errors.New("event is not one JSON object")
	}
	return e, nil
}

// text is an attribute that is a JSON string.
func (e cloudEvent) text(name string) (string, bool) {
	var s *string
	if json.Unmarshal(e[name], &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// id is the event's id however it is written, for traces.
func (e cloudEvent) id() string {
	if s, ok := e.text("id"); ok {
		return s
	}
	return string(e["id"])
}

func (e cloudEvent) set(name, value string) {
	text, err := json.Marshal(value)
	if err == nil { // a string always encodes
		e[name] = text
	}
}

func (e cloudEvent) setDefault(name, value string) {
	if _, ok := e[name]; !ok {
		e.set(name, value)
	}
}

// bytes is the event as targets receive it. Values stand as they came, apart from spaces.
func (e cloudEvent) bytes() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(e)
	return bytes.TrimSpace(out.Bytes()), err
}

// fault is why one event of a batch is refused.
type fault struct{ code, message string }

var (
	eventID       = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,127}$`)
	extensionName = regexp.MustCompile(`^[a-z0-9]{1,40}$`)
)

// checkEvent checks one event that a user puts. Lengths are those of the limits page, codes those of
// apache/rocketmq-eventbridge; PAI's own events do not come this way.
func (b *Bus) checkEvent(e cloudEvent, size int) *fault {
	if size > b.options.Quotas.EventBytes {
		return &fault{"EventSizeExceed", fmt.Sprintf("The single event entry size[%d] exceed the limit [%d]!", size, b.options.Quotas.EventBytes)}
	}
	id, _ := e.text("id")
	if id == "" {
		return &fault{"EventIdEmpty", "The event id is empty!"}
	}
	if !eventID.MatchString(id) {
		return &fault{"EventInvalid", "The event id must be at most 128 letters, digits and hyphens, beginning with a letter or digit."}
	}
	for _, one := range []struct {
		name, code string
		most       int
		must       bool
	}{{"source", "EventSourceInvalid", 128, true}, {"type", "EventTypeInvalid", 64, true}, {"subject", "EventInvalid", 512, false},
		{"time", "EventInvalid", 64, false}, {"dataschema", "EventInvalid", 1024, false}} {
		text, ok := e.text(one.name)
		if _, there := e[one.name]; (one.must && text == "") || (there && !ok) || utf8.RuneCountInString(text) > one.most {
			return &fault{one.code, fmt.Sprintf("The event %s must be a text of at most %d characters.", one.name, one.most)}
		}
	}
	if v, ok := e["specversion"]; ok && string(v) != `"1.0"` {
		return &fault{"EventSpecversionInvalid", "The event specversion must be 1.0."}
	}
	if v, ok := e.text("datacontenttype"); ok {
		if _, _, err := mime.ParseMediaType(v); err != nil {
			return &fault{"EventContentTypeInvalid", "The event datacontenttype is not a media type."}
		}
	} else if _, there := e["datacontenttype"]; there {
		return &fault{"EventContentTypeInvalid", "The event datacontenttype is not a media type."}
	}
	if _, data := e["data"]; !data && len(e["data_base64"]) == 0 {
		return &fault{"EventDataEmpty", "The event data is empty!"}
	}
	return checkExtensions(e)
}

func checkExtensions(e cloudEvent) *fault {
	for name, value := range e {
		switch name {
		case "id", "source", "type", "subject", "time", "dataschema", "specversion", "datacontenttype", "data", "data_base64":
			continue
		}
		if !extensionName.MatchString(name) {
			return &fault{"EventExtensionsAttributeInvalid",
				fmt.Sprintf("The extension attribute %.60q must be lower-case letters and digits.", name)}
		}
		if len(value) > 0 && (value[0] == '{' || value[0] == '[') {
			return &fault{"EventExtensionsAttributeInvalid", fmt.Sprintf("The extension attribute %.60q must be a text, number or boolean.", name)}
		}
	}
	return nil
}

// plainData turns data_base64 into data, as JSON where it is declared so and is, else as text where it is text.
func (e cloudEvent) plainData() {
	encoded, ok := e.text("data_base64")
	if _, there := e["data"]; there || !ok {
		return
	}
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || !utf8.Valid(data) {
		return // stays as it came
	}
	delete(e, "data_base64")
	if kind, _ := e.text("datacontenttype"); (kind == "" || strings.Contains(kind, "json")) && json.Valid(data) {
		e["data"] = data
		return
	}
	e.set("data", string(data))
}

// stamp sets what EventBridge sets. What an event of Alibaba Cloud says itself of where it happened is kept.
func (b *Bus) stamp(e cloudEvent, bus, address string, at time.Time, user bool) {
	if user {
		e.set(attributeRegion, b.options.Region)
		e.set(attributeAccount, b.options.Account)
	}
	e.setDefault("specversion", "1.0")
	e.setDefault(attributeRegion, b.options.Region)
	e.setDefault(attributeAccount, b.options.Account)
	e.setDefault(attributeOriginal, b.options.Account)
	e.set(attributeBus, bus)
	e.set(attributeTime, at.UTC().Format("2006-01-02T15:04:05.000Z"))
	e.set(attributeAddress, address)
}
