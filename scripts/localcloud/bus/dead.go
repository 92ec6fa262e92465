package bus

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"
)

// DeadLetter is an event in a dead-letter queue. The product does not document the form of its messages.
type DeadLetter struct {
	Queue   string          `json:"queue"` // its ARN
	Bus     string          `json:"bus"`
	Rule    string          `json:"rule"`
	Target  string          `json:"target"`
	EventID string          `json:"eventId"`
	Event   json.RawMessage `json:"event"`
	Error   string          `json:"error"` // NotifyStatus of the last try
	Tries   int             `json:"tries"`
	At      time.Time       `json:"at"`
}

// giveUp ends a push whose tries are used up: the dead-letter queue takes it, or it is dropped. A queue or bus that does not
// exist takes nothing, as with EventBridge; the trace says so.
func (b *Bus) giveUp(ctx context.Context, p *push, t target, begun time.Time, event []byte, result outcome) {
	arn := t.deadLetterARN()
	switch {
	case p.accepted:
		result.status += " (Function Compute gave up; EventBridge does not learn of it)"
		b.record(ctx, p, t, begun, result, countDropped)
	case arn == "":
		result.status += " (given up; no dead-letter queue)"
		b.record(ctx, p, t, begun, result, countDropped)
	default:
		ended := countDead
		if bus, ok := lastOf(busARN, arn); ok {
			if err := b.forward(context.WithoutCancel(ctx), bus, event, p.hops+1); err != nil {
				result.status += " (given up; dead-letter bus: " + err.Error() + ")"
				b.record(ctx, p, t, begun, result, countDropped)
				return
			}
		}
		given := result.status
		result.status += " (given up; now in the dead-letter queue)"
		err := b.write(context.WithoutCancel(ctx), func(tx *sql.Tx) error {
			if queue, ok := lastOf(queueARN, arn); ok {
				var one int
				switch err := tx.QueryRow("select 1 from queue where name = ?", queue).Scan(&one); {
				case errors.Is(err, sql.ErrNoRows):
					ended = countDropped
					result.status = given + " (given up; the dead-letter queue does not exist)"
				case err != nil:
					return err
				default:
					letter := DeadLetter{arn, p.bus, p.rule, p.target, p.eventID, event, result.status, p.tries, b.now()}
					if err := saveDoc(tx, "insert into dead (queue, doc) values (?, ?)", letter, queue); err != nil {
						return err
					}
				}
			}
			return b.recordIn(tx, p, t, begun, result, ended)
		})
		if err != nil {
			b.options.Log.Error("store a dead letter", "event", p.eventID, "rule", p.rule, "error", err.Error())
			p.due = b.now().Add(5 * time.Second)
			return
		}
		p.ended = ended
	}
}

// DeadLetters are the messages of a dead-letter queue by its name, oldest first; of all queues if the name is empty.
func (b *Bus) DeadLetters(_ context.Context, queue string) ([]DeadLetter, error) {
	list := []DeadLetter{}
	err := b.each("select doc from dead where ? = '' or queue = ? order by id", func(row *sql.Rows) error {
		var letter DeadLetter
		err := scanDoc(row, &letter)
		list = append(list, letter)
		return err
	}, queue, queue)
	return list, err
}
