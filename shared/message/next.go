package message

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"pai-notify/shared/event"
)

//go:embed causes.json
var embeddedCauses []byte

// causes are what tells which next step helps, by what an event says; the first that fits wins. Read from the embedded
// file at the first use.
var causes = sync.OnceValue(readCauses) //nolint:gochecknoglobals // a table that never changes

// cause is one line of causes.json. It fits where one of its lists does.
type cause struct {
	Next  string   `json:"next"`  // key of a language's next steps
	Words []string `json:"words"` // anywhere in the reason
	Codes []string `json:"codes"` // of the reason
	Queue []string `json:"queue"` // causes of waiting
	Exits []string `json:"exits"` // exit codes
}

func readCauses() []cause {
	var list []cause
	if err := json.Unmarshal(embeddedCauses, &list); err != nil {
		panic(fmt.Sprintf("read embedded causes.json: %v", err)) // part of the program; a test reads it
	}
	return list
}

// next is the one suggested next step: by the cause where the event went wrong and says why, else by what happened. An
// event that brings its own advice has that.
func (w *words) next(v event.View, reason, code string) string {
	if raw := v.Extra["advice"]; raw != nil {
		if text, ok := scalar(raw); ok {
			return text
		}
		if text := translated(raw, w.language); text != "" {
			return text
		}
	}
	if v.Failing || v.Severity >= event.Warning {
		if string(v.Extra["willRestart"]) == "true" {
			return w.Next["restartsItself"]
		}
		if key := causeOf(v, reason, code); key != "" {
			return w.Next[key]
		}
	}
	return w.Next[v.Source+"."+v.What]
}

func causeOf(v event.View, reason, code string) string {
	queue, _ := scalar(v.Extra["queueCause"])
	for _, c := range causes() {
		if code != "" && slices.Contains(c.Exits, code) ||
			v.ReasonCode != "" && slices.Contains(c.Codes, v.ReasonCode) ||
			queue != "" && slices.Contains(c.Queue, queue) {
			return c.Next
		}
		for _, word := range c.Words {
			if strings.Contains(reason, word) {
				return c.Next
			}
		}
	}
	return ""
}

// queueCause says why a job waits; a cause that is not known is told as it came.
func (f *facts) queueCause(v event.View) string {
	cause, _ := scalar(v.Extra["queueCause"])
	return or(f.words.QueueCauses[cause], cause)
}
