// Package account plays what surrounds EventBridge in an Alibaba Cloud account: placing the order that activates it, roles,
// who is calling, PAI's workspaces, and queues that can be dead-letter queues.
//
// Each action checks its parameters and answers with the product's codes; nothing more of the products is played.
package account

import (
	"context"
	"net/http"
	"time"

	"pai-notify/scripts/localcloud/rpc"
)

// Cloud is the part of the local cloud that keeps the account's state.
type Cloud interface {
	// Activate opens EventBridge; it reports false if it was open already.
	Activate(ctx context.Context) (bool, error)
	// Role finds a role by its name, in any case of letters.
	Role(name string) (Role, bool)
	// AddRole makes a role; it reports false if there is one of that name.
	AddRole(ctx context.Context, name, service, description string) (bool, error)
	// RemoveRole deletes a role; it reports false if there is none of that name.
	RemoveRole(ctx context.Context, name string) (bool, error)
	// AddQueue makes a queue; it reports false if there is one of that name.
	AddQueue(ctx context.Context, name string) (bool, error)
	// Queues lists the names of queues with how many messages each holds.
	Queues(ctx context.Context) (map[string]int, error)
}

// Role is a service-linked role.
type Role struct {
	Name        string
	ID          string
	Service     string // service name, such as aiworkspace.pai.aliyuncs.com
	Description string
	Created     time.Time
}

// Workspace is one of PAI's.
type Workspace struct {
	ID, Name, Description string
}

// Workspaces of the local cloud, as design and demo name them.
func Workspaces() []Workspace {
	return []Workspace{
		{"1001", "nlp_train", "language models"},
		{"1002", "cv_lab", "computer vision"},
	}
}

// Options say whose account it is.
type Options struct {
	Account    string // account id
	Region     string
	Workspaces []Workspace
}

// Register adds the account's actions to a gateway.
func Register(s *rpc.Server, cloud Cloud, o Options) {
	a := actions{cloud, o}
	s.Handle("2017-12-14", "CreateInstance", a.createInstance)              // BssOpenApi
	s.Handle("2020-03-31", "CreateServiceLinkedRole", a.createRole)         // ResourceManager
	s.Handle("2015-05-01", "CreateServiceLinkedRole", a.createRole)         // RAM
	s.Handle("2015-05-01", "GetRole", a.getRole)                            // RAM
	s.Handle("2020-03-31", "DeleteServiceLinkedRole", a.deleteRole)         // ResourceManager
	s.Handle("2015-04-01", "GetCallerIdentity", a.getCallerIdentity)        // STS
	s.Handle("2022-01-19", "CreateQueue", a.createQueue)                    // MNS
	s.Handle("2022-01-19", "GetQueueAttributes", a.getQueueAttributes)      // MNS
	s.HandleRoute("2021-02-04", "GET /api/v1/workspaces", a.listWorkspaces) // AIWorkSpace
	s.HandleRoute("2021-02-04", "GET /api/v1/workspaces/{id}", a.getWorkspace)
}

type actions struct {
	cloud Cloud
	Options
}

// createInstance places an order. The local cloud sells EventBridge only, as
// github.com/aliyun/terraform-provider-alicloud data_source_alicloud_event_bridge_service.go orders it.
func (a actions) createInstance(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	product, err := q.Need("ProductCode")
	if err != nil {
		return nil, err
	}
	subscription, err := q.Need("SubscriptionType")
	if err != nil {
		return nil, err
	}
	if product != "eventbridge" {
		return nil, &rpc.Error{Status: http.StatusBadRequest, Code: "InvalidProductCode",
			Message: "The local cloud sells ProductCode eventbridge only."}
	}
	if subscription != "PayAsYouGo" {
		return nil, rpc.Invalid("SubscriptionType", "EventBridge is sold as PayAsYouGo.")
	}
	fresh, err := a.cloud.Activate(ctx)
	if err != nil {
		return nil, err
	}
	if !fresh {
		return nil, &rpc.Error{Status: http.StatusBadRequest, Code: "ORDER.OPEND", Message: "The service has been opened already."}
	}
	return rpc.Success(map[string]any{"OrderId": rpc.NewID(), "InstanceId": "eventbridge_" + a.Account}), nil
}

func (a actions) getCallerIdentity(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	if q.Caller.SecurityToken == "" {
		return rpc.Answer{"IdentityType": "Account", "AccountId": a.Account, "UserId": a.Account, "PrincipalId": a.Account,
			"Arn": "acs:ram::" + a.Account + ":root"}, nil
	}
	return rpc.Answer{"IdentityType": "AssumedRoleUser", "AccountId": a.Account, "PrincipalId": q.Caller.AccessKeyID,
		"RoleId": q.Caller.AccessKeyID, "Arn": "acs:ram::" + a.Account + ":assumed-role/" + q.Caller.Name + "/local"}, nil
}
