package bus

import (
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"

	"pai-notify/scripts/localcloud/rpc"
)

// bus finds a bus by name.
func (b *Bus) bus(name string) (*eventBus, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.busLocked(name)
}

func (b *Bus) busLocked(name string) (*eventBus, error) {
	if bus, ok := b.buses[name]; ok {
		return bus, nil
	}
	return nil, b.refuse("EventBusNotExist", "The event bus [%.130s] not existed!", name)
}

func (b *Bus) createEventBus(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	name, err := q.Need("EventBusName")
	if err != nil {
		return nil, err
	}
	if err := checkDescription(q); err != nil {
		return nil, err
	}
	if !validName(name) || name == defaultBus {
		return nil, b.refuse("EventBusNameInvalid", "The event bus name [%.130s] is invalid!", name)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.buses[name]; ok {
		return nil, b.refuse("EventBusAlreadyExist", "The event bus [%s] already existed!", name)
	}
	if n, most := len(b.buses)-1, b.options.Quotas.Buses; n >= most {
		return nil, b.refuse("EventBusCountExceedLimit", "The current count of event bus is [%d], which will exceed the limit quota [%d]", n, most)
	}
	if err := b.addBusLocked(ctx, name, q.Get("Description")); err != nil {
		return nil, err
	}
	return rpc.Success(map[string]string{"EventBusARN": b.arn(name)}), nil
}

func (b *Bus) addBusLocked(ctx context.Context, name, description string) error {
	bus := &eventBus{Name: name, Description: description, Created: b.now(), rules: map[string]*rule{}}
	if err := b.write(ctx, func(tx *sql.Tx) error { return saveBus(tx, bus) }); err != nil {
		return err
	}
	b.buses[name] = bus
	return nil
}

func (b *Bus) getEventBus(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	name, err := q.Need("EventBusName")
	if err != nil {
		return nil, err
	}
	b.mu.RLock()
	defer b.mu.RUnlock()
	bus, err := b.busLocked(name)
	if err != nil {
		return nil, err
	}
	return rpc.Success(b.busItem(bus)), nil
}

func (b *Bus) busItem(bus *eventBus) map[string]any {
	return map[string]any{"EventBusName": bus.Name, "EventBusARN": b.arn(bus.Name), "Description": bus.Description,
		"CreateTimestamp": bus.Created.UnixMilli()}
}

// listEventBuses lists custom buses; EventBusType CloudService the default one.
func (b *Bus) listEventBuses(_ context.Context, q *rpc.Request) (rpc.Answer, error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	all := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(b.buses)) {
		if (name == defaultBus) == (q.Get("EventBusType") == "CloudService") && strings.HasPrefix(name, q.Get("NamePrefix")) {
			all = append(all, b.busItem(b.buses[name]))
		}
	}
	items, next, err := page(q, all)
	if err != nil {
		return nil, err
	}
	return listAnswer("EventBuses", items, next, len(all)), nil
}

func (b *Bus) updateEventBus(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	name, err := q.Need("EventBusName")
	if err != nil {
		return nil, err
	}
	if err := checkDescription(q); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	bus, err := b.busLocked(name)
	if err != nil {
		return nil, err
	}
	changed := *bus
	changed.Description = q.Get("Description")
	if err := b.write(ctx, func(tx *sql.Tx) error { return saveBus(tx, &changed) }); err != nil {
		return nil, err
	}
	b.buses[name] = &changed
	return rpc.Success(true), nil
}

func (b *Bus) deleteEventBus(ctx context.Context, q *rpc.Request) (rpc.Answer, error) {
	name, err := q.Need("EventBusName")
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	bus, err := b.busLocked(name)
	if err != nil {
		return nil, err
	}
	if name == defaultBus {
		return nil, b.refuse("EventBusNameInvalid", "The event bus [default] cannot be deleted!")
	}
	if len(bus.rules) > 0 {
		return nil, b.refuse("EventBusRuleNotEmptyForDelete", "The event bus [%s] still has rules!", name)
	}
	if err := b.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.Exec("delete from bus where name = ?", name)
		return err
	}); err != nil {
		return nil, err
	}
	delete(b.buses, name)
	return rpc.Success(true), nil
}
