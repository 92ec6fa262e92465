// Command deployable says whether s.yaml can be deployed with the environment as it is: `s deploy` runs it first, since
// nothing upstream refuses a template before the cloud does, function by function.
package main

import (
	"fmt"
	"io"
	"os"

	"pai-notify/scripts/serverless"
)

func main() {
	if err := run(os.Args[1:], os.Getenv, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string, getenv func(string) string, out io.Writer) error {
	path := "s.yaml"
	if len(args) > 0 {
		path = args[0]
	}
	t, err := serverless.Load(path, getenv)
	if err != nil {
		return err
	}
	if len(t.Unset) > 0 {
		text := "not deployable: these environment variables are not set"
		for _, line := range t.Unset {
			text += "\n  " + line
		}
		return fmt.Errorf("%s\nset them (or write the values into the vars of %s) and deploy again", text, path)
	}
	_, err = fmt.Fprintf(out, "deployable: %d functions to %s\n", len(t.Blocks), t.Region)
	return err
}
