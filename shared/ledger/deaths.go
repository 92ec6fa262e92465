package ledger

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// Death is deliveries to one destination of one bus that died of one cause and are not announced yet.
type Death struct {
	Bus, EventSource, Channel, Destination string

	Class, Code string
	Text        string // of the last attempt of one of them
	Rules       []string
	Target      string // of one of them
	First, Last time.Time
	IDs         []string // of all, the first to die first
}

// Deaths gives the deaths that are not announced yet, made of at most limit deliveries, those that died first before
// others. Who has announced one says so with [Ledger.Announced]; a crash between the two repeats the announcement, with
// the same ids if nothing else died meanwhile.
func (l *Ledger) Deaths(ctx context.Context, limit int) (deaths []Death, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) error {
		type cause struct{ bus, source, channel, destination, class, code string }
		at := map[cause]int{}
		deaths = nil
		err := query(ctx, tx, `select bus, event_source, channel, destination, class, code, rule, target, id, done from delivery
			where state = 'dead' and announced = 0 order by done, id limit $1`, []any{limit}, func(scan func(...any) error) error {
			var k cause
			var rule, target, id string
			var done int64
			if err := scan(&k.bus, &k.source, &k.channel, &k.destination, &k.class, &k.code, &rule, &target, &id, &done); err != nil {
				return err
			}
			i, known := at[k]
			if !known {
				i = len(deaths)
				at[k] = i
				deaths = append(deaths, Death{Bus: k.bus, EventSource: k.source, Channel: k.channel, Destination: k.destination,
					Class: k.class, Code: k.code, Target: target, First: moment(done)})
			}
			d := &deaths[i]
			d.Last = moment(done)
			d.IDs = append(d.IDs, id)
			if !slices.Contains(d.Rules, rule) {
				d.Rules = append(d.Rules, rule)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for i := range deaths {
			d := &deaths[i]
			err := query(ctx, tx, "select text from attempt where delivery = $1 order by n desc limit 1", []any{d.IDs[len(d.IDs)-1]},
				func(scan func(...any) error) error { return scan(&d.Text) })
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for deaths: %w", err)
	}
	return deaths, nil
}

// Announced notes that the deaths of some deliveries are announced.
func (l *Ledger) Announced(ctx context.Context, ids []string) error {
	err := l.db.Write(ctx, false, func(tx *sql.Tx) error {
		for part := range slices.Chunk(ids, 1000) {
			var v values
			_, err := tx.ExecContext(ctx, "update delivery set announced = "+v.one(l.now().UnixMilli())+
				" where state = 'dead' and announced = 0 and id in "+v.list(part), v.args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("note what is announced: %w", err)
	}
	return nil
}
