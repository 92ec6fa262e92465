-- +goose Up
-- Recent events of the buses, as observe saw them. Times are milliseconds since 1970.
create table sighting (
  id       text   not null primary key, -- sorts by arrival
  bus      text   not null,
  source   text   not null,
  event_id text   not null,
  type     text   not null,
  known    bigint not null,             -- 1: the catalogue knows source and type
  seen     bigint not null,
  size     bigint not null,             -- bytes of event
  event    text   not null              -- the CloudEvent as JSON; empty where it was too large to keep
);
create unique index sighting_event on sighting (bus, source, event_id);
create index sighting_recent on sighting (bus, id);

-- When PAI last spoke on a bus.
create table spoken (
  bus text   not null primary key,
  at  bigint not null
);

-- What of PAI's events the catalogue does not know, for its override.
create table unknown_name (
  bus   text   not null,
  kind  text   not null, -- source, type, field
  name  text   not null,
  count bigint not null,
  first bigint not null,
  last  bigint not null,
  primary key (bus, kind, name)
);

-- Events of setup's own that must come back: the proof that a bus works.
create table canary (
  id       text   not null primary key, -- the event's id
  bus      text   not null,
  sent     bigint not null,
  first    bigint not null, -- the delivery that failed on purpose; 0 means not yet
  returned bigint not null, -- the delivery after it; 0 means not yet
  arrivals bigint not null
);
create index canary_bus on canary (bus, sent);

-- +goose Down
drop table canary;
drop table unknown_name;
drop table spoken;
drop table sighting;
