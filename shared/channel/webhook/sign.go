package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

const (
	secretPrefix = "whsec_"
	minKey       = 24 // bytes
	maxKey       = 64
)

// parseSecret reads a secret of Standard Webhooks: whsec_ and the base64 of 24 to 64 random bytes. Its errors never
// repeat it. Source: github.com/standard-webhooks/standard-webhooks spec 1.0.0, "Signature scheme".
func parseSecret(secret string) ([]byte, error) {
	encoded, ok := strings.CutPrefix(secret, secretPrefix)
	if !ok {
		return nil, errors.New("does not start with " + secretPrefix)
	}
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") { // the decoder passes over line breaks
		return nil, errors.New("is not base64 after " + secretPrefix)
	}
	if len(key) < minKey || len(key) > maxKey {
		return nil, fmt.Errorf("holds %d bytes; a key has %d to %d", len(key), minKey, maxKey)
	}
	return key, nil
}

// sign gives the timestamp in seconds and the signature "v1,…" of a body sent at a moment.
func sign(key []byte, id string, at time.Time, body []byte) (timestamp, signature string) {
	timestamp = strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(id + "." + timestamp + "."))
	mac.Write(body)
	return timestamp, "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// identify makes a message's id fit for a header and for signing, where a dot would let two contents share a signature.
// The same id always gives the same.
func identify(id string) string {
	for i := range len(id) {
		c := id[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != ':' {
			id = ""
			break
		}
	}
	return id
}

// digest is an id made of content, for a message whose own cannot be sent.
func digest(id string, body []byte) string {
	h := sha256.New()
	h.Write([]byte(id))
	h.Write([]byte{0})
	h.Write(body)
	return "msg_" + hex.EncodeToString(h.Sum(nil)[:16])
}
