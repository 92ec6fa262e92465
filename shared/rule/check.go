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
		faults.Add(fault.New("Name",
			"is no name EventBridge takes: 2 to 127 of a-z A-Z 0-9 - _, beginning with a letter or digit"))
	case lower == "default", strings.HasPrefix(lower, "eventbridge-reserved-"), strings.HasPrefix(lower, ReservedPrefix):
		faults.Add(fault.New("Name",
			"is reserved: default, eventbridge-reserved-… and pai-notify-… are not for users' rules; choose another"))
	}
	if n := utf8.RuneCountInString(r.Description); n > MaxDescription {
		faults.Add(fault.New("Description",
			fmt.Sprintf("has %d characters, at most %d are allowed; shorten it", n, MaxDescription)))
	}
	faults.AddNested("Event", c.Check(r.Event))
	r.checkUnits(&faults, limits)
	seen := map[string]int{}
	for i, t := range r.Targets {
		nested := t.check(r.Event.Source, specs)
		if first, twice := seen[t.ID]; twice && t.ID != "" {
			nested.Add(fault.New("ID", fmt.Sprintf("is also the id of targets[%d]; each target needs its own", first)))
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
		faults.Add(fault.New("Targets", "is empty; give the rule a target, or disable the rule instead"))
	case units > limits.Max():
		var counts strings.Builder
		for i, t := range r.Targets {
			if i == 20 { // a hostile rule may have thousands
				fmt.Fprintf(&counts, ", and %d more targets", len(r.Targets)-i)
				break
			}
			if i > 0 {
				counts.WriteString(", ")
			}
			fmt.Fprintf(&counts, "%.64q %d", t.ID, t.Units())
		}
		faults.Add(fault.New("Targets", fmt.Sprintf("need %d units, the limit of a rule is %d (%s); "+
			"take targets or contacts away, or split the rule, or have the limit raised", units, limits.Max(), counts.String())))
	}
}

func (t Target) check(source string, specs []channel.Spec) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	switch {
	case t.ID == "":
		faults.Add(smithy.NewErrParamRequired("ID"))
	case !plainID.MatchString(t.ID):
		faults.Add(fault.New("ID", "must be 1 to 64 of a-z A-Z 0-9 - _ . and begin with a letter or digit"))
	}
	if err := message.CheckLanguage(t.Language); t.Language != "" && err != nil {
		faults.Add(fault.New("Language", err.Error()+", or be left out for the deployment's"))
	}
	if t.Channel == "" {
		faults.Add(smithy.NewErrParamRequired("Channel"))
		return faults
	}
	spec, known := find(specs, t.Channel)
	if !known {
		faults.Add(fault.New("Channel", "is unknown; the channels are "+strings.Join(names(specs), ", ")))
		return faults
	}
	if source != "" && !spec.serves(source) {
		faults.Add(fault.New("Channel", fmt.Sprintf("%s is only for events of %s; choose another channel",
			spec.Name, strings.Join(spec.Sources, ", "))))
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
			faults.Add(fault.New("Contacts", fmt.Sprintf("is not for %s, which sends to its settings; leave it out", spec.Name)))
		}
		return
	}
	if len(t.Contacts) == 0 {
		faults.Add(fault.New("Contacts", "is empty; name the contacts to reach"))
	}
	seen := map[string]bool{}
	for i, id := range t.Contacts {
		field := fmt.Sprintf("Contacts[%d]", i)
		switch {
		case !plainID.MatchString(id):
			faults.Add(fault.New(field, "is no contact's id: 1 to 64 of a-z A-Z 0-9 - _ ."))
		case seen[id]:
			faults.Add(fault.New(field, "is named before; each contact is reached once"))
		}
		seen[id] = true
	}
}

func (t Target) checkMentions(faults *smithy.InvalidParamsError, spec channel.Spec) {
	looked := t.Mentions.Owner || len(t.Mentions.Contacts) > 0 // a contact must have an id at the receiver
	if spec.Contacts && !t.Mentions.IsZero() || spec.Mention == nil && looked {
		faults.Add(fault.New("Mentions", fmt.Sprintf("is not for %s; leave it out", spec.Name)))
	}
	if n := len(t.Mentions.Users) + len(t.Mentions.Contacts); n > maxMentions {
		faults.Add(fault.New("Mentions.Users",
			fmt.Sprintf("has %d users, at most %d are allowed; mention all instead", n, maxMentions)))
		return
	}
	for i, user := range t.Mentions.Users {
		field := fmt.Sprintf("Mentions.Users[%d]", i)
		if user == "" || len(user) > 128 || strings.IndexFunc(user, unicode.IsControl) >= 0 {
			faults.Add(fault.New(field, "must be a user's id at the receiver, at most 128 bytes, in one line"))
		} else if spec.Mention != nil {
			if err := spec.Mention(user); err != nil {
				faults.Add(fault.New(field, err.Error()))
			}
		}
	}
	for i, id := range t.Mentions.Contacts {
		if !plainID.MatchString(id) {
			faults.Add(fault.New(fmt.Sprintf("Mentions.Contacts[%d]", i), "is no contact's id: 1 to 64 of a-z A-Z 0-9 - _ ."))
		}
	}
}

func (t Target) checkWords(faults *smithy.InvalidParamsError, spec channel.Spec) {
	if spec.Contacts && spec.Once && !t.Words.IsZero() { // text messages and calls: a template with a few variables
		faults.Add(fault.New("Words", fmt.Sprintf("is not for %s, whose text is its template; leave it out", spec.Name)))
		return
	}
	for _, p := range t.Words.Check() {
		text := p.Text
		if p.Column > 0 {
			text = fmt.Sprintf("at column %d %s", p.Column, text)
		}
		faults.Add(fault.New("Words."+p.Field, text))
	}
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
