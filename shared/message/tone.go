package message

import "pai-notify/shared/event"

// tone of an event: what goes wrong is told first.
func tone(v event.View) event.Tone {
	switch {
	case v.Failing || v.Severity == event.Error:
		return event.Bad
	case v.Severity == event.Warning:
		return event.Alarming
	}
	return v.Tone
}

// Symbol is what a tone looks like in a text: a sign that tells a failure apart where there is no colour.
func Symbol(t event.Tone) string {
	switch t {
	case event.Good:
		return "✅"
	case event.Waiting:
		return "⏳"
	case event.Stopped:
		return "⏹️"
	case event.Alarming:
		return "⚠️"
	case event.Bad:
		return "❌"
	case event.Neutral:
	}
	return "🔵"
}

// Symbol is that of the message's tone; a test has one of its own.
func (m *Message) Symbol() string {
	if m.Test {
		return "🔔"
	}
	return Symbol(m.Tone)
}
