package inbox

import (
	"encoding/json"
	"maps"
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

// names are the receivers, sorted.
func (b *Inbox) names() []string {
	return slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(b.receivers)), SMS, Voice, Email)))
}

func (b *Inbox) knows(name string) bool { return slices.Contains(b.names(), name) }
