package rule

import (
	"slices"
	"strings"
)

// Mainland stands for all regions of mainland China in [Regions].Exist.
const Mainland = "mainland"

// Regions say where channels exist.
type Regions struct {
	Own   string              // of the deployment: cn-hangzhou
	Other map[string]string   // by channel: another region where it is called
	Exist map[string][]string // by channel: where it exists; an empty list means everywhere, no list the default
}

// RegionsOf reads regions as the settings keep them: a channel whose shared settings name a region is called there.
func RegionsOf(own string, shared map[string]map[string]string, exist map[string][]string) Regions {
	r := Regions{Own: own, Other: map[string]string{}, Exist: exist}
	for name, settings := range shared {
		r.Other[name] = settings["region"]
	}
	return r
}

// defaultRegions are where channels exist that do not everywhere, as far as is known. Calls outside mainland China are
// closed to new users since 2022 (help.aliyun.com/en/vms); short messages have hosts in these regions
// (alibaba-cloud-sdk-go, endpoints of dysmsapi).
func defaultRegions() map[string][]string {
	return map[string][]string{
		"voice": {Mainland},
		"sms":   {Mainland, "cn-hongkong", "ap-southeast-1", "ap-southeast-5", "us-east-1", "us-west-1", "eu-central-1"},
	}
}

// Of gives where a channel exists; nil means everywhere.
func (r Regions) Of(channelName string) []string {
	if list, set := r.Exist[channelName]; set {
		return list
	}
	return defaultRegions()[channelName]
}

// Has says in which region a channel is called, and whether it exists there. A deployment that does not know its region
// has all channels.
func (r Regions) Has(channelName string) (region string, exists bool) {
	region = r.Own
	if other := r.Other[channelName]; other != "" {
		region = other
	}
	list := r.Of(channelName)
	return region, region == "" || len(list) == 0 || slices.Contains(list, region) ||
		slices.Contains(list, Mainland) && strings.HasPrefix(region, "cn-") && region != "cn-hongkong"
}
