package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"pai-notify/shared/fault"
)

const (
	secretPrefix = "whsec_"
	minKey       = 24 // bytes
	maxKey       = 64
	maxID        = 128 // bytes
)

// parseSecret reads a secret of Standard Webhooks: whsec_ and the base64 of 24 to 64 random bytes. Its errors never
// repeat it. Source: github.com/standard-webhooks/standard-webhooks spec 1.0.0, "Signature scheme".
func parseSecret(secret string) ([]byte, fault.Text) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, fault.Say("does not start with %s", "须以 %s 开头", secretPrefix)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") { // the decoder passes over line breaks
		return nil, fault.Say("is not base64 after %s", "在 %s 之后不是 base64", secretPrefix)
	}
	if len(key) < minKey || len(key) > maxKey {
		return nil, fault.Say("holds %d bytes; a key has %d to %d", "含有 %d 字节，密钥须为 %d 至 %d 字节", len(key), minKey, maxKey)
	}
	return key, nil
}

// stamp is a moment in seconds.
func stamp(at time.Time) string { return strconv.FormatInt(at.Unix(), 10) }

// sign gives the signature "v1,…" of a body sent with an id at a stamp.
func sign(key []byte, id, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// identify is a message's id where it is fit for a header and for signing, where a dot would let two contents share a
// signature; else an id made of it, or of the body where there is none. One message always has the same.
func identify(id string, body []byte) string {
	fit := id != "" && len(id) <= maxID
	for i := 0; fit && i < len(id); i++ {
		c := id[i]
		fit = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == ':'
	}
	if fit {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	if id == "" {
		sum = sha256.Sum256(body)
	}
	return "msg_" + hex.EncodeToString(sum[:16])
}
