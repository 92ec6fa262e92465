package channel

import "maps"

// Whole puts together what a send over a channel of contacts gets: what the deployment has set for all its targets, what
// the target sets, and the contact's address.
func Whole(shared map[string]string, target Settings, address string) Settings {
	whole := make(Settings, len(shared)+len(target)+1)
	maps.Copy(whole, shared)
	maps.Copy(whole, target)
	whole[To] = address
	return whole
}
