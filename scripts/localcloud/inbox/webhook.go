package inbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// webhook is somebody's HTTP endpoint that verifies Standard Webhooks signatures
// (github.com/standard-webhooks/standard-webhooks) where a request carries one, and demands one on /signed….
// The signing secret of /webhook/NAME is whsec_ and the base64 of the name's SHA-256.
type webhook struct{}

func (webhook) fault(status int, code string) answer {
	return answer{status: status, code: code, body: `{"error":"` + code + `"}`}
}

func (webhook) receive(r *http.Request, body []byte, now time.Time) answer {
	say := func(status int, text string) answer {
		return answer{status: status, code: strconv.Itoa(status), accepted: status < 300, body: text}
	}
	name := strings.TrimPrefix(r.URL.Path, "/")
	if r.Method != http.MethodPost {
		return say(http.StatusMethodNotAllowed, "POST only")
	}
	if strings.HasPrefix(name, "unknown") {
		return say(http.StatusNotFound, "no such endpoint")
	}
	given := r.Header.Get("webhook-signature")
	if given == "" && !strings.HasPrefix(name, "signed") {
		return say(http.StatusOK, `{"received":true}`)
	}
	id, stamp := r.Header.Get("webhook-id"), r.Header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	at := time.Unix(seconds, 0)
	if err != nil || id == "" || at.Before(now.Add(-5*time.Minute)) || at.After(now.Add(5*time.Minute)) {
		return say(http.StatusUnauthorized, "webhook-id or webhook-timestamp is missing or off by more than 5 minutes")
	}
	key := sha256.Sum256([]byte(name))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(id + "." + stamp + "." + string(body)))
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for _, signature := range strings.Fields(given) {
		if hmac.Equal([]byte(signature), []byte(want)) {
			return say(http.StatusOK, `{"received":true}`)
		}
	}
	return say(http.StatusUnauthorized, "no signature verifies")
}
