package channeltest

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the gateway's signature is HMAC-SHA1
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Signed checks a request as Alibaba Cloud's gateway does, by the rules of help.aliyun.com/en/sdk/product-overview/
// rpc-mechanism and with nothing of the SDK, and gives its parameters. secrets must not stand in its URL or headers.
func Signed(r *http.Request, secrets ...string) (url.Values, error) {
	if r.Method != http.MethodPost {
		return nil, fmt.Errorf("method is %s, want POST", r.Method)
	}
	key := Key()
	open := r.RequestURI + " " + r.URL.String()
	for name, values := range r.Header {
		open += " " + name + " " + strings.Join(values, " ")
	}
	for _, secret := range append(secrets, key.AccessKeyID, key.AccessKeySecret, key.SecurityToken) {
		for _, form := range []string{secret, url.QueryEscape(secret), url.PathEscape(secret)} {
			if strings.Contains(open, form) {
				return nil, fmt.Errorf("the URL or a header shows %q", secret)
			}
		}
	}
	if err := r.ParseForm(); err != nil {
		return nil, err
	}
	for name, values := range r.Form {
		if len(values) != 1 {
			return nil, fmt.Errorf("parameter %s is there %d times", name, len(values))
		}
	}
	encode := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	var pairs []string
	for _, name := range slices.Sorted(maps.Keys(r.Form)) {
		if name != "Signature" {
			pairs = append(pairs, encode(name)+"="+encode(r.Form.Get(name)))
		}
	}
	mac := hmac.New(sha1.New, []byte(key.AccessKeySecret+"&"))
	mac.Write([]byte("POST&%2F&" + encode(strings.Join(pairs, "&"))))
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	switch {
	case r.Form.Get("Signature") != want:
		return nil, fmt.Errorf("signature is %q, want %q", r.Form.Get("Signature"), want)
	case r.Form.Get("AccessKeyId") != key.AccessKeyID, r.Form.Get("SecurityToken") != key.SecurityToken:
		return nil, fmt.Errorf("key %q and token %q are not those of the invocation", r.Form.Get("AccessKeyId"), r.Form.Get("SecurityToken"))
	case r.Form.Get("SignatureNonce") == "" || r.Form.Get("Format") != "JSON":
		return nil, fmt.Errorf("nonce is %q and format %q", r.Form.Get("SignatureNonce"), r.Form.Get("Format"))
	}
	return r.Form, nil
}
