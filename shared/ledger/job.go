package ledger

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// JobKind is what a job does.
type JobKind string

// The kinds of jobs.
const (
	JobReplay JobKind = "replay"
	JobCancel JobKind = "cancel"
)

// JobState is whether a job has work left.
type JobState string

// The states of jobs.
const (
	JobRunning JobState = "running"
	JobDone    JobState = "done"
)

// Job replays or cancels all that a filter chose when it was started, a batch with each [Ledger.Advance], the oldest
// first.
type Job struct {
	ID      string
	Kind    JobKind
	Key     string // the caller's, unique: see [Ledger.StartJob]
	Filter  Filter
	Force   bool // of a replay: delivered ones too
	State   JobState
	Total   int // chosen when it was started
	Done    int // looked at so far
	Refused int // of these, those left as they were
	Created time.Time
	Updated time.Time

	place string
}

// Errors of jobs.
var (
	ErrNoJob   = errors.New("no such job")
	ErrJobKey  = errors.New("the key was used for another request: use a new key for each")
	errUnknown = errors.New("kind is neither replay nor cancel")
)

// StartJob enters a job; Kind, Key, Filter and Force are the caller's. Where a job has the key already it gives that one,
// so that a request may be repeated; the error is [ErrJobKey] where that one was asked for something else.
func (l *Ledger) StartJob(ctx context.Context, j Job) (Job, error) {
	if j.Kind != JobReplay && j.Kind != JobCancel {
		return Job{}, fmt.Errorf("start a job: %w", errUnknown)
	}
	now := l.now()
	j.ID, j.State, j.Created, j.Updated = strings.ToLower(rand.Text()), JobRunning, now, now
	if j.Key == "" {
		j.Key = j.ID
	}
	wish, err := json.Marshal(j.Filter)
	if err != nil {
		return Job{}, fmt.Errorf("start a job: %w", err)
	}
	err = l.db.Write(ctx, true, func(tx *sql.Tx) error {
		if j.Total, err = j.meant().count(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `insert into job
			(id, kind, key, filter, force, state, place, total, done, refused, created, updated)
			values ($1, $2, $3, $4, $5, $6, '', $7, 0, 0, $8, $8) on conflict (key) do nothing`,
			j.ID, string(j.Kind), keyColumn(j.Key), string(wish), number(j.Force), string(j.State), j.Total, millis(now))
		return err
	})
	if err != nil {
		return Job{}, fmt.Errorf("start a job: %w", err)
	}
	entered, err := l.job(ctx, "key", keyColumn(j.Key))
	if err != nil {
		return Job{}, err
	}
	was, err := json.Marshal(entered.Filter)
	if err != nil {
		return Job{}, fmt.Errorf("start a job: %w", err)
	}
	if entered.Kind != j.Kind || entered.Force != j.Force || string(was) != string(wish) {
		return Job{}, ErrJobKey
	}
	return entered, nil
}

// meant is the filter without what comes in after the job was started.
func (j Job) meant() Filter {
	f := j.Filter
	if end := j.Created.Add(time.Millisecond); f.To.IsZero() || f.To.After(end) {
		f.To = end
	}
	return f
}

// Job gives a job as it stands. The error is [ErrNoJob] where there is none.
func (l *Ledger) Job(ctx context.Context, id string) (Job, error) { return l.job(ctx, "id", id) }

// Running gives the jobs that have work left, the oldest first, for whoever advances them.
func (l *Ledger) Running(ctx context.Context, limit int) (jobs []Job, err error) {
	err = l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		jobs, err = readJobs(ctx, tx, "where state = 'running' order by created, id limit $1", limit)
		return err
	})
	return jobs, err
}

func (l *Ledger) job(ctx context.Context, column, value string) (Job, error) {
	var jobs []Job
	err := l.db.Read(ctx, func(tx *sql.Tx) (err error) {
		jobs, err = readJobs(ctx, tx, "where "+column+" = $1", value)
		return err
	})
	switch {
	case err != nil:
		return Job{}, err
	case len(jobs) == 0:
		return Job{}, ErrNoJob
	}
	return jobs[0], nil
}

func readJobs(ctx context.Context, tx *sql.Tx, where string, args ...any) (jobs []Job, err error) {
	err = query(ctx, tx, `select id, kind, key, filter, force, state, place, total, done, refused, created, updated from job `+
		where, args, func(scan func(...any) error) error {
		var j Job
		var filter string
		var force, created, updated int64
		err := scan(&j.ID, &j.Kind, &j.Key, &filter, &force, &j.State, &j.place, &j.Total, &j.Done, &j.Refused, &created, &updated)
		if err != nil {
			return err
		}
		j.Force, j.Created, j.Updated = force != 0, moment(created), moment(updated)
		jobs = append(jobs, j)
		return json.Unmarshal([]byte(filter), &jobs[len(jobs)-1].Filter)
	})
	if err != nil {
		return nil, fmt.Errorf("read jobs: %w", err)
	}
	return jobs, nil
}

// Advance moves the next batch of a job's deliveries and gives the job as it stands then. Of two that advance one job at
// once, one does the batch. A cancelling job needs no renew.
func (l *Ledger) Advance(ctx context.Context, id string, renew Renew, batch int) (Job, error) {
	j, err := l.Job(ctx, id)
	if err != nil || j.State == JobDone {
		return j, err
	}
	found, next, err := l.IDs(ctx, j.meant(), j.place, batch)
	if err != nil {
		return Job{}, fmt.Errorf("advance job %s: %w", id, err)
	}
	m := &move{ledger: l, ids: found}
	if j.Kind == JobReplay {
		if m, err = l.renewed(ctx, found, renew, j.Force); err != nil {
			return Job{}, fmt.Errorf("advance job %s: %w", id, err)
		}
	}
	err = l.write(ctx, true, func(tx *sql.Tx) error { return l.advance(ctx, tx, j, m, next) })
	if err != nil {
		return Job{}, fmt.Errorf("advance job %s: %w", id, err)
	}
	return l.Job(ctx, id)
}

// advance does one batch, unless another did it meanwhile.
func (l *Ledger) advance(ctx context.Context, tx *sql.Tx, j Job, m *move, next string) error {
	state := JobRunning
	if next == "" {
		state = JobDone
	}
	var mine string
	err := tx.QueryRowContext(ctx, `update job set place = $1, state = $2, done = done + $3, updated = $4
		where id = $5 and place = $6 and state = 'running' returning id`,
		next, string(state), len(m.ids), millis(l.now()), j.ID, j.place).Scan(&mine)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	do := m.cancel
	m.from = millis(j.Created) + int64(j.Done) // behind the batches before
	if j.Kind == JobReplay {
		do = m.replay
	}
	if err := do(ctx, tx); err != nil {
		return err
	}
	refused := 0
	for _, moved := range m.moved {
		if moved.Err != nil {
			refused++
		}
	}
	_, err = tx.ExecContext(ctx, "update job set refused = refused + $1 where id = $2", refused, j.ID)
	return err
}

func number(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
