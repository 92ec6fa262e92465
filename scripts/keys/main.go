// Command keys prints the secrets of a new deployment: the key that seals receivers' secrets, and the token that opens
// the fresh deployment once, of which the deployment itself is given only the hash.
package main

import (
	"crypto/rand"
	"fmt"
	"os"

	"pai-notify/shared/access"
	"pai-notify/shared/seal"
)

func main() {
	key, err := seal.NewKey(rand.Reader)
	if err != nil {
		fmt.Fprintln(os.Stderr, "keys:", err)
		os.Exit(1)
	}
	token, hash := access.NewToken()
	fmt.Printf("# Keep these where your other secrets are; s.yaml reads the first two from the environment.\n"+
		"export SEAL_KEYS='%s'\nexport BOOTSTRAP_HASH='%s'\n"+
		"# Opens the fresh deployment once, to make its first API key. Give it to nobody.\nBOOTSTRAP_TOKEN='%s'\n", key, hash, token)
}
