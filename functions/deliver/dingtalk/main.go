// Command deliver-dingtalk tells events through DingTalk robots.
package main

import (
	"pai-notify/shared/channel/dingtalk"
	"pai-notify/shared/delivery"
)

func main() { delivery.Start(dingtalk.New) }
