package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"

	smithyhttp "github.com/aws/smithy-go/transport/http"

	"pai-notify/shared/channel"
	"pai-notify/shared/channel/all"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
)

// scale renders messages as the channels do and measures them; nothing is sent.
type scale struct {
	channels map[string]channel.Channel
	body     []byte // rendered last; nil: none was
	form     bool   // it is a form
}

var errNotSent = errors.New("a preview sends nothing")

func (s *service) newScale() *scale {
	x := &scale{channels: map[string]channel.Channel{}}
	catch := smithyhttp.ClientDoFunc(func(r *http.Request) (_ *http.Response, err error) {
		if x.body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
		x.form = err == nil && kind == "application/x-www-form-urlencoded"
		return nil, errNotSent
	})
	region := s.region
	if region == "" {
		region = "cn-hangzhou"
	}
	nobody := func(context.Context) (channel.Credentials, error) {
		return channel.Credentials{AccessKeyID: "preview", AccessKeySecret: "preview"}, nil
	}
	cloud := channel.Cloud{Region: region, Credentials: nobody, Client: catch}
	for _, c := range all.Channels(channel.Deps{Client: catch, Now: s.clock, Cloud: cloud}) {
		x.channels[c.Spec().Name] = c
	}
	return x
}

// weigh notes what a channel would send to a target, its size and the channel's limit. Of a channel that is not known, or
// settings that are at fault, which the faults tell, there is nothing to note.
func (x *scale) weigh(ctx context.Context, now present, t rule.Target, m message.Message, told *Message) {
	c, known := x.channels[t.Channel]
	if !known {
		return
	}
	spec := c.Spec()
	told.MaxBytes = spec.MaxBytes
	settings := stand(spec, t.Settings)
	if spec.Contacts {
		settings = channel.Whole(now.settings.Channels[spec.Name], settings, somebody(spec.Name))
	}
	x.body = nil
	_, err := c.Send(ctx, settings, m)
	switch {
	case x.body != nil:
		told.Bytes, told.Body = len(x.body), x.shown()
	case spec.Contacts && err != nil: // what all targets share is in the settings
		told.Problem = channel.Classify(err).Text
	}
}

// shown is the rendered body as it may be shown: of a form the parameters with the text, without whom and as whom it goes.
func (x *scale) shown() string {
	if !x.form {
		return string(x.body)
	}
	values, err := url.ParseQuery(string(x.body))
	if err != nil {
		return ""
	}
	shown := map[string]string{}
	for _, name := range []string{"SignName", "TemplateCode", "TemplateParam", "TtsCode", "TtsParam", "PlayTimes", "Subject", "TextBody", "HtmlBody"} {
		if value := values.Get(name); value != "" {
			shown[name] = value
		}
	}
	text, err := json.Marshal(shown)
	if err != nil { // a map of texts always has a form
		return ""
	}
	return string(text)
}

// somebody is an address like those of a channel's contacts that is nobody's.
func somebody(channelName string) string {
	if channelName == "email" {
		return "somebody@example.com"
	}
	return "+8613800138000"
}

// stand is settings like those given whose address and secrets, which a draft may leave out, are nobody's. No body's size
// depends on an address; of Lark's a signing secret adds a signature, of whatever secret it is.
func stand(spec channel.Spec, given channel.Settings) channel.Settings {
	settings := channel.Settings{}
	maps.Copy(settings, given)
	for _, f := range spec.Fields {
		switch {
		case f.Address != nil:
			settings[f.Name] = example(f.Address)
		case f.Secret && f.Check != nil && f.Check(settings[f.Name]) != nil:
			delete(settings, f.Name)
		case f.Secret && settings[f.Name] != "" && (f.Check == nil || f.Check("preview") == nil):
			settings[f.Name] = "preview"
		}
	}
	return settings
}

func example(a *channel.Address) string {
	switch {
	case len(a.Hosts) == 0:
		return "https://example.com/"
	case a.Token != "":
		return "https://" + a.Hosts[0] + a.Path + "?" + a.Token + "=preview"
	}
	return "https://" + a.Hosts[0] + a.Path + "preview"
}
