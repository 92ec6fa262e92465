package bus

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"pai-notify/scripts/localcloud/rpc"
)

// registerLocal adds pages that EventBridge does not have, for people and tests at the same machine:
//
//	GET  /local/counts?settled=10s   the counts, after waiting at most so long (of the machine) until no push is pending
//	GET  /local/traces?bus=B&event=E the steps of an event
//	GET  /local/dead?queue=Q         what dead-letter queues hold
//	POST /local/events?bus=B         an event as PAI itself publishes it: see [Bus.Publish]
func (b *Bus) registerLocal() {
	b.gateway.HandleRaw("GET /local/counts", func(w http.ResponseWriter, r *http.Request) {
		wait, err := time.ParseDuration(r.FormValue("settled"))
		if r.FormValue("settled") != "" && err != nil {
			localFault(w, http.StatusBadRequest, "settled is not a duration such as 10s")
			return
		}
		ctx, cancel := context.WithTimeout(r.Context(), min(wait, 10*time.Minute))
		defer cancel()
		counts, _ := b.Settled(ctx) // not settled in time: the counts say so
		rpc.WriteJSON(w, http.StatusOK, counts)
	})
	b.gateway.HandleRaw("GET /local/traces", func(w http.ResponseWriter, r *http.Request) {
		list, err := b.Traces(r.Context(), r.FormValue("bus"), r.FormValue("event"))
		localAnswer(w, map[string]any{"traces": list}, err)
	})
	b.gateway.HandleRaw("GET /local/dead", func(w http.ResponseWriter, r *http.Request) {
		list, err := b.DeadLetters(r.Context(), r.FormValue("queue"))
		localAnswer(w, map[string]any{"dead": list}, err)
	})
	b.gateway.HandleRaw("POST /local/events", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			localFault(w, http.StatusRequestEntityTooLarge, "the body could not be read to its end")
			return
		}
		if !b.activated() {
			localFault(w, http.StatusForbidden, "EventBridge is not activated")
			return
		}
		switch err := b.Publish(r.Context(), r.FormValue("bus"), body); {
		case errors.Is(err, errNoBus):
			localFault(w, http.StatusNotFound, "there is no such bus; name it with ?bus=")
		case err != nil:
			localFault(w, http.StatusBadRequest, err.Error())
		default:
			rpc.WriteJSON(w, http.StatusAccepted, map[string]any{})
		}
	})
}

func localAnswer(w http.ResponseWriter, value any, err error) {
	if err != nil {
		localFault(w, http.StatusInternalServerError, err.Error())
		return
	}
	rpc.WriteJSON(w, http.StatusOK, value)
}

func localFault(w http.ResponseWriter, status int, text string) {
	rpc.WriteJSON(w, status, map[string]string{"error": text})
}
