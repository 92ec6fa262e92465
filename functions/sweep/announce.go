package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/ledger"
	"pai-notify/shared/sighting"
)

// DeadType is the CloudEvents type of an operational event: deliveries to one receiver that died of one cause. Rules hear
// of it by the catalogue's source "delivery".
const DeadType = "pai-notify:Delivery:Dead"

// maxIDs is how many deliveries an event names; it counts all.
const maxIDs = 20

// dead is the data of an operational event.
type dead struct {
	Workspace  string         `json:"workspaceName,omitempty"`
	Delivery   string         `json:"delivery"` // the first to die
	Rule       string         `json:"rule"`
	Target     string         `json:"target"`
	Channel    string         `json:"channel"`
	Class      string         `json:"class"`
	Code       string         `json:"code"`
	Text       string         `json:"text,omitempty"`
	Advice     channel.Advice `json:"advice,omitempty"`
	Count      int            `json:"count"`
	Deliveries []string       `json:"deliveries"`
	Rules      []string       `json:"rules"`
	First      time.Time      `json:"first"`
	Last       time.Time      `json:"last"`
}

// announce puts on each workspace's bus what of it died since the last round. What died of telling such an event is not
// told: that would feed on itself. Nor can be what belongs to no bus; the log has it.
func (s *sweeper) announce(ctx context.Context, store store, c *catalog.Catalog, until time.Time) (announced int, err error) {
	for time.Now().Before(until) {
		deaths, err := s.ledger.Deaths(ctx, maxDeaths)
		if err != nil || len(deaths) == 0 {
			return announced, err
		}
		var failed []error
		for _, d := range deaths {
			if err := s.tell(ctx, store, c, d); err != nil {
				failed = append(failed, err)
				continue
			}
			if err := s.ledger.Announced(ctx, d.IDs); err != nil {
				return announced, err
			}
			announced += len(d.IDs)
		}
		if len(failed) > 0 { // the next round, or this one would go on with the same
			return announced, errors.Join(failed...)
		}
	}
	return announced, nil
}

func (s *sweeper) tell(ctx context.Context, store store, c *catalog.Catalog, d ledger.Death) error {
	about := []any{"bus", d.Bus, "rules", d.Rules, "target", d.Target, "channel", d.Channel, "class", d.Class, "code", d.Code,
		"count", len(d.IDs), "delivery", d.IDs[0]}
	if d.EventSource == sighting.Source || d.Bus == "" {
		s.log.ErrorContext(ctx, "dead and not announced", about...)
		return nil
	}
	e, err := s.event(c, d)
	if err != nil {
		return err
	}
	err = store.PutEvents(ctx, d.Bus, []event.Event{e})
	if missing(err) {
		s.log.ErrorContext(ctx, "dead and not announced: its bus is gone", about...)
		return nil
	}
	if err != nil {
		return fmt.Errorf("announce deaths on bus %q: %w", d.Bus, err)
	}
	s.log.WarnContext(ctx, "death announced", append(about, "event", e.ID)...)
	return nil
}

// event is the operational event of a death. Telling the same deliveries again makes the same id.
func (s *sweeper) event(c *catalog.Catalog, d ledger.Death) (event.Event, error) {
	data := dead{
		Delivery: d.IDs[0], Target: d.Target, Channel: d.Channel, Class: d.Class, Code: d.Code, Text: d.Text,
		Advice: s.book.Of(d.Channel, d.Class, d.Code, d.Text), Count: len(d.IDs), Deliveries: d.IDs[:min(len(d.IDs), maxIDs)],
		Rules: d.Rules[:min(len(d.Rules), maxIDs)], Rule: d.Rules[0], First: d.First, Last: d.Last,
	}
	data.Workspace, _ = c.Workspace(d.Bus)
	text, err := json.Marshal(data)
	if err != nil {
		return event.Event{}, fmt.Errorf("encode an operational event: %w", err)
	}
	sum := sha256.Sum256([]byte(strings.Join(d.IDs, " ")))
	return event.Event{
		ID: "dead-" + hex.EncodeToString(sum[:16]), Source: sighting.Source, SpecVersion: "1.0", Type: DeadType,
		Subject: "delivery/" + d.IDs[0], Time: d.Last, DataContentType: "application/json", Data: text,
	}, nil
}
