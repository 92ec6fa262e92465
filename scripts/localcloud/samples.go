package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"

	"pai-notify/scripts/localcloud/carrier"
)

// furnish gives a fresh deployment what a person would bring: the settings of SMS, voice and mail, as the account of
// package carrier owns them, and two contacts to reach with them.
func furnish(ctx context.Context, api, key string) error {
	var settings map[string]any
	if err := call(ctx, http.MethodGet, api+"/api/v1/settings", key, nil, &settings); err != nil {
		return fmt.Errorf("read the settings: %w", err)
	}
	settings["channels"] = channelSettings(carrier.Account())
	if err := call(ctx, http.MethodPut, api+"/api/v1/settings", key, settings, nil); err != nil {
		return fmt.Errorf("set up SMS, voice and mail: %w", err)
	}
	for _, contact := range []map[string]string{
		{"id": "alice", "name": "Alice", "phone": "+8613800138000", "email": "alice@example.com", "language": "zh", "note": "made by the local cloud"},
		{"id": "tony", "name": "Tony", "phone": "+8613900139000", "email": "tony@example.com", "language": "en", "note": "made by the local cloud"},
	} {
		if err := call(ctx, http.MethodPost, api+"/api/v1/contacts", key, contact, nil); err != nil {
			return fmt.Errorf("make the contact %s: %w", contact["id"], err)
		}
	}
	return nil
}

// channelSettings are the shared settings with what works of an account's.
func channelSettings(account carrier.Owned) map[string]map[string]string {
	return map[string]map[string]string{
		"sms":   {"signName": account.Signs[0].Name, "templateZh": account.Templates[0].Code, "templateEn": account.Templates[1].Code},
		"voice": {"templateZh": account.Speech[0].Code, "templateEn": account.Speech[1].Code, "playTimes": "2"},
		"email": {"from": account.Senders[0].Address, "alias": "PAI", "replyTo": account.Senders[0].Reply},
	}
}

// call asks pai-notify's API; what is no success is an error with the answer's text.
func call(ctx context.Context, method, url, key string, in, out any) error {
	var body io.Reader = http.NoBody
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(text)
	}
	request, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("%s: %s", response.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
