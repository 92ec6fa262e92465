// Command deliver-email tells events by mail.
package main

import (
	"pai-notify/shared/channel/email"
	"pai-notify/shared/delivery"
)

func main() { delivery.Start(email.New) }
