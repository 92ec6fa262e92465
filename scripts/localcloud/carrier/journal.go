package carrier

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// sent is a message that a service accepted.
type sent struct {
	Service  string // of the inbox
	ID       string // BizId, CallId or EnvId
	To       string // +8613800138000 or a mail address
	OutID    string
	Sign     string
	Template string
	From     string // sender of a mail, number of a call
	Tag      string
	Text     string // of SMS and calls
	At       time.Time
	Told     bool // its receipt was published
}

// journal is a file of one JSON object a line: what was accepted, and again once its receipt was published. A write is
// safe from the end of this process, not from a power cut.
type journal struct{ file *os.File }

// openJournal reads what an earlier process left, each line to remember, and opens the file to append. A last line that
// was not written whole, as the end of a process may leave, is cut off.
func openJournal(name string, remember func(*sent)) (*journal, error) {
	file, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	whole := int64(0)
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break // the end, or the rest of a line
		}
		s := &sent{}
		if err := json.Unmarshal(line, s); err != nil {
			return nil, errors.Join(fmt.Errorf("%s at byte %d: %w; delete the file to start anew", name, whole, err), file.Close())
		}
		whole += int64(len(line))
		remember(s)
	}
	if err := file.Truncate(whole); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if _, err := file.Seek(whole, 0); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &journal{file}, nil
}

func (j *journal) write(list ...*sent) error {
	var text []byte
	for _, s := range list {
		line, err := json.Marshal(s)
		if err != nil {
			return err
		}
		text = append(append(text, line...), '\n')
	}
	_, err := j.file.Write(text)
	return err
}

func (j *journal) close() error { return j.file.Close() }

// remember takes a message up; a later line of the same one replaces the earlier.
func (c *Carrier) remember(s *sent) {
	id, to := s.Service+" "+s.ID+" "+s.To, s.Service+" "+s.To
	if earlier := c.byID[id]; earlier != nil {
		*earlier = *s
		return
	}
	c.byID[id] = s
	c.sent[to] = append(c.sent[to], s)
	c.serial++
}

// accept writes down what is accepted, then remembers it. The caller holds the lock.
func (c *Carrier) accept(list ...*sent) error {
	if err := c.journal.write(list...); err != nil {
		return fmt.Errorf("write down what was sent: %w", err)
	}
	for _, s := range list {
		c.remember(s)
	}
	return nil
}

// count is how many messages a recipient was sent within a span that has something in common. The caller holds the lock.
func (c *Carrier) count(service, to string, now time.Time, span time.Duration, common func(*sent) bool) int {
	n := 0
	for _, s := range c.sent[service+" "+to] {
		if now.Sub(s.At) < span && common(s) {
			n++
		}
	}
	return n
}
