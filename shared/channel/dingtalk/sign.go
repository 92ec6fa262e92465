package dingtalk

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strconv"
	"time"
)

// sign gives the query parameters that prove the signing key as of a moment; they hold for an hour. Sent in any other
// place they count as absent: open.dingtalk.com/document/robots/customize-robot-security-settings.
func sign(secret string, at time.Time) string {
	timestamp := strconv.FormatInt(at.UnixMilli(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(timestamp + "\n" + secret))
	return "timestamp=" + timestamp + "&sign=" + url.QueryEscape(base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}
