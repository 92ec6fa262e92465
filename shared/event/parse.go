package event

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"pai-notify/shared/event/scan"
)

// What is read of an event; more than any publisher has a use for, so that a hostile one cannot fill memory or a
// database. EventBridge's limits: help.aliyun.com/en/eventbridge/product-overview/limits.
const (
	MaxBytes      = 1 << 20 // EventBridge refuses events over 256 KB
	maxID         = 128     // EventBridge's limit; a longer id is replaced by its hash
	maxAttribute  = 1024    // EventBridge's longest, subject, has 512; a longer one is cut
	maxExtensions = 64
)

// Parse reads one event in the JSON form of CloudEvents. It takes whatever it can make sense of: see the fields of
// [Event]. Attributes of any type become their text, so that a number keeps all its digits; a missing id becomes
// [HashID] of the body. Of a member given twice the last counts.
//
// An error means that the body is no JSON object, nests deeper than [scan.MaxDepth] or is larger than [MaxBytes]. The
// event then still has an id and, but for the largest, what was read before the fault, and its body as text in Data.
func Parse(raw []byte) (Event, error) {
	if len(raw) > MaxBytes {
		return Event{ID: HashID(raw)}, fmt.Errorf("event of %d bytes: at most %d are read", len(raw), MaxBytes)
	}
	body := raw
	if !utf8.Valid(raw) {
		body = bytes.ToValidUTF8(raw, []byte("\ufffd"))
	}
	var e Event
	err := e.read(body)
	if err != nil {
		err = fmt.Errorf("event is not JSON that can be read: %w", err)
		if e.Data == nil {
			e.Data = appendQuoted(nil, string(body))
		}
	}
	switch {
	case e.ID == "":
		e.ID = HashID(raw)
	case len(e.ID) > maxID:
		e.ID = HashID([]byte(e.ID))
	}
	return e, err
}

// UnmarshalJSON is [Parse], for events inside other JSON.
func (e *Event) UnmarshalJSON(raw []byte) (err error) {
	*e, err = Parse(raw)
	return err
}

func (e *Event) read(body []byte) error {
	text := string(body) // the one copy, of which attributes are parts
	s := scan.New(body)
	if !s.Object() {
		if err := s.Err(); err != nil {
			return err
		}
		return &scan.Error{Reason: `want an object: "{"`}
	}
	var base64 string
	for name, ok := s.Member(); ok; name, ok = s.Member() {
		start := s.Offset()
		value := text[start : start+len(s.Value())]
		switch {
		case value == "": // an error, which ends the loop
		case string(name) == "data_base64":
			base64, _ = scan.Text(value)
		default:
			e.set(name, value)
		}
	}
	if base64 != "" {
		e.Data = decoded(base64, e.DataContentType)
	}
	return s.End()
}

func (e *Event) set(name []byte, value string) {
	switch string(name) { // allocates nothing
	case "id":
		e.ID = attribute(value, MaxBytes) // whole, to be hashed whole if it is too long
	case "source":
		e.Source = attribute(value, maxAttribute)
	case "specversion":
		e.SpecVersion = attribute(value, maxAttribute)
	case "type":
		e.Type = attribute(value, maxAttribute)
	case "subject":
		e.Subject = attribute(value, maxAttribute)
	case "datacontenttype":
		e.DataContentType = attribute(value, maxAttribute)
	case "dataschema":
		e.DataSchema = attribute(value, maxAttribute)
	case "time":
		e.Time = ParseTime(attribute(value, maxAttribute))
	case "data":
		e.Data = nil
		if value != "null" {
			e.Data = json.RawMessage(value)
		}
	default:
		e.extend(string(name), value)
	}
}

func (e *Event) extend(name, value string) {
	text := attribute(value, maxAttribute)
	if text == "" || len(name) > maxAttribute || len(e.Extensions) >= maxExtensions {
		return
	}
	if e.Extensions == nil {
		e.Extensions = make(map[string]string, 8)
	}
	e.Extensions[name] = text
}

// attribute is a value as text; null is none. NUL is dropped, which databases refuse in text.
func attribute(value string, most int) string {
	if value == "null" {
		return ""
	}
	text, ok := scan.Text(value)
	if !ok {
		text = value
	}
	if len(text) != len(value)-2 && strings.IndexByte(text, 0) >= 0 { // only an escape can make one
		text = strings.ReplaceAll(text, "\x00", "")
	}
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}

// decoded is what a member data_base64 means: JSON, else text, else the base64 text as it came.
func decoded(text, contentType string) json.RawMessage {
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil || !utf8.Valid(plain) {
		return appendQuoted(nil, text)
	}
	if contentType != "" && !strings.Contains(contentType, "json") {
		return appendQuoted(nil, string(plain))
	}
	return DataOf(plain)
}

// DataOf is what to keep in Data of a text that should be JSON: the text without the blanks around it if it is, else the
// text as a JSON string. Nothing and null are nil.
func DataOf(text []byte) json.RawMessage {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || string(text) == "null" {
		return nil
	}
	if utf8.Valid(text) && scan.Check(text) == nil {
		return bytes.Clone(text)
	}
	return appendQuoted(nil, string(text))
}

// Object is the data if it is a JSON object, or the object that it holds as text, as some publishers encode twice; nil
// where there is neither. It may share memory with Data: do not change it.
func (e Event) Object() json.RawMessage {
	switch {
	case len(e.Data) == 0:
		return nil
	case e.Data[0] == '{':
		return e.Data
	case e.Data[0] != '"':
		return nil
	}
	text, _ := scan.Text(e.Data)
	inner := bytes.TrimSpace([]byte(text))
	if len(inner) == 0 || inner[0] != '{' || scan.Check(inner) != nil {
		return nil
	}
	return inner
}

// HashID is the id of an event that has none: the same body, which EventBridge may deliver again, gives the same id.
func HashID(body []byte) string {
	sum := sha256.Sum256(body)
	return "sha256-" + hex.EncodeToString(sum[:16])
}
