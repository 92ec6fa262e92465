// Command deliver-webhook tells events to HTTP receivers.
package main

import (
	"pai-notify/shared/channel/webhook"
	"pai-notify/shared/delivery"
)

func main() { delivery.Start(webhook.New) }
