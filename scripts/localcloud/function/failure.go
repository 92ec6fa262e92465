package function

import (
	"crypto/rand"
	"fmt"
	"time"
)

// FunctionError is a failed invocation. Type and Message are the function's own, or one of the Types below.
type FunctionError struct{ Type, Message, RequestID string }

// What befalls a function without its saying so.
const (
	TypeTimedOut = "FunctionTimedOut"           // killed after its time-out
	TypeExited   = "FunctionExited"             // its process ended in mid-invocation: os.Exit, a crash, kill -9
	TypeTooLarge = "FunctionResponseTooLarge"   // over the limit of 32 MB
	TypeInvalid  = "FunctionResponseNotAllowed" // no HTTP answer where one is wanted
)

func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// PlatformError is an invocation that was never run, in Function Compute's words and with its HTTP status.
type PlatformError struct {
	Status                   int
	Code, Message, RequestID string
}

func (e *PlatformError) Error() string { return e.Code + ": " + e.Message }

// newRequestID is an id in the form of Function Compute 3.0: 1-<epoch>-<random>-<random>.
func newRequestID(at time.Time) string {
	var random [10]byte
	_, _ = rand.Read(random[:]) // never fails
	return fmt.Sprintf("1-%08x-%x-%x", at.Unix(), random[:4], random[4:])
}
