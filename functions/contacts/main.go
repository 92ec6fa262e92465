// Command contacts is the function behind the message receiving settings: whom calls, text messages and mails reach.
package main

import "pai-notify/shared/httpapi"

func main() {
	httpapi.Start("contacts", []string{"DATABASE_URL", "SEAL_KEYS", "REGION", "ACCOUNT_ID", "FUNCTION_ARN"}, build)
}
