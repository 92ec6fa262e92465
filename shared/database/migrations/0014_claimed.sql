-- +goose Up

-- What is claimed is with a sender for a moment, and there is little of it at a time. It has an index of its own and is in none of
-- those for people, for what waits, or in the tally: each cost a claim a page, and its record two.
-- To drop comes first: it takes at once the whole lock on the table that it needs. After create it would have to wait for writers
-- that wait for us, which PostgreSQL ends as a deadlock.
drop index delivery_due;
drop index delivery_queue;
drop index delivery_list;
drop index delivery_rule;
create index delivery_claimed on delivery (channel, due) where state = 'claimed';
create index delivery_due on delivery (channel, due) where state = 'waiting';
create index delivery_queue on delivery (destination, due) where state = 'waiting';
create index delivery_list on delivery (bus, state, channel, created, id) where state <> 'claimed';
create index delivery_rule on delivery (bus, rule, state, created, id, channel) where state <> 'claimed';

-- +goose Down
drop index delivery_rule;
drop index delivery_list;
drop index delivery_queue;
drop index delivery_due;
drop index delivery_claimed;
create index delivery_rule on delivery (bus, rule, state, created, id, channel);
create index delivery_list on delivery (bus, state, channel, created, id);
create index delivery_queue on delivery (destination, due) where state in ('claimed', 'waiting');
create index delivery_due on delivery (channel, due) where state in ('claimed', 'waiting');
delete from tally where state = 'claimed';
insert into tally (bus, channel, state, hour, shard, n)
  select bus, channel, state, created - created % 3600000, 0, count(*) from delivery where state = 'claimed'
  group by bus, channel, state, created - created % 3600000;
