package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"pai-notify/shared/access"
	"pai-notify/shared/seal"
)

// secrets are what make keys would give a deployment.
type secrets struct {
	SealKeys       string `json:"sealKeys"`
	BootstrapToken string `json:"bootstrapToken"`
	BootstrapHash  string `json:"bootstrapHash"`
}

// keptSecrets are a folder's secrets, made at its first use.
func keptSecrets(folder string) (kept secrets, err error) {
	name := filepath.Join(folder, "secrets.json")
	text, err := os.ReadFile(name)
	if err == nil {
		return kept, json.Unmarshal(text, &kept)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return kept, err
	}
	if kept.SealKeys, err = seal.NewKey(rand.Reader); err != nil {
		return kept, err
	}
	kept.BootstrapToken, kept.BootstrapHash = access.NewToken()
	return kept, writeJSON(name, kept, 0o600)
}

// local is what other programs need to find and use the local cloud.
type local struct {
	Cloud    string `json:"cloud"`
	API      string `json:"api"`
	Inbox    string `json:"inbox"`
	Key      string `json:"key"`                // an admin's API key
	Provider string `json:"provider,omitempty"` // the identity provider, where there is one
}

// announce makes the first API key with the bootstrap token and furnishes the deployment, as a person would, unless the
// folder has one; then it writes local.json and says ready.
func announce(ctx context.Context, s settings, kept secrets, issuer string) error {
	found := local{}
	name := filepath.Join(s.data, "local.json")
	text, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(text, &found)
	} else if errors.Is(err, os.ErrNotExist) {
		if found.Key, err = firstKey(ctx, s.base(1), kept.BootstrapToken); err == nil {
			err = furnish(ctx, s.base(1), found.Key)
		}
	}
	if err != nil {
		return err
	}
	found.Cloud, found.API, found.Inbox, found.Provider = s.base(0), s.base(1), s.base(2), issuer
	if err := writeJSON(name, found, 0o600); err != nil {
		return err
	}
	fmt.Printf("cloud APIs  %s\npai-notify  %s\ninbox       %s\nkey         in %s\nready\n", found.Cloud, found.API, found.Inbox, name)
	return nil
}

func firstKey(ctx context.Context, api, token string) (string, error) {
	var made struct{ Key string }
	if err := call(ctx, http.MethodPost, api+"/api/v1/setup", token, struct{}{}, &made); err != nil {
		return "", fmt.Errorf("make the first API key: %w", err)
	}
	if made.Key == "" {
		return "", errors.New("make the first API key: the answer has none")
	}
	return made.Key, nil
}

// writeJSON replaces a file at once, so that nobody reads half of it.
func writeJSON(name string, value any, mode os.FileMode) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(name+".new", text, mode); err != nil {
		return err
	}
	return os.Rename(name+".new", name)
}
