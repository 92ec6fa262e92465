package account_test

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/auth/credentials"
	sdkerrors "github.com/aliyun/alibaba-cloud-sdk-go/sdk/errors"
	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/aiworkspace"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/bssopenapi"
	mns "github.com/aliyun/alibaba-cloud-sdk-go/services/mns-open"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/ram"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/resourcemanager"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/sts"

	"pai-notify/scripts/localcloud/account"
	"pai-notify/scripts/localcloud/rpc"
)

// memory is a Cloud for one test.
type memory struct {
	active bool
	roles  map[string]account.Role
	queues map[string]int
}

func (m *memory) Activate(context.Context) (bool, error) {
	fresh := !m.active
	m.active = true
	return fresh, nil
}

func (m *memory) Role(name string) (account.Role, bool) {
	role, ok := m.roles[strings.ToLower(name)]
	return role, ok
}

func (m *memory) AddRole(_ context.Context, name, service, description string) (bool, error) {
	if _, ok := m.Role(name); ok {
		return false, nil
	}
	m.roles[strings.ToLower(name)] = account.Role{Name: name, ID: "1", Service: service, Description: description, Created: time.Now()}
	return true, nil
}

func (m *memory) RemoveRole(_ context.Context, name string) (bool, error) {
	_, ok := m.Role(name)
	delete(m.roles, strings.ToLower(name))
	return ok, nil
}

func (m *memory) AddQueue(_ context.Context, name string) (bool, error) {
	if _, ok := m.queues[name]; ok {
		return false, nil
	}
	m.queues[name] = 0
	return true, nil
}

func (m *memory) Queues(context.Context) (map[string]int, error) { return m.queues, nil }

const temporary = "STS.local"

// cloud starts a gateway with the account's actions; it gives host and port.
func cloud(t *testing.T) (*memory, string, string) {
	t.Helper()
	s := rpc.New(rpc.Options{Credentials: func(id string) (rpc.Credential, bool) {
		if id == temporary {
			return rpc.Credential{AccessKeyID: id, Secret: "s", SecurityToken: "t", Name: "pai-notify"}, true
		}
		return rpc.Credential{AccessKeyID: id, Secret: "local-secret"}, id == "LTAI-local"
	}})
	m := &memory{roles: map[string]account.Role{}, queues: map[string]int{}}
	account.Register(s, m, account.Options{Account: "1234567890123456", Region: "cn-hangzhou", Workspaces: account.Workspaces()})
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	host, port, _ := strings.Cut(strings.TrimPrefix(web.URL, "http://"), ":")
	return m, host, port
}

func aim[R interface {
	SetDomain(string)
	SetScheme(string)
}](request R, host, port string) R {
	request.SetScheme("http")
	request.SetDomain(host + ":" + port)
	return request
}

var key = credentials.NewAccessKeyCredential("LTAI-local", "local-secret")

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	var e *sdkerrors.ServerError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		t.Errorf("error %v, want %s", err, code)
	}
}

func TestAnOrderActivatesEventBridgeOnce(t *testing.T) {
	t.Parallel()
	m, host, port := cloud(t)
	c, err := bssopenapi.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), key)
	if err != nil {
		t.Fatal(err)
	}
	order := func(product, subscription string) error {
		q := aim(bssopenapi.CreateCreateInstanceRequest(), host, port)
		q.ProductCode, q.SubscriptionType = product, subscription
		answer, err := c.CreateInstance(q)
		if err == nil && (!answer.Success || answer.Data.OrderId == "") {
			t.Errorf("answer %+v", answer)
		}
		return err
	}
	wantCode(t, order("", "PayAsYouGo"), "MissingProductCode")
	wantCode(t, order("eventbridge", ""), "MissingSubscriptionType")
	wantCode(t, order("ecs", "PayAsYouGo"), "InvalidProductCode")
	wantCode(t, order("eventbridge", "Subscription"), "InvalidSubscriptionType")
	if m.active {
		t.Error("a refused order activated EventBridge")
	}
	if err := order("eventbridge", "PayAsYouGo"); err != nil || !m.active {
		t.Errorf("order: %v, active %v", err, m.active)
	}
	wantCode(t, order("eventbridge", "PayAsYouGo"), "ORDER.OPEND")
}

