// Command observe is the function that every event of a workspace's bus passes, as it came, by a rule that set-up makes:
// it remembers recent events, when PAI last spoke, what of its events the catalogue does not know, and lets set-up's
// canary return. It delivers nothing.
package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/aliyun/fc-runtime-go-sdk/fc"

	"pai-notify/shared/environment"
)

func main() {
	log := slog.New(slog.NewJSONHandler(os.Stdout, nil)).With("function", "observe")
	env, err := environment.Read(os.Getenv, "DATABASE_URL")
	if err == nil {
		var o *observer
		if o, err = build(env, log); err == nil {
			fc.Start(o.observe)
		}
	}
	fmt.Fprintf(os.Stderr, "observe: %v\n", err)
	os.Exit(1)
}
