package rpc

import (
	"crypto/hmac"
	"crypto/sha1" // the cloud's first signature version is HMAC-SHA1
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// Credential is an access key that may sign requests.
type Credential struct {
	AccessKeyID   string
	Secret        string
	SecurityToken string    // of temporary credentials
	Expires       time.Time // of the machine's clock; zero means never
	Name          string    // whose it is: root, or the role of temporary credentials
}

const (
	stampForm = "2006-01-02T15:04:05Z"
	// window is how far a timestamp may be off, and how long a nonce is remembered.
	window = 15 * time.Minute
)

// checkRPC checks the parameters that every RPC request has, then the signature.
func (s *Server) checkRPC(q *Request, method string) error {
	for _, name := range []string{"Action", "Version", "AccessKeyId", "Signature", "SignatureMethod", "SignatureVersion",
		"SignatureNonce", "Timestamp"} {
		if _, err := q.Need(name); err != nil {
			return err
		}
	}
	switch {
	case q.Params["SignatureMethod"] != "HMAC-SHA1":
		return Invalid("SignatureMethod", "The local cloud knows HMAC-SHA1.")
	case q.Params["SignatureVersion"] != "1.0":
		return Invalid("SignatureVersion", "The local cloud knows 1.0.")
	}
	at, err := time.Parse(stampForm, q.Params["Timestamp"])
	if err != nil {
		return fault(http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
	}
	toSign := method + "&%2F&" + encode(canonical(q.Params))
	if err := s.check(q, q.Params["AccessKeyId"], q.Params["SecurityToken"], q.Params["Signature"], toSign, "&"); err != nil {
		return err
	}
	return s.fresh(at, q.Params["AccessKeyId"]+q.Params["SignatureNonce"])
}

// canonical joins all parameters but the signature, sorted and percent-encoded as RFC 3986 has it.
func canonical(params map[string]string) string {
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if name != "Signature" {
			pairs = append(pairs, encode(name)+"="+encode(params[name]))
		}
	}
	return strings.Join(pairs, "&")
}

// QueryEscape leaves ~ alone and encodes * already; only the blank differs from RFC 3986.
func encode(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// checkROA checks the Authorization header "acs KEY:SIGNATURE" of a ROA request, then its date.
func (s *Server) checkROA(q *Request, r *http.Request) error {
	q.Action, q.Version = r.Header.Get("x-acs-action"), r.Header.Get("x-acs-version")
	header, ok := strings.CutPrefix(r.Header.Get("Authorization"), "acs ")
	id, signature, found := strings.Cut(header, ":")
	if !ok || !found {
		return fault(http.StatusBadRequest, "MissingAuthorization", `The Authorization header must be "acs KEY:SIGNATURE".`)
	}
	at, err := http.ParseTime(r.Header.Get("Date"))
	if err != nil {
		return fault(http.StatusBadRequest, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
	}
	var lines []string
	lines = append(lines, r.Method)
	for _, name := range []string{"Accept", "Content-MD5", "Content-Type", "Date"} {
		if v := r.Header.Get(name); v != "" { // the Go SDK leaves the line of a missing header out
			lines = append(lines, v)
		}
	}
	lines = append(lines, append(acsHeaders(r.Header), resource(r.URL))...)
	if err := s.check(q, id, r.Header.Get("x-acs-security-token"), signature, strings.Join(lines, "\n"), ""); err != nil {
		return err
	}
	// ROA requests of this SDK carry no nonce, so there is none to check.
	return s.fresh(at, "")
}

// CheckData checks a request of EventBridge's own data plane: "acs:KEY:SIGNATURE", as its SDKs send it, or "acs KEY:SIGNATURE",
// as its page has it. Source: getSignedStr of github.com/aliyun/alibabacloud-eventbridge-sdk util/golang/client.
func (s *Server) CheckData(r *http.Request, body []byte) (*Request, error) {
	q := newRequest(r)
	q.Body, q.Action = body, "PutEvents"
	header := r.Header.Get("Authorization")
	header, ok := strings.CutPrefix(header, "acs")
	id, signature, found := strings.Cut(strings.TrimLeft(header, ": "), ":")
	if !ok || !found {
		return q, fault(http.StatusForbidden, "AccessDenied", `The authorization header must be "acs:KEY:SIGNATURE".`)
	}
	at, err := dataTime(r.Header.Get("Date"))
	if err != nil {
		return q, fault(http.StatusForbidden, "InvalidTimeStamp.Format", "Specified time stamp or date value is not well formatted.")
	}
	lines := []string{r.Method, r.Header.Get("Content-MD5"), r.Header.Get("Content-Type"), r.Header.Get("Date")}
	lines = append(lines, append(acsHeaders(r.Header), resource(r.URL))...)
	token := r.Header.Get("x-acs-security-token")
	if err := s.check(q, id, token, signature, strings.Join(lines, "\n"), ""); err != nil {
		return q, err
	}
	nonce := r.Header.Get("x-acs-signature-nonce")
	if nonce != "" {
		nonce = id + nonce
	}
	return q, s.fresh(at, nonce)
}

func dataTime(text string) (time.Time, error) {
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at, nil
	}
	return http.ParseTime(text)
}

func acsHeaders(header http.Header) []string {
	var lines []string
	for name := range header {
		if lower := strings.ToLower(name); strings.HasPrefix(lower, "x-acs-") {
			lines = append(lines, lower+":"+header.Get(name))
		}
	}
	slices.Sort(lines)
	return lines
}

// resource is the path with its sorted query, unescaped, as both kinds of signature have it.
func resource(u *url.URL) string {
	query := u.Query()
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(query)) {
		if v := query.Get(name); v != "" {
			pairs = append(pairs, name+"="+v)
		} else {
			pairs = append(pairs, name)
		}
	}
	if len(pairs) == 0 {
		return u.Path
	}
	return u.Path + "?" + strings.Join(pairs, "&")
}

// check finds the key and compares the signature. The codes are the gateway's: api.aliyun.com, public error codes.
func (s *Server) check(q *Request, id, token, signature, toSign, keyEnd string) error {
	credential, ok := s.options.Credentials(id)
	if !ok {
		return fault(http.StatusNotFound, "InvalidAccessKeyId.NotFound", "Specified access key is not found.")
	}
	switch {
	case credential.SecurityToken != "" && token == "":
		return Mandatory("SecurityToken")
	case !equal(credential.SecurityToken, token):
		return fault(http.StatusBadRequest, "InvalidSecurityToken.MismatchWithAccessKey",
			"Specified SecurityToken mismatch with the AccessKey.")
	case !credential.Expires.IsZero() && time.Now().After(credential.Expires):
		return fault(http.StatusBadRequest, "InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
	case !equal(sign(toSign, credential.Secret+keyEnd), signature):
		// The gateway repeats what it signed, and SDKs compare it with theirs.
		return fault(http.StatusBadRequest, "SignatureDoesNotMatch",
			"Specified signature is not matched with our calculation. server string to sign is:"+toSign)
	}
	q.Caller = credential
	q.Caller.AccessKeyID, q.Caller.Secret = id, ""
	return nil
}

func sign(text, key string) string {
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte(text))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func equal(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }

// fresh refuses old and repeated requests. SDKs stamp with the machine's time, functions under a fast clock may stamp
// with that clock's: either will do.
func (s *Server) fresh(at time.Time, nonce string) error {
	now := time.Now()
	if now.Sub(at).Abs() > window && s.options.Clock.Now().Sub(at).Abs() > window {
		return fault(http.StatusBadRequest, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
	}
	if nonce != "" && !s.nonces.add(nonce, now) {
		return fault(http.StatusBadRequest, "SignatureNonceUsed", "Specified signature nonce was used already.")
	}
	return nil
}

// nonces remembers what was used, in two generations of one window each.
type nonces struct {
	mu       sync.Mutex
	new, old map[string]struct{}
	since    time.Time
}

func (n *nonces) add(nonce string, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.new == nil || now.Sub(n.since) > window {
		n.old, n.new, n.since = n.new, map[string]struct{}{}, now
	}
	_, used := n.new[nonce]
	_, usedBefore := n.old[nonce]
	n.new[nonce] = struct{}{}
	return !used && !usedBefore
}
