package main

import (
	"context"

	"pai-notify/shared/access"
)

// audited changes a rule and writes down who did, with the rule as it was and as it is. A rule that is not there is no
// fault here: the change says so itself.
func (s *service) audited(
	ctx context.Context, now present, action string, in Named, change func(context.Context) (*answer, error),
) (out *answer, err error) {
	c := access.Change{Action: action, Workspace: in.Workspace, Object: in.Name}
	if action != made {
		switch saved, err := now.store.Get(ctx, in.Workspace, in.Name); {
		case err == nil:
			c.Before = wire(saved, now.catalog)
		case !gone(err):
			return nil, err
		}
	}
	err = s.keys.Audited(ctx, c, func(ctx context.Context) (any, error) {
		if out, err = change(ctx); err != nil || out == nil {
			return nil, err
		}
		return out.Body, nil
	})
	return out, err
}

// The changes of a rule, as the audit names them.
const (
	made       = "rule.make"
	replaced   = "rule.replace"
	deleted    = "rule.delete"
	enabled    = "rule.enable"
	disabled   = "rule.disable"
	recompiled = "rule.recompile"
	muted      = "rule.mute"
	unmuted    = "rule.unmute"
)
