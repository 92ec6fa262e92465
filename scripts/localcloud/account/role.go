package account

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"pai-notify/scripts/localcloud/rpc"
)

// serviceRoles are the service-linked roles that can be made by service name.
var serviceRoles = map[string]string{ //nolint:gochecknoglobals // a table that never changes
	"aiworkspace.pai.aliyuncs.com": "AliyunServiceRoleForPAIWorkspace",
}

// createRole makes a service-linked role. Codes: help.aliyun.com/en/resource-management, CreateServiceLinkedRole.
func (a actions) createRole(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	service, err := q.Need("ServiceName")
	if err != nil {
		return nil, err
	}
	name, ok := serviceRoles[service]
	if !ok {
		return nil, &rpc.Error{Status: http.StatusNotFound, Code: "EntityNotExist.ServiceName",
			Message: "The local cloud has no service-linked role for that ServiceName; it knows aiworkspace.pai.aliyuncs.com."}
	}
	fresh, err := a.cloud.AddRole(ctx, name, service, q.Get("Description"))
	if err != nil {
		return nil, err
	}
	if !fresh {
		return nil, &rpc.Error{Status: http.StatusConflict, Code: "EntityAlreadyExists.Role", Message: "The role already exists."}
	}
	return a.role(name)
}

func (a actions) getRole(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	name, err := q.Need("RoleName")
	if err != nil {
		return nil, err
	}
	return a.role(name)
}

// deleteRole deletes a service-linked role at once; the product makes a task of it, which looks for what still uses the role.
func (a actions) deleteRole(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	name, err := q.Need("RoleName")
	if err != nil {
		return nil, err
	}
	found, err := a.cloud.RemoveRole(ctx, name)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, noRole(name)
	}
	return rpc.Answer{"DeletionTaskId": "task/" + name + "/" + rpc.NewID()}, nil
}

func noRole(name string) *rpc.Error {
	return &rpc.Error{Status: http.StatusNotFound, Code: "EntityNotExist.Role", Message: "The role not exists: " + name + "."}
}

func (a actions) role(name string) (rpc.Answer, error) {
	role, ok := a.cloud.Role(name)
	if !ok {
		return nil, noRole(name)
	}
	policy, err := json.Marshal(map[string]any{"Version": "1", "Statement": []any{map[string]any{"Action": "sts:AssumeRole",
		"Effect": "Allow", "Principal": map[string]any{"Service": []string{role.Service}}}}})
	if err != nil {
		return nil, err
	}
	return rpc.Answer{"Role": map[string]any{"RoleName": role.Name, "RoleId": role.ID, "Description": role.Description,
		"Arn": "acs:ram::" + a.Account + ":role/" + role.Name, "IsServiceLinkedRole": true, "MaxSessionDuration": 3600,
		"CreateDate": role.Created.UTC().Format(time.RFC3339), "AssumeRolePolicyDocument": string(policy)}}, nil
}
