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
	for _, form := range addressForms(to[To]) {
		add(form, minSecret)
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

// Secrets lists what no error of a call may show, the longest first: a contact's address in every form, and the values
// given, each also as it stands in a URL.
func Secrets(to Settings, values ...string) []string {
	var list []string
	for _, value := range append(values, addressForms(to[To])...) {
		if len(value) >= minSecret {
			list = append(list, value)
			if escaped := url.QueryEscape(value); escaped != value {
				list = append(list, escaped, strings.ReplaceAll(escaped, "+", "%20"))
			}
		}
	}
	slices.SortFunc(list, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(list)
}

// addressForms are the ways in which a contact's address is written: as it is, in lower case, and a telephone number
// without its plus sign or without mainland China's code.
func addressForms(address string) []string {
	if address == "" {
		return nil
	}
	forms := []string{address, strings.ToLower(address)}
	if digits, ok := strings.CutPrefix(address, "+"); ok {
		forms = append(forms, digits, strings.TrimPrefix(digits, "86"))
	}
	return forms
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

// Clean is err, or where its text shows a secret or a URL, only what may be shown of that.
func Clean(err error, secrets []string) error { return withoutSecrets(withoutURL(err), secrets) }
