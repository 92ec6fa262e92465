package database

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Settings is what an administrator may change while pai-notify runs. It is one JSON document, so that a later member
// needs no migration; one that is missing has its default.
type Settings struct {
	Language        string `json:"language"`                  // of messages whose target names none, such as zh or en
	Zone            string `json:"zone"`                      // of times in messages: an IANA name
	ConsoleHost     string `json:"consoleHost"`               // of links into the PAI console; empty means no links
	CatalogOverride string `json:"catalogOverride,omitempty"` // YAML: see package catalog
	// Links are forms of links into the console by event source, instead of those built in: see message.CheckLink.
	Links  map[string]string `json:"links,omitempty"`
	Paused bool              `json:"paused,omitempty"` // nothing is sent; what comes in waits
	// UnitsPerRule is how many units a rule may have; 0 means 5, which is EventBridge's quota until it is raised.
	UnitsPerRule int `json:"unitsPerRule,omitempty" minimum:"0" maximum:"100"`
	// How many days deliveries are kept after they ended: what was told, and what died or was cancelled; 0 means 30 and 90.
	KeepToldDays int `json:"keepToldDays,omitempty" minimum:"0" maximum:"3650"`
	KeepDeadDays int `json:"keepDeadDays,omitempty" minimum:"0" maximum:"3650"`
	// Channels holds what a channel's targets share, by the channel's name and the names of its channel.Spec.Shared: sign
	// names, templates, sender addresses. None is a secret.
	Channels map[string]map[string]string `json:"channels,omitempty"`
	// ChannelRegions lists, by a channel's name, the regions where it exists, such as cn-hangzhou, or mainland for all of
	// mainland China; an empty list means everywhere. A channel that is not listed has its default: see package rule.
	ChannelRegions map[string][]string `json:"channelRegions,omitempty"`
}

// DefaultSettings are those of a fresh deployment.
func DefaultSettings() Settings {
	return Settings{Language: "zh", Zone: "Asia/Shanghai", ConsoleHost: "pai.console.aliyun.com"}
}

// Keep is for how long deliveries are kept after they ended: what was told, and what died or was cancelled.
func (s Settings) Keep() (told, dead time.Duration) {
	days := func(set, otherwise int) time.Duration {
		if set <= 0 {
			set = otherwise
		}
		return time.Duration(set) * 24 * time.Hour
	}
	return days(s.KeepToldDays, 30), days(s.KeepDeadDays, 90)
}

// settingsAge is how long an instance may work with settings that have changed.
const settingsAge = 5 * time.Second

// Settings gives the settings, at most five seconds old.
func (d *DB) Settings(ctx context.Context) (Settings, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.read.IsZero() && time.Since(d.read) < settingsAge {
		return d.settings, nil
	}
	var document string
	err := d.Read(ctx, func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, "select document from settings where id = 1").Scan(&document)
	})
	found := DefaultSettings()
	switch {
	case errors.Is(err, sql.ErrNoRows):
	case err != nil:
		return Settings{}, fmt.Errorf("read settings: %w", err)
	default:
		if err := json.Unmarshal([]byte(document), &found); err != nil {
			return Settings{}, fmt.Errorf("read settings: the document in the database is damaged, save settings anew: %w", err)
		}
	}
	d.settings, d.read = found, time.Now()
	return found, nil
}

// SaveSettings replaces the settings. Other instances see it within five seconds.
func (d *DB) SaveSettings(ctx context.Context, s Settings) error {
	document, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	err = d.Write(ctx, true, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `insert into settings (id, document) values (1, $1)
			on conflict (id) do update set document = excluded.document`, string(document))
		return err
	})
	if err != nil {
		return fmt.Errorf("save settings: %w", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settings, d.read = s, time.Now()
	return nil
}
