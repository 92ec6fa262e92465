package sighting

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pai-notify/shared/event"
)

// Wanted says which events of a bus are wanted; its zero value, all. A text that is empty wants any.
type Wanted struct {
	Source, Type string
	EventID      string
	Unknown      bool   // only those whose source or type the catalogue did not know when they came
	After        string // only those that came before the [Sighting] with this Key
	Limit        int    // at most so many
}

// Recent gives the newest events of a bus, newest first. Those whose body was too large to keep have only source, type
// and id.
func (l *Log) Recent(ctx context.Context, bus string, limit int) ([]Sighting, error) {
	return l.List(ctx, bus, Wanted{Limit: limit})
}

// List gives events of a bus, newest first.
func (l *Log) List(ctx context.Context, bus string, w Wanted) ([]Sighting, error) {
	query, args := `select id, source, event_id, type, known, seen, event from sighting where bus = $1 and id >= $2`, []any{bus, l.oldest()}
	where := func(condition string, value any) {
		args = append(args, value)
		query += " and " + strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
	}
	for _, one := range []struct{ column, value string }{{"source", w.Source}, {"type", w.Type}, {"event_id", w.EventID}} {
		if one.value != "" {
			where(one.column+" = ?", plain(one.value))
		}
	}
	if w.Unknown {
		query += " and known = 0"
	}
	if w.After != "" {
		where("id < ?", plain(w.After))
	}
	args = append(args, w.Limit)
	query += " order by id desc limit $" + strconv.Itoa(len(args))
	var list []Sighting
	err := l.DB.Read(ctx, func(tx *sql.Tx) error {
		list = nil
		return each(ctx, tx, query, args, func(scan func(...any) error) error {
			s := Sighting{Bus: bus}
			var known, seen int64
			var body string
			if err := scan(&s.Key, &s.Event.Source, &s.Event.ID, &s.Event.Type, &known, &seen, &body); err != nil {
				return err
			}
			s.Known, s.Seen, s.Kept = known == 1, time.UnixMilli(seen), body != ""
			if s.Kept {
				e, err := event.Parse([]byte(body))
				if err != nil {
					return err
				}
				s.Event = e
			}
			list = append(list, s)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read recent events of bus %q: %w", bus, err)
	}
	return list, nil
}
