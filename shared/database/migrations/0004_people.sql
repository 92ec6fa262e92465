-- +goose Up

-- Lists for people walk one of these for each bus, state and channel, or for each bus, rule and state, newest or oldest
-- first, and filter inside the index.
create index delivery_list on delivery (bus, state, channel, created, id);
create index delivery_rule on delivery (bus, rule, state, created, id, channel);
create index delivery_object on delivery (object, created, id);
drop index delivery_bus;

-- The same for looking for siblings, and for all deliveries of an event by its id alone.
create index delivery_same on delivery (event_id, destination, event_source);
drop index delivery_event;

-- What a destination has before it: for digests.
create index delivery_queue on delivery (destination, due) where state in ('claimed', 'waiting');

-- What died and is not yet announced.
create index delivery_dead on delivery (done, id) where state = 'dead' and announced = 0;

alter table destination add column sent bigint not null default 0;  -- deliveries that were claimed
alter table destination add column last text not null default '';   -- the delivery claimed last: whose destination this is

-- How many deliveries there are, so that nobody counts a million rows. Written in the transaction that changes a state;
-- processes write different shards, so that they do not wait for one another, and old hours are put together later.
create table tally (
  bus     text   not null,
  channel text   not null,
  state   text   not null,
  hour    bigint not null, -- in which the delivery was created; its start
  shard   bigint not null,
  n       bigint not null,
  primary key (hour, bus, channel, state, shard)
);
insert into tally (bus, channel, state, hour, shard, n)
  select bus, channel, state, created - created % 3600000, 0, count(*) from delivery
  group by bus, channel, state, created - created % 3600000;

-- How long deliveries took from being asked for to being told; it only grows.
create table latency (
  channel text   not null,
  bucket  bigint not null, -- upper bound, milliseconds; 0: none
  shard   bigint not null,
  n       bigint not null,
  ms      bigint not null, -- sum
  primary key (channel, bucket, shard)
);

-- Work over many deliveries, advanced in batches.
create table job (
  id      text   not null primary key,
  kind    text   not null, -- replay, cancel
  key     text   not null, -- the caller's: repeating a request finds the job
  filter  text   not null, -- JSON
  force   bigint not null,
  state   text   not null, -- running, done
  place   text   not null, -- a cursor: what comes after it is left to do
  total   bigint not null,
  done    bigint not null, -- looked at
  refused bigint not null, -- of these
  created bigint not null,
  updated bigint not null
);
create unique index job_key on job (key);
