package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"pai-notify/scripts/client"
)

// app is one run of the command.
type app struct {
	world
	api, keyFile, language, form string
	began                        bool       // the arguments were right
	dates                        sync.Mutex // of what follows: calls run at the same time
	skew                         time.Duration
	dated                        bool // an answer said what time it is there
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use: "notifyctl", Short: "Run pai-notify from a terminal or a pipeline", Long: "Run pai-notify from a terminal or a pipeline.\n\n" +
			"PAI_NOTIFY_API is the deployment's address, PAI_NOTIFY_KEY an API key.\n\n" + exitCodes,
		SilenceErrors: true, SilenceUsage: true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			if a.form != "table" && a.form != "json" {
				return wrong("-o %q is neither table nor json", a.form)
			}
			if a.language != "en" && a.language != "zh" {
				return wrong("--language %q is neither en nor zh", a.language)
			}
			a.began = true
			return nil
		},
	}
	language := "en"
	if strings.HasPrefix(a.Getenv("LANG"), "zh") {
		language = "zh"
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.api, "api", a.Getenv("PAI_NOTIFY_API"), "address of the deployment; else PAI_NOTIFY_API")
	flags.StringVar(&a.keyFile, "key-file", "", "file that holds the API key; else PAI_NOTIFY_KEY")
	flags.StringVar(&a.language, "language", language, "of advice and faults: en or zh; else by LANG")
	flags.StringVarP(&a.form, "output", "o", "table", "table for people, json for programs")
	root.AddCommand(a.rules(), a.test(), a.events(), a.deliveries(), a.contacts(), a.keys(), a.sessions(), a.settings(), a.setup(), a.doctor())
	return root
}

// client speaks to the deployment.
func (a *app) client() (*client.ClientWithResponses, error) {
	if a.api == "" {
		return nil, wrong("where is the deployment? Set PAI_NOTIFY_API to its address, such as https://notify.example.com, or give --api")
	}
	key := a.Getenv("PAI_NOTIFY_KEY")
	if a.keyFile != "" {
		text, err := os.ReadFile(a.keyFile)
		if err != nil {
			return nil, wrong("read the key: %w", err)
		}
		key = strings.TrimSpace(string(text))
	}
	if key == "" {
		return nil, wrong("no key: set PAI_NOTIFY_KEY to an API key, or name its file with --key-file; notifyctl keys make makes more")
	}
	c, err := client.New(client.Config{API: a.api, Key: key, Language: a.language, Seen: func(h http.Header) {
		if there, err := http.ParseTime(h.Get("Date")); err == nil {
			a.dates.Lock()
			defer a.dates.Unlock()
			a.skew, a.dated = there.Sub(a.Now()), true
		}
	}})
	if err != nil {
		return nil, useError{err}
	}
	return c, nil
}

// say prints a line for people, and nothing where a program reads.
func (a *app) say(format string, args ...any) error {
	if a.form == "json" {
		return nil
	}
	_, err := fmt.Fprintf(a.Out, format+"\n", args...)
	return err
}

// show prints a value as JSON, or as the table that rows makes.
func (a *app) show(value any, head []string, rows [][]string) error {
	if a.form == "json" {
		encoder := json.NewEncoder(a.Out)
		encoder.SetIndent("", "  ")
		encoder.SetEscapeHTML(false)
		return encoder.Encode(value)
	}
	return table(a.Out, head, rows)
}

func table(out io.Writer, head []string, rows [][]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{head}, rows...) {
		for i := range row {
			row[i] = printable(row[i])
		}
		if _, err := fmt.Fprintln(w, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	return w.Flush()
}

// printable takes out what could move a terminal's cursor: texts come from events and from users.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, text)
}

// progress tells on the terminal how far long work has come; elsewhere it says nothing.
type progress struct {
	out   io.Writer // nil: nobody looks
	what  string
	width int
}

func (a *app) progress(what string) *progress {
	if file, ok := a.Err.(*os.File); ok && isatty.IsTerminal(file.Fd()) && a.form != "json" {
		return &progress{out: file, what: what}
	}
	return &progress{}
}

const barWidth = 30

func (p *progress) set(done, total int) {
	if p.out == nil || total == 0 {
		return
	}
	full := barWidth * done / total
	line := fmt.Sprintf("%s [%s%s] %d of %d", p.what, strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), done, total)
	p.width = max(p.width, len(line))
	fmt.Fprintf(p.out, "\r%-*s", p.width, line) //nolint:errcheck // a bar that is not drawn is no loss
}

func (p *progress) end() {
	if p.out != nil && p.width > 0 {
		fmt.Fprintf(p.out, "\r%*s\r", p.width, "") //nolint:errcheck // as above
	}
}

// day is a time as people here read it.
func day(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Local().Format("2006-01-02 15:04:05")
}

// when reads a time: RFC 3339, a day, or how long ago (2h, 7d).
func (a *app) when(text string) (*time.Time, error) {
	if text == "" {
		return nil, nil
	}
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04:05", "2006-01-02"} {
		if at, err := time.ParseInLocation(form, text, time.Local); err == nil {
			return &at, nil
		}
	}
	days, isDays := strings.CutSuffix(text, "d")
	if isDays {
		text = days + "h"
	}
	ago, err := time.ParseDuration(text)
	if err != nil || ago < 0 {
		return nil, wrong("%q is no time: write 2h or 7d for how long ago, a day as 2026-11-25, or RFC 3339", text)
	}
	if isDays {
		ago *= 24
	}
	at := a.Now().Add(-ago)
	return &at, nil
}

// plural counts things.
func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
