package inbox

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
)

// The services whose messages come through the cloud's APIs rather than to an address of the inbox: package carrier plays
// them, and keeps here what it was sent.
const (
	SMS   = "sms"
	Voice = "voice"
	Email = "email"
)

// Keep adds a message that a service was sent for a phone or a mailbox. The path, such as /sms/+8613800138000, is what
// the path of a [Fault] is compared with; the body must be what JSON can hold.
func (b *Inbox) Keep(service, path string, body any, accepted bool, code string) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	b.add(Message{Receiver: service, Path: path, At: b.clock.Now(), Headers: map[string]string{}, Body: json.RawMessage(text),
		Accepted: accepted, Code: code, size: len(text)})
	return nil
}

// Note says how a receiver behaves that is there to come to grief, for people who want to see what happens then.
type Note struct {
	Receiver string `json:"receiver"`
	Name     string `json:"name"` // a token, a number, or a mailbox; … stands for anything
	Story    string `json:"story"`
}

// robotNotes are those of the receivers that are played here.
func robotNotes() []Note {
	return []Note{
		{"dingtalk", "access_token=unknown…", "no such robot"}, {"dingtalk", "access_token=stopped…", "switched off"},
		{"dingtalk", "access_token=keyword…", "wants the word PAI in every message, and no signature"},
		{"dingtalk", "access_token=listed…", "takes messages from other IP addresses only"},
		{"wecom", "key=unknown…", "no such robot"}, {"wecom", "key=stopped…", "switched off"},
		{"lark", "hook/unknown…", "no such robot"}, {"lark", "hook/stopped…", "switched off"},
		{"lark", "hook/keyword…", "wants the word PAI in every message"},
		{"lark", "hook/listed…", "takes messages from other IP addresses only"},
		{"lark", "hook/signed…", "wants a signature; a robot's secret is SEC- and its token"},
		{"webhook", "/webhook/unknown…", "no such endpoint"}, {"webhook", "/webhook/signed…", "wants a signature"},
	}
}

// Note adds notes to the page.
func (b *Inbox) Note(notes ...Note) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.notes = append(b.notes, notes...)
}

func (b *Inbox) serveNotes(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	answer, err := json.Marshal(map[string]any{"notes": b.notes})
	b.mu.Unlock()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	reply(w, answer)
}

// names are the receivers, sorted.
func (b *Inbox) names() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(b.receivers)), SMS, Voice, Email)))
}

func (b *Inbox) knows(name string) bool { return slices.Contains(b.names(), name) }
