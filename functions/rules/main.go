// Command rules is the function that keeps rules: it lists what can be chosen, makes, changes and deletes rules, and
// shows what a draft would tell before it is saved. EventBridge holds the rules; this function keeps no copy.
package main

import "pai-notify/shared/httpapi"

func main() {
	httpapi.Start("rules", []string{"DATABASE_URL", "SEAL_KEYS", "REGION", "ACCOUNT_ID", "FUNCTION_ARN"}, build)
}
