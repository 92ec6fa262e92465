// Command deliver-wecom tells events through WeCom robots.
package main

import (
	"pai-notify/shared/channel/wecom"
	"pai-notify/shared/delivery"
)

func main() { delivery.Start(wecom.New) }
