-- +goose Up
-- When the last of our own events that go round each minute was sent on a bus, and when the last one that came back had
-- been sent. Times are milliseconds since 1970.
create table heartbeat (
  bus    text   not null primary key,
  sent   bigint not null,
  beat   bigint not null, -- when the newest that came back had been sent; 0 means none has
  gone   bigint not null  -- 1: the bus was not there when the last one was to be sent
);

-- +goose Down
drop table heartbeat;
