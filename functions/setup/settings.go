package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // zones by name, whatever the image has

	"github.com/aws/smithy-go"

	"pai-notify/shared/catalog"
	"pai-notify/shared/channel"
	"pai-notify/shared/database"
	"pai-notify/shared/fault"
	"pai-notify/shared/message"
	"pai-notify/shared/rule"
)

var hostName = regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$`)

// checkSettings finds all faults of a settings document.
func checkSettings(base *catalog.Catalog, specs []channel.Spec) func(context.Context, database.Settings) smithy.InvalidParamsError {
	return func(_ context.Context, s database.Settings) smithy.InvalidParamsError {
		var faults smithy.InvalidParamsError
		if err := message.CheckLanguage(s.Language); err != nil {
			faults.Add(fault.New("Language", err))
		}
		if _, err := time.LoadLocation(s.Zone); err != nil || s.Zone == "" || s.Zone == "Local" {
			faults.Add(fault.New("Zone", fault.Say("is no time zone's name such as Asia/Shanghai or UTC", "不是时区名称，应形如 Asia/Shanghai 或 UTC")))
		}
		if s.ConsoleHost != "" && (len(s.ConsoleHost) > 253 || !hostName.MatchString(s.ConsoleHost)) {
			faults.Add(fault.New("ConsoleHost", fault.Say("is no host name such as pai.console.aliyun.com; leave it empty for messages without links",
				"不是域名，应形如 pai.console.aliyun.com；留空则消息不带链接")))
		}
		checkLinks(&faults, base, s.Links)
		if strings.TrimSpace(s.CatalogOverride) != "" {
			_, err := base.Override([]byte(s.CatalogOverride))
			var problems catalog.Problems
			switch {
			case errors.As(err, &problems):
				for _, p := range problems {
					faults.Add(fault.New("CatalogOverride", p.Told()))
				}
			case err != nil:
				faults.Add(fault.New("CatalogOverride", fault.Say("cannot be read: %s", "无法读取：%s", err)))
			}
		}
		checkChannels(&faults, specs, s.Channels)
		checkRegions(&faults, specs, s.ChannelRegions)
		return faults
	}
}

// checkLinks adds the faults of the forms of links.
func checkLinks(faults *smithy.InvalidParamsError, base *catalog.Catalog, forms map[string]string) {
	if len(forms) == 0 {
		return
	}
	sources := make([]string, len(base.Sources))
	for i, source := range base.Sources {
		sources[i] = source.ID
	}
	for _, p := range message.CheckLinks(forms, sources) {
		faults.Add(fault.JSON("links."+p.Field, p.Text))
	}
}

// checkChannels adds the faults of what the channels' targets share.
func checkChannels(faults *smithy.InvalidParamsError, specs []channel.Spec, set map[string]map[string]string) {
	var sharing fault.Names
	for _, spec := range specs {
		if len(spec.Shared) > 0 {
			sharing = append(sharing, spec.Name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(set)) {
		i := slices.IndexFunc(specs, func(s channel.Spec) bool { return s.Name == name && len(s.Shared) > 0 })
		switch {
		case i < 0:
			faults.Add(fault.JSON("channels."+channel.Short(name), fault.Say("is no channel with settings of its own; those are %s",
				"不是有发送方设置的通道，可用：%s", sharing)))
		case len(set[name]) > 0:
			spec := specs[i]
			spec.Fields = spec.Shared
			found := fault.OfMap(spec.Check(set[name]))
			faults.AddNested("Channels."+name, found)
		}
	}
}

var regionName = regexp.MustCompile(`^[a-z]{2}-[a-z0-9-]{2,40}$`)

// checkRegions adds the faults of the table of where channels exist.
func checkRegions(faults *smithy.InvalidParamsError, specs []channel.Spec, exist map[string][]string) {
	for _, name := range slices.Sorted(maps.Keys(exist)) {
		if !slices.ContainsFunc(specs, func(s channel.Spec) bool { return s.Name == name }) {
			faults.Add(fault.JSON("channelRegions."+channel.Short(name), fault.Say("is no channel", "不是通道")))
			continue
		}
		for i, region := range exist[name] {
			if region != rule.Mainland && !regionName.MatchString(region) {
				faults.Add(fault.JSON(fmt.Sprintf("channelRegions.%s[%d]", name, i), fault.Say("is no region such as cn-hangzhou, nor the word %s, "+
					"which stands for all of mainland China", "不是地域，应形如 cn-hangzhou，或用 %s 表示整个中国内地", rule.Mainland)))
			}
		}
	}
}
