package delivery

import (
	"bytes"
	"encoding/json"
	"errors"

	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/ledger"
	"pai-notify/shared/rule"
	"pai-notify/shared/seal"
)

// read is a target and an event as they were read, and what a row of the ledger holds of them. What an invocation brings
// is nearly always sent by it, and need not be read twice.
type read struct {
	sealed, text []byte
	unit         rule.Unit
	event        event.Event
	view         event.View
	settings     channel.Settings // all of them; nil: not opened yet
}

// of reads what a delivery holds, unless this invocation brought just that.
func (p present) of(d ledger.Delivery) (r read, damage *channel.Outcome) {
	if r, ok := p.read[d.ID]; ok && bytes.Equal(r.sealed, d.Sealed) && bytes.Equal(r.text, d.Event) {
		return r, nil
	}
	if err := json.Unmarshal(d.Sealed, &r.unit); err != nil {
		return r, damaged("its target cannot be read")
	}
	var err error
	if r.event, err = event.Parse(d.Event); err != nil {
		return r, damaged("its event cannot be read")
	}
	r.view = p.catalog.View(r.event)
	return r, nil
}

// open gives all settings of the target, or says why they do not open.
func (r read) open(keys *seal.Keyset, bus, ruleName string) (channel.Settings, *channel.Outcome) {
	if r.settings != nil {
		return r.settings, nil
	}
	settings, err := r.unit.Open(keys, bus, ruleName)
	if err != nil {
		o := channel.Outcome{Class: channel.Misconfigured, Code: rule.CodeSealed, Text: channel.Short(err.Error())}
		var sealed *rule.Error
		if errors.As(err, &sealed) {
			o.Code, o.Advice = sealed.Code, sealed.Advice
		}
		return nil, &o
	}
	return settings, nil
}
