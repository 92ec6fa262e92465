package main

import (
	"context"
	"strings"
	"sync"

	"github.com/aws/smithy-go"

	"pai-notify/shared/event"
	"pai-notify/shared/eventbridge"
	"pai-notify/shared/fault"
	"pai-notify/shared/rule"
)

// fakeCloud is an account of Alibaba Cloud in memory.
type fakeCloud struct {
	mu         sync.Mutex
	active     bool
	activating bool
	roles      map[string]bool
	workspaces []string
	buses      map[string]bool
	rules      map[string]eventbridge.FunctionRule // by bus
	sent       []event.Event
	pushes     []push
	forbid     map[string]bool // methods
	signs      []reviewed
	templates  []reviewed
	senders    []sender
	writes     int
}

func newFake() *fakeCloud {
	return &fakeCloud{
		roles: map[string]bool{}, workspaces: []string{"nlp_train", "cv_lab"}, buses: map[string]bool{},
		rules: map[string]eventbridge.FunctionRule{}, forbid: map[string]bool{},
	}
}

func (f *fakeCloud) enter(method string) (func(), error) {
	f.mu.Lock()
	switch {
	case f.forbid[method]:
		defer f.mu.Unlock()
		return nil, &rule.Error{Code: rule.CodeForbidden, Text: fault.Say("the function's role may not call %s", "函数的角色无权调用 %s", method),
			Err: &smithy.OperationError{ServiceID: "Fake", OperationName: method, Err: smithyErr("NoPermission")}}
	case !f.active && method != "Order" && method != "PAIRole" && method != "MakePAIRole" && method != "Workspaces" && !strings.HasPrefix(method, "QuerySms") && method != "QueryMailAddressByParam":
		defer f.mu.Unlock()
		return nil, &rule.Error{Code: rule.CodeNotActivated, Text: fault.Say("EventBridge is not activated for this account", "该账号尚未开通 EventBridge"),
			Err: smithyErr("ServiceNotEnable")}
	}
	return f.mu.Unlock, nil
}

func smithyErr(code string) error {
	return &smithy.GenericAPIError{Code: code, Message: "Service not enable"}
}

func (f *fakeCloud) Components(context.Context) ([]eventbridge.Component, error) {
	leave, err := f.enter("GetEventBridgeStatus")
	if err != nil {
		return nil, err
	}
	defer leave()
	status := "DOWN"
	if f.activating {
		status = "UP"
	}
	return []eventbridge.Component{{Name: "bus", Status: status}}, nil
}

func (f *fakeCloud) Order(context.Context) error {
	leave, err := f.enter("Order")
	if err != nil {
		return err
	}
	defer leave()
	f.writes++
	f.active = true
	return nil
}

func (f *fakeCloud) CheckRole(_ context.Context, role string) (bool, error) {
	leave, err := f.enter("CheckRole")
	if err != nil {
		return false, err
	}
	defer leave()
	return f.roles[role], nil
}

func (f *fakeCloud) makeRole(method, role string) error {
	leave, err := f.enter(method)
	if err != nil {
		return err
	}
	defer leave()
	f.writes++
	f.roles[role] = true
	return nil
}

func (f *fakeCloud) EnsureRole(_ context.Context, role string) (bool, error) {
	return true, f.makeRole("EnsureRole", role)
}

func (f *fakeCloud) PAIRole(context.Context) (bool, error) {
	leave, err := f.enter("PAIRole")
	if err != nil {
		return false, err
	}
	defer leave()
	return f.roles[paiRole], nil
}

func (f *fakeCloud) MakePAIRole(context.Context) error { return f.makeRole("MakePAIRole", paiRole) }

func (f *fakeCloud) Workspaces(context.Context) ([]string, error) {
	leave, err := f.enter("Workspaces")
	if err != nil {
		return nil, err
	}
	defer leave()
	return f.workspaces, nil
}

func (f *fakeCloud) GetBus(_ context.Context, bus string) (eventbridge.BusInfo, error) {
	leave, err := f.enter("GetBus")
	if err != nil {
		return eventbridge.BusInfo{}, err
	}
	defer leave()
	if !f.buses[bus] {
		return eventbridge.BusInfo{}, rule.NoWorkspace(bus)
	}
	return eventbridge.BusInfo{Name: bus}, nil
}

func (f *fakeCloud) EnsureBus(_ context.Context, bus, _ string) (bool, error) {
	leave, err := f.enter("EnsureBus")
	if err != nil {
		return false, err
	}
	defer leave()
	f.writes++
	f.buses[bus] = true
	return true, nil
}

func (f *fakeCloud) GetFunctionRule(_ context.Context, bus, name string) (eventbridge.FunctionRule, error) {
	leave, err := f.enter("GetFunctionRule")
	if err != nil {
		return eventbridge.FunctionRule{}, err
	}
	defer leave()
	r, ok := f.rules[bus]
	if !ok {
		return r, rule.NotFound(bus, name)
	}
	return r, nil
}

func (f *fakeCloud) PutFunctionRule(_ context.Context, bus, name, pattern, arn string) (bool, error) {
	leave, err := f.enter("PutFunctionRule")
	if err != nil {
		return false, err
	}
	defer leave()
	f.writes++
	f.rules[bus] = eventbridge.FunctionRule{Name: name, Pattern: pattern, FunctionARN: arn, Enabled: true}
	return true, nil
}

func (f *fakeCloud) PutEvents(_ context.Context, _ string, events []event.Event) error {
	leave, err := f.enter("PutEvents")
	if err != nil {
		return err
	}
	defer leave()
	f.writes++
	f.sent = append(f.sent, events...)
	return nil
}

func (f *fakeCloud) Pushes(context.Context, string, string) ([]push, error) {
	leave, err := f.enter("QueryEventTraces")
	if err != nil {
		return nil, err
	}
	defer leave()
	return f.pushes, nil
}

func (f *fakeCloud) TryReading(context.Context, string) error {
	leave, err := f.enter("ListRules")
	if err != nil {
		return err
	}
	leave()
	return nil
}

func (f *fakeCloud) Signs(context.Context, string) ([]reviewed, error) {
	leave, err := f.enter("QuerySmsSignList")
	if err != nil {
		return nil, err
	}
	defer leave()
	return f.signs, nil
}

func (f *fakeCloud) Templates(context.Context, string) ([]reviewed, error) {
	leave, err := f.enter("QuerySmsTemplateList")
	if err != nil {
		return nil, err
	}
	defer leave()
	return f.templates, nil
}

func (f *fakeCloud) Sender(_ context.Context, _, address string) (sender, bool, error) {
	leave, err := f.enter("QueryMailAddressByParam")
	if err != nil {
		return sender{}, false, err
	}
	defer leave()
	for _, s := range f.senders {
		if s.Address == address {
			return s, true, nil
		}
	}
	return sender{}, false, nil
}
