// Package seal closes secrets so that they can lie in a rule's EventBridge target, where anybody who may read rules
// sees them. AES-256-GCM, from a set of keys: the first seals, all open, so keys are changed by putting a new one first
// and rewriting the rules before the old one is taken away.
//
// A sealed text opens only where it was sealed for: [Bind] names the place, and the text moved elsewhere is refused.
// The text is v1.KEY.BASE64URL(nonce, ciphertext) and stays readable for as long as its key is in the set. One key may
// seal 2^32 texts, the limit of GCM's random nonces (NIST SP 800-38D §8.3).
package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
)

const (
	version = "v1"
	keySize = 32 // bytes, for AES-256
)

// Not even a key's id may hold a dot or a comma: they separate.
var keyID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,15}$`)

// encoding is strict, so that a sealed text has one spelling only.
var encoding = base64.RawURLEncoding.Strict() //nolint:gochecknoglobals // a table that never changes

// Keyset seals with its first key and opens with all. It is safe for concurrent use.
type Keyset struct {
	keys []key
	mac  []byte
}

type key struct {
	id   string
	aead cipher.AEAD
}

// ParseKeys reads SEAL_KEYS: a comma list of id:base64 of 32 random bytes, the key that seals first. All faults are
// named at once and none repeats a key.
func ParseKeys(text string) (*Keyset, error) {
	const advice = "make keys prints one"
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("seal keys: none given; " + advice)
	}
	set := &Keyset{}
	seen := map[string]bool{}
	var faults []error
	for i, item := range strings.Split(text, ",") {
		id, secret, found := strings.Cut(strings.TrimSpace(item), ":")
		if !found || !keyID.MatchString(id) { // the id is not repeated: it may be the key itself, its id forgotten
			faults = append(faults, fmt.Errorf("seal key %d: want id:base64 with an id of at most 16 of a-z 0-9 -; %s", i+1, advice))
			continue
		}
		if seen[id] {
			faults = append(faults, fmt.Errorf("seal key %d: id %q appears twice; every key needs an id of its own", i+1, id))
			continue
		}
		seen[id] = true
		raw, err := base64.StdEncoding.DecodeString(secret)
		if err != nil || len(raw) != keySize {
			faults = append(faults, fmt.Errorf("seal key %q: want base64 of %d bytes; %s", id, keySize, advice))
			continue
		}
		k, mac, err := derive(id, raw)
		if err != nil {
			return nil, err
		}
		if set.mac == nil {
			set.mac = mac
		}
		set.keys = append(set.keys, k)
	}
	if len(faults) > 0 {
		return nil, errors.Join(faults...)
	}
	return set, nil
}

// derive makes a key's two uses independent of one another.
func derive(id string, raw []byte) (key, []byte, error) {
	secret, err := hkdf.Key(sha256.New, raw, nil, "pai-notify seal v1", keySize)
	if err != nil {
		return key{}, nil, fmt.Errorf("seal key %q: derive: %w", id, err)
	}
	mac, err := hkdf.Key(sha256.New, raw, nil, "pai-notify fingerprint v1", keySize)
	if err != nil {
		return key{}, nil, fmt.Errorf("seal key %q: derive: %w", id, err)
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return key{}, nil, fmt.Errorf("seal key %q: %w", id, err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return key{}, nil, fmt.Errorf("seal key %q: %w", id, err)
	}
	return key{id: id, aead: aead}, mac, nil
}

// NewKey makes one key as SEAL_KEYS wants it, from a source of random bytes such as crypto/rand.Reader. Its id is
// random too, so that a new key may be put before the old ones as it is.
func NewKey(random io.Reader) (string, error) {
	var raw [keySize + 4]byte
	if _, err := io.ReadFull(random, raw[:]); err != nil {
		return "", fmt.Errorf("seal: new key: %w", err)
	}
	return "k" + hex.EncodeToString(raw[keySize:]) + ":" + base64.StdEncoding.EncodeToString(raw[:keySize]), nil
}

// Bind names a place by its parts, such as bus, rule and target, so that no two places have one name.
func Bind(parts ...string) string {
	var b []byte
	for _, part := range parts {
		b = binary.AppendUvarint(b, uint64(len(part)))
		b = append(b, part...)
	}
	return string(b)
}

// Seal closes plain for the place that bound names. Every call gives another text.
func (k *Keyset) Seal(plain []byte, bound string) (string, error) {
	if k == nil || len(k.keys) == 0 {
		return "", errors.New("seal: no key; set SEAL_KEYS, make keys prints one")
	}
	head := version + "." + k.keys[0].id + "."
	return head + encoding.EncodeToString(k.keys[0].aead.Seal(nil, nil, plain, []byte(head+bound))), nil
}

// Open opens what [Keyset.Seal] closed for the same place. The error is a *UnknownKeyError or a *BrokenError.
func (k *Keyset) Open(sealed, bound string) ([]byte, error) {
	parts := strings.Split(sealed, ".")
	if len(parts) != 3 || !keyID.MatchString(parts[1]) {
		return nil, &BrokenError{Reason: "is no sealed text"}
	}
	if parts[0] != version {
		return nil, &BrokenError{Reason: "is of a later version of this project than the one that reads it"}
	}
	ciphertext, err := encoding.DecodeString(parts[2])
	if err != nil || strings.ContainsAny(parts[2], "\r\n") { // which base64 skips
		return nil, &BrokenError{Reason: "is cut off or changed"}
	}
	for i := range k.list() {
		if k.keys[i].id != parts[1] {
			continue
		}
		plain, err := k.keys[i].aead.Open(nil, nil, ciphertext, []byte(version+"."+parts[1]+"."+bound))
		if err != nil {
			return nil, &BrokenError{
				KeyID: parts[1], Reason: "was moved from another rule or target, changed, or made by another key of the same id",
			}
		}
		return plain, nil
	}
	return nil, &UnknownKeyError{KeyID: parts[1], Known: k.IDs()}
}

func (k *Keyset) list() []key {
	if k == nil {
		return nil
	}
	return k.keys
}

// IDs are the ids of the keys, the one that seals first.
func (k *Keyset) IDs() []string {
	ids := make([]string, 0, len(k.list()))
	for _, key := range k.list() {
		ids = append(ids, key.id)
	}
	return ids
}

// SealedBy is the id of the key that made a sealed text, empty where the text is none.
func SealedBy(sealed string) string {
	if parts := strings.Split(sealed, "."); len(parts) == 3 && keyID.MatchString(parts[1]) {
		return parts[1]
	}
	return ""
}

// Fingerprint is 8 hex digits that let a person tell whether two secrets are the same, and let nobody without the key
// guess one. It changes when another key becomes the first.
func (k *Keyset) Fingerprint(secret string) string {
	if len(k.list()) == 0 {
		return ""
	}
	mac := hmac.New(sha256.New, k.mac)
	mac.Write([]byte(secret))
	return hex.EncodeToString(mac.Sum(nil)[:4])
}
