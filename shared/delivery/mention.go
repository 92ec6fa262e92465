package delivery

import (
	"context"

	"pai-notify/shared/contact"
	"pai-notify/shared/message"
)

// call makes a message call whom its target mentions. Contacts are looked up when the message is sent, so that a changed id
// holds from the next one on. Where that fails the message goes without: to be told matters more than to be called.
func (h *Handler) call(ctx context.Context, m *message.Message, who message.Mentions) {
	var owner string
	var listed []string
	if h.people != nil && h.spec.Mention != nil && (who.Owner || len(who.Contacts) > 0) {
		var err error
		if owner, listed, err = h.callees(ctx, *m, who); err != nil {
			h.log.ErrorContext(ctx, "contacts out of reach, nobody is called", "channel", h.spec.Name, "message", m.ID, "error", err.Error())
		}
	}
	m.Call(who, owner, listed...)
}

// callees are the ids at the receiver of the owner and of the contacts that a target lists.
func (h *Handler) callees(ctx context.Context, m message.Message, who message.Mentions) (owner string, listed []string, err error) {
	if v := m.View; who.Owner && v.OwnerID+v.OwnerName != "" {
		found, err := h.people.OfOwners(ctx, v.OwnerID, v.OwnerName)
		if err != nil {
			return "", nil, err
		}
		person, known := found[v.OwnerID]
		if !known || v.OwnerID == "" {
			person = found[v.OwnerName]
		}
		owner = h.idOf(person)
	}
	if len(who.Contacts) == 0 {
		return owner, nil, nil
	}
	found, err := h.people.Get(ctx, who.Contacts...)
	if err != nil {
		return owner, nil, err
	}
	for _, id := range who.Contacts {
		if person, known := found[id]; known {
			listed = append(listed, h.idOf(person))
		}
	}
	return owner, listed, nil
}

// idOf is by what this channel calls a contact; empty where it cannot.
func (h *Handler) idOf(person contact.Contact) string {
	id := person.Mention(h.spec.Name)
	if id == "" || h.spec.Mention(id) != nil {
		return ""
	}
	return id
}
