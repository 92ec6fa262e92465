package message

import (
	"encoding/json"
	"strconv"
	"strings"

	"pai-notify/shared/event"
	"pai-notify/shared/event/scan"
)

// pod names the pod that failed and says what its exit code means: "worker-3, exit code 137 – out of memory". The job's
// id, with which pods' names begin, is left out.
func (f *facts) pod(v event.View, reason, code string) {
	w := f.words
	pod, _ := scalar(v.Extra["failedPod"])
	if short, ok := strings.CutPrefix(pod, v.ID+"-"); ok && short != "" {
		pod = short
	}
	if pod != "" {
		if more := elements(v.Extra["failedPods"]) - 1; more > 0 {
			pod += w.Open + strings.Replace(w.Counts["more"], "{n}", strconv.Itoa(more), 1) + w.Close
		}
	}
	meaning := w.Exits[code]
	if code == "137" && strings.Contains(reason, "OOMKilled") {
		meaning = w.Exits["oom"]
	}
	switch {
	case code == "":
		f.line("pod", pod)
		return
	case pod == "":
		if meaning != "" {
			code += w.Dash + meaning
		}
		f.labelled("pod", w.Labels["exitCode"], code)
		return
	}
	text := pod + w.Comma + strings.Replace(w.Exits["code"], "{n}", code, 1)
	if meaning != "" {
		text += w.Dash + meaning
	}
	f.line("pod", text)
}

// elements counts those of a JSON list.
func elements(raw json.RawMessage) (n int) {
	if len(raw) == 0 || raw[0] != '[' {
		return 0
	}
	s := scan.New(raw)
	for ok := s.Array(); ok && s.Element() && s.Value() != nil; {
		n++
	}
	return n
}

// exitCode is that of the pod that failed, else the one that a reason speaks of; empty where there is none.
func exitCode(v event.View, reason string) string {
	if code, ok := scalar(v.Extra["exitCode"]); ok {
		return code
	}
	if !v.Failing && v.Severity < event.Warning {
		return ""
	}
	for _, sign := range [...]string{"xit", "退出码"} {
		for rest := reason; ; {
			_, after, found := strings.Cut(rest, sign)
			if !found {
				break
			}
			if code := codeAfter(after, sign == "退出码"); code != "" {
				return code
			}
			rest = after
		}
	}
	return ""
}

// codeAfter reads the number that follows as in "exited with code 1", "exit status 2", "ExitCode: 137". Without a word
// for code, as in "exit 1", it must follow at once, so that "exited after 30 minutes" is none.
func codeAfter(s string, said bool) string {
	const near = 24 // bytes
	start := strings.IndexAny(s[:min(len(s), near)], "0123456789")
	if start < 0 {
		return ""
	}
	between := strings.ToLower(s[:start])
	if !said && !strings.Contains(between, "code") && !strings.Contains(between, "status") && strings.Trim(between, " :=") != "" {
		return ""
	}
	if strings.ContainsAny(between, "\n,;.") {
		return ""
	}
	end := start
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	if end-start > 3 || strings.TrimLeft(s[start:end], "0") == "" {
		return ""
	}
	return s[start:end]
}
