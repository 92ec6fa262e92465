// Command access is the function that knows who may call: it makes, lists and revokes API keys, opens and ends sessions of
// the console, with a key or through an identity provider, and tells who changed what.
package main

import "pai-notify/shared/httpapi"

func main() {
	httpapi.Start("access", []string{"DATABASE_URL"}, build)
}
