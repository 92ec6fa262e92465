package lark

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"time"
)

// sign gives the timestamp in seconds and the signature of a request made at a moment. The key is the text and the
// message is empty: open.feishu.cn/document/client-docs/bot-v3/add-custom-bot. It holds for an hour.
func sign(secret string, at time.Time) (timestamp, signature string) {
	timestamp = strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(timestamp+"\n"+secret))
	return timestamp, base64.StdEncoding.EncodeToString(mac.Sum(nil))
}
