-- +goose Up

-- What the events of a bus take that are kept, so that nobody counts them; at is 0 where PAI never spoke.
alter table spoken add column n bigint not null default 0;
alter table spoken add column bytes bigint not null default 0;
insert into spoken (bus, at, n, bytes)
  select bus, 0, count(*), sum(size) from sighting where true group by bus
  on conflict (bus) do update set n = excluded.n, bytes = excluded.bytes;

-- Rules and targets that tell nothing for a while. Times are milliseconds since 1970.
create table mute (
  bus    text   not null,
  rule   text   not null,
  target text   not null, -- '': all of the rule
  until  bigint not null,
  made   bigint not null,
  who    text   not null, -- as audit.who
  primary key (bus, rule, target)
);

-- +goose Down
drop table mute;
alter table spoken drop column bytes;
alter table spoken drop column n;
