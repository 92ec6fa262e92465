// Command deliver-sms tells events by text messages.
package main

import (
	"pai-notify/shared/channel/sms"
	"pai-notify/shared/delivery"
)

func main() { delivery.Start(sms.New) }
