package function

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/aliyun/fc-runtime-go-sdk/events"
	"golang.org/x/sync/errgroup"

	"pai-notify/scripts/serverless"
)

// RunTimers fires the timer triggers on the clock until ctx ends, and returns nil then. Function Compute promises nothing
// about a trigger whose last invocation still runs; here it waits for that one, and of the times missed meanwhile only the
// last is made up for. What an invocation fails with is in the function's log.
func (r *Runtime) RunTimers(ctx context.Context) error {
	var group errgroup.Group
	for _, block := range r.options.Template.Blocks {
		for _, trigger := range block.Triggers {
			if trigger.Timer == nil || !trigger.Timer.Enable {
				continue
			}
			group.Go(func() error {
				schedule, err := serverless.ParseSchedule(trigger.Timer.CronExpression)
				if err != nil {
					return fmt.Errorf("timer %s of %s: %w", trigger.TriggerName, block.Name, err)
				}
				return r.runTimer(ctx, block.Name, trigger, schedule)
			})
		}
	}
	return group.Wait()
}

func (r *Runtime) runTimer(
	ctx context.Context, function string, trigger serverless.Trigger, schedule serverless.Schedule,
) error {
	clock := r.options.Clock
	for at := schedule.Next(clock.Now()); ; {
		if err := clock.Sleep(ctx, at.Sub(clock.Now())); err != nil {
			return nil //nolint:nilerr // the end of ctx is how timers end
		}
		event, err := timerEvent(trigger, at)
		if err != nil {
			return err
		}
		if _, err := r.Invoke(ctx, function, event); err != nil && ctx.Err() == nil {
			r.pools[function].logs.note("timer %s: %v", trigger.TriggerName, err)
		}
		select {
		case <-r.closed:
			return nil
		default:
		}
		now, next := clock.Now(), schedule.Next(at)
		for later := schedule.Next(next); !later.After(now); later = schedule.Next(next) {
			next = later
		}
		at = next
	}
}

// ServeTimers fires the timers of ?function= at once, whatever their schedule, and answers when the function has: a test
// need not wait for the minute.
func (r *Runtime) ServeTimers(w http.ResponseWriter, q *http.Request) {
	block, _ := r.options.Template.Function(q.FormValue("function"))
	fired := 0
	for _, trigger := range block.Triggers {
		if trigger.Timer == nil || !trigger.Timer.Enable {
			continue
		}
		event, err := timerEvent(trigger, r.options.Clock.Now())
		if err == nil {
			_, err = r.Invoke(q.Context(), block.FunctionName, event)
		}
		if err != nil {
			http.Error(w, fmt.Sprintf("timer %s: %v", trigger.TriggerName, err), http.StatusBadGateway)
			return
		}
		fired++
	}
	if fired == 0 {
		http.Error(w, "there is no function with a timer of that name; name it with ?function=", http.StatusNotFound)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// timerEvent is what a timer trigger sends (fc-runtime-go-sdk events/timer.go).
func timerEvent(trigger serverless.Trigger, at time.Time) (json.RawMessage, error) {
	text := at.UTC().Format("2006-01-02T15:04:05Z")
	event := events.TimerEvent{TriggerTime: &text, TriggerName: &trigger.TriggerName, Payload: &trigger.Timer.Payload}
	return json.Marshal(event)
}
