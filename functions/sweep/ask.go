package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"pai-notify/shared/channel"
	"pai-notify/shared/contact"
	"pai-notify/shared/database"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/ledger"
)

const (
	maxAsked = 1000             // deliveries of one round whose service is asked; a message may tell many
	askTime  = 10 * time.Second // for one answer
)

// people finds contacts by their ids: a *contact.Book.
type people interface {
	Get(ctx context.Context, ids ...string) (map[string]contact.Contact, error)
}

// cloudKeys are the credentials of an invocation as channels take them.
func cloudKeys(credentials func(context.Context) (eventbridge.Credentials, error)) func(context.Context) (channel.Credentials, error) {
	return func(ctx context.Context) (channel.Credentials, error) {
		c, err := credentials(ctx)
		return channel.Credentials{AccessKeyID: c.AccessKeyID, AccessKeySecret: c.AccessKeySecret, SecurityToken: c.SecurityToken}, err
	}
}

// ask asks services what became of messages: of those they accepted, and first of all of those of which nobody knows
// whether they did. What is not asked in this round is asked in the next.
func (s *sweeper) ask(ctx context.Context, settings database.Settings, until time.Time) (asked int, err error) {
	questions, err := s.ledger.Questions(ctx, maxAsked)
	if err != nil || len(questions) == 0 {
		return 0, err
	}
	ids := make([]string, len(questions))
	for i, q := range questions {
		ids[i] = q.Contact
	}
	contacts, err := s.people.Get(ctx, ids...)
	if err != nil {
		return 0, err
	}
	var done atomic.Int64
	failed := make([]error, len(questions))
	var group errgroup.Group
	group.SetLimit(senders)
	for i, q := range questions {
		group.Go(func() error {
			if !time.Now().Before(until) {
				return nil
			}
			a := ledger.Answer{Question: q}
			a.Report, a.Failure, a.Hopeless = s.report(ctx, settings, contacts, q)
			died, err := s.ledger.Answer(ctx, a)
			if failed[i] = err; err == nil {
				done.Add(1)
				s.tellAnswer(ctx, a, died)
			}
			return nil
		})
	}
	_ = group.Wait() // each has its error in failed
	return int(done.Load()), errors.Join(failed...)
}

// report asks about one message, or says why that cannot be done, and whether it never can.
func (s *sweeper) report(
	ctx context.Context, settings database.Settings, contacts map[string]contact.Contact, q ledger.Question,
) (r channel.Report, failure string, hopeless bool) {
	c := s.channels[q.Channel]
	reporter, ok := c.(channel.Reporter)
	if !ok {
		return r, "its service cannot be asked", true
	}
	address := contacts[q.Contact].Address(q.Channel)
	if address == "" {
		return r, "its contact is gone, and without the number its service cannot be asked", true
	}
	hash, err := s.ledger.Destination(ctx, channel.Destination(c.Spec(), channel.Settings{channel.To: address}))
	if err != nil {
		return r, "the key of destinations cannot be read", false
	}
	if hash != q.Destination {
		return r, "its contact has another number since, and without the old one its service cannot be asked", true
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	r, err = reporter.Report(ctx, channel.Whole(settings.Channels[q.Channel], nil, address),
		channel.Query{Receipt: q.Receipt, ID: q.Message, Sent: q.Sent})
	if err != nil {
		o := channel.Classify(err)
		if o.Step == channel.StepAddress && o.Class == channel.Uncertain { // not even asked: there is nothing to ask by
			return r, channel.Short("its service cannot be asked: " + o.Text), true
		}
		return r, channel.Short("its service gave no answer: " + o.Code + " " + o.Text), false
	}
	return r, "", false
}

// tellAnswer writes the log's line of an answer.
func (s *sweeper) tellAnswer(ctx context.Context, a ledger.Answer, died int) {
	fates := map[channel.Fate]string{channel.Pending: "pending", channel.Absent: "absent", channel.Arrived: "arrived", channel.Failed: "failed"}
	about := []any{"channel", a.Question.Channel, "delivery", a.Question.IDs[0], "count", len(a.Question.IDs), "doubt", a.Question.Doubt}
	switch {
	case a.Failure != "":
		s.log.WarnContext(ctx, "no report", append(about, "reason", a.Failure, "died", died)...)
	default:
		s.log.InfoContext(ctx, "report", append(about, "fate", fates[a.Report.Fate], "code", a.Report.Code, "died", died)...)
	}
}
