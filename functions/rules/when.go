package main

import "pai-notify/shared/when"

// When is when a target may be told.
type When struct {
	Quiet      []Quiet `json:"quiet,omitempty" doc:"Hours in which nothing is told; at their end what was held comes as one message, where the channel has digests"`
	Pass       string  `json:"pass,omitempty" doc:"failing lets failing outcomes through quiet hours; left out: nothing passes"`
	GapMinutes int     `json:"gapMinutes,omitempty" doc:"How far apart messages about one object are at least, 0 to 1440; what comes meanwhile is told together. Failing and final outcomes pass"`
}

// Quiet is a span of hours that comes again each week.
type Quiet struct {
	Days []string `json:"days,omitempty" example:"[\"sat\",\"sun\"]" doc:"On which it begins: mon, tue, wed, thu, fri, sat, sun; left out: every day"`
	From string   `json:"from" example:"22:00"`
	To   string   `json:"to" example:"08:00" doc:"Of the next day unless it is later than from; 24:00 is the end of the day"`
	Zone string   `json:"zone,omitempty" example:"Asia/Shanghai" doc:"IANA name; left out: the contact's, else the deployment's"`
}

func (w When) when() when.When {
	made := when.When{Pass: w.Pass, GapMinutes: w.GapMinutes}
	for _, q := range w.Quiet {
		made.Quiet = append(made.Quiet, when.Quiet(q))
	}
	return made
}

func wireWhen(w when.When) When {
	made := When{Pass: w.Pass, GapMinutes: w.GapMinutes}
	for _, q := range w.Quiet {
		made.Quiet = append(made.Quiet, Quiet(q))
	}
	return made
}
