package catalog

import (
	"fmt"
	"strconv"
	"strings"

	"pai-notify/shared/event/scan"
)

// parsePath reads failedPods[0].exitCode.
func parsePath(path string) ([]scan.Step, error) {
	var steps []scan.Step
	for _, part := range strings.Split(path, ".") {
		name, indices, _ := strings.Cut(part, "[")
		if name == "" {
			return nil, fmt.Errorf("path %q has an empty member name; want names parted by dots", path)
		}
		steps = append(steps, scan.Step{Name: name})
		if indices == "" && strings.HasSuffix(part, "[") {
			return nil, fmt.Errorf(`path %q has "[" without "]"`, path)
		}
		for rest := indices; rest != ""; {
			digits, after, closed := strings.Cut(rest, "]")
			index, err := strconv.ParseUint(digits, 10, 8)
			if !closed || err != nil {
				return nil, fmt.Errorf("path %q: want an index from 0 to 255 in brackets", path)
			}
			steps = append(steps, scan.Step{Index: int(index), List: true})
			if rest = after; rest != "" && rest[0] != '[' {
				return nil, fmt.Errorf("path %q: want a dot after an index", path)
			}
			rest = strings.TrimPrefix(rest, "[")
		}
	}
	return steps, nil
}

// top is the member of data in which a path begins.
func top(path string) string {
	if end := strings.IndexAny(path, ".["); end >= 0 {
		return path[:end]
	}
	return path
}

// slot gives the slot of a path, the same for the same path.
func (o *origin) slot(steps []scan.Step) int {
	o.known[steps[0].Name] = struct{}{}
	return o.tree.Slot(steps...)
}
