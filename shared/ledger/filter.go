package ledger

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Filter chooses deliveries. An empty member chooses all.
type Filter struct {
	States  []State   `json:"states,omitempty"`
	Buses   []string  `json:"buses,omitempty"`
	Rule    string    `json:"rule,omitempty"`
	Channel string    `json:"channel,omitempty"`
	Object  string    `json:"object,omitempty"` // id of what the event is about
	Event   string    `json:"event,omitempty"`  // id
	Owners  []string  `json:"owners,omitempty"` // whose: see [Entry]
	From    time.Time `json:"from,omitzero"`    // when EventBridge first asked for it: from then on,
	To      time.Time `json:"to,omitzero"`      // and before then
}

// ErrCursor says that a cursor is none that a list gave.
var ErrCursor = errors.New("the cursor is not one that a list gave: leave it out to begin anew")

// place is where in a list one is: everything is ordered by creation, then by id.
type place struct {
	created int64
	id      string
}

func (p place) cursor() string {
	if p.id == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.created, 36) + "." + p.id))
}

func parseCursor(text string) (place, error) {
	if text == "" {
		return place{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	created, id, ok := strings.Cut(string(raw), ".")
	ms, invalid := strconv.ParseInt(created, 36, 64)
	if err != nil || !ok || invalid != nil || id == "" || column(id) != id {
		return place{}, ErrCursor
	}
	return place{ms, id}, nil
}

const maxWalks = 200 // of one statement; SQLite allows 500

// walk is one stretch of an index whose rows a filter chooses.
type walk struct {
	columns, args []string
	of            string // the condition of an index of some rows only; '': it is of all
}

const (
	ofClaimed = "state = 'claimed'"
	ofOthers  = "state <> 'claimed'"
)

// walks parts a filter into stretches of one index each, so that a page is found however rare it is: an object's or an
// event's deliveries are few; so is what is claimed; all else is by bus, state, and rule or channel.
func (f Filter) walks(ctx context.Context, tx *sql.Tx) ([]walk, error) {
	switch {
	case f.Event != "":
		return []walk{{[]string{"event_id"}, []string{keyColumn(f.Event)}, ""}}, nil
	case f.Object != "":
		return []walk{{[]string{"object"}, []string{column(f.Object)}, ""}}, nil
	}
	kinds, err := kinds(ctx, tx)
	if err != nil {
		return nil, err
	}
	var walks []walk
	if len(f.States) == 0 || slices.Contains(f.States, Claimed) {
		walks = append(walks, walk{of: ofClaimed}) // the little that is claimed
	}
	seen := map[string]bool{}
	for _, k := range kinds {
		switch {
		case len(f.Buses) > 0 && !slices.ContainsFunc(f.Buses, func(bus string) bool { return keyColumn(bus) == k.bus }),
			len(f.States) > 0 && !slices.Contains(f.States, State(k.state)),
			f.Channel != "" && column(f.Channel) != k.channel:
			continue
		case f.Rule == "":
			walks = append(walks, walk{[]string{"bus", "state", "channel"}, []string{k.bus, k.state, k.channel}, ofOthers})
		case !seen[k.bus+" "+k.state]:
			seen[k.bus+" "+k.state] = true
			walks = append(walks, walk{[]string{"bus", "rule", "state"}, []string{k.bus, keyColumn(f.Rule), k.state}, ofOthers})
		}
	}
	return walks, nil
}

// kinds are the buses, channels and states that the tally knows deliveries of, which are not claimed.
func kinds(ctx context.Context, tx *sql.Tx) (kinds []counted, err error) {
	err = query(ctx, tx, "select distinct bus, state, channel from tally where state <> 'claimed' order by bus, state, channel", nil,
		func(scan func(...any) error) error {
			var k counted
			err := scan(&k.bus, &k.state, &k.channel)
			kinds = append(kinds, k)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("list what kinds there are: %w", err)
	}
	return kinds, nil
}

// where writes a walk's conditions; those on the walk's columns first, which the index is for.
func (f Filter) where(v *values, w walk) string {
	var all []string
	for i, name := range w.columns {
		all = append(all, name+" = "+v.one(w.args[i]))
	}
	if w.of != "" {
		all = append(all, w.of)
	}
	in := func(name string, list []string) {
		if len(list) > 0 && !slices.Contains(w.columns, name) {
			all = append(all, name+" in "+v.list(list))
		}
	}
	one := func(name, value string) {
		if value != "" {
			in(name, []string{value})
		}
	}
	states := make([]string, len(f.States))
	for i, s := range f.States {
		states[i] = string(s)
	}
	buses := make([]string, len(f.Buses))
	for i, bus := range f.Buses {
		buses[i] = keyColumn(bus)
	}
	in("state", states)
	in("bus", buses)
	one("rule", keyColumn(f.Rule))
	one("channel", column(f.Channel))
	one("object", column(f.Object))
	one("event_id", keyColumn(f.Event))
	owners := make([]string, len(f.Owners))
	for i, owner := range f.Owners {
		owners[i] = column(owner)
	}
	in("owner", owners)
	if !f.From.IsZero() {
		all = append(all, "created >= "+v.one(millis(f.From)))
	}
	if !f.To.IsZero() {
		all = append(all, "created < "+v.one(millis(f.To)))
	}
	return strings.Join(all, " and ")
}

// direction is the order of a list.
type direction struct{ order, beyond string }

func newest() direction { return direction{"desc", "<"} }
func oldest() direction { return direction{"asc", ">"} }

// page finds at most limit deliveries behind a place.
func (f Filter) page(ctx context.Context, tx *sql.Tx, d direction, after place, limit int) ([]place, error) {
	walks, err := f.walks(ctx, tx)
	if err != nil {
		return nil, err
	}
	var found []place
	for part := range slices.Chunk(walks, maxWalks) {
		var v values
		parts := make([]string, len(part))
		for i, w := range part {
			conditions := f.where(&v, w)
			if after.id != "" {
				conditions += " and (created, id) " + d.beyond + " " + v.tuple(after.created, after.id)
			}
			parts[i] = "select * from (select created, id from delivery where " + conditions + " order by created " + d.order +
				", id " + d.order + " limit " + v.one(limit) + ") as w" + strconv.Itoa(i)
		}
		err := query(ctx, tx, strings.Join(parts, " union all "), v.args, func(scan func(...any) error) error {
			var p place
			err := scan(&p.created, &p.id)
			found = append(found, p)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("choose deliveries: %w", err)
		}
	}
	slices.SortFunc(found, func(a, b place) int {
		order := a.compare(b)
		if d.order == "desc" {
			return -order
		}
		return order
	})
	return found[:min(limit, len(found))], nil
}

func (p place) compare(other place) int {
	if p.created != other.created {
		return int(min(max(p.created-other.created, -1), 1))
	}
	return strings.Compare(p.id, other.id)
}

// count counts what a filter chooses.
func (f Filter) count(ctx context.Context, tx *sql.Tx) (n int, err error) {
	walks, err := f.walks(ctx, tx)
	if err != nil {
		return 0, err
	}
	for _, w := range walks {
		var v values
		var some int
		if err := tx.QueryRowContext(ctx, "select count(*) from delivery where "+f.where(&v, w), v.args...).Scan(&some); err != nil {
			return 0, fmt.Errorf("count deliveries: %w", err)
		}
		n += some
	}
	return n, nil
}
