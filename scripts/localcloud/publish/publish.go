// Package publish puts events on a bus of the local cloud as they are, well formed or not, over EventBridge's own data
// plane (POST /openapi/putEvents). The SDK's way in takes only events it can type.
package publish

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"
)

// The local cloud's only key.
const (
	accessKeyID     = "LTAI-local"
	accessKeySecret = "local-secret"
)

// Put puts one event, a JSON object, on a bus. The error names what EventBridge said.
func Put(ctx context.Context, cloud, bus string, event json.RawMessage) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(event, &members); err != nil {
		return fmt.Errorf("event is no JSON object: %w", err)
	}
	name, err := json.Marshal(bus)
	if err != nil {
		return err
	}
	members["aliyuneventbusname"] = name
	body, err := json.Marshal([]any{members})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, cloud+"/openapi/putEvents", bytes.NewReader(body))
	if err != nil {
		return err
	}
	date, nonce := time.Now().UTC().Format(http.TimeFormat), uuid.NewString()
	const kind = "application/cloudevents-batch+json"
	toSign := strings.Join([]string{http.MethodPost, "", kind, date,
		"x-acs-signature-method:HMAC-SHA1", "x-acs-signature-nonce:" + nonce, "x-acs-signature-version:1.0", "/openapi/putEvents"}, "\n")
	mac := hmac.New(sha1.New, []byte(accessKeySecret))
	mac.Write([]byte(toSign))
	for key, value := range map[string]string{
		"Content-Type": kind, "Date": date, "x-acs-signature-method": "HMAC-SHA1", "x-acs-signature-nonce": nonce,
		"x-acs-signature-version": "1.0", "Authorization": "acs:" + accessKeyID + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil)),
	} {
		request.Header.Set(key, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	var said struct{ FailedEntryCount int }
	if err := json.Unmarshal(text, &said); err != nil || response.StatusCode != http.StatusOK || said.FailedEntryCount > 0 {
		return fmt.Errorf("put an event on %s: %s: %s", bus, response.Status, text)
	}
	return nil
}
