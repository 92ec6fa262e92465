// Command deliver-lark tells events through Lark and Feishu robots.
package main

import (
	"pai-notify/shared/channel/lark"
	"pai-notify/shared/delivery"
)

func main() { delivery.Start(lark.New) }
