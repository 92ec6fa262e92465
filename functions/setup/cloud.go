package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pai-notify/shared/environment"
	"pai-notify/shared/event"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/rule"
)

// cloud is what set-up asks of Alibaba Cloud. Errors are *rule.Error and hold no secret.
type cloud interface {
	Components(ctx context.Context) ([]eventbridge.Component, error)
	Order(ctx context.Context) error // activates EventBridge
	CheckRole(ctx context.Context, role string) (bool, error)
	EnsureRole(ctx context.Context, role string) (bool, error)
	PAIRole(ctx context.Context) (bool, error)
	MakePAIRole(ctx context.Context) error
	Workspaces(ctx context.Context) ([]string, error) // names
	GetBus(ctx context.Context, bus string) (eventbridge.BusInfo, error)
	EnsureBus(ctx context.Context, bus, description string) (bool, error)
	GetFunctionRule(ctx context.Context, bus, name string) (eventbridge.FunctionRule, error)
	PutFunctionRule(ctx context.Context, bus, name, pattern, functionARN string) (bool, error)
	PutEvents(ctx context.Context, bus string, events []event.Event) error
	Pushes(ctx context.Context, bus, eventID string) ([]push, error)
	TryReading(ctx context.Context, bus string) error // makes the reading calls of other functions
	Signs(ctx context.Context, region string) ([]reviewed, error)
	Templates(ctx context.Context, region string) ([]reviewed, error)
	Sender(ctx context.Context, region, address string) (sender, bool, error)
}

// push is one invocation of a target as EventBridge's trace of an event tells it.
type push struct {
	Rule     string `json:"RuleName"`
	Endpoint string `json:"Endpoint"`
	Status   string `json:"NotifyStatus"` // [200]Ok
}

// alibaba is Alibaba Cloud.
type alibaba struct {
	*eventbridge.Store
	env environment.Environment
}

var _ cloud = (*alibaba)(nil)

// Order places the order that activates EventBridge: the way of terraform-provider-alicloud, data source
// alicloud_event_bridge_service, since there is no other API. Accounts of the international site have an endpoint of
// their own and say so.
func (a *alibaba) Order(ctx context.Context) error {
	call := apiCall{service: "BssOpenApi", version: "2017-12-14", action: "CreateInstance",
		base:   "https://business.aliyuncs.com",
		params: map[string]string{"ProductCode": "eventbridge", "SubscriptionType": "PayAsYouGo"}}
	err := a.call(ctx, call, nil)
	if codeOf(err) == "NotApplicable" {
		call.base = "https://business.ap-southeast-1.aliyuncs.com"
		err = a.call(ctx, call, nil)
	}
	if codeOf(err) == "ORDER.OPEND" { // sic: it is open already
		return nil
	}
	return err
}

func (a *alibaba) PAIRole(ctx context.Context) (bool, error) {
	err := a.call(ctx, apiCall{service: "Ram", version: "2015-05-01", action: "GetRole",
		base:   "https://ram.aliyuncs.com",
		params: map[string]string{"RoleName": paiRole}}, nil)
	if strings.HasPrefix(codeOf(err), "EntityNotExist") {
		return false, nil
	}
	return err == nil, err
}

func (a *alibaba) MakePAIRole(ctx context.Context) error {
	err := a.call(ctx, apiCall{service: "ResourceManager", version: "2020-03-31", action: "CreateServiceLinkedRole",
		base: "https://resourcemanager.aliyuncs.com", params: map[string]string{"ServiceName": paiRoleService}}, nil)
	if strings.HasPrefix(codeOf(err), "EntityAlreadyExists") {
		return nil
	}
	return err
}

func (a *alibaba) Workspaces(ctx context.Context) ([]string, error) {
	const size = 100
	var names []string
	for number := 1; number <= most; number++ {
		var page struct {
			Workspaces []struct{ WorkspaceName string }
		}
		err := a.call(ctx, apiCall{service: "AIWorkSpace", version: "2021-02-04", action: "ListWorkspaces",
			path:   "/api/v1/workspaces",
			base:   "https://aiworkspace." + a.env.Region + ".aliyuncs.com",
			params: map[string]string{"PageSize": fmt.Sprint(size), "PageNumber": fmt.Sprint(number)}}, &page)
		if err != nil {
			return nil, err
		}
		for _, w := range page.Workspaces {
			names = append(names, w.WorkspaceName)
		}
		if len(page.Workspaces) < size {
			break
		}
	}
	return names, nil
}

func (a *alibaba) eventBridge(action string, params map[string]string) apiCall {
	base := a.env.EventBridgeEndpoint
	if base == "" {
		base = "https://eventbridge-console." + a.env.Region + ".aliyuncs.com"
	}
	return apiCall{service: "EventBridge", version: "2020-04-01", action: action, base: base, fixed: true,
		params: params}
}

func (a *alibaba) Pushes(ctx context.Context, bus, eventID string) ([]push, error) {
	var traces struct {
		Data []struct {
			push
			Action string
		}
	}
	if err := a.call(ctx, a.eventBridge("QueryEventTraces", map[string]string{"EventBusName": bus,
		"EventId": eventID}), &traces); err != nil {
		return nil, err
	}
	var list []push
	for _, t := range traces.Data {
		if t.Action == "PushEvent" {
			list = append(list, t.push)
		}
	}
	return list, nil
}

func (a *alibaba) TryReading(ctx context.Context, bus string) error {
	err := a.call(ctx, a.eventBridge("ListEventBuses", map[string]string{"Limit": "1"}), nil)
	if bus == "" || err != nil {
		return err
	}
	err = a.call(ctx, a.eventBridge("ListRules", map[string]string{"EventBusName": bus, "Limit": "1"}), nil)
	var ours *rule.Error
	if errors.As(err, &ours) && ours.Code != rule.CodeForbidden { // the bus is another step's matter
		return nil
	}
	return err
}