func TestPAIsRoleIsMadeByItsServiceNameAndDeleted(t *testing.T) {
	t.Parallel()
	_, host, port := cloud(t)
	manager, err := resourcemanager.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), key)
	if err != nil {
		t.Fatal(err)
	}
	roles, err := ram.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), key)
	if err != nil {
		t.Fatal(err)
	}
	get := func() (*ram.GetRoleResponse, error) {
		q := aim(ram.CreateGetRoleRequest(), host, port)
		q.RoleName = "aliyunserviceroleforpaiworkspace"
		return roles.GetRole(q)
	}
	create := func(service string) error {
		q := aim(resourcemanager.CreateCreateServiceLinkedRoleRequest(), host, port)
		q.ServiceName = service
		answer, err := manager.CreateServiceLinkedRole(q)
		if err == nil && answer.Role.RoleName != "AliyunServiceRoleForPAIWorkspace" {
			t.Errorf("role %+v", answer.Role)
		}
		return err
	}
	_, err = get()
	wantCode(t, err, "EntityNotExist.Role")
	wantCode(t, create(""), "MissingServiceName")
	wantCode(t, create("nobody.aliyuncs.com"), "EntityNotExist.ServiceName")
	if err := create("aiworkspace.pai.aliyuncs.com"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, create("aiworkspace.pai.aliyuncs.com"), "EntityAlreadyExists.Role")
	answer, err := get()
	if err != nil || answer.Role.Arn != "acs:ram::1234567890123456:role/AliyunServiceRoleForPAIWorkspace" ||
		!strings.Contains(answer.Role.AssumeRolePolicyDocument, "aiworkspace.pai.aliyuncs.com") {
		t.Errorf("role %+v, %v", answer.Role, err)
	}
	remove := func() error {
		q := aim(resourcemanager.CreateDeleteServiceLinkedRoleRequest(), host, port)
		q.RoleName = "AliyunServiceRoleForPAIWorkspace"
		answer, err := manager.DeleteServiceLinkedRole(q)
		if err == nil && answer.DeletionTaskId == "" {
			t.Error("deleting a role answers no task")
		}
		return err
	}
	if err := remove(); err != nil {
		t.Fatal(err)
	}
	_, err = get()
	wantCode(t, err, "EntityNotExist.Role")
	wantCode(t, remove(), "EntityNotExist.Role")
}

