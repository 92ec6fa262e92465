package aliyun

import (
	_ "embed"
	"strings"

	"pai-notify/shared/channel"
)

//go:embed gateway.json
var gateway []byte

// Table is what a channel's codes mean, and where they leave one out, the gateway's.
func Table(codes []byte) *channel.Table { return channel.MustTable(codes, gateway) }

// Answer is what an API answered.
type Answer struct {
	Status  int
	Code    string // Code of the body; empty where it has none
	Text    string // Message of the body; the body where it has none
	numeric bool
}

// Read takes a body apart, with further members of it as text.
func Read(status int, body []byte, names ...string) (Answer, map[string]string) {
	a := Answer{Status: status, Text: string(body)}
	values := map[string]string{}
	members, ok := channel.Members(body, append([]string{"Code", "Message"}, names...)...)
	if !ok {
		return a, values
	}
	if raw := members[0]; len(raw) > 0 {
		a.Code, a.numeric = channel.Text(raw), raw[0] != '"'
	}
	if members[1] != nil {
		a.Text = channel.Text(members[1])
	}
	for i, name := range names {
		if raw := members[i+2]; raw != nil {
			values[name] = channel.Text(raw)
		}
	}
	return a, values
}

// Judge is nil where an answer says with the code of its success that all is well, else a *channel.Refusal.
func (a *API) Judge(answer Answer) error {
	return a.via.Table.Read(channel.Answer{
		Status: answer.Status, Signal: a.signal(answer), Code: answer.Code, Text: answer.Text,
	})
}

// signal is where the meaning of a code stands: with it, or with its family.
func (a *API) signal(answer Answer) string {
	if answer.numeric {
		if answer.Status/100 == 4 {
			return "number"
		}
		return "code"
	}
	if _, listed := a.via.Table.Find("code", answer.Code, answer.Text); !listed {
		switch family, _, _ := strings.Cut(answer.Code, "."); family {
		case "isp", "Throttling":
			return family
		}
	}
	return "code"
}

// Advise gives advice on an attempt that was recorded with a code and a text.
func (a *API) Advise(code, text string) channel.Advice {
	signal := a.signal(Answer{Code: code, Text: text})
	if row, ok := a.via.Table.Find(signal, code, text); ok {
		return row.Advice
	}
	if _, ours := a.via.Table.Find("break", code, text); !ours && !strings.HasPrefix(code, "HTTP ") {
		row, _ := a.via.Table.Find(signal, "*", text)
		return row.Advice
	}
	return a.via.Table.Advise(code, text)
}
