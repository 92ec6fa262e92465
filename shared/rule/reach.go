package rule

import (
	"fmt"
	"slices"
	"strings"

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
			nested.Add(fault.New("Channel", fmt.Sprintf("%s does not exist in region %s, only in %s; choose another channel, or correct "+
				"channelRegions in the settings", spec.Name, region, strings.Join(reach.Regions.Of(spec.Name), ", "))))
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
		faults.Add(fault.New("Contacts", "cannot be named, as there are no contacts yet; fill in the message receiving settings first "+
			"(POST /api/v1/contacts, or /api/v1/contacts:import)"))
		return
	}
	seen := map[string]bool{}
	for j, id := range t.Contacts {
		c, exists := reach.Contacts[id]
		switch {
		case seen[id], !plainID.MatchString(id): // told of already
		case !exists:
			faults.Add(fault.New(fmt.Sprintf("Contacts[%d]", j), "is no contact; GET /api/v1/contacts lists them, POST makes one"))
		case c.Address(t.Channel) == "":
			faults.Add(fault.New(fmt.Sprintf("Contacts[%d]", j), fmt.Sprintf("has no %s, which %s needs; add it to the contact, or take "+
				"the contact away here", needed(t.Channel), t.Channel)))
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
			faults.Add(fault.New(field, "is no contact; GET /api/v1/contacts lists them, POST makes one"))
		case c.Mention(t.Channel) == "":
			faults.Add(fault.New(field, fmt.Sprintf("has no id at %s; add it to the contact, or take the contact away here", t.Channel)))
		}
	}
}

// needed is what a contact lacks.
func needed(channelName string) string {
	switch channelName {
	case "sms":
		return "mobile number"
	case "voice":
		return "telephone number"
	case "email":
		return "mail address"
	}
	return "address"
}
