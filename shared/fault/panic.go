package fault

import (
	"errors"
	"fmt"
	"runtime"
)

// Panicked is what may be told of the value of a panic, which could be anything, a secret too: the words of an error of
// the runtime's, of all else its type.
func Panicked(value any) string {
	var known runtime.Error
	if err, ok := value.(error); ok && errors.As(err, &known) {
		return known.Error()
	}
	return fmt.Sprintf("a %T", value)
}
