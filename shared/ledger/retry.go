package ledger

import "time"

const (
	// lifetime is how long after its first failed round a delivery is tried; what it had to wait beyond its own turn, for
	// pace or a pause, does not count.
	lifetime = 24 * time.Hour

	// maxUnknown is how many answers that are not understood a delivery may get.
	maxUnknown = 3
)

// delay is how long to wait after so many rounds that failed.
func delay(tries int64) time.Duration {
	minutes := [...]time.Duration{1, 2, 5, 10, 30, 60, 120, 240}
	return minutes[min(max(tries, 1), int64(len(minutes)))-1] * time.Minute
}
