package rule

import (
	"fmt"
	"slices"

	"github.com/aws/smithy-go"

	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
)

// ContactsLock is the key of the lock that keeps those who save rules with contacts, and those who delete contacts, apart.
const ContactsLock = "contacts"

// Contact is what a rule asks of a contact; a contact.Contact is one.
type Contact interface {
	// Address is where a channel reaches the contact, by the channel's name; empty where it does not.
	Address(channelName string) string
	Mention(channelName string) string // the id by which the channel calls it; empty where there is none
}

// Reach is what decides whether a rule's targets can be reached in a deployment.
type Reach struct {
	Regions  Regions
	Contacts map[string]Contact // by id, those of [Rule.ContactIDs] that exist
	None     bool               // the deployment has no contacts at all
}

// ContactIDs are the contacts that a rule names, each once, sorted.
func (r Rule) ContactIDs() []string {
	var ids []string
	for _, t := range r.Targets {
		ids = append(append(ids, t.Contacts...), t.Mentions.Contacts...)
	}
	return slices.Compact(slices.Sorted(slices.Values(ids)))
}

// CheckReach finds which targets of a rule reach nobody: channels that do not exist in the deployment's region, contacts
// that do not exist or have no address for the channel. What [Rule.Check] finds is not repeated.
func (r Rule) CheckReach(specs []channel.Spec, reach Reach) smithy.InvalidParamsError {
	var faults smithy.InvalidParamsError
	for i, t := range r.Targets {
		spec, known := find(specs, t.Channel)
		if !known {
			continue
		}
		var nested smithy.InvalidParamsError
		if region, exists := reach.Regions.Has(spec.Name); !exists {
			nested.Add(fault.New("Channel", fault.Say("%s does not exist in region %s, only in %s; choose another channel, or correct "+
				"channelRegions in the settings", "%s 在地域 %s 不可用，仅在 %s 可用；请换一个通道，或更正设置中的 channelRegions",
				spec.Name, region, fault.Names(reach.Regions.Of(spec.Name)))))
		}
		if spec.Contacts {
			t.checkReach(&nested, reach)
		} else {
			t.checkCalled(&nested, reach)
		}
		faults.AddNested(fmt.Sprintf("Targets[%d]", i), nested)
	}
	return faults
}

func (t Target) checkReach(faults *smithy.InvalidParamsError, reach Reach) {
	if reach.None {
		faults.Add(fault.New("Contacts", fault.Say("cannot be named, as there are no contacts yet; fill in the message receiving settings first "+
			"(POST /api/v1/contacts, or /api/v1/contacts:import)", "无法选择，还没有联系人；请先新建或导入联系人")))
		return
	}
	seen := map[string]bool{}
	for j, id := range t.Contacts {
		c, exists := reach.Contacts[id]
		switch {
		case seen[id], !plainID.MatchString(id): // told of already
		case !exists:
			faults.Add(fault.New(fmt.Sprintf("Contacts[%d]", j), noContact()))
		case c.Address(t.Channel) == "":
			faults.Add(fault.New(fmt.Sprintf("Contacts[%d]", j), fault.Say("has no %s, which %s needs; add it to the contact, or take "+
				"the contact away here", "没有%s，而 %s 需要；请为该联系人补充，或在此移除", needed(t.Channel), t.Channel)))
		}
		seen[id] = true
	}
}

// checkCalled finds the contacts to be called that the channel cannot call.
func (t Target) checkCalled(faults *smithy.InvalidParamsError, reach Reach) {
	for j, id := range t.Mentions.Contacts {
		c, exists := reach.Contacts[id]
		field := fmt.Sprintf("Mentions.Contacts[%d]", j)
		switch {
		case !plainID.MatchString(id): // told of already
		case !exists:
			faults.Add(fault.New(field, noContact()))
		case c.Mention(t.Channel) == "":
			faults.Add(fault.New(field, fault.Say("has no id at %s; add it to the contact, or take the contact away here", "没有 %s 的 ID；请为该联系人补充，或在此移除", t.Channel)))
		}
	}
}

// needed is what a contact lacks.
func needed(channelName string) fault.Text {
	switch channelName {
	case "sms":
		return fault.Say("mobile number", "手机号")
	case "voice":
		return fault.Say("telephone number", "电话号码")
	case "email":
		return fault.Say("mail address", "邮箱")
	}
	return fault.Say("address", "地址")
}

func noContact() fault.Text {
	return fault.Say("is no contact; GET /api/v1/contacts lists them, POST makes one", "不是联系人，可能已被删除；请重新选择，或新建联系人")
}
