// Command gallery draws what receivers are sent: every sample event through every channel in every language, on one page
// that needs nothing else, each message about as the receiver's own client shows it on a telephone.
//
// The page is drawn from the requests that the channels really make, read back as a client reads them: a markup that a
// client would not understand is seen as it is.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	out := flag.String("o", ".build/gallery.html", "file to write")
	only := flag.String("only", "", "a sample's name; all of them where empty")
	flag.Parse()
	if err := run(*out, *only); err != nil {
		fmt.Fprintln(os.Stderr, "gallery:", err)
		os.Exit(1)
	}
}

func run(out, only string) error {
	page, err := draw(only)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(out, page, 0o644); err != nil { //nolint:gosec // a page to look at
		return err
	}
	fmt.Printf("%s (%d KB)\n", out, len(page)/1024)
	return nil
}
