package rule

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aws/smithy-go"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
)

// Limits of rules.
const (
	DefaultUnits   = 5   // of a rule: help.aliyun.com/en/eventbridge/product-overview/limits, targets of a rule
	MaxUnits       = 100 // of a rule, as far as PAI advises to have that quota raised
	DefaultRules   = 50  // of a bus: the same page
	MaxDescription = 256 // characters, as PAI's own event notifications
	maxMentions    = 50  // users of one target
)

// Limits are the quotas of one deployment; the zero value has the defaults.
type Limits struct {
	Units int // of one rule; 0 means DefaultUnits
}

// Max is the most units a rule may have.
func (l Limits) Max() int {
	if l.Units <= 0 {
		return DefaultUnits
	}
	return min(l.Units, MaxUnits)
}

// ReservedPrefix begins the names of the rules that pai-notify makes for itself on a workspace's bus.
const ReservedPrefix = "pai-notify-"

var (
	// EventBridge: a letter or digit, then letters, digits, '-'; its open source also takes '_' and wants two characters:
	// help.aliyun.com/en/eventbridge/product-overview/limits, EventBusConstants of apache/rocketmq-eventbridge.
	ruleName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{1,126}$`)
	plainID  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)
)

// Check finds all faults of a rule. Secrets must be there: those kept from the stored rule are merged before, see [Keep].
func (r Rule) Check(limits Limits, c Catalog, specs []channel.Spec) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	switch lower := strings.ToLower(r.Name); {
	case r.Name == "":
		faults.Add(smithy.NewErrParamRequired("Name"))
	case !ruleName.MatchString(r.Name):
		faults.Add(fault.New("Name", fault.Say("is no name EventBridge takes: 2 to 127 of a-z A-Z 0-9 - _, beginning with a letter or digit",
			"不是 EventBridge 接受的名称：须为 2 至 127 个 a-z A-Z 0-9 - _，并以字母或数字开头")))
	case lower == "default", strings.HasPrefix(lower, "eventbridge-reserved-"), strings.HasPrefix(lower, ReservedPrefix):
		faults.Add(fault.New("Name", fault.Say("is reserved: default, eventbridge-reserved-… and pai-notify-… are not for users' rules; choose another",
			"为系统保留：default、eventbridge-reserved-…、pai-notify-… 不能用于用户的规则，请换一个")))
	}
	if n := utf8.RuneCountInString(r.Description); n > MaxDescription {
		faults.Add(fault.New("Description",
			fault.Say("has %d characters, at most %d are allowed; shorten it", "有 %d 个字符，最多 %d 个，请缩短", n, MaxDescription)))
	}
	faults.AddNested("Event", c.Check(r.Event))
	r.checkUnits(&faults, limits)
	seen := map[string]int{}
	for i, t := range r.Targets {
		nested := t.check(r.Event.Source, specs)
		if first, twice := seen[t.ID]; twice && t.ID != "" {
			nested.Add(fault.New("ID", fault.Say("is also the id of targets[%d]; each target needs its own", "与目标 %[2]d 相同，每个目标须有自己的标识", first, first+1)))
		} else {
			seen[t.ID] = i
		}
		faults.AddNested(fmt.Sprintf("Targets[%d]", i), nested)
	}
	return faults
}

func (r Rule) checkUnits(faults *smithy.InvalidParamsError, limits Limits) {
	units := r.Units()
	switch {
	case units == 0:
		faults.Add(fault.New("Targets", fault.Say("is empty; give the rule a target, or disable the rule instead", "为空，请添加目标，或停用规则")))
	case units > limits.Max():
		var counts fault.Names
		for i, t := range r.Targets {
			if i == 20 { // a hostile rule may have thousands
				counts = append(counts, "…")
				break
			}
			counts = append(counts, fmt.Sprintf("%.64q %d", t.ID, t.Units()))
		}
		faults.Add(fault.New("Targets", fault.Say("need %d units, the limit of a rule is %d (%s); "+
			"take targets or contacts away, or split the rule, or have the limit raised",
			"需要 %d 个单位，一条规则最多 %d 个（%s）；请减少目标或联系人，或拆分规则，或提高配额", units, limits.Max(), counts)))
	}
}

func (t Target) check(source string, specs []channel.Spec) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	switch {
	case t.ID == "":
		faults.Add(smithy.NewErrParamRequired("ID"))
	case !plainID.MatchString(t.ID):
		faults.Add(fault.New("ID", fault.Say("must be 1 to 64 of a-z A-Z 0-9 - _ . and begin with a letter or digit",
			"须为 1 至 64 个 a-z A-Z 0-9 - _ . 并以字母或数字开头")))
	}
	if err := message.CheckLanguage(t.Language); t.Language != "" && err != nil {
		faults.Add(fault.New("Language", fault.Say("%s, or be left out for the deployment's", "%s，或留空以按部署的语言", err)))
	}
	if t.Channel == "" {
		faults.Add(smithy.NewErrParamRequired("Channel"))
		return faults
	}
	spec, known := find(specs, t.Channel)
	if !known {
		faults.Add(fault.New("Channel", fault.Say("is unknown; the channels are %s", "不存在，可用的通道：%s", fault.Names(names(specs)))))
		return faults
	}
	if source != "" && !spec.serves(source) {
		faults.Add(fault.New("Channel", fault.Say("%s is only for events of %s; choose another channel",
			"%s 只用于 %s 的事件，请换一个通道", spec.Name, fault.Names(spec.Sources))))
	}
	faults.AddNested("Settings", fault.OfMap(spec.Check(t.Settings)))
	t.checkContacts(&faults, spec.Spec)
	t.checkMentions(&faults, spec.Spec)
	t.checkWords(&faults, spec.Spec)
	faults.AddNested("When", t.When.Check())
	return faults
}

func (t Target) checkContacts(faults *smithy.InvalidParamsError, spec channel.Spec) {
	if !spec.Contacts {
		if len(t.Contacts) > 0 {
			faults.Add(fault.New("Contacts", fault.Say("is not for %s, which sends to its settings; leave it out", "不用于 %s，该通道按其设置发送，请留空", spec.Name)))
		}
		return
	}
	if len(t.Contacts) == 0 {
		faults.Add(fault.New("Contacts", fault.Say("is empty; name the contacts to reach", "为空，请选择要通知的联系人")))
	}
	seen := map[string]bool{}
	for i, id := range t.Contacts {
		field := fmt.Sprintf("Contacts[%d]", i)
		switch {
		case !plainID.MatchString(id):
			faults.Add(fault.New(field, noContactID()))
		case seen[id]:
			faults.Add(fault.New(field, fault.Say("is named before; each contact is reached once", "重复，每位联系人只通知一次")))
		}
		seen[id] = true
	}
}

func (t Target) checkMentions(faults *smithy.InvalidParamsError, spec channel.Spec) {
	looked := t.Mentions.Owner || len(t.Mentions.Contacts) > 0 // a contact must have an id at the receiver
	if spec.Contacts && !t.Mentions.IsZero() || spec.Mention == nil && looked {
		faults.Add(fault.New("Mentions", fault.Say("is not for %s; leave it out", "不用于 %s，请留空", spec.Name)))
	}
	if n := len(t.Mentions.Users) + len(t.Mentions.Contacts); n > maxMentions {
		faults.Add(fault.New("Mentions.Users",
			fault.Say("has %d users, at most %d are allowed; mention all instead", "有 %d 人，最多 %d 人，请改为 @ 所有人", n, maxMentions)))
		return
	}
	for i, user := range t.Mentions.Users {
		field := fmt.Sprintf("Mentions.Users[%d]", i)
		if user == "" || len(user) > 128 || strings.IndexFunc(user, unicode.IsControl) >= 0 {
			faults.Add(fault.New(field, fault.Say("must be a user's id at the receiver, at most 128 bytes, in one line", "须为接收端的用户 ID，最多 128 字节，写在一行")))
		} else if spec.Mention != nil {
			if err := spec.Mention(user); err != nil {
				faults.Add(fault.New(field, err))
			}
		}
	}
	for i, id := range t.Mentions.Contacts {
		if !plainID.MatchString(id) {
			faults.Add(fault.New(fmt.Sprintf("Mentions.Contacts[%d]", i), noContactID()))
		}
	}
}

func (t Target) checkWords(faults *smithy.InvalidParamsError, spec channel.Spec) {
	if spec.Contacts && spec.Once && !t.Words.IsZero() { // text messages and calls: a template with a few variables
		faults.Add(fault.New("Words", fault.Say("is not for %s, whose text is its template; leave it out", "不用于 %s，其文字由模板决定，请留空", spec.Name)))
		return
	}
	for _, p := range t.Words.Check() {
		text := p.Text
		if p.Column > 0 {
			text = fault.Say("at column %d %s", "第 %d 列%s", p.Column, text)
		}
		faults.Add(fault.New("Words."+p.Field, text))
	}
}

func noContactID() fault.Text {
	return fault.Say("is no contact's id: 1 to 64 of a-z A-Z 0-9 - _ .", "不是联系人的标识：须为 1 至 64 个 a-z A-Z 0-9 - _ .")
}

// known is a channel's description with what a rule asks of it.
type known struct{ channel.Spec }

func find(specs []channel.Spec, name string) (known, bool) {
	for _, s := range specs {
		if s.Name == name {
			return known{s}, true
		}
	}
	return known{}, false
}

func (k known) serves(source string) bool {
	for _, s := range k.Sources {
		if s == source {
			return true
		}
	}
	return len(k.Sources) == 0
}

func (k known) secret(field string) bool {
	for _, f := range k.Fields {
		if f.Name == field {
			return f.Secret
		}
	}
	return true // what no description knows is not shown
}

func names(specs []channel.Spec) []string {
	list := make([]string, len(specs))
	for i, s := range specs {
		list[i] = s.Name
	}
	return list
}
