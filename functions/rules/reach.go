package main

import (
	"context"

	"pai-notify/shared/rule"
)

// regions are where channels exist for this deployment.
func (s *service) regions(now present) rule.Regions {
	return rule.RegionsOf(s.region, now.settings.Channels, now.settings.ChannelRegions)
}

// reach is what decides whether the targets of a rule reach anybody. Contacts are looked up only where they are named.
func (s *service) reach(ctx context.Context, now present, r rule.Rule) (rule.Reach, error) {
	reach := rule.Reach{Regions: s.regions(now), Contacts: map[string]rule.Contact{}}
	if !s.namesContacts(r) {
		return reach, nil
	}
	found, err := s.book.Get(ctx, r.ContactIDs()...)
	if err != nil {
		return reach, err
	}
	for id, c := range found {
		reach.Contacts[id] = c
	}
	if len(found) == 0 {
		n, err := s.book.Count(ctx)
		reach.None = n == 0
		return reach, err
	}
	return reach, nil
}

// namesContacts says whether a rule has a target of a channel that reaches contacts, or one that calls some.
func (s *service) namesContacts(r rule.Rule) bool {
	for _, t := range r.Targets {
		if len(t.Mentions.Contacts) > 0 {
			return true
		}
		for _, spec := range s.specs {
			if spec.Name == t.Channel && spec.Contacts {
				return true
			}
		}
	}
	return false
}

// reachable does something with a rule if it reaches all whom it names, and while none of them can be deleted: see the
// function contacts.
func (s *service) reachable(
	ctx context.Context, now present, r rule.Rule, do func(context.Context) (*answer, error),
) (*answer, error) {
	if s.namesContacts(r) {
		locked, unlock, err := s.db.Lock(ctx, rule.ContactsLock)
		if err != nil {
			return nil, err
		}
		defer unlock()
		ctx = locked
	}
	reach, err := s.reach(ctx, now, r)
	if err != nil {
		return nil, err
	}
	if faults := r.CheckReach(s.specs, reach); faults.Len() > 0 {
		return nil, faults
	}
	return do(ctx)
}
