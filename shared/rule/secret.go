package rule

import (
	"errors"
	"maps"
	"net/url"
	"strings"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/fault"
)

func sealError(target string, err error) *Error {
	e := &Error{
		Code: CodeSealed,
		Text: fault.Say("secrets of target %q", "目标 %q 的密钥类设置无法解开", target),
		Advice: channel.Advice{
			"en": "Check SEAL_KEYS; if the key is lost, save the target again with its secrets.",
			"zh": "请检查 SEAL_KEYS;若密钥已丢失,请重新填写该目标的密钥类设置并保存。",
		},
		Err: err,
	}
	var known interface{ Advice() map[string]string }
	if errors.As(err, &known) {
		e.Advice = known.Advice()
	}
	return e
}

// Keep fills in what a user may leave out of a rule that replaces another, whose secrets are open: secret settings of a
// target with the same id and channel, and the author of a choice that is about what was created by its author. A
// setting given as the empty text is taken away. Sealed are the targets whose secrets did not open, see [Targets]: the
// first one that wants to keep them is the error.
func Keep(r Rule, old Rule, sealed map[string]error, specs []channel.Spec) (Rule, error) {
	before := map[string]Target{}
	for _, t := range old.Targets {
		before[t.ID] = t
	}
	targets := make([]Target, len(r.Targets))
	for i, t := range r.Targets {
		settings := channel.Settings{}
		spec, _ := find(specs, t.Channel)
		if b, there := before[t.ID]; there && b.Channel == t.Channel {
			if err := sealed[t.ID]; err != nil && !spec.givesSecrets(t.Settings) {
				return Rule{}, err
			}
			for name, value := range b.Settings {
				if spec.secret(name) {
					settings[name] = value
				}
			}
		}
		maps.Copy(settings, t.Settings)
		maps.DeleteFunc(settings, func(_, value string) bool { return value == "" })
		t.Settings = settings
		targets[i] = t
	}
	r.Targets = targets
	switch mine := r.Event.Scope.Kind == catalog.CreatedByMe; {
	case !mine:
		r.Event.PAIUser = ""
	case old.Event.Scope.Kind == catalog.CreatedByMe && old.Event.PAIUser != "":
		r.Event.PAIUser = old.Event.PAIUser
	}
	return r, nil
}

func (k known) givesSecrets(settings channel.Settings) bool {
	for name := range settings {
		if k.secret(name) {
			return true
		}
	}
	return false
}

// Redact takes the secrets out of a rule and says what may be shown of them. The fingerprint of a secret is for people
// to tell two apart; see seal.Keyset.
func Redact(r Rule, specs []channel.Spec, fingerprint func(string) string) (Rule, map[string]map[string]Secret) {
	shown := map[string]map[string]Secret{}
	targets := make([]Target, len(r.Targets))
	for i, t := range r.Targets {
		spec, _ := find(specs, t.Channel)
		clear := channel.Settings{}
		for name, value := range t.Settings {
			if !spec.secret(name) {
				clear[name] = value
				continue
			}
			if shown[t.ID] == nil {
				shown[t.ID] = map[string]Secret{}
			}
			shown[t.ID][name] = show(value, fingerprint)
		}
		t.Settings = clear
		targets[i] = t
	}
	r.Targets = targets
	return r, shown
}

// minShown is how long a secret must be for 4 of its characters to be no help in guessing the rest.
const minShown = 16

func show(value string, fingerprint func(string) string) Secret {
	s := Secret{Fingerprint: fingerprint(value)}
	if u, err := url.Parse(value); err == nil && strings.HasPrefix(u.Scheme, "http") {
		s.Host = u.Host
	}
	if letters := []rune(secretPart(value)); len(letters) >= minShown {
		s.Last4 = string(letters[len(letters)-4:])
	}
	return s
}

// secretPart is what of a setting is secret: of an address its token, which is what follows the last / or =, without
// which a short token would be shown whole. The = that base64 ends in are no such thing.
func secretPart(value string) string {
	value = strings.TrimRight(value, "=/")
	return value[strings.LastIndexAny(value, "/=")+1:]
}
