package main

import (
	"context"

	"pai-notify/shared/access"
)

// mend does what a step needs, and writes down who had it done. The step that makes the tables is written down once there
// are tables.
func (r *run) mend(ctx context.Context, step string, fix func(context.Context) error) error {
	change := access.Change{Action: "setup." + step, Workspace: r.order.Workspace}
	if r.db.CheckVersion(ctx) == nil {
		return r.keys.Audited(ctx, change, func(ctx context.Context) (any, error) { return nil, fix(ctx) })
	}
	if err := fix(ctx); err != nil {
		return err
	}
	if tables := r.db.CheckVersion(ctx) == nil; !tables {
		return nil // there is no audit yet; what was done so far is in the answer
	}
	return r.keys.Append(ctx, access.NewEntry(ctx, change, access.Done))
}
