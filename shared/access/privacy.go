package access

import "pai-notify/shared/event"

// MaySee says whether the caller may see what is about an object of a workspace that is visible to somebody, as
// event.View.VisibleTo says: everybody's, one's own, and an administrator all.
func (i Identity) MaySee(workspace, visibleTo string) bool {
	return i.Role != Opener && i.In(workspace) &&
		(visibleTo == event.Anybody || i.May(Admin) || i.PAIUser != "" && visibleTo == i.PAIUser)
}

// Sees are the owners of what the caller may see, for a filter; none means all.
func (i Identity) Sees() []string {
	switch {
	case i.May(Admin):
		return nil
	case i.PAIUser == "":
		return []string{event.Anybody}
	}
	return []string{event.Anybody, i.PAIUser}
}
