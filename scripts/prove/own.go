package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"
)

// runOwn does a proof's own work and writes its figures, as scripts/story writes those of a test.
func (p proof) runOwn(ctx context.Context, s settings, figures string) error {
	one := ran{Proof: p.name, Full: !s.small, Began: time.Now().UTC()}
	err := p.own(ctx, s, func(name, value string) {
		fmt.Printf("      %s: %s\n", name, value)
		one.Figures = append(one.Figures, figure{name, value})
	})
	one.Failed, one.Seconds = err != nil, time.Since(one.Began).Seconds()
	line, jsonErr := json.Marshal(one)
	if jsonErr != nil {
		return errors.Join(err, jsonErr)
	}
	return errors.Join(err, os.WriteFile(figures, append(line, '\n'), 0o600))
}
