package sighting

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Unknown is something in PAI's events that the catalogue does not know.
type Unknown struct {
	Kind string `json:"kind"` // source, type or field
	Name string `json:"name"`
}

// count notes what of an event is unknown, in few statements however much that is. The bus is locked: see note.
func count(ctx context.Context, tx *sql.Tx, bus string, unknown []Unknown, now time.Time) error {
	if len(unknown) == 0 {
		return nil
	}
	args := []any{bus, now.UnixMilli()}
	var tuples []string
	fresh := map[Unknown]bool{}
	for _, u := range unknown {
		u.Name = shorten(u.Name)
		if fresh[u] {
			continue
		}
		fresh[u] = true
		args = append(args, u.Kind, u.Name)
		tuples = append(tuples, fmt.Sprintf("($%d, $%d)", len(args)-1, len(args)))
	}
	err := each(ctx, tx, `update unknown_name set count = count + 1, last = $2 where bus = $1
		and (kind, name) in (values `+strings.Join(tuples, ", ")+`) returning kind, name`, args, func(scan func(...any) error) error {
		var u Unknown
		err := scan(&u.Kind, &u.Name)
		delete(fresh, u)
		return err
	})
	if err != nil || len(fresh) == 0 {
		return err
	}
	var names int
	if err := tx.QueryRowContext(ctx, `select count(*) from unknown_name where bus = $1`, bus).Scan(&names); err != nil {
		return err
	}
	args, tuples = []any{bus, now.UnixMilli()}, nil
	for u := range fresh {
		if names++; names > maxUnknown {
			break
		}
		args = append(args, u.Kind, u.Name)
		tuples = append(tuples, fmt.Sprintf("($1, $%d, $%d, 1, $2, $2)", len(args)-1, len(args)))
	}
	if len(tuples) == 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, `insert into unknown_name (bus, kind, name, count, first, last) values `+strings.Join(tuples, ", "), args...)
	return err
}

// plain takes out what PostgreSQL does not take in a text.
func plain(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "")
}

func shorten(name string) string {
	name = plain(name)
	if len(name) <= maxName {
		return name
	}
	end := maxName
	for end > 0 && !utf8.RuneStart(name[end]) {
		end--
	}
	return name[:end]
}

// Count is how often something unknown was seen.
type Count struct {
	Unknown
	Count int       `json:"count"`
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

// Unknown lists what of PAI's events on a bus the catalogue did not know, the most frequent first.
func (l *Log) Unknown(ctx context.Context, bus string) ([]Count, error) {
	var list []Count
	err := l.DB.Read(ctx, func(tx *sql.Tx) error {
		list = nil
		return each(ctx, tx, `select kind, name, count, first, last from unknown_name where bus = $1 order by count desc, kind, name`,
			[]any{bus}, func(scan func(...any) error) error {
				var c Count
				var first, last int64
				err := scan(&c.Kind, &c.Name, &c.Count, &first, &last)
				c.First, c.Last = time.UnixMilli(first), time.UnixMilli(last)
				list = append(list, c)
				return err
			})
	})
	if err != nil {
		return nil, fmt.Errorf("read what is unknown on bus %q: %w", bus, err)
	}
	return list, nil
}
