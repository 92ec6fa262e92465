package rule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"unicode/utf16"

	"github.com/aws/smithy-go"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/event"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
	"pai-notify/shared/seal"
	"pai-notify/shared/when"
)

// Envelope is what a delivery function is given: an event, the rule it matched, and one unit of that rule's targets. It
// rides in the EventBridge target of its unit as the template of the function's body, so that a delivery needs no look
// into anything else. Its JSON stays readable for ever: members are added, never changed; see envelopeVersion.
type Envelope struct {
	Rule   Origin
	Target Unit
	Event  event.Event
}

// Origin is a rule as its envelopes tell of it.
type Origin struct {
	Bus  string `json:"bus"`
	Name string `json:"name"`
	catalog.Choice
	Revision int `json:"revision"` // one more with every write of the rule: units that differ are of a write that broke off
	Units    int `json:"units"`    // of the rule as of this revision
}

// Unit is a target of a rule, or one contact of it.
type Unit struct {
	ID       string           `json:"id"` // of the target
	Contact  string           `json:"contact,omitempty"`
	Channel  string           `json:"channel"`
	Settings channel.Settings `json:"settings,omitempty"` // those that are no secret
	Sealed   string           `json:"sealed,omitempty"`   // the secret ones, see [Unit.Open]
	Language string           `json:"language,omitempty"`
	Mentions message.Mentions `json:"mentions,omitzero"`
	Words    message.Words    `json:"words,omitzero"`
	When     when.When        `json:"when,omitzero"`
	Position int              `json:"position"` // in the rule as the user wrote it; the slot in EventBridge is another matter
}

const (
	envelopeVersion = 1

	maxTarget   = 4000   // bytes of one unit's JSON; leaves room for the rule in the template
	maxTemplate = 10_240 // characters: help.aliyun.com/en/eventbridge/product-overview/limits
)

// TemplateValue is the Value of every envelope's template: where EventBridge finds what the template names.
const TemplateValue = `{"id":"$.id","source":"$.source","specversion":"$.specversion","type":"$.type",` +
	`"subject":"$.subject","time":"$.time","datacontenttype":"$.datacontenttype","dataschema":"$.dataschema",` +
	`"aliyuneventbusname":"$.aliyuneventbusname","aliyunregionid":"$.aliyunregionid",` +
	`"aliyunaccountid":"$.aliyunaccountid","aliyunpublishtime":"$.aliyunpublishtime","data":"$.data"}`

// eventTemplate ends every envelope's template. data is last and in brackets, because EventBridge puts it there as it is:
// nothing where it is missing, and text that may be no JSON, or may be made to look like more members. The decoder has
// read all that precedes it by then.
const eventTemplate = `,"event":{"id":"${jsonEscape(id)}","source":"${jsonEscape(source)}",` +
	`"specversion":"${jsonEscape(specversion)}","type":"${jsonEscape(type)}","subject":"${jsonEscape(subject)}",` +
	`"time":"${jsonEscape(time)}","datacontenttype":"${jsonEscape(datacontenttype)}",` +
	`"dataschema":"${jsonEscape(dataschema)}","aliyuneventbusname":"${jsonEscape(aliyuneventbusname)}",` +
	`"aliyunregionid":"${jsonEscape(aliyunregionid)}","aliyunaccountid":"${jsonEscape(aliyunaccountid)}",` +
	`"aliyunpublishtime":"${jsonEscape(aliyunpublishtime)}"},"data":[${data}]}`

// Template is the envelope as EventBridge's form TEMPLATE wants it, its event left for EventBridge to fill in.
//
// A dollar sign of our own is written \u0024, so that EventBridge finds no variable in what a user wrote.
func (e Envelope) Template() (string, error) {
	origin, err := encode(e.Rule)
	if err != nil {
		return "", fmt.Errorf("encode rule %q: %w", e.Rule.Name, err)
	}
	unit, err := encode(e.Target)
	if err != nil {
		return "", fmt.Errorf("encode target %q: %w", e.Target.ID, err)
	}
	return fmt.Sprintf(`{"v":%d,"rule":%s,"target":%s%s`, envelopeVersion, origin, unit, eventTemplate), nil
}

func encode(value any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // three times shorter, and no browser reads it
	if err := encoder.Encode(value); err != nil {
		return nil, err
	}
	return bytes.ReplaceAll(bytes.TrimSuffix(b.Bytes(), []byte("\n")), []byte("$"), []byte(`\u0024`)), nil
}

// place is what a target's secrets are bound to.
func place(bus, rule, target string) string { return seal.Bind(bus, rule, target) }

