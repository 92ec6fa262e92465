package delivery

import (
	"hash/fnv"
	"time"
)

// A rush is from just before the moment to when a receiver's limits of a second have passed it a few times. All messages
// then are put off, first ones too: whether a tenant's limit is used up by others nobody can know.
const (
	rushBefore = 5 * time.Second
	rushAfter  = 10 * time.Second
	rushLeast  = 5 * time.Second // put off by so much,
	rushMost   = 25 * time.Second
)

// putOff is by how much to put off what would be sent now: nothing outside of a rush, else by the key, so that asking
// again gives the same.
func putOff(every time.Duration, now time.Time, key string) time.Duration {
	if every <= 0 || now.Add(rushBefore).Sub(now.Add(rushBefore).Truncate(every)) >= rushBefore+rushAfter {
		return 0
	}
	h := fnv.New64a()
	h.Write([]byte(key)) // it never fails
	return rushLeast + time.Duration(h.Sum64()%uint64(rushMost-rushLeast))
}
