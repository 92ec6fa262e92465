package event

import "strings"

// Anybody is the owner of what everybody in the workspace may see.
const Anybody = "*"

// ours is the catalogue's source of events about notifications, which are nobody's.
const ours = "delivery"

// VisibleTo is the id of the PAI user who may see what the event is about, beside administrators; [Anybody] where it is
// public; empty where it is private and nobody says whose. What does not say that it is public is private, as PAI's own
// default is: pai-dlc's JobItem.Accessibility.
func (v View) VisibleTo() string {
	if strings.EqualFold(v.Accessibility, "PUBLIC") || v.Source == ours {
		return Anybody
	}
	if v.OwnerID == Anybody {
		return ""
	}
	return v.OwnerID
}