// Envelopes makes the envelopes of a checked rule, one for each unit, with the secrets sealed. Faults are those that only
// show here: what is too large for an EventBridge target.
func (r Rule) Envelopes(bus string, revision int, specs []channel.Spec, keys *seal.Keyset) ([]Envelope, error) {
	origin := Origin{Bus: bus, Name: r.Name, Choice: r.Event, Revision: revision, Units: r.Units()}
	envelopes := make([]Envelope, 0, origin.Units)
	var faults smithy.InvalidParamsError
	for i, t := range r.Targets {
		unit := Unit{ID: t.ID, Channel: t.Channel, Language: t.Language, Mentions: t.Mentions, Words: t.Words, When: t.When}
		var err error
		if unit.Settings, unit.Sealed, err = t.seal(specs, keys, place(bus, r.Name, t.ID)); err != nil {
			return nil, err
		}
		contacts := t.Contacts
		if len(contacts) == 0 {
			contacts = []string{""}
		}
		for j, contact := range contacts {
			unit.Contact, unit.Position = contact, len(envelopes)
			e := Envelope{Rule: origin, Target: unit}
			if err := e.checkSize(&faults, fmt.Sprintf("Targets[%d]", i), j == 0); err != nil {
				return nil, err
			}
			envelopes = append(envelopes, e)
		}
	}
	if faults.Len() > 0 {
		return nil, faults
	}
	return envelopes, nil
}

// seal parts a target's settings into those that may be seen and the sealed rest.
func (t Target) seal(
	specs []channel.Spec, keys *seal.Keyset, bound string,
) (clear channel.Settings, sealed string, err error) {
	spec, _ := find(specs, t.Channel)
	clear, secret := channel.Settings{}, channel.Settings{}
	for name, value := range t.Settings {
		if spec.secret(name) {
			secret[name] = value
		} else {
			clear[name] = value
		}
	}
	if len(secret) == 0 {
		return clear, "", nil
	}
	plain, err := json.Marshal(secret)
	if err != nil {
		return nil, "", fmt.Errorf("encode secrets of target %q: %w", t.ID, err)
	}
	if sealed, err = keys.Seal(plain, bound); err != nil {
		return nil, "", sealError(t.ID, err)
	}
	return clear, sealed, nil
}

func (e Envelope) checkSize(faults *smithy.InvalidParamsError, path string, first bool) error {
	unit, err := encode(e.Target)
	if err != nil {
		return fmt.Errorf("encode target %q: %w", e.Target.ID, err)
	}
	template, err := e.Template()
	if err != nil {
		return err
	}
	switch n := characters(template); {
	case !first: // its siblings differ by a contact's id
	case len(unit) > maxTarget:
		faults.Add(fault.New(path, fault.Say("takes %d bytes in EventBridge, at most %d are allowed; "+
			"shorten its settings or words, or mention fewer users",
			"在 EventBridge 中占 %d 字节，最多 %d 字节；请缩短其设置或文字，或少 @ 几人", len(unit), maxTarget)))
	case n > maxTemplate:
		faults.Add(fault.New(path, fault.Say("and the rule's event choice take %d characters in EventBridge, "+
			"at most %d are allowed; name fewer objects in the scope, or split the rule",
			"与规则的事件范围在 EventBridge 中共占 %d 个字符，最多 %d 个；请减少范围中的对象，或拆分规则", n, maxTemplate)))
	}
	return nil
}

// characters counts as Java does, in which EventBridge is written: a character outside Unicode's first plane is two.
func characters(s string) int {
	n := 0
	for _, r := range s {
		n += max(1, utf16.RuneLen(r))
	}
	return n
}

// Open gives all settings of a unit, the sealed ones too. An error is an *[Error] with CodeSealed.
func (u Unit) Open(keys *seal.Keyset, bus, rule string) (channel.Settings, error) {
	settings := make(channel.Settings, len(u.Settings)+2)
	for name, value := range u.Settings {
		settings[name] = value
	}
	if u.Sealed == "" {
		return settings, nil
	}
	plain, err := keys.Open(u.Sealed, place(bus, rule, u.ID))
	if err != nil {
		return nil, sealError(u.ID, err)
	}
	if err := json.Unmarshal(plain, &settings); err != nil {
		return nil, sealError(u.ID, fmt.Errorf("what it holds is no settings: %T", err)) // the text could quote a secret
	}
	return settings, nil
}

// Open gives all settings of the target an envelope came for.
func (e Envelope) Open(keys *seal.Keyset) (channel.Settings, error) {
	return e.Target.Open(keys, e.Rule.Bus, e.Rule.Name)
}

// Targets puts the units of a rule together to its targets again, in the user's order, with all settings. A target whose
// secrets do not open is there without them, and sealed has its *[Error] by its id.
func Targets(envelopes []Envelope, keys *seal.Keyset) (targets []Target, sealed map[string]error) {
	units := slices.Clone(envelopes)
	slices.SortStableFunc(units, func(a, b Envelope) int { return a.Target.Position - b.Target.Position })
	targets, sealed = []Target{}, map[string]error{}
	at := map[string]int{}
	for _, e := range units {
		u := e.Target
		i, there := at[u.ID]
		if !there {
			settings, err := e.Open(keys)
			if err != nil {
				sealed[u.ID] = err
				settings = maps.Clone(u.Settings)
			}
			i = len(targets)
			at[u.ID] = i
			targets = append(targets, Target{
				ID: u.ID, Channel: u.Channel, Settings: settings, Language: u.Language, Mentions: u.Mentions, Words: u.Words, When: u.When,
			})
		}
		if u.Contact != "" {
			targets[i].Contacts = append(targets[i].Contacts, u.Contact)
		}
	}
	return targets, sealed
}
