// Package event holds CloudEvents as EventBridge sends them, and what PAI says in them.
//
// Parsing is lenient on purpose: Alibaba Cloud's own samples carry times with zone names, ids as numbers and data as
// JSON text. What cannot be understood is kept as it came or left empty; an event is never dropped for its form.
package event

import (
	"encoding/json"
	"time"
)

// Event is one CloudEvent 1.0.
type Event struct {
	ID              string
	Source          string
	SpecVersion     string
	Type            string
	Subject         string
	DataContentType string
	DataSchema      string
	Time            time.Time         // zero where missing or unreadable
	Extensions      map[string]string // further attributes by their wire names, such as aliyunregionid
	Data            json.RawMessage   // always valid JSON; text that is none is kept as a JSON string; nil where missing
}

// Extensions that EventBridge adds: help.aliyun.com/en/eventbridge/product-overview/event-overview.
const (
	extensionBus    = "aliyuneventbusname"
	extensionRegion = "aliyunregionid"
)

// Bus is the name of the bus the event came over, empty where EventBridge did not say.
func (e Event) Bus() string { return e.Extensions[extensionBus] }

// Region is the region id the event came from, such as cn-hangzhou, empty where EventBridge did not say.
func (e Event) Region() string { return e.Extensions[extensionRegion] }
