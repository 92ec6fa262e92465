// Command connectivity is the function that sends one clearly marked test message through one target, saved or not, and
// says at which step it failed, what the receiver answered and what to do; or, where the receiver allows it, looks
// without posting anything.
package main

import "pai-notify/shared/httpapi"

func main() {
	httpapi.Start("connectivity", []string{"DATABASE_URL", "SEAL_KEYS", "REGION", "ACCOUNT_ID"}, build)
}
