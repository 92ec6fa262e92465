-- +goose Up

-- What is claimed is with a sender for a moment, and there is little of it at a time. It has an index of its own and is in none of
-- those for people, for what waits, or in the tally: each cost a claim a page, and its record two.
create index delivery_claimed on delivery (channel, due) where state = 'claimed';
drop index delivery_due;
create index delivery_due on delivery (channel, due) where state = 'waiting';
drop index delivery_queue;
create index delivery_queue on delivery (destination, due) where state = 'waiting';
drop index delivery_list;
create index delivery_list on delivery (bus, state, channel, created, id) where state <> 'claimed';
drop index delivery_rule;
create index delivery_rule on delivery (bus, rule, state, created, id, channel) where state <> 'claimed';

-- +goose Down
delete from tally where state = 'claimed';
insert into tally (bus, channel, state, hour, shard, n)
  select bus, channel, state, created - created % 3600000, 0, count(*) from delivery where state = 'claimed'
  group by bus, channel, state, created - created % 3600000;
drop index delivery_rule;
create index delivery_rule on delivery (bus, rule, state, created, id, channel);
drop index delivery_list;
create index delivery_list on delivery (bus, state, channel, created, id);
drop index delivery_queue;
create index delivery_queue on delivery (destination, due) where state in ('claimed', 'waiting');
drop index delivery_due;
create index delivery_due on delivery (channel, due) where state in ('claimed', 'waiting');
drop index delivery_claimed;
