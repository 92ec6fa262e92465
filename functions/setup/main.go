// Command setup is the function that prepares a deployment and proves that it works: it lists what pai-notify needs, says
// of each step whether it is done and what to do if not, does what it can when asked, and ends with an event of its own
// that must come back through EventBridge. It also makes the first API key and keeps the settings.
package main

import "pai-notify/shared/httpapi"

func main() {
	httpapi.Start("setup", []string{"DATABASE_URL", "REGION", "ACCOUNT_ID", "FUNCTION_ARN"}, build)
}
