package message

import "slices"

// Mentions says whom a message calls. The zero value calls nobody. What an event says can call nobody: an id here is a
// target's or a contact's, and each channel checks it once more before it writes it.
type Mentions struct {
	All      bool     `json:"all,omitempty"`
	Owner    bool     `json:"owner,omitempty"`    // whoever made what the event is about, where a contact says who that is
	Users    []string `json:"users,omitempty"`    // ids at the receiver
	Contacts []string `json:"contacts,omitempty"` // ids of contacts, which know their ids at the receiver
}

// IsZero says whether nobody is called.
func (m Mentions) IsZero() bool {
	return !m.All && !m.Owner && len(m.Users) == 0 && len(m.Contacts) == 0
}

// Call makes a message call whom a target mentions. Owner is the id at the receiver of who made what the event is about,
// found by the [event.View]'s owner; empty where nobody knows: then the owner is named in a fact, even if the target left
// that fact out, and not called. Listed are the ids at the receiver of the contacts that were found.
func (m *Message) Call(who Mentions, owner string, listed ...string) {
	m.Mentions = Mentions{All: who.All}
	add := func(id string) {
		if id != "" && !slices.Contains(m.Mentions.Users, id) {
			m.Mentions.Users = append(m.Mentions.Users, id)
		}
	}
	switch {
	case !who.Owner:
	case owner != "":
		add(owner)
	default:
		m.nameOwner()
	}
	for _, id := range slices.Concat(who.Users, listed) {
		add(id)
	}
}

// nameOwner adds the owner's name where no fact tells it.
func (m *Message) nameOwner() {
	if slices.ContainsFunc(m.Facts, func(f Fact) bool { return f.Field == "owner" }) {
		return
	}
	f := facts{words: wordsOf(m.Language), list: m.Facts, detail: true}
	f.line("owner", or(m.View.OwnerName, m.View.OwnerID))
	m.Facts = f.list
}
