package story

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// tried is the first attempt of a delivery.
type tried struct{ Class, Code string }

func (c *cloud) firstAttempts() map[string]tried {
	c.t.Helper()
	found := map[string]tried{}
	err := c.query("select target, attempt.class, attempt.code from attempt join delivery on delivery.id = attempt.delivery where n = 1",
		func(scan func(...any) error) error {
			var target string
			var t tried
			err := scan(&target, &t.Class, &t.Code)
			found[target] = t
			return err
		})
	if err != nil {
		c.t.Fatal(err)
	}
	return found
}

// hasty counts the deliveries that were tried again, or are to be, before their receiver wants to be asked.
func (c *cloud) hasty(rows map[string]way) (n int) {
	c.t.Helper()
	last := map[string]int64{}
	err := c.query(`select target, at from (select target, at, n from attempt join delivery on delivery.id = attempt.delivery
		union all select target, due, 1000000 from delivery where state = 'waiting') as every order by target, n`,
		func(scan func(...any) error) error {
			var target string
			var at int64
			err := scan(&target, &at)
			if gap := rows[target].closed.Milliseconds(); last[target] != 0 && at-last[target] < gap {
				n++
				c.t.Errorf("%s: %s is tried again after %d ms, want %d", rows[target].channel, rows[target].name, at-last[target], gap)
			}
			last[target] = at
			return err
		})
	if err != nil {
		c.t.Fatal(err)
	}
	return n
}

// telling counts the logs, and the rows of attempts, that hold the number or the mailbox of somebody, or a key of the account.
func (c *cloud) telling(rows map[string]way) (n int) {
	c.t.Helper()
	secrets := []string{"local-secret"}
	for _, r := range rows {
		if slices.Contains(services, r.channel) {
			secrets = append(secrets, strings.TrimPrefix(path.Base(r.path), "+86"))
		}
	}
	look := func(where, text string) {
		for _, secret := range secrets {
			if at := strings.Index(text, secret); at >= 0 {
				n++
				c.t.Errorf("%s tells %s: …%s…", where, secret, text[max(0, at-200):min(len(text), at+50)])
			}
		}
	}
	for name, text := range c.log("*") {
		look(name, text)
	}
	var attempts strings.Builder
	err := c.query("select code, text from attempt", func(scan func(...any) error) error {
		var code, text string
		err := scan(&code, &text)
		attempts.WriteString(code + " " + text + "\n")
		return err
	})
	if err != nil {
		c.t.Fatal(err)
	}
	look("an attempt", attempts.String())
	return n
}

// log reads the logs of functions, by file.
func (c *cloud) log(functions string) map[string]string {
	c.t.Helper()
	names, err := filepath.Glob(filepath.Join(c.data, "logs", functions))
	if err != nil || len(names) == 0 {
		c.t.Fatalf("no logs of %s: %v", functions, err)
	}
	all := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			c.t.Fatal(err)
		}
		all[filepath.Base(name)] = string(text)
	}
	return all
}

// advised are the targets of dead deliveries of which the API says what to do, in both languages, and of those that died in
// a delivery function its log too.
func (c *cloud) advised() map[string]bool {
	c.t.Helper()
	logged, found := map[string]bool{}, map[string]bool{}
	for _, log := range c.log("deliver-*") {
		for line := range strings.Lines(log) {
			var l struct{ Msg, Target, Advice string }
			if at := strings.Index(line, `{"time"`); at >= 0 && json.Unmarshal([]byte(line[at:]), &l) == nil && l.Msg == "dead" {
				logged[l.Target] = l.Advice != ""
			}
		}
	}
	for _, d := range c.deliveries("state=dead") {
		found[d.Target] = d.Advice["en"] != "" && d.Advice["zh"] != "" && (logged[d.Target] || d.Code == "SentUnknown")
	}
	return found
}
