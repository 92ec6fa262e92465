package bus

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"pai-notify/scripts/localcloud/rpc"
)

// Version is the version of EventBridge's API.
const Version = "2020-04-01"

// register adds EventBridge's actions, its data plane and the local cloud's own pages to the gateway.
func (b *Bus) register() {
	for action, h := range map[string]rpc.Handler{
		"CreateEventBus": b.createEventBus, "GetEventBus": b.getEventBus, "ListEventBuses": b.listEventBuses,
		"UpdateEventBus": b.updateEventBus, "DeleteEventBus": b.deleteEventBus,
		"CreateRule": b.createRule, "GetRule": b.getRule, "UpdateRule": b.updateRule, "ListRules": b.listRules,
		"EnableRule": b.enableRule, "DisableRule": b.disableRule, "DeleteRule": b.deleteRule,
		"PutTargets": b.putTargets, "ListTargets": b.listTargets, "DeleteTargets": b.deleteTargets,
		"TestEventPattern": b.testEventPattern, "PutEvents": b.putEventsRPC,
		"QueryEventTraces": b.queryEventTraces, "QueryEvent": b.queryEvent,
		"CreateServiceLinkedRoleForProduct": b.createRoleForProduct, "GetEventBridgeStatus": b.getStatus,
		"CheckServiceLinkedRoleForProduct": b.checkRoleForProduct, "CheckRoleForProduct": b.checkRoleForProduct,
	} {
		b.gateway.Handle(Version, action, func(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
			if !b.activated() {
				return nil, notEnabled()
			}
			return h(ctx, q)
		})
	}
	b.gateway.HandleRaw("POST /openapi/putEvents", b.putEventsData)
	b.registerLocal()
}

// notEnabled answers everything as long as the account has not opened EventBridge: api.aliyun.com, EventBridge, since 2024-02-21.
func notEnabled() *rpc.Error {
	return &rpc.Error{Status: http.StatusForbidden, Code: "ServiceNotEnable", Message: "Service not enable"}
}

// getStatus is GetEventBridgeStatus, whose components say DOWN once they are open:
// github.com/aliyun/terraform-provider-alicloud data_source_alicloud_event_bridge_service.go.
func (b *Bus) getStatus(context.Context, *rpc.Request) (rpc.Answer, error) {
	return rpc.Success(map[string]any{"Components": []any{map[string]string{"Name": "EventBridge", "Status": "DOWN"}}}), nil
}

// At most 127 characters: the limits page. It speaks of hyphens only; PAI's own buses carry the _ of workspace names.
var resourceName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{1,126}$`)

func validName(name string) bool {
	return resourceName.MatchString(name) && !strings.HasPrefix(name, "eventbridge-reserved-")
}

const maxDescription = 256

func checkDescription(q *rpc.Request) error {
	if n := utf8.RuneCountInString(q.Get("Description")); n > maxDescription {
		return rpc.Invalid("Description", fmt.Sprintf("It has %d characters; at most %d are allowed.", n, maxDescription))
	}
	return nil
}

// page cuts a list as Limit and NextToken ask. NextToken is an offset.
func page[T any](q *rpc.Request, all []T) (items []T, next string, err error) {
	limit, err := q.Int("Limit", 1, 100, 100)
	if err != nil {
		return nil, "", err
	}
	offset, err := q.Int("NextToken", 0, 1<<30, 0)
	if err != nil {
		return nil, "", rpc.Invalid("NextToken", "Take it from the answer before.")
	}
	first := min(offset, len(all))
	last := min(first+limit, len(all))
	if last < len(all) {
		next = strconv.Itoa(last)
	}
	return all[first:last], next, nil
}

func listAnswer(name string, items any, next string, total int) rpc.Answer {
	data := map[string]any{name: items, "Total": total}
	if next != "" {
		data["NextToken"] = next
	}
	return rpc.Success(data)
}
