-- +goose Up

-- One row for each telling of one event to one receiver of one rule: see package ledger.
create table delivery (
  id           text   not null primary key, -- the identity below, hashed; receivers see it as the message's id
  event_source text   not null,
  event_id     text   not null,             -- a hash of the event where it has no usable id
  bus          text   not null,
  rule         text   not null,
  target       text   not null,
  contact      text   not null,
  channel      text   not null,
  destination  text   not null,             -- keyed hash of the receiver's address; empty where it is not known
  object       text   not null,             -- id of what the event is about
  happened_at  bigint not null,             -- 0 where the event has no time
  state        text   not null,             -- claimed, waiting, delivered, dead, duplicate, cancelled
  due          bigint not null,             -- claimed: when the lease ends; waiting: when to try
  claim        bigint not null,             -- fencing token: how many times it was claimed
  tries        bigint not null,             -- rounds that failed; a round has one attempt or a few
  attempts     bigint not null,             -- rows in attempt
  first_failed bigint not null,             -- 0: never
  held         bigint not null,             -- milliseconds since first_failed in which it was due and only had to wait
  code         text   not null,             -- of the last attempt
  class        text   not null,
  receipt      text   not null,
  sealed       bytea  not null,             -- the target, its secrets sealed; emptied with the event
  event        bytea  not null,             -- as JSON, or the bytes that were no event; emptied when nothing is left to send
  created      bigint not null,
  done         bigint not null,             -- 0: not yet
  announced    bigint not null              -- 0: not yet
);
create index delivery_due on delivery (channel, due) where state in ('claimed', 'waiting');
create index delivery_event on delivery (event_source, event_id, destination);
create index delivery_bus on delivery (bus, created, id);
create index delivery_receipt on delivery (receipt) where receipt <> '';

create table attempt (
  delivery text   not null,
  n        bigint not null,
  claim    bigint not null, -- under which it was made
  at       bigint not null,
  ms       bigint not null,
  class    text   not null,
  code     text   not null,
  text     text   not null,
  primary key (delivery, n)
);

create table destination (
  hash         text   not null primary key,
  pace         text   not null, -- theoretical arrival times of its GCRA limits, comma-separated
  opens        bigint not null, -- before then nothing can be sent
  closed_until bigint not null, -- the receiver's block; 0: open
  failures     bigint not null  -- in a row
);

-- Keys that the deployment made for itself, sealed with SEAL_KEYS.
create table secret (
  name   text not null primary key,
  sealed text not null
);

create table settings (
  id       integer not null primary key check (id = 1),
  document text    not null
);

-- Locks between processes.
create table lease (
  key    text   not null primary key,
  holder text   not null,
  until  bigint not null
);
