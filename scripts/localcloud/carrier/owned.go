package carrier

import "slices"

// Owned is what the account has with the three services. Real ones are reviewed by people before they can be used.
type Owned struct {
	Signs     []Sign
	Templates []Template // of SMS
	Speech    []Speech   // templates of calls
	Numbers   []string   // that calls may come from
	Senders   []Sender
}

// Sign is what stands in 【】 before a text message.
type Sign struct {
	Name     string
	Approved bool
}

// Template is a text message with ${variables}.
type Template struct {
	Code, Name, Text string
	International    bool // for numbers outside the mainland, and only for those
	Approved         bool
	Times            []string // variables that were declared to be times
}

// Speech is what a call says.
type Speech struct {
	Code, Text string
	Dedicated  bool // for calls from an own number, and only for those
}

// Sender is a mail address that mail may come from.
type Sender struct {
	Address string
	Kind    string // trigger or batch
	Frozen  bool
	Reply   string // the verified address that answers go to
}

// Account is what a fresh account of the local cloud owns; beside what works there is one of each that does not.
func Account() Owned {
	return Owned{
		Signs: []Sign{{"PAI通知", true}, {"PAI审核中", false}},
		Templates: []Template{
			{Code: "SMS_190000001", Name: "任务通知", Approved: true, Times: []string{"time"},
				Text: "PAI任务${name}的状态为${status}，时间${time}，请登录控制台查看。"},
			{Code: "SMS_190000002", Name: "Job notice", Approved: true, Times: []string{"time"},
				Text: "PAI job ${name}: ${status} at ${time}. Please see the PAI console."},
			{Code: "SMS_190000003", Name: "Job notice, international", Approved: true, International: true,
				Text: "PAI job ${name}: ${status} at ${time}. Please see the PAI console."},
			{Code: "SMS_190000009", Name: "审核中", Text: "任务${name}${status}${time}"},
		},
		Speech: []Speech{
			{Code: "TTS_190000001", Text: "您好，您的PAI任务${name}，状态是${status}，请及时处理。"},
			{Code: "TTS_190000002", Text: "Hello. Your PAI job ${name} has the status ${status}. Please look at it."},
			{Code: "TTS_190000003", Text: "您好，您的PAI任务${name}，状态是${status}，请及时处理。", Dedicated: true},
		},
		Numbers: []string{"057100000000"},
		Senders: []Sender{
			{Address: "pai@notify.example.com", Kind: "trigger", Reply: "ops@example.com"},
			{Address: "news@notify.example.com", Kind: "batch"},
			{Address: "frozen@notify.example.com", Kind: "trigger", Frozen: true},
		},
	}
}

func (o Owned) sign(name string) (Sign, bool) {
	i := slices.IndexFunc(o.Signs, func(s Sign) bool { return s.Name == name })
	if i < 0 {
		return Sign{}, false
	}
	return o.Signs[i], true
}

func (o Owned) template(code string) (Template, bool) {
	i := slices.IndexFunc(o.Templates, func(t Template) bool { return t.Code == code })
	if i < 0 {
		return Template{}, false
	}
	return o.Templates[i], true
}

func (o Owned) speech(code string) (Speech, bool) {
	i := slices.IndexFunc(o.Speech, func(s Speech) bool { return s.Code == code })
	if i < 0 {
		return Speech{}, false
	}
	return o.Speech[i], true
}

func (o Owned) sender(address string) (Sender, bool) {
	i := slices.IndexFunc(o.Senders, func(s Sender) bool { return s.Address == address })
	if i < 0 {
		return Sender{}, false
	}
	return o.Senders[i], true
}
