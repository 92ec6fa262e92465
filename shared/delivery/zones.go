package delivery

import (
	"sync"
	"time"
)

// zones keeps time zones by their names, which [time.LoadLocation] reads from a file each time.
type zones struct{ byName sync.Map }

func (z *zones) load(name string) (*time.Location, error) {
	known, _ := z.byName.Load(name)
	if zone, ok := known.(*time.Location); ok {
		return zone, nil
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		z.byName.Store(name, zone)
	}
	return zone, err
}
