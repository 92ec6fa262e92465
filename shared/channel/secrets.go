package channel

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	hidden     = "***"
	minSecret  = 5  // bytes; what is shorter is no secret, and blanking it would blank ordinary text
	minSegment = 12 // bytes of a part of a path that may be a token, as in Lark's /hook/<token>
)

// secretsOf lists what an error or a receiver's echo must not show, the longest first: secret settings, and of the
// address everything but the host. A request that could not be made is nil.
func secretsOf(spec Spec, to Settings, req *http.Request) []string {
	var list []string
	add := func(s string, least int) {
		if len(s) >= least {
			list = append(list, s)
			if escaped := url.QueryEscape(s); escaped != s {
				list = append(list, escaped)
			}
		}
	}
	for _, field := range spec.Fields {
		if field.Secret {
			add(to[field.Name], minSecret)
		}
	}
	if req != nil {
		add(req.URL.String(), minSecret)
		add(req.URL.RequestURI(), minSegment)
		for _, part := range strings.Split(req.URL.RawQuery, "&") {
			_, value, _ := strings.Cut(part, "=")
			add(value, minSecret)
			if plain, err := url.QueryUnescape(value); err == nil {
				add(plain, minSecret)
			}
		}
		for _, part := range strings.Split(req.URL.Path, "/") {
			add(part, minSegment)
		}
	}
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	return list
}

// hide blanks secrets in a text, also one that was cut in the middle of a secret.
func hide(text string, secrets []string) string {
	for _, secret := range secrets {
		text = strings.ReplaceAll(text, secret, hidden)
	}
	body, cut := strings.CutSuffix(text, "…")
	for _, secret := range secrets {
		for n := len(secret) - 1; n >= minSecret; n-- {
			if start, ok := strings.CutSuffix(body, secret[:n]); ok {
				body = start + hidden
				break
			}
		}
	}
	if cut {
		return body + "…"
	}
	return body
}

// withoutSecrets is err, or where its text shows a secret, only what may be shown of that.
func withoutSecrets(err error, secrets []string) error {
	text := err.Error()
	if clean := hide(text, secrets); clean != text || len(text) > 2*shortText {
		return errors.New(Short(clean))
	}
	return err
}
