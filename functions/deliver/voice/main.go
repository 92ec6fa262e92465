// Command deliver-voice tells events by telephone calls.
package main

import (
	"pai-notify/shared/channel/voice"
	"pai-notify/shared/delivery"
)

func main() { delivery.Start(voice.New) }
