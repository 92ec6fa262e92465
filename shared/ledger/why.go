package ledger

import (
	"context"
	"database/sql"
	"fmt"
)

// Why is why a delivery waits until it is due. It is noted when that is decided; empty: nobody noted it.
type Why string

// What a delivery waits for. A target that is muted, or a receiver that is closed, may keep it longer than it says.
const (
	WhyQuiet  Why = "quiet"  // the target's quiet hours
	WhyMuted  Why = "muted"  // the rule or the target is muted
	WhyPaused Why = "paused" // the deployment sent nothing when it came
	WhyRush   Why = "rush"   // it came at a moment when its receiver refuses most
	WhyGap    Why = "gap"    // the message before about the same object was sent too short a time ago
	WhyRetry  Why = "retry"  // a round failed: the next one
	WhySame   Why = "same"   // another rule tells its destination the same event at this time
	WhyPace   Why = "pace"   // its destination's next slot
)

// readWaits adds to deliveries that wait what is known of their destinations.
func readWaits(ctx context.Context, tx *sql.Tx, list []Entered) error {
	var v values
	var hashes []string
	at := map[string][]*Entered{}
	for i := range list {
		e := &list[i]
		if e.State != Waiting || e.Destination == "" {
			continue
		}
		if at[e.Destination] == nil {
			hashes = append(hashes, e.Destination)
		}
		at[e.Destination] = append(at[e.Destination], e)
	}
	if len(hashes) == 0 {
		return nil
	}
	err := query(ctx, tx, "select hash, opens, calm, closed_until from destination where hash in "+v.list(hashes), v.args,
		func(scan func(...any) error) error {
			var hash string
			var opens, calm, closed int64
			err := scan(&hash, &opens, &calm, &closed)
			for _, e := range at[hash] {
				e.Closed, e.Opens = moment(closed), moment(calm)
				if e.Failing {
					e.Opens = moment(opens)
				}
			}
			return err
		})
	if err != nil {
		return fmt.Errorf("read what deliveries wait for: %w", err)
	}
	return nil
}
