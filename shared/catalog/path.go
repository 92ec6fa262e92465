package catalog

import (
	"strconv"
	"strings"

	"pai-notify/shared/event/scan"
	"pai-notify/shared/fault"
)

// parsePath reads failedPods[0].exitCode.
func parsePath(path string) ([]scan.Step, fault.Text) {
	var steps []scan.Step
	for _, part := range strings.Split(path, ".") {
		name, indices, _ := strings.Cut(part, "[")
		if name == "" {
			return nil, fault.Say("path %q has an empty member name; want names parted by dots", "路径 %q 中有空名称，名称之间请用点分隔", path)
		}
		steps = append(steps, scan.Step{Name: name})
		if indices == "" && strings.HasSuffix(part, "[") {
			return nil, fault.Say(`path %q has "[" without "]"`, `路径 %q 有 "[" 而缺少 "]"`, path)
		}
		for rest := indices; rest != ""; {
			digits, after, closed := strings.Cut(rest, "]")
			index, err := strconv.ParseUint(digits, 10, 8)
			if !closed || err != nil {
				return nil, fault.Say("path %q: want an index from 0 to 255 in brackets", "路径 %q：方括号中须为 0 至 255 的序号", path)
			}
			steps = append(steps, scan.Step{Index: int(index), List: true})
			if rest = after; rest != "" && rest[0] != '[' {
				return nil, fault.Say("path %q: want a dot after an index", "路径 %q：序号之后须为点", path)
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
