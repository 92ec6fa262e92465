package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"pai-notify/scripts/client"
)

// line prints a delivery as one line: of JSON, or of the list's columns.
func (a *app) line(d client.DeliveriesDelivery) error {
	if a.form == "json" {
		return json.NewEncoder(a.Out).Encode(d)
	}
	_, err := fmt.Fprintln(a.Out, printable(strings.Join(row(d), "  ")))
	return err
}
