// Command deliveries is the function that shows what was told, what waits and what died, tells it again or lets it go, and
// says how pai-notify itself is: metrics, and one open page for a prober.
package main

import "pai-notify/shared/httpapi"

func main() {
	httpapi.Start("deliveries", []string{"DATABASE_URL", "SEAL_KEYS", "REGION", "ACCOUNT_ID"}, build)
}
