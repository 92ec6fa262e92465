package bus

import (
	"context"
	"database/sql"
	"net/http"
	"slices"
	"strings"

	"pai-notify/scripts/localcloud/account"
	"pai-notify/scripts/localcloud/rpc"
)

// productRoles are the service-linked roles of EventBridge: the page of CreateServiceLinkedRoleForProduct, in the comments of
// alibabacloud-go/eventbridge-20200401. Their service names are not documented there.
var productRoles = []string{ //nolint:gochecknoglobals // a table that never changes
	"AliyunServiceRoleForEventBridgeSendToFC", "AliyunServiceRoleForEventBridgeSendToSMS",
	"AliyunServiceRoleForEventBridgeSendToDirectMail", "AliyunServiceRoleForEventBridgeSendToMNS",
	"AliyunServiceRoleForEventBridgeSendToRocketMQ", "AliyunServiceRoleForEventBridgeSendToRabbitMQ",
	"AliyunServiceRoleForEventBridgeSendToKafka", "AliyunServiceRoleForEventBridgeSendToRDS",
	"AliyunServiceRoleForEventBridgeSendToSAE", "AliyunServiceRoleForEventBridgeConnectVPC",
	"AliyunServiceRoleForEventBridgeSourceRocketMQ", "AliyunServiceRoleForEventBridgeSourceActionTrail",
}

func (b *Bus) createRoleForProduct(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	name, err := productRole(q)
	if err != nil {
		return nil, err
	}
	fresh, err := b.AddRole(ctx, name, "eventbridge.aliyuncs.com", "")
	if err != nil {
		return nil, err
	}
	if !fresh {
		return nil, &rpc.Error{Status: http.StatusConflict, Code: "EntityAlreadyExists.Role", Message: "The role already exists: " + name + "."}
	}
	return rpc.Success(nil), nil
}

func (b *Bus) checkRoleForProduct(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	name, err := productRole(q)
	if err != nil {
		return nil, err
	}
	_, ok := b.Role(name)
	return rpc.Success(map[string]any{"CheckPass": ok, "StsRoleName": name}), nil
}

func productRole(q *rpc.Request) (string, error) {
	name, err := q.Need("ProductName")
	if err == nil && !slices.Contains(productRoles, name) {
		err = rpc.Invalid("ProductName", "It is the name of a service-linked role of EventBridge, such as "+RoleSendToFunction+".")
	}
	return name, err
}

// Role finds a service-linked role by its name, in any case of letters.
func (b *Bus) Role(name string) (account.Role, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	role, ok := b.roles[strings.ToLower(name)]
	return role, ok
}

// AddRole makes a service-linked role; it reports false if there is one of that name.
func (b *Bus) AddRole(ctx context.Context, name, service, description string) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.roles[strings.ToLower(name)]; ok {
		return false, nil
	}
	role := account.Role{Name: name, ID: "3" + b.options.Account, Service: service, Description: description, Created: b.now()}
	if err := b.write(ctx, func(tx *sql.Tx) error {
		return saveDoc(tx, "insert into role (name, doc) values (?, ?)", role, strings.ToLower(name))
	}); err != nil {
		return false, err
	}
	b.roles[strings.ToLower(name)] = role
	return true, nil
}

// RemoveRole deletes a service-linked role; it reports false if there is none of that name.
func (b *Bus) RemoveRole(ctx context.Context, name string) (bool, error) {
	key := strings.ToLower(name)
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.roles[key]; !ok {
		return false, nil
	}
	if err := b.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("delete from role where name = ?", key)
		return err
	}); err != nil {
		return false, err
	}
	delete(b.roles, key)
	return true, nil
}

// AddQueue makes a queue that can be a dead-letter queue; it reports false if there is one of that name.
func (b *Bus) AddQueue(ctx context.Context, name string) (bool, error) {
	fresh := false
	err := b.write(ctx, func(tx *sql.Tx) error {
		result, err := tx.Exec("insert into queue (name) values (?) on conflict do nothing", name)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		fresh = n == 1
		return err
	})
	return fresh, err
}

// Queues lists queues with how many messages each holds.
func (b *Bus) Queues(context.Context) (map[string]int, error) {
	queues := map[string]int{}
	err := b.each("select q.name, count(d.id) from queue q left join dead d on d.queue = q.name group by q.name", func(row *sql.Rows) error {
		var name string
		var n int
		err := row.Scan(&name, &n)
		queues[name] = n
		return err
	})
	return queues, err
}

func (b *Bus) activated() bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.active
}

// Activate opens EventBridge for the account, whereupon PAI makes the buses of its workspaces. It cannot be closed again.
// It reports false if it was open already.
func (b *Bus) Activate(ctx context.Context) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.active {
		return false, nil
	}
	for _, w := range b.options.Workspaces {
		name := "pai-system-" + w.Name
		if _, ok := b.buses[name]; ok {
			continue
		}
		if err := b.addBusLocked(ctx, name, "Events of PAI workspace "+w.Name+"."); err != nil {
			return false, err
		}
	}
	err := b.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("insert or replace into meta (name, value) values ('active', 'yes')")
		return err
	})
	b.active = err == nil
	return b.active, err
}
