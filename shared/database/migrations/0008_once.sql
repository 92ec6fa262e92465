-- +goose Up

-- Whether the event is of a failing outcome, for which a pace may keep a reserve.
alter table delivery add column failing bigint not null default 0;

-- What must never go twice is marked before it goes to the wire.
alter table delivery add column sending text not null default '';  -- id of the message that went or may have gone; '': none
alter table delivery add column marked bigint not null default 0;  -- when it was marked; 0: never

-- What became of it can be asked of some services later.
alter table delivery add column ask bigint not null default 0;     -- when to ask next; 0: never
alter table delivery add column arrived bigint not null default 0; -- at the handset or the mailbox; 0: nobody said so
create index delivery_ask on delivery (ask) where ask > 0;

-- Before then nothing can be sent to the destination that is of no failing outcome; opens is for all others.
alter table destination add column calm bigint not null default 0;
