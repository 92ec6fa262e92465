package bus

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the database driver

	"pai-notify/scripts/localcloud/account"
)

// Rows hold documents where only this package reads them. A push is a row as long as it is not delivered.
const schema = `
create table if not exists meta  (name text primary key, value text not null);
create table if not exists bus   (name text primary key, doc text not null);
create table if not exists rule  (bus text not null, name text not null, doc text not null, primary key (bus, name));
create table if not exists role  (name text primary key, doc text not null);
create table if not exists queue (name text primary key);
create table if not exists count (name text primary key, n integer not null);
create table if not exists event (id integer primary key autoincrement, bus text not null, event_id text not null,
  source text not null, body blob not null, received integer not null, hops integer not null);
create table if not exists push  (id integer primary key autoincrement, event integer not null, bus text not null,
  rule text not null, target text not null, due integer not null, tries integer not null, accepted integer not null,
  blocked integer not null);
create table if not exists trace (id integer primary key autoincrement, bus text not null, event_id text not null, doc text not null);
create table if not exists dead  (id integer primary key autoincrement, queue text not null, doc text not null);
create index if not exists trace_event on trace (bus, event_id);
create index if not exists event_bus on event (bus, event_id);
create index if not exists push_event on push (event);
`

// What is long delivered is forgotten at the next start.
const prune = `
delete from event where id <= (select max(id) - 20000 from event) and not exists (select 1 from push where push.event = event.id);
delete from trace where id <= (select max(id) - 100000 from trace);
`

// open opens the database. A write is safe from the end of this process, not from a power cut.
func open(dir string) (*sql.DB, error) {
	name := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(filepath.Join(dir, "eventbridge.db"))}).EscapedPath(),
		RawQuery: "_pragma=journal_mode(WAL)&_pragma=synchronous(NORMAL)&_pragma=busy_timeout(5000)&_txlock=immediate"}).String()
	db, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // SQLite has one writer; waiting here costs less than there
	if _, err := db.Exec(schema + prune); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// write does f in one transaction.
func (b *Bus) write(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// load reads everything that is kept in memory: settings, and what is not yet delivered.
func (b *Bus) load() ([]*push, Counts, error) {
	b.buses = map[string]*eventBus{defaultBus: {Name: defaultBus, Description: "Events of Alibaba Cloud services.", rules: map[string]*rule{}}}
	b.roles = map[string]account.Role{}
	var counts Counts
	err := errors.Join(
		b.each("select value from meta where name = 'active'", func(*sql.Rows) error {
			b.active = true
			return nil
		}),
		b.each("select doc from bus", func(row *sql.Rows) error {
			bus := &eventBus{rules: map[string]*rule{}}
			err := scanDoc(row, bus)
			b.buses[bus.Name] = bus
			return err
		}),
		b.each("select doc from rule", func(row *sql.Rows) error {
			r := &rule{}
			if err := scanDoc(row, r); err != nil {
				return err
			}
			bus, ok := b.buses[r.Bus]
			if !ok {
				return fmt.Errorf("rule %s is on bus %s, which does not exist", r.Name, r.Bus)
			}
			bus.rules[r.Name] = r
			return r.compile()
		}),
		b.each("select doc from role", func(row *sql.Rows) error {
			var role account.Role
			err := scanDoc(row, &role)
			b.roles[strings.ToLower(role.Name)] = role
			return err
		}),
		b.each("select name, n from count", func(row *sql.Rows) error {
			var name string
			var n int64
			err := row.Scan(&name, &n)
			counts.add(name, n)
			return err
		}),
	)
	if err != nil {
		return nil, counts, err
	}
	var pushes []*push
	now := b.now()
	err = b.each(`select p.id, p.event, p.bus, p.rule, p.target, p.due, p.tries, p.accepted, p.blocked, e.event_id, e.source, e.hops
		from push p join event e on e.id = p.event order by p.id`, func(row *sql.Rows) error {
		p := &push{}
		var due int64
		err := row.Scan(&p.id, &p.event, &p.bus, &p.rule, &p.target, &due, &p.tries, &p.accepted, &p.blocked, &p.eventID, &p.source, &p.hops)
		// The clock may have been set back since; no push waits longer than the longest pause.
		if p.due = time.UnixMilli(due); p.due.Sub(now) > longestPause {
			p.due = now.Add(longestPause)
		}
		pushes = append(pushes, p)
		return err
	})
	return pushes, counts, err
}

func (b *Bus) each(query string, f func(*sql.Rows) error, args ...any) error {
	rows, err := b.db.Query(query, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // what goes wrong is in rows.Err
	for rows.Next() {
		if err := f(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func scanDoc(row *sql.Rows, into any) error {
	var doc []byte
	if err := row.Scan(&doc); err != nil {
		return err
	}
	return json.Unmarshal(doc, into)
}

func saveDoc(tx *sql.Tx, query string, doc any, keys ...any) error {
	text, err := json.Marshal(doc)
	if err != nil {
		return err
	}
	_, err = tx.Exec(query, append(keys, string(text))...)
	return err
}

func saveRule(tx *sql.Tx, r *rule) error {
	return saveDoc(tx, "insert or replace into rule (bus, name, doc) values (?, ?, ?)", r, r.Bus, r.Name)
}

func saveBus(tx *sql.Tx, bus *eventBus) error {
	return saveDoc(tx, "insert or replace into bus (name, doc) values (?, ?)", bus, bus.Name)
}

func count(tx *sql.Tx, name string, n int) error {
	_, err := tx.Exec("insert into count (name, n) values (?, ?) on conflict (name) do update set n = n + excluded.n", name, n)
	return err
}
