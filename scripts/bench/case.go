package main

import (
	"fmt"
	"slices"
	"strings"
)

// benchCase is one line of the table.
type benchCase struct {
	Sender    string `json:"sender"` // a channel, or what is set beside the functions
	Database  string `json:"database,omitempty"`
	Group     int    `json:"group"`
	Instances int    `json:"instances"`
	Rows      int    `json:"rows,omitempty"`    // in the ledger before
	Padding   int    `json:"padding,omitempty"` // bytes more of each event

	binary string // of the packaged function
}

// The senders that are no channel: see scripts/bench/sender.
const (
	nothing = "nothing"      // a function on the same SDK that does nothing
	post    = "bare-post"    // net/http alone
	inside  = "in-process "  // and a channel's name: the delivery handler without Function Compute's runtime
	custom  = "your-command" // see usage
)

func (c benchCase) String() string {
	name := fmt.Sprintf("%s/%s/%d/%d", strings.ReplaceAll(c.Sender, " ", "-"), c.Database, c.Group, c.Instances)
	if c.Database == "" {
		name = fmt.Sprintf("%s/-/%d/%d", c.Sender, c.Group, c.Instances)
	}
	if c.Rows > 0 {
		name += fmt.Sprintf("/rows=%d", c.Rows)
	}
	if c.Padding > 0 {
		name += fmt.Sprintf("/padding=%d", c.Padding)
	}
	return name
}

// selfDriven says whether a sender loops by itself and tells what it used.
func (c benchCase) selfDriven() bool { return c.Sender == post || strings.HasPrefix(c.Sender, inside) }

// cases are what the settings ask for: the do-nothing function and the bare POST first.
func (s settings) cases() (list []benchCase, err error) {
	for _, rows := range s.rows {
		for _, padding := range s.padding {
			for _, group := range s.groups {
				for _, name := range s.databases {
					for _, c := range s.channels {
						if s.inside {
							list = append(list, benchCase{Sender: inside + c, Database: name, Group: group, Instances: 1, Rows: rows, Padding: padding})
						}
						for _, instances := range s.instances {
							list = append(list, benchCase{Sender: c, Database: name, Group: group, Instances: instances, Rows: rows, Padding: padding})
						}
					}
				}
			}
		}
	}
	if s.beside {
		var beside []benchCase
		for _, group := range s.groups {
			beside = append(beside, benchCase{Sender: nothing, Group: group, Instances: 1})
		}
		list = append(append(beside, benchCase{Sender: post, Group: 1, Instances: 1}), list...)
	}
	for _, c := range list {
		if c.Database != "" && c.Database != "sqlite" && c.Database != "postgres" {
			return nil, fmt.Errorf("there is no database %q: take sqlite or postgres", c.Database)
		}
	}
	return slices.DeleteFunc(list, func(c benchCase) bool {
		return c.Instances == 0 || c.Database == "sqlite" && c.Instances > 4 // beyond what SQLite is promised for
	}), nil
}
