package httpapi

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/aws/smithy-go"
)

// A session is in the one cookie there is. It comes with every request that the browser makes here, also those that
// another site's page has it make, so a cookie lets nobody in who cannot show that the page is ours; see [sameSite]. Its
// name begins with __Host-, so that browsers take it over https only and no neighbouring domain can set it. Only at a
// local cloud, which the Host header's loopback address tells, there is no https.
const (
	cookie      = "__Host-pai-notify"
	plainCookie = "pai-notify"
)

func (s Source) cookieName() string {
	if s.Plain {
		return plainCookie
	}
	return cookie
}

// SetCookie is the header that gives the browser a session's token until a moment; an empty token takes it away.
func (s Source) SetCookie(token string, until, now time.Time) string {
	c := http.Cookie{
		Name: s.cookieName(), Value: token, Path: "/", HttpOnly: true, Secure: !s.Plain, SameSite: http.SameSiteStrictMode,
		MaxAge: int(until.Sub(now).Seconds()),
	}
	if token == "" || c.MaxAge <= 0 {
		c.Value, c.MaxAge = "", -1
	}
	return c.String()
}

// sessionPrefix begins the tokens of sessions, by which they are told from keys: a session is in the cookie and nowhere
// else, a key never is.
const sessionPrefix = "pns_"

// credential is the key of a request's Authorization header, or else the session in its cookie.
func credential(r *http.Request, from Source) (string, error) {
	if header := r.Header.Get("Authorization"); header != "" {
		scheme, key, _ := strings.Cut(header, " ")
		if key = strings.TrimSpace(key); key == "" || !strings.EqualFold(scheme, "Bearer") {
			return "", unauthenticated("the header Authorization is not Bearer KEY")
		}
		if strings.HasPrefix(key, sessionPrefix) {
			return "", unauthenticated("a session is no API key")
		}
		return key, nil
	}
	if !strings.HasPrefix(from.Cookie, sessionPrefix) {
		return "", unauthenticated("the request carries no API key")
	}
	return from.Cookie, sameSite(r)
}

func unauthenticated(text string) error {
	return &smithy.GenericAPIError{Code: "Unauthenticated", Message: text}
}

// sameSite refuses what another site's page may have asked for. Browsers say where a request comes from in Sec-Fetch-Site,
// over plain http only in Origin: developer.mozilla.org/en-US/docs/Web/Security/Attacks/CSRF. What tells neither is not
// our page, and what only reads may come from anywhere, since no other page gets to see the answer.
func sameSite(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil
	}
	err := http.NewCrossOriginProtection().Check(r)
	if r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		err = errors.New("the request does not say which page it comes from")
	}
	if err == nil {
		return nil
	}
	return &smithy.GenericAPIError{Code: "CrossSite", Message: "a session changes nothing on another site's behalf: " + err.Error()}
}
