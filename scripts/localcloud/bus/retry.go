package bus

import (
	"math/rand/v2"
	"time"
)

// Strategies and tolerances: help.aliyun.com/en/eventbridge/user-guide/retry-and-dead-letter.
const (
	backoffRetry     = "BACKOFF_RETRY"
	exponentialRetry = "EXPONENTIAL_DECAY_RETRY"
	tolerateAll      = "ALL"  // give up after the last try: dead-letter queue, or drop
	tolerateNone     = "NONE" // stop the target instead

	longestPause = 512 * time.Second
)

// pause is how long to wait before the next try after so many tries, and whether there is one.
func pause(strategy string, tries int) (time.Duration, bool) {
	if strategy == exponentialRetry {
		// 176 more: 1, 2, 4 … 256 s, then 512 s 167 times, about one day.
		if tries > 176 {
			return 0, false
		}
		return min(time.Second<<min(tries-1, 9), longestPause), true
	}
	// 3 more, each after 10 to 20 s.
	if tries > 3 {
		return 0, false
	}
	return 10*time.Second + rand.N(10*time.Second), true // spreads load, guards nothing
}

// asyncPause is Function Compute's own retry of asynchronous invocations, which EventBridge does not see: 3 more by default.
// The pauses between them are not documented; a minute is assumed.
func asyncPause(tries int) (time.Duration, bool) { return time.Minute, tries <= 3 }