func TestWorkspacesAreListedByTheROAPath(t *testing.T) {
	t.Parallel()
	_, host, port := cloud(t)
	c, err := aiworkspace.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), key)
	if err != nil {
		t.Fatal(err)
	}
	list := func(change func(*aiworkspace.ListWorkspacesRequest)) (string, int64, error) {
		q := aim(aiworkspace.CreateListWorkspacesRequest(), host, port)
		q.SetDomain(host) // the SDK writes "domain:port" into ROA addresses itself
		q.Port = port
		change(q)
		answer, err := c.ListWorkspaces(q)
		var names []string
		for _, w := range answer.Workspaces {
			names = append(names, w.WorkspaceId+" "+w.WorkspaceName+" "+w.Status)
		}
		return strings.Join(names, ","), answer.TotalCount, err
	}
	for _, one := range []struct {
		name   string
		change func(*aiworkspace.ListWorkspacesRequest)
		want   string
		total  int64
	}{
		{"all", func(*aiworkspace.ListWorkspacesRequest) {}, "1001 nlp_train ENABLED,1002 cv_lab ENABLED", 2},
		{"by name", func(q *aiworkspace.ListWorkspacesRequest) { q.WorkspaceName = "cv_lab" }, "1002 cv_lab ENABLED", 1},
		{"by id", func(q *aiworkspace.ListWorkspacesRequest) { q.WorkspaceIds = "1001,7" }, "1001 nlp_train ENABLED", 1},
		{"second page", func(q *aiworkspace.ListWorkspacesRequest) { q.PageSize, q.PageNumber = "1", "2" }, "1002 cv_lab ENABLED", 2},
		{"page beyond", func(q *aiworkspace.ListWorkspacesRequest) { q.PageNumber = "9" }, "", 2},
		{"disabled", func(q *aiworkspace.ListWorkspacesRequest) { q.Status = "DISABLED" }, "", 0},
	} {
		if got, total, err := list(one.change); err != nil || got != one.want || total != one.total {
			t.Errorf("%s: %q of %d, %v; want %q of %d", one.name, got, total, err, one.want, one.total)
		}
	}
	_, _, err = list(func(q *aiworkspace.ListWorkspacesRequest) { q.PageSize = "1000" })
	wantCode(t, err, "InvalidPageSize")
	get := aim(aiworkspace.CreateGetWorkspaceRequest(), host, port)
	get.SetDomain(host)
	get.Port, get.WorkspaceId = port, "1002"
	one, err := c.GetWorkspace(get)
	if err != nil || one.WorkspaceName != "cv_lab" {
		t.Errorf("workspace %+v, %v", one, err)
	}
	get = aim(aiworkspace.CreateGetWorkspaceRequest(), host, port)
	get.SetDomain(host)
	get.Port, get.WorkspaceId = port, "1"
	_, err = c.GetWorkspace(get)
	wantCode(t, err, "100400004")
}

func TestCallersAreTold(t *testing.T) {
	t.Parallel()
	_, host, port := cloud(t)
	for _, one := range []struct {
		name, kind, arn string
		client          func() (*sts.Client, error)
	}{
		{"an account", "Account", "acs:ram::1234567890123456:root", func() (*sts.Client, error) {
			return sts.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), key)
		}},
		{"a function", "AssumedRoleUser", "acs:ram::1234567890123456:assumed-role/pai-notify/local", func() (*sts.Client, error) {
			return sts.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), credentials.NewStsTokenCredential(temporary, "s", "t"))
		}},
	} {
		c, err := one.client()
		if err != nil {
			t.Fatal(err)
		}
		answer, err := c.GetCallerIdentity(aim(sts.CreateGetCallerIdentityRequest(), host, port))
		if err != nil || answer.IdentityType != one.kind || answer.Arn != one.arn || answer.AccountId != "1234567890123456" {
			t.Errorf("%s: %+v, %v", one.name, answer, err)
		}
	}
}

func TestQueuesCanBeMadeForDeadLetters(t *testing.T) {
	t.Parallel()
	m, host, port := cloud(t)
	c, err := mns.NewClientWithOptions("cn-hangzhou", sdk.NewConfig(), key)
	if err != nil {
		t.Fatal(err)
	}
	get := func(name string) (*mns.GetQueueAttributesResponse, error) {
		q := aim(mns.CreateGetQueueAttributesRequest(), host, port)
		q.QueueName = name
		return c.GetQueueAttributes(q)
	}
	create := func(name string) error {
		q := aim(mns.CreateCreateQueueRequest(), host, port)
		q.QueueName, q.MessageRetentionPeriod = name, requests.NewInteger(86_400)
		answer, err := c.CreateQueue(q)
		if err == nil && !answer.Success {
			t.Errorf("answer %+v", answer)
		}
		return err
	}
	_, err = get("dead")
	wantCode(t, err, "QueueNotExist")
	wantCode(t, create(""), "MissingQueueName")
	wantCode(t, create("a b"), "InvalidQueueName")
	if err := create("dead"); err != nil {
		t.Fatal(err)
	}
	wantCode(t, create("dead"), "QueueAlreadyExist")
	m.queues["dead"] = 3
	if answer, err := get("dead"); err != nil || answer.Data.ActiveMessages != 3 || answer.Code != 200 {
		t.Errorf("attributes %+v, %v", answer, err)
	}
}
